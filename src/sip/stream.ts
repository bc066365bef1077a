/**
 * Messages out of a byte stream (RFC 3261 §18.3): framing by Content-Length, CRLF
 * keepalives (RFC 5626 §4.4.1), limits. Does not look into messages beyond that.
 */
import type { Host } from "../host.js";
import { digitSet } from "./grammar.js";

export type StreamItem =
	/** `bytes` is the receiver's to keep. */
	| { readonly kind: "message"; readonly bytes: Uint8Array }
	/** CRLF CRLF between messages: answer with CRLF. */
	| { readonly kind: "ping" }
	/** The stream can't be followed any further; `bytes` is the header that broke it, for an answer. */
	| {
			readonly kind: "broken";
			readonly code: string;
			readonly bytes: Uint8Array;
	  };

/** First allocation: a usual message without a body. */
const smallest = 1024;
/**
 * Of a header whose end has not come: longer than any that makes sense. Until then its
 * length is not known, so its buffer is copied as it grows, and is there twice.
 */
const longestHeader = 16_384;

export class Framer {
	readonly #host: Host;
	/** Largest message. */
	readonly #limit: number;
	readonly #headerLimit: number;
	/** `#buffer[#start, #end)` is what has come and not gone. */
	#buffer = noBytes();
	#start = 0;
	#end = 0;
	/** `#buffer` was allocated here, so its free end may be written. */
	#own = false;
	/** What was searched for the end of the header, and did not have it. */
	#searched = 0;
	/** The length of the message at `#start` once its header is whole, else 0. */
	#length = 0;
	/** A lone CRLF came last. */
	#half = false;
	#broken = false;
	readonly #headerEnd = new Uint8Array([0x0d, 0x0a, 0x0d, 0x0a]);

	constructor(host: Host, limit: number) {
		this.#host = host;
		this.#limit = limit;
		this.#headerLimit = Math.min(limit, longestHeader);
	}

	/** Bytes of a message that waits for its rest. */
	get waiting(): number {
		return this.#end - this.#start;
	}

	/** Bytes of memory that they lie in. */
	get reserved(): number {
		return this.#buffer.length;
	}

	/** The array is the framer's from now on: what comes out may be a view of it. */
	push(bytes: Uint8Array): void {
		if (this.#broken || bytes.length === 0) return;
		if (this.#start === this.#end) {
			// The usual case, a whole message in one read, is not copied.
			this.#buffer = bytes;
			this.#own = false;
			this.#start = 0;
			this.#end = bytes.length;
			this.#searched = 0;
			return;
		}
		const waiting = this.#end - this.#start;
		const needed = waiting + bytes.length;
		if (this.#own && this.#buffer.length - this.#end >= bytes.length) {
			this.#buffer.set(bytes, this.#end);
			this.#end += bytes.length;
			return;
		}
		// By doubling until the length is known, which is then the size: memory is scarce.
		let size = this.#length;
		if (size === 0) {
			for (size = smallest; size < needed; ) size *= 2;
			size = Math.min(size, this.#headerLimit);
		}
		const buffer = new Uint8Array(Math.max(size, needed));
		buffer.set(this.#buffer.subarray(this.#start, this.#end), 0);
		buffer.set(bytes, waiting);
		this.#buffer = buffer;
		this.#own = true;
		this.#searched -= this.#start;
		this.#start = 0;
		this.#end = needed;
	}
	next(): StreamItem | undefined {
		if (this.#broken) return undefined;
		if (this.#length === 0 && this.#lineBreaks()) return { kind: "ping" };
		if (this.#start === this.#end) {
			this.#release();
			return undefined;
		}
		if (this.#length === 0) {
			const broken = this.#header();
			if (broken !== undefined) return broken;
			if (this.#length === 0) return undefined;
		}
		if (this.#end - this.#start < this.#length) return undefined;
		const bytes = this.#buffer.subarray(
			this.#start,
			this.#start + this.#length,
		);
		this.#start += this.#length;
		this.#searched = this.#start;
		this.#length = 0;
		if (this.#start === this.#end) this.#release();
		return { kind: "message", bytes };
	}

	/** Nothing waits: the buffer is whoever's has the last message. */
	#release(): void {
		this.#buffer = noBytes();
		this.#own = false;
		this.#start = 0;
		this.#end = 0;
		this.#searched = 0;
	}

	/** Moves over line breaks between messages; true when two in a row were a ping. */
	#lineBreaks(): boolean {
		const buffer = this.#buffer;
		while (this.#start + 1 < this.#end) {
			if (buffer[this.#start] !== 0x0d || buffer[this.#start + 1] !== 0x0a) {
				this.#half = false;
				return false;
			}
			this.#start += 2;
			this.#searched = this.#start;
			this.#half = !this.#half;
			if (!this.#half) return true;
		}
		return false;
	}

	/** Looks for the end of the header and in it for the length of the message. */
	#header(): StreamItem | undefined {
		const host = this.#host;
		const start = this.#start;
		const from = Math.max(start, this.#searched - 3);
		const found = host.search(this.#buffer, this.#headerEnd, from, this.#end);
		this.#searched = this.#end;
		if (found < 0)
			return this.#end - start > this.#headerLimit
				? this.#break("message-too-large", this.#end)
				: undefined;
		const bodyStart = found + 4;
		const length = this.#contentLength(start, found + 2);
		if (length < 0) return this.#break("content-length", bodyStart);
		if (bodyStart - start + length > this.#limit)
			return this.#break("message-too-large", bodyStart);
		this.#length = bodyStart - start + length;
		return undefined;
	}

	#break(code: string, end: number): StreamItem {
		this.#broken = true;
		const bytes = this.#buffer.subarray(this.#start, end);
		this.#release();
		return { kind: "broken", code, bytes };
	}

	/** The one Content-Length, which streams require (§20.14), or -1. */
	#contentLength(start: number, end: number): number {
		const host = this.#host;
		const bytes = this.#buffer;
		let length = -1;
		let at = host.find(bytes, 0x0a, start, end) + 1;
		while (at < end) {
			const lineEnd = host.find(bytes, 0x0a, at, end);
			const letter = (bytes[at] ?? 0) | 0x20;
			// "c" or "l": other lines need no closer look.
			if (letter === 0x63 || letter === 0x6c) {
				const nameEnd = host.span(bytes, nameSet, at, lineEnd);
				if (host.indexOfWord(bytes, at, nameEnd, lengthNames) >= 0) {
					const digits = host.span(bytes, gapSet, nameEnd, end);
					const digitsEnd = host.span(bytes, digitSet, digits, end);
					const after = host.span(bytes, gapSet, digitsEnd, end);
					const count = digitsEnd - digits;
					if (length >= 0 || count === 0 || count > 9) return -1;
					// Between the digits and the next line there is nothing but space.
					if (after < host.find(bytes, 0x0a, digitsEnd, end)) return -1;
					length = Number(host.text(bytes, digits, digitsEnd));
				}
			}
			at = lineEnd + 1;
		}
		return length;
	}
}

function noBytes(): Uint8Array {
	return new Uint8Array(0);
}
const lengthNames: readonly string[] = Object.freeze(["content-length", "l"]);
/** Letters and "-". */
const nameSet = Object.freeze([0, 0x2000, 0x07fffffe, 0x07fffffe, 0, 0, 0, 0]);
/** Colon, space, tab, CR, LF. */
const gapSet = Object.freeze([0x2600, 0x04000001, 0, 0, 0, 0, 0, 0]);
