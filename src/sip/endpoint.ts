/**
 * Transport and transactions in one machine without I/O (RFC 3261 §17, §18), both
 * roles. One per process. The transaction user sees only validated requests, each once.
 */
import { HookswitchError } from "../errors.js";
import type { Host } from "../host.js";
import type {
	Address,
	ConnectionId,
	NetworkOutput,
	Transport,
} from "../port.js";
import { Clients } from "./clients.js";
import { newTag } from "./dialog.js";
import { reasonPhrase, statusOf } from "./fault.js";
import { type Message, readMessage } from "./message.js";
import { Servers } from "./servers.js";
import { hostPort } from "./uri.js";
import { Wire } from "./wire.js";
import {
	type OutgoingRequest,
	type OutgoingResponse,
	writeRefusal,
} from "./writer.js";

/** Where a message came from or goes to. A live `connection` wins over the address. */
export interface Target {
	readonly transport: Transport;
	readonly address: Address;
	readonly connection?: ConnectionId | undefined;
}

export type EndpointOutput =
	| NetworkOutput
	/** Answer with `respond(now, transaction, …)`. */
	| {
			readonly kind: "request";
			readonly transaction: number;
			readonly message: Message;
			readonly source: Target;
	  }
	| {
			readonly kind: "response";
			readonly transaction: number;
			readonly owner: number;
			readonly message: Message;
	  }
	/**
	 * No final response will come; or (owner 0) no ACK came for a 2xx that we sent.
	 * "invalid": the request could not be written (a control character in a value …).
	 */
	| {
			readonly kind: "failure";
			readonly transaction: number;
			readonly owner: number;
			readonly reason: "timeout" | "transport" | "invalid";
	  }
	/** The ACK to the 2xx of server transaction `transaction`. */
	| {
			readonly kind: "acknowledge";
			readonly transaction: number;
			readonly message: Message;
	  }
	/** The peer cancelled a request that has no final response: answer it with 487. */
	| { readonly kind: "cancelled"; readonly transaction: number }
	| {
			readonly kind: "trace";
			readonly direction: "in" | "out";
			readonly transport: Transport;
			readonly peer: Address;
			readonly line: string;
			readonly bytes: Uint8Array;
	  }
	| {
			readonly kind: "malformed";
			readonly code: string;
			readonly at: number;
			readonly source: Target;
	  };

export interface EndpointOptions {
	/** User-Agent of requests, Server of responses. */
	readonly userAgent?: string | undefined;
	readonly limits?: Partial<EndpointLimits> | undefined;
	/** Give `trace` outputs. Default true. */
	readonly trace?: boolean | undefined;
}

export interface EndpointLimits {
	/**
	 * Client transactions and server transactions, each. A phone's default: 24 of about 1.4 KB
	 * on XS. Ended ones give way; whoever floods a phone shall not take the room of a document.
	 */
	readonly transactions: number;
	/** TCP and TLS, both ways. */
	readonly connections: number;
	/** Largest message that is taken, in bytes, at most 64 KB; beyond it 513. A phone of 240 KB has room for half of that. */
	readonly message: number;
	/** Bytes of unfinished messages on all connections together: many slow peers are not to exhaust memory. */
	readonly waiting: number;
	/** Milliseconds without traffic until a connection is closed. */
	readonly idle: number;
}

const defaults: EndpointLimits = Object.freeze({
	transactions: 24,
	connections: 8,
	message: 32768,
	waiting: 36864,
	// Longer than a subscription's usual hour: its flow has to last.
	idle: 7200000,
});
/** Shorter datagrams are keepalives of NATs: CRLF CRLF, a zero byte. */
const shortestMessage = 5;

export class SipEndpoint {
	readonly #host: Host;
	readonly #wire: Wire;
	readonly #clients: Clients;
	readonly #servers: Servers;
	/** Bytes of the largest message. */
	readonly #limit: number;

	constructor(host: Host, options: EndpointOptions = {}) {
		const limits = { ...defaults, ...options.limits };
		const { userAgent } = options;
		this.#host = host;
		this.#limit = limits.message;
		this.#wire = new Wire(host, limits, options.trace ?? true);
		const { transactions } = limits;
		this.#clients = new Clients(host, this.#wire, transactions, userAgent);
		this.#servers = new Servers(host, this.#wire, transactions, userAgent);
	}

	/** What goes into Via and Contact. undefined: the network is down, every transaction fails, connections are gone. */
	setLocal(now: number, udp: Address | undefined, tcp?: Address): void {
		this.#wire.setLocal(udp, tcp);
		if (udp !== undefined) return;
		this.#clients.reset();
		this.#servers.reset();
		this.#wire.reset(now);
	}

	get local(): Address | undefined {
		return this.#wire.local("udp");
	}

	/** A URI at which this endpoint is reached, for Contact: `sip:user@192.0.2.1:5060;transport=tcp`. `user` escaped. */
	contactUri(user: string, transport: Transport): string {
		const local = this.#wire.local(transport);
		const at = user === "" ? "" : `${user}@`;
		const where =
			local === undefined ? "invalid" : hostPort(local.host, local.port);
		const suffix = transport === "udp" ? "" : `;transport=${transport}`;
		return `sip:${at}${where}${suffix}`;
	}

	datagram(now: number, bytes: Uint8Array, from: Address): void {
		if (bytes.length < shortestMessage) return;
		this.#message(now, bytes, { transport: "udp", address: from });
	}

	/** The driver accepted a connection (odd number). */
	accepted(
		now: number,
		connection: ConnectionId,
		from: Address,
		transport: "tcp" | "tls" = "tcp",
	): void {
		this.#wire.accepted(now, connection, from, transport);
	}

	/** A connection that we asked for (even number) stands. */
	connected(now: number, connection: ConnectionId): void {
		this.#wire.connected(now, connection);
	}

	received(now: number, id: ConnectionId, bytes: Uint8Array): void {
		const connection = this.#wire.connection(id);
		if (connection === undefined) return;
		connection.used = now;
		const { framer, transport, peer } = connection;
		const source: Target = { transport, address: peer, connection: id };
		framer.push(bytes);
		for (;;) {
			const item = framer.next();
			if (item === undefined) {
				if (this.#wire.hold(connection)) return;
				this.#wire.output({
					kind: "malformed",
					code: "streams-too-large",
					at: 0,
					source,
				});
				this.#drop(now, id);
				this.#wire.output({ kind: "close", connection: id });
				return;
			}
			switch (item.kind) {
				case "message":
					this.#message(now, item.bytes, source);
					break;
				case "ping":
					this.#wire.output({
						kind: "send",
						connection: id,
						bytes: new Uint8Array([0x0d, 0x0a]),
					});
					break;
				default:
					this.#broken(now, item.code, item.bytes, source);
					this.#drop(now, id);
					this.#wire.output({ kind: "close", connection: id });
					return;
			}
		}
	}

	/** Refused, reset, or closed by the peer. */
	closed(now: number, connection: ConnectionId): void {
		this.#drop(now, connection);
	}

	/** Does this connection belong to the endpoint? */
	owns(connection: ConnectionId): boolean {
		return this.#wire.connection(connection) !== undefined;
	}

	timeout(now: number): void {
		this.#clients.timeout(now);
		this.#servers.timeout(now);
		for (;;) {
			const connection = this.#wire.expired(now);
			if (connection === undefined) return;
			this.#clients.closed(now, connection);
		}
	}

	/** Milliseconds, Infinity when there is nothing to wait for. */
	deadline(): number {
		return Math.min(
			this.#clients.deadline(),
			this.#servers.deadline(),
			this.#wire.deadline(),
		);
	}

	next(): EndpointOutput | undefined {
		return this.#wire.next();
	}

	/** Sends; the result comes as `response` (provisional ones too) or `failure` with `owner`. Never throws. */
	request(
		now: number,
		request: OutgoingRequest,
		target: Target,
		owner: number,
	): number {
		return this.#clients.request(now, request, target, owner);
	}

	/** A provisional or final response to a received request. A transaction that is gone: nothing happens. */
	respond(now: number, transaction: number, response: OutgoingResponse): void {
		this.#servers.respond(now, transaction, response);
	}

	/** CANCEL of a request that we sent (INVITE). Its 487 comes as the response. */
	cancel(now: number, transaction: number): void {
		this.#clients.cancel(now, transaction);
	}

	/** ACK for the 2xx of INVITE client transaction `transaction`; repeated by the endpoint for each repeated 2xx. */
	acknowledge(
		now: number,
		transaction: number,
		acknowledgement: OutgoingRequest,
		target: Target,
	): void {
		this.#clients.acknowledge(now, transaction, acknowledgement, target);
	}

	/** How many transactions there are. */
	get load(): { readonly clients: number; readonly servers: number } {
		return { clients: this.#clients.size, servers: this.#servers.size };
	}

	/** The one place where input becomes a message, a response that it deserves, or nothing. */
	#message(now: number, bytes: Uint8Array, source: Target): void {
		const message = readMessage(this.#host, bytes);
		let { fault } = message;
		if (fault?.code !== "not-sip" && bytes.length > this.#limit)
			fault = new HookswitchError(
				"message-too-large",
				"the message is too large",
				0,
			);
		if (fault === undefined || fault.code !== "not-sip")
			this.#wire.traced(
				"in",
				source.transport,
				source.address,
				message.startLine,
				bytes,
			);
		if (fault !== undefined) this.#refuse(now, message, fault, source);
		else if (message.isRequest) this.#servers.request(now, message, source);
		else if (!this.#clients.response(now, message, source))
			this.#wire.output({
				kind: "malformed",
				code: "stray-response",
				at: 0,
				source,
			});
	}

	#refuse(
		now: number,
		message: Message,
		fault: HookswitchError,
		source: Target,
	): void {
		const { code, at } = fault;
		this.#wire.output({ kind: "malformed", code, at, source });
		const status = statusOf(code);
		// Responses and ACKs are not answered.
		if (status === 0 || !message.isRequest || message.method === "ACK") return;
		const reason = status === 400 ? fault.message : reasonPhrase(status);
		const bytes = writeRefusal(
			this.#host,
			message,
			source.address,
			status,
			status === 400 ? `Bad Request (${reason})` : reason,
			newTag(this.#host),
			[],
		);
		if (bytes !== undefined)
			this.#wire.send(now, source, bytes, `SIP/2.0 ${status} ${reason}`);
	}

	/** A stream that can't be followed: its last header gets its answer, if it is one. */
	#broken(now: number, code: string, bytes: Uint8Array, source: Target): void {
		const message = readMessage(this.#host, bytes);
		if (message.fault?.code === "not-sip")
			this.#wire.output({ kind: "malformed", code: "not-sip", at: 0, source });
		else
			this.#refuse(
				now,
				message,
				new HookswitchError(code, "the message has no length", 0),
				source,
			);
	}

	#drop(now: number, id: ConnectionId): void {
		const connection = this.#wire.drop(now, id);
		if (connection !== undefined) this.#clients.closed(now, connection);
	}
}
