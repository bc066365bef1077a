/**
 * Requests on their way: finds the next hop (RFC 3263), tries one target after
 * another (RFC 3261 §8.1.2, RFC 3263 §4.3), and answers challenges. The one place
 * that does these three; knows nothing of what a request is for.
 *
 * It stands in front of endpoint and resolver: whoever drives it feeds both through
 * it, and drains only `delivery.next()`.
 */
import { type Located, Locator } from "./dns/locate.js";
import type { Resolver } from "./dns/resolver.js";
import { HookswitchError } from "./errors.js";
import type { Host } from "./host.js";
import type { Address, ConnectionId, SocketName, Transport } from "./port.js";
import {
	AuthenticationState,
	answer,
	authorize,
} from "./sip/authentication.js";
import type { EndpointOutput, SipEndpoint, Target } from "./sip/endpoint.js";
import type { Message } from "./sip/message.js";
import { isNumeric, parameter, parseUriText } from "./sip/uri.js";
import type { HeaderField, OutgoingRequest } from "./sip/writer.js";

export type DeliveryFailure =
	/** The name has no address, or no name server answers. */
	| "unknown-host"
	/** No target answered (Timer F or B). */
	| "timeout"
	| "transport"
	/** The request could not be written, or its next hop is no SIP URI. */
	| "invalid"
	/** A challenge came over a link without TLS, and `secureOnly` forbids an answer there (RFC 6080 §5.2.1). */
	| "challenge-insecure";

export type DeliveryOutput =
	/** The endpoint's, unchanged, but for responses and failures. */
	| Exclude<EndpointOutput, { kind: "response" | "failure" }>
	| {
			readonly kind: "response";
			readonly owner: number;
			/** What `send` returned; 0 for a request that was given to the endpoint itself. */
			readonly id: number;
			/** For `acknowledge` of the endpoint. */
			readonly transaction: number;
			readonly message: Message;
			/** Who answered. */
			readonly target: Target | undefined;
			/** The credentials that the request carried: an ACK carries the same (RFC 3261 §13.2.2.4). */
			readonly authorization: readonly HeaderField[];
	  }
	| {
			readonly kind: "failure";
			readonly owner: number;
			readonly id: number;
			/** 0 when nothing was sent. */
			readonly transaction: number;
			readonly reason: DeliveryFailure;
			/** With "challenge-insecure": the 401 or 407. */
			readonly message: Message | undefined;
			/** The target tried last. */
			readonly target: Target | undefined;
	  };

export interface SendOptions {
	/** Answer challenges only over TLS. */
	readonly secureOnly?: boolean | undefined;
	/** Try this first: the flow on which the peer was last seen. */
	readonly target?: Target | undefined;
}

export interface DeliveryOptions {
	/** What this process speaks, the preferred one first. Default UDP, TCP. */
	readonly transports?: readonly Transport[] | undefined;
}

/** One request from `send` to its final response. */
interface Sending {
	readonly id: number;
	readonly owner: number;
	readonly request: OutgoingRequest;
	readonly secureOnly: boolean;
	readonly authentication: AuthenticationState;
	/** Answers to challenges so far, which stay with the request. */
	authorization: readonly HeaderField[];
	/** What the request carries now: these, or credentials ahead of a challenge. */
	carried: readonly HeaderField[];
	challenges: number;
	/** 0: no (more) lookup. */
	lookup: number;
	/** Targets not tried yet. */
	readonly targets: Target[];
	/** Targets that failed lately: tried when nothing else is left. */
	readonly reserve: Target[];
	target: Target | undefined;
	transaction: number;
	/** Why the last target failed: what the owner hears when none is left. */
	failure: DeliveryFailure;
	unavailable: Message | undefined;
	cancelled: boolean;
}

/** A target that did not answer, and until when others are preferred to it. */
interface Avoided {
	readonly target: Target;
	readonly until: number;
}

/** A server that has taken credentials of ours: the next request brings its own along, and is spared the challenge. */
interface Acquaintance {
	readonly target: Target;
	readonly state: AuthenticationState;
}

/** Challenges answered for one request: a proxy's and a server's, each once stale, and one to spare. */
const challengeLimit = 5;
/** Timer B and F (64*T1): for that long a silent target is not the first choice. */
const avoidanceTime = 32_000;
/** A refused connection may stand again soon. */
const transportAvoidanceTime = 5_000;
const avoidanceLimit = 8;
const acquaintanceLimit = 4;

export class Delivery {
	readonly #host: Host;
	readonly #endpoint: SipEndpoint;
	readonly #locator: Locator;
	readonly #outputs: DeliveryOutput[] = [];
	readonly #sendings: Sending[] = [];
	#avoided: Avoided[] = [];
	#acquaintances: Acquaintance[] = [];
	#lastId = 0;
	/** The time of the last input, for what follows while outputs are drained. */
	#now = 0;

	constructor(
		host: Host,
		endpoint: SipEndpoint,
		resolver: Resolver,
		options: DeliveryOptions = {},
	) {
		this.#host = host;
		this.#endpoint = endpoint;
		this.#locator = new Locator(
			host,
			resolver,
			options.transports ?? ["udp", "tcp"],
		);
	}

	/**
	 * Sends `request` to `request.nextHop`, else its first Route, else its Request-URI.
	 * Provisional and final responses come as `response`, in place of the final one a
	 * `failure` may come. `request.cseq` is counted up when a challenge was answered.
	 * Never throws.
	 */
	send(
		now: number,
		request: OutgoingRequest,
		owner: number,
		options: SendOptions = {},
	): number {
		this.#now = now;
		this.#lastId += 1;
		const sending: Sending = {
			id: this.#lastId,
			owner,
			request,
			secureOnly: options.secureOnly === true,
			authentication: new AuthenticationState(),
			authorization: [],
			carried: [],
			challenges: 0,
			lookup: 0,
			targets: [],
			reserve: [],
			target: undefined,
			transaction: 0,
			failure: "unknown-host",
			unavailable: undefined,
			cancelled: false,
		};
		this.#sendings.push(sending);
		if (options.target !== undefined) sending.targets.push(options.target);
		const hop = request.nextHop ?? uriOfRoute(request.route[0]) ?? request.uri;
		try {
			this.#locate(now, sending, hop);
		} catch (error) {
			if (!(error instanceof HookswitchError)) throw error;
			sending.failure = "invalid";
		}
		if (sending.targets.length > 0 || sending.lookup === 0) this.#try(sending);
		return sending.id;
	}

	/** CANCEL of an INVITE that was sent; its 487 comes as response. */
	cancel(now: number, id: number): void {
		this.#now = now;
		const sending = this.#sendings.find((each) => each.id === id);
		if (sending === undefined) return;
		sending.cancelled = true;
		if (sending.transaction !== 0)
			this.#endpoint.cancel(now, sending.transaction);
		else this.#fail(sending);
	}

	/** The network is gone: all that is under way fails, and nobody else is tried for it. Who was silent here may answer in the next one. */
	disconnect(now: number): void {
		this.#now = now;
		this.#avoided = [];
		this.#acquaintances = [];
		for (const sending of this.#sendings.slice()) {
			sending.targets.length = 0;
			sending.reserve.length = 0;
			sending.target = undefined;
			sending.failure = "transport";
			if (sending.lookup !== 0) this.#locator.drop(sending.lookup);
			sending.lookup = 0;
			if (sending.transaction === 0) this.#fail(sending);
		}
		this.#endpoint.setLocal(now, undefined);
	}

	datagram(
		now: number,
		socket: SocketName,
		bytes: Uint8Array,
		from: Address,
	): void {
		this.#now = now;
		if (socket === "dns") this.#locator.datagram(now, bytes, from);
		else this.#endpoint.datagram(now, bytes, from);
	}

	accepted(now: number, connection: ConnectionId, from: Address): void {
		this.#now = now;
		this.#endpoint.accepted(now, connection, from);
	}

	connected(now: number, connection: ConnectionId): void {
		this.#now = now;
		this.#endpoint.connected(now, connection);
	}

	received(now: number, connection: ConnectionId, bytes: Uint8Array): void {
		this.#now = now;
		this.#endpoint.received(now, connection, bytes);
	}

	closed(now: number, connection: ConnectionId): void {
		this.#now = now;
		this.#endpoint.closed(now, connection);
	}

	timeout(now: number): void {
		this.#now = now;
		this.#locator.timeout(now);
		this.#endpoint.timeout(now);
	}

	deadline(): number {
		return Math.min(this.#endpoint.deadline(), this.#locator.deadline());
	}

	next(): DeliveryOutput | undefined {
		for (;;) {
			const output = this.#outputs.shift();
			if (output !== undefined) return output;
			const sent = this.#endpoint.next();
			if (sent !== undefined) {
				if (sent.kind === "response") this.#response(sent);
				else if (sent.kind === "failure") this.#failure(sent);
				else return sent;
				continue;
			}
			const located = this.#locator.next();
			if (located === undefined || located.kind === "datagram") return located;
			this.#located(located.lookup, located.targets);
		}
	}

	/** Looks the next hop up; throws HookswitchError when it is no SIP URI. */
	#locate(now: number, sending: Sending, hop: string): void {
		const uri = parseUriText(this.#host, hop);
		if (uri.scheme !== "sip" && uri.scheme !== "sips")
			throw new HookswitchError("uri-scheme", "the next hop is no SIP URI", 0);
		const host = parameter(uri.parameters, "maddr") ?? uri.host;
		sending.lookup = this.#locator.locate(now, {
			host,
			numeric: isNumeric(host),
			port: uri.port,
			transport: parameter(uri.parameters, "transport")?.toLowerCase(),
			secure: uri.scheme === "sips",
		});
	}

	#located(lookup: number, targets: readonly Located[]): void {
		const sending = this.#sendings.find((each) => each.lookup === lookup);
		if (sending === undefined) {
			this.#locator.drop(lookup);
			return;
		}
		if (targets.length === 0) {
			this.#locator.drop(lookup);
			sending.lookup = 0;
		}
		for (const target of targets)
			if (!sameTarget(target, sending.target)) sending.targets.push(target);
		// The flow that was tried first is still being tried.
		if (sending.transaction === 0) this.#try(sending);
	}

	/** Goes on to the next target, or gives the request up. */
	#try(sending: Sending): void {
		for (;;) {
			const target = sending.targets.shift();
			if (target === undefined) break;
			if (!this.#avoids(target)) {
				this.#request(sending, target);
				return;
			}
			sending.reserve.push(target);
		}
		if (sending.lookup !== 0) {
			this.#locator.further(this.#now, sending.lookup);
			return;
		}
		const target = sending.reserve.shift();
		if (target !== undefined) this.#request(sending, target);
		else this.#fail(sending);
	}

	#request(sending: Sending, target: Target): void {
		const { request } = sending;
		const authorization =
			sending.authorization.length > 0
				? sending.authorization
				: this.#known(sending, target);
		sending.target = target;
		sending.carried = authorization;
		sending.transaction = this.#endpoint.request(
			this.#now,
			authorization.length === 0
				? request
				: { ...request, headers: [...request.headers, ...authorization] },
			target,
			sending.owner,
		);
	}

	/** Credentials for a server that has asked for them before, by its nonce. */
	#known(
		{ request, secureOnly }: Sending,
		target: Target,
	): readonly HeaderField[] {
		if (
			request.credentials === undefined ||
			(secureOnly && target.transport !== "tls")
		)
			return [];
		for (const each of this.#acquaintances)
			if (sameTarget(each.target, target))
				return authorize(this.#host, request, each.state);
		return [];
	}

	/** The server at `target` has answered: with `state` it took our credentials, without it wants new ones. */
	#acquaint({ target }: Sending, state: AuthenticationState | undefined): void {
		if (target === undefined) return;
		this.#acquaintances = this.#acquaintances.filter(
			(each) => !sameTarget(each.target, target),
		);
		if (state === undefined) return;
		if (this.#acquaintances.length >= acquaintanceLimit)
			this.#acquaintances.shift();
		this.#acquaintances.push({ target, state });
	}

	#response(output: Extract<EndpointOutput, { kind: "response" }>): void {
		const { transaction, message, owner } = output;
		const sending = this.#sendings.find(
			(each) => each.transaction === transaction,
		);
		if (sending === undefined) {
			this.#outputs.push({
				...output,
				id: 0,
				target: undefined,
				authorization: [],
			});
			return;
		}
		const { status } = message;
		if (status === 503 && !sending.cancelled) {
			// RFC 3261 §21.5.4: another server is asked; this one is left alone as long as it says.
			sending.unavailable = message;
			this.#avoid(sending, (message.retryAfter ?? 0) * 1000);
			sending.transaction = 0;
			this.#try(sending);
			return;
		}
		if ((status === 401 || status === 407) && this.#answered(sending, message))
			return;
		if (status >= 200) this.#forget(sending);
		if (status >= 200 && status < 300 && sending.authorization.length > 0)
			this.#acquaint(sending, sending.authentication);
		this.#outputs.push({
			kind: "response",
			owner,
			id: sending.id,
			transaction,
			message,
			target: sending.target,
			authorization: sending.carried,
		});
	}

	/** Was the challenge dealt with: answered, or reported as one that must not be? */
	#answered(sending: Sending, message: Message): boolean {
		const { request, target } = sending;
		if (
			request.credentials === undefined ||
			target === undefined ||
			sending.cancelled
		)
			return false;
		this.#acquaint(sending, undefined);
		sending.challenges += 1;
		if (sending.challenges > challengeLimit) return false;
		if (sending.secureOnly && target.transport !== "tls") {
			sending.failure = "challenge-insecure";
			sending.unavailable = undefined;
			this.#fail(sending, message);
			return true;
		}
		const fields = answer(
			this.#host,
			{ ...request, headers: [...request.headers, ...sending.authorization] },
			message,
			sending.authentication,
		);
		if (fields === undefined) return false;
		const kept = sending.authorization.filter(
			([name]) => !fields.some(([other]) => other === name),
		);
		sending.authorization = [...kept, ...fields];
		request.cseq += 1;
		this.#request(sending, target);
		return true;
	}

	#failure(output: Extract<EndpointOutput, { kind: "failure" }>): void {
		const sending = this.#sendings.find(
			(each) => each.transaction === output.transaction,
		);
		if (sending === undefined) {
			this.#outputs.push({
				...output,
				id: 0,
				message: undefined,
				target: undefined,
			});
			return;
		}
		sending.failure = output.reason;
		sending.unavailable = undefined;
		sending.transaction = 0;
		if (output.reason === "invalid" || sending.cancelled) {
			this.#fail(sending);
			return;
		}
		this.#avoid(
			sending,
			output.reason === "timeout" ? avoidanceTime : transportAvoidanceTime,
		);
		this.#try(sending);
	}

	#fail(sending: Sending, message?: Message): void {
		this.#forget(sending);
		const { owner, id, transaction, unavailable, target } = sending;
		if (unavailable !== undefined)
			this.#outputs.push({
				kind: "response",
				owner,
				id,
				transaction,
				message: unavailable,
				target,
				authorization: sending.carried,
			});
		else
			this.#outputs.push({
				kind: "failure",
				owner,
				id,
				transaction,
				reason: sending.failure,
				message,
				target,
			});
	}

	#forget(sending: Sending): void {
		const index = this.#sendings.indexOf(sending);
		if (index >= 0) this.#sendings.splice(index, 1);
		if (sending.lookup !== 0) this.#locator.drop(sending.lookup);
	}

	#avoid(sending: Sending, time: number): void {
		const { target } = sending;
		if (target === undefined || time <= 0) return;
		const until = this.#now + time;
		this.#avoided = this.#avoided.filter(
			(each) => each.until > this.#now && !sameTarget(each.target, target),
		);
		if (this.#avoided.length >= avoidanceLimit) this.#avoided.shift();
		this.#avoided.push({ target, until });
	}

	#avoids(target: Target): boolean {
		for (const each of this.#avoided)
			if (each.until > this.#now && sameTarget(each.target, target))
				return true;
		return false;
	}
}

function sameTarget(a: Target, b: Target | undefined): boolean {
	return (
		b !== undefined &&
		a.transport === b.transport &&
		a.address.port === b.address.port &&
		a.address.host === b.address.host
	);
}

/** The URI of a Route value: what stands between its angle brackets. */
function uriOfRoute(route: string | undefined): string | undefined {
	if (route === undefined) return undefined;
	const start = route.indexOf("<");
	const end = route.indexOf(">", start);
	return start < 0 || end < 0 ? route : route.slice(start + 1, end);
}
