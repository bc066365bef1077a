/**
 * The transport layer of RFC 3261 §18 without I/O: local addresses, connections and
 * their reuse, outputs for the driver. Knows neither transactions nor messages.
 */
import type { Host } from "../host.js";
import type { Address, ConnectionId, Transport } from "../port.js";
import type { EndpointOutput, Target } from "./endpoint.js";
import { Framer } from "./stream.js";
import { hostPort } from "./uri.js";

/** TCP gives up on a silent peer after minutes; SIP has 32 s for the whole request, and other targets to try. */
const connectPatience = 4000;
/** A peer that began a message and does not go on holds memory. */
const partialPatience = 32000;
/** How often idle connections are looked for. */
const sweepInterval = 30000;
/** A peer that refused TCP is not asked again for this long (§18.1.1). */
const refusalMemory = 600000;
/** The largest payload of a UDP datagram over IPv4. */
export const largestDatagram = 65507;

export interface Connection {
	readonly id: ConnectionId;
	readonly transport: "tcp" | "tls";
	readonly peer: Address;
	readonly framer: Framer;
	/** Not yet connected: what waits to be sent. */
	waiting: Uint8Array[] | undefined;
	/** When it was asked for, or last carried something. */
	used: number;
	/** Client transactions that wait for a response on it. */
	readonly users: number[];
	/** Bytes that its unfinished message holds, as far as they are in the sum. */
	counted: number;
}

export interface WireLimits {
	readonly connections: number;
	/** Largest message, in bytes. */
	readonly message: number;
	/** Bytes of unfinished messages on all connections together. */
	readonly waiting: number;
	/** Milliseconds without traffic after which a connection is closed. */
	readonly idle: number;
}

export class Wire {
	readonly #host: Host;
	readonly #limits: WireLimits;
	readonly #trace: boolean;
	#queue: EndpointOutput[] = [];
	#head = 0;
	#udp: Address | undefined;
	#tcp: Address | undefined;
	readonly #connections = new Map<ConnectionId, Connection>();
	/** By transport and peer. */
	readonly #byPeer = new Map<string, Connection>();
	/** Peers that refused TCP, and until when that is remembered. */
	readonly #refused = new Map<string, number>();
	#nextId = 2;
	#connecting = 0;
	#sweep = Number.POSITIVE_INFINITY;
	/** Bytes of unfinished messages. */
	#waiting = 0;

	constructor(host: Host, limits: WireLimits, trace: boolean) {
		this.#host = host;
		this.#limits = limits;
		this.#trace = trace;
	}

	output(output: EndpointOutput): void {
		this.#queue.push(output);
	}

	next(): EndpointOutput | undefined {
		const output = this.#queue[this.#head];
		if (output === undefined) return undefined;
		this.#head++;
		if (this.#head === this.#queue.length) {
			this.#queue = [];
			this.#head = 0;
		}
		return output;
	}

	setLocal(udp: Address | undefined, tcp: Address | undefined): void {
		this.#udp = udp;
		this.#tcp = tcp ?? udp;
	}

	local(transport: Transport): Address | undefined {
		return transport === "udp" ? this.#udp : this.#tcp;
	}

	/** Via for a new branch, or undefined while the network is down. */
	via(transport: Transport, branch: string): string | undefined {
		const local = this.local(transport);
		if (local === undefined) return undefined;
		return `SIP/2.0/${transportName(transport)} ${hostPort(local.host, local.port)};rport;branch=${branch}`;
	}

	/**
	 * Sends, over a connection that stands or a new one. Gives the connection, 0 for a
	 * datagram, or -1 when it can't be sent.
	 */
	send(
		now: number,
		target: Target,
		bytes: Uint8Array,
		line: string,
	): ConnectionId {
		const { address } = target;
		if (target.transport === "udp") {
			if (this.#udp === undefined || bytes.length > largestDatagram) return -1;
			this.output({ kind: "datagram", socket: "sip", to: address, bytes });
			this.traced("out", "udp", address, line, bytes);
			return 0;
		}
		const connection = this.#connectionTo(now, target.transport, target);
		if (connection === undefined) return -1;
		connection.used = now;
		if (connection.waiting !== undefined) connection.waiting.push(bytes);
		else this.output({ kind: "send", connection: connection.id, bytes });
		this.traced("out", connection.transport, connection.peer, line, bytes);
		return connection.id;
	}

	traced(
		direction: "in" | "out",
		transport: Transport,
		peer: Address,
		line: string,
		bytes: Uint8Array,
	): void {
		if (this.#trace)
			this.output({ kind: "trace", direction, transport, peer, line, bytes });
	}

	connection(id: ConnectionId): Connection | undefined {
		return this.#connections.get(id);
	}

	accepted(
		now: number,
		id: ConnectionId,
		peer: Address,
		transport: "tcp" | "tls",
	): void {
		if (!this.#makeRoom()) {
			this.output({ kind: "close", connection: id });
			return;
		}
		this.#add(now, id, peer, transport, undefined);
	}

	connected(now: number, id: ConnectionId): void {
		const connection = this.#connections.get(id);
		if (connection?.waiting === undefined) return;
		const { waiting } = connection;
		connection.waiting = undefined;
		connection.used = now;
		this.#connecting--;
		for (const bytes of waiting)
			this.output({ kind: "send", connection: id, bytes });
	}

	/** After reading: false when unfinished messages have come to hold too much memory, and this one should go. */
	hold(connection: Connection): boolean {
		const { waiting } = connection.framer;
		this.#waiting += waiting - connection.counted;
		connection.counted = waiting;
		return this.#waiting <= this.#limits.waiting;
	}

	/** Forgets a connection; gives it, so that its users can be told. */
	drop(now: number, id: ConnectionId): Connection | undefined {
		const connection = this.#connections.get(id);
		if (connection === undefined) return undefined;
		this.#connections.delete(id);
		this.#waiting -= connection.counted;
		const key = peerKey(connection.transport, connection.peer);
		if (this.#byPeer.get(key) === connection) this.#byPeer.delete(key);
		if (connection.waiting !== undefined) {
			this.#connecting--;
			this.#remember(now, key);
		}
		if (this.#connections.size === 0) this.#sweep = Number.POSITIVE_INFINITY;
		return connection;
	}

	/** Did this peer refuse a connection a short while ago? */
	refuses(now: number, transport: "tcp" | "tls", peer: Address): boolean {
		if (this.#refused.size === 0) return false;
		return (this.#refused.get(peerKey(transport, peer)) ?? 0) > now;
	}

	/** Connections whose time is over: they are dropped and closed, one at each call. */
	expired(now: number): Connection | undefined {
		if (now < this.#sweep) return undefined;
		for (const connection of this.#connections.values()) {
			const age = now - connection.used;
			const limit =
				connection.waiting !== undefined
					? connectPatience
					: connection.framer.waiting > 0
						? partialPatience
						: this.#limits.idle;
			if (age < limit) continue;
			this.drop(now, connection.id);
			this.output({ kind: "close", connection: connection.id });
			return connection;
		}
		this.#schedule(now);
		return undefined;
	}

	deadline(): number {
		return this.#sweep;
	}

	/** The network is down: every connection is gone. */
	reset(now: number): Connection[] {
		const gone = [...this.#connections.values()];
		for (const { id } of gone) {
			this.drop(now, id);
			this.output({ kind: "close", connection: id });
		}
		this.#refused.clear();
		return gone;
	}

	#connectionTo(
		now: number,
		transport: "tcp" | "tls",
		target: Target,
	): Connection | undefined {
		if (target.connection !== undefined) {
			const given = this.#connections.get(target.connection);
			if (given !== undefined) return given;
		}
		const existing = this.#byPeer.get(peerKey(transport, target.address));
		if (existing !== undefined) return existing;
		if (this.#tcp === undefined || !this.#makeRoom()) return undefined;
		const id = this.#nextId;
		this.#nextId += 2;
		this.output({
			kind: "connect",
			connection: id,
			transport,
			to: target.address,
		});
		this.#connecting++;
		return this.#add(now, id, target.address, transport, []);
	}

	#add(
		now: number,
		id: ConnectionId,
		peer: Address,
		transport: "tcp" | "tls",
		waiting: Uint8Array[] | undefined,
	): Connection {
		const connection: Connection = {
			id,
			transport,
			peer,
			framer: new Framer(this.#host, this.#limits.message),
			waiting,
			used: now,
			users: [],
			counted: 0,
		};
		this.#connections.set(id, connection);
		this.#byPeer.set(peerKey(transport, peer), connection);
		this.#schedule(now);
		return connection;
	}

	/** At the limit the connection that has been idle longest goes, if it owes nobody an answer. */
	#makeRoom(): boolean {
		if (this.#connections.size < this.#limits.connections) return true;
		let oldest: Connection | undefined;
		for (const each of this.#connections.values())
			if (
				each.users.length === 0 &&
				each.waiting === undefined &&
				(oldest === undefined || each.used < oldest.used)
			)
				oldest = each;
		if (oldest === undefined) return false;
		this.drop(0, oldest.id);
		this.output({ kind: "close", connection: oldest.id });
		return true;
	}

	#schedule(now: number): void {
		const next =
			now + (this.#connecting > 0 ? connectPatience / 4 : sweepInterval);
		if (this.#connections.size === 0) this.#sweep = Number.POSITIVE_INFINITY;
		else if (next < this.#sweep || this.#sweep <= now) this.#sweep = next;
	}

	#remember(now: number, key: string): void {
		// One entry for each peer that was tried: as many as connections are enough.
		if (this.#refused.size >= this.#limits.connections) this.#refused.clear();
		this.#refused.set(key, now + refusalMemory);
	}
}

function peerKey(transport: Transport, peer: Address): string {
	return `${transport} ${peer.host} ${peer.port}`;
}

export function transportName(transport: Transport): string {
	switch (transport) {
		case "udp":
			return "UDP";
		case "tcp":
			return "TCP";
		default:
			return "TLS";
	}
}
