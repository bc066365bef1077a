/**
 * The accounts that the phone registers and calls with, one registration each, out
 * of settings whose shape is declared here (`profile`'s settings fit it). Which
 * servers belong to them, and so whom requests may come from.
 *
 * It must not know documents, subscriptions, or what a call is.
 */
import type { AccessList, Decision } from "../access/list.js";
import type { Host } from "../host.js";
import type { Transport } from "../port.js";
import type { Target } from "../sip/endpoint.js";
import type { Message } from "../sip/message.js";
import {
	hostPort,
	isNumeric,
	parameter,
	parseUriText,
	type Uri,
} from "../sip/uri.js";
import {
	Credentials,
	credentialsMark,
	type KnownCredential,
} from "./credentials.js";
import {
	OWNERS,
	Registration,
	type RegistrationOutput,
} from "./registration.js";
import type {
	CallBehaviour,
	TelephoneAccount,
	TelephoneSettings,
} from "./telephone.js";

export interface AccountConfiguration {
	readonly aor: string;
	readonly displayName: string;
	readonly enabled: boolean;
	readonly credentials: readonly KnownCredential[];
	/** Sorted by priority. */
	readonly servers: readonly { readonly role: string; readonly uri: string }[];
	/** Seconds. */
	readonly registration: {
		readonly expires: number;
		readonly retryFloor: number;
		readonly retryCeiling: number;
	};
	readonly call: CallBehaviour;
	readonly sessions: { readonly audio: boolean; readonly mostCalls: number };
	/** What holds where the access list is silent. */
	readonly access: Decision;
}

export interface PhoneConfiguration {
	readonly accounts: readonly AccountConfiguration[];
	readonly audio: {
		readonly codecs: readonly string[];
		readonly ptime: number;
		readonly ports: { readonly first: number; readonly last: number };
		readonly dtmf: string;
	};
	readonly security: {
		readonly directCalls: boolean;
		readonly trustFrom: boolean;
	};
}

export interface AccountsOptions {
	/** Owner numbers from here, below `firstOwner + OWNERS * MOST_REGISTRATIONS`. */
	readonly firstOwner: number;
	readonly instance: string;
	/** A URI for Contact. */
	readonly contact: (user: string, transport: Transport) => string;
}
/** Registrations get their owner numbers in turn; so many live at once, even while old ones are being left. */
export const MOST_REGISTRATIONS = 256;

interface Entry {
	readonly aor: string;
	readonly uri: Uri;
	readonly registration: Registration;
	/** Numeric addresses that the settings give as its registrars and proxies. */
	servers: readonly string[];
}

export class Accounts {
	readonly #host: Host;
	readonly #options: AccountsOptions;
	#entries: Entry[] = [];
	#created = 0;
	#up = false;

	constructor(host: Host, options: AccountsOptions) {
		this.#host = host;
		this.#options = options;
	}

	/** Registers an account, or changes how it is registered; one that stays as it is is left alone. */
	register(now: number, account: AccountConfiguration): void {
		const entry = this.#find(account.aor) ?? this.#create(now, account.aor);
		if (entry === undefined) return;
		const { registration, credentials } = account;
		entry.servers = this.#trusted(account);
		entry.registration.configure(now, {
			aor: account.aor,
			displayName: account.displayName,
			registrars: registrarsOf(account, entry.uri),
			route: routeOf(account),
			expires: registration.expires,
			retryFloor: registration.retryFloor * 1000,
			retryCeiling: registration.retryCeiling * 1000,
			credentials: new Credentials(credentials),
			credentialsMark: credentialsMark(this.#host, credentials),
		});
	}

	/** Leaves an account's registrar. */
	leave(now: number, aor: string): void {
		const entry = this.#find(aor);
		if (entry === undefined) return;
		entry.servers = [];
		entry.registration.remove(now);
	}

	network(now: number, up: boolean): void {
		this.#up = up;
		for (const { registration } of this.#entries) registration.network(now, up);
	}

	/** Is it the address of a server that the settings name, or of one that we are registered at? */
	serves(address: string): boolean {
		return this.#entries.some(
			(entry) =>
				entry.servers.includes(address) || entry.registration.serves(address),
		);
	}

	/** What the telephone is to go by. `listOf` is asked at each call. Accounts without a registration are not there yet. */
	telephone(
		configuration: PhoneConfiguration,
		listOf: (aor: string) => AccessList | undefined,
	): TelephoneSettings {
		const { audio, security } = configuration;
		const accounts: TelephoneAccount[] = [];
		for (const account of configuration.accounts) {
			const entry = this.#find(account.aor);
			if (!account.enabled || entry === undefined) continue;
			const { aor, registration, uri } = entry;
			accounts.push({
				aor,
				uri,
				displayName: account.displayName,
				call: account.call,
				audio: account.sessions.audio,
				mostCalls: account.sessions.mostCalls,
				before: account.access,
				list: () => listOf(aor),
				voicemail: account.servers.find((each) => each.role === "voicemail")
					?.uri,
				credentials: new Credentials(account.credentials),
				transport: () => this.#transport(registration.registrar),
				registrar: () => registration.registrar,
				route: () => registration.route,
				hasLine: (line) => registration.hasLine(line),
			});
		}
		return {
			accounts,
			codecs: audio.codecs,
			ptime: audio.ptime,
			ports: audio.ports,
			events: audio.dtmf === "rfc4733",
			directCalls: security.directCalls,
			trustFrom: security.trustFrom,
		};
	}

	response(now: number, owner: number, message: Message, target: Target): void {
		for (const { registration } of this.#entries)
			if (registration.owns(owner))
				registration.response(now, owner, message, target);
		this.#sweep();
	}

	failure(now: number, owner: number, reason: string): void {
		for (const { registration } of this.#entries)
			if (registration.owns(owner)) registration.failure(now, owner, reason);
		this.#sweep();
	}

	deadline(): number {
		const entries = this.#entries;
		let earliest = Number.POSITIVE_INFINITY;
		for (let index = 0; index < entries.length; index++)
			earliest = Math.min(
				earliest,
				(entries[index] as Entry).registration.deadline(),
			);
		return earliest;
	}

	next(now: number): RegistrationOutput | undefined {
		const entries = this.#entries;
		for (let index = 0; index < entries.length; index++) {
			const output = (entries[index] as Entry).registration.next(now);
			if (output !== undefined) return output;
		}
		return undefined;
	}

	#find(aor: string): Entry | undefined {
		return this.#entries.find((entry) => entry.aor === aor);
	}

	#create(now: number, aor: string): Entry | undefined {
		this.#sweep();
		if (this.#entries.length >= MOST_REGISTRATIONS) return undefined;
		const uri = parseUriText(this.#host, aor);
		const { firstOwner, instance, contact } = this.#options;
		const index = this.#created++ % MOST_REGISTRATIONS;
		const registration = new Registration(this.#host, {
			firstOwner: firstOwner + index * OWNERS,
			contact: (registrar, line) =>
				`<${contact(uri.escapedUser ?? uri.user ?? "", this.#transport(registrar))};line=${line}>;+sip.instance="<${instance}>"`,
		});
		registration.network(now, this.#up);
		const entry: Entry = {
			aor,
			uri,
			registration,
			servers: [],
		};
		this.#entries.push(entry);
		return entry;
	}

	/** Removed accounts that have left their registrars. */
	#sweep(): void {
		if (this.#entries.some((entry) => entry.registration.gone))
			this.#entries = this.#entries.filter((entry) => !entry.registration.gone);
	}

	#transport(uri: string): Transport {
		const { scheme, parameters } = parseUriText(this.#host, uri);
		if (scheme === "sips") return "tls";
		const named = parameter(parameters, "transport")?.toLowerCase();
		return named === "tcp" || named === "tls" ? named : "udp";
	}

	#trusted(account: AccountConfiguration): string[] {
		const addresses: string[] = [];
		for (const { role, uri } of account.servers) {
			if (role !== "registrar" && role !== "outbound-proxy") continue;
			const { host } = parseUriText(this.#host, uri);
			if (isNumeric(host)) addresses.push(host);
		}
		return addresses;
	}
}

/** RFC 3261 §10.2.6: as configured, else the AoR's domain. */
function registrarsOf(account: AccountConfiguration, aor: Uri): string[] {
	const uris: string[] = [];
	for (const { role, uri } of account.servers)
		if (role === "registrar") uris.push(uri);
	if (uris.length === 0)
		uris.push(`${aor.scheme}:${hostPort(aor.host, aor.port)}`);
	return uris;
}

function routeOf(account: AccountConfiguration): string[] {
	const proxy = account.servers.find((each) => each.role === "outbound-proxy");
	if (proxy === undefined) return [];
	return [`<${proxy.uri}${proxy.uri.includes(";lr") ? "" : ";lr"}>`];
}
