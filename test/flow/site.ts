/**
 * A small site on the virtual network: a profile server and a registrar made of the
 * core's own machines, and a phone with its storage. Portable.
 */
import { logLine } from "../../hosts/log-line.js";
import { Agent } from "../../src/agent.js";
import {
	type EventState,
	Notifier,
	type SubscriptionView,
} from "../../src/event/notifier.js";
import type {
	Address,
	AgentOptions,
	ConnectionId,
	EventOutput,
	NetworkOutput,
	SocketName,
} from "../../src/port.js";
import { Challenger } from "../../src/sip/authentication.js";
import { Dialog } from "../../src/sip/dialog.js";
import {
	type EndpointOutput,
	SipEndpoint,
	type Target,
} from "../../src/sip/endpoint.js";
import { Header } from "../../src/sip/header.js";
import type { Message } from "../../src/sip/message.js";
import { parameter } from "../../src/sip/uri.js";
import type { OutgoingRequest } from "../../src/sip/writer.js";
import { canonical, identity } from "../../src/xml/canonical.js";
import { host, utf8 } from "../portable.js";
import {
	ALICE,
	accessList,
	deviceProfile,
	type FactoryOptions,
	factory,
	INSTANCE,
	LEASE,
	MALLORY,
	OTHER_REGISTRAR,
	PASSWORD,
	PHONE,
	REGISTRAR,
	SERVER,
	userProfile,
} from "./documents.js";
import { Network, type NetworkNode, type NetworkOptions } from "./network.js";

export * from "./documents.js";

/** What nodes made of an endpoint share. */
abstract class EndpointUser implements NetworkNode {
	readonly endpoint = new SipEndpoint(host(), { trace: false });

	constructor(address: string) {
		const local = { host: address, port: 5060 };
		this.endpoint.setLocal(0, local, local);
	}

	abstract handle(now: number, output: EndpointOutput): void;
	more(_now: number): boolean {
		return false;
	}

	datagram(now: number, _: SocketName, bytes: Uint8Array, from: Address): void {
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
			if (output === undefined) {
				if (this.more(now)) continue;
				return undefined;
			}
			if (
				output.kind === "datagram" ||
				output.kind === "connect" ||
				output.kind === "send" ||
				output.kind === "close"
			)
				return output;
			this.handle(now, output);
		}
	}
}

/** RFC 6080's server: profiles by kind and name. */
export class ProfileServer extends EndpointUser {
	readonly notifier: Notifier;
	readonly documents = new Map<string, Uint8Array>();
	/** Subscriptions asked for, in order. */
	readonly asked: string[] = [];
	/** Refuses every SUBSCRIBE with this status. */
	refuse = 0;
	/** Says 200 and then nothing. */
	silent = false;
	/** With the next documents: seconds. */
	effectiveBy: number | undefined;
	readonly #challenger: Challenger | undefined;

	constructor(address = SERVER, realm = "") {
		super(address);
		this.#challenger =
			realm === ""
				? undefined
				: new Challenger(host(), { realm, algorithms: ["MD5"] });
		this.notifier = new Notifier(
			host(),
			{ state: (subscription) => this.#state(subscription) },
			{
				packages: ["ua-profile"],
				contact: () => `<sip:profiles@${address}>`,
			},
		);
	}

	/** Commits a document: subscribers are told. */
	set(now: number, profile: string, name: string, text: string): void {
		const key = `${profile} ${name}`;
		this.documents.set(key, utf8(text));
		this.notifier.changed(now, key);
	}

	handle(now: number, output: EndpointOutput): void {
		if (output.kind === "request")
			this.#request(now, output.transaction, output.message, output.source);
		else if (output.kind === "response")
			this.notifier.response(now, output.owner, output.message);
		else if (output.kind === "failure")
			this.notifier.failure(now, output.owner, output.reason);
	}

	#request(
		now: number,
		transaction: number,
		message: Message,
		source: Target,
	): void {
		const respond = (
			status: number,
			headers: readonly [string, string][] = [],
		) => this.endpoint.respond(now, transaction, { status, headers });
		if (message.method !== "SUBSCRIBE") {
			respond(405);
			return;
		}
		if (this.refuse !== 0) {
			respond(this.refuse);
			return;
		}
		if (this.#challenger !== undefined) {
			const verdict = this.#challenger.verify(now, message, (user) => ({
				user,
				password: PASSWORD,
			}));
			if (verdict.kind !== "accepted") {
				this.endpoint.respond(now, transaction, {
					status: 401,
					headers: this.#challenger.challenge(now),
				});
				return;
			}
		}
		if (this.silent) {
			respond(200, [["Expires", "600"]]);
			return;
		}
		if (!this.notifier.subscribe(now, transaction, message, source)) return;
		const type =
			parameter(message.event?.parameters ?? [], "profile-type") ?? "";
		const user = message.uri.user ?? "";
		const name =
			type === "device"
				? user.toLowerCase()
				: `sip:${user}@${message.uri.host}`;
		const key = `${type} ${name}`;
		this.asked.push(key);
		if (!this.documents.has(key)) {
			respond(404);
			return;
		}
		this.notifier.accept(now, transaction, message, source, { key });
	}

	override more(now: number): boolean {
		const output = this.notifier.next();
		if (output === undefined) return false;
		if (output.kind === "respond")
			this.endpoint.respond(now, output.transaction, output.response);
		else if (output.kind === "request")
			this.endpoint.request(now, output.request, output.target, output.owner);
		return true;
	}

	override timeout(now: number): void {
		super.timeout(now);
		this.notifier.timeout(now);
	}
	override deadline(): number {
		return Math.min(super.deadline(), this.notifier.deadline());
	}

	#state({ key }: SubscriptionView): EventState {
		const bytes = this.documents.get(key);
		if (bytes === undefined) return {};
		const type = key.startsWith("access") ? "access" : "profile";
		let etag: string;
		try {
			etag = identity(host(), canonical(host(), bytes));
		} catch {
			// A document that is not even XML, for the phone to refuse.
			etag = host().hex(host().digest("MD5", [bytes]), 0, 16);
		}
		return {
			type: `application/vnd.hookswitch.${type}+xml`,
			bytes,
			etag,
			...(this.effectiveBy === undefined
				? {}
				: { effectiveBy: this.effectiveBy }),
		};
	}
}

/** One call that the registrar makes. */
export interface PlacedCall {
	/** 180, 200 … */
	readonly statuses: number[];
	dialog: Dialog | undefined;
	/** The phone hung up. */
	ended: boolean;
}

/** Registers phones, and calls them with an identity that it asserts. */
export class Registrar extends EndpointUser {
	/** Contact URI by AoR. */
	readonly bindings = new Map<string, string>();
	/** `AoR expires`, in order. */
	readonly asked: string[] = [];
	/** Answers REGISTER with this status. */
	refuse = 0;
	readonly calls: PlacedCall[] = [];
	readonly #address: string;
	readonly #invites: OutgoingRequest[] = [];
	readonly #challenger: Challenger;

	constructor(address = REGISTRAR) {
		super(address);
		this.#address = address;
		this.#challenger = new Challenger(host(), {
			realm: "calls",
			algorithms: ["MD5"],
		});
	}

	/** Calls whoever is registered as `aor`; `headers` in place of the asserted identity. */
	call(now: number, from: string, aor = ALICE, headers?: string): PlacedCall {
		const contact = this.bindings.get(aor) ?? `sip:alice@${PHONE}`;
		return this.invite(now, contact, from, headers);
	}

	invite(now: number, to: string, from: string, identity = from): PlacedCall {
		const call: PlacedCall = { statuses: [], dialog: undefined, ended: false };
		const body = utf8(
			"v=0\r\no=- 1 1 IN IP4 192.0.2.3\r\ns=-\r\nc=IN IP4 192.0.2.3\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n",
		);
		const invite: OutgoingRequest = {
			method: "INVITE",
			uri: to,
			route: [],
			from: `<${from}>;tag=r${this.calls.length}`,
			to: `<${ALICE}>`,
			callId: `call-${this.#address}-${this.calls.length}-${now}`,
			cseq: 1,
			contact: `<sip:proxy@${this.#address}>`,
			headers:
				identity === "" ? [] : [["P-Asserted-Identity", `<${identity}>`]],
			contentType: "application/sdp",
			body,
		};
		this.calls.push(call);
		this.#invites.push(invite);
		this.endpoint.request(now, invite, PHONE_TARGET, this.calls.length);
		return call;
	}

	hangUp(now: number, call: PlacedCall): void {
		const request = call.dialog?.request("BYE");
		if (request !== undefined)
			this.endpoint.request(now, request, PHONE_TARGET, 0);
		call.ended = true;
	}

	handle(now: number, output: EndpointOutput): void {
		if (output.kind === "request")
			this.#request(now, output.transaction, output.message);
		else if (output.kind === "response") {
			const { owner, message, transaction } = output;
			const call = this.calls[owner - 1];
			const invite = this.#invites[owner - 1];
			if (call === undefined || invite === undefined) return;
			call.statuses.push(message.status);
			if (message.status !== 200 || message.method !== "INVITE") return;
			call.dialog = Dialog.fromPeer(invite, message);
			this.endpoint.acknowledge(
				now,
				transaction,
				call.dialog.acknowledgement(1),
				PHONE_TARGET,
			);
		}
	}

	#request(now: number, transaction: number, message: Message): void {
		const respond = (
			status: number,
			headers: readonly (readonly [string, string])[] = [],
		) => this.endpoint.respond(now, transaction, { status, headers });
		if (message.method === "BYE") {
			for (const call of this.calls)
				if (call.dialog?.matches(message)) call.ended = true;
			respond(200);
			return;
		}
		if (message.method !== "REGISTER") {
			respond(405);
			return;
		}
		if (this.refuse !== 0) {
			respond(this.refuse);
			return;
		}
		const verdict = this.#challenger.verify(now, message, (user) => ({
			user,
			password: PASSWORD,
		}));
		if (verdict.kind !== "accepted") {
			respond(401, this.#challenger.challenge(now));
			return;
		}
		const aor = message.to.uriText;
		const expires = message.expires ?? 3600;
		this.asked.push(`${aor} ${expires}`);
		const contact = message.contacts[0]?.uriText ?? "";
		if (expires > 0) this.bindings.set(aor, contact);
		else if (this.bindings.get(aor) === contact) this.bindings.delete(aor);
		respond(200, [["Contact", `${message.header(Header.Contact)}`]]);
	}
}

const PHONE_TARGET: Target = Object.freeze({
	transport: "udp",
	address: Object.freeze({ host: PHONE, port: 5060 }),
});

/** A key-value store with faults that a test sets. */
export class Flash {
	readonly values = new Map<string, Uint8Array>();
	writes = 0;
	/** The n-th write from now fails; Infinity for none. */
	failAt = Number.POSITIVE_INFINITY;
	/** Every write fails. */
	full = false;
	/** The power goes at the n-th write from the start: half of its bytes are there. */
	cutAt = Number.POSITIVE_INFINITY;

	get dead(): boolean {
		return this.writes >= this.cutAt;
	}

	write(key: string, bytes: Uint8Array | undefined): boolean {
		if (this.dead) return false;
		this.writes++;
		if (this.writes === this.cutAt) {
			if (bytes !== undefined)
				this.values.set(key, bytes.slice(0, bytes.length >> 1));
			return false;
		}
		if (this.full || this.writes === this.failAt) return false;
		if (bytes === undefined) this.values.delete(key);
		else this.values.set(key, bytes.slice());
		return true;
	}
}

/** The agent as a driver would run it. */
export class Phone implements NetworkNode {
	readonly agent: Agent;
	readonly events: EventOutput[] = [];
	/** Everything that it gave out, in order: codes of events, kinds of all else. */
	readonly order: string[] = [];
	readonly flash: Flash;
	restarted: string | undefined;

	constructor(
		flash: Flash,
		options: Partial<AgentOptions> = {},
		factoryOptions: FactoryOptions = {},
	) {
		this.flash = flash;
		this.agent = new Agent(host(), {
			factory: factory(factoryOptions),
			stored: (key) => flash.values.get(key),
			safeStart: false,
			restarts: 0,
			build: { version: "1.0", time: 0 },
			...options,
		});
		this.agent.command(0, "trace on");
	}

	datagram(
		now: number,
		socket: SocketName,
		bytes: Uint8Array,
		from: Address,
	): void {
		this.agent.datagram(now, socket, bytes, from);
	}
	accepted(now: number, connection: ConnectionId, from: Address): void {
		this.agent.accepted(now, connection, from);
	}
	connected(now: number, connection: ConnectionId): void {
		this.agent.connected(now, connection);
	}
	received(now: number, connection: ConnectionId, bytes: Uint8Array): void {
		this.agent.received(now, connection, bytes);
	}
	closed(now: number, connection: ConnectionId): void {
		this.agent.closed(now, connection);
	}
	timeout(now: number): void {
		this.agent.timeout(now);
	}
	deadline(): number {
		return this.flash.dead ? Number.POSITIVE_INFINITY : this.agent.deadline();
	}

	next(now: number): NetworkOutput | undefined {
		for (;;) {
			// Without power there is nobody.
			if (this.flash.dead) return undefined;
			const output = this.agent.next();
			if (output === undefined) return undefined;
			this.order.push(output.kind === "event" ? output.code : output.kind);
			switch (output.kind) {
				case "event":
					this.events.push(output);
					break;
				case "store":
					this.agent.stored(
						now,
						output.key,
						this.flash.write(output.key, output.bytes),
					);
					break;
				case "restart":
					this.restarted = output.reason;
					break;
				default:
					return output;
			}
		}
	}

	/** All events with that code. */
	told(code: string): Record<string, unknown>[] {
		return this.events
			.filter((event) => event.code === code)
			.map((event) => event.data);
	}

	/** Codes in order, without the ladder and what was stored. */
	codes(): string[] {
		return this.events
			.map((event) => event.code)
			.filter((code) => code !== "message" && code !== "stored");
	}

	/** Everything that it ever said, as one text. */
	log(): string {
		return this.events.map((event) => logLine(0, event)).join("\n");
	}
}

/** The site with its sample documents, and a phone that is not switched on yet. */
export class Site {
	readonly network: Network;
	server: ProfileServer;
	readonly registrar = new Registrar(REGISTRAR);
	readonly other = new Registrar(OTHER_REGISTRAR);
	readonly flash = new Flash();
	phone: Phone;

	constructor(options: NetworkOptions = {}, realm = "") {
		this.network = new Network(options);
		this.server = new ProfileServer(SERVER, realm);
		this.sample();
		this.network.add(SERVER, this.server);
		this.network.add(REGISTRAR, this.registrar);
		this.network.add(OTHER_REGISTRAR, this.other);
		this.phone = new Phone(this.flash);
	}

	get now(): number {
		return this.network.now;
	}

	sample(): void {
		const { server } = this;
		server.set(this.now, "device", INSTANCE, deviceProfile(1));
		server.set(this.now, "user", ALICE, userProfile(1));
		server.set(this.now, "access", ALICE, accessList(1, [MALLORY]));
	}

	/** Switches a phone on with what its flash holds. */
	boot(
		options: Partial<AgentOptions> = {},
		factoryOptions: FactoryOptions = {},
	): Phone {
		this.phone = new Phone(this.flash, options, factoryOptions);
		this.phone.agent.start(this.now);
		this.phone.agent.network(this.now, LEASE);
		this.network.add(PHONE, this.phone);
		return this.phone;
	}

	/** Pulls the plug. */
	off(): void {
		this.network.remove(PHONE);
	}

	/** Runs until the phone has said this so often; false when it never does. */
	until(code: string, times = 1, limit = 120_000): boolean {
		return this.network.run(
			() => this.phone.told(code).length >= times,
			this.now + limit,
		);
	}

	/** Everything that is under way comes to rest. */
	settle(time = 2_000): void {
		this.network.run(this.now + time);
	}

	/** Boots, and waits until all is as it should be. */
	provision(): boolean {
		this.boot();
		return this.until("provisioned") && this.until("registered");
	}

	/** What a caller gets in the end. */
	answerTo(from: string, registrar = this.registrar): number {
		const call = registrar.call(this.now, from);
		this.settle();
		if (call.dialog !== undefined) {
			registrar.hangUp(this.now, call);
			this.settle();
		}
		return call.statuses.find((status) => status >= 200) ?? 0;
	}
}
