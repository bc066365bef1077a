/**
 * The core's natives (`src/host.ts`) on Node: digests and randomness from
 * node:crypto, text from Buffer's own slices, byte work in plain loops, which V8
 * compiles well. Must not know what the bytes are.
 *
 * Every result is a plain Uint8Array, never a Buffer: `Buffer.prototype.slice`
 * gives a view where `Uint8Array.prototype.slice` gives a copy, and the core may
 * rely on either only as on the device.
 */
import { createHash, createHmac, randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import type { ByteSet, DigestAlgorithm, Host } from "../../src/host.js";

/** Buffer's slices work on any byte array and make no view first; @types/node leaves them out. */
interface Slices {
	latin1Slice(this: Uint8Array, start: number, end: number): string;
	utf8Slice(this: Uint8Array, start: number, end: number): string;
	hexSlice(this: Uint8Array, start: number, end: number): string;
}
const { latin1Slice, utf8Slice, hexSlice } =
	Buffer.prototype as unknown as Slices;

/** OpenSSL's names for RFC 8760's. */
const openSslNames: Readonly<Record<DigestAlgorithm, string>> = Object.freeze({
	MD5: "md5",
	"SHA-256": "sha256",
	"SHA-512-256": "sha512-256",
});

export function nodeHost(): Host {
	return {
		digest(algorithm, parts) {
			const hash = createHash(openSslNames[algorithm]);
			for (const part of parts) hash.update(part);
			return new Uint8Array(hash.digest());
		},

		hmac(algorithm, key, parts) {
			const code = createHmac(openSslNames[algorithm], key);
			for (const part of parts) code.update(part);
			return new Uint8Array(code.digest());
		},

		crc32(bytes, start, end) {
			check(bytes, start, end);
			return crc32(bytes.subarray(start, end));
		},

		text(bytes, start, end) {
			check(bytes, start, end);
			const invalid = invalidUtf8(bytes, start, end);
			if (invalid < end) throw new RangeError(`not UTF-8 at byte ${invalid}`);
			return isAscii(bytes, start, end)
				? latin1Slice.call(bytes, start, end)
				: utf8Slice.call(bytes, start, end);
		},

		hex(bytes, start, end) {
			check(bytes, start, end);
			return hexSlice.call(bytes, start, end);
		},

		encode(text) {
			return new Uint8Array(Buffer.from(text, "utf8"));
		},

		invalidUtf8(bytes, start, end) {
			check(bytes, start, end);
			return invalidUtf8(bytes, start, end);
		},

		find(bytes, byte, start, end) {
			check(bytes, start, end);
			let at = start;
			while (at < end && bytes[at] !== byte) at++;
			return at;
		},

		search(bytes, needle, start, end) {
			check(bytes, start, end);
			const found = Buffer.from(
				bytes.buffer,
				bytes.byteOffset + start,
				end - start,
			).indexOf(needle);
			return found < 0 ? -1 : start + found;
		},

		span(bytes, set, start, end) {
			check(bytes, start, end);
			return span(bytes, set, start, end);
		},

		equal(bytes, start, end, other) {
			check(bytes, start, end);
			if (end - start !== other.length) return false;
			for (let at = 0; at < other.length; at++)
				if (bytes[start + at] !== other[at]) return false;
			return true;
		},

		equalIgnoringCase(bytes, start, end, other) {
			check(bytes, start, end);
			if (end - start !== other.length) return false;
			for (let at = 0; at < other.length; at++)
				if (lower(bytes[start + at]) !== lower(other[at])) return false;
			return true;
		},

		compare(bytes, start, end, other, otherStart, otherEnd) {
			check(bytes, start, end);
			check(other, otherStart, otherEnd);
			const common = Math.min(end - start, otherEnd - otherStart);
			for (let at = 0; at < common; at++) {
				const difference =
					(bytes[start + at] ?? 0) - (other[otherStart + at] ?? 0);
				if (difference !== 0) return difference;
			}
			return end - start - (otherEnd - otherStart);
		},

		indexOfWord(bytes, start, end, words) {
			check(bytes, start, end);
			for (let index = 0; index < words.length; index++)
				if (isWord(bytes, start, end, words[index] ?? "")) return index;
			return -1;
		},

		random(length) {
			return new Uint8Array(randomBytes(length));
		},

		wallClock() {
			return Date.now();
		},
	};
}

function check(bytes: Uint8Array, start: number, end: number): void {
	if (
		start >>> 0 !== start ||
		end >>> 0 !== end ||
		start > end ||
		end > bytes.length
	)
		throw new RangeError(
			`range ${start}..${end} is outside of ${bytes.length} bytes`,
		);
}

function lower(byte = 0): number {
	return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}

function isWord(
	bytes: Uint8Array,
	start: number,
	end: number,
	word: string,
): boolean {
	if (word.length !== end - start) return false;
	for (let at = 0; at < word.length; at++)
		if (lower(bytes[start + at]) !== word.charCodeAt(at)) return false;
	return true;
}

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
	for (let at = start; at < end; at++)
		if ((bytes[at] ?? 0) > 0x7f) return false;
	return true;
}

function span(
	bytes: Uint8Array,
	set: ByteSet,
	start: number,
	end: number,
): number {
	let at = start;
	while (at < end) {
		const byte = bytes[at] ?? 0;
		if ((((set[byte >> 5] ?? 0) >>> (byte & 31)) & 1) === 0) break;
		at++;
	}
	return at;
}

/** RFC 3629 §4's grammar: no overlong form, no surrogate, nothing above U+10FFFF. */
function invalidUtf8(bytes: Uint8Array, start: number, end: number): number {
	let at = start;
	while (at < end) {
		const first = bytes[at] ?? 0;
		if (first < 0x80) {
			at++;
			continue;
		}
		const length =
			first >= 0xc2 && first <= 0xdf
				? 2
				: first >= 0xe0 && first <= 0xef
					? 3
					: first >= 0xf0 && first <= 0xf4
						? 4
						: 0;
		if (length === 0 || at + length > end) return at;
		// Only the second byte's range depends on the first.
		const lowest = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
		const highest = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
		const second = bytes[at + 1] ?? 0;
		if (second < lowest || second > highest) return at;
		for (let next = at + 2; next < at + length; next++)
			if (((bytes[next] ?? 0) & 0xc0) !== 0x80) return at;
		at += length;
	}
	return end;
}
