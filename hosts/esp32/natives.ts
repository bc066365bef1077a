/**
 * The core's natives (`src/host.ts`) on the Moddable SDK: byte work and digests in
 * natives.c, text and entropy by the SDK's own modules.
 */
/// <reference path="./rng.d.ts" />
import RNG from "crypt/rng";
import TextDecoder from "text/decoder";
import TextEncoder from "text/encoder";
import type { ByteSet, Host } from "../../src/host.js";

/** In the order of the C enumeration. */
const ALGORITHMS = Object.freeze(["MD5", "SHA-256", "SHA-512-256"]);

// xsc binds a native where it is called, so each has a function of its own here.
class Natives implements Host {
	digest(algorithm: string, parts: readonly Uint8Array[]): Uint8Array {
		return new Uint8Array(this.#digest(ALGORITHMS.indexOf(algorithm), parts));
	}
	hmac(
		algorithm: string,
		key: Uint8Array,
		parts: readonly Uint8Array[],
	): Uint8Array {
		return new Uint8Array(
			this.#hmac(ALGORITHMS.indexOf(algorithm), key, parts),
		);
	}
	#digest(code: number, parts: readonly Uint8Array[]): ArrayBuffer {
		return native("xs_hookswitch_digest").call(
			this,
			code,
			parts,
		) as ArrayBuffer;
	}
	#hmac(
		code: number,
		key: Uint8Array,
		parts: readonly Uint8Array[],
	): ArrayBuffer {
		return native("xs_hookswitch_hmac").call(
			this,
			code,
			key,
			parts,
		) as ArrayBuffer;
	}
	crc32(bytes: Uint8Array, start: number, end: number): number {
		return native("xs_hookswitch_crc32").call(
			this,
			bytes,
			start,
			end,
		) as number;
	}
	text(bytes: Uint8Array, start: number, end: number): string {
		if (this.invalidUtf8(bytes, start, end) !== end)
			throw new RangeError("not UTF-8");
		return new TextDecoder("utf-8", { ignoreBOM: true }).decode(
			bytes.subarray(start, end),
		);
	}
	hex(bytes: Uint8Array, start: number, end: number): string {
		return native("xs_hookswitch_hex").call(this, bytes, start, end) as string;
	}
	encode(text: string): Uint8Array {
		return new TextEncoder().encode(text);
	}
	invalidUtf8(bytes: Uint8Array, start: number, end: number): number {
		return native("xs_hookswitch_invalidUtf8").call(
			this,
			bytes,
			start,
			end,
		) as number;
	}
	find(bytes: Uint8Array, byte: number, start: number, end: number): number {
		return native("xs_hookswitch_find").call(
			this,
			bytes,
			byte,
			start,
			end,
		) as number;
	}
	search(
		bytes: Uint8Array,
		needle: Uint8Array,
		start: number,
		end: number,
	): number {
		return native("xs_hookswitch_search").call(
			this,
			bytes,
			needle,
			start,
			end,
		) as number;
	}
	span(bytes: Uint8Array, set: ByteSet, start: number, end: number): number {
		return native("xs_hookswitch_span").call(
			this,
			bytes,
			set,
			start,
			end,
		) as number;
	}
	equal(
		bytes: Uint8Array,
		start: number,
		end: number,
		other: Uint8Array,
	): boolean {
		return native("xs_hookswitch_equal").call(
			this,
			bytes,
			start,
			end,
			other,
		) as boolean;
	}
	equalIgnoringCase(
		bytes: Uint8Array,
		start: number,
		end: number,
		other: Uint8Array,
	): boolean {
		return native("xs_hookswitch_equalIgnoringCase").call(
			this,
			bytes,
			start,
			end,
			other,
		) as boolean;
	}
	compare(
		bytes: Uint8Array,
		start: number,
		end: number,
		other: Uint8Array,
		otherStart: number,
		otherEnd: number,
	): number {
		return native("xs_hookswitch_compare").call(
			this,
			bytes,
			start,
			end,
			other,
			otherStart,
			otherEnd,
		) as number;
	}
	indexOfWord(
		bytes: Uint8Array,
		start: number,
		end: number,
		words: readonly string[],
	): number {
		return native("xs_hookswitch_indexOfWord").call(
			this,
			bytes,
			start,
			end,
			words,
		) as number;
	}
	random(length: number): Uint8Array {
		return new Uint8Array(RNG.get(length));
	}
	wallClock(): number {
		return Date.now();
	}
}

export function moddableHost(): Host {
	return new Natives();
}
