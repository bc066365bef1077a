/**
 * What the device goes by: the documents in force, their copies in storage, and the
 * way from received bytes to a change of settings: validate → merge → plan → commit.
 * It says what is to change; whoever holds it carries that out. Design §5.
 *
 * A document is refused whole, with all its errors, or taken whole. What is refused
 * changes nothing. What is taken is in force even if it can't be stored.
 *
 * It must not know subscriptions, SIP, or how a change is carried out.
 */
import type { AccessList } from "../access/list.js";
import type { Host } from "../host.js";
import type { EventOutput, StoreOutput } from "../port.js";
import type { Settings } from "../profile/settings.js";
import type { DocumentError } from "../xml/document-error.js";
import { type Candidate, type DocumentKind, Documents } from "./documents.js";
import {
	type DocumentLabel,
	documentName,
	EMPTY_LABEL,
	type Journal,
} from "./journal.js";
import { type Plan, plan } from "./plan.js";

/** Under this name the journal keeps where the device profile was last subscribed to. */
const SERVER_NAME = "server";

const CONDEMNED: DocumentError = Object.freeze({
	line: 1,
	column: 1,
	path: "",
	code: "condemned",
	message: "the device crashed when it last used this document",
});

export interface Received {
	readonly profile: DocumentKind;
	readonly for: string;
	readonly bytes: Uint8Array;
	readonly etag: string | undefined;
	readonly server: string;
}

/** What is different once a document is in force, or gone. */
export interface Change {
	readonly profile: DocumentKind;
	readonly for: string;
	/** The server's name for what is now held. */
	readonly etag: string | undefined;
	/** Of an access list: nothing but who may call. */
	readonly plan: Plan;
	/** To be told when all of it is in force. */
	readonly event: EventOutput;
}

interface Unsaved {
	readonly key: string;
	readonly label: DocumentLabel;
	readonly bytes: Uint8Array;
}

export class Configuration {
	readonly #host: Host;
	readonly #instance: string;
	readonly #documents: Documents;
	readonly #journal: Journal;
	readonly #events: EventOutput[];
	/** What has come, or is known not to exist: "user sip:a@example.com". */
	readonly #settled: string[] = [];
	#provisioned = false;
	/** In force, and not yet given to the journal. */
	#unsaved: Unsaved[] = [];
	#server: string | undefined;
	/** Of the network that the local-network profile in force came from. */
	#fingerprint = "";

	constructor(
		host: Host,
		instance: string,
		journal: Journal,
		events: EventOutput[],
	) {
		this.#host = host;
		this.#instance = instance;
		this.#journal = journal;
		this.#documents = new Documents(host);
		this.#events = events;
		this.#server = journal.load(SERVER_NAME)?.server;
	}

	/** Merged and complete. */
	get settings(): Settings {
		return this.#documents.settings;
	}
	/** Milliseconds until the first retry of an enrolment, where a document says so. */
	get backOffFloor(): number | undefined {
		return this.#documents.gives("provisioning/@back-off-floor")
			? this.settings.provisioning.backOffFloor
			: undefined;
	}
	/** How many documents are in force. */
	get count(): number {
		return this.#documents.count;
	}
	/** Where the device profile was last subscribed to. */
	get server(): string | undefined {
		return this.#server;
	}

	list(aor: string): AccessList | undefined {
		return this.#documents.list(aor);
	}

	/** Puts in force what storage holds, document by document; `apply` is told of each change. */
	restore(apply: (change: Change) => void): void {
		this.#load("device", this.#instance, apply);
		for (const { aor } of this.settings.users) this.#load("user", aor, apply);
		for (const { aor } of this.settings.accounts)
			this.#load("access", aor, apply);
		// Claimed, because it waits for its network.
		this.#journal.condemned(this.#key("local-network", ""));
		// Whatever else is there belongs to nobody any more, if the device's own document can tell.
		if (this.#documents.holds("device", this.#instance))
			this.#journal.removeUnclaimed();
	}

	/** RFC 6080 §5.1.4.1: a local-network profile holds only in the network that it came from. */
	enterNetwork(fingerprint: string, apply: (change: Change) => void): void {
		const stored = this.#journal.load(this.#key("local-network", ""));
		if (stored?.proof === fingerprint) {
			this.#fingerprint = fingerprint;
			this.#load("local-network", stored.for, apply);
		} else if (this.#fingerprint !== fingerprint) {
			const change = this.#drop(
				"local-network",
				"",
				"the local-network profile is another network's",
			);
			if (change !== undefined) apply(change);
		}
	}

	/** Validate → merge → plan → commit. Undefined: refused. `fingerprint` is the network's. */
	receive(
		received: Received,
		fingerprint: string,
	): Change | "same" | undefined {
		const { profile, for: name, bytes, etag } = received;
		const key = this.#key(profile, name);
		const examination = this.#documents.examine(profile, name, bytes);
		if (examination.kind === "refused") {
			this.#refused(profile, name, examination.errors);
			return undefined;
		}
		const { digest } = examination;
		if (digest === this.#journal.condemned(key)) {
			this.#refused(profile, name, [CONDEMNED]);
			return undefined;
		}
		this.#note(profile, name);
		if (examination.kind === "same") return "same";
		const change = this.#adopt(examination, etag);
		if (profile === "local-network") this.#fingerprint = fingerprint;
		if (examination.isEmpty) {
			this.#remove(profile, name);
			return change;
		}
		const label: DocumentLabel = {
			profile,
			for: name,
			digest,
			etag: etag ?? "",
			server: received.server,
			proof: profile === "local-network" ? fingerprint : "",
		};
		// A newer version may have come before the older was stored.
		this.#unsaved = this.#unsaved.filter((each) => each.key !== key);
		this.#unsaved.push({ key, label, bytes: examination.bytes });
		return change;
	}

	/** The server says that there is no such document: what is held of it is no longer good. */
	withdraw(profile: DocumentKind, name: string): Change | undefined {
		this.#note(profile, name);
		const change = this.#drop(
			profile,
			name,
			`the server has no ${profile} document of ${name} any more`,
		);
		if (change !== undefined) this.#remove(profile, name);
		return change;
	}

	/** There is none yet, but none is missing either. */
	settle(profile: DocumentKind, name: string): undefined {
		this.#note(profile, name);
		return undefined;
	}

	/** Forgets the documents of users and accounts that are gone. */
	dropOrphans(): void {
		for (const { profile, for: name } of this.#documents.dropOrphans())
			this.#remove(profile, name);
	}

	saveServer(uri: string): void {
		if (uri === this.#server) return;
		this.#server = uri;
		const label = { ...EMPTY_LABEL, server: uri };
		this.#journal.save(SERVER_NAME, label, new Uint8Array(0));
	}

	/** The result of a store output. */
	stored(key: string, ok: boolean): void {
		const result = this.#journal.stored(key, ok);
		if (result === undefined) return;
		const { name } = result;
		if (ok) this.#event("info", "stored", `${name} is stored`, { key });
		else
			this.#event(
				"error",
				"storage-failed",
				`${name} is in force, but could not be stored`,
				{ key },
			);
	}

	/** Stores once more what could not be stored. */
	retry(): void {
		this.#journal.retry();
	}

	/** Asked for last: what is in force is told of before it is stored. */
	next(): StoreOutput | undefined {
		for (;;) {
			const unsaved = this.#unsaved.shift();
			if (unsaved === undefined) return this.#journal.next();
			const { key, label, bytes } = unsaved;
			if (!this.#journal.save(key, label, bytes))
				this.#event(
					"error",
					"storage-failed",
					"there are more documents than the device stores",
					{ key },
				);
		}
	}

	/** A stored document is examined like any other: a new firmware may be stricter than the one that stored it. */
	#load(
		profile: DocumentKind,
		name: string,
		apply: (change: Change) => void,
	): void {
		const stored = this.#journal.load(this.#key(profile, name));
		if (stored === undefined) return;
		const { body, digest, etag } = stored;
		const examination = this.#documents.examine(profile, name, body, digest);
		if (examination.kind === "refused")
			this.#refused(profile, name, examination.errors);
		else if (examination.kind === "candidate")
			apply(this.#adopt(examination, etag === "" ? undefined : etag));
	}

	/** Takes a document out of force. */
	#drop(profile: DocumentKind, name: string, text: string): Change | undefined {
		const before = this.settings;
		const dropped = this.#documents.drop(profile, name);
		if (dropped === undefined) return undefined;
		const change = plan(before, this.settings);
		return {
			profile,
			for: dropped,
			etag: undefined,
			plan: change,
			event: {
				kind: "event",
				level: "info",
				code: "document-withdrawn",
				text,
				data: { profile, for: dropped, changed: change.changed },
			},
		};
	}

	#adopt(candidate: Candidate, etag: string | undefined): Change {
		const { profile, for: name, digest, version, list } = candidate;
		for (const warning of candidate.warnings)
			this.#event(
				"warning",
				"document-warning",
				`${profile} document: ${placeOf(warning)} ${warning.message}`,
				{ profile, for: name, warning: plain(warning) },
			);
		const before = this.settings;
		this.#documents.adopt(candidate);
		const change = plan(before, this.settings);
		const event: EventOutput =
			list === undefined
				? {
						kind: "event",
						level: "info",
						code: "settings-in-force",
						text: `${profile} profile ${version} is in force`,
						data: {
							profile,
							for: name,
							version,
							digest,
							changed: change.changed,
						},
					}
				: {
						kind: "event",
						level: "info",
						code: "access-in-force",
						text: `access list ${version} of ${name} is in force`,
						data: { for: name, version, digest, rules: list.size },
					};
		return { profile, for: name, etag, plan: change, event };
	}

	#refused(
		profile: DocumentKind,
		name: string,
		errors: readonly DocumentError[],
	): void {
		const first = errors[0] ?? CONDEMNED;
		this.#event(
			"error",
			"document-refused",
			`${profile} document refused, what is in force stays: ${placeOf(first)} ${first.code}`,
			{ profile, for: name, errors: errors.map(plain) },
		);
	}

	#note(profile: DocumentKind, name: string): void {
		const settled = `${profile} ${name}`;
		if (!this.#provisioned && !this.#settled.includes(settled))
			this.#settled.push(settled);
	}

	/** To be asked after each change: `provisioned`, once, when every profile that is known of has come, or is known not to exist. */
	tellIfProvisioned(): void {
		if (this.#provisioned) return;
		const { users, accounts } = this.settings;
		const has = (profile: DocumentKind, name: string) =>
			this.#documents.holds(profile, name) ||
			this.#settled.includes(`${profile} ${name}`);
		if (!this.#documents.holds("device", this.#instance)) return;
		if (!users.every(({ aor }) => has("user", aor))) return;
		const enabled = accounts.filter((account) => account.enabled);
		if (!enabled.every(({ aor }) => has("access", aor))) return;
		this.#provisioned = true;
		// No longer of use.
		this.#settled.length = 0;
		this.#event("info", "provisioned", "all profiles are in force", {});
	}

	#remove(profile: DocumentKind, name: string): void {
		const key = this.#key(profile, name);
		this.#unsaved = this.#unsaved.filter((each) => each.key !== key);
		this.#journal.remove(key);
	}

	#key(profile: DocumentKind, name: string): string {
		return documentName(this.#host, profile, name);
	}

	#event(
		level: EventOutput["level"],
		code: string,
		text: string,
		data: EventOutput["data"],
	): void {
		this.#events.push({ kind: "event", level, code, text, data });
	}
}

/** `line:column path`; broken XML has no path. */
function placeOf({ line, column, path }: DocumentError): string {
	return path === "" ? `${line}:${column}` : `${line}:${column} ${path}`;
}

/** As plain values, for an event. */
function plain(
	error: DocumentError,
): Readonly<Record<string, string | number>> {
	const { line, column, path, code, message } = error;
	return { line, column, path, code, message };
}
