/**
 * The profile server (RFC 6080's PDS): answers SUBSCRIBE to `ua-profile`, sends the
 * documents of its database in NOTIFYs, and again when they change. Subscriptions
 * stand in the server's state file before they are promised on the wire.
 */

import { ACCESS_TYPE } from "../../src/access/document.js";
import {
	type EventState,
	Notifier,
	type NotifierOutput,
	type SubscriptionView,
} from "../../src/event/notifier.js";
import type { DigestAlgorithm, Host } from "../../src/host.js";
import type { Address, NetworkOutput } from "../../src/port.js";
import { PROFILE_TYPE } from "../../src/profile/fields.js";
import { Challenger } from "../../src/sip/authentication.js";
import type { Target } from "../../src/sip/endpoint.js";
import { Header } from "../../src/sip/header.js";
import type { Message } from "../../src/sip/message.js";
import type { OutgoingResponse } from "../../src/sip/writer.js";
import type { ProfileDatabase } from "./database.js";
import {
	concerned,
	type DocumentName,
	Documents,
	keyOf,
	nameOf,
} from "./documents.js";
import { EndpointMachine, type UserOutput } from "./endpoint-machine.js";
import type { Log } from "./log.js";
import { requested } from "./request.js";
import type { ServerState } from "./state.js";
import { SubscriptionStore } from "./subscription-store.js";

export interface ProfileServerOptions {
	readonly database: ProfileDatabase;
	readonly state: ServerState;
	/** Domains served; none named: every domain. The first is the digest realm. */
	readonly domains: readonly string[];
	readonly log: Log;
	/** Log each message. */
	readonly trace?: boolean;
	/** Ask for credentials (default). Off: for networks where everybody is trusted. */
	readonly authenticate?: boolean;
	/** New subscriptions whose first NOTIFY is not answered yet; beyond, 503 with Retry-After. */
	readonly backlog?: number;
}

const eventPackage = "ua-profile";
const allow = "SUBSCRIBE, OPTIONS";
const served = [PROFILE_TYPE, ACCESS_TYPE];
/**
 * With two cores about 2,000 subscriptions a second are taken; what waits longer
 * than a few seconds is retransmitted, and makes it worse.
 */
const defaultBacklog = 5000;
/** Milliseconds. */
const lookAgain = 1000;
/** Seconds, spread so that those who were sent away don't return together. */
const retryAfter = { least: 5, most: 30 };

export class ProfileServer extends EndpointMachine {
	readonly #database: ProfileDatabase;
	readonly #domains: readonly string[];
	readonly #realm: string;
	readonly #documents: Documents;
	readonly #notifier: Notifier;
	readonly #store: SubscriptionStore;
	readonly #challenger: Challenger;
	readonly #authenticate: boolean;
	readonly #backlog: number;
	/** Subscriptions whose first NOTIFY has not been answered. */
	readonly #waiting = new Set<string>();
	/** The latest change that has been looked at. */
	#seen: number;
	/** When to look again after the database could not be read. */
	#lookAt = Number.POSITIVE_INFINITY;

	constructor(host: Host, options: ProfileServerOptions) {
		super(host, { trace: options.trace ?? false, log: options.log });
		const { database, state } = options;
		this.#database = database;
		this.#domains = options.domains.map((domain) => domain.toLowerCase());
		this.#realm = this.#domains[0] ?? "hookswitch";
		this.#authenticate = options.authenticate ?? true;
		this.#backlog = options.backlog ?? defaultBacklog;
		this.#challenger = new Challenger(host, { realm: this.#realm });
		this.#seen = database.lastChange();
		this.#documents = new Documents(host, database, state, (name, problem) =>
			this.log.event(
				"error",
				"setting-left-out",
				`${keyOf(name)}: ${problem.path} left out: ${problem.message}`,
				{
					profile: name.profile,
					for: name.subject,
					path: problem.path,
					reason: problem.code,
				},
			),
		);
		this.#notifier = new Notifier(
			host,
			{ state: (record) => this.#state(record) },
			{
				packages: [eventPackage],
				contact: (_, { transport }) =>
					`<${this.endpoint.contactUri("profiles", transport)}>`,
			},
		);
		this.#store = new SubscriptionStore(state, (error) =>
			this.log.event(
				"error",
				"state-not-saved",
				`subscriptions are not saved: ${error.message}`,
			),
		);
	}

	get subscriptions(): number {
		return this.#notifier.count();
	}

	/** The sockets stand: subscriptions of the last run go on, and the notifier tells those whose document has another tag now. */
	override started(now: number, local: Address): void {
		super.started(now, local);
		const records = this.#store.load(this.host.wallClock());
		for (const record of records) this.#notifier.restore(now, record);
		if (records.length > 0)
			this.log.event(
				"info",
				"subscriptions-restored",
				`${records.length} subscriptions go on`,
				{ count: records.length },
			);
		for (const key of new Set(records.map(({ key }) => key)))
			this.#safely(
				() => {
					if (this.#documents.get(nameOf(key)) === undefined)
						this.#notifier.end(now, key, "noresource");
				},
				() => {},
				nameOf(key),
			);
		// What was committed before anybody watched.
		this.databaseChanged(now);
	}

	/** Another process has committed to the database. */
	databaseChanged(now: number): void {
		// Until all of it has been looked at, no change counts as seen.
		this.#lookAt = now + lookAgain;
		const found = this.#safely(
			() => this.#database.snapshot(() => this.#concerned()),
			() => undefined,
		);
		if (found === undefined) return;
		let complete = true;
		for (const name of found.names)
			complete &&= this.#safely(
				() => {
					this.#changed(now, name);
					return true;
				},
				// What is wrong with one document keeps nobody else from theirs.
				(error) => !isOfSqlite(error),
				name,
			);
		if (!complete) return;
		this.#seen = found.last;
		this.#lookAt = Number.POSITIVE_INFINITY;
	}

	/** The documents that may be others since we looked, and the latest change. */
	#concerned(): { readonly names: DocumentName[]; readonly last: number } {
		const last = this.#database.lastChange();
		// Counting backwards: a backup was restored, and what it changed stands nowhere.
		if (last < this.#seen) return { names: this.#store.names(), last };
		const changes = this.#database.changesAfter(this.#seen);
		const names = concerned(this.#database, changes).flatMap((name) =>
			name.profile === "local-network" && name.subject === "*"
				? this.#store.names().filter(({ profile }) => profile === name.profile)
				: [name],
		);
		return { names, last };
	}

	/** Before the process ends: what is known is on disk. */
	stop(): void {
		this.#store.flush(0);
	}

	protected override ownDeadline(): number {
		return Math.min(
			this.#notifier.deadline(),
			this.#store.deadline,
			this.#lookAt,
		);
	}

	protected override elapsed(now: number): void {
		this.#notifier.timeout(now);
		this.#store.timeout(now);
		if (this.#lookAt <= now) this.databaseChanged(now);
	}

	override next(now: number): NetworkOutput | undefined {
		for (;;) {
			this.#drainNotifier(now);
			const output = super.next(now);
			// What a message promises is on disk before the message leaves.
			if (output !== undefined) {
				this.#store.keepPromises(now);
				return output;
			}
			if (!this.#drainNotifier(now)) return undefined;
		}
	}

	protected override handle(now: number, output: UserOutput): void {
		switch (output.kind) {
			case "request": {
				const { transaction, message, source } = output;
				const response = this.#safely(
					() => this.#request(now, transaction, message, source),
					(): OutgoingResponse => ({
						status: 500,
						headers: [["Retry-After", "5"]],
					}),
				);
				if (response !== undefined)
					this.endpoint.respond(now, transaction, response);
				break;
			}
			case "response":
				if (this.#notifier.owns(output.owner))
					this.#notifier.response(now, output.owner, output.message);
				break;
			case "failure":
				if (this.#notifier.owns(output.owner))
					this.#notifier.failure(now, output.owner, output.reason);
				break;
			default:
				// Neither INVITE nor ACK nor CANCEL is ours.
				break;
		}
	}

	/** The response that the request deserves; undefined: it was given, or will be. */
	#request(
		now: number,
		transaction: number,
		message: Message,
		source: Target,
	): OutgoingResponse | undefined {
		switch (message.method) {
			case "SUBSCRIBE":
				return this.#subscribe(now, transaction, message, source);
			case "OPTIONS":
				return {
					status: 200,
					headers: [
						["Allow", allow],
						["Allow-Events", eventPackage],
						["Accept", served.join(", ")],
					],
				};
			case "NOTIFY":
				// RFC 6665 §4.1.3: we subscribe to nothing.
				return { status: 481 };
			case "INVITE":
			case "REGISTER":
			case "BYE":
			case "MESSAGE":
			case "PUBLISH":
			case "INFO":
			case "UPDATE":
			case "PRACK":
			case "REFER":
				return { status: 405, headers: [["Allow", allow]] };
			default:
				return { status: 501, headers: [["Allow", allow]] };
		}
	}

	#subscribe(
		now: number,
		transaction: number,
		message: Message,
		source: Target,
	): OutgoingResponse | undefined {
		const { tag } = message.to;
		if (tag !== undefined) {
			const key = this.#store.key(tag);
			const refusal = key && this.#unauthorised(now, message, nameOf(key));
			if (refusal) return refusal;
			this.#notifier.subscribe(now, transaction, message, source);
			return undefined;
		}
		const name = requested(message, this.#domains, this.local);
		if (name !== undefined && "status" in name)
			return this.#refused(message, source, name, "not for us");
		if (this.#waiting.size >= this.#backlog) {
			const headers = [["Retry-After", String(this.#pause())]] as const;
			const response = { status: 503, headers };
			return this.#refused(message, source, response, "too many at once");
		}
		// 489, 423 and the like come from the notifier, before anybody is asked for credentials.
		if (!this.#notifier.subscribe(now, transaction, message, source))
			return undefined;
		if (name === undefined) {
			const response = { status: 404 };
			return this.#refused(message, source, response, "no such profile type");
		}
		const type = name.profile === "access" ? ACCESS_TYPE : PROFILE_TYPE;
		if (!accepts(message, type)) {
			const headers = [["Accept", served.join(", ")]] as const;
			const why = `its Accept lacks ${type}`;
			return this.#refused(message, source, { status: 406, headers }, why);
		}
		const refusal = this.#unauthorised(now, message, name);
		if (refusal?.status === 401) return refusal;
		if (refusal !== undefined)
			return this.#refused(message, source, refusal, "it is somebody else's");
		const document = this.#documents.get(name);
		if (document === undefined) {
			const why = `there is no ${name.profile} profile`;
			return this.#refused(message, source, { status: 404 }, why);
		}
		this.#notifier.accept(now, transaction, message, source, {
			key: keyOf(name),
		});
		const { version, etag } = document;
		this.log.event(
			"info",
			"subscribed",
			`${source.address.host} subscribes to ${keyOf(name)}, version ${version}`,
			{
				profile: name.profile,
				for: name.subject,
				from: source.address.host,
				version,
				digest: etag,
			},
		);
		return undefined;
	}

	/** Logs it and gives it back. */
	#refused(
		{ uriText }: Message,
		{ address }: Target,
		response: OutgoingResponse,
		why: string,
	): OutgoingResponse {
		const { status } = response;
		this.log.event(
			"warning",
			"subscription-refused",
			`${uriText} from ${address.host}: ${status}, ${why}`,
			{ uri: uriText, from: address.host, status, why },
		);
		return response;
	}

	#pause(): number {
		const spread = retryAfter.most - retryAfter.least + 1;
		return retryAfter.least + ((this.host.random(1)[0] ?? 0) % spread);
	}

	/** The 401 or 403 for who may not have the document; a local network's holds nothing secret. */
	#unauthorised(
		now: number,
		message: Message,
		{ profile, subject }: DocumentName,
	): OutgoingResponse | undefined {
		if (profile === "local-network" || !this.#authenticate) return undefined;
		let proven = "";
		const verdict = this.#challenger.verify(
			now,
			message,
			(user: string, algorithm: DigestAlgorithm) => {
				const found = this.#database.credential(user, this.#realm, algorithm);
				proven = found?.subject ?? "";
				return found === undefined ? undefined : { user, ha1: found.ha1 };
			},
		);
		if (verdict.kind !== "accepted") {
			if (verdict.kind === "refused")
				this.log.event(
					"warning",
					"credentials-refused",
					`${profile} ${subject}: wrong credentials of ${verdict.user}`,
					{ profile, for: subject, user: verdict.user },
				);
			const stale = verdict.kind === "challenge" && verdict.stale;
			return { status: 401, headers: this.#challenger.challenge(now, stale) };
		}
		const allowed =
			proven === subject ||
			(profile !== "device" &&
				this.#database.usersOf(proven).includes(subject));
		return allowed ? undefined : { status: 403 };
	}

	/** Looks at a document again and tells its subscribers, if there are any and if it is another. */
	#changed(now: number, name: DocumentName): void {
		const key = keyOf(name);
		if (this.#notifier.count(key) === 0) {
			this.#documents.forget(name);
			return;
		}
		const { document, changed } = this.#documents.refresh(name);
		if (document === undefined) {
			this.#notifier.end(now, key, "noresource");
			this.log.event("info", "document-gone", `${key} is gone`, {
				profile: name.profile,
				for: name.subject,
			});
			return;
		}
		if (!changed) return;
		const count = this.#notifier.changed(now, key);
		this.log.event(
			"info",
			"document-changed",
			`${key} is version ${document.version} now; ${count} told`,
			{
				profile: name.profile,
				for: name.subject,
				version: document.version,
				digest: document.etag,
				subscribers: count,
			},
		);
	}

	#state({ key }: SubscriptionView): EventState {
		return this.#safely<EventState>(
			() => this.#documents.get(nameOf(key)) ?? {},
			() => ({}),
			nameOf(key),
		);
	}

	/** The database is a file that others write: what goes wrong with it is told, and the server goes on. */
	#safely<Result>(
		body: () => Result,
		otherwise: (error: Error) => Result,
		name?: DocumentName,
	): Result {
		try {
			return body();
		} catch (caught) {
			const error = caught as Error;
			if (isOfSqlite(error))
				this.log.event(
					"error",
					"database-unreadable",
					`the database cannot be used: ${error.message}`,
				);
			else
				this.log.event(
					"error",
					"document-unusable",
					`${name ? keyOf(name) : "a document"} cannot be made of its rows: ${error.message}`,
					name && { profile: name.profile, for: name.subject },
				);
			return otherwise(error);
		}
	}

	/** Was there anything? */
	#drainNotifier(now: number): boolean {
		let any = false;
		for (;;) {
			const output = this.#notifier.next();
			if (output === undefined) return any;
			any = true;
			this.#notified(now, output);
		}
	}

	#notified(now: number, output: NotifierOutput): void {
		switch (output.kind) {
			case "respond":
				this.endpoint.respond(now, output.transaction, output.response);
				break;
			case "request":
				this.endpoint.request(now, output.request, output.target, output.owner);
				break;
			case "keep":
				this.#store.keep(output.record);
				if (output.fresh) this.#waiting.add(output.record.id);
				break;
			case "ended":
				this.#waiting.delete(output.id);
				this.#store.forget(now, output.id);
				this.log.event(
					"info",
					"subscription-ended",
					`a subscription to ${output.key} ended: ${output.reason}`,
					{ key: output.key, reason: output.reason },
				);
				break;
			case "notified":
				this.#waiting.delete(output.id);
				this.#store.taken(now, output.id, output.etag);
				this.log.event("info", "notified", `${output.key} was taken`, {
					key: output.key,
					digest: output.etag,
				});
				break;
		}
	}
}

/** The file, its locks or its disk, and not what somebody wrote into it. */
function isOfSqlite(error: Error): boolean {
	return "code" in error && String(error.code).startsWith("SQLITE_");
}

/** RFC 6665 §4.2.1.1; without Accept the package's own types are meant. */
function accepts(message: Message, type: string): boolean {
	if (!message.has(Header.Accept)) return true;
	return message.list(Header.Accept).some((range) => {
		const name = range.split(";", 1)[0]?.trim().toLowerCase();
		return name === type || name === "application/*" || name === "*/*";
	});
}
