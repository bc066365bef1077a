/**
 * Who somebody is to an access list: URIs without what may differ between two
 * spellings of the same caller. Design §4. Works on text alone and knows nothing
 * of SIP messages.
 */
import { byteSet } from "../bytes.js";
import type { Host } from "../host.js";
import { hostPartEnd, isUri } from "../xml/uri.js";

/** Who calls, as access lists compare it. Each part is empty where the URI has none. */
export interface CallerKey {
	/** `alice@example.com`: user unescaped, host in lower case, no port, no scheme; `example.com` without a user. */
	readonly address: string;
	/** Of a `tel:` URI or `user=phone`: the digits, with a leading `+` when global. */
	readonly number: string;
	/** What number rules look at: `number`, or a user part that is a global number without saying so. */
	readonly digits: string;
	/** The host, lower case, without a dot at its end. */
	readonly domain: string;
}

export const URI_SCHEMES: readonly string[] = Object.freeze([
	"sip",
	"sips",
	"tel",
]);
const USER_PHONE = ";user=phone";
/** Of a number: digits as RFC 3966 has them, local ones included. */
const DIGIT = byteSet("*#", [0x30, 0x39], [0x41, 0x46], [0x61, 0x66]);
const SEPARATOR = byteSet("-.()");
const GLOBAL = byteSet("-.()", [0x30, 0x39]);

const AT = 0x40;
const COLON = 0x3a;
const SEMICOLON = 0x3b;
const QUESTION = 0x3f;
const PERCENT = 0x25;
const PLUS = 0x2b;
const BRACKET = 0x5b;
const BRACKET_END = 0x5d;
const DOT = 0x2e;

/** Undefined for what is no sip, sips or tel URI. */
export function callerKey(host: Host, uri: string): CallerKey | undefined {
	const bytes = host.encode(uri);
	return callerKeyOf(host, bytes, 0, bytes.length);
}

/** The same of bytes. */
export function callerKeyOf(
	host: Host,
	bytes: Uint8Array,
	start: number,
	end: number,
): CallerKey | undefined {
	const plain = plainSign(host, bytes, start, end);
	if (plain >= 0) {
		const domain = host.text(bytes, plain + 1, end);
		const from = host.find(bytes, COLON, start, end) + 1;
		return {
			address: host.text(bytes, from, end),
			number: "",
			digits: "",
			domain,
		};
	}
	if (!isUri(host, bytes, start, end, URI_SCHEMES)) return undefined;
	const colon = host.find(bytes, COLON, start, end);
	const rest = colon + 1;
	if (host.indexOfWord(bytes, start, colon, URI_SCHEMES) === 2) {
		const stop = host.find(bytes, SEMICOLON, rest, end);
		const number = digitsOf(host, bytes, rest, stop);
		return { address: "", number, digits: number, domain: "" };
	}
	const sign = host.find(bytes, AT, rest, end);
	const hostStart = sign < end ? sign + 1 : rest;
	const domain = domainAt(host, bytes, hostStart, end);
	if (sign >= end) return { address: domain, number: "", digits: "", domain };
	const userEnd = host.find(bytes, COLON, rest, sign);
	const user = unescaped(host, bytes, rest, userEnd);
	// user=phone puts a telephone-subscriber there, whose own parameters start with ';'.
	const digitsEnd = host.find(user, SEMICOLON, 0, user.length);
	const isPhone = hasUserPhone(host, bytes, hostStart, end);
	const isGlobal = isGlobalNumber(host, user, digitsEnd);
	const digits = isPhone || isGlobal ? digitsOf(host, user, 0, digitsEnd) : "";
	return {
		address: `${host.text(user, 0, user.length)}@${domain}`,
		number: isPhone ? digits : "",
		digits,
		domain,
	};
}

/** The bytes of `keyText`, or undefined where there is no key. */
export function keyBytes(
	host: Host,
	bytes: Uint8Array,
	start: number,
	end: number,
): Uint8Array | undefined {
	const sign = plainSign(host, bytes, start, end);
	if (sign >= 0)
		return bytes.slice(host.find(bytes, COLON, start, end) + 1, end);
	const key = callerKeyOf(host, bytes, start, end);
	return key === undefined ? undefined : host.encode(keyText(key));
}

/**
 * Where `@` stands in a sip or sips URI that is its own key but for the scheme, and
 * no number; else -1. Most URIs are of this kind, and take one look.
 */
function plainSign(
	host: Host,
	bytes: Uint8Array,
	start: number,
	end: number,
): number {
	const colon = host.find(bytes, COLON, start, end);
	if (colon >= end || bytes[colon + 1] === PLUS) return -1;
	const sign = host.span(bytes, PLAIN_USER, colon + 1, end);
	if (sign === colon + 1 || sign >= end || bytes[sign] !== AT) return -1;
	const scheme = host.indexOfWord(bytes, start, colon, URI_SCHEMES);
	return (scheme === 0 || scheme === 1) &&
		host.span(bytes, PLAIN_DOMAIN, sign + 1, end) === end &&
		hostPartEnd(host, bytes, sign + 1, end) === end &&
		bytes[end - 1] !== DOT
		? sign
		: -1;
}
/** Of a user part and a host whose keys are what is written. */
const PLAIN_USER = byteSet(
	"-_.!~*'()+",
	[0x30, 0x39],
	[0x41, 0x5a],
	[0x61, 0x7a],
);
const PLAIN_DOMAIN = byteSet("-._", [0x30, 0x39], [0x61, 0x7a]);

/** One text that is the same for the same caller: what `user` rules and group members compare. */
export function keyText(key: CallerKey): string {
	return key.number === "" ? key.address : key.number;
}

/** The digits of a number prefix as a rule gives it, or an empty text when it is none: `+44900`, `0900`. */
export function prefixDigits(
	host: Host,
	bytes: Uint8Array,
	start: number,
	end: number,
): string {
	const digits = bytes[start] === PLUS ? start + 1 : start;
	for (let at = digits; at < end; at++) {
		at = host.span(bytes, DIGIT, at, end);
		if (at >= end) break;
		if (host.span(bytes, SEPARATOR, at, at + 1) === at) return "";
	}
	return digitsOf(host, bytes, start, end);
}

/** A domain as rules and keys compare it. */
export function domainAt(
	host: Host,
	bytes: Uint8Array,
	start: number,
	end: number,
): string {
	let stop = start;
	if (bytes[start] === BRACKET)
		stop = host.find(bytes, BRACKET_END, start, end) + 1;
	else stop = host.span(bytes, DOMAIN, start, end);
	if (bytes[stop - 1] === DOT) stop--;
	return host.text(bytes, start, stop).toLowerCase();
}
const DOMAIN = byteSet("-._", [0x30, 0x39], [0x41, 0x5a], [0x61, 0x7a]);

/** Digits and a leading plus, without visual separators; empty when there is no digit. */
function digitsOf(
	host: Host,
	bytes: Uint8Array,
	start: number,
	end: number,
): string {
	let text = bytes[start] === PLUS ? "+" : "";
	let at = bytes[start] === PLUS ? start + 1 : start;
	let count = 0;
	while (at < end) {
		const stop = host.span(bytes, DIGIT, at, end);
		text += host.text(bytes, at, stop);
		count += stop - at;
		const next = host.span(bytes, SEPARATOR, stop, end);
		if (next === stop) break;
		at = next;
	}
	return count === 0 || at < 0 ? "" : text.toLowerCase();
}

/** `+` and digits only, up to `end`. */
function isGlobalNumber(host: Host, user: Uint8Array, end: number): boolean {
	return user[0] === PLUS && end > 1 && host.span(user, GLOBAL, 1, end) === end;
}

/** Is `;user=phone` among the URI's parameters? */
function hasUserPhone(
	host: Host,
	bytes: Uint8Array,
	hostStart: number,
	end: number,
): boolean {
	const headers = host.find(bytes, QUESTION, hostStart, end);
	let at = host.find(bytes, SEMICOLON, hostStart, headers);
	while (at < headers) {
		const next = host.find(bytes, SEMICOLON, at + 1, headers);
		if (
			next - at === USER_PHONE.length &&
			host.text(bytes, at, next).toLowerCase() === USER_PHONE
		)
			return true;
		at = next;
	}
	return false;
}

/** A user part with its escapes replaced; as it is written where that would be no UTF-8 or hold controls. */
function unescaped(
	host: Host,
	bytes: Uint8Array,
	start: number,
	end: number,
): Uint8Array {
	const written = bytes.subarray(start, end);
	if (host.find(bytes, PERCENT, start, end) >= end) return written;
	const result = new Uint8Array(end - start);
	let length = 0;
	for (let at = start; at < end; at++) {
		let byte = bytes[at] ?? 0;
		if (byte === PERCENT) {
			byte = digit(bytes[at + 1] ?? 0) * 16 + digit(bytes[at + 2] ?? 0);
			if (byte < 0x20 || byte === 0x7f) return written;
			at += 2;
		}
		result[length++] = byte;
	}
	const whole = result.subarray(0, length);
	return host.invalidUtf8(whole, 0, length) < length ? written : whole;
}

/** The value of a hexadecimal digit. */
function digit(byte: number): number {
	return byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57;
}
