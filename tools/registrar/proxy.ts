/**
 * A stateful proxy (RFC 3261 §16) for the phones of one domain: routes, copies,
 * forks to all contacts, passes responses back. Whom to let through and what to
 * assert of the caller is `registrar.ts`'s decision.
 */
import type { Host } from "../../src/host.js";
import type { Address } from "../../src/port.js";
import type { SipEndpoint, Target } from "../../src/sip/endpoint.js";
import { Header } from "../../src/sip/header.js";
import type { Message } from "../../src/sip/message.js";
import {
	hostPort,
	isNumeric,
	parameter,
	parseUriText,
	type Uri,
} from "../../src/sip/uri.js";
import type { HeaderField, OutgoingRequest } from "../../src/sip/writer.js";
import { fieldsWithout } from "./fields.js";
import { Fork } from "./fork.js";

/** One place to send a request to. */
export interface Destination {
	/** Request-URI. */
	readonly uri: string;
	/** Route values with angle brackets, before those of the request. */
	readonly route: readonly string[];
	/** Where it goes; undefined: where the first route or the URI says. */
	readonly target?: Target | undefined;
}

/** What the caller's request gets added and loses. */
export interface Passage {
	/** P-Asserted-Identity of the caller, when this proxy knows it. */
	readonly asserted?: string | undefined;
	readonly recordRoute: boolean;
}

/** Of a request, those that the endpoint writes or that are ours to decide on. */
const replaced = [
	"via",
	"from",
	"to",
	"call-id",
	"cseq",
	"max-forwards",
	"content-length",
	"content-type",
	"route",
	"record-route",
	// Asserted anew below, or dropped: nobody else's word counts here (RFC 3325 §5).
	"p-asserted-identity",
	"p-preferred-identity",
	// Meant for us.
	"proxy-authorization",
];
const written = [
	"via",
	"from",
	"to",
	"call-id",
	"cseq",
	"content-length",
	"content-type",
];

export class SipProxy {
	readonly #host: Host;
	readonly #endpoint: SipEndpoint;
	/** By server transaction. */
	readonly #forks = new Map<number, Fork>();
	/** By client transaction. */
	readonly #branches = new Map<number, Fork>();
	#local: Address = { host: "", port: 0 };

	constructor(host: Host, endpoint: SipEndpoint) {
		this.#host = host;
		this.#endpoint = endpoint;
	}

	setLocal(local: Address): void {
		this.#local = local;
	}

	/** Is it our own address (a Route that we recorded, a request to ourselves)? */
	isLocal({ host, port }: Uri): boolean {
		return host === this.#local.host && (port ?? 5060) === this.#local.port;
	}

	/** The request's Route values without our own on top, as written. */
	routesOf(message: Message): string[] {
		const routes = [...message.list(Header.Route)];
		const [first] = message.routes;
		if (first !== undefined && this.isLocal(first.uri)) routes.shift();
		return routes;
	}

	forward(
		now: number,
		transaction: number,
		message: Message,
		source: Target,
		destinations: readonly Destination[],
		passage: Passage,
	): void {
		const fork = new Fork(now, transaction, message);
		this.#forks.set(transaction, fork);
		if (message.method === "INVITE")
			this.#endpoint.respond(now, transaction, { status: 100 });
		let reached = false;
		for (const destination of destinations) {
			const request = this.#copy(message, source, destination, passage);
			const target = destination.target ?? this.#targetOf(request);
			if (target === undefined) continue;
			reached = true;
			const branch = this.#endpoint.request(now, request, target, transaction);
			fork.add(branch);
			this.#branches.set(branch, fork);
		}
		if (!reached) {
			this.#forks.delete(transaction);
			this.#endpoint.respond(now, transaction, {
				status: 480,
				reason: "No Route To Callee",
			});
		}
	}

	response(now: number, transaction: number, message: Message): void {
		const fork = this.#branches.get(transaction);
		if (fork === undefined) return;
		const { status } = message;
		if (status < 200) {
			// 100 is hop by hop.
			if (status > 100 && !fork.answered) this.#answer(now, fork, message);
			return;
		}
		const complete = fork.finish(transaction, { status, message });
		if (status < 300 && !fork.answered) {
			fork.answered = true;
			fork.winner = transaction;
			this.#answer(now, fork, message);
			this.#cancel(now, fork);
		} else if (status >= 600) this.#cancel(now, fork);
		if (complete) this.#complete(now, fork);
	}

	failure(now: number, transaction: number, reason: string): void {
		const fork = this.#branches.get(transaction);
		if (fork === undefined) return;
		// RFC 3261 §16.7, §16.8, §16.9
		const status = reason === "timeout" ? 408 : 503;
		if (fork.finish(transaction, { status, message: undefined }))
			this.#complete(now, fork);
	}

	/** The caller gave up. */
	cancelled(now: number, transaction: number): void {
		const fork = this.#forks.get(transaction);
		if (fork !== undefined) this.#cancel(now, fork);
	}

	/** The ACK to a 2xx goes where the 2xx came from. */
	acknowledge(now: number, transaction: number, message: Message): void {
		const fork = this.#forks.get(transaction);
		if (fork?.winner === undefined || message.maxForwards === 0) return;
		const request = this.#copy(
			message,
			undefined,
			{ uri: message.uriText, route: [] },
			{ recordRoute: false },
		);
		const target = this.#targetOf(request);
		if (target !== undefined)
			this.#endpoint.acknowledge(now, fork.winner, request, target);
		this.#forget(fork);
	}

	/** The server transaction is gone without an ACK. */
	abandoned(transaction: number): void {
		const fork = this.#forks.get(transaction);
		if (fork !== undefined) this.#forget(fork);
	}

	deadline(): number {
		let earliest = Number.POSITIVE_INFINITY;
		for (const fork of this.#forks.values())
			if (!fork.answered && fork.deadline < earliest) earliest = fork.deadline;
		return earliest;
	}

	timeout(now: number): void {
		for (const fork of this.#forks.values())
			if (!fork.answered && fork.deadline <= now) {
				this.#cancel(now, fork);
				fork.answered = true;
				this.#endpoint.respond(now, fork.upstream, { status: 408 });
				this.#forget(fork);
			}
	}

	#cancel(now: number, fork: Fork): void {
		if (fork.request.method !== "INVITE") return;
		for (const branch of fork.pending()) this.#endpoint.cancel(now, branch);
	}

	#complete(now: number, fork: Fork): void {
		if (!fork.answered) {
			fork.answered = true;
			const { status, message } = fork.best();
			if (message === undefined)
				this.#endpoint.respond(now, fork.upstream, { status });
			else this.#answer(now, fork, message);
		}
		// An INVITE that was accepted still waits for its ACK.
		if (fork.winner === undefined || fork.request.method !== "INVITE")
			this.#forget(fork);
	}

	#forget(fork: Fork): void {
		this.#forks.delete(fork.upstream);
		for (const branch of fork.transactions()) this.#branches.delete(branch);
	}

	#answer(now: number, fork: Fork, message: Message): void {
		this.#endpoint.respond(now, fork.upstream, {
			status: message.status,
			reason: message.reason,
			toTag: message.to.tag,
			headers: fieldsWithout(message, written),
			contentType: message.header(Header.ContentType),
			body: message.body.slice(),
		});
	}

	#copy(
		message: Message,
		source: Target | undefined,
		{ uri, route }: Destination,
		{ asserted, recordRoute }: Passage,
	): OutgoingRequest {
		const headers: HeaderField[] = [];
		const [top, ...others] = message.headers(Header.Via);
		// RFC 3261 §18.2.1, RFC 3581 §4: where the request came from, for the way back.
		const { host, port } = source?.address ?? {};
		const via =
			host === undefined || port === undefined
				? (top ?? "")
				: message.viaFrom(host, port);
		for (const value of [via, ...others]) headers.push(["Via", value]);
		if (recordRoute) headers.push(["Record-Route", `<${this.#uri()};lr>`]);
		for (const value of message.headers(Header.RecordRoute))
			headers.push(["Record-Route", value]);
		if (asserted !== undefined)
			headers.push(["P-Asserted-Identity", `<${asserted}>`]);
		headers.push(...fieldsWithout(message, replaced));
		return {
			method: message.method,
			uri,
			route: [...route, ...this.routesOf(message)],
			from: message.header(Header.From) ?? "",
			to: message.header(Header.To) ?? "",
			callId: message.callId,
			cseq: message.cseq.number,
			headers,
			contentType: message.header(Header.ContentType),
			body: message.body.length > 0 ? message.body.slice() : undefined,
			maxForwards: (message.maxForwards ?? 70) - 1,
		};
	}

	#uri(): string {
		const { host, port } = this.#local;
		return `sip:${hostPort(host, port)}`;
	}

	/** Numeric addresses only: this proxy serves phones whose contacts are addresses. */
	#targetOf(request: OutgoingRequest): Target | undefined {
		const [route] = request.route;
		const text =
			route === undefined ? request.uri : /<([^>]*)>/.exec(route)?.[1];
		return text === undefined ? undefined : targetOf(this.#host, text);
	}
}

export function targetOf(host: Host, text: string): Target | undefined {
	let uri: Uri;
	try {
		uri = parseUriText(host, text);
	} catch {
		return undefined;
	}
	if (!isNumeric(uri.host)) return undefined;
	const transport = parameter(uri.parameters, "transport")?.toLowerCase();
	if (uri.scheme !== "sip" || (transport ?? "udp") === "tls") return undefined;
	return {
		transport: transport === "tcp" ? "tcp" : "udp",
		address: { host: uri.host, port: uri.port ?? 5060 },
	};
}
