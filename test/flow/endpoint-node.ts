/**
 * A `SipEndpoint` on the virtual network, with a transaction user that a test gives
 * and a record of what came out.
 */
import type { Address, ConnectionId, NetworkOutput } from "../../src/port.js";
import {
	type EndpointOptions,
	type EndpointOutput,
	SipEndpoint,
} from "../../src/sip/endpoint.js";
import { host } from "../portable.js";
import type { NetworkNode } from "./network.js";

/** Outputs that are a transaction user's. */
export type UserOutput = Exclude<EndpointOutput, NetworkOutput>;

export class EndpointNode implements NetworkNode {
	readonly endpoint: SipEndpoint;
	/** All but traces. */
	readonly outputs: UserOutput[] = [];
	readonly traces: string[] = [];
	readonly address: Address;
	/** The transaction user. */
	user: (output: UserOutput, now: number) => void = () => {};

	constructor(address: string, options: EndpointOptions = {}) {
		this.endpoint = new SipEndpoint(host(), options);
		this.address = { host: address, port: 5060 };
		this.endpoint.setLocal(0, this.address);
	}

	datagram(
		now: number,
		_socket: string,
		bytes: Uint8Array,
		from: Address,
	): void {
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
	}
	deadline(): number {
		return this.endpoint.deadline();
	}

	next(now: number): NetworkOutput | undefined {
		for (;;) {
			const output = this.endpoint.next();
			if (output === undefined) return undefined;
			switch (output.kind) {
				case "datagram":
				case "connect":
				case "send":
				case "close":
					return output;
				case "trace":
					this.traces.push(`${output.direction} ${output.line}`);
					break;
				default:
					this.outputs.push(output);
					this.user(output, now);
			}
		}
	}

	/** What came out, shortly: `200`, `INVITE`, `timeout` …. */
	get told(): string[] {
		return this.outputs.map((output) => {
			switch (output.kind) {
				case "request":
					return output.message.method;
				case "response":
					return String(output.message.status);
				case "failure":
					return output.reason;
				case "malformed":
					return output.code;
				default:
					return output.kind;
			}
		});
	}
}
