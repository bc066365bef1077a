/**
 * The device's data path, top to bottom: datagram → parse → transaction →
 * subscription → document → validate → merge → plan → apply → commit → report.
 *
 * The agent is a machine without I/O (see `port.ts`): call an input method, drain
 * `next()`, sleep until `deadline()`, call `timeout(now)`. Work is done while it is
 * drained: what goes to the network goes first, so a NOTIFY has its 200 before its
 * document is read; then events, so a setting in force is told of at once; the
 * messages' own log and storage come last.
 *
 * The parts below know nothing of each other. This file knows them all, and nothing
 * of SIP's or XML's details.
 */
import { type Change, Configuration } from "./config/configuration.js";
import { Journal } from "./config/journal.js";
import { networkFingerprint } from "./config/network-fingerprint.js";
import { Part, type Step } from "./config/plan.js";
import { Delivery, type DeliveryOutput } from "./delivery.js";
import { Resolver } from "./dns/resolver.js";
import { Enrolment, type EnrolmentOutput } from "./enrol/enrolment.js";
import { HookswitchError } from "./errors.js";
import type { Host } from "./host.js";
import { Accounts } from "./phone/accounts.js";
import type { CallOutput } from "./phone/call.js";
import { Credentials } from "./phone/credentials.js";
import { Telephone } from "./phone/telephone.js";
import type {
	Address,
	AgentOptions,
	ConnectionId,
	EventOutput,
	Lease,
	Output,
	SocketName,
} from "./port.js";
import { decodeFactory, type FactoryDocument } from "./profile/factory.js";
import { redact } from "./profile/redact.js";
import { ladderEvent, type TracedMessage } from "./report/ladder.js";
import { SipEndpoint } from "./sip/endpoint.js";
import { hostPort } from "./sip/uri.js";
import { Timers } from "./timers.js";

const DEFAULT_PORT = 5060;
const DNS_PORT = 53;
/** Owner numbers say which part a response belongs to. 0 is nobody's. */
const ACCOUNT_OWNERS = 1;
const CALL_OWNERS = 1 << 16;
const ENROLMENT_OWNERS = 1 << 20;

/** The agent's own timers; the parts have theirs. */
const Timer = Object.freeze({
	/** `effective-by` of a change that waits for a call to end. */
	EffectiveBy: 0,
	/** What could not be stored is tried again: storage may have room by then. */
	Store: 1,
});
const STORE_RETRY = 3_600_000;

/** Steps of a change that wait for calls to end, and what is to be told once they are done. */
interface Waiting {
	readonly steps: readonly Step[];
	readonly event: EventOutput;
}

export class Agent {
	readonly #host: Host;
	readonly #options: AgentOptions;
	readonly #factory: FactoryDocument;
	readonly #endpoint: SipEndpoint;
	readonly #resolver: Resolver;
	readonly #delivery: Delivery;
	readonly #enrolment: Enrolment;
	readonly #configuration: Configuration;
	readonly #telephone: Telephone;
	readonly #timers = new Timers(2);
	readonly #events: EventOutput[] = [];
	/** Messages that are to be told of when nothing more urgent is. */
	readonly #ladder: (TracedMessage & { readonly peer: Address })[] = [];
	readonly #accounts: Accounts;
	/** What storage held: changes that wait for `start`. */
	readonly #restored: Change[] = [];
	#waiting: Waiting[] = [];
	#lease: Lease | undefined;
	#trace = false;
	#now = 0;

	/** Throws HookswitchError when the factory document is not valid: such a device was never made. */
	constructor(host: Host, options: AgentOptions) {
		const { document: factory, errors } = decodeFactory(host, options.factory);
		if (factory === undefined)
			throw new HookswitchError(
				"factory",
				`factory document: ${errors?.[0]?.message}`,
				0,
			);
		this.#host = host;
		this.#options = options;
		this.#factory = factory;
		this.#configuration = new Configuration(
			host,
			factory.instance,
			new Journal(host, options.stored, options.safeStart),
			this.#events,
		);
		// The last good settings are in force before there is a network: read here, applied by `start`.
		this.#configuration.restore((change) => this.#restored.push(change));
		const { provisioning } = this.#configuration.settings;
		this.#endpoint = new SipEndpoint(host, {
			userAgent: `${factory.vendor} ${factory.model}/${options.build.version}`,
		});
		this.#resolver = new Resolver(host);
		this.#delivery = new Delivery(host, this.#endpoint, this.#resolver);
		this.#enrolment = new Enrolment(host, {
			instance: factory.instance,
			vendor: factory.vendor,
			model: factory.model,
			version: options.build.version,
			factoryServers: factory.servers,
			storedServer: this.#configuration.server,
			credentials: new Credentials(factory.credentials),
			trustNetwork: factory.trustNetwork,
			backoffFloor: this.#configuration.backOffFloor ?? factory.backOffFloor,
			restartSpread: provisioning.restartSpread,
			expires: provisioning.expires,
			firstOwner: ENROLMENT_OWNERS,
		});
		this.#accounts = new Accounts(host, {
			firstOwner: ACCOUNT_OWNERS,
			instance: factory.instance,
			contact: (user, transport) => this.#endpoint.contactUri(user, transport),
		});
		this.#telephone = new Telephone(host, {
			firstOwner: CALL_OWNERS,
			address: () => this.#lease?.address ?? "",
			contact: (user, transport) => this.#endpoint.contactUri(user, transport),
			serves: (address) => this.#accounts.serves(address),
		});
	}

	// ── Inputs ──────────────────────────────────────────────────────────────

	/** Once, before any other input: puts the stored settings in force. */
	start(now: number): void {
		this.#now = now;
		for (const change of this.#restored) this.#apply(change, 0);
		this.#restored.length = 0;
		this.#configuration.tellIfProvisioned();
		this.#event("info", "agent-running", "the agent is running", {
			instance: this.#factory.instance,
			version: this.#options.build.version,
			documents: this.#configuration.count,
			restarts: this.#options.restarts,
		});
		if (this.#factory.trustNetwork)
			this.#event(
				"warning",
				"trust-network",
				"challenges are answered without TLS: the factory settings trust this network",
			);
	}

	/** The network came up (or its lease changed), or went away. */
	network(now: number, lease: Lease | undefined): void {
		this.#now = now;
		const before = this.#lease;
		this.#lease = lease;
		const moved = lease?.address !== before?.address;
		if (moved && before !== undefined) {
			this.#delivery.disconnect(now);
			this.#telephone.networkDown();
			this.#accounts.network(now, false);
			this.#enrolment.network(now, undefined);
			this.#event("warning", "network-down", "the network is gone");
		}
		if (lease === undefined) return;
		this.#resolver.setServers(
			now,
			lease.nameServers.map((host) => ({ host, port: DNS_PORT })),
		);
		if (moved) {
			const port = this.#options.port ?? DEFAULT_PORT;
			this.#endpoint.setLocal(now, { host: lease.address, port });
			this.#event("info", "network-up", `the network is up: ${lease.address}`, {
				address: lease.address,
			});
			this.#accounts.network(now, true);
		}
		this.#configuration.enterNetwork(
			networkFingerprint(this.#host, this.#lease),
			(change) => this.#apply(change, 0),
		);
		this.#enrolment.network(now, lease, this.#endpoint.contactUri("", "udp"));
	}

	/** The array must be the agent's to keep. */
	datagram(
		now: number,
		socket: SocketName,
		bytes: Uint8Array,
		from: Address,
	): void {
		this.#now = now;
		this.#delivery.datagram(now, socket, bytes, from);
	}

	/** A peer opened a connection to us; the driver gives it an odd number. */
	accepted(now: number, connection: ConnectionId, from: Address): void {
		this.#now = now;
		this.#delivery.accepted(now, connection, from);
	}

	/** A connection that we asked for (`connect`, even number) is up. */
	connected(now: number, connection: ConnectionId): void {
		this.#now = now;
		this.#delivery.connected(now, connection);
	}

	received(now: number, connection: ConnectionId, bytes: Uint8Array): void {
		this.#now = now;
		this.#delivery.received(now, connection, bytes);
	}

	/** A connection is gone, or never came up. Not called after our own `close`. */
	closed(now: number, connection: ConnectionId): void {
		this.#now = now;
		this.#delivery.closed(now, connection);
	}

	/** The result of a `store` output; results come in the order of the outputs. */
	stored(now: number, key: string, ok: boolean): void {
		this.#now = now;
		this.#configuration.stored(key, ok);
		if (!ok && !this.#timers.isSet(Timer.Store))
			this.#timers.set(Timer.Store, now + STORE_RETRY);
	}

	/** A line from the console: `call <uri>`, `answer`, `hangup`, `settings`, `trace on|off`. */
	command(now: number, line: string): void {
		this.#now = now;
		const [word = "", argument = ""] = line.trim().split(" ");
		if (word === "call" && argument !== "") this.#telephone.call(now, argument);
		else if (word === "answer") this.#telephone.answer();
		else if (word === "hangup") this.#telephone.hangUp();
		else if (word === "settings")
			this.#event("info", "settings", "the settings in force", {
				settings: redact(this.#configuration.settings),
			});
		else if (word === "trace") this.#trace = argument !== "off";
		else
			this.#event(
				"warning",
				"unknown-command",
				"commands: call <uri>, answer, hangup, settings, memory, trace on|off",
			);
	}

	timeout(now: number): void {
		this.#now = now;
		this.#delivery.timeout(now);
		this.#enrolment.timeout(now);
		this.#telephone.timeout(now);
		for (;;) {
			const slot = this.#timers.take(now);
			if (slot === Timer.EffectiveBy) this.#release();
			else if (slot === Timer.Store) this.#configuration.retry();
			else break;
		}
	}

	deadline(): number {
		return Math.min(
			this.#delivery.deadline(),
			this.#enrolment.deadline(),
			this.#accounts.deadline(),
			this.#telephone.deadline(),
			this.#timers.deadline(),
		);
	}

	// ── Outputs, and the work that makes them ───────────────────────────────

	next(): Output | undefined {
		const now = this.#now;
		for (;;) {
			const delivered = this.#delivery.next();
			if (delivered !== undefined) {
				const output = this.#delivered(delivered);
				if (output !== undefined) return output;
				continue;
			}
			const event = this.#events.shift();
			if (event !== undefined) return event;
			const called = this.#telephone.next();
			if (called !== undefined) {
				this.#called(called);
				continue;
			}
			if (this.#waiting.length > 0 && !this.#telephone.busy) {
				this.#release();
				continue;
			}
			const registration = this.#accounts.next(now);
			if (registration !== undefined) {
				if (registration.kind === "event") return registration;
				this.#delivery.send(now, registration.request, registration.owner);
				continue;
			}
			const enrolled = this.#enrolment.next();
			if (enrolled !== undefined) {
				this.#enrolled(enrolled);
				continue;
			}
			// Nothing waits for these.
			const message = this.#ladder.shift();
			if (message !== undefined) {
				const { host, port } = message.peer;
				return ladderEvent(this.#host, message, hostPort(host, port));
			}
			const store = this.#configuration.next();
			if (store !== undefined || this.#events.length === 0) return store;
		}
	}

	// ── Datagram → parse → transaction: Delivery's and the endpoint's; here it is whose ──

	#delivered(output: DeliveryOutput): Output | undefined {
		const now = this.#now;
		switch (output.kind) {
			case "datagram":
			case "connect":
			case "send":
			case "close":
				return output;
			case "request":
				if (output.message.method === "NOTIFY")
					this.#endpoint.respond(
						now,
						output.transaction,
						this.#enrolment.notify(now, output.message),
					);
				else
					this.#telephone.request(
						now,
						output.transaction,
						output.message,
						output.source,
					);
				return undefined;
			case "acknowledge":
				this.#telephone.acknowledged(output.transaction, output.message);
				return undefined;
			case "cancelled":
				this.#telephone.cancelled(output.transaction);
				return undefined;
			case "response":
				this.#response(output);
				return undefined;
			case "failure":
				this.#failure(output);
				return undefined;
			case "trace":
				if (this.#trace) this.#ladder.push(output);
				return undefined;
			case "malformed": {
				const { host, port } = output.source.address;
				const from = hostPort(host, port);
				return {
					kind: "event",
					level: "warning",
					code: "input-refused",
					text: `what ${from} sent is not valid: ${output.code} at ${output.at}`,
					data: { from, error: output.code, at: output.at },
				};
			}
		}
	}

	#response(output: Extract<DeliveryOutput, { kind: "response" }>): void {
		const { owner, id, transaction, message, target, authorization } = output;
		const now = this.#now;
		if (target === undefined) return;
		if (this.#enrolment.owns(owner))
			this.#enrolment.response(now, owner, message);
		else if (this.#telephone.owns(owner))
			this.#telephone.response(
				owner,
				id,
				transaction,
				message,
				target,
				authorization,
			);
		else this.#accounts.response(now, owner, message, target);
	}

	#failure(output: Extract<DeliveryOutput, { kind: "failure" }>): void {
		const { owner, reason } = output;
		const now = this.#now;
		// A 2xx of ours has no ACK: the endpoint names the server transaction.
		if (owner === 0) this.#telephone.unacknowledged(output.transaction);
		else if (this.#enrolment.owns(owner))
			this.#enrolment.failure(now, owner, reason);
		else if (this.#telephone.owns(owner))
			this.#telephone.failure(owner, reason);
		else this.#accounts.failure(now, owner, reason);
	}

	#called(output: CallOutput): void {
		const now = this.#now;
		switch (output.kind) {
			case "respond":
				this.#endpoint.respond(now, output.transaction, output.response);
				break;
			case "send":
				this.#delivery.send(now, output.request, output.owner);
				break;
			case "cancel":
				this.#delivery.cancel(now, output.id);
				break;
			case "acknowledge":
				this.#endpoint.acknowledge(
					now,
					output.transaction,
					output.request,
					output.target,
				);
				break;
			case "event":
				this.#events.push(output);
		}
	}

	// ── Subscription → document ─────────────────────────────────────────────

	#enrolled(output: EnrolmentOutput): void {
		const now = this.#now;
		switch (output.kind) {
			case "request": {
				const { request, owner, secureOnly } = output;
				request.credentials = this.#credentialsFor(request.to);
				this.#delivery.send(now, request, owner, { secureOnly });
				return;
			}
			case "document":
				this.#document(output);
				return;
			case "none": {
				const { profile, for: name, absent } = output;
				const change = absent
					? this.#configuration.withdraw(profile, name)
					: this.#configuration.settle(profile, name);
				if (change !== undefined) this.#apply(change, undefined);
				this.#enrolment.verdict(now, profile, name);
				this.#configuration.tellIfProvisioned();
				return;
			}
			case "enrolled":
				if (output.profile === "device")
					this.#configuration.saveServer(output.uri);
				return;
			case "event":
				this.#events.push(output);
		}
	}

	/** A user's subscriptions are made with the user's credentials, then the device's own. */
	#credentialsFor(to: string): Credentials {
		const { users, accounts } = this.#configuration.settings;
		const known = [...this.#factory.credentials];
		for (const { aor, credentials } of [...accounts, ...users])
			if (to.includes(`<${aor}>`)) known.unshift(...credentials);
		return new Credentials(known);
	}

	// ── Document → validate → merge → plan → apply → commit → report ────────

	#document(output: Extract<EnrolmentOutput, { kind: "document" }>): void {
		const { profile, for: name } = output;
		const now = this.#now;
		// Only a local-network profile belongs to a network.
		const network =
			profile === "local-network"
				? networkFingerprint(this.#host, this.#lease)
				: "";
		const change = this.#configuration.receive(output, network);
		if (change === "same") this.#enrolment.setHeld(profile, name, output.etag);
		else if (change !== undefined) this.#apply(change, output.effectiveBy);
		this.#enrolment.verdict(now, profile, name);
		this.#configuration.tellIfProvisioned();
	}

	/** Carries out what may be done now; what ends calls waits for their end, or for `effectiveBy` seconds. */
	#apply(change: Change, effectiveBy: number | undefined): void {
		const { event } = change;
		this.#enrolment.setHeld(change.profile, change.for, change.etag);
		const patient = this.#telephone.busy && effectiveBy !== 0;
		const later: Step[] = [];
		for (const step of change.plan.steps)
			if (patient && step.interrupts) later.push(step);
			else this.#carryOut(step);
		// An access list is looked at when somebody calls.
		if (change.plan.steps.length > 0) this.#configureTelephone();
		if (later.length === 0) {
			this.#events.push(event);
			return;
		}
		this.#waiting.push({ steps: later, event });
		if (effectiveBy !== undefined)
			this.#timers.set(
				Timer.EffectiveBy,
				Math.min(
					this.#timers.at(Timer.EffectiveBy),
					this.#now + effectiveBy * 1000,
				),
			);
		const { data } = event;
		this.#event("info", "settings-waiting", "a change waits for a call", data);
	}

	/** Carries out what waited for the end of calls, or for its `effective-by`. */
	#release(): void {
		const waiting = this.#waiting;
		this.#waiting = [];
		this.#timers.clear(Timer.EffectiveBy);
		for (const { steps, event } of waiting) {
			for (const step of steps) this.#carryOut(step);
			this.#events.push(event);
		}
		this.#configureTelephone();
	}

	#carryOut(step: Step): void {
		const now = this.#now;
		const { settings } = this.#configuration;
		switch (step.part) {
			case Part.Telephone:
				// Whatever a change is, the telephone is told once, at its end.
				break;
			case Part.Register:
				for (const account of settings.accounts)
					if (step.accounts.includes(account.aor))
						this.#accounts.register(now, account);
				break;
			case Part.Leave:
				// It may have come back while this step waited.
				for (const aor of step.accounts)
					if (
						!settings.accounts.some(
							(account) => account.enabled && account.aor === aor,
						)
					)
						this.#accounts.leave(now, aor);
				break;
			case Part.Enrol:
				this.#enrol();
				break;
			case Part.Network:
				this.#event(
					"warning",
					"setting-not-applied",
					"this host changes neither its VLAN nor its SIP port while it runs",
				);
		}
	}

	/** What holds for the next call, and who may make it. */
	#configureTelephone(): void {
		this.#telephone.configure(
			this.#accounts.telephone(this.#configuration.settings, (aor) =>
				this.#configuration.list(aor),
			),
		);
	}

	/** Subscribes to what the settings now name, and forgets what they no longer do. */
	#enrol(): void {
		const now = this.#now;
		this.#configuration.dropOrphans();
		const { users, accounts, provisioning } = this.#configuration.settings;
		const floor =
			this.#configuration.backOffFloor ?? this.#factory.backOffFloor;
		if (floor !== undefined) this.#enrolment.setBackoffFloor(floor);
		this.#enrolment.setExpires(provisioning.expires);
		this.#enrolment.setUsers(now, users);
		this.#enrolment.setAccessLists(
			now,
			accounts.filter((account) => account.enabled),
		);
	}

	#event(
		level: EventOutput["level"],
		code: string,
		text: string,
		data: EventOutput["data"] = {},
	): void {
		this.#events.push({ kind: "event", level, code, text, data });
	}
}
