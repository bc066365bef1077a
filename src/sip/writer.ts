/**
 * Builds messages (RFC 3261 §7): structured values in, bytes out. A control
 * character in any value is refused (`header-value`), so nothing that came from a
 * person or a document can add a line. Knows nothing of transactions.
 */
import { HookswitchError } from "../errors.js";
import type { Host } from "../host.js";
import type { Address } from "../port.js";
import type { CredentialSource } from "./authentication.js";
import { reasonPhrase } from "./fault.js";
import { lineSet } from "./grammar.js";
import { Header } from "./header.js";
import type { Message } from "./message.js";

export type HeaderField = readonly [name: string, value: string];

/** A request before it is sent. Via, Max-Forwards, User-Agent and Content-Length are added at sending. */
export interface OutgoingRequest {
	method: string;
	/** Request-URI. */
	uri: string;
	/** Route values, each with its angle brackets. */
	route: readonly string[];
	/** Whole values: `"Alice" <sip:alice@example.com>;tag=1`. */
	from: string;
	to: string;
	callId: string;
	cseq: number;
	contact?: string | undefined;
	headers: readonly HeaderField[];
	contentType?: string | undefined;
	body?: Uint8Array | undefined;
	/** 70 when absent. */
	maxForwards?: number | undefined;
	/** URI to locate in place of the first Route or the Request-URI. Never written. */
	nextHop?: string | undefined;
	/** Never written: what answers a challenge. */
	credentials?: CredentialSource | undefined;
}

/** A response before it is sent. Via, From, To, Call-ID, CSeq, and for a dialog Record-Route (unless `headers` has its own), are copied from the request. */
export interface OutgoingResponse {
	status: number;
	/** The RFC's phrase when absent. */
	reason?: string | undefined;
	/** Put on To when the request's has none; one is made up when absent (not for 100). */
	toTag?: string | undefined;
	contact?: string | undefined;
	headers?: readonly HeaderField[] | undefined;
	contentType?: string | undefined;
	body?: Uint8Array | undefined;
}

/** `"Alice \\"A\\"" <sip:alice@example.com>;tag=1`: a value for From, To, Contact …. */
export function nameAddress(
	display: string | undefined,
	uri: string,
	tag?: string,
): string {
	const name =
		display === undefined || display === "" ? "" : `${quote(display)} `;
	const suffix = tag === undefined || tag === "" ? "" : `;tag=${tag}`;
	return `${name}<${uri}>${suffix}`;
}

/** A quoted-string (RFC 3261 §25.1). */
export function quote(text: string): string {
	return /["\\]/.test(text)
		? `"${text.replace(/["\\]/g, (character) => `\\${character}`)}"`
		: `"${text}"`;
}

export function writeRequest(
	host: Host,
	request: OutgoingRequest,
	via: string,
	userAgent: string | undefined,
): Uint8Array {
	const { method, uri, cseq, contact, body } = request;
	const parts: string[] = [`${method} ${uri} SIP/2.0\r\nVia: ${via}\r\n`];
	let lines = 9;
	for (const route of request.route) {
		parts.push(`Route: ${route}\r\n`);
		lines++;
	}
	parts.push(
		`Max-Forwards: ${request.maxForwards ?? 70}\r\nFrom: ${request.from}\r\nTo: ${request.to}\r\nCall-ID: ${request.callId}\r\nCSeq: ${cseq} ${method}\r\n`,
	);
	if (contact !== undefined) {
		parts.push(`Contact: ${contact}\r\n`);
		lines++;
	}
	lines += writeFields(parts, request.headers);
	if (userAgent !== undefined) {
		parts.push(`User-Agent: ${userAgent}\r\n`);
		lines++;
	}
	lines += writeEnd(parts, request.contentType, body);
	const bytes = finish(host, parts, lines, body);
	// Method and URI are one word each.
	const first = host.find(bytes, 0x20, 0, bytes.length);
	const second = host.find(bytes, 0x20, first + 1, bytes.length);
	const third = host.find(bytes, 0x0d, second, bytes.length);
	if (third - second !== 8)
		throw new HookswitchError(
			"header-value",
			"a space stands in the Request-URI",
			second,
		);
	return bytes;
}

/** `source`: where the request came from, for `received` and `rport`. */
export function writeResponse(
	host: Host,
	request: Message,
	source: Address,
	response: OutgoingResponse,
	toTag: string | undefined,
	serverName: string | undefined,
): Uint8Array {
	const { status, contact, body } = response;
	const parts: string[] = [
		`SIP/2.0 ${status} ${response.reason ?? reasonPhrase(status)}\r\nVia: ${request.viaFrom(source.host, source.port)}\r\n`,
	];
	let lines = 8;
	const vias = request.headers(Header.Via);
	for (let at = 1; at < vias.length; at++) {
		parts.push(`Via: ${vias[at]}\r\n`);
		lines++;
	}
	// A proxy passes on what all those behind it recorded.
	const recorded = (response.headers ?? []).some(
		([name]) => name === "Record-Route",
	);
	if (!recorded && status > 100 && status < 300 && makesDialog(request.method))
		for (const value of request.headers(Header.RecordRoute)) {
			parts.push(`Record-Route: ${value}\r\n`);
			lines++;
		}
	const to = request.header(Header.To);
	const tag =
		toTag === undefined || request.to.tag !== undefined ? "" : `;tag=${toTag}`;
	parts.push(
		`From: ${request.header(Header.From)}\r\nTo: ${to}${tag}\r\nCall-ID: ${request.callId}\r\nCSeq: ${request.header(Header.CSeq)}\r\n`,
	);
	if (status === 100) {
		// §8.2.6.1: a Timestamp is copied into 100.
		const timestamp = request.header(Header.Timestamp);
		if (timestamp !== undefined) {
			parts.push(`Timestamp: ${timestamp}\r\n`);
			lines++;
		}
	}
	if (contact !== undefined) {
		parts.push(`Contact: ${contact}\r\n`);
		lines++;
	}
	lines += writeFields(parts, response.headers ?? []);
	if (serverName !== undefined) {
		parts.push(`Server: ${serverName}\r\n`);
		lines++;
	}
	lines += writeEnd(parts, response.contentType, body);
	return finish(host, parts, lines, body);
}

/**
 * A response to a request that could not be read as a whole: the lines that a
 * response needs are given back as they came. undefined when there is no Via.
 */
export function writeRefusal(
	host: Host,
	request: Message,
	source: Address,
	status: number,
	reason: string,
	toTag: string,
	headers: readonly HeaderField[],
): Uint8Array | undefined {
	const vias = request.headers(Header.Via);
	if (vias.length === 0) return undefined;
	let top = vias[0] ?? "";
	if (request.fault === undefined)
		top = request.viaFrom(source.host, source.port);
	const parts: string[] = [`SIP/2.0 ${status} ${reason}\r\nVia: ${top}\r\n`];
	let lines = 4;
	for (let at = 1; at < vias.length; at++) {
		parts.push(`Via: ${vias[at]}\r\n`);
		lines++;
	}
	for (const code of copied) {
		let value = request.header(code);
		if (value === undefined || value === "") continue;
		if (code === Header.To && !/;[ \t]*tag[ \t]*=/i.test(value))
			value = `${value};tag=${toTag}`;
		parts.push(`${copiedNames[copied.indexOf(code)]}: ${value}\r\n`);
		lines++;
	}
	lines += writeFields(parts, headers);
	writeEnd(parts, undefined, undefined);
	try {
		return finish(host, parts, lines, undefined);
	} catch (error) {
		// What came holds control characters: there is no right way to give it back.
		if (error instanceof HookswitchError) return undefined;
		throw error;
	}
}
const copied = Object.freeze([
	Header.From,
	Header.To,
	Header.CallId,
	Header.CSeq,
] as const);
const copiedNames = Object.freeze(["From", "To", "Call-ID", "CSeq"] as const);

/** ACK to a final response other than 2xx (§17.1.1.3): same branch, To of the response. */
export function writeAcknowledgement(
	host: Host,
	request: OutgoingRequest,
	via: string,
	response: Message,
): Uint8Array {
	return writeRequest(
		host,
		{
			method: "ACK",
			uri: request.uri,
			route: request.route,
			from: request.from,
			to: response.header(Header.To) ?? request.to,
			callId: request.callId,
			cseq: request.cseq,
			headers: [],
		},
		via,
		undefined,
	);
}

/** CANCEL (§9.1): Request-URI, Call-ID, To, From, Route and CSeq number of the request. */
export function cancellation(request: OutgoingRequest): OutgoingRequest {
	return {
		method: "CANCEL",
		uri: request.uri,
		route: request.route,
		from: request.from,
		to: request.to,
		callId: request.callId,
		cseq: request.cseq,
		headers: [],
	};
}

/** Makes a response to this method a dialog, so that Record-Route goes back with it? */
function makesDialog(method: string): boolean {
	switch (method) {
		case "INVITE":
		case "SUBSCRIBE":
		case "NOTIFY":
		case "REFER":
			return true;
		default:
			return false;
	}
}

function writeFields(parts: string[], headers: readonly HeaderField[]): number {
	for (const [name, value] of headers) parts.push(`${name}: ${value}\r\n`);
	return headers.length;
}

function writeEnd(
	parts: string[],
	contentType: string | undefined,
	body: Uint8Array | undefined,
): number {
	const length = body?.length ?? 0;
	const hasType = contentType !== undefined && length > 0;
	parts.push(
		hasType
			? `Content-Type: ${contentType}\r\nContent-Length: ${length}\r\n\r\n`
			: `Content-Length: ${length}\r\n\r\n`,
	);
	return hasType ? 1 : 0;
}

/** Encodes, and checks that there are as many lines as were written and no control character in them. */
function finish(
	host: Host,
	parts: readonly string[],
	lines: number,
	body: Uint8Array | undefined,
): Uint8Array {
	const head = host.encode(parts.join(""));
	const end = head.length;
	let at = 0;
	let found = 0;
	while (at < end) {
		const stop = host.span(head, lineSet, at, end);
		if (head[stop] !== 0x0d || head[stop + 1] !== 0x0a)
			throw new HookswitchError(
				"header-value",
				"a control character stands in a value",
				stop,
			);
		at = stop + 2;
		found++;
	}
	if (found !== lines)
		throw new HookswitchError(
			"header-value",
			"a line break stands in a value",
			0,
		);
	if (body === undefined || body.length === 0) return head;
	const whole = new Uint8Array(end + body.length);
	whole.set(head, 0);
	whole.set(body, end);
	return whole;
}
