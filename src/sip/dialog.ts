/**
 * Dialogs (RFC 3261 §12): identifiers, route set, remote target, sequence numbers.
 * Knows nothing of what the dialog is for, and sends nothing.
 */
import type { Host } from "../host.js";
import { Header } from "./header.js";
import type { Message } from "./message.js";
import type { NameAddress } from "./value.js";
import { nameAddress, type OutgoingRequest } from "./writer.js";

/** Plain values, so that a server can keep a dialog over a restart. */
export interface DialogState {
	readonly callId: string;
	readonly localTag: string;
	/** "" until the peer has answered. */
	readonly remoteTag: string;
	/** Values of From and To without tags: `"A" <sip:a@example.com>`. */
	readonly local: string;
	readonly remote: string;
	/** URI. */
	readonly remoteTarget: string;
	/** Route values with angle brackets, in the order of sending. */
	readonly routeSet: readonly string[];
	readonly localSequence: number;
	/** -1: nothing received yet. */
	readonly remoteSequence: number;
}

export class Dialog {
	readonly callId: string;
	readonly localTag: string;
	readonly remoteTag: string;
	readonly #local: string;
	readonly #remote: string;
	readonly #routeSet: readonly string[];
	#remoteTarget: string;
	#localSequence: number;
	#remoteSequence: number;

	constructor(state: DialogState) {
		this.callId = state.callId;
		this.localTag = state.localTag;
		this.remoteTag = state.remoteTag;
		this.#local = state.local;
		this.#remote = state.remote;
		this.#routeSet = state.routeSet;
		this.#remoteTarget = state.remoteTarget;
		this.#localSequence = state.localSequence;
		this.#remoteSequence = state.remoteSequence;
	}

	/** UAS (§12.1.1): `request` created the dialog, `localTag` goes into the response's To (`OutgoingResponse.toTag`). */
	static fromRequest(request: Message, localTag: string): Dialog {
		const { from, to, cseq } = request;
		return new Dialog({
			callId: request.callId,
			localTag,
			remoteTag: from.tag ?? "",
			local: withoutTag(to),
			remote: withoutTag(from),
			remoteTarget: targetOf(request) ?? from.uriText,
			routeSet: routesOf(request),
			localSequence: 0,
			remoteSequence: cseq.number,
		});
	}

	/**
	 * UAC (§12.1.2): a 101–2xx response to `request`; or for SUBSCRIBE a NOTIFY of the
	 * peer (RFC 6665 §4.1.2.4), which is then taken in by `receive`.
	 */
	static fromPeer(request: OutgoingRequest, message: Message): Dialog {
		const peer = message.isRequest ? message.from : message.to;
		const own = message.isRequest ? message.to : message.from;
		const routeSet = routesOf(message);
		return new Dialog({
			callId: message.callId,
			localTag: own.tag ?? "",
			remoteTag: peer.tag ?? "",
			local: withoutTag(own),
			remote: withoutTag(peer),
			remoteTarget: targetOf(message) ?? request.uri,
			routeSet: message.isRequest ? routeSet : routeSet.reverse(),
			localSequence: request.cseq,
			remoteSequence: -1,
		});
	}

	get remoteTarget(): string {
		return this.#remoteTarget;
	}

	get routeSet(): readonly string[] {
		return this.#routeSet;
	}

	get localSequence(): number {
		return this.#localSequence;
	}

	/** Is a received request (or response) of this dialog? */
	matches(message: Message): boolean {
		if (message.callId !== this.callId) return false;
		const from = message.from.tag ?? "";
		const to = message.to.tag ?? "";
		return message.isRequest
			? to === this.localTag && from === this.remoteTag
			: from === this.localTag && to === this.remoteTag;
	}

	/** The next request inside the dialog, CSeq counted up. No Contact: the caller sets it. */
	request(method: string): OutgoingRequest {
		this.#localSequence++;
		return this.#request(method, this.#localSequence);
	}

	/** ACK to a 2xx of the INVITE with this CSeq number. */
	acknowledgement(sequence: number): OutgoingRequest {
		return this.#request("ACK", sequence);
	}

	/** Checks and takes in a request of the peer: 0, or the status that it deserves (500: CSeq out of order, §12.2.2). */
	receive(request: Message): number {
		const { number } = request.cseq;
		if (request.method === "ACK" || request.method === "CANCEL") return 0;
		if (number < this.#remoteSequence) return 500;
		this.#remoteSequence = number;
		if (refreshesTarget(request.method)) this.#retarget(request);
		return 0;
	}

	/** Takes in a 2xx to a target refresh (INVITE, UPDATE, SUBSCRIBE, NOTIFY): its Contact becomes the remote target. */
	refresh(response: Message): void {
		if (refreshesTarget(response.method)) this.#retarget(response);
	}

	/** The CSeq number that was used last, when a request was repeated outside (401, 407). */
	used(sequence: number): void {
		if (sequence > this.#localSequence) this.#localSequence = sequence;
	}

	export(): DialogState {
		return {
			callId: this.callId,
			localTag: this.localTag,
			remoteTag: this.remoteTag,
			local: this.#local,
			remote: this.#remote,
			remoteTarget: this.#remoteTarget,
			routeSet: this.#routeSet,
			localSequence: this.#localSequence,
			remoteSequence: this.#remoteSequence,
		};
	}

	#retarget(message: Message): void {
		this.#remoteTarget = targetOf(message) ?? this.#remoteTarget;
	}

	#request(method: string, cseq: number): OutgoingRequest {
		const first = this.#routeSet[0];
		let uri = this.#remoteTarget;
		let route = this.#routeSet;
		if (first !== undefined && !isLoose(first)) {
			// A strict router of RFC 2543 wants itself in the Request-URI (§12.2.1.1).
			uri = first.slice(first.indexOf("<") + 1, first.lastIndexOf(">"));
			route = [...this.#routeSet.slice(1), `<${this.#remoteTarget}>`];
		}
		return {
			method,
			uri,
			route,
			from: `${this.#local};tag=${this.localTag}`,
			to:
				this.remoteTag === ""
					? this.#remote
					: `${this.#remote};tag=${this.remoteTag}`,
			callId: this.callId,
			cseq,
			headers: [],
			nextHop: first === undefined || isLoose(first) ? undefined : uri,
		};
	}
}

function withoutTag(address: NameAddress): string {
	return nameAddress(address.display, address.uriText);
}

/** The URI of Contact. */
function targetOf(message: Message): string | undefined {
	return message.has(Header.Contact) ? message.contacts[0]?.uriText : undefined;
}

function routesOf(message: Message): string[] {
	return message.recordRoutes.map(({ uriText }) => `<${uriText}>`);
}

function refreshesTarget(method: string): boolean {
	switch (method) {
		case "INVITE":
		case "UPDATE":
		case "SUBSCRIBE":
		case "NOTIFY":
		case "REFER":
			return true;
		default:
			return false;
	}
}

/** Has the URI of a Route value the parameter `lr`? */
function isLoose(route: string): boolean {
	return /;lr(?:[;=?>]|$)/i.test(route);
}

/** A tag of its own (64 random bits). */
export function newTag(host: Host): string {
	return host.hex(host.random(8), 0, 8);
}

/** A Call-ID of its own (128 random bits, no host name: nothing of the network is told). */
export function newCallId(host: Host): string {
	return host.hex(host.random(16), 0, 16);
}
