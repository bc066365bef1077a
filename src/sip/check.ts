/**
 * Whether a message is one that the stack may rely on: required headers, single
 * headers once, every structured value by its grammar, Content-Length within what
 * came (RFC 3261 §8.1.1, §8.2, §20). The first fault is thrown. What everybody asks
 * for later is kept, so that it is read once.
 */
import { HookswitchError } from "../errors.js";
import type { Host } from "../host.js";
import { nextElement, readNameAddress } from "./address.js";
import {
	checkCallId,
	checkDate,
	checkVia,
	maximumSeconds,
	type ReceivedVia,
	readChallenge,
	readCSeq,
	readEvent,
	readMediaType,
	readNumber,
	readRetryAfter,
	readSubscriptionState,
	readVia,
} from "./decode.js";
import { Cursor } from "./grammar.js";
import { Header, type HeaderCode, headerName, isSingle } from "./header.js";
import type { HeaderLines } from "./lines.js";
import type {
	CSeq,
	EventPackage,
	MediaType,
	NameAddress,
	SubscriptionState,
} from "./value.js";

const required: readonly HeaderCode[] = Object.freeze([
	Header.Via,
	Header.From,
	Header.To,
	Header.CallId,
	Header.CSeq,
]);
const code = "header-value";

export class CheckedValues {
	bodyEnd = 0;
	via: ReceivedVia | undefined;
	/** There was no second Via. */
	oneVia = true;
	from: NameAddress | undefined;
	to: NameAddress | undefined;
	cseq: CSeq | undefined;
	contacts: NameAddress[] | undefined;
	expires: number | undefined;
	event: EventPackage | undefined;
	subscriptionState: SubscriptionState | undefined;
	contentType: MediaType | undefined;
}

/** `method` undefined: a response, whose method CSeq tells. */
export function checkMessage(
	host: Host,
	lines: HeaderLines,
	method: string | undefined,
	values: CheckedValues,
): void {
	for (const each of required)
		if (lines.first(each) < 0)
			throw new HookswitchError(
				"header-missing",
				`${headerName(each)} is missing`,
				lines.start,
			);
	values.bodyEnd = lines.end;
	const cursor = new Cursor(host, lines.bytes, 0, 0);
	const { count } = lines;
	for (let line = 0; line < count; line++) {
		const each = lines.code(line);
		if (each === Header.Unknown) continue;
		cursor.at = lines.valueStart(line);
		cursor.end = lines.valueEnd(line);
		if (lines.first(each) !== line && isSingle(each))
			cursor.fail("header-repeated", `${headerName(each)} stands twice`);
		checkValue(cursor, each, lines, line, values);
	}
	if (method !== undefined && values.cseq?.method !== method)
		throw new HookswitchError(
			"cseq-method",
			"CSeq names another method than the request line",
			lines.valueStart(lines.first(Header.CSeq)),
		);
}

function checkValue(
	cursor: Cursor,
	header: HeaderCode,
	lines: HeaderLines,
	line: number,
	values: CheckedValues,
): void {
	switch (header) {
		case Header.Via:
			if (values.via === undefined) {
				values.via = readVia(cursor);
				if (!nextElement(cursor)) return;
			}
			values.oneVia = false;
			do checkVia(cursor);
			while (nextElement(cursor));
			return;
		case Header.From:
			values.from = readNameAddress(cursor, true);
			cursor.finish(code);
			return;
		case Header.To:
			values.to = readNameAddress(cursor, true);
			cursor.finish(code);
			return;
		case Header.CSeq:
			values.cseq = readCSeq(cursor);
			return;
		case Header.Contact: {
			// "*" stands alone (§20.10).
			if (lines.isStar(line) && lines.after(lines.first(header)) < 0) return;
			values.contacts ??= [];
			do values.contacts.push(readNameAddress(cursor, true));
			while (nextElement(cursor));
			return;
		}
		case Header.Route:
		case Header.RecordRoute:
		case Header.Path:
		case Header.ServiceRoute:
		case Header.ReferTo:
		case Header.ReferredBy:
		case Header.ReplyTo:
		case Header.PAssertedIdentity:
		case Header.PPreferredIdentity:
			do readNameAddress(cursor, false);
			while (nextElement(cursor));
			return;
		case Header.CallId:
			checkCallId(cursor);
			return;
		case Header.MaxForwards:
			readNumber(cursor, 255);
			return;
		case Header.Expires:
			values.expires = readNumber(cursor, maximumSeconds);
			return;
		case Header.MinExpires:
			readNumber(cursor, maximumSeconds);
			return;
		case Header.RetryAfter:
			readRetryAfter(cursor);
			return;
		case Header.Event:
			values.event = readEvent(cursor);
			return;
		case Header.SubscriptionState:
			values.subscriptionState = readSubscriptionState(cursor);
			return;
		case Header.ContentType:
			values.contentType = readMediaType(cursor);
			return;
		case Header.ContentLength: {
			const start = cursor.at;
			const length = readNumber(cursor, Number.MAX_SAFE_INTEGER);
			values.bodyEnd = lines.bodyStart + length;
			if (values.bodyEnd > lines.end)
				throw new HookswitchError(
					"truncated",
					"Content-Length is larger than the body",
					start,
				);
			return;
		}
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
