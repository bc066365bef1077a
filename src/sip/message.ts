/**
 * A received SIP message (RFC 3261 §7): one pass over its header lines notes where
 * each value stands; the values that the stack uses are checked at once and decoded
 * when they are asked for. After `parseMessage` no accessor throws. Knows nothing of
 * transports and transactions.
 */
import { HookswitchError } from "../errors.js";
import type { Host } from "../host.js";
import { nextElement, readNameAddress } from "./address.js";
import { CheckedValues, checkMessage } from "./check.js";
import {
	maximumSeconds,
	readChallenge,
	readNumber,
	readRetryAfter,
	splitList,
} from "./decode.js";
import { Cursor } from "./grammar.js";
import { Header, type HeaderCode } from "./header.js";
import { HeaderLines } from "./lines.js";
import { parseUri, type Uri } from "./uri.js";
import type {
	Challenge,
	CSeq,
	EventPackage,
	MediaType,
	NameAddress,
	SubscriptionState,
	Via,
} from "./value.js";

export class Message {
	readonly isRequest: boolean;
	/** Of the request; in a response, CSeq's. */
	readonly method: string;
	/** 0 in a request. */
	readonly status: number;
	/** What is wrong with it, when `readMessage` and not `parseMessage` made it. */
	readonly fault: HookswitchError | undefined;
	readonly #host: Host;
	readonly #lines: HeaderLines;
	readonly #values = new CheckedValues();
	// Decoded at first use.
	#uri: Uri | undefined;
	#callId: string | undefined;

	/** Use `parseMessage` or `readMessage`. */
	constructor(host: Host, lines: HeaderLines) {
		this.#host = host;
		this.#lines = lines;
		const isRequest = lines.status === 0;
		this.isRequest = isRequest;
		this.status = lines.status;
		let { fault } = lines;
		const values = this.#values;
		values.bodyEnd = lines.end;
		const method = isRequest ? lines.method() : undefined;
		if (fault === undefined)
			try {
				checkMessage(host, lines, method, values);
			} catch (error) {
				if (!(error instanceof HookswitchError)) throw error;
				fault = error;
				values.bodyEnd = lines.end;
			}
		this.method = method ?? values.cseq?.method ?? "";
		this.fault = fault;
	}

	/** The whole message; folded lines have become spaces. */
	get bytes(): Uint8Array {
		const { bytes, start } = this.#lines;
		const end = this.#values.bodyEnd;
		return start === 0 && end === bytes.length
			? bytes
			: bytes.subarray(start, end);
	}

	/** The start line as text. */
	get startLine(): string {
		return this.#lines.startLine();
	}

	get reason(): string {
		return this.#lines.reason();
	}

	/** Request-URI as text. */
	get uriText(): string {
		const { bytes, uriStart, uriEnd } = this.#lines;
		return this.#host.text(bytes, uriStart, uriEnd);
	}

	/** Request-URI. */
	get uri(): Uri {
		const { bytes, uriStart, uriEnd } = this.#lines;
		this.#uri ??= parseUri(this.#host, bytes, uriStart, uriEnd);
		return this.#uri;
	}

	/** A view. */
	get body(): Uint8Array {
		return this.#lines.bytes.subarray(
			this.#lines.bodyStart,
			this.#values.bodyEnd,
		);
	}

	get from(): NameAddress {
		return known(this.#values.from);
	}

	get to(): NameAddress {
		return known(this.#values.to);
	}

	/** The topmost. */
	get via(): Via {
		return known(this.#values.via);
	}

	/** A response that reaches its client has one Via (§8.1.3.3). */
	get hasOneVia(): boolean {
		return this.#values.oneVia;
	}

	get callId(): string {
		this.#callId ??= this.header(Header.CallId) ?? "";
		return this.#callId;
	}

	get cseq(): CSeq {
		return known(this.#values.cseq);
	}

	/** Empty with `Contact: *`, see `contactIsStar`. */
	get contacts(): readonly NameAddress[] {
		return this.#values.contacts ?? noAddresses;
	}

	get contactIsStar(): boolean {
		return this.#lines.isStar(this.#first(Header.Contact));
	}

	/** Seconds. */
	get expires(): number | undefined {
		return this.#values.expires;
	}

	get minExpires(): number | undefined {
		return this.#number(Header.MinExpires, maximumSeconds);
	}

	get retryAfter(): number | undefined {
		const line = this.#first(Header.RetryAfter);
		return line < 0 ? undefined : readRetryAfter(this.#cursor(line));
	}

	get maxForwards(): number | undefined {
		return this.#number(Header.MaxForwards, 255);
	}

	get event(): EventPackage | undefined {
		return this.#values.event;
	}

	get subscriptionState(): SubscriptionState | undefined {
		return this.#values.subscriptionState;
	}

	get contentType(): MediaType | undefined {
		return this.#values.contentType;
	}

	get routes(): readonly NameAddress[] {
		return this.addresses(Header.Route);
	}

	get recordRoutes(): readonly NameAddress[] {
		return this.addresses(Header.RecordRoute);
	}

	/** Challenges or credentials: one of these headers has each on a line of its own. */
	challenges(
		code:
			| typeof Header.WwwAuthenticate
			| typeof Header.ProxyAuthenticate
			| typeof Header.Authorization
			| typeof Header.ProxyAuthorization,
	): readonly Challenge[] {
		const found: Challenge[] = [];
		for (
			let line = this.#first(code);
			line >= 0;
			line = this.#lines.after(line)
		) {
			const challenge = readChallenge(this.#cursor(line), true);
			if (challenge !== undefined) found.push(challenge);
		}
		return found;
	}

	has(code: HeaderCode): boolean {
		return this.#first(code) >= 0;
	}

	/** The first line's value as text, whole. */
	header(code: HeaderCode): string | undefined {
		const line = this.#first(code);
		return line < 0 ? undefined : this.#lines.value(line);
	}

	/** The values of all lines with that name. */
	headers(code: HeaderCode): readonly string[] {
		const found: string[] = [];
		for (
			let line = this.#first(code);
			line >= 0;
			line = this.#lines.after(line)
		)
			found.push(this.#lines.value(line));
		return found;
	}

	/** All elements of all lines, comma lists split: Allow, Supported, Accept …. */
	list(code: HeaderCode): readonly string[] {
		const found: string[] = [];
		const lines = this.#lines;
		for (let line = this.#first(code); line >= 0; line = lines.after(line))
			splitList(
				this.#host,
				lines.bytes,
				lines.valueStart(line),
				lines.valueEnd(line),
				found,
			);
		return found;
	}

	/** All name-addrs of all lines. Those that are malformed, in a header that is not checked on arrival, are left out. */
	addresses(code: HeaderCode): readonly NameAddress[] {
		const found: NameAddress[] = [];
		for (
			let line = this.#first(code);
			line >= 0;
			line = this.#lines.after(line)
		) {
			const cursor = this.#cursor(line);
			try {
				do found.push(readNameAddress(cursor, true));
				while (nextElement(cursor));
			} catch (error) {
				if (!(error instanceof HookswitchError)) throw error;
			}
		}
		return found;
	}

	/** A header that has no code. `name` in lower case. */
	headerNamed(name: string): string | undefined {
		return this.#lines.valueOf(name);
	}

	/**
	 * The first Via line, its topmost element with `received` and `rport` as RFC 3261
	 * §18.2.1 and RFC 3581 §4 want them; the rest as it came.
	 */
	viaFrom(address: string, port: number): string {
		const line = this.#first(Header.Via);
		const text = this.#lines.value(line);
		const via = known(this.#values.via);
		const { rportEnd, end } = via;
		if (rportEnd < 0 && via.host === address) return text;
		const host = this.#host;
		const { bytes } = this.#lines;
		const start = this.#lines.valueStart(line);
		const element =
			rportEnd < 0
				? host.text(bytes, start, end)
				: `${host.text(bytes, start, rportEnd)}=${port}${host.text(bytes, rportEnd, end)}`;
		return `${element};received=${address}${host.text(bytes, end, this.#lines.valueEnd(line))}`;
	}

	#first(code: HeaderCode): number {
		return this.#lines.first(code);
	}

	#cursor(line: number): Cursor {
		const lines = this.#lines;
		return new Cursor(
			this.#host,
			lines.bytes,
			lines.valueStart(line),
			lines.valueEnd(line),
		);
	}

	#number(code: HeaderCode, limit: number): number | undefined {
		const line = this.#first(code);
		return line < 0 ? undefined : readNumber(this.#cursor(line), limit);
	}
}

const noAddresses: readonly NameAddress[] = Object.freeze([]);

/** A header that every message without a fault has. */
function known<T>(value: T | undefined): T {
	if (value === undefined)
		throw new HookswitchError("header-missing", "the message has a fault", 0);
	return value;
}

/** As `parseMessage`, but what is wrong stands in `fault`, and as much as could be read can be asked for. */
export function readMessage(
	host: Host,
	bytes: Uint8Array,
	start = 0,
	end = bytes.length,
): Message {
	return new Message(host, new HeaderLines(host, bytes, start, end));
}

/**
 * One UDP datagram: octets after Content-Length are ignored. Throws HookswitchError;
 * `statusOf(code)` in fault.ts says what it deserves.
 */
export function parseMessage(
	host: Host,
	bytes: Uint8Array,
	start = 0,
	end = bytes.length,
): Message {
	const message = readMessage(host, bytes, start, end);
	if (message.fault !== undefined) throw message.fault;
	return message;
}
