/**
 * One start tag or empty-element tag (XML 1.0 §3.1; Namespaces in XML 1.0 §3–6): its
 * name, its attributes, the namespaces that it declares. One object serves all tags
 * of a document in turn.
 */
import { HookswitchError } from "../errors.js";
import type { Host } from "../host.js";
import { Attributes } from "./attributes.js";
import {
	OUR_NAME,
	PLAIN_IN_DOUBLE,
	PLAIN_IN_SINGLE,
	WHITE,
} from "./characters.js";
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
const DOT = 0x2e;
const XMLNS = codes("xmlns");

export class StartTag {
	readonly namespaces: Namespaces;
	readonly attributes: Attributes;
	readonly #host: Host;
	readonly #bytes: Uint8Array;
	readonly #limits: XmlLimits;
	readonly #end: number;
	/** The name of the attribute before, to see whether they ascend. */
	#lastStart = 0;
	#lastEnd = 0;
	#isAscending = true;

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
		this.attributes.clear();
		this.#isAscending = true;
		this.firstBinding = this.namespaces.size;
		this.#name(start + 1);
		const { nameStart, nameEnd, localStart } = this;
		let at = nameEnd;
		for (;;) {
			at = this.#plainAttributes(at);
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
		if (this.attributes.hasPrefixes) this.#resolvePrefixes();
		// In ascending order and without prefixes none can repeat, and they are canonical.
		if (!this.#isAscending) {
			this.isCanonical = false;
			this.attributes.refuseRepeated();
		}
		return at + 1;
	}

	/**
	 * Attributes from `at` on as our own server writes them: one space, a name in
	 * lower case, double quotes, no reference. Gives the offset of what is otherwise,
	 * which is read, or refused, by `#attribute`. This loop is what a device spends
	 * its time in: few steps, few calls.
	 */
	#plainAttributes(start: number): number {
		const { attributes } = this;
		const bytes = this.#bytes;
		const host = this.#host;
		const end = this.#end;
		const limits = this.#limits;
		let at = start;
		let lastStart = this.#lastStart;
		let lastEnd = this.#lastEnd;
		while (bytes[at] === SPACE && attributes.count < limits.attributes) {
			const nameStart = at + 1;
			const nameEnd = host.span(bytes, OUR_NAME, nameStart, end);
			if (bytes[nameEnd] !== EQUALS || bytes[nameEnd + 1] !== QUOTE) break;
			const first = bytes[nameStart] ?? 0;
			// A digit or hyphen starts no name; `x` may start a namespace declaration.
			if (first < 0x61 || first === 0x78 || nameEnd - nameStart > limits.name)
				break;
			const valueStart = nameEnd + 2;
			const valueEnd = host.span(bytes, PLAIN_IN_DOUBLE, valueStart, end);
			if (bytes[valueEnd] !== QUOTE || valueEnd - valueStart > limits.value)
				break;
			if (
				attributes.count > 0 &&
				host.compare(bytes, lastStart, lastEnd, bytes, nameStart, nameEnd) >= 0
			)
				this.#isAscending = false;
			attributes.add(nameStart, nameEnd, valueStart, valueEnd);
			lastStart = nameStart;
			lastEnd = nameEnd;
			at = valueEnd + 1;
		}
		this.#lastStart = lastStart;
		this.#lastEnd = lastEnd;
		return at;
	}

	/** A qualified name at `at`: sets `nameStart`, `localStart`, `nameEnd`. */
	#name(at: number): void {
		const most = this.#limits.name;
		const bytes = this.#bytes;
		this.nameStart = this.localStart = at;
		const end = this.#host.span(bytes, OUR_NAME, at, this.#end);
		const stop = bytes[end] ?? COLON;
		// The names of our own vocabularies need no closer look.
		if (
			(bytes[at] ?? 0) >= 0x61 &&
			stop <= GREATER &&
			stop !== COLON &&
			stop !== DOT &&
			end - at <= most
		) {
			this.nameEnd = end;
			return;
		}
		this.nameEnd = readName(this.#host, bytes, at, most);
		if (bytes[this.nameEnd] === COLON) {
			this.localStart = this.nameEnd + 1;
			this.nameEnd = readName(this.#host, bytes, this.localStart, most);
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
		if (localStart > start) {
			this.attributes.hasPrefixes = true;
			this.#isAscending = false;
		} else if (
			this.attributes.count > 0 &&
			this.#host.compare(
				bytes,
				this.#lastStart,
				this.#lastEnd,
				bytes,
				start,
				nameEnd,
			) >= 0
		)
			this.#isAscending = false;
		this.attributes.add(start, nameEnd, valueStart, plainEnd);
		this.#lastStart = start;
		this.#lastEnd = nameEnd;
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

	/** Where local names start, and which namespaces they are in; some name has a prefix. */
	#resolvePrefixes(): void {
		const { attributes } = this;
		for (let index = 0; index < attributes.count; index++) {
			const start = attributes.nameStart(index);
			const end = attributes.nameEnd(index);
			const colon = this.#host.find(this.#bytes, COLON, start, end);
			if (colon === end) attributes.setPrefix(index, start, NO_NAMESPACE);
			else
				attributes.setPrefix(index, colon + 1, this.#resolve(start, colon + 1));
		}
	}
}
