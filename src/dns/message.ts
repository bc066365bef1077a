/**
 * DNS messages (RFC 1035 §4, with SRV of RFC 2782, NAPTR of RFC 3403, AAAA of
 * RFC 3596 and the OPT record of RFC 6891): writes one question, reads its answer.
 * Trusts nothing in the answer; does not know who asked whom or how often.
 */
import { byteSet } from "../bytes.js";
import { HookswitchError } from "../errors.js";
import type { Host } from "../host.js";

/** Record types that are read. */
export const RecordType = Object.freeze({
	A: 1,
	CNAME: 5,
	SOA: 6,
	AAAA: 28,
	SRV: 33,
	NAPTR: 35,
} as const);

/** Response codes that mean something to a resolver. */
export const ResponseCode = Object.freeze({
	NoError: 0,
	FormatError: 1,
	NameError: 3,
	NotImplemented: 4,
} as const);

/** One shape for all, so that engines see one kind of object; what a type lacks is "" or 0. Names in lower case, without the last dot. */
export interface ResourceRecord {
	readonly name: string;
	readonly type: number;
	/** Seconds. */
	readonly ttl: number;
	/** A, AAAA: the address. CNAME, SRV: the name. NAPTR: the replacement. */
	readonly target: string;
	/** SRV priority, NAPTR order. */
	readonly priority: number;
	/** SRV weight, NAPTR preference. */
	readonly weight: number;
	/** SRV. */
	readonly port: number;
	/** NAPTR, lower case. */
	readonly flags: string;
	/** NAPTR, lower case. */
	readonly service: string;
}

export interface Answer {
	readonly code: number;
	/** TC: there was more than fitted. */
	readonly truncated: boolean;
	readonly records: readonly ResourceRecord[];
	readonly additional: readonly ResourceRecord[];
	/** How long "there is none" may be kept (RFC 2308 §5), in seconds; 0 when the answer does not say. */
	readonly negativeTtl: number;
}

/** Octets of an answer that we take over UDP, told in OPT: what fits one Ethernet frame everywhere. */
const answerLimit = 1232;
/** Records read of one section; a server that sends more is cut short. */
const recordLimit = 32;
/** Labels with underscores (RFC 2782) besides letters, digits and hyphens. */
const labelBytes = byteSet("-_", [0x30, 0x39], [0x41, 0x5a], [0x61, 0x7a]);
const classInternet = 1;
const typeOpt = 41;

/** A query for `type` at `name` (RFC 1035 §4.1), recursion desired. Throws `dns-name`. */
export function writeQuery(
	host: Host,
	id: number,
	name: string,
	type: number,
	extended: boolean,
): Uint8Array {
	const text = host.encode(name);
	// Every dot becomes a length octet; one more in front, and the root's at the end.
	const bytes = new Uint8Array(12 + text.length + 2 + 4 + (extended ? 11 : 0));
	if (text.length === 0 || text.length > 253) throw nameError(0);
	writeWord(bytes, 0, id);
	bytes[2] = 0x01;
	bytes[5] = 1;
	let at = 12;
	for (let start = 0; start <= text.length; ) {
		const end = host.find(text, 0x2e, start, text.length);
		const length = end - start;
		if (
			length === 0 ||
			length > 63 ||
			host.span(text, labelBytes, start, end) !== end
		)
			throw nameError(start);
		bytes[at] = length;
		bytes.set(text.subarray(start, end), at + 1);
		at += 1 + length;
		start = end + 1;
	}
	at += 1;
	writeWord(bytes, at, type);
	writeWord(bytes, at + 2, classInternet);
	if (extended) {
		bytes[11] = 1;
		writeWord(bytes, at + 5, typeOpt);
		writeWord(bytes, at + 7, answerLimit);
	}
	return bytes;
}

/** The id of a message, or -1 when it is too short or no response. */
export function answerId(bytes: Uint8Array): number {
	if (bytes.length < 12 || ((bytes[2] ?? 0) & 0x80) === 0) return -1;
	return word(bytes, 0);
}

/**
 * Reads the answer to the question (`name` in lower case, `type`). Throws
 * HookswitchError when it is malformed (`dns-message`) or answers something else
 * (`dns-question`).
 */
export function parseAnswer(
	host: Host,
	bytes: Uint8Array,
	name: string,
	type: number,
): Answer {
	if (bytes.length < 12) throw messageError(bytes.length);
	const flags = word(bytes, 2);
	// QR set, opcode 0.
	if ((flags & 0xf800) !== 0x8000) throw messageError(2);
	const code = flags & 0x0f;
	const truncated = (flags & 0x0200) !== 0;
	const reader = new Reader(host, bytes);
	const questions = word(bytes, 4);
	// Some servers leave the question out of an error.
	if (questions === 0 && code !== ResponseCode.NoError)
		return {
			code,
			truncated,
			records: [],
			additional: [],
			negativeTtl: 0,
		};
	if (questions !== 1) throw messageError(4);
	const asked = reader.name();
	const askedType = reader.word();
	if (asked !== name || askedType !== type || reader.word() !== classInternet)
		throw new HookswitchError(
			"dns-question",
			"the answer is to another question",
			12,
		);
	const records: ResourceRecord[] = [];
	const authority: ResourceRecord[] = [];
	const additional: ResourceRecord[] = [];
	try {
		reader.section(word(bytes, 6), records);
		reader.section(word(bytes, 8), authority);
		reader.section(word(bytes, 10), additional);
	} catch (error) {
		// What was cut off ends anywhere.
		if (!truncated) throw error;
	}
	let negativeTtl = 0;
	for (const record of authority)
		if (record.type === RecordType.SOA)
			negativeTtl = Math.min(record.ttl, record.weight);
	return { code, truncated, records, additional, negativeTtl };
}

class Reader {
	readonly #host: Host;
	readonly #bytes: Uint8Array;
	#at = 12;

	constructor(host: Host, bytes: Uint8Array) {
		this.#host = host;
		this.#bytes = bytes;
	}

	word(): number {
		this.#need(2);
		this.#at += 2;
		return word(this.#bytes, this.#at - 2);
	}

	#need(length: number): void {
		if (this.#at + length > this.#bytes.length) throw messageError(this.#at);
	}

	/**
	 * A name. A compression pointer (RFC 1035 §4.1.4) must point before the name that
	 * it ends, and each before the one that led to it: so there are no loops.
	 */
	name(): string {
		const bytes = this.#bytes;
		let text = "";
		let at = this.#at;
		let lowest = at;
		let end = -1;
		let length = 0;
		for (;;) {
			const octet = bytes[at];
			if (octet === undefined) throw messageError(at);
			if (octet === 0) {
				at += 1;
				break;
			}
			if (octet >= 0xc0) {
				if (at + 2 > bytes.length) throw messageError(at);
				const to = word(bytes, at) & 0x3fff;
				if (to < 12 || to >= lowest) throw messageError(at);
				if (end < 0) end = at + 2;
				at = to;
				lowest = to;
				continue;
			}
			const stop = at + 1 + octet;
			length += 1 + octet;
			if (octet > 63 || stop > bytes.length || length > 254)
				throw messageError(at);
			if (this.#host.span(bytes, labelBytes, at + 1, stop) !== stop)
				throw messageError(at);
			const label = this.#host.text(bytes, at + 1, stop);
			text = text === "" ? label : `${text}.${label}`;
			at = stop;
		}
		this.#at = end < 0 ? at : end;
		return text.toLowerCase();
	}

	section(count: number, records: ResourceRecord[]): void {
		for (let index = 0; index < count; index++) {
			const record = this.#record();
			if (record !== undefined && records.length < recordLimit)
				records.push(record);
		}
	}

	/** undefined: a record that is well-formed but none of ours. */
	#record(): ResourceRecord | undefined {
		const name = this.#owner();
		const type = this.word();
		const recordClass = this.word();
		const high = this.word();
		const low = this.word();
		// RFC 2181 §8: a TTL with the top bit set is zero.
		const ttl = high >= 0x8000 ? 0 : high * 0x10000 + low;
		const length = this.word();
		this.#need(length);
		const start = this.#at;
		const end = start + length;
		if (recordClass !== classInternet || name === undefined) {
			this.#at = end;
			return undefined;
		}
		let target = "";
		let priority = 0;
		let weight = 0;
		let port = 0;
		let flags = "";
		let service = "";
		switch (type) {
			case RecordType.A:
				if (length !== 4) throw messageError(start);
				target = `${this.#bytes[start]}.${this.#bytes[start + 1]}.${this.#bytes[start + 2]}.${this.#bytes[start + 3]}`;
				this.#at = end;
				break;
			case RecordType.AAAA:
				if (length !== 16) throw messageError(start);
				target = addressText(this.#bytes, start);
				this.#at = end;
				break;
			case RecordType.CNAME:
				target = this.name();
				break;
			case RecordType.SRV:
				priority = this.word();
				weight = this.word();
				port = this.word();
				target = this.name();
				break;
			case RecordType.NAPTR:
				priority = this.word();
				weight = this.word();
				flags = this.#characters();
				service = this.#characters();
				this.#characters();
				target = this.name();
				break;
			case RecordType.SOA:
				// Only MINIMUM, the last word, is wanted.
				if (length < 22) throw messageError(start);
				weight =
					word(this.#bytes, end - 4) * 0x10000 + word(this.#bytes, end - 2);
				this.#at = end;
				break;
			default:
				this.#at = end;
				return undefined;
		}
		if (this.#at !== end) throw messageError(start);
		return {
			name,
			type,
			ttl,
			target,
			priority,
			weight,
			port,
			flags,
			service,
		};
	}

	/** The owner name; one with characters that no host name has is skipped with its record. */
	#owner(): string | undefined {
		const start = this.#at;
		try {
			return this.name();
		} catch (error) {
			if (!(error instanceof HookswitchError)) throw error;
			this.#at = start;
			this.#skipName();
			return undefined;
		}
	}

	#skipName(): void {
		for (;;) {
			this.#need(1);
			const octet = this.#bytes[this.#at] ?? 0;
			if (octet >= 0xc0) {
				this.#need(2);
				this.#at += 2;
				return;
			}
			if (octet > 63) throw messageError(this.#at);
			this.#at += 1 + octet;
			if (octet === 0) return;
		}
	}

	/** A character-string, lower case; one that is not ASCII reads as "". */
	#characters(): string {
		this.#need(1);
		const length = this.#bytes[this.#at] ?? 0;
		this.#need(1 + length);
		const start = this.#at + 1;
		this.#at = start + length;
		return this.#host.invalidUtf8(this.#bytes, start, this.#at) === this.#at
			? this.#host.text(this.#bytes, start, this.#at).toLowerCase()
			: "";
	}
}

/** RFC 5952: lower case, no leading zeros, the longest run of zero groups as "::". */
function addressText(bytes: Uint8Array, start: number): string {
	let bestStart = -1;
	let bestLength = 1;
	let run = 0;
	for (let group = 0; group < 8; group++) {
		run = word(bytes, start + 2 * group) === 0 ? run + 1 : 0;
		if (run > bestLength) {
			bestLength = run;
			bestStart = group - run + 1;
		}
	}
	let text = "";
	for (let group = 0; group < 8; group++) {
		if (group === bestStart) {
			text += "::";
			group += bestLength - 1;
			continue;
		}
		if (group !== 0 && group !== bestStart + bestLength) text += ":";
		text += word(bytes, start + 2 * group).toString(16);
	}
	return text;
}

function word(bytes: Uint8Array, at: number): number {
	return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

function writeWord(bytes: Uint8Array, at: number, value: number): void {
	bytes[at] = value >> 8;
	bytes[at + 1] = value & 0xff;
}

function nameError(at: number): HookswitchError {
	return new HookswitchError("dns-name", "not a host name", at);
}

function messageError(at: number): HookswitchError {
	return new HookswitchError("dns-message", "malformed DNS message", at);
}
