/**
 * URIs of RFC 3261 §19.1 (sip, sips), RFC 3966 (tel) and, unexamined, of any other
 * scheme: reading from bytes, comparison, writing. Knows nothing of headers.
 */
import { byteSet } from "../bytes.js";
import type { ByteSet, Host } from "../host.js";
import { Cursor, hexSet } from "./grammar.js";

export interface Parameter {
	/** Lower case. */
	readonly name: string;
	/** Unescaped (and unquoted, in a header); undefined when there is no "=". */
	readonly value: string | undefined;
}

export interface Uri {
	/** Lower case. */
	readonly scheme: string;
	/** Unescaped. For tel: the number; for a scheme that we don't know: all that follows the colon. */
	readonly user: string | undefined;
	/** The user part as it was written, when that holds escapes. */
	readonly escapedUser?: string | undefined;
	readonly password?: string | undefined;
	/** Lower case; an IPv6 address without its brackets; "" for tel: and schemes that we don't know. */
	readonly host: string;
	readonly port?: number | undefined;
	readonly parameters: readonly Parameter[];
	readonly headers: readonly Parameter[];
}

const alphanumeric = [
	[0x30, 0x39],
	[0x41, 0x5a],
	[0x61, 0x7a],
] as const;
const schemeSet: ByteSet = byteSet("+-.", ...alphanumeric);
const userSet: ByteSet = byteSet("-_.!~*'()&=+$,;?/%", ...alphanumeric);
const passwordSet: ByteSet = byteSet("-_.!~*'()&=+$,%", ...alphanumeric);
/** With "_", which no host name has but which DNS names of services do (`_sipuaconfig`). */
const hostSet: ByteSet = byteSet("-._", ...alphanumeric);
const addressSet: ByteSet = byteSet(
	":.",
	[0x30, 0x39],
	[0x41, 0x46],
	[0x61, 0x66],
);
const parameterSet: ByteSet = byteSet("-_.!~*'()[]/:&+$%", ...alphanumeric);
const headerSet: ByteSet = byteSet("-_.!~*'()[]/?:+$%", ...alphanumeric);
const telSet: ByteSet = byteSet(
	"+-.()*#",
	[0x30, 0x39],
	[0x41, 0x46],
	[0x61, 0x66],
);
const opaqueSet: ByteSet = byteSet("-_.!~*'()%;/?:@&=+$,[]#", ...alphanumeric);

const schemes: readonly string[] = Object.freeze(["sip", "sips", "tel"]);
const noParameters: readonly Parameter[] = Object.freeze([]);
const code = "uri";

export function parseUri(
	host: Host,
	bytes: Uint8Array,
	start: number,
	end: number,
): Uri {
	return read(new Cursor(host, bytes, start, end), true) as Uri;
}

/** Throws what `parseUri` throws, and builds nothing. The cursor stands on the URI; `end` is where it has to end. */
export function checkUri(cursor: Cursor, end: number): void {
	const valueEnd = cursor.end;
	cursor.end = end;
	read(cursor, false);
	cursor.end = valueEnd;
}

export function parseUriText(host: Host, text: string): Uri {
	const bytes = host.encode(text);
	return parseUri(host, bytes, 0, bytes.length);
}

function read(cursor: Cursor, build: boolean): Uri | undefined {
	const { host, bytes, at, end } = cursor;
	const colon = host.span(bytes, schemeSet, at, end);
	const first = bytes[at] ?? 0;
	cursor.at = colon;
	if (colon === at || colon === end || bytes[colon] !== 0x3a || first < 0x41)
		cursor.fail(code, "a URI has no scheme");
	cursor.at = colon + 1;
	const known = host.indexOfWord(bytes, at, colon, schemes);
	if (known === 0 || known === 1)
		return readSip(cursor, known === 0 ? "sip" : "sips", build);
	if (known === 2) return readTel(cursor, build);
	const scheme = build ? host.text(bytes, at, colon).toLowerCase() : "";
	return readOther(cursor, scheme, build);
}

/** Written with few calls: it reads some of every message's values. */
function readSip(
	cursor: Cursor,
	scheme: string,
	build: boolean,
): Uri | undefined {
	const { host, bytes, end } = cursor;
	let userStart = -1;
	let userEnd = -1;
	let passwordStart = -1;
	let passwordEnd = -1;
	let escaped = false;
	let { at } = cursor;
	const separator = host.find(bytes, 0x40, at, end);
	if (separator < end) {
		userStart = at;
		userEnd = host.span(bytes, userSet, at, separator);
		at = userEnd;
		if (at < separator && bytes[at] === 0x3a) {
			passwordStart = at + 1;
			passwordEnd = host.span(bytes, passwordSet, passwordStart, separator);
			at = passwordEnd;
		}
		if (userEnd === userStart || at !== separator) {
			cursor.at = at;
			cursor.fail(code, "a user part is empty or holds what it may not");
		}
		escaped = checkEscapes(cursor, userStart, separator);
		at++;
	}
	const hostStart = at;
	cursor.at = at;
	readHost(cursor, code);
	const hostEnd = cursor.at;
	let port: number | undefined;
	if (hostEnd < end && bytes[hostEnd] === 0x3a) {
		cursor.at++;
		port = cursor.number(65535, code);
	}
	const parameters: Parameter[] | undefined = build ? [] : undefined;
	while (cursor.at < end && bytes[cursor.at] === 0x3b) {
		cursor.at++;
		readPair(cursor, parameterSet, false, parameters);
	}
	const headers: Parameter[] | undefined = build ? [] : undefined;
	if (cursor.at < end && bytes[cursor.at] === 0x3f)
		do {
			cursor.at++;
			readPair(cursor, headerSet, true, headers);
		} while (cursor.peek() === 0x26);
	if (cursor.at < end)
		cursor.fail(code, "a character does not belong in a URI");
	if (parameters === undefined || headers === undefined) return undefined;
	return {
		scheme,
		user:
			userStart < 0
				? undefined
				: withoutEscapes(host, bytes, userStart, userEnd),
		escapedUser: escaped ? host.text(bytes, userStart, userEnd) : undefined,
		password:
			passwordStart < 0
				? undefined
				: host.text(bytes, passwordStart, passwordEnd),
		host: hostText(host, bytes, hostStart, hostEnd),
		port,
		parameters,
		headers,
	};
}

/** host of RFC 3261: a name, an IPv4 address, or an IPv6 address in brackets. */
export function readHost(cursor: Cursor, errorCode: string): void {
	const { host, bytes, at, end } = cursor;
	const first = at < end ? bytes[at] : -1;
	if (first !== 0x5b) {
		const stop = host.span(bytes, hostSet, at, end);
		if (stop === at || first === 0x2e || first === 0x2d)
			cursor.fail(errorCode, "a host is missing or begins with a separator");
		cursor.at = stop;
		return;
	}
	cursor.at++;
	cursor.some(addressSet, errorCode, "an IPv6 address is missing");
	if (cursor.peek() !== 0x5d)
		cursor.fail(errorCode, "an IPv6 address has no closing bracket");
	cursor.at++;
}

/** Lower case, without brackets. */
export function hostText(
	host: Host,
	bytes: Uint8Array,
	start: number,
	end: number,
): string {
	const brackets = bytes[start] === 0x5b ? 1 : 0;
	return host.text(bytes, start + brackets, end - brackets).toLowerCase();
}

/** name [= value] of a URI's parameters and headers. */
function readPair(
	cursor: Cursor,
	set: ByteSet,
	isHeader: boolean,
	into: Parameter[] | undefined,
): void {
	const { host, bytes } = cursor;
	const start = cursor.some(set, code, "a parameter has no name");
	const nameEnd = cursor.at;
	let valueStart = -1;
	if (cursor.peek() === 0x3d) {
		valueStart = ++cursor.at;
		cursor.at = host.span(bytes, set, valueStart, cursor.end);
		// pvalue is 1*paramchar, hvalue may be empty.
		if (cursor.at === valueStart && !isHeader)
			cursor.fail(code, "a parameter has no value");
	} else if (isHeader) cursor.fail(code, "a header in a URI has no value");
	const escaped = checkEscapes(cursor, start, cursor.at);
	into?.push({
		name:
			!escaped || host.find(bytes, 0x25, start, nameEnd) === nameEnd
				? cursor.name(start, nameEnd)
				: withoutEscapes(host, bytes, start, nameEnd).toLowerCase(),
		value:
			valueStart < 0
				? undefined
				: withoutEscapes(host, bytes, valueStart, cursor.at),
	});
}

function readTel(cursor: Cursor, build: boolean): Uri | undefined {
	const { host, bytes, end } = cursor;
	const start = cursor.some(telSet, code, "a telephone number is missing");
	const numberEnd = cursor.at;
	const parameters: Parameter[] | undefined = build ? [] : undefined;
	while (cursor.peek() === 0x3b) {
		cursor.at++;
		readPair(cursor, parameterSet, false, parameters);
	}
	if (cursor.at < end)
		cursor.fail(code, "a character does not belong in a tel URI");
	if (parameters === undefined) return undefined;
	return {
		scheme: "tel",
		user: host.text(bytes, start, numberEnd),
		host: "",
		parameters,
		headers: noParameters,
	};
}

function readOther(
	cursor: Cursor,
	scheme: string,
	build: boolean,
): Uri | undefined {
	const { host, bytes, end } = cursor;
	const start = cursor.some(opaqueSet, code, "a URI is empty");
	if (cursor.at < end)
		cursor.fail(code, "a character does not belong in a URI");
	if (!build) return undefined;
	return {
		scheme,
		user: host.text(bytes, start, end),
		host: "",
		parameters: noParameters,
		headers: noParameters,
	};
}

/** Each "%" must begin an escape. True when there is one. */
function checkEscapes(cursor: Cursor, start: number, end: number): boolean {
	const { host, bytes } = cursor;
	let at = host.find(bytes, 0x25, start, end);
	if (at === end) return false;
	while (at < end) {
		if (at + 3 > end || host.span(bytes, hexSet, at + 1, at + 3) < at + 3) {
			cursor.at = at;
			cursor.fail(code, "an escape needs two hexadecimal digits");
		}
		at = host.find(bytes, 0x25, at + 3, end);
	}
	return true;
}

/** Text with its escapes resolved; as written when that would not be UTF-8. */
function withoutEscapes(
	host: Host,
	bytes: Uint8Array,
	start: number,
	end: number,
): string {
	if (host.find(bytes, 0x25, start, end) === end)
		return host.text(bytes, start, end);
	const plain = new Uint8Array(end - start);
	let length = 0;
	for (let at = start; at < end; at++) {
		let byte = bytes[at] ?? 0;
		if (byte === 0x25) {
			byte = hexValue(bytes[at + 1] ?? 0) * 16 + hexValue(bytes[at + 2] ?? 0);
			at += 2;
		}
		plain[length++] = byte;
	}
	return host.invalidUtf8(plain, 0, length) < length
		? host.text(bytes, start, end)
		: host.text(plain, 0, length);
}

function hexValue(byte: number): number {
	return byte < 0x3a ? byte - 0x30 : (byte | 0x20) - 0x57;
}

/** `text` with the characters that `plain` does not match as escapes. */
function withEscapes(text: string, plain: RegExp): string {
	if (plain.test(text)) return text;
	const parts: string[] = [];
	for (const character of text)
		parts.push(
			plain.test(character)
				? character
				: character < "\x80"
					? `%${(256 + (character.codePointAt(0) ?? 0)).toString(16).slice(1)}`
					: encodeURIComponent(character),
		);
	return parts.join("");
}

/** The user part that stands for `text`: `urn:uuid:1` → `urn%3auuid%3a1`. */
export function escapeUser(text: string): string {
	return withEscapes(text, /^[-A-Za-z0-9_.!~*'()&=+$,;?/]*$/);
}

function escapeParameter(text: string): string {
	return withEscapes(text, /^[-A-Za-z0-9_.!~*'()[\]/:+$]*$/);
}

export function formatUri(uri: Uri): string {
	if (uri.scheme !== "sip" && uri.scheme !== "sips") {
		const parts = [uri.scheme, ":", uri.user ?? ""];
		for (const each of uri.parameters)
			parts.push(
				";",
				each.name,
				each.value === undefined ? "" : `=${each.value}`,
			);
		return parts.join("");
	}
	const parts: string[] = [uri.scheme, ":"];
	if (uri.user !== undefined) {
		parts.push(uri.escapedUser ?? escapeUser(uri.user));
		if (uri.password !== undefined) parts.push(":", uri.password);
		parts.push("@");
	}
	parts.push(hostPort(uri.host, uri.port));
	for (const { name, value } of uri.parameters) {
		parts.push(";", escapeParameter(name));
		if (value !== undefined) parts.push("=", escapeParameter(value));
	}
	let separator = "?";
	for (const { name, value } of uri.headers) {
		parts.push(separator, escapeParameter(name), "=");
		parts.push(escapeParameter(value ?? ""));
		separator = "&";
	}
	return parts.join("");
}

/** `192.0.2.1:5060`, `[2001:db8::1]`: an IPv6 address gets its brackets. */
export function hostPort(host: string, port: number | undefined): string {
	const name = host.includes(":") ? `[${host}]` : host;
	return port === undefined ? name : `${name}:${port}`;
}

/** RFC 3261 §19.1.4. Other schemes: all parts equal. */
export function equalUri(a: Uri, b: Uri): boolean {
	if (a.scheme !== b.scheme || a.host !== b.host || a.port !== b.port)
		return false;
	// Escapes of reserved characters are not equal to the characters; others are.
	if (a.user !== b.user || a.password !== b.password) return false;
	if (reservedEscapes(a) !== reservedEscapes(b)) return false;
	return (
		includesParameters(a.parameters, b.parameters) &&
		includesParameters(b.parameters, a.parameters) &&
		a.headers.length === b.headers.length &&
		a.headers.every((each) =>
			b.headers.some(
				(other) => other.name === each.name && other.value === each.value,
			),
		)
	);
}

/** The escapes of `reserved` characters in the user part, in order. */
function reservedEscapes(uri: Uri): string {
	if (uri.escapedUser === undefined) return "";
	const found = uri.escapedUser
		.toLowerCase()
		.match(/%(?:3b|2f|3f|3a|40|26|3d|2b|24|2c)/g);
	return found === null ? "" : found.join("");
}

/** A parameter in both must match; user, ttl, method, maddr and transport in one must be in the other. */
function includesParameters(
	some: readonly Parameter[],
	others: readonly Parameter[],
): boolean {
	for (const each of some) {
		const other = others.find((candidate) => candidate.name === each.name);
		if (other === undefined) {
			if (weighty.includes(each.name)) return false;
		} else if (
			(other.value ?? "").toLowerCase() !== (each.value ?? "").toLowerCase()
		)
			return false;
	}
	return true;
}
const weighty: readonly string[] = Object.freeze([
	"user",
	"ttl",
	"method",
	"maddr",
	"transport",
]);

/** The value of a parameter ("" when it has none), or undefined when it is absent. `name` in lower case. */
export function parameter(
	parameters: readonly Parameter[],
	name: string,
): string | undefined {
	for (let index = 0; index < parameters.length; index++) {
		const each = parameters[index] as Parameter;
		if (each.name === name) return each.value ?? "";
	}
	return undefined;
}

/** Is it an IPv4 or IPv6 address (without brackets) rather than a name? */
export function isNumeric(name: string): boolean {
	if (name.includes(":")) return /^[0-9A-Fa-f:.]+$/.test(name);
	const parts = name.split(".");
	return (
		parts.length === 4 &&
		parts.every((part) => /^[0-9]{1,3}$/.test(part) && Number(part) <= 255)
	);
}
