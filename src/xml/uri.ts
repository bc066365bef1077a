/**
 * The shape of URIs and host names that stand as values in documents: sip, sips
 * (RFC 3261 §25.1), tel (RFC 3966), stun (RFC 7064), http (RFC 9110). It says yes
 * or no and takes nothing apart: whoever uses the value parses it, and must not
 * find it broken.
 */
import { byteSet, inSet } from "../bytes.js";
import type { Host } from "../host.js";
import { DECIMAL, HEXADECIMAL } from "./characters.js";

const LETTERS_AND_DIGITS: readonly (readonly [number, number])[] =
	Object.freeze([
		Object.freeze([0x30, 0x39] as const),
		Object.freeze([0x41, 0x5a] as const),
		Object.freeze([0x61, 0x7a] as const),
	]);
const UNRESERVED = "-_.!~*'()";
/** user of RFC 3261; `%` is looked at apart. */
const USER = byteSet(`${UNRESERVED}&=+$,;?/%`, ...LETTERS_AND_DIGITS);
const PASSWORD = byteSet(`${UNRESERVED}&=+$,%`, ...LETTERS_AND_DIGITS);
const PARAMETER = byteSet(`${UNRESERVED}[]/:&+$%`, ...LETTERS_AND_DIGITS);
const HEADER = byteSet(`${UNRESERVED}[]/?:+$%`, ...LETTERS_AND_DIGITS);
/** With `_`, which DNS names of services have. */
const LABEL = byteSet("-_", ...LETTERS_AND_DIGITS);
const IPV6 = byteSet(":.", [0x30, 0x39], [0x41, 0x46], [0x61, 0x66]);
/** What RFC 3986 lets stand in a URI. */
const URI = byteSet("-._~:/?#[]@!$&'()*+,;=%", ...LETTERS_AND_DIGITS);
const NUMBER_GLOBAL = byteSet("-.()", [0x30, 0x39]);
const NUMBER_LOCAL = byteSet(
	"-.()*#",
	[0x30, 0x39],
	[0x41, 0x46],
	[0x61, 0x66],
);
/** The schemes that are known here, in the order of the switch below. */
const SCHEMES: readonly string[] = Object.freeze([
	"sip",
	"sips",
	"tel",
	"stun",
	"stuns",
	"http",
	"https",
]);

const COLON = 0x3a;
const AT = 0x40;
const SEMICOLON = 0x3b;
const QUESTION = 0x3f;
const EQUALS = 0x3d;
const AMPERSAND = 0x26;
const PERCENT = 0x25;
const PLUS = 0x2b;
const DOT = 0x2e;
const SLASH = 0x2f;
const BRACKET = 0x5b;
const BRACKET_END = 0x5d;

/** Is the range a URI with one of the schemes? */
export function isUri(
	host: Host,
	bytes: Uint8Array,
	start: number,
	end: number,
	schemes: readonly string[],
): boolean {
	const colon = host.find(bytes, COLON, start, end);
	if (
		colon >= end ||
		host.indexOfWord(bytes, start, colon, schemes) < 0 ||
		!areEscapesWhole(host, bytes, start, end)
	)
		return false;
	const rest = colon + 1;
	switch (host.indexOfWord(bytes, start, colon, SCHEMES)) {
		case 0:
		case 1:
			return isSip(host, bytes, rest, end);
		case 2:
			return isTel(host, bytes, rest, end);
		case 3:
		case 4:
			return isHostPort(host, bytes, rest, end);
		case 5:
		case 6:
			return isHttp(host, bytes, rest, end);
		default:
			return rest < end && host.span(bytes, URI, rest, end) === end;
	}
}

/** host [":" port]: a domain name, an IPv4 address, or an IPv6 address in brackets. */
export function isHostPort(
	host: Host,
	bytes: Uint8Array,
	start: number,
	end: number,
): boolean {
	const hostEnd = hostPartEnd(host, bytes, start, end);
	if (hostEnd < 0) return false;
	if (hostEnd === end) return true;
	return bytes[hostEnd] === COLON && isPort(host, bytes, hostEnd + 1, end);
}

/** The end of a host that starts at `start`, or -1 where none does. */
export function hostPartEnd(
	host: Host,
	bytes: Uint8Array,
	start: number,
	end: number,
): number {
	if (bytes[start] === BRACKET && start < end) {
		const close = host.span(bytes, IPV6, start + 1, end);
		if (close >= end || bytes[close] !== BRACKET_END) return -1;
		return isIpv6(host, bytes, start + 1, close) ? close + 1 : -1;
	}
	let at = start;
	let labels = 0;
	let lastLabel = start;
	for (;;) {
		const labelEnd = host.span(bytes, LABEL, at, end);
		if (labelEnd === at) {
			// A trailing dot is part of a name.
			if (labels === 0 || bytes[at - 1] !== DOT) return -1;
			break;
		}
		if (bytes[at] === 0x2d || bytes[labelEnd - 1] === 0x2d) return -1;
		if (labelEnd - at > 63) return -1;
		labels++;
		lastLabel = at;
		at = labelEnd;
		if (at >= end || bytes[at] !== DOT) break;
		at++;
		if (at >= end) break;
	}
	if (at - start > 253) return -1;
	// A last label that starts with a digit makes it an address, or nothing.
	const first = bytes[lastLabel] ?? 0;
	if (first >= 0x30 && first <= 0x39)
		return isIpv4(host, bytes, start, at) ? at : -1;
	return at;
}

function isIpv4(
	host: Host,
	bytes: Uint8Array,
	start: number,
	end: number,
): boolean {
	let at = start;
	for (let part = 0; part < 4; part++) {
		const stop = host.span(bytes, DECIMAL, at, end);
		const length = stop - at;
		if (length < 1 || length > 3) return false;
		if (number(bytes, at, stop) > 255) return false;
		if (part === 3) return stop === end;
		if (bytes[stop] !== DOT) return false;
		at = stop + 1;
	}
	return false;
}

/** RFC 4291 §2.2, between the brackets. */
function isIpv6(
	host: Host,
	bytes: Uint8Array,
	start: number,
	end: number,
): boolean {
	let at = start;
	let groups = 0;
	let isShort = false;
	if (bytes[at] === COLON) {
		if (bytes[at + 1] !== COLON) return false;
		isShort = true;
		at += 2;
	}
	while (at < end) {
		const stop = host.span(bytes, HEXADECIMAL, at, end);
		if (bytes[stop] === DOT && stop < end) {
			if (!isIpv4(host, bytes, at, end)) return false;
			groups += 2;
			return isShort ? groups <= 7 : groups === 8;
		}
		if (stop === at || stop - at > 4) return false;
		groups++;
		at = stop;
		if (at >= end) break;
		if (bytes[at] !== COLON) return false;
		at++;
		if (bytes[at] === COLON && at < end) {
			if (isShort) return false;
			isShort = true;
			at++;
		} else if (at >= end) return false;
	}
	return isShort ? groups <= 7 : groups === 8;
}

function isPort(
	host: Host,
	bytes: Uint8Array,
	start: number,
	end: number,
): boolean {
	const length = end - start;
	if (length < 1 || length > 5) return false;
	if (host.span(bytes, DECIMAL, start, end) < end) return false;
	const port = number(bytes, start, end);
	return port >= 1 && port <= 65535;
}

/** Decimal digits of at most five places. */
function number(bytes: Uint8Array, start: number, end: number): number {
	let value = 0;
	for (let at = start; at < end; at++)
		value = value * 10 + (bytes[at] ?? 0) - 0x30;
	return value;
}

/** Two hexadecimal digits follow each `%`. */
function areEscapesWhole(
	host: Host,
	bytes: Uint8Array,
	start: number,
	end: number,
): boolean {
	let at = host.find(bytes, PERCENT, start, end);
	while (at < end) {
		if (
			at + 2 >= end ||
			!inSet(HEXADECIMAL, bytes[at + 1] ?? 0) ||
			!inSet(HEXADECIMAL, bytes[at + 2] ?? 0)
		)
			return false;
		at = host.find(bytes, PERCENT, at + 3, end);
	}
	return true;
}

function isSip(
	host: Host,
	bytes: Uint8Array,
	start: number,
	end: number,
): boolean {
	let at = start;
	const sign = host.find(bytes, AT, start, end);
	if (sign < end) {
		const userEnd = host.span(bytes, USER, start, sign);
		if (userEnd === start) return false;
		if (userEnd < sign) {
			if (bytes[userEnd] !== COLON) return false;
			if (host.span(bytes, PASSWORD, userEnd + 1, sign) < sign) return false;
		}
		at = sign + 1;
	}
	const hostEnd = hostPartEnd(host, bytes, at, end);
	if (hostEnd < 0) return false;
	at = hostEnd;
	if (at < end && bytes[at] === COLON) {
		const portEnd = host.span(bytes, DECIMAL, at + 1, end);
		if (!isPort(host, bytes, at + 1, portEnd)) return false;
		at = portEnd;
	}
	while (at < end && bytes[at] === SEMICOLON) {
		at = pair(host, bytes, at + 1, end, PARAMETER, false);
		if (at < 0) return false;
	}
	if (at < end && bytes[at] === QUESTION) {
		do {
			at = pair(host, bytes, at + 1, end, HEADER, true);
			if (at < 0) return false;
		} while (at < end && bytes[at] === AMPERSAND);
	}
	return at === end;
}

/** name ["=" value]: its end, or -1. A header's value must be there but may be empty. */
function pair(
	host: Host,
	bytes: Uint8Array,
	start: number,
	end: number,
	set: readonly number[],
	isHeader: boolean,
): number {
	const nameEnd = host.span(bytes, set, start, end);
	if (nameEnd === start) return -1;
	if (nameEnd >= end || bytes[nameEnd] !== EQUALS)
		return isHeader ? -1 : nameEnd;
	const valueEnd = host.span(bytes, set, nameEnd + 1, end);
	return valueEnd === nameEnd + 1 && !isHeader ? -1 : valueEnd;
}

function isTel(
	host: Host,
	bytes: Uint8Array,
	start: number,
	end: number,
): boolean {
	const isGlobal = bytes[start] === PLUS && start < end;
	const digits = isGlobal ? start + 1 : start;
	let at = host.span(
		bytes,
		isGlobal ? NUMBER_GLOBAL : NUMBER_LOCAL,
		digits,
		end,
	);
	// Visual separators alone are no number.
	if (host.span(bytes, SEPARATORS, digits, at) >= at) return false;
	while (at < end && bytes[at] === SEMICOLON) {
		at = pair(host, bytes, at + 1, end, PARAMETER, false);
		if (at < 0) return false;
	}
	return at === end;
}
const SEPARATORS = byteSet("-.()");

function isHttp(
	host: Host,
	bytes: Uint8Array,
	start: number,
	end: number,
): boolean {
	const authority = start + 2;
	if (authority > end || bytes[start] !== SLASH || bytes[start + 1] !== SLASH)
		return false;
	const authorityEnd = host.find(bytes, SLASH, authority, end);
	return (
		isHostPort(host, bytes, authority, authorityEnd) &&
		host.span(bytes, URI, authorityEnd, end) === end
	);
}
