/**
 * Rules of an access list, compiled: rows of eight bytes in the order of their
 * keys, and the keys in one array. What is asked is answered by one binary search
 * for each kind of rule; a key that is a prefix of others is reached through links.
 *
 * Row: kind, rights, key's offset (3 bytes, big-endian), key's length, parent (2
 * bytes: 1 + the row of the longest key of the kind that is a proper prefix, or 0).
 */
import type { Host } from "../host.js";

/** Kinds of row. */
export const Kind = Object.freeze({
	/** Key: what `keyText` gives. */
	User: 0,
	/** The same of a member; rights: the strictest of its groups'. */
	Member: 1,
	/** Key: digits that a number starts with. */
	Number: 2,
	/** Key: the domain backwards, and a dot: sub-domains start with it. */
	Domain: 3,
});
export type Kind = (typeof Kind)[keyof typeof Kind];

const ROW = 8;
/** The most rows: their numbers, plus one, fit two bytes. */
export const MOST_ROWS = 65_534;
/** The longest key, in bytes. */
export const MOST_KEY = 255;

/** Rights as a byte: presence in the lower half, contact in the upper; each 0 for none, else 1 + its index in strictness. */
export function strictest(one: number, other: number): number {
	return (
		Math.max(one & 0x0f, other & 0x0f) | Math.max(one & 0xf0, other & 0xf0)
	);
}

export class AccessTable {
	readonly #host: Host;
	#rows: Uint8Array = new Uint8Array(0);
	#keys: Uint8Array = new Uint8Array(0);
	#count = 0;
	#keysLength = 0;

	constructor(host: Host) {
		this.#host = host;
	}

	/** How many rows. */
	get size(): number {
		return this.#count;
	}

	/** Bytes that it takes. */
	get bytes(): number {
		return this.#rows.length + this.#keys.length;
	}

	/** Gives the row's number, which holds until `seal`, or -1 when there is no room. `group`: a member's, for `seal`. The key has 255 bytes at most. */
	add(kind: Kind, key: Uint8Array, rights: number, group = 0): number {
		if (this.#count >= MOST_ROWS) return -1;
		const start = this.#count * ROW;
		this.#rows = reserve(this.#rows, start, ROW);
		this.#keys = reserve(this.#keys, this.#keysLength, key.length);
		const rows = this.#rows;
		rows[start] = kind;
		rows[start + 1] = rights;
		rows[start + 2] = this.#keysLength >> 16;
		rows[start + 3] = this.#keysLength >> 8;
		rows[start + 4] = this.#keysLength;
		rows[start + 5] = key.length;
		rows[start + 6] = group >> 8;
		rows[start + 7] = group;
		this.#keys.set(key, this.#keysLength);
		this.#keysLength += key.length;
		return this.#count++;
	}

	/**
	 * Sorts the rows, gives members the rights of their groups (by number), joins a
	 * member's rows, links prefixes. Calls `repeated` with the number that `add` gave
	 * for each other row whose kind and key stood before.
	 */
	seal(groups: readonly number[], repeated: (row: number) => void): void {
		const order = this.#order();
		const sorted = new Uint8Array(this.#count * ROW);
		let count = 0;
		/** Rows of the kind that are prefixes of the one at hand, the longest last. */
		const prefixes: number[] = [];
		for (let index = 0; index < order.length; index++) {
			const from = (order[index] ?? 0) * ROW;
			const to = count * ROW;
			sorted.set(this.#rows.subarray(from, from + ROW), to);
			if (sorted[to] === Kind.Member)
				sorted[to + 1] =
					groups[((sorted[to + 6] ?? 0) << 8) | (sorted[to + 7] ?? 0)] ?? 0;
			if (count > 0 && this.#compare(sorted, count - 1, sorted, count) === 0) {
				if (sorted[to] === Kind.Member)
					sorted[to - ROW + 1] = strictest(
						sorted[to + 1] ?? 0,
						sorted[to - ROW + 1] ?? 0,
					);
				else repeated(order[index] ?? 0);
				continue;
			}
			while (
				prefixes.length > 0 &&
				!this.#isPrefix(sorted, prefixes.at(-1) ?? 0, count)
			)
				prefixes.pop();
			const parent = prefixes.length === 0 ? 0 : (prefixes.at(-1) ?? 0) + 1;
			sorted[to + 6] = parent >> 8;
			sorted[to + 7] = parent;
			prefixes.push(count);
			count++;
		}
		this.#rows = sorted.slice(0, count * ROW);
		this.#keys = this.#keys.slice(0, this.#keysLength);
		this.#count = count;
	}

	/** Numbers of the rows in order. A list that our server wrote is sorted already. */
	#order(): Uint16Array {
		const order = new Uint16Array(this.#count);
		let isSorted = true;
		for (let index = 0; index < order.length; index++) {
			order[index] = index;
			if (index > 0 && isSorted)
				isSorted = this.#compare(this.#rows, index - 1, this.#rows, index) < 0;
		}
		// Rows of the same key stay in the order in which they stood.
		return isSorted
			? order
			: order.sort(
					(one, other) =>
						this.#compare(this.#rows, one, this.#rows, other) || one - other,
				);
	}

	/** The row with the key itself, or -1. */
	find(kind: Kind, key: Uint8Array): number {
		const row = this.#last(kind, key);
		return row >= 0 &&
			this.#keyLength(row) === key.length &&
			this.#starts(row, key)
			? row
			: -1;
	}

	/** The row with the longest key that `key` starts with, or -1. */
	findPrefix(kind: Kind, key: Uint8Array): number {
		let row = this.#last(kind, key);
		while (row >= 0 && !this.#starts(row, key)) row = this.parent(row);
		return row;
	}

	/** The row with the next shorter prefix, or -1. */
	parent(row: number): number {
		const at = row * ROW;
		return (((this.#rows[at + 6] ?? 0) << 8) | (this.#rows[at + 7] ?? 0)) - 1;
	}

	rights(row: number): number {
		return this.#rows[row * ROW + 1] ?? 0;
	}

	/** The last row of the kind whose key is not after `key`, or -1. */
	#last(kind: Kind, key: Uint8Array): number {
		let low = 0;
		let high = this.#count;
		while (low < high) {
			const middle = (low + high) >> 1;
			const found = this.#rows[middle * ROW] ?? 0;
			const start = this.#keyStart(this.#rows, middle);
			const order =
				found !== kind
					? found - kind
					: this.#host.compare(
							this.#keys,
							start,
							start + this.#keyLength(middle),
							key,
							0,
							key.length,
						);
			if (order <= 0) low = middle + 1;
			else high = middle;
		}
		return low > 0 && this.#rows[(low - 1) * ROW] === kind ? low - 1 : -1;
	}

	#keyStart(rows: Uint8Array, row: number): number {
		const at = row * ROW;
		return (
			((rows[at + 2] ?? 0) << 16) |
			((rows[at + 3] ?? 0) << 8) |
			(rows[at + 4] ?? 0)
		);
	}

	#keyLength(row: number): number {
		return this.#rows[row * ROW + 5] ?? 0;
	}

	/** Does `key` start with the row's key? */
	#starts(row: number, key: Uint8Array): boolean {
		const start = this.#keyStart(this.#rows, row);
		const length = this.#keyLength(row);
		return (
			length <= key.length &&
			this.#host.compare(this.#keys, start, start + length, key, 0, length) ===
				0
		);
	}

	/** Is one row's key a proper prefix of the other's, both of one kind? */
	#isPrefix(rows: Uint8Array, one: number, other: number): boolean {
		const length = rows[one * ROW + 5] ?? 0;
		if (
			rows[one * ROW] !== rows[other * ROW] ||
			length >= (rows[other * ROW + 5] ?? 0)
		)
			return false;
		const start = this.#keyStart(rows, one);
		const otherStart = this.#keyStart(rows, other);
		return (
			this.#host.compare(
				this.#keys,
				start,
				start + length,
				this.#keys,
				otherStart,
				otherStart + length,
			) === 0
		);
	}

	#compare(
		rows: Uint8Array,
		one: number,
		others: Uint8Array,
		other: number,
	): number {
		const kinds = (rows[one * ROW] ?? 0) - (others[other * ROW] ?? 0);
		if (kinds !== 0) return kinds;
		const start = this.#keyStart(rows, one);
		const otherStart = this.#keyStart(others, other);
		return this.#host.compare(
			this.#keys,
			start,
			start + (rows[one * ROW + 5] ?? 0),
			this.#keys,
			otherStart,
			otherStart + (others[other * ROW + 5] ?? 0),
		);
	}
}

/** `array`, or a larger copy, with room for `more` bytes after `used`. */
function reserve(array: Uint8Array, used: number, more: number): Uint8Array {
	if (used + more <= array.length) return array;
	const larger = new Uint8Array(Math.max(256, used + more, used + (used >> 1)));
	larger.set(array.subarray(0, used));
	return larger;
}
