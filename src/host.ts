/**
 * What a host gives the core besides bytes and time: digests, byte work that is
 * too slow in interpreted code, randomness and the wall clock. Types only: the
 * implementations are `hosts/node/natives.ts` (Node), `hosts/qemu/natives.ts`
 * (C on bare metal) and `hosts/esp32/natives.ts` (the SDK's modules).
 *
 * All ranges are half open, `[start, end)`, in bytes, and lie within the array:
 * an implementation throws RangeError otherwise.
 */

/** RFC 8760 names. */
export type DigestAlgorithm = "MD5" | "SHA-256" | "SHA-512-256";

/**
 * A set of byte values as 256 bits in eight 32-bit integers: byte `b` is a member
 * when bit `b & 31` of word `b >> 5` is set. A frozen array, so that it can live in
 * flash. Made by `byteSet` in `bytes.ts`.
 */
export type ByteSet = readonly number[];

export interface Host {
	/** Digest of the parts in order, without joining them. 16 bytes for MD5, else 32. */
	digest(algorithm: DigestAlgorithm, parts: readonly Uint8Array[]): Uint8Array;
	/** HMAC (RFC 2104) of the parts in order. */
	hmac(
		algorithm: DigestAlgorithm,
		key: Uint8Array,
		parts: readonly Uint8Array[],
	): Uint8Array;
	/** CRC-32 (IEEE 802.3), unsigned. */
	crc32(bytes: Uint8Array, start: number, end: number): number;

	/** UTF-8 to string. The range must be valid UTF-8 (`invalidUtf8`); throws RangeError otherwise. */
	text(bytes: Uint8Array, start: number, end: number): string;
	/** Lower-case hexadecimal of the range. */
	hex(bytes: Uint8Array, start: number, end: number): string;
	/** String to UTF-8. */
	encode(text: string): Uint8Array;
	/** Offset of the first byte that is not part of valid UTF-8 (RFC 3629), or `end`. */
	invalidUtf8(bytes: Uint8Array, start: number, end: number): number;

	/** Offset of the first `byte`, or `end`. */
	find(bytes: Uint8Array, byte: number, start: number, end: number): number;
	/** Offset of the first occurrence of `needle`, or -1. */
	search(
		bytes: Uint8Array,
		needle: Uint8Array,
		start: number,
		end: number,
	): number;
	/** Offset of the first byte that is not in `set`, or `end`. */
	span(bytes: Uint8Array, set: ByteSet, start: number, end: number): number;
	/** Do the bytes of the range equal those of `other`? */
	equal(
		bytes: Uint8Array,
		start: number,
		end: number,
		other: Uint8Array,
	): boolean;
	/** The same with ASCII letters compared without case. */
	equalIgnoringCase(
		bytes: Uint8Array,
		start: number,
		end: number,
		other: Uint8Array,
	): boolean;
	/** Byte order of two ranges: negative, 0, positive. */
	compare(
		bytes: Uint8Array,
		start: number,
		end: number,
		other: Uint8Array,
		otherStart: number,
		otherEnd: number,
	): number;
	/** The range as ASCII with case folded to lower, compared as one of `words` (each lower-case ASCII): its index, or -1. */
	indexOfWord(
		bytes: Uint8Array,
		start: number,
		end: number,
		words: readonly string[],
	): number;

	/** Unpredictable bytes. */
	random(length: number): Uint8Array;
	/** Milliseconds since 1970-01-01T00:00:00Z, as far as the host knows. */
	wallClock(): number;
}
