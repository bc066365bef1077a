/**
 * Header field names as small integers (RFC 3261 §20 and the RFCs that this stack
 * speaks), their compact forms, and which of them hold comma lists.
 */
import type { Host } from "../host.js";

export type {
	Challenge,
	CSeq,
	EventPackage,
	MediaType,
	NameAddress,
	SubscriptionState,
	Via,
} from "./value.js";

/** Codes; the order is that of `names` below, most frequent first. */
export const Header = Object.freeze({
	Unknown: 0,
	Via: 1,
	From: 2,
	To: 3,
	CallId: 4,
	CSeq: 5,
	MaxForwards: 6,
	Contact: 7,
	ContentLength: 8,
	Event: 9,
	SubscriptionState: 10,
	ContentType: 11,
	UserAgent: 12,
	Expires: 13,
	Allow: 14,
	Supported: 15,
	Accept: 16,
	RecordRoute: 17,
	Route: 18,
	Authorization: 19,
	WwwAuthenticate: 20,
	ProxyAuthorization: 21,
	ProxyAuthenticate: 22,
	AllowEvents: 23,
	SipEtag: 24,
	SuppressIfMatch: 25,
	SipIfMatch: 26,
	Server: 27,
	Date: 28,
	MinExpires: 29,
	RetryAfter: 30,
	Require: 31,
	ProxyRequire: 32,
	Unsupported: 33,
	PAssertedIdentity: 34,
	PPreferredIdentity: 35,
	Path: 36,
	ServiceRoute: 37,
	ContentDisposition: 38,
	ContentEncoding: 39,
	ContentLanguage: 40,
	AcceptEncoding: 41,
	AcceptLanguage: 42,
	MimeVersion: 43,
	Subject: 44,
	Organization: 45,
	Priority: 46,
	Privacy: 47,
	Reason: 48,
	Warning: 49,
	AuthenticationInfo: 50,
	Timestamp: 51,
	InReplyTo: 52,
	ReplyTo: 53,
	ErrorInfo: 54,
	CallInfo: 55,
	AlertInfo: 56,
	ReferTo: 57,
	ReferredBy: 58,
	Replaces: 59,
	SessionExpires: 60,
	MinSe: 61,
	RSeq: 62,
	RAck: 63,
	Diversion: 64,
	HistoryInfo: 65,
	FlowTimer: 66,
} as const);

export type HeaderCode = (typeof Header)[keyof typeof Header];

/** Spelling for writing; the index is the code. */
const names: readonly string[] = Object.freeze([
	"",
	"Via",
	"From",
	"To",
	"Call-ID",
	"CSeq",
	"Max-Forwards",
	"Contact",
	"Content-Length",
	"Event",
	"Subscription-State",
	"Content-Type",
	"User-Agent",
	"Expires",
	"Allow",
	"Supported",
	"Accept",
	"Record-Route",
	"Route",
	"Authorization",
	"WWW-Authenticate",
	"Proxy-Authorization",
	"Proxy-Authenticate",
	"Allow-Events",
	"SIP-ETag",
	"Suppress-If-Match",
	"SIP-If-Match",
	"Server",
	"Date",
	"Min-Expires",
	"Retry-After",
	"Require",
	"Proxy-Require",
	"Unsupported",
	"P-Asserted-Identity",
	"P-Preferred-Identity",
	"Path",
	"Service-Route",
	"Content-Disposition",
	"Content-Encoding",
	"Content-Language",
	"Accept-Encoding",
	"Accept-Language",
	"MIME-Version",
	"Subject",
	"Organization",
	"Priority",
	"Privacy",
	"Reason",
	"Warning",
	"Authentication-Info",
	"Timestamp",
	"In-Reply-To",
	"Reply-To",
	"Error-Info",
	"Call-Info",
	"Alert-Info",
	"Refer-To",
	"Referred-By",
	"Replaces",
	"Session-Expires",
	"Min-SE",
	"RSeq",
	"RAck",
	"Diversion",
	"History-Info",
	"Flow-Timer",
]);

/** "P-Preferred-Identity". */
const longestName = 20;

/** Compact forms, and the codes that they stand for. */
const compact: readonly string[] = Object.freeze([
	"v",
	"f",
	"t",
	"i",
	"m",
	"l",
	"o",
	"c",
	"k",
	"e",
	"s",
	"u",
	"a",
	"b",
	"d",
	"j",
	"n",
	"r",
	"x",
	"y",
]);
const compactCodes: readonly HeaderCode[] = Object.freeze([
	Header.Via,
	Header.From,
	Header.To,
	Header.CallId,
	Header.Contact,
	Header.ContentLength,
	Header.Event,
	Header.ContentType,
	Header.Supported,
	Header.ContentEncoding,
	Header.Subject,
	Header.AllowEvents,
	// Accept-Contact, Referred-By, Request-Disposition, Reject-Contact, Identity-Info, Refer-To, Session-Expires, Identity:
	// those without a code are headers like any that we don't know.
	Header.Unknown,
	Header.ReferredBy,
	Header.Unknown,
	Header.Unknown,
	Header.Unknown,
	Header.ReferTo,
	Header.SessionExpires,
	Header.Unknown,
]);

/** How many codes there are. */
export const headerCount = names.length;

/** What the scanner looks a name up in: lower-case names (long and compact) by their length, and the codes that they stand for. */
const wordsByLength: readonly (readonly string[])[] = byLength(
	(name) => name.toLowerCase(),
	(short) => short,
);
const codesByLength: readonly (readonly HeaderCode[])[] = byLength(
	(_name, code) => code,
	(_short, code) => code,
);

/** For each length of name, what `long` and `short` give of the names that have it, in the order of codes. */
function byLength<T>(
	long: (name: string, code: HeaderCode) => T,
	short: (name: string, code: HeaderCode) => T,
): readonly (readonly T[])[] {
	const lists: T[][] = [];
	for (let length = 0; length <= longestName; length++) lists.push([]);
	compact.forEach((name, at) => {
		lists[1]?.push(short(name, compactCodes[at] ?? Header.Unknown));
	});
	names.forEach((name, code) => {
		if (code > 0) lists[name.length]?.push(long(name, code as HeaderCode));
	});
	return Object.freeze(lists.map((list) => Object.freeze(list)));
}

/** The code of the header name in `[start, end)`. */
export function headerCode(
	host: Host,
	bytes: Uint8Array,
	start: number,
	end: number,
): HeaderCode {
	const words = wordsByLength[end - start];
	if (words === undefined) return Header.Unknown;
	const index = host.indexOfWord(bytes, start, end, words);
	if (index < 0) return Header.Unknown;
	return codesByLength[end - start]?.[index] ?? Header.Unknown;
}

export function headerName(code: HeaderCode): string {
	return names[code] ?? "";
}

/** May stand in a message once (RFC 3261 §7.3.1). */
export function isSingle(code: HeaderCode): boolean {
	switch (code) {
		case Header.From:
		case Header.To:
		case Header.CallId:
		case Header.CSeq:
		case Header.MaxForwards:
		case Header.ContentLength:
		case Header.ContentType:
		case Header.Event:
		case Header.SubscriptionState:
		case Header.Expires:
		case Header.MinExpires:
		case Header.RetryAfter:
		case Header.Date:
		case Header.SipEtag:
		case Header.SuppressIfMatch:
		case Header.SipIfMatch:
		case Header.ReferTo:
		case Header.ReferredBy:
		case Header.Replaces:
		case Header.SessionExpires:
		case Header.MinSe:
		case Header.RSeq:
		case Header.RAck:
			return true;
		default:
			return false;
	}
}
