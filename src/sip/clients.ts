/**
 * The requests that are under way: client transactions with their bytes, targets and
 * owners (RFC 3261 §17.1, §18.1, §9.1). Outputs go to the wire's queue.
 */
import { HookswitchError } from "../errors.js";
import type { Host } from "../host.js";
import {
	InviteClientTransaction,
	NonInviteClientTransaction,
} from "./client-transaction.js";
import type { Target } from "./endpoint.js";
import type { Message } from "./message.js";
import { Schedule, staleEntries } from "./schedule.js";
import { Action, State } from "./transaction.js";
import type { Connection, Wire } from "./wire.js";
import {
	cancellation,
	type OutgoingRequest,
	writeAcknowledgement,
	writeRequest,
} from "./writer.js";

/** §18.1.1: within 200 bytes of an unknown path MTU, 1,500. */
const largestUdpRequest = 1300;

interface Entry {
	readonly id: number;
	readonly owner: number;
	/** Its responses interest nobody: CANCEL. */
	readonly silent: boolean;
	readonly request: OutgoingRequest;
	readonly asked: Target;
	target: Target;
	machine: InviteClientTransaction | NonInviteClientTransaction;
	branch: string;
	via: string;
	bytes: Uint8Array;
	connection: number;
	/** Sent over TCP only because it is large. */
	moved: boolean;
	answered: boolean;
	/** The user wants it cancelled, and no provisional response has come yet. */
	cancelling: boolean;
	/** The ACK to the final response other than 2xx. */
	acknowledgement: Uint8Array | undefined;
	/** The ACKs to 2xx, by To tag. */
	confirmations: Confirmation[] | undefined;
	scheduled: number;
}

interface Confirmation {
	readonly tag: string | undefined;
	readonly bytes: Uint8Array;
	readonly target: Target;
}

export class Clients {
	readonly #host: Host;
	readonly #wire: Wire;
	readonly #limit: number;
	readonly #userAgent: string | undefined;
	readonly #entries = new Map<number, Entry>();
	/** By branch, CANCEL with a suffix. */
	readonly #byBranch = new Map<string, Entry>();
	readonly #schedule = new Schedule();
	/** Even: server transactions are odd. */
	#nextId = 2;

	constructor(
		host: Host,
		wire: Wire,
		limit: number,
		userAgent: string | undefined,
	) {
		this.#host = host;
		this.#wire = wire;
		this.#limit = limit;
		this.#userAgent = userAgent;
	}

	get size(): number {
		return this.#entries.size;
	}

	request(
		now: number,
		request: OutgoingRequest,
		target: Target,
		owner: number,
	): number {
		const id = this.#nextId;
		this.#nextId += 2;
		if (this.#entries.size >= this.#limit && !this.#makeRoom()) {
			this.#fail(id, owner, "transport");
			return id;
		}
		const entry = this.#begin(now, id, owner, request, target, false);
		if (entry !== undefined) this.#start(now, entry);
		return id;
	}

	cancel(now: number, id: number): void {
		const entry = this.#entries.get(id);
		if (entry === undefined || entry.request.method !== "INVITE") return;
		const { state } = entry.machine;
		if (state === State.Calling) entry.cancelling = true;
		else if (state === State.Proceeding) this.#sendCancel(now, entry);
	}

	acknowledge(
		now: number,
		id: number,
		acknowledgement: OutgoingRequest,
		target: Target,
	): void {
		const { transport } = target;
		const via = this.#wire.via(transport, this.#branch());
		if (via === undefined) return;
		let bytes: Uint8Array;
		try {
			bytes = writeRequest(this.#host, acknowledgement, via, undefined);
		} catch (error) {
			if (error instanceof HookswitchError) return;
			throw error;
		}
		const entry = this.#entries.get(id);
		if (entry !== undefined) {
			entry.confirmations ??= [];
			const tag = tagOf(acknowledgement.to);
			// A fork for each answer of a proxy; more is an attack.
			if (entry.confirmations.length < 8)
				entry.confirmations.push({ tag, bytes, target });
		}
		this.#wire.send(now, target, bytes, requestLine(acknowledgement));
	}

	/** A response: false when it belongs to no transaction, or is not what was asked for. */
	response(now: number, message: Message, source: Target): boolean {
		const { via, cseq } = message;
		const { branch } = via;
		if (branch === undefined) return false;
		const entry = this.#byBranch.get(
			cseq.method === "CANCEL" ? cancelKey(branch) : branch,
		);
		if (
			entry === undefined ||
			// §8.1.3.3, but for a request that was passed on with the Via of others.
			(!message.hasOneVia && !hasVia(entry.request)) ||
			cseq.number !== entry.request.cseq ||
			cseq.method !== entry.request.method ||
			!this.#isFromTarget(entry, source) ||
			via.host !== this.#wire.local(entry.target.transport)?.host.toLowerCase()
		)
			return false;
		entry.answered = true;
		const { status } = message;
		if (
			status >= 200 &&
			status < 300 &&
			this.#repeatConfirmation(now, entry, message)
		)
			return true;
		const action = entry.machine.response(now, status);
		if ((action & Action.Acknowledge) !== 0)
			this.#sendAcknowledgement(now, entry, message);
		if ((action & Action.Deliver) !== 0 && !entry.silent)
			this.#wire.output({
				kind: "response",
				transaction: entry.id,
				owner: entry.owner,
				message,
			});
		if (status >= 200) this.#release(entry);
		this.#after(entry, action);
		if (entry.cancelling && entry.machine.state !== State.Calling) {
			entry.cancelling = false;
			if (entry.machine.state === State.Proceeding)
				this.#sendCancel(now, entry);
		}
		return true;
	}

	/** The connection is gone: what waited on it fails, or goes over UDP after all. */
	closed(now: number, connection: Connection): void {
		const never = connection.waiting !== undefined;
		for (const id of connection.users.slice()) {
			const entry = this.#entries.get(id);
			if (entry === undefined || entry.connection !== connection.id) continue;
			entry.connection = 0;
			this.#remove(entry);
			if (entry.moved && never && !entry.answered) {
				const again = this.#begin(
					now,
					entry.id,
					entry.owner,
					entry.request,
					entry.asked,
					true,
				);
				if (again !== undefined) {
					again.cancelling = entry.cancelling;
					this.#start(now, again);
				}
			} else this.#failEntry(entry, "transport");
		}
	}

	/** The network is down. */
	reset(): void {
		for (const entry of [...this.#entries.values()]) {
			this.#remove(entry);
			if (unfinished(entry)) this.#failEntry(entry, "transport");
		}
	}

	timeout(now: number): void {
		for (;;) {
			const id = this.#schedule.take(now);
			if (id < 0) return;
			const entry = this.#entries.get(id);
			if (entry === undefined) continue;
			entry.scheduled = Number.POSITIVE_INFINITY;
			const action = entry.machine.timeout(now);
			if ((action & Action.TimedOut) !== 0) this.#failEntry(entry, "timeout");
			if ((action & Action.Send) !== 0) this.#transmit(now, entry);
			this.#after(entry, action);
		}
	}

	deadline(): number {
		return this.#schedule.earliest();
	}

	/** Makes the entry and its bytes; undefined (and a failure) when that can't be. */
	#begin(
		now: number,
		id: number,
		owner: number,
		request: OutgoingRequest,
		asked: Target,
		refused: boolean,
	): Entry | undefined {
		const branch = this.#branch();
		let target = asked;
		let via = this.#wire.via(asked.transport, branch);
		if (via === undefined) {
			this.#fail(id, owner, "transport");
			return undefined;
		}
		let moved = false;
		let bytes: Uint8Array;
		try {
			bytes = writeRequest(this.#host, request, via, this.#userAgent);
			if (
				asked.transport === "udp" &&
				bytes.length > largestUdpRequest &&
				!refused &&
				!this.#wire.refuses(now, "tcp", asked.address)
			) {
				moved = true;
				target = { transport: "tcp", address: asked.address };
				via = this.#wire.via("tcp", branch) ?? via;
				bytes = writeRequest(this.#host, request, via, this.#userAgent);
			}
		} catch (error) {
			if (!(error instanceof HookswitchError)) throw error;
			this.#fail(id, owner, "invalid");
			return undefined;
		}
		return this.#entry(
			id,
			owner,
			false,
			request,
			asked,
			target,
			branch,
			via,
			bytes,
			moved,
		);
	}

	#entry(
		id: number,
		owner: number,
		silent: boolean,
		request: OutgoingRequest,
		asked: Target,
		target: Target,
		branch: string,
		via: string,
		bytes: Uint8Array,
		moved: boolean,
	): Entry {
		const reliable = target.transport !== "udp";
		return {
			id,
			owner,
			silent,
			request,
			asked,
			target,
			machine:
				request.method === "INVITE"
					? new InviteClientTransaction(reliable)
					: new NonInviteClientTransaction(reliable),
			branch,
			via,
			bytes,
			connection: 0,
			moved,
			answered: false,
			cancelling: false,
			acknowledgement: undefined,
			confirmations: undefined,
			scheduled: Number.POSITIVE_INFINITY,
		};
	}

	#start(now: number, entry: Entry): void {
		this.#entries.set(entry.id, entry);
		this.#byBranch.set(keyOf(entry), entry);
		entry.machine.start(now);
		this.#transmit(now, entry);
		if (this.#entries.has(entry.id)) this.#after(entry, Action.None);
	}

	#transmit(now: number, entry: Entry): void {
		const connection = this.#wire.send(
			now,
			entry.target,
			entry.bytes,
			requestLine(entry.request),
		);
		if (connection < 0) {
			this.#remove(entry);
			this.#failEntry(entry, "transport");
			return;
		}
		if (connection > 0 && entry.connection !== connection) {
			entry.connection = connection;
			this.#wire.connection(connection)?.users.push(entry.id);
		}
	}

	#after(entry: Entry, action: number): void {
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

	#sendCancel(now: number, entry: Entry): void {
		const { request, target, via, branch } = entry;
		const id = this.#nextId;
		this.#nextId += 2;
		const cancel = cancellation(request);
		const bytes = writeRequest(this.#host, cancel, via, this.#userAgent);
		// The connection of the INVITE, if it has one.
		const where: Target =
			entry.connection > 0
				? { ...target, connection: entry.connection }
				: target;
		(entry.machine as InviteClientTransaction).giveUpAfter(now);
		this.#after(entry, Action.None);
		this.#start(
			now,
			this.#entry(id, 0, true, cancel, where, where, branch, via, bytes, false),
		);
	}

	#sendAcknowledgement(now: number, entry: Entry, message: Message): void {
		try {
			entry.acknowledgement ??= writeAcknowledgement(
				this.#host,
				entry.request,
				entry.via,
				message,
			);
		} catch (error) {
			// A To that we can't write back: the peer will repeat itself and give up.
			if (!(error instanceof HookswitchError)) throw error;
			return;
		}
		this.#wire.send(
			now,
			entry.connection > 0
				? { ...entry.target, connection: entry.connection }
				: entry.target,
			entry.acknowledgement,
			`ACK ${entry.request.uri} SIP/2.0`,
		);
	}

	/** A 2xx that was acknowledged and comes again gets the same ACK (§13.2.2.4). */
	#repeatConfirmation(now: number, entry: Entry, message: Message): boolean {
		if (entry.confirmations === undefined) return false;
		const { tag } = message.to;
		const found = entry.confirmations.find((each) => each.tag === tag);
		if (found === undefined) return false;
		this.#wire.send(
			now,
			found.target,
			found.bytes,
			`ACK ${entry.request.uri} SIP/2.0`,
		);
		return true;
	}

	/** A response that did not come from where the request went is somebody else's guess. */
	#isFromTarget(entry: Entry, source: Target): boolean {
		if (source.transport === "udp" && entry.target.transport === "udp") {
			const { host } = entry.target.address;
			return source.address.host === host || isMulticast(host);
		}
		// A server may answer over a connection of its own (§18.2.2).
		return (
			source.transport === entry.target.transport &&
			(source.connection === entry.connection ||
				source.address.host === entry.target.address.host)
		);
	}

	/** The connection owes it nothing any more. */
	#release(entry: Entry): void {
		if (entry.connection === 0) return;
		const users = this.#wire.connection(entry.connection)?.users;
		const at = users?.indexOf(entry.id) ?? -1;
		if (users !== undefined && at >= 0) {
			const last = users.pop();
			if (last !== undefined && at < users.length) users[at] = last;
		}
	}

	#remove(entry: Entry): void {
		this.#entries.delete(entry.id);
		const key = keyOf(entry);
		if (this.#byBranch.get(key) === entry) this.#byBranch.delete(key);
		this.#release(entry);
	}

	/** Forgets the oldest transaction that has its final response and only absorbs repetitions. */
	#makeRoom(): boolean {
		let looked = 0;
		for (const entry of this.#entries.values()) {
			if (!unfinished(entry)) {
				this.#remove(entry);
				return true;
			}
			// They stand in the order of their beginning: the harmless ones are near the front.
			if (++looked === 64) break;
		}
		return false;
	}

	#failEntry(entry: Entry, reason: "timeout" | "transport"): void {
		if (!entry.silent) this.#fail(entry.id, entry.owner, reason);
	}

	#fail(
		transaction: number,
		owner: number,
		reason: "timeout" | "transport" | "invalid",
	): void {
		this.#wire.output({ kind: "failure", transaction, owner, reason });
	}

	#branch(): string {
		return `z9hG4bK${this.#host.hex(this.#host.random(8), 0, 8)}`;
	}
}

function keyOf(entry: Entry): string {
	return entry.request.method === "CANCEL"
		? cancelKey(entry.branch)
		: entry.branch;
}

function cancelKey(branch: string): string {
	return `${branch} CANCEL`;
}

function unfinished(entry: Entry): boolean {
	const { state } = entry.machine;
	return (
		state === State.Calling ||
		state === State.Trying ||
		state === State.Proceeding
	);
}

function requestLine(request: OutgoingRequest): string {
	return `${request.method} ${request.uri} SIP/2.0`;
}

/** The tag at the end of a To value that we wrote. */
function tagOf(to: string): string | undefined {
	const at = to.lastIndexOf(";tag=");
	return at < 0 ? undefined : to.slice(at + 5);
}

/** 224.0.0.0/4, ff00::/8: anybody of the group may answer. */
function isMulticast(host: string): boolean {
	if (host.includes(":")) return host.slice(0, 2).toLowerCase() === "ff";
	const first = Number(host.slice(0, host.indexOf(".")));
	return first >= 224 && first <= 239;
}

/** Does the request carry the Via of those who sent it before us? Then we are a proxy, and responses carry them too. */
function hasVia({ headers }: OutgoingRequest): boolean {
	for (const [name] of headers) if (name === "Via") return true;
	return false;
}
