/**
 * The basic rules of RFC 3261 §25.1 over bytes: character sets and a cursor that
 * reads tokens, quoted strings, numbers and parameters. Folded lines have become
 * spaces before a cursor sees them. Knows no header and no URI.
 */
import { byteSet } from "../bytes.js";
import { HookswitchError } from "../errors.js";
import type { ByteSet, Host } from "../host.js";
import type { Parameter } from "./uri.js";

const digits = [0x30, 0x39] as const;
const upper = [0x41, 0x5a] as const;
const lower = [0x61, 0x7a] as const;
const beyondAscii = [0x80, 0xff] as const;

export const digitSet: ByteSet = byteSet("", digits);
export const hexSet: ByteSet = byteSet("", digits, [0x41, 0x46], [0x61, 0x66]);
export const spaceSet: ByteSet = byteSet(" \t");
export const tokenSet: ByteSet = byteSet("-.!%*_+`'~", digits, upper, lower);
/** A display name without quotes: tokens and the space between them. */
export const displaySet: ByteSet = byteSet(
	"-.!%*_+`'~ \t",
	digits,
	upper,
	lower,
);
/** gen-value without quotes: a token, a host name, an IPv6 address. */
export const valueSet: ByteSet = byteSet("-.!%*_+`'~[]:", digits, upper, lower);
/** word ["@" word]. */
export const callIdSet: ByteSet = byteSet(
	"-.!%*_+`'~()<>:\\\"/[]?{}@",
	digits,
	upper,
	lower,
);
/** What stands between the quotes besides escapes. */
const quotedSet: ByteSet = byteSet(
	"\t !",
	[0x23, 0x5b],
	[0x5d, 0x7e],
	beyondAscii,
);
/** What may stand in a line: all but control characters, which end it or are a fault. */
export const lineSet: ByteSet = byteSet("\t", [0x20, 0x7e], beyondAscii);

/** Names that occur often, by their length, so that no string is made of them. */
const knownParameters: readonly (readonly string[])[] = Object.freeze(
	(
		[
			[],
			["q"],
			["lr", "nc", "ob", "id"],
			["tag", "uri", "qop", "ttl"],
			["user"],
			["rport", "realm", "nonce", "stale", "model", "maddr"],
			["branch", "reason", "opaque", "cnonce", "vendor", "reg-id"],
			["expires", "version", "charset"],
			["received", "username", "response", "handling"],
			["transport", "algorithm"],
			[],
			["retry-after"],
			["profile-type", "effective-by"],
			["+sip.instance"],
		] as readonly (readonly string[])[]
	).map((list) => Object.freeze(list)),
);

export class Cursor {
	readonly host: Host;
	readonly bytes: Uint8Array;
	at: number;
	end: number;
	/** Where the value of the last parameter `tag` stood; -1: there was none since this was set so. */
	tagStart: number;
	tagEnd: number;
	/** Where the name of the last parameter without a value ended, and the value of the last one with a value stood. */
	bareEnd: number;
	valueStart: number;
	valueEnd: number;

	constructor(host: Host, bytes: Uint8Array, at: number, end: number) {
		this.host = host;
		this.bytes = bytes;
		this.at = at;
		this.end = end;
		// In the constructor: on XS a class with field initialisers costs a call more.
		this.tagStart = -1;
		this.tagEnd = -1;
		this.bareEnd = -1;
		this.valueStart = -1;
		this.valueEnd = -1;
	}

	fail(code: string, message: string): never {
		throw new HookswitchError(code, message, this.at);
	}

	/** The byte under the cursor, or -1 at the end. */
	peek(): number {
		return this.at < this.end ? (this.bytes[this.at] ?? -1) : -1;
	}

	skipSpace(): void {
		const byte = this.bytes[this.at];
		if (byte === 0x20 || byte === 0x09)
			if (this.at < this.end)
				this.at = this.host.span(this.bytes, spaceSet, this.at, this.end);
	}

	/** Moves over members of `set`, at least one; gives where they began. */
	some(set: ByteSet, code: string, message: string): number {
		const start = this.at;
		this.at = this.host.span(this.bytes, set, start, this.end);
		if (this.at === start) this.fail(code, message);
		return start;
	}

	/** Moves over `byte` with the space around it; false when it is not there. */
	separator(byte: number): boolean {
		this.skipSpace();
		if (this.peek() !== byte) return false;
		this.at++;
		this.skipSpace();
		return true;
	}

	/** 1*DIGIT up to `limit`. */
	number(limit: number, code: string): number {
		const { host, bytes } = this;
		const start = this.some(digitSet, code, "a number is missing");
		const count = this.at - start;
		let value = 0;
		if (count <= 2)
			for (let at = start; at < this.at; at++)
				value = value * 10 + (bytes[at] ?? 0) - 0x30;
		// Twenty digits: more can only be zeros or too large.
		else if (count > 20) value = Number.POSITIVE_INFINITY;
		else value = Number(host.text(bytes, start, this.at));
		if (value > limit) {
			this.at = start;
			this.fail(code, "a number is too large");
		}
		return value;
	}

	/** Nothing but space may follow. */
	finish(code: string): void {
		this.skipSpace();
		if (this.at < this.end) this.fail(code, "something follows the value");
	}

	/** Moves over a quoted string; the cursor stands on its first quote. True when it holds escapes. */
	quoted(code: string): boolean {
		const { host, bytes, end } = this;
		let escapes = false;
		this.at++;
		for (;;) {
			this.at = host.span(bytes, quotedSet, this.at, end);
			const byte = this.peek();
			if (byte === 0x22) break;
			if (byte !== 0x5c || this.at + 1 >= end)
				this.fail(code, "a quoted string does not end");
			if ((bytes[this.at + 1] ?? 0) > 0x7f)
				this.fail(code, "an escape in a quoted string is not ASCII");
			escapes = true;
			this.at += 2;
		}
		this.at++;
		return escapes;
	}

	/** The text between the quotes of `[start, at)`. */
	unquoted(start: number, escapes: boolean): string {
		const { host, bytes, at } = this;
		if (!escapes) return host.text(bytes, start + 1, at - 1);
		const plain = new Uint8Array(at - start);
		let length = 0;
		for (let from = start + 1; from < at - 1; from++) {
			if (bytes[from] === 0x5c) from++;
			plain[length++] = bytes[from] ?? 0;
		}
		return host.text(plain, 0, length);
	}

	/** *( SEMI generic-param ). With `into`, what is read is added to it. */
	parameters(code: string, into: Parameter[] | undefined): void {
		const { bytes } = this;
		for (;;) {
			if (this.at >= this.end) return;
			// Almost always there is no space: the semicolon is looked for first.
			if (bytes[this.at] !== 0x3b) {
				this.skipSpace();
				if (this.peek() !== 0x3b) return;
			}
			this.at++;
			this.skipSpace();
			this.parameter(code, into);
		}
	}

	/** generic-param; the cursor stands on its name. */
	parameter(code: string, into: Parameter[] | undefined): void {
		const { host, bytes, end } = this;
		const nameStart = this.at;
		const nameEnd = host.span(bytes, tokenSet, nameStart, end);
		if (nameEnd === nameStart) this.fail(code, "a parameter has no name");
		this.at = nameEnd;
		if (nameEnd >= end || bytes[nameEnd] !== 0x3d) {
			this.skipSpace();
			if (this.peek() !== 0x3d) {
				this.bareEnd = nameEnd;
				into?.push({ name: this.name(nameStart, nameEnd), value: undefined });
				return;
			}
		}
		this.at++;
		this.skipSpace();
		const start = this.at;
		if (start < end && bytes[start] === 0x22) {
			const escapes = this.quoted(code);
			into?.push({
				name: this.name(nameStart, nameEnd),
				value: this.unquoted(start, escapes),
			});
			return;
		}
		const valueEnd = host.span(bytes, valueSet, start, end);
		if (valueEnd === start) this.fail(code, "a parameter has no value");
		this.at = valueEnd;
		this.valueStart = start;
		this.valueEnd = valueEnd;
		// "tag": what dialogs are told apart by is noted in passing.
		if (
			nameEnd - nameStart === 3 &&
			((bytes[nameStart] ?? 0) | 0x20) === 0x74 &&
			((bytes[nameStart + 1] ?? 0) | 0x20) === 0x61 &&
			((bytes[nameStart + 2] ?? 0) | 0x20) === 0x67
		) {
			this.tagStart = start;
			this.tagEnd = valueEnd;
		}
		into?.push({
			name: this.name(nameStart, nameEnd),
			value: host.text(bytes, start, valueEnd),
		});
	}

	/** A parameter's name in lower case. */
	name(start: number, end: number): string {
		const words = knownParameters[end - start];
		const known =
			words === undefined
				? -1
				: this.host.indexOfWord(this.bytes, start, end, words);
		return (
			words?.[known] ?? this.host.text(this.bytes, start, end).toLowerCase()
		);
	}
}
