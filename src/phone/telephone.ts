/**
 * The phone as SIP user agent: takes the requests that come from outside, screens
 * them, and keeps the calls. RFC 3261 §8.2, §11, §13; design §4.
 *
 * What is refused, and how:
 * - a method that we don't speak 405, one that nobody has heard of 501, with Allow;
 * - a request that does not come from a provisioned server 403, unless the settings
 *   allow direct calls;
 * - an address that is none of our accounts 404; another scheme 416;
 * - a caller whom the access list blocks 403; one whom it diverts 302 to voicemail,
 *   or 480 where there is none;
 * - do-not-disturb and busy 486, or 302 where the settings forward.
 *
 * It must not know where settings and lists come from, nor registrations.
 */
import { callerKey } from "../access/key.js";
import type { AccessList, Decision } from "../access/list.js";
import type { Host } from "../host.js";
import type { Transport } from "../port.js";
import type { CredentialSource } from "../sip/authentication.js";
import type { Target } from "../sip/endpoint.js";
import { Header } from "../sip/header.js";
import type { Message } from "../sip/message.js";
import { parameter, type Uri } from "../sip/uri.js";
import { type HeaderField, nameAddress } from "../sip/writer.js";
import { ALLOW, Call, type CallOutput, CallState } from "./call.js";
import { PortPool } from "./ports.js";
import { screen } from "./screening.js";

/** What the settings say of calls; `profile`'s call section fits. */
export interface CallBehaviour {
	readonly doNotDisturb: boolean;
	readonly waiting: boolean;
	readonly autoAnswer: string;
	readonly autoAnswerDelay: number;
	readonly ringTime: number;
	readonly forwardAlways: string | undefined;
	readonly forwardBusy: string | undefined;
	readonly forwardNoAnswer: string | undefined;
	readonly noAnswerTime: number;
	readonly emergencyNumbers: readonly string[];
	readonly emergencyWindow: number;
}

export interface TelephoneAccount {
	readonly aor: string;
	/** Parsed. */
	readonly uri: Uri;
	readonly displayName: string;
	readonly call: CallBehaviour;
	readonly audio: boolean;
	readonly mostCalls: number;
	/** What holds where the access list is silent. */
	readonly before: Decision;
	/** The account's access list as it is now; undefined: none has come. */
	readonly list: () => AccessList | undefined;
	readonly voicemail: string | undefined;
	readonly credentials: CredentialSource;
	/** How its registrar is reached. */
	readonly transport: () => Transport;
	/** The server for addresses of the account's own domain, where there is no route. */
	readonly registrar: () => string;
	/** Routes of requests that we make. */
	readonly route: () => readonly string[];
	/** Is it the `line` parameter of one of our contacts? */
	readonly hasLine: (line: string) => boolean;
}

export interface TelephoneSettings {
	readonly accounts: readonly TelephoneAccount[];
	readonly codecs: readonly string[];
	readonly ptime: number;
	readonly ports: { readonly first: number; readonly last: number };
	readonly events: boolean;
	readonly directCalls: boolean;
	readonly trustFrom: boolean;
}

export interface TelephoneOptions {
	/** Owner numbers from here, below `firstOwner + CALL_OWNERS`. */
	readonly firstOwner: number;
	/** Our numeric address, "" while the network is down. */
	readonly address: () => string;
	/** A URI for Contact. */
	readonly contact: (user: string, transport: Transport) => string;
	/** Is it the address of a server that the settings name? */
	readonly serves: (address: string) => boolean;
}
export const CALL_OWNERS = 4096;

/** Methods of RFC 3261 and its extensions that get 405; others get 501. */
const KNOWN_METHODS = Object.freeze([
	"REGISTER",
	"SUBSCRIBE",
	"PUBLISH",
	"INFO",
	"UPDATE",
	"PRACK",
	"REFER",
	"MESSAGE",
]);

export class Telephone {
	readonly #host: Host;
	readonly #options: TelephoneOptions;
	#settings: TelephoneSettings;
	readonly #ports = new PortPool();
	#calls: Call[] = [];
	#nextOwner = 0;
	#session = 0;
	#emergencyUntil = Number.NEGATIVE_INFINITY;
	readonly #outputs: CallOutput[] = [];

	constructor(host: Host, options: TelephoneOptions) {
		this.#host = host;
		this.#options = options;
		this.#settings = {
			accounts: [],
			codecs: [],
			ptime: 20,
			ports: { first: 0, last: 0 },
			events: false,
			directCalls: false,
			trustFrom: false,
		};
	}

	/** Holds for the next call; calls that are up stay as they are. */
	configure(settings: TelephoneSettings): void {
		this.#settings = settings;
		this.#ports.setRange(settings.ports.first, settings.ports.last);
	}

	/** Is a call ringing, being made, or up? */
	get busy(): boolean {
		return this.#calls.length > 0;
	}

	/** A request from outside, but for NOTIFY, which is the enrolment's. */
	request(
		now: number,
		transaction: number,
		message: Message,
		source: Target,
	): void {
		const call = this.#calls.find((each) => each.matches(message));
		if (call !== undefined) {
			call.request(transaction, message);
			this.#sweep();
			return;
		}
		const status = this.#outside(message, source);
		if (status !== 0) {
			if (status === 403 && message.method === "INVITE")
				this.#refused(message.from.uriText, status, "not-from-server");
			this.#refuse(transaction, status, message);
			return;
		}
		if (message.method === "OPTIONS") this.#capabilities(transaction);
		else this.#invited(now, transaction, message, source);
	}

	acknowledged(transaction: number, message: Message): void {
		for (const call of this.#calls)
			if (call.matches(message)) call.acknowledged(transaction, message);
		this.#sweep();
	}

	/** The endpoint's failure without an owner: no ACK came. */
	unacknowledged(transaction: number): void {
		for (const call of this.#calls) call.unacknowledged(transaction);
		this.#sweep();
	}

	cancelled(transaction: number): void {
		for (const call of this.#calls) call.cancelled(transaction);
		this.#sweep();
	}

	owns(owner: number): boolean {
		const first = this.#options.firstOwner;
		return owner >= first && owner < first + CALL_OWNERS;
	}

	response(
		owner: number,
		id: number,
		transaction: number,
		message: Message,
		target: Target,
		authorization: readonly HeaderField[],
	): void {
		for (const call of this.#calls)
			if (call.owner === owner)
				call.response(id, transaction, message, target, authorization);
		this.#sweep();
	}

	failure(owner: number, reason: string): void {
		for (const call of this.#calls)
			if (call.owner === owner) call.failure(reason);
		this.#sweep();
	}

	/** The `call` command: from the first account. */
	call(now: number, to: string): void {
		const account = this.#settings.accounts[0];
		if (account === undefined) {
			this.#notice("call-failed", "there is no account to call with", to);
			return;
		}
		const port = this.#ports.reserve();
		if (port === 0 || this.#calls.length >= account.mostCalls) {
			this.#ports.release(port);
			this.#notice("call-failed", "no more calls can be made", to);
			return;
		}
		const { emergencyNumbers, emergencyWindow } = account.call;
		if (emergencyNumbers.includes(dialled(to)))
			this.#emergencyUntil = now + emergencyWindow * 1000;
		const call = this.#call(account, port, to, account.transport());
		this.#calls.push(call);
		const route = account.route();
		const own = hostOf(this.#host, to) === account.uri.host;
		call.call(
			nameAddress(account.displayName, account.aor),
			to,
			route,
			route.length === 0 && own ? account.registrar() : undefined,
		);
	}

	/** The `answer` command: the call that rings longest. */
	answer(): void {
		this.#calls.find((call) => call.state === CallState.Ringing)?.answer();
	}

	/** The `hangup` command: the newest call. */
	hangUp(): void {
		this.#calls.at(-1)?.hangUp();
		this.#sweep();
	}

	/** The network is gone: no call can go on. */
	networkDown(): void {
		for (const call of this.#calls) call.lose();
		this.#sweep();
	}

	timeout(now: number): void {
		for (const call of this.#calls) call.timeout(now);
		this.#sweep();
	}

	deadline(): number {
		let earliest = Number.POSITIVE_INFINITY;
		for (const call of this.#calls)
			earliest = Math.min(earliest, call.deadline());
		return earliest;
	}

	next(): CallOutput | undefined {
		return this.#outputs.shift();
	}

	/** 0, or the status that a request outside of dialogs deserves. */
	#outside(message: Message, source: Target): number {
		const { method } = message;
		if (method !== "INVITE" && method !== "OPTIONS") {
			if (method === "BYE") return 481;
			return KNOWN_METHODS.includes(method) ? 405 : 501;
		}
		if (message.to.tag !== undefined) return 481;
		if (!this.#settings.directCalls && !this.#trusts(source)) return 403;
		if (message.uri.scheme !== "sip" && message.uri.scheme !== "sips")
			return 416;
		if (message.list(Header.Require).length > 0) return 420;
		return 0;
	}

	#trusts(source: Target): boolean {
		return this.#options.serves(source.address.host);
	}

	#refuse(transaction: number, status: number, message: Message): void {
		const headers: [string, string][] = [];
		if (status === 405 || status === 501) headers.push(["Allow", ALLOW]);
		if (status === 420)
			headers.push(["Unsupported", message.list(Header.Require).join(", ")]);
		this.#outputs.push({
			kind: "respond",
			transaction,
			response: { status, headers },
		});
	}

	#capabilities(transaction: number): void {
		this.#outputs.push({
			kind: "respond",
			transaction,
			response: {
				status: 200,
				headers: [
					["Allow", ALLOW],
					["Accept", "application/sdp"],
					["Allow-Events", "ua-profile"],
				],
			},
		});
	}

	#invited(
		now: number,
		transaction: number,
		message: Message,
		source: Target,
	): void {
		const account = this.#account(message);
		if (account === undefined) {
			this.#refuse(transaction, 404, message);
			return;
		}
		if (message.contacts.length !== 1) {
			this.#refuse(transaction, 400, message);
			return;
		}
		const { right, from } = screen(this.#host, message, {
			list: account.list(),
			before: account.before,
			trusted: this.#trusts(source),
			trustFrom: this.#settings.trustFrom,
			emergency: now < this.#emergencyUntil,
		});
		const behaviour = account.call;
		const busy =
			behaviour.doNotDisturb ||
			this.#calls.length >= account.mostCalls ||
			(!behaviour.waiting && this.#calls.length > 0);
		if (right === "block") {
			this.#refused(from, 403, right);
			this.#refuse(transaction, 403, message);
		} else if (right === "divert") {
			const status = account.voicemail ? 302 : 480;
			this.#refused(from, status, right);
			this.#redirect(transaction, account.voicemail, 480);
		} else if (behaviour.forwardAlways)
			this.#redirect(transaction, behaviour.forwardAlways, 480);
		else if (busy) this.#redirect(transaction, behaviour.forwardBusy, 486);
		else if (!account.audio) this.#redirect(transaction, undefined, 488);
		else this.#ring(now, transaction, message, account, right, from, source);
	}

	#ring(
		now: number,
		transaction: number,
		message: Message,
		account: TelephoneAccount,
		right: string,
		from: string,
		source: Target,
	): void {
		const behaviour = account.call;
		const port = this.#ports.reserve();
		if (port === 0) {
			this.#redirect(transaction, behaviour.forwardBusy, 486);
			return;
		}
		const automatic =
			behaviour.autoAnswer === "always" ||
			(behaviour.autoAnswer === "asked" && asksForAnswer(message));
		const call = this.#call(account, port, from, source.transport);
		const { forwardNoAnswer } = behaviour;
		const rings = call.ring(now, transaction, message, {
			// "confirm": a person has to say yes.
			answerAfter:
				automatic && right === "allow"
					? behaviour.autoAnswerDelay
					: Number.POSITIVE_INFINITY,
			forwardAfter: forwardNoAnswer
				? behaviour.noAnswerTime * 1000
				: Number.POSITIVE_INFINITY,
			forwardTo: forwardNoAnswer ?? "",
			giveUpAfter: behaviour.ringTime * 1000,
		});
		if (!rings) {
			this.#ports.release(port);
			return;
		}
		this.#calls.push(call);
		// An answer without delay does not wait for the clock.
		call.timeout(now);
	}

	#call(
		account: TelephoneAccount,
		port: number,
		peer: string,
		transport: Transport,
	): Call {
		const { codecs, ptime, events } = this.#settings;
		const owner = this.#options.firstOwner + (this.#nextOwner++ % CALL_OWNERS);
		return new Call(
			this.#host,
			{
				owner,
				peer,
				contact: `<${this.#options.contact(account.uri.escapedUser ?? account.uri.user ?? "", transport)}>`,
				capabilities: {
					address: this.#options.address(),
					port,
					codecs,
					ptime,
					events,
					session: ++this.#session,
					version: 0,
				},
				credentials: account.credentials,
			},
			this.#outputs,
		);
	}

	/** Whom is it for: the contact's line, else the Request-URI or To as an AoR, else the contact's user. */
	#account(message: Message): TelephoneAccount | undefined {
		const { accounts } = this.#settings;
		const line = parameter(message.uri.parameters, "line");
		if (line !== undefined)
			for (const account of accounts) if (account.hasLine(line)) return account;
		for (const uri of [message.uri, message.to.uri])
			for (const account of accounts)
				if (account.uri.user === uri.user && account.uri.host === uri.host)
					return account;
		const { user, host } = message.uri;
		if (host !== this.#options.address()) return undefined;
		return accounts.find((account) => account.uri.user === user);
	}

	#redirect(transaction: number, to: string | undefined, status: number): void {
		this.#outputs.push({
			kind: "respond",
			transaction,
			response: to ? { status: 302, contact: `<${to}>` } : { status },
		});
	}

	#refused(from: string, status: number, right: string): void {
		this.#outputs.push({
			kind: "event",
			level: "info",
			code: "call-refused",
			text: `${from} was turned away with ${status} (${right})`,
			data: { from, status, right },
		});
	}

	#notice(code: string, text: string, to: string): void {
		this.#outputs.push({
			kind: "event",
			level: "warning",
			code,
			text,
			data: { with: to },
		});
	}

	/** Calls that are over give their ports back. */
	#sweep(): void {
		let over = false;
		for (const call of this.#calls)
			if (call.ended) {
				this.#ports.release(call.port);
				over = true;
			}
		if (over) this.#calls = this.#calls.filter((call) => !call.ended);
	}
}

/** The user part or number of a URI as dialled. */
function dialled(uri: string): string {
	const colon = uri.indexOf(":");
	const rest = uri.slice(colon + 1);
	const at = rest.indexOf("@");
	return at < 0 ? rest : rest.slice(0, at);
}

function hostOf(host: Host, uri: string): string {
	return callerKey(host, uri)?.domain ?? "";
}

/** RFC 5373 Answer-Mode, and what deployed servers send in its place. */
function asksForAnswer(message: Message): boolean {
	const mode = message.headerNamed("answer-mode")?.toLowerCase();
	if (mode !== undefined) return mode.startsWith("auto");
	const alert = message.header(Header.AlertInfo)?.toLowerCase() ?? "";
	if (alert.includes("alert-autoanswer") || alert.includes("info=auto"))
		return true;
	return (message.header(Header.CallInfo) ?? "").includes("answer-after=0");
}
