/**
 * Byte sets and byte arrays: the few operations that every parser and writer of
 * the core shares. Imports nothing but types; heavy work is the host's.
 */
import type { ByteSet } from "./host.js";

/** Members as characters and ranges of character codes: `byteSet("-.", [0x30, 0x39])`. ASCII only in the string. */
export function byteSet(
	characters: string,
	...ranges: readonly (readonly [number, number])[]
): ByteSet {
	const words = [0, 0, 0, 0, 0, 0, 0, 0];
	const add = (byte: number) => {
		const word = byte >> 5;
		words[word] = (words[word] ?? 0) | (1 << (byte & 31));
	};
	// Runs once, when the module is linked into flash; iteration is by character.
	for (const character of characters) add(character.codePointAt(0) ?? 0);
	for (const [first, last] of ranges)
		for (let byte = first; byte <= last; byte++) add(byte);
	return Object.freeze(words);
}

export function inSet(set: ByteSet, byte: number): boolean {
	return (((set[byte >> 5] ?? 0) >>> (byte & 31)) & 1) === 1;
}

/** The set of all bytes that `set` lacks. */
export function complement(set: ByteSet): ByteSet {
	return Object.freeze(set.map((word) => ~word));
}

/** A new array of the parts in order. */
export function join(parts: readonly Uint8Array[]): Uint8Array {
	let length = 0;
	for (const part of parts) length += part.length;
	const whole = new Uint8Array(length);
	let at = 0;
	for (const part of parts) {
		whole.set(part, at);
		at += part.length;
	}
	return whole;
}
