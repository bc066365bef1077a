/**
 * The device's data path, top to bottom: datagram → parse → transaction →
 * subscription → document → validate → merge → plan → apply → commit → report.
 *
 * The agent is a machine without I/O (see `port.ts`): call an input method, drain
 * `next()`, sleep until `deadline()`, call `timeout(now)`.
 */
import type { Host } from "./host.js";
import type {
	Address,
	ConnectionId,
	Lease,
	Output,
	SocketName,
} from "./port.js";

export interface AgentOptions {
	/** The factory document (design §5): the bytes of the factory partition. */
	readonly factory: Uint8Array;
	/** What storage holds under a key. May be called at any time, not only at boot; the agent never changes the bytes. */
	readonly stored: (key: string) => Uint8Array | undefined;
	/** Three crashes within a minute of boot: start without the newest documents. */
	readonly safeStart: boolean;
	/** How often the device has restarted after a crash, as the host counts it. */
	readonly restarts: number;
	readonly build: { readonly version: string; readonly time: number };
	/** The SIP port that the device listens on, UDP and TCP; 5060 unless told. */
	readonly port?: number;
}

export class Agent {
	constructor(_host: Host, _options: AgentOptions) {}

	/** Once, before any other input: puts the stored settings in force. */
	start(_now: number): void {}
	/** The network came up (or its lease changed), or went away. */
	network(_now: number, _lease: Lease | undefined): void {}
	/** The array must be the agent's to keep. */
	datagram(
		_now: number,
		_socket: SocketName,
		_bytes: Uint8Array,
		_from: Address,
	): void {}
	/** A peer opened a connection to us; the driver gives it an odd number. */
	accepted(_now: number, _connection: ConnectionId, _from: Address): void {}
	/** A connection that we asked for (`connect`, even number) is up. */
	connected(_now: number, _connection: ConnectionId): void {}
	received(_now: number, _connection: ConnectionId, _bytes: Uint8Array): void {}
	/** A connection is gone, or never came up. Not called after our own `close`. */
	closed(_now: number, _connection: ConnectionId): void {}
	/** The result of a `store` output; results come in the order of the outputs. */
	stored(_now: number, _key: string, _ok: boolean): void {}
	/** A line from the console: `call <uri>`, `answer`, `hangup`, `settings`, `trace on|off`. */
	command(_now: number, _line: string): void {}
	timeout(_now: number): void {}
	deadline(): number {
		return Number.POSITIVE_INFINITY;
	}
	next(): Output | undefined {
		return undefined;
	}
}
