/**
 * What the servers of `tools/` have in common: a SIP endpoint whose outputs go to
 * the network, to the log, or to the server itself. A server says what it does
 * with requests and responses; `Transport` drives it.
 */
import type { Host } from "../../src/host.js";
import type { Address, ConnectionId, NetworkOutput } from "../../src/port.js";
import {
	type EndpointOptions,
	type EndpointOutput,
	SipEndpoint,
} from "../../src/sip/endpoint.js";
import type { Log } from "./log.js";
import { logMessage, text } from "./trace.js";
import type { Machine } from "./transport.js";

/** An output that is the server's own business. */
export type UserOutput = Exclude<
	EndpointOutput,
	NetworkOutput | { kind: "trace" } | { kind: "malformed" }
>;

export interface EndpointMachineOptions extends EndpointOptions {
	readonly log: Log;
}

/**
 * A phone's limits are for a phone. Here a non-INVITE transaction is remembered for
 * 32 s (Timer J): 200,000 are 6,000 requests a second, some 100 MB.
 */
const limits = Object.freeze({
	transactions: 200_000,
	connections: 20_000,
	// Thousands of phones may be in the middle of a message.
	waiting: 16 * 1024 * 1024,
});

export abstract class EndpointMachine implements Machine {
	protected readonly host: Host;
	protected readonly endpoint: SipEndpoint;
	protected readonly log: Log;
	#local: Address = { host: "", port: 0 };

	constructor(host: Host, options: EndpointMachineOptions) {
		this.host = host;
		this.endpoint = new SipEndpoint(host, {
			trace: false,
			limits,
			...options,
		});
		this.log = options.log;
	}

	protected get local(): Address {
		return this.#local;
	}

	/** The sockets stand. */
	started(now: number, local: Address): void {
		this.#local = local;
		this.endpoint.setLocal(now, local, local);
	}

	protected abstract handle(now: number, output: UserOutput): void;
	/** Outputs of the server's own machines are ready: give the next, after the endpoint's. */
	protected produce(_now: number): NetworkOutput | undefined {
		return undefined;
	}
	/** The server's own deadlines. */
	protected elapsed(_now: number): void {}
	protected ownDeadline(): number {
		return Number.POSITIVE_INFINITY;
	}

	datagram(now: number, bytes: Uint8Array, from: Address): void {
		this.endpoint.datagram(now, bytes, from);
	}
	accepted(now: number, connection: ConnectionId, from: Address): void {
		this.endpoint.accepted(now, connection, from);
	}
	connected(now: number, connection: ConnectionId): void {
		this.endpoint.connected(now, connection);
	}
	received(now: number, connection: ConnectionId, bytes: Uint8Array): void {
		this.endpoint.received(now, connection, bytes);
	}
	closed(now: number, connection: ConnectionId): void {
		this.endpoint.closed(now, connection);
	}
	timeout(now: number): void {
		this.endpoint.timeout(now);
		this.elapsed(now);
	}
	deadline(): number {
		return Math.min(this.endpoint.deadline(), this.ownDeadline());
	}

	next(now: number): NetworkOutput | undefined {
		for (;;) {
			const output = this.endpoint.next();
			if (output === undefined) return this.produce(now);
			switch (output.kind) {
				case "datagram":
				case "connect":
				case "send":
				case "close":
					return output;
				case "trace":
					logMessage(this.log, this.#local, output);
					break;
				case "malformed":
					this.log.event(
						"warning",
						"input-refused",
						`refused input from ${text(output.source.address)}: ${output.code} at byte ${output.at}`,
						{
							from: text(output.source.address),
							error: output.code,
							at: output.at,
						},
					);
					break;
				default:
					this.handle(now, output);
			}
		}
	}
}
