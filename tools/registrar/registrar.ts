/**
 * The simulator's registrar and proxy: authenticates the domain's users, keeps
 * their contacts, asserts who calls (RFC 3325), and passes requests on. A process
 * of its own, so that phones go on calling while the profile server is down.
 */
import type { DigestAlgorithm, Host } from "../../src/host.js";
import type { Address, ConnectionId } from "../../src/port.js";
import { Challenger } from "../../src/sip/authentication.js";
import type { Target } from "../../src/sip/endpoint.js";
import { Header } from "../../src/sip/header.js";
import type { Message } from "../../src/sip/message.js";
import { isNumeric, type Uri } from "../../src/sip/uri.js";
import type { OutgoingResponse } from "../../src/sip/writer.js";
import { EndpointMachine, type UserOutput } from "../serve/endpoint-machine.js";
import type { Log } from "../serve/log.js";
import { text } from "../serve/trace.js";
import { addressOfRecord } from "./address.js";
import type { Binding, Bindings } from "./bindings.js";
import type { Directory } from "./directory.js";
import { register } from "./location.js";
import { type Destination, SipProxy, targetOf } from "./proxy.js";

export interface RegistrarOptions {
	readonly domain: string;
	readonly bindings: Bindings;
	readonly directory: Directory;
	readonly log: Log;
	/** Offered for digests, best first; for phones that know only one. */
	readonly algorithms?: readonly DigestAlgorithm[];
	/** Log each message. */
	readonly trace?: boolean;
}

const allow =
	"INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, MESSAGE, SUBSCRIBE, NOTIFY, INFO, REFER, UPDATE, PRACK";
/** Expired bindings are forgotten this often. */
const sweepEvery = 60_000;

export class Registrar extends EndpointMachine {
	readonly #domain: string;
	readonly #bindings: Bindings;
	readonly #directory: Directory;
	readonly #proxy: SipProxy;
	readonly #registrations: Challenger;
	readonly #calls: Challenger;
	/** Connections that stand, by the address at their other end. */
	readonly #connections = new Map<string, ConnectionId>();
	readonly #addresses = new Map<ConnectionId, string>();
	#sweepAt = 0;

	constructor(host: Host, options: RegistrarOptions) {
		super(host, { trace: options.trace ?? false, log: options.log });
		this.#domain = options.domain.toLowerCase();
		this.#bindings = options.bindings;
		this.#directory = options.directory;
		this.#proxy = new SipProxy(host, this.endpoint);
		const { algorithms } = options;
		const realm = this.#domain;
		this.#registrations = new Challenger(host, { realm, algorithms });
		this.#calls = new Challenger(host, { realm, algorithms, proxy: true });
	}

	override started(now: number, local: Address): void {
		super.started(now, local);
		this.#proxy.setLocal(local);
		this.#sweepAt = now + sweepEvery;
	}

	override accepted(
		now: number,
		connection: ConnectionId,
		from: Address,
	): void {
		this.#connections.set(text(from), connection);
		this.#addresses.set(connection, text(from));
		super.accepted(now, connection, from);
	}

	override closed(now: number, connection: ConnectionId): void {
		const from = this.#addresses.get(connection);
		if (from !== undefined) this.#connections.delete(from);
		this.#addresses.delete(connection);
		super.closed(now, connection);
	}

	protected override ownDeadline(): number {
		return Math.min(this.#proxy.deadline(), this.#sweepAt);
	}

	protected override elapsed(now: number): void {
		this.#proxy.timeout(now);
		if (now < this.#sweepAt) return;
		this.#sweepAt = now + sweepEvery;
		this.#bindings.sweep(this.host.wallClock());
	}

	protected override handle(now: number, output: UserOutput): void {
		switch (output.kind) {
			case "request": {
				const { transaction, message, source } = output;
				const response = this.#safely(() =>
					this.#request(now, transaction, message, source),
				);
				if (response !== undefined)
					this.endpoint.respond(now, transaction, response);
				break;
			}
			case "response":
				this.#proxy.response(now, output.transaction, output.message);
				break;
			case "failure":
				if (output.owner === 0) this.#proxy.abandoned(output.transaction);
				else this.#proxy.failure(now, output.transaction, output.reason);
				break;
			case "cancelled":
				this.#proxy.cancelled(now, output.transaction);
				break;
			case "acknowledge":
				this.#proxy.acknowledge(now, output.transaction, output.message);
				break;
		}
	}

	/** Both databases are files that others may lock, fill or damage: that is told, and the registrar goes on. */
	#safely(
		answer: () => OutgoingResponse | undefined,
	): OutgoingResponse | undefined {
		try {
			return answer();
		} catch (error) {
			this.log.event(
				"error",
				"database-unreadable",
				`the database cannot be used: ${(error as Error).message}`,
			);
			return { status: 500, headers: [["Retry-After", "5"]] };
		}
	}

	/** The response that the request deserves at once; undefined: it was passed on. */
	#request(
		now: number,
		transaction: number,
		message: Message,
		source: Target,
	): OutgoingResponse | undefined {
		const { method, uri } = message;
		// RFC 3261 §16.3
		if (uri.scheme !== "sip") return { status: 416 };
		const unknown = message.list(Header.ProxyRequire);
		if (unknown.length > 0)
			return { status: 420, headers: [["Unsupported", unknown.join(", ")]] };
		if (method === "REGISTER" && this.#isOurs(uri))
			return this.#register(now, message, source);
		if (method === "OPTIONS" && uri.user === undefined && this.#isOurs(uri))
			return { status: 200, headers: [["Allow", allow]] };
		// What is left would be passed on.
		if (message.maxForwards === 0) return { status: 483 };
		if (message.to.tag === undefined)
			return this.#initial(now, transaction, message, source);
		// Within a dialog the route that we recorded leads on; who may talk was decided when it began.
		const routed = message.routes[0];
		if (routed === undefined || !this.#proxy.isLocal(routed.uri))
			return { status: 481 };
		this.#proxy.forward(
			now,
			transaction,
			message,
			source,
			[{ uri: message.uriText, route: [] }],
			{ recordRoute: false },
		);
		return undefined;
	}

	/** A request that begins something: who asks, and for whom? */
	#initial(
		now: number,
		transaction: number,
		message: Message,
		source: Target,
	): OutgoingResponse | undefined {
		let asserted: string | undefined;
		if (this.#isOurs(message.from.uri)) {
			const caller = this.#proven(now, message, this.#calls);
			if (typeof caller !== "string") return { status: 407, headers: caller };
			if (caller !== this.#addressOfRecord(message.from.uri)) {
				this.#refused(message, "the credentials are another user's");
				return { status: 403, reason: "From Is Not The Caller" };
			}
			asserted = caller;
		}
		const { uri } = message;
		let destinations: Destination[];
		if (this.#isOurs(uri)) {
			const callee = this.#addressOfRecord(uri);
			destinations = this.#bindings
				.of(callee, this.host.wallClock())
				.map((binding) => this.#destination(binding));
			if (destinations.length === 0)
				return { status: this.#directory.knows(callee) ? 480 : 404 };
		} else {
			// No open relay, and no other domain is served.
			if (asserted === undefined)
				return { status: 403, reason: "Not Our Domain" };
			if (!isNumeric(uri.host)) return { status: 404 };
			destinations = [{ uri: message.uriText, route: [] }];
		}
		this.#proxy.forward(now, transaction, message, source, destinations, {
			asserted,
			recordRoute: true,
		});
		return undefined;
	}

	#register(now: number, message: Message, source: Target): OutgoingResponse {
		const unsupported = message
			.list(Header.Require)
			.filter((option) => option.toLowerCase() !== "path");
		if (unsupported.length > 0)
			return {
				status: 420,
				headers: [["Unsupported", unsupported.join(", ")]],
			};
		const user = this.#proven(now, message, this.#registrations);
		if (typeof user !== "string") return { status: 401, headers: user };
		const aor = this.#addressOfRecord(message.to.uri);
		if (user !== aor) {
			this.#refused(message, "the credentials are another user's");
			return { status: 403, reason: "Not Your Address Of Record" };
		}
		const response = register(this.host, this.#bindings, message, aor, source);
		const { status } = response;
		const contacts = this.#bindings.of(aor, this.host.wallClock()).length;
		this.log.event(
			status === 200 ? "info" : "warning",
			"registration",
			`${aor} at ${text(source.address)}: ${status}, ${contacts} contacts`,
			{ aor, status, from: text(source.address), contacts },
		);
		return response;
	}

	/** The AoR that the request's credentials prove, or the challenge to answer with. */
	#proven(now: number, message: Message, challenger: Challenger) {
		let proven = "";
		const verdict = challenger.verify(
			now,
			message,
			(user: string, algorithm: DigestAlgorithm) => {
				const found = this.#directory.find(user, algorithm);
				proven = found?.aor ?? "";
				return found === undefined ? undefined : { user, ha1: found.ha1 };
			},
		);
		if (verdict.kind === "accepted") return proven;
		if (verdict.kind === "refused") this.#refused(message, "wrong credentials");
		return challenger.challenge(
			now,
			verdict.kind === "challenge" && verdict.stale,
		);
	}

	#refused(message: Message, why: string): void {
		this.log.event(
			"warning",
			"refused",
			`${message.method} of ${message.from.uriText}: ${why}`,
			{ method: message.method, from: message.from.uriText, why },
		);
	}

	/** Who knows only our address means our domain. */
	#addressOfRecord(uri: Uri): string {
		return addressOfRecord(
			this.#isOurs(uri) ? { ...uri, host: this.#domain } : uri,
		);
	}

	#isOurs(uri: Uri): boolean {
		return uri.host === this.#domain || this.#proxy.isLocal(uri);
	}

	/** The connection that it registered over while it stands, else the contact's address; behind NAT, where it came from. */
	#destination(binding: Binding): Destination {
		const { contact, path, transport, host, port } = binding;
		const address = { host, port };
		if (path.length > 0) return { uri: contact, route: path };
		if (transport === "tcp") {
			const connection = this.#connections.get(text(address));
			if (connection !== undefined)
				return {
					uri: contact,
					route: [],
					target: { transport, address, connection },
				};
		}
		const named = targetOf(this.host, contact);
		const target =
			named === undefined || named.address.host !== host
				? { transport, address }
				: named;
		return { uri: contact, route: [], target };
	}
}
