/**
 * name-addr and addr-spec of a received message (RFC 3261 §20.10): checked whole, but
 * strings are made only of what is asked for. It holds on to the message's bytes:
 * who keeps an address for long keeps its texts.
 */

import { byteSet } from "../bytes.js";
import { HookswitchError } from "../errors.js";
import { Cursor, displaySet } from "./grammar.js";
import { checkUri, type Parameter, parseUri, type Uri } from "./uri.js";
import type { NameAddress } from "./value.js";

const code = "header-value";
/** A URI without angle brackets ends before these (RFC 3261 §20.10). */
const bareUriSet = byteSet(
	"!",
	[0x23, 0x2b],
	[0x2d, 0x3a],
	[0x3d, 0x3d],
	[0x40, 0x7e],
);

class ReceivedAddress implements NameAddress {
	/** For its host and bytes; it has moved on. */
	readonly #cursor: Cursor;
	readonly #start: number;
	/** After the display name: equal to `#start` when there is none. */
	readonly #displayEnd: number;
	readonly #uriStart: number;
	readonly #uriEnd: number;
	readonly #parametersStart: number;
	readonly #end: number;
	readonly #tagStart: number;
	readonly #tagEnd: number;
	#uri: Uri | undefined;
	#parameters: readonly Parameter[] | undefined;

	constructor(
		cursor: Cursor,
		start: number,
		displayEnd: number,
		uriStart: number,
		uriEnd: number,
		parametersStart: number,
	) {
		this.#cursor = cursor;
		this.#start = start;
		this.#displayEnd = displayEnd;
		this.#uriStart = uriStart;
		this.#uriEnd = uriEnd;
		this.#parametersStart = parametersStart;
		this.#end = cursor.at;
		this.#tagStart = cursor.tagStart;
		this.#tagEnd = cursor.tagEnd;
	}

	get display(): string | undefined {
		if (this.#displayEnd === this.#start) return undefined;
		const { host, bytes } = this.#cursor;
		if (bytes[this.#start] !== 0x22)
			return host.text(bytes, this.#start, this.#displayEnd).trim();
		const quoted = new Cursor(host, bytes, this.#start, this.#displayEnd);
		const escapes = quoted.quoted(code);
		return quoted.unquoted(this.#start, escapes);
	}

	get uri(): Uri {
		const { host, bytes } = this.#cursor;
		this.#uri ??= parseUri(host, bytes, this.#uriStart, this.#uriEnd);
		return this.#uri;
	}

	get uriText(): string {
		const { host, bytes } = this.#cursor;
		return host.text(bytes, this.#uriStart, this.#uriEnd);
	}

	get parameters(): readonly Parameter[] {
		if (this.#parameters === undefined) {
			const { host, bytes } = this.#cursor;
			const found: Parameter[] = [];
			new Cursor(host, bytes, this.#parametersStart, this.#end).parameters(
				code,
				found,
			);
			this.#parameters = found;
		}
		return this.#parameters;
	}

	get tag(): string | undefined {
		if (this.#tagStart < 0) return undefined;
		const { host, bytes } = this.#cursor;
		return host.text(bytes, this.#tagStart, this.#tagEnd);
	}
}

/** Reads one, checks it, and leaves the cursor after it. Without `keep` it gives nothing. */
export function readNameAddress(cursor: Cursor, keep: true): NameAddress;
export function readNameAddress(
	cursor: Cursor,
	keep: boolean,
): NameAddress | undefined;
export function readNameAddress(
	cursor: Cursor,
	keep: boolean,
): NameAddress | undefined {
	const { host, bytes, end } = cursor;
	cursor.skipSpace();
	const start = cursor.at;
	let displayEnd = start;
	let byte = cursor.peek();
	if (byte === 0x22) {
		cursor.quoted(code);
		displayEnd = cursor.at;
		cursor.skipSpace();
		byte = cursor.peek();
		if (byte !== 0x3c)
			cursor.fail(code, "a display name without a URI in angle brackets");
	} else if (byte !== 0x3c) {
		const stop = host.span(bytes, displaySet, start, end);
		if (stop < end && bytes[stop] === 0x3c) {
			displayEnd = stop;
			cursor.at = stop;
			byte = 0x3c;
		}
	}
	let uriStart = cursor.at;
	let uriEnd: number;
	if (byte === 0x3c) {
		uriStart++;
		uriEnd = host.find(bytes, 0x3e, uriStart, end);
		if (uriEnd === end) cursor.fail(code, "an angle bracket stays open");
		cursor.at = uriStart;
		checkUri(cursor, uriEnd);
		cursor.at = uriEnd + 1;
	} else {
		uriEnd = host.span(bytes, bareUriSet, uriStart, end);
		if (uriEnd < end && bytes[uriEnd] === 0x3f) {
			cursor.at = uriEnd;
			cursor.fail(code, "a URI with headers needs angle brackets");
		}
		checkUri(cursor, uriEnd);
	}
	const parametersStart = cursor.at;
	cursor.tagStart = -1;
	cursor.parameters(code, undefined);
	return keep
		? new ReceivedAddress(
				cursor,
				start,
				displayEnd,
				uriStart,
				uriEnd,
				parametersStart,
			)
		: undefined;
}

/** Moves over the comma between two elements; false at the end of the value. */
export function nextElement(cursor: Cursor): boolean {
	if (cursor.at >= cursor.end) return false;
	if (cursor.separator(0x2c)) return true;
	if (cursor.at < cursor.end)
		throw new HookswitchError(code, "something follows the value", cursor.at);
	return false;
}
