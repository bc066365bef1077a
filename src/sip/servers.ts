/**
 * The requests that have come: server transactions with their last responses
 * (RFC 3261 §17.2, §18.2, §9.2, RFC 3581). Outputs go to the wire's queue.
 */
import { HookswitchError } from "../errors.js";
import type { Host } from "../host.js";
import { newTag } from "./dialog.js";
import type { Target } from "./endpoint.js";
import { reasonPhrase } from "./fault.js";
import type { Message } from "./message.js";
import { Schedule, staleEntries } from "./schedule.js";
import {
	InviteServerTransaction,
	NonInviteServerTransaction,
} from "./server-transaction.js";
import { Action, State } from "./transaction.js";
import type { Wire } from "./wire.js";
import { type OutgoingResponse, writeResponse } from "./writer.js";

/** What a client is told to wait, in seconds, when the table is full: about Timer J. */
const retryAfter = "30";

interface Entry {
	readonly id: number;
	readonly key: string;
	readonly source: Target;
	/** Where responses go. */
	readonly destination: Target;
	readonly method: string;
	readonly machine: InviteServerTransaction | NonInviteServerTransaction;
	/** Until the final response. */
	message: Message | undefined;
	toTag: string | undefined;
	response: Uint8Array | undefined;
	responseLine: string;
	/** Of an INVITE, for its ACK. */
	readonly callId: string;
	readonly sequence: number;
	scheduled: number;
}

export class Servers {
	readonly #host: Host;
	readonly #wire: Wire;
	readonly #limit: number;
	readonly #serverName: string | undefined;
	readonly #entries = new Map<number, Entry>();
	readonly #byKey = new Map<string, Entry>();
	/** INVITEs answered with 2xx: their ACKs come with another branch. */
	readonly #accepted: Entry[] = [];
	readonly #schedule = new Schedule();
	/** Odd: client transactions are even. */
	#nextId = 1;

	constructor(
		host: Host,
		wire: Wire,
		limit: number,
		serverName: string | undefined,
	) {
		this.#host = host;
		this.#wire = wire;
		this.#limit = limit;
		this.#serverName = serverName;
	}

	get size(): number {
		return this.#entries.size;
	}

	/** A valid request has come. */
	request(now: number, message: Message, source: Target): void {
		const { method } = message;
		if (method === "ACK") {
			this.#acknowledgement(now, message);
			return;
		}
		const key = keyOf(message, method);
		const existing = this.#byKey.get(key);
		if (existing !== undefined) {
			this.#perform(now, existing, existing.machine.repeated(now));
			return;
		}
		if (this.#entries.size >= this.#limit && !this.#makeRoom()) {
			this.refuse(now, message, source, 503, [["Retry-After", retryAfter]]);
			return;
		}
		const entry = this.#begin(now, key, message, source);
		if (method === "CANCEL") this.#cancel(now, entry, message);
		else {
			this.#perform(now, entry, Action.None);
			this.#wire.output({
				kind: "request",
				transaction: entry.id,
				message,
				source,
			});
		}
	}

	respond(now: number, id: number, response: OutgoingResponse): void {
		const entry = this.#entries.get(id);
		if (entry?.message === undefined) return;
		const { status } = response;
		if (status > 100) {
			entry.toTag = response.toTag ?? entry.toTag ?? newTag(this.#host);
		}
		const { message } = entry;
		const action = entry.machine.respond(now, status);
		if ((action & Action.Send) === 0) return;
		this.#write(entry, message, response);
		if (status >= 200) {
			entry.message = undefined;
			if (status < 300 && entry.method === "INVITE") this.#accepted.push(entry);
		}
		this.#perform(now, entry, action);
	}

	/** A response outside of any transaction, for a valid request that gets none. */
	refuse(
		now: number,
		message: Message,
		source: Target,
		status: number,
		headers: readonly (readonly [string, string])[],
	): void {
		const bytes = writeResponse(
			this.#host,
			message,
			source.address,
			{ status, headers },
			newTag(this.#host),
			this.#serverName,
		);
		this.#wire.send(
			now,
			destinationOf(message, source),
			bytes,
			statusLine(status),
		);
	}

	/** The network is down: nobody waits for an answer any more. */
	reset(): void {
		this.#entries.clear();
		this.#byKey.clear();
		this.#accepted.length = 0;
	}

	timeout(now: number): void {
		for (;;) {
			const id = this.#schedule.take(now);
			if (id < 0) return;
			const entry = this.#entries.get(id);
			if (entry === undefined) continue;
			entry.scheduled = Number.POSITIVE_INFINITY;
			const action = entry.machine.timeout(now);
			if ((action & Action.Trying) !== 0) {
				this.respond(now, id, { status: 100 });
				continue;
			}
			if ((action & Action.TimedOut) !== 0)
				this.#wire.output({
					kind: "failure",
					transaction: id,
					owner: 0,
					reason: "timeout",
				});
			this.#perform(now, entry, action);
		}
	}

	deadline(): number {
		return this.#schedule.earliest();
	}

	#begin(now: number, key: string, message: Message, source: Target): Entry {
		const reliable = source.transport !== "udp";
		const { method } = message;
		const isInvite = method === "INVITE";
		const entry: Entry = {
			id: this.#nextId,
			key,
			source,
			destination: destinationOf(message, source),
			method,
			machine: isInvite
				? new InviteServerTransaction(now, reliable)
				: new NonInviteServerTransaction(now, reliable),
			message,
			toTag: undefined,
			response: undefined,
			responseLine: "",
			callId: isInvite ? message.callId : "",
			sequence: message.cseq.number,
			scheduled: Number.POSITIVE_INFINITY,
		};
		this.#nextId += 2;
		this.#entries.set(entry.id, entry);
		this.#byKey.set(key, entry);
		return entry;
	}

	#write(entry: Entry, message: Message, response: OutgoingResponse): void {
		const { status } = response;
		const { address } = entry.source;
		const tag = status > 100 ? entry.toTag : undefined;
		try {
			entry.response = writeResponse(
				this.#host,
				message,
				address,
				response,
				tag,
				this.#serverName,
			);
			entry.responseLine = statusLine(status, response.reason);
		} catch (error) {
			// A value that can't be written: the client is owed an answer nevertheless.
			if (!(error instanceof HookswitchError)) throw error;
			const instead = status < 300 ? 500 : status;
			entry.response = writeResponse(
				this.#host,
				message,
				address,
				{ status: instead },
				tag,
				this.#serverName,
			);
			entry.responseLine = statusLine(instead);
		}
	}

	#perform(now: number, entry: Entry, action: number): void {
		if ((action & Action.Send) !== 0 && entry.response !== undefined)
			this.#wire.send(
				now,
				entry.destination,
				entry.response,
				entry.responseLine,
			);
		if ((action & Action.End) !== 0) {
			this.#remove(entry);
			return;
		}
		const deadline = entry.machine.deadline();
		if (deadline < entry.scheduled) {
			entry.scheduled = deadline;
			// Transactions that gave way to others have left theirs: a flood would leave thousands.
			if (this.#schedule.size > staleEntries * this.#limit)
				this.#schedule.prune((id) => this.#entries.has(id));
			this.#schedule.add(deadline, entry.id);
		}
	}

	#acknowledgement(now: number, message: Message): void {
		const entry = this.#byKey.get(keyOf(message, "INVITE"));
		if (entry !== undefined && entry.machine.state !== State.Accepted) {
			if (entry.machine instanceof InviteServerTransaction)
				this.#perform(now, entry, entry.machine.acknowledged(now));
			return;
		}
		const { callId, cseq } = message;
		for (const each of this.#accepted)
			if (
				each.callId === callId &&
				each.sequence === cseq.number &&
				each.toTag === message.to.tag
			) {
				if (
					each.machine instanceof InviteServerTransaction &&
					each.machine.confirmed()
				)
					this.#wire.output({
						kind: "acknowledge",
						transaction: each.id,
						message,
					});
				return;
			}
	}

	#cancel(now: number, entry: Entry, message: Message): void {
		const invite = this.#byKey.get(keyOf(message, "INVITE"));
		if (invite === undefined) {
			this.respond(now, entry.id, { status: 481 });
			return;
		}
		// §9.2: the To tag is that of the INVITE's responses.
		invite.toTag ??= newTag(this.#host);
		const { toTag } = invite;
		this.respond(now, entry.id, { status: 200, toTag });
		if (invite.machine.state === State.Proceeding)
			this.#wire.output({ kind: "cancelled", transaction: invite.id });
	}

	#remove(entry: Entry): void {
		this.#entries.delete(entry.id);
		this.#byKey.delete(entry.key);
		const at = this.#accepted.indexOf(entry);
		if (at >= 0) this.#accepted.splice(at, 1);
	}

	/**
	 * Forgets the oldest transaction that was answered and only absorbs repetitions;
	 * else the oldest refused INVITE: who repeats that one is refused again, and who
	 * never acknowledges shuts nobody out.
	 */
	#makeRoom(): boolean {
		let looked = 0;
		let refused: Entry | undefined;
		for (const entry of this.#entries.values()) {
			const { state } = entry.machine;
			if (
				state === State.Confirmed ||
				(state === State.Completed && entry.method !== "INVITE")
			) {
				this.#remove(entry);
				return true;
			}
			if (state === State.Completed) refused ??= entry;
			if (++looked === 64) break;
		}
		if (refused === undefined) return false;
		this.#remove(refused);
		return true;
	}
}

/**
 * What a request and its repetitions have in common (§17.2.3). Without a branch of
 * RFC 3261: its RFC 2543 identity, where ACK and CANCEL have that of their INVITE.
 */
function keyOf(message: Message, method: string): string {
	const { via } = message;
	const { branch } = via;
	if (branch !== undefined && isUnique(branch))
		return `${branch} ${via.host} ${via.port ?? 5060} ${method}`;
	return [
		message.uriText,
		message.from.tag,
		message.callId,
		message.cseq.number,
		via.host,
		via.port,
		branch,
		method,
	].join(" ");
}

/** More than the magic cookie alone. */
function isUnique(branch: string): boolean {
	return branch.length > 7 && branch.slice(0, 7).toLowerCase() === "z9hg4bk";
}

/** §18.2.2 with RFC 3581: back to where it came from. */
export function destinationOf(message: Message, source: Target): Target {
	const { via } = message;
	if (source.transport === "udp") {
		if (via.symmetric || via.port === source.address.port) return source;
		return {
			transport: "udp",
			address: { host: source.address.host, port: via.port ?? 5060 },
		};
	}
	// Should the connection be gone by then, a new one goes to sent-by's port.
	return {
		transport: source.transport,
		connection: source.connection,
		address: {
			host: source.address.host,
			port: via.port ?? (source.transport === "tls" ? 5061 : 5060),
		},
	};
}

function statusLine(status: number, reason?: string): string {
	return `SIP/2.0 ${status} ${reason ?? reasonPhrase(status)}`;
}
