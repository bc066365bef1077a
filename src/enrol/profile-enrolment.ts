/**
 * The enrolment of one profile (RFC 6080 §5.1, §5.3.2): one server after another,
 * back-off when none will have us, and a new subscription when one ends. Knows
 * nothing of the other profiles nor of the order among them.
 */
import { Subscriber, SubscriberState } from "../event/subscriber.js";
import type { Host } from "../host.js";
import type { CredentialSource } from "../sip/authentication.js";
import type { Message } from "../sip/message.js";
import { isNumeric } from "../sip/uri.js";
import type { OutgoingResponse } from "../sip/writer.js";
import { Backoff, scatter } from "./backoff.js";
import { type Candidate, domainOf, serverOf } from "./discovery.js";
import type { EnrolmentOutput, ProfileType } from "./enrolment.js";

/** What all subscriptions of the device have in common. */
export interface EnrolmentContext {
	readonly host: Host;
	readonly outputs: EnrolmentOutput[];
	readonly credentials: CredentialSource | undefined;
	readonly secureOnly: boolean;
	/** Seconds that subscriptions are asked for. */
	expires: number;
	backoffFloor: number;
	/** Contact value. */
	contact: string;
	/** Is there a network? */
	up: boolean;
	/** A number for a request's owner that no other request has. */
	owner(): number;
}

/** A server that has none (404) is asked again after this time, in ms: it may get one, and cannot tell us. */
const absentRetry = 3_600_000;
/** A subscription that ended sooner than this after it began is not begun anew at once. */
const shortLife = 10_000;
/** 3xx followed in one round. */
const redirectLimit = 5;

export class ProfileEnrolment {
	readonly profile: ProfileType;
	readonly name: string;
	readonly #context: EnrolmentContext;
	readonly #eventParameters: string;
	readonly #accept: readonly string[];
	readonly #backoff: Backoff;
	#candidates: readonly Candidate[] = [];
	#index = 0;
	#redirects = 0;
	#subscriber: Subscriber | undefined;
	#owner = -1;
	#held: string | undefined;
	/** When to try again, Infinity when something is under way or nothing is to be tried. */
	#wakeAt = Number.POSITIVE_INFINITY;
	/** Of the present subscription: has the server accepted it, and when? */
	#stood = false;
	#subscribedAt = 0;
	/** The round's largest Retry-After, in seconds. */
	#retryAfter = 0;
	#absent = false;
	/** A server of this round gave no answer that tells whether there is a profile. */
	#unsure = false;
	#settled = false;
	#awaitsVerdict = false;
	#leaving = false;
	#server: string | undefined;

	constructor(
		context: EnrolmentContext,
		profile: ProfileType,
		name: string,
		eventParameters: string,
		accept: readonly string[],
		held: string | undefined,
	) {
		this.#context = context;
		this.profile = profile;
		this.name = name;
		this.#eventParameters = eventParameters;
		this.#accept = accept;
		this.#held = held;
		this.#backoff = new Backoff(context.host, context.backoffFloor);
	}

	/** The first attempt has come to its end, good or bad, and what it brought has been dealt with: the next profile's turn. */
	get settled(): boolean {
		return this.#settled && !this.#awaitsVerdict;
	}

	/** The server (without user part) that last accepted the subscription, or the one that is asked first. */
	get server(): string | undefined {
		if (this.#server !== undefined) return this.#server;
		const [first] = this.#candidates;
		return first === undefined ? undefined : serverOf(hop(first));
	}

	get leaving(): boolean {
		return this.#leaving;
	}

	/** Gone: unsubscribed, and nothing more is expected. */
	get over(): boolean {
		return this.#leaving && this.#subscriber === undefined;
	}

	/** Begins, or begins anew, with these servers. A subscription that stands is kept and told our new address; one that is being left is given up. */
	begin(now: number, candidates: readonly Candidate[]): void {
		if (this.#leaving) {
			this.#subscriber = undefined;
			return;
		}
		this.#candidates = candidates;
		if (this.#subscriber?.state === SubscriberState.Active) {
			this.#subscriber.moved(now, this.#context.contact);
			this.#drain(now);
			return;
		}
		this.#backoff.reset();
		this.#round(now);
	}

	leave(now: number): void {
		this.#leaving = true;
		this.#wakeAt = Number.POSITIVE_INFINITY;
		const subscriber = this.#subscriber;
		if (subscriber?.state === SubscriberState.Active) {
			subscriber.unsubscribe(now);
			this.#drain(now);
		} else this.#subscriber = undefined;
	}

	hold(etag: string | undefined): void {
		this.#held = etag;
	}

	verdict(): void {
		this.#awaitsVerdict = false;
	}

	setFloor(floor: number): void {
		this.#backoff.setFloor(floor);
	}

	setExpires(expires: number): void {
		this.#subscriber?.setExpires(expires);
	}

	owns(owner: number): boolean {
		return owner === this.#owner;
	}

	matches(message: Message): boolean {
		return this.#subscriber?.matches(message) ?? false;
	}

	notify(now: number, message: Message): OutgoingResponse {
		const answer = this.#subscriber?.notify(now, message) ?? { status: 481 };
		this.#drain(now);
		if (answer.status === 415 && !this.#leaving) {
			// The others are not to wait for a document that we can't read.
			this.#settled = true;
			this.#failed("415", undefined);
		}
		return answer;
	}

	response(now: number, message: Message): void {
		this.#subscriber?.response(now, message);
		this.#drain(now);
	}

	failure(now: number, reason: string): void {
		this.#subscriber?.failure(now, reason);
		this.#drain(now);
	}

	timeout(now: number): void {
		this.#subscriber?.timeout(now);
		this.#drain(now);
		if (this.#wakeAt > now || !this.#context.up) return;
		this.#round(now);
	}

	deadline(): number {
		const wake = this.#context.up ? this.#wakeAt : Number.POSITIVE_INFINITY;
		return Math.min(wake, this.#subscriber?.deadline() ?? wake);
	}

	/** From the first server on. */
	#round(now: number): void {
		this.#index = 0;
		this.#redirects = 0;
		this.#retryAfter = 0;
		this.#absent = false;
		this.#unsure = false;
		this.#attempt(now);
	}

	#attempt(now: number): void {
		const candidate = this.#candidates[this.#index];
		this.#wakeAt = Number.POSITIVE_INFINITY;
		this.#subscriber = undefined;
		this.#stood = false;
		if (candidate === undefined) {
			this.#wait(now, "no-server", 0);
			return;
		}
		const context = this.#context;
		this.#owner = context.owner();
		this.#subscriber = new Subscriber(context.host, {
			uri: candidate.uri,
			from: this.#from(candidate),
			to: `<${candidate.uri}>`,
			contact: context.contact,
			event: "ua-profile",
			eventParameters: this.#eventParameters,
			accept: this.#accept,
			expires: context.expires,
			nextHop: candidate.nextHop,
			flow: numericHop(candidate),
			credentials: context.credentials,
			etag: this.#held,
		});
		this.#subscriber.subscribe(now);
		this.#drain(now);
	}

	/** RFC 6080 §5.1.4: who we say that we are, which for device and network is nobody. */
	#from(candidate: Candidate): string {
		switch (this.profile) {
			case "local-network":
				return "<sip:anonymous@anonymous.invalid>";
			case "device":
				return `<sip:anonymous@${candidate.domain}>`;
			default:
				return `<${this.name}>`;
		}
	}

	#drain(now: number): void {
		for (;;) {
			const subscriber = this.#subscriber;
			const output = subscriber?.next();
			if (output === undefined) return;
			const { outputs } = this.#context;
			const { profile, name } = this;
			switch (output.kind) {
				case "request":
					outputs.push({
						kind: "request",
						owner: this.#owner,
						request: output.request,
						secureOnly: this.#context.secureOnly,
					});
					break;
				case "subscribed":
					this.#subscribed(now);
					break;
				case "state":
					if (this.#leaving) break;
					this.#settled = true;
					this.#awaitsVerdict = true;
					outputs.push({
						kind: "document",
						profile,
						for: name,
						type: output.type,
						bytes: output.bytes,
						etag: output.etag,
						effectiveBy: output.effectiveBy,
						server: this.server ?? "",
					});
					break;
				case "unchanged":
					if (this.#leaving) break;
					this.#settled = true;
					outputs.push({ kind: "none", profile, for: name, absent: false });
					break;
				case "ended":
					this.#subscriber = undefined;
					this.#owner = -1;
					if (!this.#leaving) this.#ended(now, output);
					break;
			}
		}
	}

	#subscribed(now: number): void {
		const candidate = this.#candidates[this.#index];
		if (candidate === undefined || this.#leaving) return;
		this.#stood = true;
		this.#subscribedAt = now;
		this.#backoff.reset();
		const server = serverOf(hop(candidate));
		const { outputs } = this.#context;
		if (this.profile === "device" && server !== this.#server)
			outputs.push({
				kind: "event",
				level: "info",
				code: "server-found",
				text: `The profile server is ${server} (${candidate.source})`,
				data: { server, source: candidate.source },
			});
		this.#server = server;
		outputs.push({
			kind: "enrolled",
			profile: this.profile,
			for: this.name,
			uri: candidate.uri,
			server,
		});
		outputs.push({
			kind: "event",
			level: "info",
			code: "enrolled",
			text: `Subscribed to the ${this.profile} profile of ${this.name} at ${server}`,
			data: { profile: this.profile, for: this.name, server },
		});
	}

	#ended(
		now: number,
		{
			reason,
			status,
			again,
			retryAfter = 0,
			redirects,
		}: {
			readonly reason: string;
			readonly status: number;
			readonly again: "now" | "later" | "never";
			readonly retryAfter?: number | undefined;
			readonly redirects: readonly string[];
		},
	): void {
		const why = status === 0 ? reason : `${status}`;
		if (
			again === "now" &&
			this.#stood &&
			now - this.#subscribedAt >= shortLife
		) {
			this.#attempt(now);
			return;
		}
		const saysNone =
			(status === 404 || status === 489 || reason === "noresource") &&
			this.profile !== "device";
		if (saysNone) {
			// In place of a server that is silent, another's word proves nothing: what we hold of the silent one stays good.
			if (this.#stood || !this.#unsure) this.#none();
		} else if (reason === "noresource") {
			this.#wait(now, why, absentRetry / 1000);
			return;
		} else if (again === "never") {
			this.#settled = true;
			this.#failed(why, undefined);
			return;
		}
		if (this.#stood && status === 0 && reason !== "timer-n") {
			// The server ended it: it is asked again, when it says.
			this.#wait(now, why, retryAfter);
			return;
		}
		if (!saysNone && redirects.length === 0) this.#unsure = true;
		this.#retryAfter = Math.max(this.#retryAfter, retryAfter);
		if (redirects.length > 0 && this.#redirects < redirectLimit) {
			this.#redirects += 1;
			this.#candidates = [
				...this.#candidates.slice(0, this.#index + 1),
				...redirects
					.slice(0, redirectLimit)
					.map((uri) => this.#redirected(uri)),
				...this.#candidates.slice(this.#index + 1),
			];
		}
		this.#index += 1;
		// Without an access list there is none elsewhere; a user's profile may be at home in the AoR's own domain.
		const further = this.profile !== "access" || !this.#absent;
		if (further && this.#index < this.#candidates.length) this.#attempt(now);
		else this.#wait(now, why, this.#retryAfter);
	}

	#redirected(uri: string): Candidate {
		return {
			uri,
			nextHop: undefined,
			domain: domainOf(uri),
			source: "redirect",
		};
	}

	/** No server has it, or will have us: later. */
	#wait(now: number, reason: string, retryAfter: number): void {
		this.#settled = true;
		this.#index = 0;
		if (this.#absent) {
			this.#wakeAt =
				now +
				Math.max(
					retryAfter * 1000,
					scatter(this.#context.host, absentRetry, 0.2),
				);
			return;
		}
		const delay = this.#backoff.next(retryAfter);
		this.#wakeAt = now + delay;
		this.#failed(reason, delay);
	}

	/** A server says that there is none; the next one may know better. */
	#none(): void {
		if (this.#absent) return;
		this.#absent = true;
		this.#context.outputs.push({
			kind: "none",
			profile: this.profile,
			for: this.name,
			absent: true,
		});
	}

	#failed(reason: string, delay: number | undefined): void {
		const { profile, name } = this;
		this.#context.outputs.push({
			kind: "event",
			level: "warning",
			code: "enrolment-failed",
			text: `No subscription to the ${profile} profile of ${name}: ${explain(reason)}`,
			data:
				delay === undefined
					? { profile, for: name, reason }
					: { profile, for: name, reason, retryIn: delay },
		});
	}
}

function hop(candidate: Candidate): string {
	return candidate.nextHop ?? candidate.uri;
}

/** The server's address, when it is named by that. */
function numericHop(candidate: Candidate): string | undefined {
	const server = serverOf(hop(candidate));
	const host = domainOf(server);
	const bare = host.startsWith("[") ? host.slice(1, -1) : host;
	return isNumeric(bare) ? server : undefined;
}

/** For people. */
function explain(reason: string): string {
	switch (reason) {
		case "timeout":
			return "no answer";
		case "timer-n":
			return "the server accepted it but sent no NOTIFY (Timer N)";
		case "unknown-host":
			return "the server's name has no address";
		case "transport":
			return "the server cannot be reached";
		case "challenge-insecure":
			return "the server asks for credentials over a link without TLS, and the factory setting trust-network does not allow an answer";
		case "415":
			return "the server's NOTIFY carries a type that we did not ask for";
		case "401":
		case "407":
			return "the server does not accept our credentials, or we have none for it";
		case "no-server":
			return "nothing names a server: no factory setting, no DHCP domain";
		default:
			return reason;
	}
}
