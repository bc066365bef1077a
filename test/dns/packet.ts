/** DNS messages as scripts write them: names with dots, records as tuples. */
import { join } from "../../src/bytes.js";
import { utf8 } from "../portable.js";

export type Rdata =
	| readonly ["A", string]
	| readonly ["AAAA", readonly number[]]
	| readonly ["CNAME", string]
	| readonly ["SRV", number, number, number, string]
	| readonly ["NAPTR", number, number, string, string, string]
	| readonly ["SOA", number];

export interface Entry {
	readonly name: string;
	readonly ttl?: number;
	readonly data: Rdata;
}

export const types = {
	A: 1,
	CNAME: 5,
	SOA: 6,
	AAAA: 28,
	SRV: 33,
	NAPTR: 35,
} as const;

export function name(text: string): Uint8Array {
	if (text === "") return new Uint8Array(1);
	const parts: Uint8Array[] = [];
	for (const label of text.split(".")) {
		const bytes = utf8(label);
		parts.push(new Uint8Array([bytes.length]), bytes);
	}
	return join([...parts, new Uint8Array(1)]);
}

export function words(...values: number[]): Uint8Array {
	return new Uint8Array(values.flatMap((value) => [value >> 8, value & 255]));
}

function characters(text: string): Uint8Array {
	const bytes = utf8(text);
	return join([new Uint8Array([bytes.length]), bytes]);
}

function rdata(data: Rdata): Uint8Array {
	switch (data[0]) {
		case "A":
			return new Uint8Array(data[1].split(".").map(Number));
		case "AAAA":
			return words(...data[1]);
		case "CNAME":
			return name(data[1]);
		case "SRV":
			return join([words(data[1], data[2], data[3]), name(data[4])]);
		case "NAPTR":
			return join([
				words(data[1], data[2]),
				characters(data[3]),
				characters(data[4]),
				characters(""),
				name(data[5]),
			]);
		default:
			return join([
				name("ns"),
				name("admin"),
				words(0, 1, 0, 1, 0, 1, 0, 1, 0, data[1]),
			]);
	}
}

export function entry({ name: owner, ttl = 300, data }: Entry): Uint8Array {
	const bytes = rdata(data);
	return join([
		name(owner),
		words(types[data[0]], 1, ttl >>> 16, ttl & 0xffff, bytes.length),
		bytes,
	]);
}

export interface Reply {
	readonly code?: number;
	readonly truncated?: boolean;
	readonly answers?: readonly Entry[];
	readonly authority?: readonly Entry[];
	readonly additional?: readonly Entry[];
	readonly id?: number;
}

/** The name, type and id of a query. */
export function question(query: Uint8Array) {
	let at = 12;
	const labels: string[] = [];
	for (;;) {
		const length = query[at] ?? 0;
		if (length === 0) break;
		labels.push(
			String.fromCharCode(...query.subarray(at + 1, at + 1 + length)),
		);
		at += 1 + length;
	}
	const type = ((query[at + 1] ?? 0) << 8) | (query[at + 2] ?? 0);
	return {
		name: labels.join("."),
		type: Object.entries(types).find(([, code]) => code === type)?.[0] ?? "",
		id: ((query[0] ?? 0) << 8) | (query[1] ?? 0),
		end: at + 5,
		extended: query[11] === 1,
	};
}

/** An answer to `query`. */
export function answer(query: Uint8Array, reply: Reply): Uint8Array {
	const { id, end } = question(query);
	const { answers = [], authority = [], additional = [] } = reply;
	return join([
		words(
			reply.id ?? id,
			0x8180 | (reply.truncated ? 0x0200 : 0) | (reply.code ?? 0),
			1,
			answers.length,
			authority.length,
			additional.length,
		),
		query.subarray(12, end),
		...answers.map(entry),
		...authority.map(entry),
		...additional.map(entry),
	]);
}
