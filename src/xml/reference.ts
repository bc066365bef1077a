/**
 * Character references and the five predefined entities (XML 1.0 §4.1, §4.6),
 * and the values that they stand in. There are no other entities, because there is
 * no document type declaration: nothing expands to more than it was.
 */
import { HookswitchError } from "../errors.js";
import type { Host } from "../host.js";
import {
	DECIMAL,
	HEXADECIMAL,
	isCharacter,
	NAME,
	putCharacter,
} from "./characters.js";

/** Where characters stand: what is replaced and normalised depends on it. */
export const Within = Object.freeze({ Value: 0, Text: 1, CData: 2 });
export type Within = (typeof Within)[keyof typeof Within];

const AMPERSAND = 0x26;
const SEMICOLON = 0x3b;
const HASH = 0x23;

const ENTITIES: readonly string[] = Object.freeze([
	"lt",
	"gt",
	"amp",
	"quot",
	"apos",
]);
const ENTITY_CODES: readonly number[] = Object.freeze([
	0x3c, 0x3e, 0x26, 0x22, 0x27,
]);
/** More digits than a code point can have, leading zeros aside: it is refused. */
const MOST_DIGITS = 16;

/**
 * Reads the reference whose `&` is at `at`. Gives its code point and, times 2^21,
 * its length: one number, so that nothing is allocated.
 */
export function readReference(
	host: Host,
	bytes: Uint8Array,
	at: number,
	end: number,
): number {
	const start = at + 1;
	if (bytes[start] === HASH)
		return readCharacterReference(host, bytes, at, end);
	const nameEnd = host.span(bytes, NAME, start, end);
	if (nameEnd >= end) throw unfinished(at);
	if (nameEnd === start || bytes[nameEnd] !== SEMICOLON)
		throw new HookswitchError(
			"xml-reference",
			"'&' starts no reference; write it as '&amp;'",
			at,
		);
	const index = host.indexOfWord(bytes, start, nameEnd, ENTITIES);
	// The native compares without case, XML with: all five are lower case.
	if (
		index < 0 ||
		(bytes[start] ?? 0) < 0x61 ||
		!isLower(bytes, start, nameEnd)
	)
		throw new HookswitchError(
			"xml-entity",
			"only the entities lt, gt, amp, quot and apos exist here",
			at,
		);
	return (ENTITY_CODES[index] ?? 0) + (nameEnd + 1 - at) * 0x200000;
}

/** The code point of what `readReference` gave. */
export function referenceCode(reference: number): number {
	return reference & 0x1fffff;
}

/** The length in bytes of what `readReference` gave. */
export function referenceLength(reference: number): number {
	return Math.floor(reference / 0x200000);
}

/** Checks the reference at `at`; gives its length, negative when canonical XML writes the character otherwise. */
export function checkReference(
	host: Host,
	bytes: Uint8Array,
	at: number,
	end: number,
	inValue: boolean,
): number {
	const reference = readReference(host, bytes, at, end);
	const length = referenceLength(reference);
	const code = referenceCode(reference);
	return isCanonicalReference(bytes, at, length, code, inValue)
		? length
		: -length;
}

/** Does canonical XML write the character so? (Canonical XML 1.0 §2.3, "Text Nodes", "Attribute Nodes".) */
function isCanonicalReference(
	bytes: Uint8Array,
	at: number,
	length: number,
	code: number,
	inValue: boolean,
): boolean {
	switch (code) {
		case 0x26:
			return length === 5 && bytes[at + 1] === 0x61;
		case 0x3c:
			return length === 4;
		case 0x3e:
			return !inValue && length === 4;
		case 0x22:
			return inValue && length === 6 && bytes[at + 1] === 0x71;
		case 0x09:
			return inValue && length === 5 && bytes[at + 2] === 0x78;
		case 0x0a:
			return inValue && length === 5 && bytes[at + 3] === 0x41;
		case 0x0d:
			return length === 5 && bytes[at + 3] === 0x44;
		default:
			return false;
	}
}

function isLower(bytes: Uint8Array, start: number, end: number): boolean {
	for (let at = start; at < end; at++)
		if ((bytes[at] ?? 0) < 0x61) return false;
	return true;
}

function unfinished(at: number): HookswitchError {
	return new HookswitchError(
		"xml-unfinished",
		"the document ends within a reference",
		at,
	);
}

function readCharacterReference(
	host: Host,
	bytes: Uint8Array,
	at: number,
	end: number,
): number {
	const isHexadecimal = bytes[at + 2] === 0x78;
	const start = at + (isHexadecimal ? 3 : 2);
	if (start >= end) throw unfinished(at);
	const stop = host.span(
		bytes,
		isHexadecimal ? HEXADECIMAL : DECIMAL,
		start,
		end,
	);
	if (stop >= end) throw unfinished(at);
	let code = 0;
	if (stop > start && stop - start <= MOST_DIGITS)
		for (let digit = start; digit < stop; digit++) {
			const byte = bytes[digit] ?? 0;
			const value = byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57;
			code = code * (isHexadecimal ? 16 : 10) + value;
		}
	if (bytes[stop] !== SEMICOLON || stop === start || !isCharacter(code))
		throw new HookswitchError(
			"xml-character-reference",
			"a character reference must name a character of XML in digits and end with ';'",
			at,
		);
	return code + (stop + 1 - at) * 0x200000;
}

/**
 * A value or text with its references replaced and its line ends and white space
 * normalised (§2.11, §3.3.3). The range has been scanned: it is well-formed.
 */
export function expand(
	host: Host,
	bytes: Uint8Array,
	start: number,
	end: number,
	within: Within,
): Uint8Array {
	const isValue = within === Within.Value;
	// No reference is shorter than what it stands for.
	const result = new Uint8Array(end - start);
	let length = 0;
	let at = start;
	while (at < end) {
		const byte = bytes[at] ?? 0;
		if (byte === AMPERSAND && within !== Within.CData) {
			const reference = readReference(host, bytes, at, end);
			length = putCharacter(result, length, referenceCode(reference));
			at += referenceLength(reference);
		} else if (byte === 0x0d) {
			result[length++] = isValue ? 0x20 : 0x0a;
			at += bytes[at + 1] === 0x0a ? 2 : 1;
		} else {
			result[length++] =
				isValue && (byte === 0x09 || byte === 0x0a) ? 0x20 : byte;
			at++;
		}
	}
	return result.subarray(0, length);
}
