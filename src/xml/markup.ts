/**
 * Markup that is read in one go: names, the XML declaration, comments, processing
 * instructions and CDATA sections (XML 1.0 §2.3, §2.5–2.8). Each function takes the
 * offset where the construct starts and gives the offset after it; it throws
 * HookswitchError where the construct is not well-formed.
 */
import { inSet } from "../bytes.js";
import { HookswitchError } from "../errors.js";
import type { Host } from "../host.js";
import {
	ALLOWED,
	characterAt,
	characterLength,
	DECIMAL,
	isWideName,
	NAME,
	NAME_START,
	WHITE,
} from "./characters.js";

const EQUALS = 0x3d;
const QUESTION = 0x3f;
const GREATER = 0x3e;
const HYPHEN = 0x2d;
const BRACKET_END = 0x5d;

export function unfinished(what: string, at: number): HookswitchError {
	return new HookswitchError(
		"xml-unfinished",
		`the document ends within ${what}`,
		at,
	);
}

/** The bytes of an ASCII text, as a table that may live in flash. */
export function codes(text: string): readonly number[] {
	return Object.freeze(
		[...text].map((character) => character.codePointAt(0) ?? 0),
	);
}

/** Do the bytes at `at` spell `word`? */
export function spells(
	bytes: Uint8Array,
	at: number,
	word: readonly number[],
): boolean {
	for (let index = 0; index < word.length; index++)
		if (bytes[at + index] !== word[index]) return false;
	return true;
}

/** NCName (Namespaces in XML 1.0 §3): gives its end. An empty or wrong start is an error. */
export function readName(
	host: Host,
	bytes: Uint8Array,
	start: number,
	most: number,
): number {
	const end = bytes.length;
	const first = bytes[start] ?? 0;
	if (start >= end) throw unfinished("a name", start);
	let at = start;
	if (first < 0x80) {
		if (!inSet(NAME_START, first))
			throw new HookswitchError("xml-name", "a name is expected here", start);
		at = host.span(bytes, NAME, start + 1, end);
	}
	while ((bytes[at] ?? 0) >= 0x80) {
		const code = characterAt(bytes, at);
		if (!isWideName(code, at === start))
			throw new HookswitchError(
				"xml-name",
				"a character that names can't have",
				at,
			);
		at = host.span(bytes, NAME, at + characterLength(bytes[at] ?? 0), end);
	}
	if (at - start > most)
		throw new HookswitchError(
			"xml-name-too-long",
			`a name is longer than ${most} bytes`,
			start,
		);
	return at;
}

/** `<?xml … ?>` (§2.8): version 1.x, encoding UTF-8, standalone. */
export function readDeclaration(
	host: Host,
	bytes: Uint8Array,
	start: number,
): number {
	const end = bytes.length;
	const close = findInstructionEnd(host, bytes, start);
	let at = start + 5;
	let stage = 0;
	for (;;) {
		const next = host.span(bytes, WHITE, at, end);
		if (next >= close) break;
		const nameEnd = next === at ? next : readName(host, bytes, next, 16);
		const name = host.text(bytes, next, nameEnd);
		const order = PSEUDO_ATTRIBUTES.indexOf(name) + 1;
		const equals = host.span(bytes, WHITE, nameEnd, end);
		const quoteAt = host.span(bytes, WHITE, equals + 1, end);
		const quote = bytes[quoteAt] ?? 0;
		if (
			order <= stage ||
			(stage === 0 && order !== 1) ||
			bytes[equals] !== EQUALS ||
			(quote !== 0x22 && quote !== 0x27)
		)
			throw declarationError(next);
		const valueEnd = host.find(bytes, quote, quoteAt + 1, end);
		if (valueEnd >= close) throw declarationError(quoteAt);
		checkDeclared(host, bytes, order, quoteAt + 1, valueEnd);
		stage = order;
		at = valueEnd + 1;
	}
	if (stage === 0) throw declarationError(start);
	return close + 2;
}

function checkDeclared(
	host: Host,
	bytes: Uint8Array,
	order: number,
	start: number,
	end: number,
): void {
	if (order === 1) {
		if (
			!spells(bytes, start, VERSION) ||
			end < start + 3 ||
			host.span(bytes, DECIMAL, start + 2, end) < end
		)
			throw declarationError(start);
	} else if (order === 2) {
		if (host.indexOfWord(bytes, start, end, UTF8) < 0)
			throw new HookswitchError(
				"xml-encoding",
				"the only encoding that is read is UTF-8",
				start,
			);
	} else {
		const word = host.text(bytes, start, end);
		if (word !== "yes" && word !== "no") throw declarationError(start);
	}
}

const VERSION = codes("1.");
const PSEUDO_ATTRIBUTES: readonly string[] = Object.freeze([
	"version",
	"encoding",
	"standalone",
]);
const UTF8: readonly string[] = Object.freeze(["utf-8"]);
const XML: readonly string[] = Object.freeze(["xml"]);

function declarationError(at: number): HookswitchError {
	return new HookswitchError(
		"xml-declaration",
		'the XML declaration must read <?xml version="1.0" encoding="UTF-8"?>',
		at,
	);
}

/** The offset of `?>`. */
function findInstructionEnd(
	host: Host,
	bytes: Uint8Array,
	start: number,
): number {
	let at = start + 2;
	for (;;) {
		at = host.find(bytes, GREATER, at, bytes.length);
		if (at >= bytes.length) throw unfinished("a processing instruction", start);
		if (bytes[at - 1] === QUESTION && at - 1 >= start + 2) return at - 1;
		at++;
	}
}

/** `<?target data?>` (§2.6). The target's end is found again by who needs it. */
export function readInstruction(
	host: Host,
	bytes: Uint8Array,
	start: number,
	mostName: number,
): number {
	const nameEnd = readName(host, bytes, start + 2, mostName);
	if (host.indexOfWord(bytes, start + 2, nameEnd, XML) === 0)
		throw new HookswitchError(
			"xml-declaration",
			"the XML declaration must be the first thing in the document",
			start,
		);
	const close = findInstructionEnd(host, bytes, start);
	if (nameEnd < close && !inSet(WHITE, bytes[nameEnd] ?? 0))
		throw new HookswitchError(
			"xml-processing-instruction",
			"white space must follow the target",
			nameEnd,
		);
	return close + 2;
}

/** `<!-- … -->` (§2.5). */
export function readComment(
	host: Host,
	bytes: Uint8Array,
	start: number,
): number {
	let at = start + 4;
	for (;;) {
		at = host.find(bytes, HYPHEN, at, bytes.length);
		if (at + 2 >= bytes.length) throw unfinished("a comment", start);
		if (bytes[at + 1] === HYPHEN) {
			if (bytes[at + 2] === GREATER) return at + 3;
			throw new HookswitchError(
				"xml-comment",
				"'--' must not stand within a comment",
				at,
			);
		}
		at += 2;
	}
}

/** `<![CDATA[ … ]]>` (§2.7). */
export function readCData(
	host: Host,
	bytes: Uint8Array,
	start: number,
): number {
	let at = start + 9;
	for (;;) {
		at = host.find(bytes, GREATER, at, bytes.length);
		if (at >= bytes.length) throw unfinished("a CDATA section", start);
		if (
			bytes[at - 1] === BRACKET_END &&
			bytes[at - 2] === BRACKET_END &&
			at - 2 >= start + 9
		)
			return at + 1;
		at++;
	}
}

/** What concerns the bytes as a whole: how many, UTF-8, and only what §2.2 allows. */
export function checkBytes(host: Host, bytes: Uint8Array, most: number): void {
	const end = bytes.length;
	if (end > most)
		throw new HookswitchError(
			"xml-too-large",
			`the document has ${end} bytes, the limit is ${most}`,
			0,
		);
	const invalid = host.invalidUtf8(bytes, 0, end);
	if (invalid < end)
		throw new HookswitchError(
			"xml-encoding",
			"the document is not UTF-8",
			invalid,
		);
	const control = host.span(bytes, ALLOWED, 0, end);
	if (control < end) throw characterError(control);
	// U+FFFE and U+FFFF: EF BF BE, EF BF BF.
	let at = host.find(bytes, 0xef, 0, end);
	while (at < end) {
		if (bytes[at + 1] === 0xbf && (bytes[at + 2] ?? 0) >= 0xbe)
			throw characterError(at);
		at = host.find(bytes, 0xef, at + 3, end);
	}
}

function characterError(at: number): HookswitchError {
	return new HookswitchError(
		"xml-character",
		"a character that XML does not allow",
		at,
	);
}
