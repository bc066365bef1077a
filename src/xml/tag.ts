/**
 * One start tag or empty-element tag (XML 1.0 §3.1; Namespaces in XML 1.0 §3–6): its
 * name, its attributes, the namespaces that it declares. One object serves all tags
 * of a document in turn.
 */
import { HookswitchError } from "../errors.js";
import type { Host } from "../host.js";
import { Attributes } from "./attributes.js";
import { PLAIN_IN_DOUBLE, PLAIN_IN_SINGLE, WHITE } from "./characters.js";
import type { XmlLimits } from "./limits.js";
import { codes, readName, spells, unfinished } from "./markup.js";
import { Namespaces, NO_NAMESPACE } from "./namespaces.js";
import { checkReference, expand, Within } from "./reference.js";

const LESS = 0x3c;
const GREATER = 0x3e;
const SLASH = 0x2f;
const EQUALS = 0x3d;
const QUOTE = 0x22;
const APOSTROPHE = 0x27;
const AMPERSAND = 0x26;
const COLON = 0x3a;
const SPACE = 0x20;
const XMLNS = codes("xmlns");

export class StartTag {
	readonly namespaces: Namespaces;
	readonly attributes: Attributes;
	readonly #host: Host;
	readonly #bytes: Uint8Array;
	readonly #limits: XmlLimits;
	readonly #end: number;

	nameStart = 0;
	/** Where the name starts after its prefix. */
	localStart = 0;
	nameEnd = 0;
	/** A number of `namespaces`. */
	namespace = NO_NAMESPACE;
	/** The tag's own declarations are the bindings from here on. */
	firstBinding = 0;
	/** Does it end with `/>`? */
	isEmpty = false;
	/** Is it certainly written as canonical XML writes it? */
	isCanonical = true;

	constructor(
		host: Host,
		bytes: Uint8Array,
		known: readonly string[],
		limits: XmlLimits,
	) {
		this.#host = host;
		this.#bytes = bytes;
		this.#limits = limits;
		this.#end = bytes.length;
		this.attributes = new Attributes(host, bytes);
		this.namespaces = new Namespaces(host, bytes, known, limits.namespaces);
	}

	/** Reads the tag whose `<` is at `start`; gives the offset after it. */
	read(start: number): number {
		const bytes = this.#bytes;
		this.isCanonical = true;
		this.isEmpty = false;
		this.attributes.count = 0;
		this.firstBinding = this.namespaces.size;
		this.#name(start + 1);
		const { nameStart, nameEnd, localStart } = this;
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
		if (bytes[at] === SLASH) {
			if (at + 1 >= this.#end) throw unfinished("a start tag", start);
			if (bytes[at + 1] !== GREATER)
				throw new HookswitchError("xml-tag", "'>' must follow '/'", at + 1);
			this.isEmpty = true;
			this.isCanonical = false;
			at++;
		}
		this.nameStart = nameStart;
		this.nameEnd = nameEnd;
		this.localStart = localStart;
		this.namespace = this.#resolve(nameStart, localStart);
		this.#checkAttributes();
		return at + 1;
	}

	/** A qualified name at `at`: sets `nameStart`, `localStart`, `nameEnd`. */
	#name(at: number): void {
		const most = this.#limits.name;
		this.nameStart = this.localStart = at;
		this.nameEnd = readName(this.#host, this.#bytes, at, most);
		if (this.#bytes[this.nameEnd] === COLON) {
			this.localStart = this.nameEnd + 1;
			this.nameEnd = readName(this.#host, this.#bytes, this.localStart, most);
		}
	}

	/** One attribute, or a namespace declaration. Gives the offset after it. */
	#attribute(start: number): number {
		const bytes = this.#bytes;
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
			const uri = this.#uri(valueStart, valueEnd, plainEnd > 0);
			const before = this.namespaces.resolve(0, 0, this.firstBinding);
			this.namespaces.declare(
				prefixed ? localStart : nameEnd,
				nameEnd,
				uri,
				this.firstBinding,
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

	/** The value of a namespace declaration. */
	#uri(start: number, end: number, isPlain: boolean): string {
		if (isPlain) return this.#host.text(this.#bytes, start, end);
		const bytes = expand(this.#host, this.#bytes, start, end, Within.Value);
		return this.#host.text(bytes, 0, bytes.length);
	}

	/** The end of a value, negative when it does not stand for itself. */
	#value(start: number, quote: number): number {
		const bytes = this.#bytes;
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
			if (byte === AMPERSAND) {
				const length = checkReference(this.#host, bytes, at, this.#end, true);
				if (length < 0) this.isCanonical = false;
				at += Math.abs(length);
			} else {
				this.isCanonical = false;
				at++;
			}
		}
	}

	/** `xmlns` or `xmlns:prefix`. */
	#isDeclaration(start: number, localStart: number, nameEnd: number): boolean {
		const end = localStart > start ? localStart - 1 : nameEnd;
		return end - start === 5 && spells(this.#bytes, start, XMLNS);
	}

	#resolve(nameStart: number, localStart: number): number {
		const end = localStart > nameStart ? localStart - 1 : nameStart;
		const namespace = this.namespaces.resolve(nameStart, end);
		if (namespace < 0)
			throw new HookswitchError(
				"xml-prefix",
				`the prefix '${this.#host.text(this.#bytes, nameStart, end)}' is not declared`,
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
}
