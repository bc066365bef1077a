/**
 * One call as its parties see it: an INVITE dialog (RFC 3261 §13 to §15) with one
 * audio stream, made or received. What media does not do yet: see `sdp.ts`.
 *
 * It knows its dialog, its timers and its stream; it must not know accounts, access
 * lists, other calls, or how requests find their way.
 */
import type { HookswitchError } from "../errors.js";
import type { Host } from "../host.js";
import type { EventOutput, Transport } from "../port.js";
import type { CredentialSource } from "../sip/authentication.js";
import { Dialog, newCallId, newTag } from "../sip/dialog.js";
import type { Target } from "../sip/endpoint.js";
import type { Message } from "../sip/message.js";
import { isNumeric, parameter, parseUriText } from "../sip/uri.js";
import type {
	HeaderField,
	OutgoingRequest,
	OutgoingResponse,
} from "../sip/writer.js";
import {
	type Agreement,
	accept,
	answer,
	type Capabilities,
	offer,
	parseSdp,
} from "./sdp.js";

export const ALLOW = "INVITE, ACK, BYE, CANCEL, OPTIONS, NOTIFY";
const SDP = "application/sdp";

export type CallOutput =
	| {
			readonly kind: "respond";
			readonly transaction: number;
			readonly response: OutgoingResponse;
	  }
	| {
			readonly kind: "send";
			readonly owner: number;
			readonly request: OutgoingRequest;
	  }
	/** CANCEL of what `send` sent. */
	| { readonly kind: "cancel"; readonly id: number }
	| {
			readonly kind: "acknowledge";
			readonly transaction: number;
			readonly request: OutgoingRequest;
			readonly target: Target;
	  }
	| EventOutput;

export const CallState = Object.freeze({
	/** We ring. */
	Ringing: 0,
	/** We sent 200 and wait for the ACK. */
	Answered: 1,
	/** We called. */
	Calling: 2,
	/** We called and gave up before there was an answer. */
	Cancelling: 3,
	Up: 4,
	Ended: 5,
});

/** What a call needs of the phone around it. */
export interface CallOptions {
	readonly owner: number;
	/** The other side's URI, for people. */
	readonly peer: string;
	/** Contact value for our side. */
	readonly contact: string;
	readonly capabilities: Capabilities;
	readonly credentials: CredentialSource | undefined;
}

/** Ring times, in milliseconds from the start; Infinity for never. */
export interface RingTimes {
	readonly answerAfter: number;
	readonly forwardAfter: number;
	readonly forwardTo: string;
	readonly giveUpAfter: number;
}

export class Call {
	readonly owner: number;
	readonly peer: string;
	readonly #host: Host;
	readonly #options: CallOptions;
	readonly #outputs: CallOutput[];
	#state: number;
	#dialog: Dialog | undefined;
	#tag = "";
	/** Of the INVITE that we received. */
	#transaction = -1;
	/** The description that goes into our 200. */
	#description: Uint8Array | undefined;
	/** Our 200 carries the offer, and the ACK the answer. */
	#offering = false;
	#agreement: Agreement | undefined;
	#answerAt = Number.POSITIVE_INFINITY;
	#forwardAt = Number.POSITIVE_INFINITY;
	#giveUpAt = Number.POSITIVE_INFINITY;
	#forwardTo = "";
	/** The INVITE that we sent, and what `send` returned for it once a response told. */
	#invite: OutgoingRequest | undefined;
	#id = -1;
	/** Counts our descriptions: the version in `o=`. */
	#version = 0;

	constructor(host: Host, options: CallOptions, outputs: CallOutput[]) {
		this.owner = options.owner;
		this.peer = options.peer;
		this.#host = host;
		this.#options = options;
		this.#outputs = outputs;
		this.#state = CallState.Ended;
	}

	get state(): number {
		return this.#state;
	}
	get ended(): boolean {
		return this.#state === CallState.Ended;
	}
	/** The port whose reservation ends with the call. */
	get port(): number {
		return this.#options.capabilities.port;
	}
	get agreement(): Agreement | undefined {
		return this.#agreement;
	}

	/** An INVITE that may ring. False: it was refused (no audio in common, or a broken description). */
	ring(
		now: number,
		transaction: number,
		message: Message,
		times: RingTimes,
	): boolean {
		this.#transaction = transaction;
		const refusal = this.#describe(message);
		if (refusal !== 0) {
			this.#respond(refusal);
			return false;
		}
		this.#tag = newTag(this.#host);
		this.#dialog = Dialog.fromRequest(message, this.#tag);
		this.#state = CallState.Ringing;
		this.#answerAt = now + times.answerAfter;
		this.#forwardAt = now + times.forwardAfter;
		this.#forwardTo = times.forwardTo;
		this.#giveUpAt = now + times.giveUpAfter;
		this.#outputs.push({
			kind: "respond",
			transaction,
			response: {
				status: 180,
				toTag: this.#tag,
				contact: this.#options.contact,
			},
		});
		this.#event("call-incoming", `${this.peer} is calling`, {
			from: this.peer,
		});
		return true;
	}

	/** Off the hook. */
	answer(): void {
		if (this.#state !== CallState.Ringing) return;
		this.#state = CallState.Answered;
		this.#stopRinging();
		this.#outputs.push({
			kind: "respond",
			transaction: this.#transaction,
			response: {
				status: 200,
				toTag: this.#tag,
				contact: this.#options.contact,
				headers: [["Allow", ALLOW]],
				contentType: SDP,
				body: this.#description,
			},
		});
	}

	/** Calls `to`, by way of `nextHop` where there is no route. */
	call(
		from: string,
		to: string,
		route: readonly string[],
		nextHop: string | undefined,
	): void {
		this.#state = CallState.Calling;
		this.#tag = newTag(this.#host);
		this.#invite = {
			method: "INVITE",
			uri: to,
			route,
			from: `${from};tag=${this.#tag}`,
			to: `<${to}>`,
			callId: newCallId(this.#host),
			cseq: 1,
			contact: this.#options.contact,
			headers: [["Allow", ALLOW]],
			contentType: SDP,
			body: offer(this.#host, this.#capabilities()),
			nextHop,
			credentials: this.#options.credentials,
		};
		this.#send(this.#invite);
	}

	/** On the hook, whatever the call is doing. */
	hangUp(): void {
		switch (this.#state) {
			case CallState.Ringing:
				this.#respond(486);
				this.#end("declined");
				break;
			case CallState.Calling:
				this.#state = CallState.Cancelling;
				// Without a provisional response there is nothing to cancel yet (RFC 3261 §9.1).
				if (this.#id >= 0) this.#outputs.push({ kind: "cancel", id: this.#id });
				break;
			case CallState.Answered:
			case CallState.Up:
				this.#bye("hung-up");
				break;
		}
	}

	/** The network went, and with it every transaction. The other side hears of it if there is another network already. */
	lose(): void {
		if (this.#state === CallState.Answered || this.#state === CallState.Up)
			this.#bye("network-down");
		else if (!this.ended) this.#end("network-down");
	}

	/** Is it a request of this call's dialog? */
	matches(message: Message): boolean {
		return this.#dialog?.matches(message) ?? false;
	}

	/** A request inside the dialog, other than ACK and CANCEL. */
	request(transaction: number, message: Message): void {
		const status = this.#dialog?.receive(message) ?? 481;
		const respond = (response: OutgoingResponse) =>
			this.#outputs.push({ kind: "respond", transaction, response });
		if (status !== 0) respond({ status });
		else if (message.method === "BYE") {
			respond({ status: 200 });
			if (this.#state === CallState.Ringing) this.#respond(487);
			this.#end("peer-hung-up");
		} else if (message.method === "INVITE")
			this.#reinvited(transaction, message);
		else if (message.method === "OPTIONS")
			respond({ status: 200, headers: [["Allow", ALLOW]] });
		else respond({ status: 405, headers: [["Allow", ALLOW]] });
	}

	/** The ACK to our 200. */
	acknowledged(transaction: number, message: Message): void {
		if (this.ended || transaction !== this.#transaction) return;
		if (this.#offering) {
			this.#offering = false;
			const agreement = this.#read(message);
			if (agreement === undefined) {
				this.#bye("no-media");
				return;
			}
			this.#agreement = agreement;
		}
		this.#up();
	}

	/** No ACK came for our 200 (RFC 3261 §13.3.1.4). */
	unacknowledged(transaction: number): void {
		if (!this.ended && transaction === this.#transaction)
			this.#bye("not-acknowledged");
	}

	/** CANCEL came before our final response. */
	cancelled(transaction: number): boolean {
		if (transaction !== this.#transaction || this.#state !== CallState.Ringing)
			return false;
		this.#respond(487);
		this.#end("cancelled");
		return true;
	}

	/** A response to what this call sent, with the credentials that went along. */
	response(
		id: number,
		transaction: number,
		message: Message,
		target: Target,
		authorization: readonly HeaderField[],
	): void {
		const invite = this.#invite;
		if (invite === undefined || message.method !== "INVITE") return;
		if (message.status < 200) {
			const first = this.#id < 0;
			this.#id = id;
			if (first && this.#state === CallState.Cancelling)
				this.#outputs.push({ kind: "cancel", id });
			return;
		}
		if (message.status >= 300) {
			if (this.#state === CallState.Up) return;
			this.#end(
				this.#state === CallState.Cancelling
					? "cancelled"
					: `${message.status} ${message.reason}`,
			);
			return;
		}
		if (this.#dialog !== undefined) return;
		const dialog = Dialog.fromPeer(invite, message);
		this.#dialog = dialog;
		const request = dialog.acknowledgement(invite.cseq);
		request.headers = authorization;
		this.#outputs.push({
			kind: "acknowledge",
			transaction,
			request,
			target: this.#nextHop(request, target),
		});
		if (this.#state === CallState.Cancelling) {
			// Answered while the CANCEL was on its way.
			this.#bye("cancelled");
			return;
		}
		this.#agreement = this.#read(message);
		if (this.#agreement === undefined) this.#bye("no-media");
		else this.#up();
	}

	/** No response will come to what this call sent. */
	failure(reason: string): void {
		if (
			this.#state === CallState.Calling ||
			this.#state === CallState.Cancelling
		)
			this.#end(reason);
	}

	deadline(): number {
		if (this.#state !== CallState.Ringing) return Number.POSITIVE_INFINITY;
		return Math.min(this.#answerAt, this.#forwardAt, this.#giveUpAt);
	}

	timeout(now: number): void {
		if (this.#state !== CallState.Ringing) return;
		if (this.#answerAt <= now) this.answer();
		else if (this.#forwardAt <= now) {
			this.#outputs.push({
				kind: "respond",
				transaction: this.#transaction,
				response: {
					status: 302,
					toTag: this.#tag,
					contact: `<${this.#forwardTo}>`,
				},
			});
			this.#end("forwarded");
		} else if (this.#giveUpAt <= now) {
			this.#respond(480);
			this.#end("not-answered");
		}
	}

	/** A new offer inside the call: hold, resume, another address (RFC 3264 §8). */
	#reinvited(transaction: number, message: Message): void {
		const respond = (response: OutgoingResponse) =>
			this.#outputs.push({ kind: "respond", transaction, response });
		if (this.#state !== CallState.Up) {
			// RFC 3261 §14.2: the first one is not done with.
			respond({ status: 500, headers: [["Retry-After", "5"]] });
			return;
		}
		const before = this.#agreement;
		const refusal = this.#describe(message);
		if (refusal !== 0) {
			this.#agreement = before;
			respond({ status: refusal });
			return;
		}
		this.#transaction = transaction;
		respond({
			status: 200,
			contact: this.#options.contact,
			headers: [["Allow", ALLOW]],
			contentType: SDP,
			body: this.#description,
		});
	}

	/** Prepares our description for an INVITE: 0, or the status that refuses it. */
	#describe(message: Message): number {
		this.#version++;
		const { body } = message;
		this.#offering = body.length === 0;
		if (this.#offering) {
			this.#description = offer(this.#host, this.#capabilities());
			return 0;
		}
		if (message.contentType?.type !== SDP) return 415;
		try {
			const answered = answer(
				this.#host,
				parseSdp(this.#host, body),
				this.#capabilities(),
			);
			this.#description = answered.bytes;
			this.#agreement = answered.agreement;
			return 0;
		} catch (error) {
			return (error as HookswitchError).code === "sdp-not-acceptable"
				? 488
				: 400;
		}
	}

	/** The answer to our offer. */
	#read(message: Message): Agreement | undefined {
		if (message.contentType?.type !== SDP) return undefined;
		try {
			return accept(parseSdp(this.#host, message.body), this.#capabilities());
		} catch {
			return undefined;
		}
	}

	#capabilities(): Capabilities {
		return { ...this.#options.capabilities, version: this.#version };
	}

	#up(): void {
		if (this.#state === CallState.Up) return;
		this.#state = CallState.Up;
		this.#event("call-up", `in a call with ${this.peer}`, { with: this.peer });
	}

	#bye(reason: string): void {
		const request = this.#dialog?.request("BYE");
		if (request !== undefined) {
			request.credentials = this.#options.credentials;
			this.#send(request);
		}
		this.#end(reason);
	}

	#end(reason: string): void {
		this.#state = CallState.Ended;
		this.#stopRinging();
		this.#event("call-ended", `the call with ${this.peer} is over: ${reason}`, {
			with: this.peer,
			reason,
		});
	}

	#stopRinging(): void {
		this.#answerAt = Number.POSITIVE_INFINITY;
		this.#forwardAt = Number.POSITIVE_INFINITY;
		this.#giveUpAt = Number.POSITIVE_INFINITY;
	}

	#respond(status: number): void {
		this.#outputs.push({
			kind: "respond",
			transaction: this.#transaction,
			response: {
				status,
				...(this.#tag === "" ? {} : { toTag: this.#tag }),
				...(status === 415 ? { headers: [["Accept", SDP]] } : {}),
			},
		});
	}

	#send(request: OutgoingRequest): void {
		this.#outputs.push({ kind: "send", owner: this.owner, request });
	}

	/** Where an ACK goes: to its first hop if that is an address, else the way that the INVITE took. */
	#nextHop(request: OutgoingRequest, took: Target): Target {
		const first = request.route[0];
		try {
			const uri = parseUriText(
				this.#host,
				first === undefined
					? request.uri
					: first.slice(first.indexOf("<") + 1, first.indexOf(">")),
			);
			const transport = transportOf(parameter(uri.parameters, "transport"));
			const address = { host: uri.host, port: uri.port ?? 5060 };
			if (!isNumeric(uri.host) || transport === undefined) return took;
			// The connection that the INVITE took is as good as a new one.
			const same =
				took.transport === transport &&
				took.address.host === address.host &&
				took.address.port === address.port;
			return same ? took : { transport, address };
		} catch {
			return took;
		}
	}

	#event(code: string, text: string, data: EventOutput["data"]): void {
		this.#outputs.push({ kind: "event", level: "info", code, text, data });
	}
}

function transportOf(parameter: string | undefined): Transport | undefined {
	if (parameter === undefined) return "udp";
	const name = parameter.toLowerCase();
	return name === "udp" || name === "tcp" || name === "tls" ? name : undefined;
}
