/**
 * Writes canonical XML (Canonical XML 1.0): attributes sorted, empty elements as a
 * pair of tags, UTF-8, no declaration. Two writers of the same things write the
 * same bytes, which is what a digest needs.
 */
import { inSet } from "../bytes.js";
import { HookswitchError } from "../errors.js";
import type { Host } from "../host.js";
import {
	ALLOWED,
	PLAIN_IN_CANONICAL_TEXT,
	PLAIN_IN_CANONICAL_VALUE,
} from "./characters.js";

const START_SIZE = 512;

/** Bytes that grow as they are written. */
export class ByteWriter {
	readonly #host: Host;
	#bytes: Uint8Array;
	#length = 0;

	constructor(host: Host, capacity = START_SIZE) {
		this.#host = host;
		this.#bytes = new Uint8Array(capacity);
	}

	#reserve(more: number): void {
		const needed = this.#length + more;
		if (needed <= this.#bytes.length) return;
		const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
		larger.set(this.#bytes.subarray(0, this.#length));
		this.#bytes = larger;
	}

	/** Markup: it is written as it stands. */
	ascii(text: string): void {
		this.bytes(this.#host.encode(text));
	}

	bytes(bytes: Uint8Array): void {
		this.#reserve(bytes.length);
		this.#bytes.set(bytes, this.#length);
		this.#length += bytes.length;
	}

	range(bytes: Uint8Array, start: number, end: number): void {
		this.bytes(bytes.subarray(start, end));
	}

	/** Characters, with those escaped that canonical XML escapes in a text or in a value. */
	escaped(
		bytes: Uint8Array,
		start: number,
		end: number,
		inValue: boolean,
	): void {
		const plain = inValue ? PLAIN_IN_CANONICAL_VALUE : PLAIN_IN_CANONICAL_TEXT;
		let at = start;
		for (;;) {
			const stop = this.#host.span(bytes, plain, at, end);
			if (stop > at) this.range(bytes, at, stop);
			if (stop >= end) return;
			this.ascii(reference(bytes[stop] ?? 0));
			at = stop + 1;
		}
	}

	/** What was written; the writer is done. */
	finish(): Uint8Array {
		return this.#bytes.slice(0, this.#length);
	}
}

function reference(byte: number): string {
	switch (byte) {
		case 0x26:
			return "&amp;";
		case 0x3c:
			return "&lt;";
		case 0x3e:
			return "&gt;";
		case 0x22:
			return "&quot;";
		case 0x09:
			return "&#x9;";
		case 0x0a:
			return "&#xA;";
		default:
			return "&#xD;";
	}
}

/** One attribute; undefined is not written. */
export type AttributeValue = readonly [name: string, value: string | undefined];

/** Writes one vocabulary: names are ours, without prefixes. */
export class XmlWriter {
	readonly #host: Host;
	readonly #out: ByteWriter;
	readonly #open: string[] = [];

	constructor(host: Host) {
		this.#host = host;
		this.#out = new ByteWriter(host);
	}

	/** A start tag. `namespace` is declared on it when given. Attributes may come in any order. */
	start(
		name: string,
		attributes: readonly AttributeValue[],
		namespace?: string,
	): void {
		this.#out.ascii(`<${name}`);
		if (namespace !== undefined) this.#attribute("xmlns", namespace);
		const sorted = [...attributes].sort(byName);
		for (const [attribute, value] of sorted)
			if (value !== undefined) this.#attribute(attribute, value);
		this.#out.ascii(">");
		this.#open.push(name);
	}

	end(): void {
		this.#out.ascii(`</${this.#open.pop()}>`);
	}

	/** An element with nothing in it. */
	element(name: string, attributes: readonly AttributeValue[]): void {
		this.start(name, attributes);
		this.end();
	}

	text(text: string): void {
		const bytes = this.#checked(text);
		this.#out.escaped(bytes, 0, bytes.length, false);
	}

	finish(): Uint8Array {
		while (this.#open.length > 0) this.end();
		return this.#out.finish();
	}

	#attribute(name: string, value: string): void {
		const bytes = this.#checked(value);
		this.#out.ascii(` ${name}="`);
		this.#out.escaped(bytes, 0, bytes.length, true);
		this.#out.ascii('"');
	}

	/** UTF-8 of a text that XML can hold. */
	#checked(text: string): Uint8Array {
		const bytes = this.#host.encode(text);
		const stop = this.#host.span(bytes, ALLOWED, 0, bytes.length);
		if (stop < bytes.length && !inSet(ALLOWED, bytes[stop] ?? 0))
			throw new HookswitchError(
				"xml-character",
				"a character that XML does not allow",
				stop,
			);
		return bytes;
	}
}

/** Our names are ASCII: their code units sort as their bytes do. */
function byName(one: AttributeValue, other: AttributeValue): number {
	return one[0] < other[0] ? -1 : one[0] > other[0] ? 1 : 0;
}
