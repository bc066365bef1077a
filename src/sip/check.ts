/**
 * Whether a message is one that the stack may rely on: required headers, single
 * headers once, every structured value by its grammar, Content-Length within what
 * came (RFC 3261 §8.1.1, §8.2, §20). The first fault is thrown.
 */
import { HookswitchError } from "../errors.js";
import type { Host } from "../host.js";
import {
	checkCallId,
	checkDate,
	maximumSeconds,
	nextElement,
	readChallenge,
	readEvent,
	readMediaType,
	readNameAddress,
	readNumber,
	readRetryAfter,
	readSubscriptionState,
	readVia,
} from "./decode.js";
import { Cursor } from "./grammar.js";
import { Header, type HeaderCode, headerName, isSingle } from "./header.js";
import type { HeaderLines } from "./lines.js";
import type { CSeq } from "./value.js";

const required: readonly HeaderCode[] = Object.freeze([
	Header.Via,
	Header.From,
	Header.To,
	Header.CallId,
]);

/** Gives where the body ends. */
export function checkMessage(
	host: Host,
	lines: HeaderLines,
	method: string,
	cseq: CSeq,
): number {
	for (const code of required)
		if (lines.first(code) < 0)
			throw new HookswitchError(
				"header-missing",
				`${headerName(code)} is missing`,
				lines.start,
			);
	if (cseq.method !== method)
		throw new HookswitchError(
			"cseq-method",
			"CSeq names another method than the request line",
			lines.valueStart(lines.first(Header.CSeq)),
		);
	let bodyEnd = lines.end;
	const cursor = new Cursor(host, lines.bytes, 0, 0);
	for (let line = 0; line < lines.count; line++) {
		const code = lines.code(line);
		if (code === Header.Unknown) continue;
		if (isSingle(code) && lines.first(code) !== line)
			throw new HookswitchError(
				"header-repeated",
				`${headerName(code)} stands twice`,
				lines.valueStart(line),
			);
		cursor.at = lines.valueStart(line);
		cursor.end = lines.valueEnd(line);
		if (code === Header.ContentLength) {
			const length = readNumber(cursor, Number.MAX_SAFE_INTEGER);
			bodyEnd = lines.bodyStart + length;
			if (bodyEnd > lines.end)
				throw new HookswitchError(
					"truncated",
					"Content-Length is larger than the body",
					lines.valueStart(line),
				);
		} else checkValue(cursor, code, lines, line);
	}
	return bodyEnd;
}

function checkValue(
	cursor: Cursor,
	code: HeaderCode,
	lines: HeaderLines,
	line: number,
): void {
	switch (code) {
		case Header.Via:
			do readVia(cursor, false);
			while (nextElement(cursor));
			return;
		case Header.From:
		case Header.To:
			readNameAddress(cursor, false);
			cursor.finish("header-value");
			return;
		case Header.Contact:
			// "*" stands alone (§20.10).
			if (lines.isStar(line) && lines.after(lines.first(code)) < 0) return;
			checkAddresses(cursor);
			return;
		case Header.Route:
		case Header.RecordRoute:
		case Header.Path:
		case Header.ServiceRoute:
		case Header.ReferTo:
		case Header.ReferredBy:
		case Header.ReplyTo:
		case Header.PAssertedIdentity:
		case Header.PPreferredIdentity:
			checkAddresses(cursor);
			return;
		case Header.CallId:
			checkCallId(cursor);
			return;
		case Header.MaxForwards:
			readNumber(cursor, 255);
			return;
		case Header.Expires:
		case Header.MinExpires:
			readNumber(cursor, maximumSeconds);
			return;
		case Header.RetryAfter:
			readRetryAfter(cursor);
			return;
		case Header.Event:
			readEvent(cursor, false);
			return;
		case Header.SubscriptionState:
			readSubscriptionState(cursor);
			return;
		case Header.ContentType:
			readMediaType(cursor, false);
			return;
		case Header.Authorization:
		case Header.ProxyAuthorization:
		case Header.WwwAuthenticate:
		case Header.ProxyAuthenticate:
			readChallenge(cursor, false);
			return;
		case Header.Date:
			// A response is worth having without its date.
			if (lines.status === 0) checkDate(cursor);
			return;
		default:
	}
}

function checkAddresses(cursor: Cursor): void {
	do readNameAddress(cursor, false);
	while (nextElement(cursor));
}
