/**
 * Structured header values by cursor: each function reads one element, leaves the
 * cursor after it, and throws `header-value` at the first fault. With `build` false
 * it only checks. Knows nothing of lines and messages.
 */

import { byteSet } from "../bytes.js";
import type { Host } from "../host.js";
import { nextElement } from "./address.js";
import { Cursor, callIdSet, tokenSet } from "./grammar.js";
import { hostText, type Parameter, parameter, readHost } from "./uri.js";
import type {
	Challenge,
	CSeq,
	EventPackage,
	MediaType,
	SubscriptionState,
	Via,
} from "./value.js";

const code = "header-value";
/** Between the elements of a comma list, outside quotes and angle brackets. */
const elementSet = byteSet("\t !", [0x23, 0x2b], [0x2d, 0x3b], [0x3d, 0xff]);
/** delta-seconds: 2^32 - 1. */
export const maximumSeconds = 4294967295;
const statesKnown: readonly string[] = Object.freeze([
	"active",
	"pending",
	"terminated",
]);
/** A Via of a received message, and where in it `received` and `rport` have their places. */
export interface ReceivedVia extends Via {
	/** After the element. */
	readonly end: number;
	/** After the name `rport` when it has no value, else -1. */
	readonly rportEnd: number;
}

/** via-parm. */
export function readVia(cursor: Cursor): ReceivedVia {
	const { host, bytes } = cursor;
	const transport = readProtocol(cursor);
	const hostStart = cursor.at;
	readHost(cursor, code);
	const hostEnd = cursor.at;
	let port: number | undefined;
	if (cursor.separator(0x3a)) port = cursor.number(65535, code);
	const parameters: Parameter[] = [];
	cursor.bareEnd = -1;
	cursor.parameters(code, parameters);
	const { bareEnd } = cursor;
	const asked =
		bareEnd >= 0 &&
		host.indexOfWord(bytes, bareEnd - 5, bareEnd, rportWord) === 0;
	return {
		transport,
		host: hostText(host, bytes, hostStart, hostEnd),
		port,
		branch: parameter(parameters, "branch"),
		parameters,
		symmetric: parameter(parameters, "rport") !== undefined,
		end: cursor.at,
		rportEnd: asked ? bareEnd : -1,
	};
}

export function checkVia(cursor: Cursor): void {
	readProtocol(cursor);
	readHost(cursor, code);
	if (cursor.separator(0x3a)) cursor.number(65535, code);
	cursor.parameters(code, undefined);
}

/** sent-protocol and the space after it; gives the transport. */
function readProtocol(cursor: Cursor): string {
	const { host, bytes } = cursor;
	cursor.skipSpace();
	const { at } = cursor;
	// As everybody writes it.
	if (at + 12 <= cursor.end) {
		const usual = host.indexOfWord(bytes, at, at + 12, usualProtocols);
		if (usual >= 0) {
			cursor.at = at + 12;
			cursor.skipSpace();
			return usualTransports[usual] ?? "";
		}
	}
	let start = cursor.some(tokenSet, code, "Via has no protocol");
	if (host.indexOfWord(bytes, start, cursor.at, viaProtocol) < 0)
		cursor.fail(code, "Via is not of SIP");
	if (!cursor.separator(0x2f)) cursor.fail(code, "Via has no version");
	start = cursor.some(tokenSet, code, "Via has no version");
	if (host.indexOfWord(bytes, start, cursor.at, viaVersion) < 0)
		cursor.fail(code, "Via is not of SIP/2.0");
	if (!cursor.separator(0x2f)) cursor.fail(code, "Via has no transport");
	start = cursor.some(tokenSet, code, "Via has no transport");
	const end = cursor.at;
	cursor.skipSpace();
	if (cursor.at === end)
		cursor.fail(code, "Via has no space before its sent-by");
	return host.text(bytes, start, end).toLowerCase();
}
const viaProtocol: readonly string[] = Object.freeze(["sip"]);
const viaVersion: readonly string[] = Object.freeze(["2.0"]);
const rportWord: readonly string[] = Object.freeze(["rport"]);
const usualProtocols: readonly string[] = Object.freeze([
	"sip/2.0/udp ",
	"sip/2.0/tcp ",
	"sip/2.0/tls ",
]);
const usualTransports: readonly string[] = Object.freeze(["udp", "tcp", "tls"]);

export function readCSeq(cursor: Cursor): CSeq {
	// RFC 3261 §8.1.1.5: less than 2^31.
	const number = cursor.number(2147483647, code);
	cursor.skipSpace();
	const start = cursor.some(tokenSet, code, "CSeq has no method");
	const method = cursor.host.text(cursor.bytes, start, cursor.at);
	cursor.finish(code);
	return { number, method };
}

/** callid = word ["@" word]. */
export function checkCallId(cursor: Cursor): void {
	cursor.some(callIdSet, code, "Call-ID is empty");
	cursor.finish(code);
}

/** Digits alone. */
export function readNumber(cursor: Cursor, limit: number): number {
	const value = cursor.number(limit, code);
	cursor.finish(code);
	return value;
}

/** Retry-After: delta-seconds [ comment ] *( SEMI retry-param ). */
export function readRetryAfter(cursor: Cursor): number {
	return cursor.number(maximumSeconds, code);
}

export function readEvent(cursor: Cursor): EventPackage {
	const start = cursor.some(tokenSet, code, "Event has no package");
	const end = cursor.at;
	const parameters: Parameter[] = [];
	cursor.parameters(code, parameters);
	cursor.finish(code);
	return { package: cursor.host.text(cursor.bytes, start, end), parameters };
}

export function readSubscriptionState(cursor: Cursor): SubscriptionState {
	const { host, bytes } = cursor;
	const start = cursor.some(tokenSet, code, "Subscription-State is empty");
	const known = host.indexOfWord(bytes, start, cursor.at, statesKnown);
	const state =
		statesKnown[known] ?? host.text(bytes, start, cursor.at).toLowerCase();
	let expires: number | undefined;
	let reason: string | undefined;
	let retryAfter: number | undefined;
	while (cursor.separator(0x3b)) {
		const nameStart = cursor.at;
		const nameEnd = host.span(bytes, tokenSet, nameStart, cursor.end);
		cursor.valueStart = -1;
		cursor.parameter(code, undefined);
		switch (host.indexOfWord(bytes, nameStart, nameEnd, stateParameters)) {
			case 0:
				expires = seconds(cursor);
				break;
			case 1:
				reason = valueText(cursor);
				break;
			case 2:
				retryAfter = seconds(cursor);
				break;
		}
	}
	cursor.finish(code);
	return { state, expires, reason, retryAfter };
}
const stateParameters: readonly string[] = Object.freeze([
	"expires",
	"reason",
	"retry-after",
]);

/** The value of the parameter that was read last, as delta-seconds. */
function seconds(cursor: Cursor): number {
	const after = cursor.at;
	const { valueStart, valueEnd } = cursor;
	if (valueStart < 0) cursor.fail(code, "a time in seconds is missing");
	cursor.at = valueStart;
	const value = cursor.number(maximumSeconds, code);
	if (cursor.at !== valueEnd)
		cursor.fail(code, "a time in seconds is not a number");
	cursor.at = after;
	return value;
}

function valueText(cursor: Cursor): string | undefined {
	const { valueStart, valueEnd } = cursor;
	return valueStart < 0
		? undefined
		: cursor.host.text(cursor.bytes, valueStart, valueEnd).toLowerCase();
}

export function readMediaType(cursor: Cursor): MediaType {
	const { host, bytes } = cursor;
	const start = cursor.some(tokenSet, code, "a media type is empty");
	const end = cursor.at;
	if (!cursor.separator(0x2f)) cursor.fail(code, "a media type has no subtype");
	const subtype = cursor.some(tokenSet, code, "a media type has no subtype");
	const subtypeEnd = cursor.at;
	const parameters: Parameter[] = [];
	cursor.parameters(code, parameters);
	cursor.finish(code);
	// Usually without space around the slash: one string.
	const type =
		subtype === end + 1
			? host.text(bytes, start, subtypeEnd)
			: `${host.text(bytes, start, end)}/${host.text(bytes, subtype, subtypeEnd)}`;
	return { type: type.toLowerCase(), parameters };
}

/** One challenge or set of credentials. Of a scheme other than Digest only the name is read. */
export function readChallenge(
	cursor: Cursor,
	build: boolean,
): Challenge | undefined {
	const { host, bytes } = cursor;
	const start = cursor.some(
		tokenSet,
		code,
		"an authentication scheme is missing",
	);
	const scheme = host.indexOfWord(bytes, start, cursor.at, digest);
	if (scheme < 0)
		return build
			? {
					scheme: host.text(bytes, start, cursor.at).toLowerCase(),
					parameters: [],
				}
			: undefined;
	const parameters: Parameter[] | undefined = build ? [] : undefined;
	cursor.skipSpace();
	do cursor.parameter(code, parameters);
	while (nextElement(cursor));
	return parameters === undefined
		? undefined
		: { scheme: "digest", parameters };
}
const digest: readonly string[] = Object.freeze(["digest"]);

/** rfc1123-date by its shape: `Sat, 13 Nov 2010 23:29:00 GMT`. */
export function checkDate(cursor: Cursor): void {
	const text = cursor.host.text(cursor.bytes, cursor.at, cursor.end);
	if (
		!/^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT$/.test(
			text,
		)
	)
		cursor.fail(code, "a date is not in GMT as RFC 1123 writes it");
}

/** The elements of a comma list whose grammar we don't know: split outside quotes and angle brackets, trimmed. */
export function splitList(
	host: Host,
	bytes: Uint8Array,
	start: number,
	end: number,
	into: string[],
): void {
	const cursor = new Cursor(host, bytes, start, end);
	cursor.skipSpace();
	let from = cursor.at;
	for (;;) {
		cursor.at = host.span(bytes, elementSet, cursor.at, end);
		const byte = cursor.peek();
		if (byte === 0x22) cursor.at = quotedEnd(cursor);
		else if (byte === 0x3c) {
			cursor.at = Math.min(host.find(bytes, 0x3e, cursor.at, end) + 1, end);
		} else {
			const element = host.text(bytes, from, cursor.at).trim();
			if (element !== "") into.push(element);
			if (cursor.at >= end) return;
			cursor.at++;
			from = cursor.at;
		}
	}
}

/** After a quoted string, or the end when it does not close: this list was never checked. */
function quotedEnd(cursor: Cursor): number {
	const { host, bytes, end } = cursor;
	let at = cursor.at + 1;
	for (;;) {
		at = host.find(bytes, 0x22, at, end);
		if (at === end) return end;
		let backslashes = 0;
		while (bytes[at - 1 - backslashes] === 0x5c) backslashes++;
		at++;
		if (backslashes % 2 === 0) return at;
	}
}
