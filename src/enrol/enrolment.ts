/**
 * Profile enrolment (RFC 6080 §5): local-network, device, users, then each account's
 * access list; which server is asked next, and when again. Gives documents up as
 * bytes; does not know what is in them.
 */
import { fraction } from "../event/meaning.js";
import type { Host } from "../host.js";
import type { EventOutput, Lease } from "../port.js";
import type { CredentialSource } from "../sip/authentication.js";
import type { Message } from "../sip/message.js";
import {
	type OutgoingRequest,
	type OutgoingResponse,
	quote,
} from "../sip/writer.js";
import { defaultFloor } from "./backoff.js";
import {
	accountCandidates,
	type Candidate,
	deviceCandidates,
	leaseDomain,
	localNetworkCandidates,
} from "./discovery.js";
import {
	type EnrolmentContext,
	ProfileEnrolment,
} from "./profile-enrolment.js";

export type ProfileType = "local-network" | "device" | "user" | "access";

export interface EnrolmentOptions {
	/** `urn:uuid:…` */
	readonly instance: string;
	readonly vendor: string;
	readonly model: string;
	readonly version: string;
	/** The factory document's servers, in order: with a user part a Subscription URI, else a server. */
	readonly factoryServers?: readonly string[] | undefined;
	/** Subscription URI that last worked for the device profile (from `enrolled`): used first. */
	readonly storedServer?: string | undefined;
	readonly credentials?: CredentialSource | undefined;
	/** Answer challenges without TLS (factory setting, loud). */
	readonly trustNetwork?: boolean | undefined;
	/** Milliseconds of the first back-off delay; default 64*T1 = 32,000 (RFC 6080 §5.3.2). */
	readonly backoffFloor?: number | undefined;
	/** The first SUBSCRIBE waits a random time up to this, in ms (many devices, one power cut). Default 0. */
	readonly restartSpread?: number | undefined;
	/** Seconds asked for. Default 86400. */
	readonly expires?: number | undefined;
	/** Requests carry owner numbers from here up (below `firstOwner + 65536`). */
	readonly firstOwner: number;
	/** Media types for profiles; default `application/vnd.hookswitch.profile+xml, text/xml`. */
	readonly profileTypes?: readonly string[] | undefined;
	readonly accessTypes?: readonly string[] | undefined;
}

export interface Account {
	/** `sip:alice@example.com` */
	readonly aor: string;
}

export type EnrolmentOutput =
	/** `delivery.send(now, request, owner, { secureOnly })`; its results back through `response` and `failure`. */
	| {
			readonly kind: "request";
			readonly owner: number;
			readonly request: OutgoingRequest;
			readonly secureOnly: boolean;
	  }
	| {
			readonly kind: "document";
			readonly profile: ProfileType;
			/** AoR; for the device its instance; for the local network its domain. */
			readonly for: string;
			/** Content type, lower case. */
			readonly type: string;
			readonly bytes: Uint8Array;
			readonly etag: string | undefined;
			/** Seconds; 0: at once. */
			readonly effectiveBy: number | undefined;
			readonly server: string;
	  }
	/** No document: the server has none for this (404, 489), or NOTIFY carried none. For access: there is no list. */
	| {
			readonly kind: "none";
			readonly profile: ProfileType;
			readonly for: string;
			/** The server says so (404, 489, noresource); false: a NOTIFY without body, what we hold stays good. */
			readonly absent: boolean;
	  }
	/** Subscribed: store `uri` of the device profile for `storedServer`. */
	| {
			readonly kind: "enrolled";
			readonly profile: ProfileType;
			readonly for: string;
			readonly uri: string;
			readonly server: string;
	  }
	/** `server-found`, `enrolled`, `enrolment-failed`. */
	| EventOutput;

/** Offered for profiles; `text/xml` for servers that know no better. */
const defaultProfileTypes = Object.freeze([
	"application/vnd.hookswitch.profile+xml",
	"text/xml",
]);
const defaultAccessTypes = Object.freeze([
	"application/vnd.hookswitch.access+xml",
]);
/** RFC 6080 §6.4. */
const defaultExpires = 86_400;
/** A local network whose server does not answer holds the device profile up no longer than this. */
const localNetworkPatience = 4_000;
const ownerRange = 65_536;

export class Enrolment {
	readonly #host: Host;
	readonly #options: EnrolmentOptions;
	readonly #outputs: EnrolmentOutput[] = [];
	readonly #context: EnrolmentContext;
	/** In the order of enrolment; those that have begun. */
	readonly #profiles: ProfileEnrolment[] = [];
	readonly #held = new Map<string, string>();
	/** Event parameters that say what we are (RFC 6080 §6.2.2). */
	readonly #identity: string;
	#lease: Lease | undefined;
	#users: readonly Account[] = [];
	#accessLists: readonly Account[] = [];
	#localNetwork: ProfileEnrolment | undefined;
	#device: ProfileEnrolment | undefined;
	/** The network has come up for the first time; and the first SUBSCRIBE has gone. */
	#begun = false;
	#started = false;
	/** When it may go. */
	#startAt = Number.POSITIVE_INFINITY;
	/** When the device profile no longer waits for the local network's. */
	#patience = Number.POSITIVE_INFINITY;
	#lastOwner = 0;

	constructor(host: Host, options: EnrolmentOptions) {
		this.#host = host;
		this.#options = options;
		this.#identity = `vendor=${quote(options.vendor)};model=${quote(options.model)};version=${quote(options.version)}`;
		this.#context = {
			host,
			outputs: this.#outputs,
			credentials: options.credentials,
			secureOnly: options.trustNetwork !== true,
			expires: options.expires ?? defaultExpires,
			backoffFloor: options.backoffFloor ?? defaultFloor,
			contact: "",
			up: false,
			owner: () => {
				this.#lastOwner = (this.#lastOwner + 1) % ownerRange;
				return options.firstOwner + this.#lastOwner;
			},
		};
	}

	/** Lease and the Contact URI at which we are reached (`endpoint.contactUri`); undefined: the network is gone. */
	network(now: number, lease: Lease | undefined, contactUri = ""): void {
		const context = this.#context;
		context.up = lease !== undefined;
		if (lease === undefined) {
			this.#lease = undefined;
			return;
		}
		const contact = `<${contactUri}>;+sip.instance="<${this.#options.instance}>"`;
		const moved = contact !== context.contact;
		context.contact = contact;
		const oldLease = this.#lease;
		this.#lease = lease;
		if (!this.#begun) {
			this.#begun = true;
			this.#startAt =
				now +
				Math.floor((this.#options.restartSpread ?? 0) * fraction(this.#host));
		} else if (moved || oldLease === undefined || !sameOptions(oldLease, lease))
			this.#beginAgain(now, lease);
		this.#advance(now);
	}

	/** Users as the device profile (stored or new) names them. Gone ones are unsubscribed. */
	setUsers(now: number, users: readonly Account[]): void {
		this.#users = users;
		this.#retain(now, "user", users);
		this.#advance(now);
	}

	/** Accounts whose access list is wanted. */
	setAccessLists(now: number, accounts: readonly Account[]): void {
		this.#accessLists = accounts;
		this.#retain(now, "access", accounts);
		this.#advance(now);
	}

	/** SIP-ETag of the document that is held (from `document`), for Suppress-If-Match; undefined: send me the whole. */
	setHeld(profile: ProfileType, name: string, etag: string | undefined): void {
		const key = `${profile} ${name}`;
		if (etag === undefined) this.#held.delete(key);
		else this.#held.set(key, etag);
		this.#find(profile, name)?.hold(etag);
	}

	/** The agent has dealt with a `document` (and has called `setUsers` for a new device profile): the next step may start. */
	verdict(now: number, profile: ProfileType, name: string): void {
		this.#find(profile, name)?.verdict();
		this.#advance(now);
	}

	/** Milliseconds of the first back-off delay, for delays that have not begun. */
	setBackoffFloor(floor: number): void {
		this.#context.backoffFloor = floor;
		for (const each of this.#profiles) each.setFloor(floor);
	}

	/** Seconds to ask for: of new subscriptions, and of others from their next refresh on. */
	setExpires(expires: number): void {
		this.#context.expires = expires;
		for (const each of this.#profiles) each.setExpires(expires);
	}

	owns(owner: number): boolean {
		const { firstOwner } = this.#options;
		return owner >= firstOwner && owner < firstOwner + ownerRange;
	}

	response(now: number, owner: number, message: Message): void {
		for (const each of this.#profiles) {
			if (!each.owns(owner)) continue;
			each.response(now, message);
			break;
		}
		this.#advance(now);
	}

	failure(now: number, owner: number, reason: string): void {
		for (const each of this.#profiles) {
			if (!each.owns(owner)) continue;
			each.failure(now, reason);
			break;
		}
		this.#advance(now);
	}

	/** A NOTIFY: what to answer (481 when it is none of ours). Respond first, then drain. */
	notify(now: number, message: Message): OutgoingResponse {
		const event = message.event;
		if (event !== undefined && event.package.toLowerCase() !== "ua-profile")
			return { status: 489, headers: [["Allow-Events", "ua-profile"]] };
		const profiles = this.#profiles;
		for (let index = 0; index < profiles.length; index++) {
			const each = profiles[index] as ProfileEnrolment;
			if (!each.matches(message)) continue;
			const answer = each.notify(now, message);
			this.#advance(now);
			return answer;
		}
		return { status: 481 };
	}

	timeout(now: number): void {
		for (const each of this.#profiles.slice()) each.timeout(now);
		this.#advance(now);
	}

	deadline(): number {
		let earliest = Number.POSITIVE_INFINITY;
		if (this.#context.up && this.#device === undefined)
			earliest = this.#started ? this.#patience : this.#startAt;
		const profiles = this.#profiles;
		for (let index = 0; index < profiles.length; index++)
			earliest = Math.min(
				earliest,
				(profiles[index] as ProfileEnrolment).deadline(),
			);
		return earliest;
	}

	next(): EnrolmentOutput | undefined {
		return this.#outputs.shift();
	}

	/** RFC 6080 §3.3: each profile's turn comes when the one before it has been answered. */
	#advance(now: number): void {
		const profiles = this.#profiles;
		for (let index = profiles.length - 1; index >= 0; index--)
			if (profiles[index]?.over) profiles.splice(index, 1);
		const lease = this.#lease;
		if (!this.#context.up || lease === undefined) return;
		if (!this.#started && this.#startAt > now) return;
		this.#started = true;
		if (this.#localNetwork === undefined) {
			this.#beginLocalNetwork(now, lease);
			this.#patience = now + localNetworkPatience;
		}
		if (this.#device === undefined) {
			const first = this.#localNetwork;
			if (first !== undefined && !first.settled && this.#patience > now) return;
			this.#patience = Number.POSITIVE_INFINITY;
			this.#device = this.#begin(
				now,
				"device",
				this.#options.instance,
				this.#deviceCandidates(lease),
			);
		}
		if (!this.#device.settled) return;
		for (const { aor } of this.#users) this.#beginAccount(now, "user", aor);
		for (const { aor } of this.#accessLists)
			this.#beginAccount(now, "access", aor);
	}

	#beginLocalNetwork(now: number, lease: Lease): void {
		const domain = leaseDomain(this.#host, lease);
		if (domain !== undefined)
			this.#localNetwork = this.#begin(
				now,
				"local-network",
				domain,
				localNetworkCandidates(domain),
			);
		else if (this.#device === undefined)
			this.#outputs.push({
				kind: "none",
				profile: "local-network",
				for: "",
				absent: true,
			});
	}

	#beginAccount(now: number, profile: "user" | "access", aor: string): void {
		if (this.#find(profile, aor) === undefined)
			this.#begin(
				now,
				profile,
				aor,
				accountCandidates(aor, this.#device?.server),
			);
	}

	#begin(
		now: number,
		profile: ProfileType,
		name: string,
		candidates: readonly Candidate[],
	): ProfileEnrolment {
		const { profileTypes, accessTypes } = this.#options;
		const enrolment = new ProfileEnrolment(
			this.#context,
			profile,
			name,
			`profile-type=${profile};${this.#identity}`,
			profile === "access"
				? (accessTypes ?? defaultAccessTypes)
				: (profileTypes ?? defaultProfileTypes),
			this.#held.get(`${profile} ${name}`),
		);
		this.#profiles.push(enrolment);
		enrolment.begin(now, candidates);
		return enrolment;
	}

	/** Another network, another address in it, or the same one again: everything is tried anew, what stands is told our address. */
	#beginAgain(now: number, lease: Lease): void {
		const domain = leaseDomain(this.#host, lease);
		const local = this.#localNetwork;
		if (local !== undefined && local.name !== domain) {
			// Another network has another profile; the old one's server is out of reach.
			this.#profiles.splice(this.#profiles.indexOf(local), 1);
			this.#localNetwork = undefined;
		}
		for (const each of this.#profiles) {
			if (each === this.#device) each.begin(now, this.#deviceCandidates(lease));
			else if (each === this.#localNetwork)
				each.begin(now, localNetworkCandidates(each.name));
			else each.begin(now, accountCandidates(each.name, this.#device?.server));
		}
	}

	#deviceCandidates(lease: Lease): Candidate[] {
		return deviceCandidates(this.#host, {
			instance: this.#options.instance,
			stored: this.#options.storedServer,
			factory: this.#options.factoryServers ?? [],
			lease,
		});
	}

	#retain(
		now: number,
		profile: ProfileType,
		accounts: readonly Account[],
	): void {
		for (const each of this.#profiles)
			if (
				each.profile === profile &&
				!accounts.some(({ aor }) => aor === each.name)
			)
				each.leave(now);
	}

	#find(profile: ProfileType, name: string): ProfileEnrolment | undefined {
		const profiles = this.#profiles;
		for (let index = 0; index < profiles.length; index++) {
			const each = profiles[index] as ProfileEnrolment;
			if (each.profile === profile && each.name === name && !each.leaving)
				return each;
		}
		return undefined;
	}
}

/** Do two leases say the same about where servers are? */
function sameOptions(a: Lease, b: Lease): boolean {
	return (
		a.options.length === b.options.length &&
		a.options.every((option, index) => {
			const other = b.options[index];
			return (
				other !== undefined &&
				option.code === other.code &&
				option.bytes.length === other.bytes.length &&
				option.bytes.every((byte, at) => byte === other.bytes[at])
			);
		})
	);
}
