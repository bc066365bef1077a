/**
 * The driver's TCP connections: those that the agent asked for (even numbers, its
 * own) and those that peers opened (odd numbers, given here). Owns the write
 * queues, which are bounded, and the bound on how many connections there are.
 * Must not know what the bytes are.
 */
import type { Address, ConnectionId } from "../src/port.js";
import type {
	ListenerSocket,
	TCPCallbacks,
	TCPConstructor,
	TCPSocket,
} from "./platform.js";

export interface ConnectionEvents {
	accepted(id: ConnectionId, from: Address): void;
	connected(id: ConnectionId): void;
	received(id: ConnectionId, bytes: Uint8Array): void;
	/** Not after the agent's own `close`. */
	closed(id: ConnectionId): void;
	/** Before `closed`: one that the agent asked for never stood, and why. */
	failed(to: Address, reason: unknown): void;
}

/** Connections that peers opened. A phone has one or two proxies; each costs a socket of the device's few. */
export const MAXIMUM_ACCEPTED = 4;
/** Bytes that wait for a slow peer. What the agent says is small; a peer that lets this much pile up is gone. */
export const MAXIMUM_QUEUED = 16_384;
/** One read: bounds the copy on the device; a document is a few of these. */
const READ_SIZE = 4_096;

interface Connection {
	readonly id: ConnectionId;
	/** Where the agent wants it to lead; undefined: a peer opened it. */
	readonly to: Address | undefined;
	socket: TCPSocket | undefined;
	up: boolean;
	writable: number;
	readonly queue: Uint8Array[];
	queued: number;
	/** Closed by the agent; the queue goes out first. */
	closing: boolean;
	/** Counts up with each byte run received: which connection has been quiet longest. */
	active: number;
}

export class Connections {
	readonly #TCP: TCPConstructor;
	readonly #events: ConnectionEvents;
	readonly #connections: Connection[] = [];
	#nextAccepted = 1;
	#activity = 0;

	constructor(TCP: TCPConstructor, events: ConnectionEvents) {
		this.#TCP = TCP;
		this.#events = events;
	}

	/** How many there are. */
	get size(): number {
		return this.#connections.length;
	}

	connect(id: ConnectionId, transport: "tcp" | "tls", to: Address): void {
		const connection = this.#add(id, to);
		try {
			if (transport !== "tcp") throw new Error("no TLS on this host");
			connection.socket = new this.#TCP({
				address: to.host,
				port: to.port,
				...this.#callbacks(connection),
			});
		} catch (error) {
			this.#over(connection, error);
		}
	}

	/** Takes up to `count` connections from the listener. */
	accept(listener: ListenerSocket, count: number): void {
		for (let taken = 0; taken < count; taken++) {
			const from = listener.read();
			if (from === undefined) return;
			this.#makeRoom();
			const id = this.#nextAccepted;
			this.#nextAccepted += 2;
			const connection = this.#add(id);
			let peer: Address;
			try {
				// Asked before `from` is taken over: after that it has no address.
				peer = { host: from.remoteAddress ?? "", port: from.remotePort ?? 0 };
				connection.socket = new this.#TCP({
					from,
					...this.#callbacks(connection),
				});
			} catch {
				// It is gone already, or there is no memory for it: nobody knows of it.
				this.#remove(connection);
				continue;
			}
			this.#events.accepted(id, peer);
		}
	}

	send(id: ConnectionId, bytes: Uint8Array): void {
		const connection = this.#find(id);
		if (connection === undefined || connection.closing) return;
		connection.queue.push(bytes);
		connection.queued += bytes.length;
		this.#flush(connection);
		if (connection.queued > MAXIMUM_QUEUED) this.#over(connection);
	}

	close(id: ConnectionId): void {
		const connection = this.#find(id);
		if (connection === undefined) return;
		connection.closing = true;
		// What was said before goes out first, if the peer is there to hear it.
		if (!connection.up || connection.queued === 0) this.#remove(connection);
	}

	/** Closes all, without a word to the agent. */
	stop(): void {
		for (const connection of [...this.#connections]) this.#remove(connection);
	}

	#callbacks(connection: Connection): TCPCallbacks {
		return {
			onReadable: (count) => this.#readable(connection, count),
			onWritable: (count) => {
				connection.writable = count;
				const isNew = !connection.up;
				connection.up = true;
				this.#flush(connection);
				if (isNew && connection.id % 2 === 0 && !connection.closing)
					this.#events.connected(connection.id);
			},
			onError: (reason) => this.#over(connection, reason),
		};
	}

	#readable(connection: Connection, count: number): void {
		connection.active = ++this.#activity;
		let left = count;
		// The agent may close the connection at any of these bytes.
		while (left > 0 && !connection.closing && this.#isOpen(connection)) {
			const bytes = connection.socket?.read(Math.min(left, READ_SIZE));
			if (bytes === undefined || bytes.byteLength === 0) return;
			left -= bytes.byteLength;
			this.#events.received(connection.id, new Uint8Array(bytes));
		}
	}

	#flush(connection: Connection): void {
		const { socket, queue } = connection;
		if (socket === undefined || !connection.up) return;
		for (;;) {
			const first = queue[0];
			if (first === undefined || connection.writable <= 0) break;
			const length = Math.min(first.length, connection.writable);
			try {
				if (length > 0) socket.write(first.subarray(0, length));
			} catch {
				this.#over(connection);
				return;
			}
			connection.writable -= length;
			connection.queued -= length;
			if (length === first.length) queue.shift();
			else queue[0] = first.subarray(length);
		}
		if (connection.closing && queue.length === 0) this.#remove(connection);
	}

	/** When peers hold all the places, the one that has been quiet longest goes: nobody can shut others out by holding on. */
	#makeRoom(): void {
		let count = 0;
		let quietest: Connection | undefined;
		for (const connection of this.#connections) {
			if (connection.id % 2 === 0) continue;
			count++;
			if (quietest === undefined || connection.active < quietest.active)
				quietest = connection;
		}
		if (count >= MAXIMUM_ACCEPTED && quietest !== undefined)
			this.#over(quietest);
	}

	#add(id: ConnectionId, to?: Address): Connection {
		const connection: Connection = {
			id,
			to,
			socket: undefined,
			up: false,
			writable: 0,
			queue: [],
			queued: 0,
			closing: false,
			active: ++this.#activity,
		};
		this.#connections.push(connection);
		return connection;
	}

	#find(id: ConnectionId): Connection | undefined {
		for (const connection of this.#connections)
			if (connection.id === id) return connection;
		return undefined;
	}

	#isOpen(connection: Connection): boolean {
		return this.#connections.includes(connection);
	}

	/** Gone without the agent's doing: it is told, once. */
	#over(connection: Connection, reason?: unknown): void {
		if (!this.#isOpen(connection)) return;
		const { to, up, closing: wasClosing } = connection;
		this.#remove(connection);
		if (wasClosing) return;
		if (to !== undefined && !up) this.#events.failed(to, reason);
		this.#events.closed(connection.id);
	}

	#remove(connection: Connection): void {
		const index = this.#connections.indexOf(connection);
		if (index < 0) return;
		this.#connections.splice(index, 1);
		connection.queue.length = 0;
		connection.queued = 0;
		try {
			connection.socket?.close();
		} catch {
			// It was closed by the other side.
		}
		connection.socket = undefined;
	}
}
