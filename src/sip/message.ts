/**
 * A received SIP message (RFC 3261 §7): one pass over its header lines notes where
 * each value stands; the values that the stack uses are checked at once and decoded
 * when they are asked for. After `parseMessage` no accessor throws. Knows nothing of
 * transports and transactions.
 */
import { HookswitchError } from "../errors.js";
import type { Host } from "../host.js";
import { checkMessage } from "./check.js";
import {
	maximumSeconds,
	nextElement,
	readChallenge,
	readCSeq,
	readEvent,
	readMediaType,
	readNameAddress,
	readNumber,
	readRetryAfter,
	readSubscriptionState,
	readVia,
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
	readonly #bodyEnd: number;
	// Decoded at first use.
	#uri: Uri | undefined;
	#from: NameAddress | undefined;
	#to: NameAddress | undefined;
	#via: Via | undefined;
	#cseq: CSeq | undefined;
	#callId: string | undefined;
	#contacts: readonly NameAddress[] | undefined;

	/** Use `parseMessage` or `readMessage`. */
	constructor(host: Host, lines: HeaderLines) {
		this.#host = host;
		this.#lines = lines;
		this.isRequest = lines.status === 0;
		this.status = lines.status;
		let fault = lines.fault;
		let bodyEnd = lines.end;
		let method = "";
		try {
			if (fault === undefined) {
				this.#cseq = this.#readCSeq();
				method = this.isRequest ? lines.method() : this.#cseq.method;
				bodyEnd = checkMessage(host, lines, method, this.#cseq);
			} else if (this.isRequest) method = lines.method();
		} catch (error) {
			if (!(error instanceof HookswitchError)) throw error;
			fault = error;
			if (this.isRequest) method = lines.method();
		}
		this.method = method;
		this.fault = fault;
		this.#bodyEnd = bodyEnd;
	}

	/** The whole message; folded lines have become spaces. */
	get bytes(): Uint8Array {
		const { bytes, start } = this.#lines;
		const end = this.#bodyEnd;
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
		return this.#lines.bytes.subarray(this.#lines.bodyStart, this.#bodyEnd);
	}

	get from(): NameAddress {
		this.#from ??= readNameAddress(
			this.#cursor(this.#first(Header.From)),
			true,
		) as NameAddress;
		return this.#from;
	}

	get to(): NameAddress {
		this.#to ??= readNameAddress(
			this.#cursor(this.#first(Header.To)),
			true,
		) as NameAddress;
		return this.#to;
	}

	/** The topmost. */
	get via(): Via {
		this.#via ??= readVia(this.#cursor(this.#first(Header.Via)), true) as Via;
		return this.#via;
	}

	/** A response that reaches its client has one Via (§8.1.3.3). */
	get hasOneVia(): boolean {
		const line = this.#first(Header.Via);
		if (this.#lines.after(line) >= 0) return false;
		const cursor = this.#cursor(line);
		readVia(cursor, false);
		return !nextElement(cursor);
	}

	get callId(): string {
		this.#callId ??= this.header(Header.CallId) ?? "";
		return this.#callId;
	}

	get cseq(): CSeq {
		this.#cseq ??= this.#readCSeq();
		return this.#cseq;
	}

	/** Empty with `Contact: *`, see `contactIsStar`. */
	get contacts(): readonly NameAddress[] {
		this.#contacts ??= this.contactIsStar ? [] : this.addresses(Header.Contact);
		return this.#contacts;
	}

	get contactIsStar(): boolean {
		return this.#lines.isStar(this.#first(Header.Contact));
	}

	/** Seconds. */
	get expires(): number | undefined {
		return this.#number(Header.Expires, maximumSeconds);
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
		const line = this.#first(Header.Event);
		return line < 0 ? undefined : readEvent(this.#cursor(line), true);
	}

	get subscriptionState(): SubscriptionState | undefined {
		const line = this.#first(Header.SubscriptionState);
		return line < 0 ? undefined : readSubscriptionState(this.#cursor(line));
	}

	get contentType(): MediaType | undefined {
		const line = this.#first(Header.ContentType);
		return line < 0 ? undefined : readMediaType(this.#cursor(line), true);
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
				do {
					const address = readNameAddress(cursor, true);
					if (address !== undefined) found.push(address);
				} while (nextElement(cursor));
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
		const { via } = this;
		const asked = via.parameters.some(
			({ name, value }) => name === "rport" && value === undefined,
		);
		if (!asked && via.host === address) return text;
		const cursor = this.#cursor(line);
		readVia(cursor, false);
		const { bytes } = this.#lines;
		const start = this.#lines.valueStart(line);
		const end = this.#lines.valueEnd(line);
		const host = this.#host;
		let element = host.text(bytes, start, cursor.at).trimEnd();
		if (asked)
			element = element.replace(
				/;[ \t]*rport[ \t]*(?=;|$)/i,
				() => `;rport=${port}`,
			);
		return `${element};received=${address}${host.text(bytes, cursor.at, end)}`;
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

	#readCSeq(): CSeq {
		const line = this.#first(Header.CSeq);
		if (line < 0)
			throw new HookswitchError("header-missing", "CSeq is missing", 0);
		return readCSeq(this.#cursor(line));
	}

	#number(code: HeaderCode, limit: number): number | undefined {
		const line = this.#first(code);
		return line < 0 ? undefined : readNumber(this.#cursor(line), limit);
	}
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
