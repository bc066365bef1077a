/**
 * A stub resolver (RFC 1034 §5.3.1): asks the name servers of the lease, again and
 * in turn until one answers, and keeps answers for as long as their TTL says
 * (RFC 2308 for negative ones). Knows nothing of SIP.
 *
 * An answer counts only if it comes from a server that is asked, with the random id
 * of the query, to the very question; anything else is as if it had not come.
 */
import { HookswitchError } from "../errors.js";
import type { Host } from "../host.js";
import type { Address, NetworkOutput } from "../port.js";
import {
	type Answer,
	answerId,
	parseAnswer,
	RecordType,
	type ResourceRecord,
	ResponseCode,
	writeQuery,
} from "./message.js";

export type Resolution =
	/** Records of the type asked for; empty: the name has none of that type. */
	| { readonly kind: "records"; readonly records: readonly ResourceRecord[] }
	/** NXDOMAIN: there is no such name. */
	| { readonly kind: "no-name" }
	/** A name server is there, and fails at this question: some know only addresses. */
	| { readonly kind: "refused" }
	/** No name server gave an answer that can be used. */
	| { readonly kind: "failed" };

export type ResolverOutput =
	| Extract<NetworkOutput, { kind: "datagram" }>
	| {
			readonly kind: "resolved";
			readonly query: number;
			readonly resolution: Resolution;
	  };

/** First wait for an answer, doubled each time all servers have been tried. */
const firstWait = 500;
const rounds = 4;
/** A name server list is a lease's; more than this adds nothing. */
const serverLimit = 3;
/** Answers kept: enough for the names of a phone's servers. */
const cacheLimit = 48;
/** A day, whatever the TTL says. */
const longestTtl = 86_400;
/** RFC 2308 §5 suggests 1–3 hours; a phone that comes up before its records do should not wait that long. */
const longestNegativeTtl = 60;
/** CNAMEs followed for one question. */
const aliasLimit = 8;
/** Questions under way at once. */
const queryLimit = 32;

interface Question {
	readonly name: string;
	readonly type: number;
	/** What is asked now: `name`, or where its aliases led. */
	asked: string;
	aliases: number;
	/** The least TTL of the aliases followed so far, in seconds. */
	ttl: number;
	id: number;
	attempt: number;
	/** A server has answered with an error. */
	refused: boolean;
	/** OPT goes along; a server that answers FORMERR is asked without. */
	extended: boolean;
	deadline: number;
	/** Numbers that `resolve` gave out for it. */
	readonly queries: number[];
}

interface Kept {
	readonly until: number;
	readonly resolution: Resolution;
}

export class Resolver {
	readonly #host: Host;
	readonly #outputs: ResolverOutput[] = [];
	readonly #questions: Question[] = [];
	readonly #cache = new Map<string, Kept>();
	#servers: readonly Address[] = [];
	#lastQuery = 0;

	constructor(host: Host) {
		this.#host = host;
	}

	/** The lease's name servers, in order. Questions under way go on with the new ones; answers of the old network are forgotten. */
	setServers(now: number, servers: readonly Address[]): void {
		this.#servers = servers.slice(0, serverLimit);
		this.#cache.clear();
		for (const question of this.#questions.slice()) {
			question.attempt = 0;
			this.#ask(now, question);
		}
	}

	/** Asks for the records of `type` at `name`; the result comes as `resolved` with the number returned, even out of the cache. */
	resolve(now: number, name: string, type: number): number {
		this.#lastQuery += 1;
		const query = this.#lastQuery;
		const wanted = name.toLowerCase();
		const kept = this.#cache.get(cacheKey(wanted, type));
		if (kept !== undefined && kept.until >= now) {
			this.#outputs.push({
				kind: "resolved",
				query,
				resolution: kept.resolution,
			});
			return query;
		}
		for (const question of this.#questions) {
			if (question.type === type && question.name === wanted) {
				question.queries.push(query);
				return query;
			}
		}
		const question: Question = {
			name: wanted,
			type,
			asked: wanted,
			aliases: 0,
			ttl: longestTtl,
			id: 0,
			attempt: 0,
			refused: false,
			extended: true,
			deadline: 0,
			queries: [query],
		};
		this.#questions.push(question);
		if (this.#questions.length > queryLimit)
			this.#finish(question, { kind: "failed" });
		else this.#ask(now, question);
		return query;
	}

	datagram(now: number, bytes: Uint8Array, from: Address): void {
		const id = answerId(bytes);
		if (id < 0 || !this.#asks(from)) return;
		for (const question of this.#questions) {
			if (question.id !== id) continue;
			try {
				this.#answer(
					now,
					question,
					parseAnswer(this.#host, bytes, question.asked, question.type),
				);
				return;
			} catch (error) {
				// Malformed or to another question: as if it had not come.
				if (!(error instanceof HookswitchError)) throw error;
			}
		}
	}

	timeout(now: number): void {
		for (const question of this.#questions.slice())
			if (question.deadline <= now) this.#again(now, question);
	}

	deadline(): number {
		let earliest = Number.POSITIVE_INFINITY;
		for (const question of this.#questions)
			if (question.deadline < earliest) earliest = question.deadline;
		return earliest;
	}

	next(): ResolverOutput | undefined {
		return this.#outputs.shift();
	}

	#asks(from: Address): boolean {
		for (const server of this.#servers)
			if (server.host === from.host && server.port === from.port) return true;
		return false;
	}

	/** Sends the question to the server whose turn it is. */
	#ask(now: number, question: Question): void {
		const count = this.#servers.length;
		const to =
			count === 0 ? undefined : this.#servers[question.attempt % count];
		if (to === undefined) {
			this.#finish(question, { kind: "failed" });
			return;
		}
		const random = this.#host.random(2);
		question.id = ((random[0] ?? 0) << 8) | (random[1] ?? 0);
		let bytes: Uint8Array;
		try {
			bytes = writeQuery(
				this.#host,
				question.id,
				question.asked,
				question.type,
				question.extended,
			);
		} catch (error) {
			if (!(error instanceof HookswitchError)) throw error;
			// What is no host name has no records.
			this.#finish(question, { kind: "no-name" });
			return;
		}
		question.deadline =
			now + firstWait * 2 ** Math.floor(question.attempt / count);
		this.#outputs.push({ kind: "datagram", socket: "dns", to, bytes });
	}

	#again(now: number, question: Question): void {
		question.attempt += 1;
		if (question.attempt >= rounds * this.#servers.length)
			this.#finish(question, {
				kind: question.refused ? "refused" : "failed",
			});
		else this.#ask(now, question);
	}

	#answer(now: number, question: Question, answer: Answer): void {
		if (
			question.extended &&
			(answer.code === ResponseCode.FormatError ||
				answer.code === ResponseCode.NotImplemented)
		) {
			question.extended = false;
			this.#ask(now, question);
			return;
		}
		if (
			answer.code !== ResponseCode.NoError &&
			answer.code !== ResponseCode.NameError
		) {
			question.refused = true;
			this.#again(now, question);
			return;
		}
		const records = this.#follow(question, answer.records);
		if (records.length > 0) {
			this.#keepAdditional(now, records, answer.additional);
			// What was cut off (RFC 2181 §9) serves this once and is not kept.
			const ttl = answer.truncated ? 0 : question.ttl;
			this.#keep(now, question, { kind: "records", records }, ttl);
			return;
		}
		if (answer.truncated) {
			this.#finish(question, { kind: "failed" });
			return;
		}
		if (
			question.asked !== question.name &&
			answer.code === ResponseCode.NoError &&
			answer.records.length > 0 &&
			question.aliases <= aliasLimit
		) {
			// The answer has the alias but not what it stands for.
			question.attempt = 0;
			this.#ask(now, question);
			return;
		}
		this.#keep(
			now,
			question,
			answer.code === ResponseCode.NameError
				? { kind: "no-name" }
				: { kind: "records", records },
			Math.min(answer.negativeTtl, longestNegativeTtl),
		);
	}

	/** The records that answer the question, along its aliases. */
	#follow(
		question: Question,
		records: readonly ResourceRecord[],
	): readonly ResourceRecord[] {
		for (;;) {
			let alias: ResourceRecord | undefined;
			const found: ResourceRecord[] = [];
			for (const record of records) {
				if (record.name !== question.asked) continue;
				if (record.type === question.type) {
					found.push(record);
					if (record.ttl < question.ttl) question.ttl = record.ttl;
				} else if (record.type === RecordType.CNAME) alias = record;
			}
			if (found.length > 0 || alias === undefined) return found;
			question.aliases += 1;
			if (question.aliases > aliasLimit) return found;
			question.asked = alias.target;
			if (alias.ttl < question.ttl) question.ttl = alias.ttl;
		}
	}

	/** Addresses that came along for the targets of SRV records; with TTL 0 they serve at this instant only. */
	#keepAdditional(
		now: number,
		records: readonly ResourceRecord[],
		additional: readonly ResourceRecord[],
	): void {
		for (const service of records) {
			if (service.type !== RecordType.SRV) continue;
			for (const type of [RecordType.A, RecordType.AAAA]) {
				const found = additional.filter(
					(record) => record.type === type && record.name === service.target,
				);
				if (found.length === 0) continue;
				let ttl = longestTtl;
				for (const record of found) ttl = Math.min(ttl, record.ttl);
				this.#store(now, service.target, type, ttl, {
					kind: "records",
					records: found,
				});
			}
		}
	}

	#keep(
		now: number,
		question: Question,
		resolution: Resolution,
		ttl: number,
	): void {
		if (ttl > 0)
			this.#store(now, question.name, question.type, ttl, resolution);
		this.#finish(question, resolution);
	}

	#store(
		now: number,
		name: string,
		type: number,
		ttl: number,
		resolution: Resolution,
	): void {
		const key = cacheKey(name, type);
		this.#cache.delete(key);
		if (this.#cache.size >= cacheLimit) {
			// The oldest goes: maps keep the order of insertion.
			for (const oldest of this.#cache.keys()) {
				this.#cache.delete(oldest);
				break;
			}
		}
		this.#cache.set(key, { until: now + ttl * 1000, resolution });
	}

	#finish(question: Question, resolution: Resolution): void {
		this.#questions.splice(this.#questions.indexOf(question), 1);
		for (const query of question.queries)
			this.#outputs.push({ kind: "resolved", query, resolution });
	}
}

function cacheKey(name: string, type: number): string {
	return `${type} ${name}`;
}
