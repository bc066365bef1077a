/**
 * One value between its written form and its typed one, by the row of its field.
 * Whatever passes here needs no second look downstream: no control characters in
 * texts (they would reach SIP headers), URIs that parse, numbers within limits.
 */
import { byteSet } from "../bytes.js";
import type { Host } from "../host.js";
import { DECIMAL, HEXADECIMAL } from "../xml/characters.js";
import { isHostPort, isUri } from "../xml/uri.js";
import {
	type Field,
	type FieldValue,
	Kind,
	type PictureSize,
	type PortRange,
} from "./field.js";

const TEXT = byteSet("", [0x20, 0x7e], [0x80, 0xff]);
const TOKEN = byteSet("", [0x21, 0x7e], [0x80, 0xff]);
const IDENTIFIER = byteSet("-._", [0x30, 0x39], [0x41, 0x5a], [0x61, 0x7a]);
const BASE64 = byteSet("+/", [0x30, 0x39], [0x41, 0x5a], [0x61, 0x7a]);
const SPACE = byteSet(" ");
const BOOLEANS: readonly string[] = Object.freeze(["false", "true"]);
const HYPHEN = 0x2d;
const CROSS = 0x78;
const EQUALS = 0x3d;

/** More digits than any limit has. */
const MOST_DIGITS = 10;

/**
 * The typed value, or undefined where the range is none. Members of an open list
 * that are not known are left out and put into `unknown`; when no member of a
 * non-empty one is known, the result is undefined and `unknown` is not empty.
 */
export function parseValue(
	host: Host,
	field: Field,
	bytes: Uint8Array,
	start: number,
	end: number,
	unknown: string[],
): FieldValue | undefined {
	const length = end - start;
	switch (field.kind) {
		case Kind.Text:
			return length >= field.least &&
				length <= field.most &&
				host.span(bytes, TEXT, start, end) === end
				? host.text(bytes, start, end)
				: undefined;
		case Kind.Integer:
			return parseInteger(host, bytes, start, end, field.least, field.most);
		case Kind.Boolean: {
			const word = host.text(bytes, start, end);
			const index = BOOLEANS.indexOf(word);
			return index < 0 ? undefined : index === 1;
		}
		case Kind.Choice: {
			const word = host.text(bytes, start, end);
			if (field.words.indexOf(word) >= 0) return word;
			if (field.open && length > 0) unknown.push(word);
			return undefined;
		}
		case Kind.List:
			return parseList(host, field, bytes, start, end, unknown);
		case Kind.Tokens:
			return parseTokens(host, field, bytes, start, end);
		case Kind.Ports: {
			const ports = parsePair(host, field, bytes, start, end, HYPHEN);
			return ports === undefined || ports[0] > ports[1]
				? undefined
				: { first: ports[0], last: ports[1] };
		}
		case Kind.Size: {
			const size = parsePair(host, field, bytes, start, end, CROSS);
			return size === undefined
				? undefined
				: { width: size[0], height: size[1] };
		}
		default:
			if (length < field.least || length > field.most) return undefined;
			return isWritten(host, field, bytes, start, end)
				? spelling(field, host.text(bytes, start, end))
				: undefined;
	}
}

/** Does a value that stays a text look as its kind wants? Its length is right. */
function isWritten(
	host: Host,
	field: Field,
	bytes: Uint8Array,
	start: number,
	end: number,
): boolean {
	switch (field.kind) {
		case Kind.Identifier:
			return host.span(bytes, IDENTIFIER, start, end) === end;
		case Kind.Hexadecimal:
			return host.span(bytes, HEXADECIMAL, start, end) === end;
		case Kind.Uri:
			// Empty: none, where the row allows it.
			return start === end || isUri(host, bytes, start, end, field.folded);
		case Kind.Domain:
			return start === end || isHostPort(host, bytes, start, end);
		case Kind.Base64: {
			let digits = host.span(bytes, BASE64, start, end);
			const padding = end - digits;
			while (digits < end && bytes[digits] === EQUALS) digits++;
			return digits === end && padding <= 2 && (end - start) % 4 === 0;
		}
		default:
			return false;
	}
}

/** Digests are compared as lower-case digits. */
function spelling(field: Field, text: string): string {
	return field.kind === Kind.Hexadecimal ? text.toLowerCase() : text;
}

function parseInteger(
	host: Host,
	bytes: Uint8Array,
	start: number,
	end: number,
	least: number,
	most: number,
): number | undefined {
	const length = end - start;
	if (length < 1 || length > MOST_DIGITS) return undefined;
	if (host.span(bytes, DECIMAL, start, end) < end) return undefined;
	let value = 0;
	for (let at = start; at < end; at++)
		value = value * 10 + (bytes[at] ?? 0) - 0x30;
	return value >= least && value <= most ? value : undefined;
}

function parsePair(
	host: Host,
	field: Field,
	bytes: Uint8Array,
	start: number,
	end: number,
	separator: number,
): readonly [number, number] | undefined {
	const at = host.find(bytes, separator, start, end);
	if (at >= end) return undefined;
	const { least, most } = field;
	const first = parseInteger(host, bytes, start, at, least, most);
	const second = parseInteger(host, bytes, at + 1, end, least, most);
	return first === undefined || second === undefined
		? undefined
		: [first, second];
}

/** A member given twice counts once. */
function parseList(
	host: Host,
	field: Field,
	bytes: Uint8Array,
	start: number,
	end: number,
	unknown: string[],
): readonly string[] | undefined {
	if (end - start > field.most) return undefined;
	const members: string[] = [];
	let at = host.span(bytes, SPACE, start, end);
	while (at < end) {
		const stop = host.find(bytes, 0x20, at, end);
		const index = host.indexOfWord(bytes, at, stop, field.folded);
		const member = field.words[index];
		if (member === undefined) unknown.push(host.text(bytes, at, stop));
		else if (!members.includes(member)) members.push(member);
		at = host.span(bytes, SPACE, stop, end);
	}
	return members.length === 0 ? undefined : members;
}

function parseTokens(
	host: Host,
	field: Field,
	bytes: Uint8Array,
	start: number,
	end: number,
): readonly string[] | undefined {
	if (end - start > field.most) return undefined;
	const tokens: string[] = [];
	let at = host.span(bytes, SPACE, start, end);
	while (at < end) {
		const stop = host.span(bytes, TOKEN, at, end);
		if (stop === at) return undefined;
		tokens.push(host.text(bytes, at, stop));
		at = host.span(bytes, SPACE, stop, end);
	}
	return tokens;
}

/** The written form. */
export function formatValue(field: Field, value: FieldValue): string {
	switch (field.kind) {
		case Kind.List:
		case Kind.Tokens:
			return (value as readonly string[]).join(" ");
		case Kind.Ports: {
			const ports = value as PortRange;
			return `${ports.first}-${ports.last}`;
		}
		case Kind.Size: {
			const size = value as PictureSize;
			return `${size.width}x${size.height}`;
		}
		default:
			return String(value);
	}
}

/** Are two values of the field the same? */
export function sameValue(
	field: Field,
	one: FieldValue | undefined,
	other: FieldValue | undefined,
): boolean {
	if (one === other) return true;
	if (one === undefined || other === undefined) return false;
	return (
		typeof one === "object" &&
		formatValue(field, one) === formatValue(field, other)
	);
}

/** What a value of the field must be, for people: `a whole number from 60 to 86400`. */
export function expectation(field: Field): string {
	const { kind, least, most, words } = field;
	switch (kind) {
		case Kind.Integer:
			return `a whole number from ${least} to ${most}`;
		case Kind.Boolean:
			return "true or false";
		case Kind.Choice:
			return `one of ${words.join(", ")}`;
		case Kind.List:
			return `some of ${words.join(", ")}, separated by spaces`;
		case Kind.Tokens:
			return `words separated by spaces, ${most} bytes at most`;
		case Kind.Ports:
			return `two ports from ${least} to ${most}, as 10000-10099`;
		case Kind.Size:
			return "width and height in pixels, as 640x480";
		case Kind.Uri:
			return `a URI (${words.join(", ")})${least === 0 ? ", or empty" : ""}`;
		case Kind.Domain:
			return `a domain name or address, with or without a port${least === 0 ? ", or empty" : ""}`;
		case Kind.Hexadecimal:
			return "hexadecimal digits";
		case Kind.Base64:
			return `Base64 without spaces, ${most} characters at most`;
		case Kind.Identifier:
			return `a name of letters, digits, '-', '.' and '_', ${least === 0 ? "or empty, " : ""}${most} characters at most`;
		default:
			return `text without control characters, ${least === 0 ? "" : "not empty, "}${most} bytes at most`;
	}
}
