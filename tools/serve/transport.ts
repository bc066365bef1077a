/**
 * UDP and TCP for a machine of the core that runs on a computer: the profile
 * server, the registrar, the scripted caller. Mutate, then drain, then sleep until
 * the deadline. Knows nothing of SIP.
 */
import { createSocket, type Socket as DatagramSocket } from "node:dgram";
import {
	connect,
	createServer,
	isIPv6,
	type Server,
	type Socket,
} from "node:net";
import type { Address, ConnectionId, NetworkOutput } from "../../src/port.js";
import { UsageError } from "../usage-error.js";

/** What is driven. `now` is monotonic, in milliseconds. */
export interface Machine {
	datagram(now: number, bytes: Uint8Array, from: Address): void;
	accepted(now: number, connection: ConnectionId, from: Address): void;
	connected(now: number, connection: ConnectionId): void;
	received(now: number, connection: ConnectionId, bytes: Uint8Array): void;
	closed(now: number, connection: ConnectionId): void;
	timeout(now: number): void;
	deadline(): number;
	/** The next thing to do on the network, after the machine has handled its own outputs. */
	next(now: number): NetworkOutput | undefined;
}

/**
 * Outputs performed before the sockets are read again. A server that tells
 * thousands of devices must take their answers in between: the kernel's receive
 * buffer holds about 160 datagrams.
 */
const outputsPerTurn = 64;
/** A peer that reads slower than this is cut off: its buffer is the server's memory. */
const unsentLimit = 1024 * 1024;
const connectionLimit = 20_000;
/** setTimeout's own limit is 2^31 - 1; a look once an hour costs nothing. */
const longestSleep = 3_600_000;

export class Transport {
	readonly #machine: Machine;
	readonly #connections = new Map<ConnectionId, Socket>();
	#udp: DatagramSocket | undefined;
	#server: Server | undefined;
	#timer: NodeJS.Timeout | undefined;
	#turn: NodeJS.Immediate | undefined;
	#accepted = 1;
	#open = false;

	constructor(machine: Machine) {
		this.#machine = machine;
	}

	/**
	 * Opens UDP and TCP on one port (0: one that is free), gives the address.
	 */
	async listen({ host, port }: Address): Promise<Address> {
		const udp = createSocket({
			type: isIPv6(host) ? "udp6" : "udp4",
			recvBufferSize: 1 << 20,
			sendBufferSize: 1 << 20,
		});
		const server = createServer({ noDelay: true }, (socket) =>
			this.#accept(socket),
		);
		server.maxConnections = connectionLimit;
		try {
			await new Promise<void>((done, fail) => {
				udp.once("error", fail);
				udp.bind(port, host, () => {
					udp.off("error", fail);
					done();
				});
			});
			const local = { host, port: udp.address().port };
			await new Promise<void>((done, fail) => {
				server.once("error", fail);
				server.listen({ ...local, backlog: 1024 }, () => {
					server.off("error", fail);
					done();
				});
			});
			udp.on("message", (bytes, { address, port }) =>
				this.act((now) =>
					this.#machine.datagram(now, bytes, { host: address, port }),
				),
			);
			// A port that is closed on the other side shows up here; the transaction's timer deals with it.
			udp.on("error", () => {});
			server.on("error", () => {});
			this.#udp = udp;
			this.#server = server;
			this.#open = true;
			return local;
		} catch (error) {
			udp.close();
			server.close();
			const { code, message } = error as NodeJS.ErrnoException;
			throw new UsageError(
				"cannot-listen",
				`${host}:${port}: ${code === "EADDRINUSE" ? "another program listens there" : message}`,
				"name another address and port with --listen",
			);
		}
	}

	/** The one way to change the machine: what it puts out is performed afterwards. */
	act(mutate: (now: number) => void): void {
		if (!this.#open) return;
		mutate(performance.now());
		this.#wake();
	}

	async close(): Promise<void> {
		if (!this.#open) return;
		// What is ready to be sent is sent; what waits for an answer is given up.
		this.#drain(Number.POSITIVE_INFINITY);
		this.#open = false;
		clearTimeout(this.#timer);
		clearImmediate(this.#turn);
		const { promise, resolve } = latch();
		for (const socket of this.#connections.values()) {
			socket.end();
			// A peer that doesn't answer the FIN does not hold us up.
			setTimeout(() => socket.destroy(), 50).unref();
		}
		this.#server?.close(() => resolve());
		await promise;
		const closed = latch();
		this.#udp?.close(() => closed.resolve());
		await closed.promise;
	}

	#wake(): void {
		this.#turn ??= setImmediate(() => {
			this.#turn = undefined;
			this.#drain(outputsPerTurn);
		});
	}

	#drain(limit: number): void {
		for (let count = 0; count < limit; count++) {
			const output = this.#machine.next(performance.now());
			if (output === undefined) {
				this.#sleep();
				return;
			}
			this.#perform(output);
		}
		this.#wake();
	}

	#sleep(): void {
		clearTimeout(this.#timer);
		const deadline = this.#machine.deadline();
		if (deadline === Number.POSITIVE_INFINITY) return;
		// Rounded up: setTimeout counts whole milliseconds and a look too early finds nothing.
		const wait = Math.ceil(deadline - performance.now());
		this.#timer = setTimeout(
			() => this.act((now) => this.#machine.timeout(now)),
			Math.min(Math.max(wait, 1), longestSleep),
		);
	}

	#perform(output: NetworkOutput): void {
		if (output.kind === "datagram") this.#send(output.bytes, output.to);
		else if (output.kind === "connect") {
			const { host, port } = output.to;
			const socket = connect({ host, port, noDelay: true });
			const id = output.connection;
			socket.once("connect", () =>
				this.act((now) => this.#machine.connected(now, id)),
			);
			this.#adopt(id, socket);
		} else {
			const socket = this.#connections.get(output.connection);
			if (output.kind === "close") socket?.end();
			else if (socket !== undefined) {
				socket.write(output.bytes);
				if (socket.writableLength > unsentLimit) socket.destroy();
			}
		}
	}

	/** Where nothing can be sent (port 0 of somebody's Contact), it is lost as any datagram: the transaction notices. */
	#send(bytes: Uint8Array, { host, port }: Address): void {
		if (port > 0) this.#udp?.send(bytes, port, host, () => {});
	}

	#accept(socket: Socket): void {
		const id = this.#accepted;
		this.#accepted += 2;
		const from = {
			host: socket.remoteAddress ?? "",
			port: socket.remotePort ?? 0,
		};
		this.act((now) => this.#machine.accepted(now, id, from));
		this.#adopt(id, socket);
	}

	#adopt(id: ConnectionId, socket: Socket): void {
		this.#connections.set(id, socket);
		socket.on("data", (bytes) =>
			this.act((now) =>
				this.#machine.received(now, id, bytes as unknown as Uint8Array),
			),
		);
		// "close" follows, and says all that the machine needs to know.
		socket.on("error", () => {});
		socket.on("close", () => {
			this.#connections.delete(id);
			this.act((now) => this.#machine.closed(now, id));
		});
	}
}

function latch(): { promise: Promise<void>; resolve: () => void } {
	let resolve: () => void = () => {};
	const promise = new Promise<void>((done) => {
		resolve = done;
	});
	return { promise, resolve };
}

/** `127.0.0.2:5060`, `[::1]:5060`; the port may be left out. */
export function parseListen(text: string, defaultPort = 5060): Address {
	const match = /^(?:\[([0-9a-fA-F:]+)\]|([0-9.]+))(?::(\d{1,5}))?$/.exec(text);
	const port = Number(match?.[3] ?? defaultPort);
	if (match === null || port > 65_535)
		throw new UsageError(
			"bad-address",
			`--listen ${text}: not an address and port`,
			"write it like 127.0.0.2:5060 or [::1]:5060",
		);
	return { host: match[1] ?? match[2] ?? "", port };
}
