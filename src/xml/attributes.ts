/**
 * The attributes of one start tag, as rows of offsets into the document: names,
 * values, namespaces, and that no two are the same (XML 1.0 §3.1; Namespaces in
 * XML 1.0 §6.3). One table serves all tags of a document, so a tag allocates nothing.
 */
import { HookswitchError } from "../errors.js";
import type { Host } from "../host.js";
import { OUR_NAME } from "./characters.js";

const NAME_START = 0;
const NAME_END = 1;
const VALUE_START = 2;
/** Negative when the value does not stand for itself. */
const VALUE_END = 3;
const COLUMNS = 4;
/** Only where a name of the tag has a prefix. */
const LOCAL_START = 0;
const NAMESPACE = 1;
const PREFIX_COLUMNS = 2;

export class Attributes {
	readonly #host: Host;
	readonly #bytes: Uint8Array;
	readonly #rows: number[] = [];
	readonly #prefixRows: number[] = [];
	/** How many there are; namespace declarations are not among them. */
	count = 0;
	/** Does one of the names have a prefix? */
	hasPrefixes = false;

	constructor(host: Host, bytes: Uint8Array) {
		this.#host = host;
		this.#bytes = bytes;
	}

	clear(): void {
		this.count = 0;
		this.hasPrefixes = false;
	}

	/** `valueEnd` is negative when the value does not stand for itself. */
	add(
		nameStart: number,
		nameEnd: number,
		valueStart: number,
		valueEnd: number,
	): void {
		const rows = this.#rows;
		let at = this.count++ * COLUMNS;
		rows[at++] = nameStart;
		rows[at++] = nameEnd;
		rows[at++] = valueStart;
		rows[at] = valueEnd;
	}

	nameStart(index: number): number {
		return this.#rows[index * COLUMNS + NAME_START] ?? 0;
	}

	/** Where the name starts after its prefix. */
	localStart(index: number): number {
		return this.hasPrefixes
			? (this.#prefixRows[index * PREFIX_COLUMNS + LOCAL_START] ?? 0)
			: this.nameStart(index);
	}

	nameEnd(index: number): number {
		return this.#rows[index * COLUMNS + NAME_END] ?? 0;
	}

	/** Where the value stands in the document. */
	valueStart(index: number): number {
		return this.#rows[index * COLUMNS + VALUE_START] ?? 0;
	}

	/** Its end, negative when the value does not stand for itself: it has references or line ends. */
	valueEnd(index: number): number {
		return this.#rows[index * COLUMNS + VALUE_END] ?? 0;
	}

	namespace(index: number): number {
		return this.hasPrefixes
			? (this.#prefixRows[index * PREFIX_COLUMNS + NAMESPACE] ?? 0)
			: 0;
	}

	setPrefix(index: number, localStart: number, namespace: number): void {
		const at = index * PREFIX_COLUMNS;
		this.#prefixRows[at + LOCAL_START] = localStart;
		this.#prefixRows[at + NAMESPACE] = namespace;
	}

	/** The index of the local name among `words` (lower case), or -1. */
	among(index: number, words: readonly string[]): number {
		return nameAmong(
			this.#host,
			this.#bytes,
			this.localStart(index),
			this.nameEnd(index),
			words,
		);
	}

	/** Order of two attributes' local names, by bytes. */
	order(one: number, other: number): number {
		return this.#host.compare(
			this.#bytes,
			this.localStart(one),
			this.nameEnd(one),
			this.#bytes,
			this.localStart(other),
			this.nameEnd(other),
		);
	}

	/** Pair by pair, which the limit on attributes keeps short. */
	refuseRepeated(): void {
		for (let index = 1; index < this.count; index++)
			for (let other = 0; other < index; other++)
				if (
					this.namespace(index) === this.namespace(other) &&
					this.order(other, index) === 0
				)
					throw new HookswitchError(
						"xml-repeated-attribute",
						`the attribute '${this.#host.text(this.#bytes, this.nameStart(index), this.nameEnd(index))}' stands twice`,
						this.nameStart(index),
					);
	}
}

/** The index of a name among `words` (lower case), or -1. */
export function nameAmong(
	host: Host,
	bytes: Uint8Array,
	start: number,
	end: number,
	words: readonly string[],
): number {
	const index = host.indexOfWord(bytes, start, end, words);
	// The native folds case, XML does not; our names are all lower case.
	return index >= 0 && host.span(bytes, OUR_NAME, start, end) === end
		? index
		: -1;
}
