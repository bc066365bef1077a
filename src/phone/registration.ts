/**
 * One account's registration (RFC 3261 §10): at the registrar that the settings
 * name, refreshed in time, retried with the back-off of RFC 5626 §4.5.
 *
 * A new registrar is registered at before the old one is left: the old binding is
 * refreshed until the new one stands, and only then removed there, with one
 * attempt. Several registrars stand for each other in the order of the settings.
 *
 * It asks for requests to be sent (`next`) and is told their results by owner
 * number. It must not know where the settings come from, how a server is found, or
 * that other accounts exist.
 */
import type { Host } from "../host.js";
import type { EventOutput } from "../port.js";
import type { CredentialSource } from "../sip/authentication.js";
import { newCallId, newTag } from "../sip/dialog.js";
import type { Target } from "../sip/endpoint.js";
import { Header } from "../sip/header.js";
import type { Message } from "../sip/message.js";
import { parameter } from "../sip/uri.js";
import { nameAddress, type OutgoingRequest } from "../sip/writer.js";

/** A registrar that grants less would have us do nothing else. */
const SHORTEST_EXPIRES = 10;
/** Bindings held at once: the wanted one, the one before it, and some that are being left. */
const MAX_BINDINGS = 4;

export interface RegistrationSettings {
	readonly aor: string;
	/** From and To. */
	readonly displayName: string;
	/** URIs, the first one first. */
	readonly registrars: readonly string[];
	/** Route values with angle brackets: the outbound proxy. */
	readonly route: readonly string[];
	/** Seconds. */
	readonly expires: number;
	/** Milliseconds: the first retry comes after 1 to 2 of these (RFC 5626 §4.5: 30 s) … */
	readonly retryFloor: number;
	/** … and later ones never after more than this. */
	readonly retryCeiling: number;
	readonly credentials: CredentialSource;
	/** Changes whenever the credentials do. */
	readonly credentialsMark: number;
}

export interface RegistrationOptions {
	/** Owner numbers from here, below `firstOwner + OWNERS`. */
	readonly firstOwner: number;
	/** `<sip:…;line=LINE>;+sip.instance="…"` for requests to this registrar. */
	readonly contact: (registrar: string, line: string) => string;
}
/** How many owner numbers one registration uses. */
export const OWNERS = 64;

export type RegistrationOutput =
	| {
			readonly kind: "send";
			readonly owner: number;
			readonly request: OutgoingRequest;
	  }
	| EventOutput;

const State = Object.freeze({
	/** Nothing is under way; the next REGISTER goes out at `deadline`. */
	Waiting: 0,
	Registering: 1,
	/** `deadline` is the refresh. */
	Registered: 2,
	/** The last word, Expires 0, is under way. */
	Leaving: 3,
	Gone: 4,
});

interface Binding {
	readonly owner: number;
	/**
	 * Part of our contact: another one for other servers, so that leaving an old
	 * registrar can't remove what a new one keeps in the same database; the same one
	 * after a restart, so that a registrar does not collect dead contacts of ours.
	 */
	readonly line: string;
	settings: RegistrationSettings;
	state: number;
	deadline: number;
	/** Index of the registrar in use. */
	registrar: number;
	/** How many of them have failed in a row. */
	failed: number;
	/** It has been registered at least once. */
	proven: boolean;
	/** Not wanted any more: to be left as soon as nothing is under way. */
	unwanted: boolean;
	/** The settings changed while a request was under way. */
	again: boolean;
	failures: number;
	expires: number;
	readonly callId: string;
	readonly tag: string;
	sequence: number;
	/** What is under way; its CSeq is counted up when a challenge is answered. */
	request: OutgoingRequest | undefined;
	/** Who answered last. */
	server: string | undefined;
	serviceRoute: readonly string[];
	/** What the last `registered` event said. */
	announced: string;
}

export class Registration {
	readonly #host: Host;
	readonly #options: RegistrationOptions;
	/** The last one is wanted, unless it is unwanted too. */
	#bindings: Binding[] = [];
	readonly #events: EventOutput[] = [];
	#nextOwner = 0;
	#up = false;

	constructor(host: Host, options: RegistrationOptions) {
		this.#host = host;
		this.#options = options;
	}

	get registered(): boolean {
		return this.#bindings.some(
			(binding) => binding.state === State.Registered && !binding.unwanted,
		);
	}

	/** Nothing is left of it after `remove`, and nothing is left to tell. */
	get gone(): boolean {
		return this.#bindings.length === 0 && this.#events.length === 0;
	}

	/** Routes for requests of this account (RFC 3608, else the outbound proxy). */
	get route(): readonly string[] {
		const wanted = this.#bindings.at(-1);
		if (wanted === undefined) return [];
		return wanted.serviceRoute.length > 0
			? wanted.serviceRoute
			: wanted.settings.route;
	}

	/** The one in use, "" when there is none. */
	get registrar(): string {
		const wanted = this.#bindings.at(-1);
		return wanted === undefined ? "" : registrarOf(wanted);
	}

	/** Is this the address of a registrar that has let us register? */
	serves(address: string): boolean {
		for (const binding of this.#bindings)
			if (binding.proven && binding.server === address) return true;
		return false;
	}

	/** Is this the `line` of a contact that we gave? */
	hasLine(line: string): boolean {
		return this.#bindings.some((binding) => binding.line === line);
	}

	configure(now: number, settings: RegistrationSettings): void {
		const wanted = this.#bindings.at(-1);
		if (wanted !== undefined && !wanted.unwanted) {
			if (sameServers(wanted.settings, settings)) {
				const changed =
					wanted.settings.expires !== settings.expires ||
					wanted.settings.displayName !== settings.displayName ||
					wanted.settings.credentialsMark !== settings.credentialsMark;
				wanted.settings = settings;
				if (changed) this.#renew(now, wanted);
				return;
			}
			// What was never registered has nothing to lose; what was, stays until the new one stands.
			if (!wanted.proven) this.#drop(now, wanted);
		}
		const before = this.#bindings.find(
			(binding) =>
				binding.proven &&
				binding.state !== State.Leaving &&
				sameServers(binding.settings, settings),
		);
		if (before !== undefined) {
			// Back to where we still are.
			this.#bindings = this.#bindings.filter((each) => each !== before);
			this.#bindings.push(before);
			before.settings = settings;
			before.unwanted = false;
			this.#renew(now, before);
			return;
		}
		if (settings.registrars.length === 0) {
			this.remove(now);
			return;
		}
		this.#bindings.push(this.#binding(now, settings));
		this.#limit(now);
	}

	/** The account is gone: leaves the registrar. */
	remove(now: number): void {
		for (const binding of this.#bindings.slice()) this.#drop(now, binding);
	}

	network(now: number, up: boolean): void {
		this.#up = up;
		for (const binding of this.#bindings.slice()) {
			if (binding.unwanted && !up) {
				this.#forget(binding);
				continue;
			}
			binding.state = State.Waiting;
			binding.request = undefined;
			binding.failures = 0;
			binding.registrar = 0;
			binding.failed = 0;
			binding.serviceRoute = [];
			binding.announced = "";
			binding.deadline = now;
		}
	}

	owns(owner: number): boolean {
		const first = this.#options.firstOwner;
		return owner >= first && owner < first + OWNERS;
	}

	response(now: number, owner: number, message: Message, target: Target): void {
		const binding = this.#underWay(owner);
		if (binding === undefined || message.status < 200) return;
		this.#settle(binding);
		if (binding.state === State.Leaving) {
			this.#forget(binding);
			return;
		}
		if (message.status >= 300) {
			this.#refused(now, binding, message);
			return;
		}
		binding.server = target.address.host;
		binding.proven = true;
		binding.failures = 0;
		binding.failed = 0;
		binding.expires = this.#granted(binding, message);
		binding.serviceRoute = message.list(Header.ServiceRoute);
		binding.state = State.Registered;
		// Spread, so that a thousand phones that booted together do not refresh together.
		binding.deadline =
			now +
			binding.expires *
				(800 + this.#random(100)); /* ms in a second, times 0.8 to 0.9 */
		if (binding.unwanted) {
			this.#drop(now, binding);
			return;
		}
		this.#announce(binding);
		if (binding.again) {
			this.#renew(now, binding);
			return;
		}
		// The new one stands: the others may go.
		if (binding === this.#bindings.at(-1))
			for (const other of this.#bindings.slice())
				if (other !== binding) this.#drop(now, other);
	}

	failure(now: number, owner: number, reason: string): void {
		const binding = this.#underWay(owner);
		if (binding === undefined) return;
		this.#settle(binding);
		if (binding.state === State.Leaving) this.#forget(binding);
		else this.#failed(now, binding, 0, reason, undefined);
	}

	deadline(): number {
		let earliest = Number.POSITIVE_INFINITY;
		if (!this.#up) return earliest;
		for (const binding of this.#bindings)
			if (binding.request === undefined && binding.deadline < earliest)
				earliest = binding.deadline;
		return earliest;
	}

	/** What is due at `now` to be sent or told. */
	next(now: number): RegistrationOutput | undefined {
		const event = this.#events.shift();
		if (event !== undefined) return event;
		if (!this.#up) return undefined;
		for (const binding of this.#bindings) {
			if (binding.request !== undefined || binding.deadline > now) continue;
			const leaving = binding.unwanted;
			binding.state = leaving ? State.Leaving : State.Registering;
			binding.deadline = Number.POSITIVE_INFINITY;
			binding.again = false;
			binding.request = this.#request(binding, leaving ? 0 : binding.expires);
			return { kind: "send", owner: binding.owner, request: binding.request };
		}
		return undefined;
	}

	#binding(now: number, settings: RegistrationSettings): Binding {
		const owner = this.#options.firstOwner + (this.#nextOwner++ % OWNERS);
		return {
			owner,
			line: this.#line(settings),
			settings,
			state: State.Waiting,
			deadline: now,
			registrar: 0,
			failed: 0,
			proven: false,
			unwanted: false,
			again: false,
			failures: 0,
			expires: settings.expires,
			callId: newCallId(this.#host),
			tag: newTag(this.#host),
			sequence: 0,
			request: undefined,
			server: undefined,
			serviceRoute: [],
			announced: "",
		};
	}

	#line(settings: RegistrationSettings): string {
		const bytes = this.#host.encode(
			`${settings.aor} ${settings.registrars.join(" ")} ${settings.route.join(" ")}`,
		);
		return this.#host.crc32(bytes, 0, bytes.length).toString(36);
	}

	#request(binding: Binding, expires: number): OutgoingRequest {
		const { settings } = binding;
		const registrar = registrarOf(binding);
		const who = nameAddress(settings.displayName, settings.aor);
		return {
			method: "REGISTER",
			uri: registrar,
			route: settings.route,
			from: `${who};tag=${binding.tag}`,
			to: who,
			callId: binding.callId,
			cseq: ++binding.sequence,
			contact: `${this.#options.contact(registrar, binding.line)};expires=${expires}`,
			headers: [
				["Expires", String(expires)],
				["Supported", "path"],
			],
			credentials: settings.credentials,
		};
	}

	/** With the settings as they now are, as soon as nothing is under way. */
	#renew(now: number, binding: Binding): void {
		binding.failures = 0;
		binding.expires = binding.settings.expires;
		if (binding.request !== undefined) {
			binding.again = true;
			return;
		}
		binding.again = false;
		binding.state = State.Waiting;
		binding.deadline = now;
		binding.announced = "";
	}

	/** Leaves the registrar, or forgets the binding if it may not exist there. */
	#drop(now: number, binding: Binding): void {
		if (binding.state === State.Leaving) return;
		binding.unwanted = true;
		if (binding.request !== undefined) return;
		if (binding.proven && this.#up) {
			binding.state = State.Waiting;
			binding.deadline = now;
		} else this.#forget(binding);
	}

	#forget(binding: Binding): void {
		binding.state = State.Gone;
		this.#bindings = this.#bindings.filter((each) => each !== binding);
	}

	#limit(now: number): void {
		for (const binding of this.#bindings.slice()) {
			if (this.#bindings.length <= MAX_BINDINGS) return;
			if (binding.unwanted) this.#forget(binding);
		}
		for (const binding of this.#bindings.slice(0, -2)) this.#drop(now, binding);
	}

	#underWay(owner: number): Binding | undefined {
		for (const binding of this.#bindings)
			if (binding.owner === owner && binding.request !== undefined)
				return binding;
		return undefined;
	}

	#settle(binding: Binding): void {
		binding.sequence = Math.max(binding.sequence, binding.request?.cseq ?? 0);
		binding.request = undefined;
	}

	/** RFC 3261 §10.2.4: the expiry of our own contact, else of all, else what we asked for. */
	#granted(binding: Binding, message: Message): number {
		const registrar = registrarOf(binding);
		const own = this.#options.contact(registrar, binding.line);
		let granted = message.expires ?? binding.expires;
		const { contacts } = message;
		for (const contact of contacts) {
			// A registrar may write our contact another way; an only one must be ours.
			if (contacts.length > 1 && !own.startsWith(`<${contact.uriText}>`))
				continue;
			const expires = Number(parameter(contact.parameters, "expires"));
			if (expires > 0) granted = expires;
		}
		return Math.max(granted, SHORTEST_EXPIRES);
	}

	#refused(now: number, binding: Binding, message: Message): void {
		const minimum = message.minExpires;
		if (
			message.status === 423 &&
			minimum !== undefined &&
			minimum > binding.expires
		) {
			binding.expires = minimum;
			binding.deadline = now;
			return;
		}
		const after = message.status >= 500 ? message.retryAfter : undefined;
		this.#failed(now, binding, message.status, message.reason, after);
	}

	#failed(
		now: number,
		binding: Binding,
		status: number,
		reason: string,
		retryAfter: number | undefined,
	): void {
		if (binding.unwanted) {
			this.#forget(binding);
			return;
		}
		const registrar = registrarOf(binding);
		this.#events.push({
			kind: "event",
			level: "warning",
			code: "registration-failed",
			text: `${binding.settings.aor} is not registered at ${registrar}: ${status === 0 ? reason : `${status} ${reason}`}`,
			data: { aor: binding.settings.aor, registrar, status, reason },
		});
		binding.state = State.Waiting;
		binding.announced = "";
		binding.serviceRoute = [];
		if (binding.again) {
			this.#renew(now, binding);
			return;
		}
		const { length } = binding.settings.registrars;
		const elsewhere = status === 0 || status >= 500;
		binding.failed++;
		if (elsewhere && binding.failed < length) {
			binding.registrar = (binding.registrar + 1) % length;
			binding.deadline = now;
			return;
		}
		binding.registrar = 0;
		binding.failed = 0;
		binding.failures++;
		const { retryFloor, retryCeiling } = binding.settings;
		const longest = Math.min(
			retryFloor * 2 ** Math.min(binding.failures, 16),
			Math.max(retryCeiling, retryFloor),
		);
		const wait = longest * (0.5 + this.#random(500) / 1000);
		binding.deadline = now + Math.max(wait, (retryAfter ?? 0) * 1000);
	}

	#announce(binding: Binding): void {
		const { aor } = binding.settings;
		const registrar = registrarOf(binding);
		if (binding.announced === registrar) return;
		binding.announced = registrar;
		this.#events.push({
			kind: "event",
			level: "info",
			code: "registered",
			text: `${aor} is registered at ${registrar}`,
			data: { aor, registrar, expires: binding.expires },
		});
	}

	/** 0 … limit-1. */
	#random(limit: number): number {
		const bytes = this.#host.random(2);
		return (((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)) % limit;
	}
}

function registrarOf({ settings, registrar }: Binding): string {
	return settings.registrars[registrar] ?? "";
}

function sameServers(
	a: RegistrationSettings,
	b: RegistrationSettings,
): boolean {
	return (
		a.registrars.join(" ") === b.registrars.join(" ") &&
		a.route.join(" ") === b.route.join(" ")
	);
}
