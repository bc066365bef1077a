/**
 * The scanner of XML documents: bytes in, one token at a time out, checked for
 * being well-formed (XML 1.0 fifth edition) and namespace-well-formed (Namespaces
 * in XML 1.0). It knows no vocabulary and builds no tree.
 *
 * What it leaves out, and refuses: document type declarations and all that follows
 * from them, encodings other than UTF-8. Every limit is named below. It takes time
 * linear in the document's length.
 *
 * Tokens are ranges of the document's own bytes; a text is made only of what the
 * reader asks for. While scanning it finds out whether the document is its own
 * canonical form (`canonical.ts`), which costs next to nothing here.
 */
import { inSet } from "../bytes.js";
import { HookswitchError } from "../errors.js";
import type { Host } from "../host.js";
import { Attributes, nameAmong } from "./attributes.js";
import {
	PLAIN_IN_DOUBLE,
	PLAIN_IN_SINGLE,
	PLAIN_TEXT,
	WHITE,
} from "./characters.js";
import {
	checkBytes,
	codes,
	readCData,
	readComment,
	readDeclaration,
	readInstruction,
	readName,
	spells,
	unfinished,
} from "./markup.js";
import { Namespaces, NO_NAMESPACE } from "./namespaces.js";
import {
	expand,
	isCanonicalReference,
	readReference,
	referenceCode,
	referenceLength,
} from "./reference.js";

/** What stops a document from taking more than its share of a small device. */
export interface XmlLimits {
	/** Bytes of the document. */
	readonly bytes: number;
	/** Elements within elements. */
	readonly depth: number;
	/** Attributes of one element: they are compared pair by pair. */
	readonly attributes: number;
	/** Bytes of one attribute's value as it stands. */
	readonly value: number;
	/** Bytes of one name. */
	readonly name: number;
	/** Namespaces of one document. */
	readonly namespaces: number;
}
export const XML_LIMITS: XmlLimits = Object.freeze({
	bytes: 1_048_576,
	depth: 32,
	attributes: 64,
	value: 8192,
	name: 256,
	namespaces: 32,
});

/** Kinds of token. */
export const Token = Object.freeze({
	/** A start tag, or the first half of an empty-element tag. */
	Start: 0,
	/** An end tag, or the second half of an empty-element tag. */
	End: 1,
	/** Character data up to the next markup, or one CDATA section. */
	Text: 2,
	Comment: 3,
	Instruction: 4,
	/** The document has ended, and was well-formed. */
	Finished: 5,
});
export type Token = (typeof Token)[keyof typeof Token];

const LESS = 0x3c;
const GREATER = 0x3e;
const SLASH = 0x2f;
const EQUALS = 0x3d;
const QUOTE = 0x22;
const APOSTROPHE = 0x27;
const AMPERSAND = 0x26;
const COLON = 0x3a;
const EXCLAMATION = 0x21;
const QUESTION = 0x3f;
const BRACKET_END = 0x5d;
const SPACE = 0x20;
const RETURN = 0x0d;

const BYTE_ORDER_MARK: readonly number[] = Object.freeze([0xef, 0xbb, 0xbf]);
const DECLARATION = codes("<?xml");
const COMMENT = codes("<!--");
const DOCUMENT_TYPE = codes("<!DOCTYPE");
const CDATA = codes("<![CDATA[");
const XMLNS = codes("xmlns");
/** Columns of an open element's row: name, name's end, bindings before it. */
const OPEN_COLUMNS = 3;

export class XmlScanner {
	readonly bytes: Uint8Array;
	readonly namespaces: Namespaces;
	/** Of Start. Namespace declarations are no attributes here. */
	readonly attributes: Attributes;
	readonly #host: Host;
	readonly #limits: XmlLimits;
	readonly #end: number;
	#at = 0;
	readonly #open: number[] = [];
	#hasBegun = false;
	#isEmptyElement = false;
	#hasRoot = false;
	#bindingsBefore = 0;

	/** Where the current token's markup or text starts and ends. */
	start = 0;
	end = 0;
	/** Of Start and End: the name as written. */
	nameStart = 0;
	nameEnd = 0;
	/** Of Start: where the name starts after its prefix. */
	localStart = 0;
	/** Of Start: a number of `namespaces`. */
	namespace = NO_NAMESPACE;
	/** Of Start and End: 1 for the root. Of other tokens: how many elements are open. */
	depth = 0;
	/** Of Text: does it stand for itself, and is it a CDATA section? */
	isPlain = true;
	isCData = false;
	/** Is what has been scanned so far certainly its own canonical form? */
	isCanonical = true;

	/** What `selectAttribute` and `selectText` give: a range with all references replaced. */
	valueBytes: Uint8Array;
	valueStart = 0;
	valueEnd = 0;

	/** `known`: the namespaces that get the numbers from `FIRST_NAMESPACE` on. */
	constructor(
		host: Host,
		bytes: Uint8Array,
		known: readonly string[],
		limits: XmlLimits = XML_LIMITS,
	) {
		this.#host = host;
		this.bytes = bytes;
		this.valueBytes = bytes;
		this.#limits = limits;
		this.#end = bytes.length;
		this.attributes = new Attributes(host, bytes);
		this.namespaces = new Namespaces(
			host,
			bytes,
			known,
			limits.namespaces + known.length,
		);
	}

	/** The bindings that the current start tag declares are those from here to `namespaces.size`. */
	get firstBinding(): number {
		return this.#bindingsBefore;
	}

	/** The next token. Throws HookswitchError where the document is not well-formed; it then gives nothing more. */
	next(): Token {
		if (!this.#hasBegun) this.#begin();
		if (this.#isEmptyElement) {
			this.#isEmptyElement = false;
			return this.#leave();
		}
		return this.#read();
	}

	/** The current element's index among `words` (lower case), or -1. */
	nameAmong(words: readonly string[]): number {
		return nameAmong(
			this.#host,
			this.bytes,
			this.localStart,
			this.nameEnd,
			words,
		);
	}

	selectAttribute(index: number): void {
		const attributes = this.attributes;
		this.#select(
			attributes.valueStart(index),
			attributes.valueEnd(index),
			attributes.isPlain(index),
			true,
		);
	}

	/** Of Text: its characters. A CDATA section's references are text. */
	selectText(): void {
		this.#select(this.start, this.end, this.isPlain, false);
		if (this.isCData) {
			this.valueStart = this.start + 9;
			this.valueEnd = this.end - 3;
		}
	}

	/** What was selected, as a string. */
	valueText(): string {
		return this.#host.text(this.valueBytes, this.valueStart, this.valueEnd);
	}

	/** A range of the document as a string: a name, for a message. */
	text(start: number, end: number): string {
		return this.#host.text(this.bytes, start, end);
	}

	/** Is the current text white space only? */
	isWhite(): boolean {
		return (
			!this.isCData &&
			this.#host.span(this.bytes, WHITE, this.start, this.end) === this.end
		);
	}

	#select(start: number, end: number, plain: boolean, value: boolean): void {
		if (plain) {
			this.valueBytes = this.bytes;
			this.valueStart = start;
			this.valueEnd = end;
			return;
		}
		this.valueBytes = expand(this.#host, this.bytes, start, end, value);
		this.valueStart = 0;
		this.valueEnd = this.valueBytes.length;
	}

	#begin(): void {
		this.#hasBegun = true;
		const bytes = this.bytes;
		checkBytes(this.#host, bytes, this.#limits.bytes);
		if (spells(bytes, 0, BYTE_ORDER_MARK)) {
			this.#at = BYTE_ORDER_MARK.length;
			this.isCanonical = false;
		}
		const at = this.#at;
		if (
			spells(bytes, at, DECLARATION) &&
			inSet(WHITE, bytes[at + DECLARATION.length] ?? 0)
		) {
			this.#at = readDeclaration(this.#host, bytes, at);
			this.isCanonical = false;
		}
	}

	#read(): Token {
		const bytes = this.bytes;
		const at = this.#at;
		this.start = at;
		this.depth = this.#open.length / OPEN_COLUMNS;
		if (at >= this.#end) return this.#finish();
		if (bytes[at] !== LESS) return this.#text();
		const second = bytes[at + 1];
		if (second === SLASH) return this.#endTag();
		if (second === QUESTION) {
			// Its white space and its place would have to be looked at closely.
			this.isCanonical = false;
			this.#at = this.end = readInstruction(
				this.#host,
				bytes,
				at,
				this.#limits.name,
			);
			return Token.Instruction;
		}
		if (second === EXCLAMATION) return this.#declared();
		return this.#startTag();
	}

	#finish(): Token {
		if (this.#open.length > 0)
			throw new HookswitchError(
				"xml-unfinished",
				`the document ends before </${this.#openName()}>`,
				this.#end,
			);
		if (!this.#hasRoot)
			throw new HookswitchError(
				"xml-unfinished",
				"the document has no element",
				this.#end,
			);
		this.end = this.#end;
		return Token.Finished;
	}

	/** `<!`: a comment, a CDATA section, or what we refuse. */
	#declared(): Token {
		const bytes = this.bytes;
		const at = this.#at;
		this.isCanonical = false;
		if (spells(bytes, at, COMMENT)) {
			this.#at = this.end = readComment(this.#host, bytes, at);
			return Token.Comment;
		}
		if (spells(bytes, at, DOCUMENT_TYPE))
			throw new HookswitchError(
				"xml-document-type",
				"a document type declaration is not allowed",
				at,
			);
		if (spells(bytes, at, CDATA)) {
			if (this.#open.length === 0) throw outside(at);
			this.#at = this.end = readCData(this.#host, bytes, at);
			this.isCData = true;
			this.isPlain = this.#host.find(bytes, RETURN, at, this.#end) >= this.#at;
			return Token.Text;
		}
		if (this.#end - at < 9) throw unfinished("markup", at);
		throw new HookswitchError("xml-tag", "'<!' starts no markup here", at);
	}

	#text(): Token {
		const bytes = this.bytes;
		const start = this.#at;
		if (this.#open.length === 0) {
			const stop = this.#host.span(bytes, WHITE, start, this.#end);
			if (stop < this.#end && bytes[stop] !== LESS) throw outside(stop);
			this.isCanonical = false;
			this.isPlain = true;
			this.isCData = false;
			this.#at = this.end = stop;
			return Token.Text;
		}
		let at = start;
		let plain = true;
		for (;;) {
			at = this.#host.span(bytes, PLAIN_TEXT, at, this.#end);
			if (at >= this.#end) break;
			const byte = bytes[at];
			if (byte === LESS) break;
			if (byte === AMPERSAND) {
				plain = false;
				at += this.#reference(at, false);
				continue;
			}
			// A literal '>' or carriage return: allowed, but not canonical.
			this.isCanonical = false;
			if (byte === RETURN) plain = false;
			else if (
				at - start >= 2 &&
				bytes[at - 1] === BRACKET_END &&
				bytes[at - 2] === BRACKET_END
			)
				throw new HookswitchError(
					"xml-text",
					"']]>' must not stand in text",
					at - 2,
				);
			at++;
		}
		this.isPlain = plain;
		this.isCData = false;
		this.#at = this.end = at;
		return Token.Text;
	}

	/** Checks the reference at `at`; gives its length. */
	#reference(at: number, inValue: boolean): number {
		const reference = readReference(this.#host, this.bytes, at, this.#end);
		const length = referenceLength(reference);
		if (this.isCanonical)
			this.isCanonical = isCanonicalReference(
				this.bytes,
				at,
				length,
				referenceCode(reference),
				inValue,
			);
		return length;
	}

	#startTag(): Token {
		const bytes = this.bytes;
		const start = this.#at;
		if (this.#open.length === 0) {
			if (this.#hasRoot)
				throw new HookswitchError(
					"xml-second-root",
					"a second element outside the first",
					start,
				);
			this.#hasRoot = true;
		}
		if (this.#open.length >= this.#limits.depth * OPEN_COLUMNS)
			throw new HookswitchError(
				"xml-too-deep",
				`elements are nested more than ${this.#limits.depth} deep`,
				start,
			);
		this.#name(start + 1);
		const { nameStart, nameEnd, localStart } = this;
		this.attributes.count = 0;
		this.#bindingsBefore = this.namespaces.size;
		let at = nameEnd;
		for (;;) {
			let next = at;
			if (bytes[at] === SPACE && (bytes[at + 1] ?? 0) > SPACE) next = at + 1;
			else next = this.#host.span(bytes, WHITE, at, this.#end);
			if (next >= this.#end) throw unfinished("a start tag", start);
			const byte = bytes[next];
			if (byte === GREATER || byte === SLASH) {
				if (next !== at) this.isCanonical = false;
				at = next;
				break;
			}
			if (next === at)
				throw new HookswitchError(
					"xml-attribute",
					"white space or the end of the tag is expected here",
					at,
				);
			if (next !== at + 1 || bytes[at] !== SPACE) this.isCanonical = false;
			at = this.#attribute(next);
		}
		this.nameStart = nameStart;
		this.nameEnd = nameEnd;
		this.localStart = localStart;
		if (bytes[at] === SLASH) {
			if (at + 1 >= this.#end) throw unfinished("a start tag", start);
			if (bytes[at + 1] !== GREATER)
				throw new HookswitchError("xml-tag", "'>' must follow '/'", at + 1);
			this.#isEmptyElement = true;
			this.isCanonical = false;
			at++;
		}
		this.#at = this.end = at + 1;
		this.namespace = this.#resolve(nameStart, localStart);
		this.#checkAttributes();
		this.#open.push(nameStart, nameEnd, this.#bindingsBefore);
		this.depth = this.#open.length / OPEN_COLUMNS;
		return Token.Start;
	}

	/** A qualified name at `at`: sets `nameStart`, `localStart`, `nameEnd`. */
	#name(at: number): void {
		const most = this.#limits.name;
		this.nameStart = this.localStart = at;
		this.nameEnd = readName(this.#host, this.bytes, at, most);
		if (this.bytes[this.nameEnd] === COLON) {
			this.localStart = this.nameEnd + 1;
			this.nameEnd = readName(this.#host, this.bytes, this.localStart, most);
		}
	}

	/** One attribute, or a namespace declaration. Gives the offset after it. */
	#attribute(start: number): number {
		const bytes = this.bytes;
		this.#name(start);
		const { localStart, nameEnd } = this;
		let at = nameEnd;
		if (bytes[at] !== EQUALS) {
			this.isCanonical = false;
			at = this.#host.span(bytes, WHITE, at, this.#end);
			if (at >= this.#end) throw unfinished("an attribute", start);
			if (bytes[at] !== EQUALS)
				throw new HookswitchError(
					"xml-attribute",
					"'=' and a value must follow the attribute's name",
					at,
				);
		}
		at++;
		let quote = bytes[at];
		if (quote !== QUOTE) {
			this.isCanonical = false;
			at = this.#host.span(bytes, WHITE, at, this.#end);
			if (at >= this.#end) throw unfinished("an attribute", start);
			quote = bytes[at];
			if (quote !== QUOTE && quote !== APOSTROPHE)
				throw new HookswitchError(
					"xml-attribute",
					"the attribute's value must stand in quotes",
					at,
				);
		}
		const valueStart = at + 1;
		const plainEnd = this.#value(valueStart, quote);
		const valueEnd = Math.abs(plainEnd);
		if (valueEnd - valueStart > this.#limits.value)
			throw new HookswitchError(
				"xml-value-too-long",
				`an attribute's value is longer than ${this.#limits.value} bytes`,
				valueStart,
			);
		if (this.#isDeclaration(start, localStart, nameEnd)) {
			const prefixed = localStart > start;
			// A prefix's place in the canonical order takes more than a look back.
			if (prefixed || this.attributes.count > 0) this.isCanonical = false;
			this.#select(valueStart, valueEnd, plainEnd > 0, true);
			const uri = this.valueText();
			const before = this.namespaces.resolve(0, 0, this.#bindingsBefore);
			this.namespaces.declare(
				prefixed ? localStart : nameEnd,
				nameEnd,
				uri,
				this.#bindingsBefore,
			);
			if (!prefixed && this.namespaces.uri(before) === uri)
				this.isCanonical = false;
			return valueEnd + 1;
		}
		if (this.attributes.count >= this.#limits.attributes)
			throw new HookswitchError(
				"xml-too-many-attributes",
				`an element has more than ${this.#limits.attributes} attributes`,
				start,
			);
		this.attributes.add(
			start,
			localStart,
			nameEnd,
			valueStart,
			valueEnd,
			plainEnd > 0,
		);
		return valueEnd + 1;
	}

	/** The end of a value, negative when it does not stand for itself. */
	#value(start: number, quote: number): number {
		const bytes = this.bytes;
		const set = quote === QUOTE ? PLAIN_IN_DOUBLE : PLAIN_IN_SINGLE;
		let at = start;
		let plain = true;
		for (;;) {
			at = this.#host.span(bytes, set, at, this.#end);
			if (at >= this.#end) throw unfinished("an attribute", start);
			const byte = bytes[at];
			if (byte === quote) return plain ? at : -at;
			plain = false;
			if (byte === LESS)
				throw new HookswitchError(
					"xml-attribute",
					"'<' must not stand in an attribute's value",
					at,
				);
			if (byte === AMPERSAND) at += this.#reference(at, true);
			else {
				this.isCanonical = false;
				at++;
			}
		}
	}

	/** `xmlns` or `xmlns:prefix`. */
	#isDeclaration(start: number, localStart: number, nameEnd: number): boolean {
		const end = localStart > start ? localStart - 1 : nameEnd;
		return end - start === 5 && spells(this.bytes, start, XMLNS);
	}

	#resolve(nameStart: number, localStart: number): number {
		const end = localStart > nameStart ? localStart - 1 : nameStart;
		const namespace = this.namespaces.resolve(nameStart, end);
		if (namespace < 0)
			throw new HookswitchError(
				"xml-prefix",
				`the prefix '${this.text(nameStart, end)}' is not declared`,
				nameStart,
			);
		return namespace;
	}

	/** Attributes in ascending order, without prefixes, are canonical and can't repeat. */
	#checkAttributes(): void {
		const attributes = this.attributes;
		let isAscending = true;
		for (let index = 0; index < attributes.count; index++) {
			const nameStart = attributes.nameStart(index);
			const localStart = attributes.localStart(index);
			if (localStart > nameStart) {
				attributes.setNamespace(index, this.#resolve(nameStart, localStart));
				isAscending = false;
			} else if (index > 0 && isAscending)
				isAscending = attributes.order(index - 1, index) < 0;
		}
		if (isAscending) return;
		this.isCanonical = false;
		attributes.refuseRepeated();
	}

	#endTag(): Token {
		const bytes = this.bytes;
		const start = this.#at;
		const nameStart = start + 2;
		const open = this.#open.length - OPEN_COLUMNS;
		if (open < 0)
			throw new HookswitchError(
				"xml-end-tag",
				"no element is open here",
				start,
			);
		const openStart = this.#open[open] ?? 0;
		const nameEnd = nameStart + (this.#open[open + 1] ?? 0) - openStart;
		if (nameEnd >= this.#end) throw unfinished("an end tag", start);
		if (
			this.#host.compare(
				bytes,
				openStart,
				this.#open[open + 1] ?? 0,
				bytes,
				nameStart,
				nameEnd,
			) !== 0
		)
			throw this.#wrongEndTag(start);
		let at = nameEnd;
		if (bytes[at] !== GREATER) {
			this.isCanonical = false;
			at = this.#host.span(bytes, WHITE, at, this.#end);
			if (at >= this.#end) throw unfinished("an end tag", start);
			if (bytes[at] !== GREATER) throw this.#wrongEndTag(start);
		}
		this.#at = this.end = at + 1;
		return this.#leave();
	}

	#wrongEndTag(at: number): HookswitchError {
		return new HookswitchError(
			"xml-end-tag",
			`</${this.#openName()}> is expected here`,
			at,
		);
	}

	#openName(): string {
		const open = this.#open.length - OPEN_COLUMNS;
		return this.text(this.#open[open] ?? 0, this.#open[open + 1] ?? 0);
	}

	/** The end of the innermost element. */
	#leave(): Token {
		const open = this.#open.length - OPEN_COLUMNS;
		this.depth = this.#open.length / OPEN_COLUMNS;
		this.nameStart = this.#open[open] ?? 0;
		this.nameEnd = this.#open[open + 1] ?? 0;
		this.namespaces.leave(this.#open[open + 2] ?? 0);
		this.#open.length = open;
		return Token.End;
	}
}

function outside(at: number): HookswitchError {
	return new HookswitchError(
		"xml-text-outside",
		"text outside the document's element",
		at,
	);
}
