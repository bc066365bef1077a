/**
 * Which bytes and characters XML 1.0 (fifth edition) and Namespaces in XML 1.0
 * allow where: §2.2 Char, §2.3 S, NameStartChar and NameChar. Tables only.
 */
import { byteSet, complement } from "../bytes.js";

/** S: space, tab, line feed, carriage return. */
export const WHITE = byteSet(" \t\n\r");
/** Every byte that may stand somewhere: no C0 control but tab, line feed and carriage return. */
export const ALLOWED = byteSet("\t\n\r", [0x20, 0xff]);
/** ASCII of NCName. */
export const NAME = byteSet("-._0123456789", [0x41, 0x5a], [0x61, 0x7a]);
/** ASCII that an NCName starts with. */
export const NAME_START = byteSet("_", [0x41, 0x5a], [0x61, 0x7a]);
/** Bytes of a value in double quotes that stand for themselves. */
export const PLAIN_IN_DOUBLE = complement(byteSet('"<&\t\n\r'));
/** The same in single quotes. */
export const PLAIN_IN_SINGLE = complement(byteSet("'<&\t\n\r"));
/** Bytes of character data that need no second look. */
export const PLAIN_TEXT = complement(byteSet("<&>\r"));
/** Bytes that canonical character data or values write as references. */
export const PLAIN_IN_CANONICAL_TEXT = complement(byteSet("<&>\r"));
export const PLAIN_IN_CANONICAL_VALUE = complement(byteSet('"<&\t\n\r'));
/** Characters of names in our own vocabularies; all are lower case. */
export const OUR_NAME = byteSet("-0123456789", [0x61, 0x7a]);
/** Bytes that start a character in UTF-8. */
export const CHARACTER_START = byteSet("", [0x00, 0x7f], [0xc0, 0xff]);
/** Decimal and hexadecimal digits. */
export const DECIMAL = byteSet("", [0x30, 0x39]);
export const HEXADECIMAL = byteSet(
	"",
	[0x30, 0x39],
	[0x41, 0x46],
	[0x61, 0x66],
);

/** NameStartChar beyond ASCII: first and last of each range. */
const WIDE_NAME_START: readonly number[] = Object.freeze([
	0xc0, 0xd6, 0xd8, 0xf6, 0xf8, 0x2ff, 0x370, 0x37d, 0x37f, 0x1fff, 0x200c,
	0x200d, 0x2070, 0x218f, 0x2c00, 0x2fef, 0x3001, 0xd7ff, 0xf900, 0xfdcf,
	0xfdf0, 0xfffd, 0x10000, 0xeffff,
]);
/** What NameChar adds to them. */
const WIDE_NAME: readonly number[] = Object.freeze([
	0xb7, 0xb7, 0x300, 0x36f, 0x203f, 0x2040,
]);

function within(ranges: readonly number[], code: number): boolean {
	for (let at = 0; at < ranges.length; at += 2)
		if (code >= (ranges[at] ?? 0) && code <= (ranges[at + 1] ?? 0)) return true;
	return false;
}

/** May a character of U+0080 and above stand in a name? */
export function isWideName(code: number, first: boolean): boolean {
	return within(WIDE_NAME_START, code) || (!first && within(WIDE_NAME, code));
}

/** §2.2 Char. */
export function isCharacter(code: number): boolean {
	if (code < 0x20) return code === 0x9 || code === 0xa || code === 0xd;
	if (code >= 0xd800 && code <= 0xdfff) return false;
	return code <= 0x10ffff && code !== 0xfffe && code !== 0xffff;
}

/** How many bytes the character takes that starts with `byte`; the bytes are valid UTF-8. */
export function characterLength(byte: number): number {
	return byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

/** The code point of the character at `at`; the bytes are valid UTF-8. */
export function characterAt(bytes: Uint8Array, at: number): number {
	const first = bytes[at] ?? 0;
	if (first < 0x80) return first;
	const second = (bytes[at + 1] ?? 0) & 0x3f;
	if (first < 0xe0) return ((first & 0x1f) << 6) | second;
	const third = (bytes[at + 2] ?? 0) & 0x3f;
	if (first < 0xf0) return ((first & 0x0f) << 12) | (second << 6) | third;
	return (
		((first & 0x07) << 18) |
		(second << 12) |
		(third << 6) |
		((bytes[at + 3] ?? 0) & 0x3f)
	);
}

/** Writes a code point as UTF-8 at `at`; gives the offset after it. */
export function putCharacter(
	bytes: Uint8Array,
	at: number,
	code: number,
): number {
	if (code < 0x80) {
		bytes[at] = code;
		return at + 1;
	}
	if (code < 0x800) {
		bytes[at] = 0xc0 | (code >> 6);
		bytes[at + 1] = 0x80 | (code & 0x3f);
		return at + 2;
	}
	if (code < 0x10000) {
		bytes[at] = 0xe0 | (code >> 12);
		bytes[at + 1] = 0x80 | ((code >> 6) & 0x3f);
		bytes[at + 2] = 0x80 | (code & 0x3f);
		return at + 3;
	}
	bytes[at] = 0xf0 | (code >> 18);
	bytes[at + 1] = 0x80 | ((code >> 12) & 0x3f);
	bytes[at + 2] = 0x80 | ((code >> 6) & 0x3f);
	bytes[at + 3] = 0x80 | (code & 0x3f);
	return at + 4;
}
