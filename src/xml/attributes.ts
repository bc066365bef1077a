/**
 * The attributes of one start tag, as rows of offsets into the document: names,
 * values, namespaces, and that no two are the same (XML 1.0 §3.1; Namespaces in
 * XML 1.0 §6.3). One table serves all tags of a document, so a tag allocates nothing.
 */
import { HookswitchError } from "../errors.js";
import type { Host } from "../host.js";
import { OUR_NAME } from "./characters.js";

const NAME_START = 0;
const LOCAL_START = 1;
const NAME_END = 2;
const VALUE_START = 3;
const VALUE_END = 4;
const IS_PLAIN = 5;
const NAMESPACE = 6;
const COLUMNS = 7;

export class Attributes {
	readonly #host: Host;
	readonly #bytes: Uint8Array;
	readonly #rows: number[] = [];
	/** How many there are; namespace declarations are not among them. */
	count = 0;

	constructor(host: Host, bytes: Uint8Array) {
		this.#host = host;
		this.#bytes = bytes;
	}

	add(
		nameStart: number,
		localStart: number,
		nameEnd: number,
		valueStart: number,
		valueEnd: number,
		isPlain: boolean,
	): void {
		const rows = this.#rows;
		const at = this.count++ * COLUMNS;
		rows[at] = nameStart;
		rows[at + LOCAL_START] = localStart;
		rows[at + NAME_END] = nameEnd;
		rows[at + VALUE_START] = valueStart;
		rows[at + VALUE_END] = valueEnd;
		rows[at + IS_PLAIN] = isPlain ? 1 : 0;
		rows[at + NAMESPACE] = 0;
	}

	nameStart(index: number): number {
		return this.#rows[index * COLUMNS + NAME_START] ?? 0;
	}

	/** Where the name starts after its prefix. */
	localStart(index: number): number {
		return this.#rows[index * COLUMNS + LOCAL_START] ?? 0;
	}

	nameEnd(index: number): number {
		return this.#rows[index * COLUMNS + NAME_END] ?? 0;
	}

	/** Where the value stands in the document. */
	valueStart(index: number): number {
		return this.#rows[index * COLUMNS + VALUE_START] ?? 0;
	}

	valueEnd(index: number): number {
		return this.#rows[index * COLUMNS + VALUE_END] ?? 0;
	}

	/** Does the value stand for itself, without references or line ends? */
	isPlain(index: number): boolean {
		return this.#rows[index * COLUMNS + IS_PLAIN] === 1;
	}

	namespace(index: number): number {
		return this.#rows[index * COLUMNS + NAMESPACE] ?? 0;
	}

	setNamespace(index: number, namespace: number): void {
		this.#rows[index * COLUMNS + NAMESPACE] = namespace;
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
