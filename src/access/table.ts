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

const KINDS = 4;
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
	/** Of each kind, and after the last: its first row, once sealed. */
	readonly #firsts: number[] = [0];
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
		this.#giveRights(groups);
		if (!this.#isSorted()) this.#sort(repeated);
		this.#rows = this.#rows.slice(0, this.#count * ROW);
		this.#keys = this.#keys.slice(0, this.#keysLength);
		this.#link();
	}

	#giveRights(groups: readonly number[]): void {
		const rows = this.#rows;
		for (let at = 0; at < this.#count * ROW; at += ROW)
			if (rows[at] === Kind.Member)
				rows[at + 1] =
					groups[((rows[at + 6] ?? 0) << 8) | (rows[at + 7] ?? 0)] ?? 0;
	}

	/** A list that our server wrote is sorted already. */
	#isSorted(): boolean {
		for (let row = 1; row < this.#count; row++)
			if (this.#compare(row - 1, row) >= 0) return false;
		return true;
	}

	#sort(repeated: (row: number) => void): void {
		const order = new Uint16Array(this.#count);
		for (let row = 0; row < order.length; row++) order[row] = row;
		// Rows of the same key stay in the order in which they stood.
		order.sort((one, other) => this.#compare(one, other) || one - other);
		const sorted = new Uint8Array(this.#count * ROW);
		let count = 0;
		for (let index = 0; index < order.length; index++) {
			const row = order[index] ?? 0;
			const last = order[index - 1] ?? 0;
			if (index > 0 && this.#compare(last, row) === 0) {
				if (this.#rows[row * ROW] === Kind.Member) {
					const at = (count - 1) * ROW + 1;
					sorted[at] = strictest(this.rights(row), sorted[at] ?? 0);
				} else repeated(row);
				continue;
			}
			sorted.set(this.#rows.subarray(row * ROW, (row + 1) * ROW), count * ROW);
			count++;
		}
		this.#rows = sorted;
		this.#count = count;
	}

	/** Finds where each kind starts, and links each number and domain to the longest one that it starts with. */
	#link(): void {
		/** Prefixes of the row at hand, the longest last. */
		const prefixes: number[] = [];
		let kind = 0;
		for (let row = 0; row < this.#count; row++) {
			while (kind < (this.#rows[row * ROW] ?? 0)) this.#firsts[++kind] = row;
			if (kind < Kind.Number) continue;
			let last = prefixes.length - 1;
			while (last >= 0 && !this.#isPrefix(prefixes[last] ?? 0, row)) last--;
			prefixes.length = last + 1;
			const parent = last < 0 ? 0 : (prefixes[last] ?? 0) + 1;
			this.#rows[row * ROW + 6] = parent >> 8;
			this.#rows[row * ROW + 7] = parent;
			prefixes.push(row);
		}
		while (kind < KINDS) this.#firsts[++kind] = this.#count;
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
		const first = this.#firsts[kind] ?? 0;
		const rows = this.#rows;
		const keys = this.#keys;
		const host = this.#host;
		let low = first;
		let high = this.#firsts[kind + 1] ?? 0;
		while (low < high) {
			const middle = (low + high) >> 1;
			const at = middle * ROW + 2;
			const start =
				((rows[at] ?? 0) << 16) |
				((rows[at + 1] ?? 0) << 8) |
				(rows[at + 2] ?? 0);
			const end = start + (rows[at + 3] ?? 0);
			if (host.compare(keys, start, end, key, 0, key.length) <= 0)
				low = middle + 1;
			else high = middle;
		}
		return low > first ? low - 1 : -1;
	}

	#keyStart(row: number): number {
		const rows = this.#rows;
		const at = row * ROW + 2;
		return (
			((rows[at] ?? 0) << 16) | ((rows[at + 1] ?? 0) << 8) | (rows[at + 2] ?? 0)
		);
	}

	#keyLength(row: number): number {
		return this.#rows[row * ROW + 5] ?? 0;
	}

	/** Does `key` start with the row's key? */
	#starts(row: number, key: Uint8Array): boolean {
		const start = this.#keyStart(row);
		const length = this.#keyLength(row);
		return (
			length <= key.length &&
			this.#host.compare(this.#keys, start, start + length, key, 0, length) ===
				0
		);
	}

	/** Is one row's key a proper prefix of the other's, both of one kind? */
	#isPrefix(one: number, other: number): boolean {
		const length = this.#keyLength(one);
		if (
			this.#rows[one * ROW] !== this.#rows[other * ROW] ||
			length >= this.#keyLength(other)
		)
			return false;
		const start = this.#keyStart(one);
		const otherStart = this.#keyStart(other);
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

	#compare(one: number, other: number): number {
		const rows = this.#rows;
		const kinds = (rows[one * ROW] ?? 0) - (rows[other * ROW] ?? 0);
		if (kinds !== 0) return kinds;
		const start = this.#keyStart(one);
		const otherStart = this.#keyStart(other);
		return this.#host.compare(
			this.#keys,
			start,
			start + (rows[one * ROW + 5] ?? 0),
			this.#keys,
			otherStart,
			otherStart + (rows[other * ROW + 5] ?? 0),
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
