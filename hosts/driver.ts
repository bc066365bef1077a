/**
 * Drives the agent on any platform (`platform.ts`): feeds it what comes from
 * sockets, storage, console and clock, carries out what it asks for, and sleeps
 * till its deadline. One rule: mutate, then drain until nothing is left, then
 * sleep. Connections are in `connections.ts`.
 *
 * It must not know SIP or documents. Nothing that comes from the network can throw
 * past it: an error in the agent becomes one log line, and the agent goes on.
 *
 * The log: an event is one line (`log-line.ts`). Tools script on it.
 */
import type { Agent } from "../src/agent.js";
import type {
	Address,
	EventOutput,
	EventValue,
	Output,
	SocketName,
	StoreOutput,
} from "../src/port.js";
import { hostPort } from "../src/sip/uri.js";
import { Connections } from "./connections.js";
import { logLine } from "./log-line.js";
import type {
	ListenerSocket,
	Platform,
	TimerId,
	UDPSocket,
} from "./platform.js";

/** What the driver needs of an agent. */
export type DrivenAgent = Pick<
	Agent,
	| "start"
	| "network"
	| "datagram"
	| "accepted"
	| "connected"
	| "received"
	| "closed"
	| "stored"
	| "command"
	| "timeout"
	| "deadline"
	| "next"
>;

export interface DriverOptions {
	/** SIP's, UDP and TCP; must be what the agent was told. */
	readonly port?: number;
}

/** SIP's own port (RFC 3261 §19.1.2). */
const DEFAULT_PORT = 5060;
/** The longest sleep: below the 2^31 ms that timers take. */
const LONGEST_SLEEP = 3_600_000;
/** Between attempts to open a socket that failed. */
const REOPEN_INTERVAL = 1_000;
/**
 * Outputs without an end in one drain mean that the agent asks for something that
 * makes it ask again: log that, and let the platform breathe. The largest honest
 * drain is a boot with all documents, traces and requests: some hundred.
 */
const MAXIMUM_DRAIN = 10_000;
/** Errors in one drain: an agent that only throws is left alone until its next input. */
const MAXIMUM_FAILURES = 8;

export class Driver {
	readonly #platform: Platform;
	readonly #agent: DrivenAgent;
	readonly #port: number;
	readonly #connections: Connections;
	#sip: UDPSocket | undefined;
	#dns: UDPSocket | undefined;
	#listener: ListenerSocket | undefined;
	#running = false;
	/** Inputs that arrived while another was being carried out. */
	readonly #waiting: ((now: number) => void)[] = [];
	#busy = false;
	#timer: TimerId | undefined;
	#armedFor = Number.POSITIVE_INFINITY;
	#reopenAt = Number.POSITIVE_INFINITY;
	#restart: string | undefined;

	constructor(
		platform: Platform,
		agent: DrivenAgent,
		options: DriverOptions = {},
	) {
		this.#platform = platform;
		this.#agent = agent;
		this.#port = options.port ?? DEFAULT_PORT;
		this.#connections = new Connections(platform.TCP, {
			accepted: (id, from) =>
				this.#input((now) => agent.accepted(now, id, from)),
			connected: (id) => this.#input((now) => agent.connected(now, id)),
			received: (id, bytes) =>
				this.#input((now) => agent.received(now, id, bytes)),
			closed: (id) => this.#input((now) => agent.closed(now, id)),
			failed: (to, reason) => this.#connectionFailed(to, reason),
		});
	}

	/** Starts the agent and opens its sockets. */
	start(): void {
		this.#running = true;
		this.#input((now) => this.#agent.start(now));
		this.#input((now) => this.#open(now));
		this.#platform.onLease((lease) =>
			this.#input((now) => this.#agent.network(now, lease)),
		);
		this.#platform.onCommand?.((line) => this.#command(line));
	}

	/** Closes all; the agent hears nothing more. */
	stop(): void {
		this.#running = false;
		if (this.#timer !== undefined) this.#platform.timer.clear(this.#timer);
		this.#timer = undefined;
		this.#sip?.close();
		this.#dns?.close();
		this.#listener?.close();
		this.#connections.stop();
	}

	/** Logs an event of the host's own. */
	event(
		level: EventOutput["level"],
		code: string,
		text: string,
		data: Readonly<Record<string, EventValue>> = {},
	): void {
		this.#log({ kind: "event", level, code, text, data });
	}

	#command(line: string): void {
		if (line === "memory")
			this.event("info", "memory", "memory", this.#platform.memory?.() ?? {});
		else this.#input((now) => this.#agent.command(now, line));
	}

	/** Mutate, drain, sleep. An input that arrives meanwhile waits its turn. */
	#input(deliver: (now: number) => void): void {
		if (!this.#running) return;
		this.#waiting.push(deliver);
		if (this.#busy) return;
		this.#busy = true;
		for (;;) {
			const next = this.#waiting.shift();
			if (next === undefined || !this.#running) break;
			try {
				next(this.#platform.now());
			} catch (error) {
				this.#failed(error);
			}
			this.#drain();
		}
		this.#busy = false;
		if (this.#running) this.#sleep();
	}

	/** An output that fails does not hold up those behind it. */
	#drain(): void {
		let failures = 0;
		for (let count = 0; count < MAXIMUM_DRAIN; count++) {
			let output: Output | undefined;
			try {
				output = this.#agent.next();
			} catch (error) {
				this.#failed(error);
				failures += 1;
				if (failures === MAXIMUM_FAILURES) return;
				continue;
			}
			if (output === undefined) {
				this.#restartIfDone();
				return;
			}
			this.#carryOut(output);
		}
		this.event("error", "endless-output", "the agent does not come to rest");
	}

	#carryOut(output: Output): void {
		switch (output.kind) {
			case "datagram":
				this.#send(output.socket, output.bytes, output.to.host, output.to.port);
				break;
			case "connect":
				this.#connections.connect(
					output.connection,
					output.transport,
					output.to,
				);
				break;
			case "send":
				this.#connections.send(output.connection, output.bytes);
				break;
			case "close":
				this.#connections.close(output.connection);
				break;
			case "store":
				this.#store(output);
				break;
			case "event":
				this.#log(output);
				break;
			case "restart":
				this.#restart = output.reason;
				break;
		}
	}

	/** The result goes back after the drain: it is an input like any other. */
	#store(output: StoreOutput): void {
		const { key, bytes } = output;
		let ok = true;
		try {
			if (bytes === undefined) this.#platform.storage.delete(key);
			else this.#platform.storage.write(key, bytes);
		} catch (error) {
			ok = false;
			this.event("error", "storage-error", `cannot store ${key}`, {
				key,
				reason: reasonOf(error),
			});
		}
		this.#waiting.push((now) => this.#agent.stored(now, key, ok));
	}

	#send(name: SocketName, bytes: Uint8Array, host: string, port: number): void {
		if (name === "dns" && this.#dns === undefined) this.#dns = this.#openDns();
		const socket = name === "sip" ? this.#sip : this.#dns;
		// Without a socket, or a route, a datagram is lost like any other: the agent's timers notice.
		try {
			if (socket === undefined) throw new Error("socket is not open");
			socket.write(bytes, host, port);
		} catch (error) {
			this.event(
				"warning",
				"send-failed",
				`cannot send to ${hostPort(host, port)}`,
				{
					socket: name,
					reason: reasonOf(error),
				},
			);
		}
	}

	/** Opens what is not open; a socket that can't be opened now is tried again. */
	#open(now: number): void {
		this.#reopenAt = Number.POSITIVE_INFINITY;
		const { UDP, Listener } = this.#platform;
		try {
			if (this.#sip === undefined) {
				const socket: UDPSocket = new UDP({
					port: this.#port,
					onReadable: (count) => this.#read("sip", socket, count),
					onError: (reason) => {
						if (this.#sip === socket) this.#sip = undefined;
						this.#lost("udp", reason);
					},
				});
				this.#sip = socket;
			}
			if (this.#listener === undefined) {
				const listener: ListenerSocket = new Listener({
					port: this.#port,
					onReadable: (count) => this.#connections.accept(listener, count),
					onError: (reason) => {
						if (this.#listener === listener) this.#listener = undefined;
						this.#lost("tcp", reason);
					},
				});
				this.#listener = listener;
			}
		} catch (error) {
			this.#socketFailed("sip", error);
			this.#reopenAt = now + REOPEN_INTERVAL;
		}
	}

	#openDns(): UDPSocket | undefined {
		try {
			const socket: UDPSocket = new this.#platform.UDP({
				onReadable: (count) => this.#read("dns", socket, count),
				onError: (reason) => {
					if (this.#dns === socket) this.#dns = undefined;
					this.#socketFailed("dns", reason);
				},
			});
			return socket;
		} catch (error) {
			this.#socketFailed("dns", error);
			return undefined;
		}
	}

	#connectionFailed({ host, port }: Address, reason: unknown): void {
		const to = hostPort(host, port);
		this.event("warning", "connection-failed", `no connection to ${to}`, {
			to,
			reason: reasonOf(reason),
		});
	}

	#lost(transport: string, reason: unknown): void {
		this.#socketFailed(transport, reason);
		this.#input((now) => {
			this.#reopenAt = now + REOPEN_INTERVAL;
		});
	}

	#socketFailed(socket: string, reason: unknown): void {
		this.event("error", "socket-failed", `no ${socket} socket`, {
			socket,
			port: this.#port,
			reason: reasonOf(reason),
		});
	}

	#read(name: SocketName, socket: UDPSocket, count: number): void {
		for (let read = 0; read < count; read++) {
			const datagram = socket.read();
			if (datagram === undefined) return;
			const from = { host: datagram.address, port: datagram.port };
			const bytes = new Uint8Array(datagram);
			this.#input((now) => this.#agent.datagram(now, name, bytes, from));
		}
	}

	#sleep(): void {
		const deadline = Math.min(this.#agent.deadline(), this.#reopenAt);
		if (this.#timer !== undefined) {
			if (deadline === this.#armedFor) return;
			this.#platform.timer.clear(this.#timer);
			this.#timer = undefined;
		}
		this.#armedFor = deadline;
		if (deadline === Number.POSITIVE_INFINITY) return;
		const sleep = Math.ceil(deadline - this.#platform.now());
		this.#timer = this.#platform.timer.set(
			() => this.#wake(),
			// At least 1: a deadline that stays in the past must not starve the sockets.
			Math.min(Math.max(sleep, 1), LONGEST_SLEEP),
		);
	}

	#wake(): void {
		this.#timer = undefined;
		this.#input((now) => {
			if (this.#reopenAt <= now) this.#open(now);
			if (this.#agent.deadline() <= now) this.#agent.timeout(now);
		});
	}

	/** A restart waits until the results of all writes are back and the agent has nothing more to say. */
	#restartIfDone(): void {
		if (this.#restart === undefined || this.#waiting.length > 0) return;
		const reason = this.#restart;
		this.stop();
		this.#platform.restart(reason);
	}

	#failed(error: unknown): void {
		const { stack } = error as { stack?: string };
		this.event("error", "internal-error", reasonOf(error), {
			where: (stack ?? "").split("\n").slice(1, 4).join(" ").trim(),
		});
	}

	#log(event: EventOutput): void {
		this.#platform.log(logLine(microseconds(this.#platform.now()), event));
	}
}

function reasonOf(error: unknown): string {
	if (error instanceof Error) return `${error.name}: ${error.message}`;
	return error === undefined ? "unknown" : String(error);
}

/** Whole microseconds, in milliseconds: more digits only make the log longer. */
function microseconds(milliseconds: number): number {
	return Math.round(milliseconds * 1000) / 1000;
}
