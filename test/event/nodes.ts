/** Machines that stand on the virtual network in scripts: a subscriber's side with Delivery in front, and a notifier's. */
import { Delivery, type DeliveryOutput } from "../../src/delivery.js";
import { Resolver } from "../../src/dns/resolver.js";
import {
	type EventState,
	Notifier,
	type NotifierOptions,
	type NotifierOutput,
	type SubscriptionRecord,
} from "../../src/event/notifier.js";
import type {
	Address,
	ConnectionId,
	NetworkOutput,
	SocketName,
} from "../../src/port.js";
import { SipEndpoint, type Target } from "../../src/sip/endpoint.js";
import type { Message } from "../../src/sip/message.js";
import type { OutgoingResponse } from "../../src/sip/writer.js";
import type { NetworkNode } from "../flow/network.js";
import { host, utf8 } from "../portable.js";

/** Endpoint, resolver and Delivery; what they give to their user goes to `handle`. */
export class ClientNode implements NetworkNode {
	readonly endpoint = new SipEndpoint(host(), { trace: false });
	readonly resolver = new Resolver(host());
	readonly delivery = new Delivery(host(), this.endpoint, this.resolver);
	readonly handled: DeliveryOutput[] = [];

	constructor(address: string) {
		const local = { host: address, port: 5060 };
		this.endpoint.setLocal(0, local, local);
	}

	/** Overridden by those who do something with it. */
	handle(_now: number, output: DeliveryOutput): void {
		this.handled.push(output);
	}
	/** Outputs of machines on top. */
	more(_now: number): boolean {
		return false;
	}
	moreDeadline(): number {
		return Number.POSITIVE_INFINITY;
	}
	moreTimeout(_now: number): void {}

	datagram(
		now: number,
		socket: SocketName,
		bytes: Uint8Array,
		from: Address,
	): void {
		this.delivery.datagram(now, socket, bytes, from);
	}
	accepted(now: number, connection: ConnectionId, from: Address): void {
		this.delivery.accepted(now, connection, from);
	}
	connected(now: number, connection: ConnectionId): void {
		this.delivery.connected(now, connection);
	}
	received(now: number, connection: ConnectionId, bytes: Uint8Array): void {
		this.delivery.received(now, connection, bytes);
	}
	closed(now: number, connection: ConnectionId): void {
		this.delivery.closed(now, connection);
	}
	timeout(now: number): void {
		this.delivery.timeout(now);
		this.moreTimeout(now);
	}
	deadline(): number {
		return Math.min(this.delivery.deadline(), this.moreDeadline());
	}
	next(now: number): NetworkOutput | undefined {
		for (;;) {
			const output = this.delivery.next();
			if (output === undefined) {
				if (this.more(now)) continue;
				return undefined;
			}
			switch (output.kind) {
				case "datagram":
				case "connect":
				case "send":
				case "close":
					return output;
				default:
					this.handle(now, output);
			}
		}
	}
}

/** A SIP server of a script: `answer` says what each request gets. */
export class AnsweringNode extends ClientNode {
	readonly requests: Message[] = [];
	/** Where each came from. */
	readonly sources: Target[] = [];
	answer: (message: Message) => OutgoingResponse | undefined;

	constructor(
		address: string,
		answer: (message: Message) => OutgoingResponse | undefined,
	) {
		super(address);
		this.answer = answer;
	}

	override handle(now: number, output: DeliveryOutput): void {
		if (output.kind !== "request") return;
		this.requests.push(output.message);
		this.sources.push(output.source);
		const response = this.answer(output.message);
		if (response !== undefined)
			this.endpoint.respond(now, output.transaction, response);
	}
}

/** A server with a Notifier: documents by Request-URI and profile type. */
export class NotifyingNode extends ClientNode {
	readonly notifier: Notifier;
	readonly documents = new Map<string, EventState>();
	readonly subscribes: Message[] = [];
	/** What has been stored: by id. */
	readonly kept = new Map<string, SubscriptionRecord>();
	readonly told: NotifierOutput[] = [];
	/** What a new SUBSCRIBE gets in place of acceptance. */
	refuse: (message: Message) => OutgoingResponse | undefined = () => undefined;
	readonly #address: string;

	constructor(address: string, options: Partial<NotifierOptions> = {}) {
		super(address);
		this.#address = address;
		this.notifier = new Notifier(
			host(),
			{ state: ({ key }) => this.documents.get(key) ?? {} },
			{
				packages: ["ua-profile"],
				contact: () => `<sip:${this.#address}>`,
				...options,
			},
		);
	}

	set(now: number, key: string, text: string, etag = text): void {
		this.documents.set(key, {
			type: "application/vnd.hookswitch.profile+xml",
			bytes: utf8(text),
			etag,
		});
		this.notifier.changed(now, key);
	}

	override handle(now: number, output: DeliveryOutput): void {
		this.handled.push(output);
		switch (output.kind) {
			case "request": {
				const { transaction, message, source } = output;
				if (message.method !== "SUBSCRIBE") {
					this.endpoint.respond(now, transaction, { status: 405 });
					break;
				}
				this.subscribes.push(message);
				if (!this.notifier.subscribe(now, transaction, message, source)) break;
				const refusal = this.refuse(message);
				if (refusal !== undefined) {
					this.endpoint.respond(now, transaction, refusal);
					break;
				}
				this.notifier.accept(now, transaction, message, source, {
					key: keyOf(message),
				});
				break;
			}
			case "response":
				this.notifier.response(now, output.owner, output.message);
				break;
			case "failure":
				this.notifier.failure(now, output.owner, output.reason);
				break;
			default:
		}
	}

	override more(now: number): boolean {
		const output = this.notifier.next();
		if (output === undefined) return false;
		this.told.push(output);
		switch (output.kind) {
			case "respond":
				this.endpoint.respond(now, output.transaction, output.response);
				break;
			case "request":
				this.endpoint.request(now, output.request, output.target, output.owner);
				break;
			case "keep":
				this.kept.set(output.record.id, output.record);
				break;
			case "ended":
				this.kept.delete(output.id);
				break;
			default:
		}
		return true;
	}

	override moreDeadline(): number {
		return this.notifier.deadline();
	}

	override moreTimeout(now: number): void {
		this.notifier.timeout(now);
	}
}

/** `device sip:…`: profile type and Request-URI. */
export function keyOf(message: Message): string {
	const parameters = message.event?.parameters ?? [];
	const type = parameters.find(({ name }) => name === "profile-type")?.value;
	return `${type ?? "none"} ${message.uriText}`;
}
