/**
 * The scanner of XML documents: bytes in, one token at a time out, checked for
 * being well-formed (XML 1.0 fifth edition) and namespace-well-formed (Namespaces
 * in XML 1.0). It knows no vocabulary and builds no tree.
 *
 * What it leaves out, and refuses: document type declarations and all that follows
 * from them, encodings other than UTF-8. It takes time
 * linear in the document's length.
 *
 * Tokens are ranges of the document's own bytes; a text is made only of what the
 * reader asks for. While scanning it finds out whether the document is its own
 * canonical form (`canonical.ts`), which costs next to nothing here.
 */
import { inSet } from "../bytes.js";
import { HookswitchError } from "../errors.js";
import type { Host } from "../host.js";
import { type Attributes, nameAmong } from "./attributes.js";
import { PLAIN_TEXT, WHITE } from "./characters.js";
import { XML_LIMITS, type XmlLimits } from "./limits.js";
import {
	checkBytes,
	codes,
	readCData,
	readComment,
	readDeclaration,
	readInstruction,
	spells,
	unfinished,
} from "./markup.js";
import { type Namespaces, NO_NAMESPACE } from "./namespaces.js";
import { checkReference, expand, Within } from "./reference.js";
import { StartTag } from "./tag.js";

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
const AMPERSAND = 0x26;
const EXCLAMATION = 0x21;
const QUESTION = 0x3f;
const BRACKET_END = 0x5d;
const RETURN = 0x0d;

const BYTE_ORDER_MARK: readonly number[] = Object.freeze([0xef, 0xbb, 0xbf]);
const DECLARATION = codes("<?xml");
const COMMENT = codes("<!--");
const DOCUMENT_TYPE = codes("<!DOCTYPE");
const CDATA = codes("<![CDATA[");
const CDATA_END = 3;
/** A value that stands for itself. */
const PLAIN = -1;
/** Columns of an open element's row: name, name's end, bindings before it. */
const OPEN_COLUMNS = 3;

export class XmlScanner {
	readonly bytes: Uint8Array;
	readonly #host: Host;
	readonly #limits: XmlLimits;
	readonly #tag: StartTag;
	readonly #end: number;
	#at = 0;
	/** Rows of the open elements. It never shrinks: setting an array's length moves it on XS. */
	readonly #open: number[] = [];
	/** How much of it is in use. */
	#openSize = 0;
	#hasBegun = false;
	#isEmptyElement = false;
	#hasRoot = false;

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
		this.#tag = new StartTag(host, bytes, known, limits);
	}

	/** Of Start. Namespace declarations are no attributes here. */
	get attributes(): Attributes {
		return this.#tag.attributes;
	}

	get namespaces(): Namespaces {
		return this.#tag.namespaces;
	}

	/** The bindings that the current start tag declares are those from here to `namespaces.size`. */
	get firstBinding(): number {
		return this.#tag.firstBinding;
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
		const { attributes } = this.#tag;
		const start = attributes.valueStart(index);
		const end = attributes.valueEnd(index);
		if (end >= 0) {
			this.valueBytes = this.bytes;
			this.valueStart = start;
			this.valueEnd = end;
		} else this.#select(start, -end, Within.Value);
	}

	/** Of Text: its characters. */
	selectText(): void {
		if (this.isCData)
			this.#select(
				this.start + CDATA.length,
				this.end - CDATA_END,
				this.isPlain ? PLAIN : Within.CData,
			);
		else this.#select(this.start, this.end, this.isPlain ? PLAIN : Within.Text);
	}

	/** What was selected, as a string. */
	valueText(): string {
		return this.#host.text(this.valueBytes, this.valueStart, this.valueEnd);
	}

	/** A range of the document as a string: a name, for a message. */
	text(start: number, end: number): string {
		return this.#host.text(this.bytes, start, end);
	}

	/** Where the current text's first character stands that is not white space; its end when there is none. */
	whiteEnd(): number {
		return this.isCData
			? this.start
			: this.#host.span(this.bytes, WHITE, this.start, this.end);
	}

	#select(start: number, end: number, within: Within | -1): void {
		if (within === PLAIN) {
			this.valueBytes = this.bytes;
			this.valueStart = start;
			this.valueEnd = end;
			return;
		}
		this.valueBytes = expand(this.#host, this.bytes, start, end, within);
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
		this.depth = this.#openSize / OPEN_COLUMNS;
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
		if (this.#openSize > 0)
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
			if (this.#openSize === 0) throw outside(at);
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
		if (this.#openSize === 0) {
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
				const length = checkReference(this.#host, bytes, at, this.#end, false);
				if (length < 0) this.isCanonical = false;
				at += Math.abs(length);
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

	#startTag(): Token {
		const start = this.#at;
		if (this.#openSize === 0) {
			if (this.#hasRoot)
				throw new HookswitchError(
					"xml-second-root",
					"a second element outside the first",
					start,
				);
			this.#hasRoot = true;
		}
		if (this.#openSize >= this.#limits.depth * OPEN_COLUMNS)
			throw new HookswitchError(
				"xml-too-deep",
				`elements are nested more than ${this.#limits.depth} deep`,
				start,
			);
		const tag = this.#tag;
		this.#at = this.end = tag.read(start);
		if (!tag.isCanonical) this.isCanonical = false;
		this.#isEmptyElement = tag.isEmpty;
		this.nameStart = tag.nameStart;
		this.nameEnd = tag.nameEnd;
		this.localStart = tag.localStart;
		this.namespace = tag.namespace;
		const open = this.#open;
		const size = this.#openSize;
		open[size] = tag.nameStart;
		open[size + 1] = tag.nameEnd;
		open[size + 2] = tag.firstBinding;
		this.#openSize = size + OPEN_COLUMNS;
		this.depth = this.#openSize / OPEN_COLUMNS;
		return Token.Start;
	}

	#endTag(): Token {
		const bytes = this.bytes;
		const start = this.#at;
		const nameStart = start + 2;
		const open = this.#openSize - OPEN_COLUMNS;
		if (open < 0)
			throw new HookswitchError(
				"xml-end-tag",
				"no element is open here",
				start,
			);
		const openStart = this.#open[open] ?? 0;
		const nameEnd = nameStart + (this.#open[open + 1] ?? 0) - openStart;
		if (nameEnd >= this.#end)
			throw this.#host.find(bytes, GREATER, nameStart, this.#end) < this.#end
				? this.#wrongEndTag(start)
				: unfinished("an end tag", start);
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
		const open = this.#openSize - OPEN_COLUMNS;
		return this.text(this.#open[open] ?? 0, this.#open[open + 1] ?? 0);
	}

	/** The end of the innermost element. */
	#leave(): Token {
		const open = this.#openSize - OPEN_COLUMNS;
		this.depth = this.#openSize / OPEN_COLUMNS;
		this.nameStart = this.#open[open] ?? 0;
		this.nameEnd = this.#open[open + 1] ?? 0;
		this.namespaces.leave(this.#open[open + 2] ?? 0);
		this.#openSize = open;
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
