/**
 * The lines of a message (RFC 3261 §7.1–7.3): start line, and for each header line
 * its code and where its name and value stand. Folding is resolved in a copy of the
 * bytes. Values are not looked into.
 */
import { HookswitchError } from "../errors.js";
import type { Host } from "../host.js";
import { Cursor, digitSet, lineSet, spaceSet, tokenSet } from "./grammar.js";
import { Header, type HeaderCode, headerCode, headerCount } from "./header.js";
import { checkUri } from "./uri.js";

/** Largest message: what one UDP datagram can hold. */
export const maximumMessage = 65535;
/** Header lines: a request through 70 hops has about 150; more is an attack on whoever keeps them. */
export const maximumLines = 250;
/** One header value: room for a certificate or a token, not for a body. */
export const maximumLine = 16384;

const stride = 4;
/** Room for these without growing. */
const usualLines = 24;
const notFound = -1;

export class HeaderLines {
	bytes: Uint8Array;
	readonly start: number;
	readonly end: number;
	/** The first thing that is wrong. What follows is read nevertheless, so that it can be answered. */
	fault: HookswitchError | undefined;
	/** 0: a request. */
	status = 0;
	uriStart = 0;
	uriEnd = 0;
	bodyStart: number;
	readonly #host: Host;
	/**
	 * First, by code, 1 + the first line that has it; then four numbers a line: code,
	 * name start, value start, value end. One typed array: growing a plain one, or
	 * making a second, costs XS more than filling it.
	 */
	#table: Uint32Array = new Uint32Array(headerCount + usualLines * stride);
	#count = 0;
	#lineStart = 0;
	#lineEnd = 0;
	#methodEnd = 0;
	#reasonStart = 0;

	constructor(host: Host, bytes: Uint8Array, start: number, end: number) {
		this.#host = host;
		this.bytes = bytes;
		this.end = end;
		let at = start;
		// §7.5: empty lines before the start line are ignored.
		while (bytes[at] === 0x0d && bytes[at + 1] === 0x0a && at + 2 <= end)
			at += 2;
		this.start = at;
		this.bodyStart = end;
		if (end - at > maximumMessage)
			this.#blame("message-too-large", "the message is too large", at);
		at = this.#startLine(at);
		if (at >= 0) this.#headerLines(at);
		if (this.fault === undefined) {
			// One look at all of it: strings are made of any part later.
			const bad = host.invalidUtf8(this.bytes, this.start, this.bodyStart);
			if (bad < this.bodyStart)
				this.#blame("not-utf8", "the header is not UTF-8", bad);
		}
	}

	/** The first line with this code, or -1. */
	first(code: HeaderCode): number {
		return (this.#table[code] ?? 0) - 1;
	}

	/** The next line with the same code as `line`, or -1. */
	after(line: number): number {
		const table = this.#table;
		const code = table[headerCount + line * stride];
		for (let next = line + 1; next < this.#count; next++)
			if (table[headerCount + next * stride] === code) return next;
		return notFound;
	}

	get count(): number {
		return this.#count;
	}

	code(line: number): HeaderCode {
		return (this.#table[headerCount + line * stride] ??
			Header.Unknown) as HeaderCode;
	}

	valueStart(line: number): number {
		return this.#table[headerCount + line * stride + 2] ?? 0;
	}

	valueEnd(line: number): number {
		return this.#table[headerCount + line * stride + 3] ?? 0;
	}

	value(line: number): string {
		return this.#text(this.valueStart(line), this.valueEnd(line));
	}

	/** Is the value `*`? */
	isStar(line: number): boolean {
		if (line < 0) return false;
		const start = this.valueStart(line);
		return this.bytes[start] === 0x2a && this.valueEnd(line) === start + 1;
	}

	/** The value of the first header with this name in lower case that has no code. */
	valueOf(name: string): string | undefined {
		const table = this.#table;
		const word = [name];
		for (
			let line = this.first(Header.Unknown);
			line >= 0;
			line = this.after(line)
		) {
			const nameStart = table[headerCount + line * stride + 1] ?? 0;
			const nameEnd = this.#host.span(
				this.bytes,
				tokenSet,
				nameStart,
				this.valueStart(line),
			);
			if (this.#host.indexOfWord(this.bytes, nameStart, nameEnd, word) === 0)
				return this.value(line);
		}
		return undefined;
	}

	method(): string {
		return this.#text(this.#lineStart, this.#methodEnd);
	}

	reason(): string {
		return this.#text(this.#reasonStart, this.#lineEnd);
	}

	startLine(): string {
		return this.#text(this.#lineStart, this.#lineEnd);
	}

	/** Text of a message that may not have been found to be UTF-8. */
	#text(start: number, end: number): string {
		if (start >= end) return "";
		if (
			this.fault !== undefined &&
			this.#host.invalidUtf8(this.bytes, start, end) < end
		)
			return "";
		return this.#host.text(this.bytes, start, end);
	}

	#blame(code: string, message: string, at: number): void {
		this.fault ??= new HookswitchError(code, message, at);
	}

	/** Gives where the header lines begin, or -1 when this is no SIP. */
	#startLine(at: number): number {
		const host = this.#host;
		const { bytes, end } = this;
		this.#lineStart = at;
		const lineEnd = host.span(bytes, lineSet, at, end);
		this.#lineEnd = lineEnd;
		const first = host.span(bytes, tokenSet, at, lineEnd);
		this.#methodEnd = first;
		// "SIP/2.0 200 OK": a token would not be followed by a slash.
		if (bytes[first] === 0x2f && first < lineEnd) {
			if (host.indexOfWord(bytes, at, first, sip) < 0) return this.#notSip(at);
			this.status = -1;
			this.#statusLine(first, lineEnd);
		} else this.#requestLine(at, first, lineEnd);
		if (this.fault?.code === "not-sip") return -1;
		if (bytes[lineEnd] !== 0x0d || bytes[lineEnd + 1] !== 0x0a) {
			this.#blame("line-end", "a line does not end in CRLF", lineEnd);
			return -1;
		}
		return lineEnd + 2;
	}

	#notSip(at: number): number {
		this.#blame("not-sip", "this is not SIP", at);
		return -1;
	}

	#requestLine(start: number, methodEnd: number, lineEnd: number): void {
		const host = this.#host;
		const { bytes } = this;
		this.uriStart = methodEnd + 1;
		this.uriEnd = methodEnd;
		// "SIP/" + digits at the end tells that it means to be SIP.
		const version = lineEnd - 7;
		if (
			version > methodEnd + 1 &&
			host.indexOfWord(bytes, version, lineEnd, sip20) === 0
		) {
			const uriEnd = host.find(bytes, 0x20, methodEnd + 1, lineEnd);
			this.uriEnd = uriEnd;
			if (
				methodEnd === start ||
				bytes[methodEnd] !== 0x20 ||
				uriEnd !== version - 1
			) {
				this.uriEnd = methodEnd + 1;
				this.#blame("start-line", "the request line is malformed", start);
				return;
			}
			try {
				checkUri(new Cursor(host, bytes, methodEnd + 1, uriEnd), uriEnd);
				// §19.1.1: headers are not allowed in a Request-URI.
				const headers = host.find(bytes, 0x3f, methodEnd + 1, uriEnd);
				const user = host.find(bytes, 0x40, methodEnd + 1, uriEnd);
				if (
					headers < uriEnd &&
					(user === uriEnd || host.find(bytes, 0x3f, user, uriEnd) < uriEnd) &&
					host.indexOfWord(
						bytes,
						methodEnd + 1,
						host.find(bytes, 0x3a, methodEnd + 1, uriEnd),
						sipSchemes,
					) >= 0
				)
					this.#blame("uri", "a Request-URI holds headers", headers);
			} catch (error) {
				if (!(error instanceof HookswitchError)) throw error;
				this.fault ??= error;
			}
			return;
		}
		const slash = this.#lastVersion(start, lineEnd);
		if (slash < 0) this.#notSip(start);
		else if (
			slash > methodEnd &&
			host.span(bytes, versionSet, slash, lineEnd) === lineEnd
		)
			this.#blame("sip-version", "the version is not SIP/2.0", slash);
		else this.#blame("start-line", "the request line is malformed", start);
	}

	/** Where the digits after the last "SIP/" begin, or -1. */
	#lastVersion(start: number, lineEnd: number): number {
		const host = this.#host;
		const { bytes } = this;
		let found = -1;
		for (
			let slash = host.find(bytes, 0x2f, start, lineEnd);
			slash < lineEnd;
			slash = host.find(bytes, 0x2f, slash + 1, lineEnd)
		)
			if (
				slash >= start + 4 &&
				bytes[slash - 4] === 0x20 &&
				host.indexOfWord(bytes, slash - 3, slash, sip) === 0
			)
				found = slash + 1;
		return found;
	}

	#statusLine(slash: number, lineEnd: number): void {
		const host = this.#host;
		const { bytes } = this;
		const code = slash + 5;
		if (
			code + 4 > lineEnd ||
			host.indexOfWord(bytes, this.#lineStart, slash + 4, sip20) < 0 ||
			bytes[slash + 4] !== 0x20 ||
			bytes[slash + 8] !== 0x20
		) {
			this.#blame(
				"start-line",
				"the status line is malformed",
				this.#lineStart,
			);
			return;
		}
		const status =
			host.span(bytes, digitSet, code, code + 3) < code + 3
				? 0
				: Number(host.text(bytes, code, code + 3));
		if (status < 100 || status > 699)
			this.#blame("start-line", "the status code is out of range", code);
		else this.status = status;
		this.#reasonStart = code + 4;
	}

	/** Written with few calls: it is gone through for every line of every message. */
	#headerLines(from: number): void {
		const host = this.#host;
		const { end } = this;
		let table = this.#table;
		let { bytes } = this;
		let at = from;
		let line = 0;
		for (;;) {
			let lineEnd = host.span(bytes, lineSet, at, end);
			if (lineEnd === at && bytes[at] === 0x0d && bytes[at + 1] === 0x0a) {
				if (at + 2 > end) break;
				this.bodyStart = at + 2;
				return;
			}
			const next = bytes[lineEnd + 2];
			if (
				bytes[lineEnd] !== 0x0d ||
				bytes[lineEnd + 1] !== 0x0a ||
				lineEnd + 2 >= end ||
				next === 0x20 ||
				next === 0x09
			) {
				// Folded, or something is wrong.
				lineEnd = this.#lineEndFrom(at);
				if (lineEnd < 0) return;
				bytes = this.bytes;
			}
			const nameEnd = host.span(bytes, tokenSet, at, lineEnd);
			let colon = nameEnd;
			if (bytes[colon] !== 0x3a)
				colon = host.span(bytes, spaceSet, colon, lineEnd);
			if (nameEnd === at || colon === lineEnd || bytes[colon] !== 0x3a) {
				this.#blame("header-line", "a header line has no name", at);
				at = lineEnd + 2;
				continue;
			}
			let valueStart = colon + 1;
			// Almost always one space.
			let byte = bytes[valueStart];
			if (byte === 0x20) byte = bytes[++valueStart];
			if (byte === 0x20 || byte === 0x09)
				valueStart = host.span(bytes, spaceSet, valueStart, lineEnd);
			let valueEnd = lineEnd;
			while (valueEnd > valueStart) {
				byte = bytes[valueEnd - 1];
				if (byte !== 0x20 && byte !== 0x09) break;
				valueEnd--;
			}
			if (valueEnd - valueStart > maximumLine)
				this.#blame("header-too-long", "a header line is too long", valueStart);
			if (line === maximumLines) {
				this.#blame("too-many-headers", "there are too many headers", at);
				return;
			}
			const code = headerCode(host, bytes, at, nameEnd);
			const row = headerCount + line * stride;
			if (row >= table.length) table = this.#grow();
			table[row] = code;
			table[row + 1] = at;
			table[row + 2] = valueStart;
			table[row + 3] = valueEnd;
			line++;
			this.#count = line;
			if (table[code] === 0) table[code] = line;
			at = lineEnd + 2;
		}
		this.#blame("truncated", "the header does not end", end);
	}

	#grow(): Uint32Array {
		const table = new Uint32Array(this.#table.length * 2);
		table.set(this.#table);
		this.#table = table;
		return table;
	}

	/** The CR at the end of the header line that begins at `at`, folds resolved; -1 when there is none. */
	#lineEndFrom(at: number): number {
		const host = this.#host;
		const { end } = this;
		let from = at;
		for (;;) {
			const { bytes } = this;
			const stop = host.span(bytes, lineSet, from, end);
			if (stop >= end) {
				this.#blame("truncated", "the header does not end", end);
				return -1;
			}
			const byte = bytes[stop];
			if (byte === 0x0d && bytes[stop + 1] === 0x0a && stop + 2 <= end) {
				const next = stop + 2 < end ? bytes[stop + 2] : 0;
				if (next !== 0x20 && next !== 0x09) return stop;
				this.#unfold(stop);
				from = stop + 2;
			} else if (
				byte !== 0x0d &&
				byte !== 0x0a &&
				stop > at &&
				bytes[stop - 1] === 0x5c
			)
				// quoted-pair: any ASCII character; whether it stands between quotes is its decoder's to say.
				from = stop + 1;
			else {
				this.#blame(
					byte === 0x0d || byte === 0x0a ? "line-end" : "control-character",
					"a control character stands in a header line",
					stop,
				);
				if (byte === 0x0d || byte === 0x0a) return -1;
				from = stop + 1;
			}
		}
	}

	/** A fold is a space (§7.3.1). The bytes belong to whoever gave them: the first fold copies them. */
	#unfold(at: number): void {
		if (!this.#copied) {
			this.bytes = this.bytes.slice();
			this.#copied = true;
		}
		this.bytes[at] = 0x20;
		this.bytes[at + 1] = 0x20;
	}
	#copied = false;
}

const sip: readonly string[] = Object.freeze(["sip"]);
const sip20: readonly string[] = Object.freeze(["sip/2.0"]);
const sipSchemes: readonly string[] = Object.freeze(["sip", "sips"]);
const versionSet = Object.freeze([0, 0x03ff4000, 0, 0, 0, 0, 0, 0]);
