/**
 * One subscription, as subscriber (RFC 6665 §4.1): SUBSCRIBE, its NOTIFYs, refresh,
 * end, with conditional notification (RFC 5839). Knows nothing of event packages but
 * their name, sends nothing itself, and never subscribes anew of its own accord: it
 * says what ended it and when it makes sense to come again.
 */
import type { Host } from "../host.js";
import type { CredentialSource } from "../sip/authentication.js";
import { Dialog, newCallId, newTag } from "../sip/dialog.js";
import { Header } from "../sip/header.js";
import type { Message } from "../sip/message.js";
import { parameter } from "../sip/uri.js";
import type {
	HeaderField,
	OutgoingRequest,
	OutgoingResponse,
} from "../sip/writer.js";
import { Timers } from "../timers.js";
import {
	type Again,
	againAfter,
	endsSubscription,
	fraction,
} from "./meaning.js";

/** Timer N (RFC 6665 §4.1.2.4) = 64*T1: the first NOTIFY comes within it or not at all. */
export const timerN = 32_000;

export interface SubscriptionPlan {
	/** Request-URI. */
	readonly uri: string;
	/** From and To, name-addr or URI in angle brackets, without tag. */
	readonly from: string;
	readonly to: string;
	/** Contact value, with its parameters. */
	readonly contact: string;
	/** Event package: `ua-profile`. */
	readonly event: string;
	/** Its parameters as written in Event, without the first semicolon: `profile-type=device;vendor="…"`. "" when there are none. */
	readonly eventParameters: string;
	/** Media types that a NOTIFY may carry. */
	readonly accept: readonly string[];
	/** Seconds; 0 asks for the state once. */
	readonly expires: number;
	/** Where to send the first SUBSCRIBE in place of the Request-URI. */
	readonly nextHop?: string | undefined;
	/**
	 * Where to send what follows inside the dialog, when no Record-Route says it: a server
	 * behind a port forwarding does not know the address at which we reach it, and its
	 * Contact leads nowhere. When that fails, the Contact has its turn.
	 */
	readonly flow?: string | undefined;
	readonly credentials?: CredentialSource | undefined;
	/** SIP-ETag of the state that is held already (RFC 5839). */
	readonly etag?: string | undefined;
}

export type SubscriberOutput =
	/** To be delivered; its results come back through `response` and `failure`. */
	| { readonly kind: "request"; readonly request: OutgoingRequest }
	/** The server has accepted; `seconds` as it granted. Once for each subscription. */
	| { readonly kind: "subscribed"; readonly seconds: number }
	/** A NOTIFY with a body. */
	| {
			readonly kind: "state";
			readonly type: string;
			readonly bytes: Uint8Array;
			readonly etag: string | undefined;
			/** Parameters of the NOTIFY's Event. */
			readonly effectiveBy: number | undefined;
	  }
	/** A NOTIFY without a body, or 204: what is held stays good. */
	| { readonly kind: "unchanged"; readonly etag: string | undefined }
	/** It is over (or never began). */
	| {
			readonly kind: "ended";
			readonly reason: string;
			/** The final response that ended it, 0 when it was something else. */
			readonly status: number;
			readonly again: Again;
			/** Seconds, as the server said. */
			readonly retryAfter: number | undefined;
			/** Contacts of a 3xx. */
			readonly redirects: readonly string[];
	  };

/** Where a subscription stands. */
export const SubscriberState = Object.freeze({
	Idle: 0,
	/** SUBSCRIBE sent, no NOTIFY yet. */
	Subscribing: 1,
	/** A dialog stands. */
	Active: 2,
	/** Expires 0 was sent inside the dialog; the last NOTIFY is still to come. */
	Ending: 3,
	Ended: 4,
} as const);

const Slot = Object.freeze({ TimerN: 0, Refresh: 1, Expiry: 2 } as const);

/** 423s in a row that are followed. */
const briefLimit = 3;
/** A failed refresh is tried again after this share of what is left, and no sooner than `retryFloor`. */
const retryShare = 0.3;
const retryFloor = 5_000;
/** Longest time that a timer is set to, so that a server's number cannot overflow it: 24 days. */
const longestTime = 2_000_000_000;

export class Subscriber {
	readonly #host: Host;
	readonly #plan: SubscriptionPlan;
	readonly #timers = new Timers(3);
	readonly #outputs: SubscriberOutput[] = [];
	readonly #callId: string;
	readonly #localTag: string;
	#state: number = SubscriberState.Idle;
	#contact: string;
	#expires: number;
	#etag: string | undefined;
	/** The server wants the event without parameters (it answered 489 to those). */
	#bare = false;
	#briefs = 0;
	/** The request under way. */
	#request: OutgoingRequest | undefined;
	/** The first request, from which the dialog takes its side. */
	#first: OutgoingRequest | undefined;
	#dialog: Dialog | undefined;
	#sequence = 0;
	#announced = false;
	/** A refresh is wanted as soon as the request under way is done. */
	#refreshWanted = false;
	#endWanted = false;
	/** A NOTIFY has come since the last SUBSCRIBE went out. */
	#notified = false;
	/** Seconds, as the last 2xx said. */
	#promised: number | undefined;
	/** When the subscription runs out, by the last word of the server. */
	#until = 0;
	#refreshAt = Number.POSITIVE_INFINITY;
	#flow: string | undefined;

	constructor(host: Host, plan: SubscriptionPlan) {
		this.#host = host;
		this.#plan = plan;
		this.#callId = newCallId(host);
		this.#localTag = newTag(host);
		this.#contact = plan.contact;
		this.#expires = plan.expires;
		this.#etag = plan.etag;
		this.#flow = plan.flow;
	}

	get state(): number {
		return this.#state;
	}

	/** The first SUBSCRIBE. Once. */
	subscribe(now: number): void {
		this.#state = SubscriberState.Subscribing;
		this.#ask(now);
	}

	/** Asks again inside the dialog; `whole`: with no condition, so that the state comes whatever it is. */
	refresh(now: number, whole = false): void {
		if (whole) this.#etag = undefined;
		if (this.#state !== SubscriberState.Active) return;
		if (this.#request !== undefined) this.#refreshWanted = true;
		else this.#again(now);
	}

	/** Seconds to ask for from the next request on. */
	setExpires(expires: number): void {
		this.#expires = expires;
	}

	/** The network came back, or our address is another: the dialog's other side must learn it, and may have lost us. */
	moved(now: number, contact: string): void {
		this.#contact = contact;
		this.refresh(now);
	}

	/** Ends the subscription; `ended` follows when the server has said so. */
	unsubscribe(now: number): void {
		this.#endWanted = true;
		this.#timers.clear(Slot.Refresh);
		if (this.#state === SubscriberState.Active && this.#request === undefined)
			this.#again(now);
		else if (this.#state === SubscriberState.Idle)
			this.#end("unsubscribed", 0, "never");
	}

	/** Does a request belong to this subscription? Before the dialog stands, any tag of the peer's does. */
	matches(message: Message): boolean {
		if (
			message.callId !== this.#callId ||
			message.to.tag !== this.#localTag ||
			this.#state === SubscriberState.Idle ||
			this.#state === SubscriberState.Ended
		)
			return false;
		return this.#dialog === undefined || this.#dialog.matches(message);
	}

	/** A NOTIFY that `matches`: what it is answered. */
	notify(now: number, message: Message): OutgoingResponse {
		const event = message.event;
		const state = message.subscriptionState;
		if (event === undefined || state === undefined)
			return { status: 400, reason: "Missing Event or Subscription-State" };
		if (event.package.toLowerCase() !== this.#plan.event)
			return { status: 489, headers: [["Allow-Events", this.#plan.event]] };
		// We never send an id, so one in the NOTIFY means another subscription (RFC 6665 §8.2.1).
		if (parameter(event.parameters, "id") !== undefined) return { status: 481 };
		if (this.#dialog === undefined) {
			if (this.#first === undefined) return { status: 481 };
			this.#dialog = Dialog.fromPeer(this.#first, message);
			this.#dialog.used(this.#sequence);
		}
		const status = this.#dialog.receive(message);
		if (status !== 0) return { status };
		this.#timers.clear(Slot.TimerN);
		this.#notified = true;
		if (state.state === "terminated") {
			const answer = this.#body(message);
			this.#terminated(state.reason, state.retryAfter);
			return answer;
		}
		if (
			this.#state === SubscriberState.Subscribing ||
			this.#state === SubscriberState.Active
		) {
			this.#state = SubscriberState.Active;
			this.#granted(now, state.expires ?? this.#promised ?? this.#expires);
			if (this.#endWanted && this.#request === undefined) this.#again(now);
		}
		return this.#body(message);
	}

	/** A response to the request that was given out last. */
	response(now: number, message: Message): void {
		const request = this.#request;
		const { status } = message;
		if (request === undefined || status < 200) return;
		this.#request = undefined;
		// Delivery counts on when it answers a challenge.
		this.#sequence = Math.max(this.#sequence, request.cseq);
		this.#dialog?.used(this.#sequence);
		if (
			this.#state === SubscriberState.Idle ||
			this.#state === SubscriberState.Ended
		)
			return;
		if (status < 300) this.#accepted(now, request, message);
		else this.#refused(now, message);
	}

	/** No final response came. */
	failure(now: number, reason: string): void {
		const request = this.#request;
		if (request === undefined) return;
		this.#request = undefined;
		this.#sequence = Math.max(this.#sequence, request.cseq);
		this.#dialog?.used(this.#sequence);
		switch (this.#state) {
			case SubscriberState.Subscribing:
				this.#end(reason, 0, "later");
				break;
			case SubscriberState.Active:
				// RFC 6665 §4.1.2.2: what was granted stands until it runs out.
				this.#flow = this.#flow === undefined ? this.#plan.flow : undefined;
				if (this.#endWanted) this.#end("unsubscribed", 0, "never");
				// What was asked for meanwhile has its own reason.
				else if (this.#refreshWanted) this.#again(now);
				else this.#retryLater(now, 0);
				break;
			case SubscriberState.Ending:
				this.#end("unsubscribed", 0, "never");
				break;
			default:
		}
	}

	timeout(now: number): void {
		for (;;) {
			switch (this.#timers.take(now)) {
				case -1:
					return;
				case Slot.TimerN:
					if (this.#state === SubscriberState.Ending)
						this.#end("unsubscribed", 0, "never");
					else if (this.#dialog === undefined || !this.#announced)
						this.#end("timer-n", 0, "later");
					// A refresh that no NOTIFY followed: the server has lost us.
					else this.#end("timer-n", 0, "now");
					break;
				case Slot.Refresh:
					if (this.#request === undefined) this.#again(now);
					else this.#refreshWanted = true;
					break;
				case Slot.Expiry:
					this.#end("expired", 0, "now");
					break;
				default:
			}
		}
	}

	deadline(): number {
		return this.#timers.deadline();
	}

	next(): SubscriberOutput | undefined {
		return this.#outputs.shift();
	}

	/** The SUBSCRIBE outside of any dialog. */
	#ask(now: number): void {
		const plan = this.#plan;
		this.#sequence += 1;
		// RFC 6665 §4.1.2.4: Timer N runs from the SUBSCRIBE, not from its response.
		this.#timers.set(Slot.TimerN, now + timerN);
		this.#first = {
			method: "SUBSCRIBE",
			uri: plan.uri,
			route: [],
			from: `${plan.from};tag=${this.#localTag}`,
			to: plan.to,
			callId: this.#callId,
			cseq: this.#sequence,
			contact: this.#contact,
			headers: this.#headers(),
			nextHop: plan.nextHop,
			credentials: plan.credentials,
		};
		this.#send(this.#first);
	}

	#headers(): readonly HeaderField[] {
		const plan = this.#plan;
		const event =
			this.#bare || plan.eventParameters === ""
				? plan.event
				: `${plan.event};${plan.eventParameters}`;
		const headers: HeaderField[] = [
			["Event", event],
			["Accept", plan.accept.join(", ")],
			["Expires", `${this.#endWanted ? 0 : this.#expires}`],
			["Allow-Events", plan.event],
		];
		if (this.#etag !== undefined && !this.#endWanted)
			headers.push(["Suppress-If-Match", this.#etag]);
		return headers;
	}

	/** The next SUBSCRIBE inside the dialog: a refresh, or the end. */
	#again(now: number): void {
		const dialog = this.#dialog;
		if (dialog === undefined) return;
		this.#refreshWanted = false;
		const request = dialog.request("SUBSCRIBE");
		request.contact = this.#contact;
		request.headers = this.#headers();
		if (dialog.routeSet.length === 0) request.nextHop = this.#flow;
		request.credentials = this.#plan.credentials;
		this.#sequence = request.cseq;
		if (this.#endWanted) {
			this.#state = SubscriberState.Ending;
			this.#timers.clear(Slot.Expiry);
			this.#timers.set(Slot.TimerN, now + timerN);
		}
		this.#send(request);
	}

	#send(request: OutgoingRequest): void {
		this.#notified = false;
		this.#request = request;
		this.#outputs.push({ kind: "request", request });
	}

	#accepted(now: number, request: OutgoingRequest, message: Message): void {
		this.#briefs = 0;
		const dialog = this.#dialog;
		if (dialog !== undefined) dialog.refresh(message);
		// 204 (RFC 5839 §6): nothing has changed, and no NOTIFY follows.
		const suppressed = message.status === 204;
		if (this.#state === SubscriberState.Ending) {
			if (suppressed) this.#end("unsubscribed", 0, "never");
			return;
		}
		const seconds = message.expires ?? this.#expires;
		this.#promised = seconds;
		this.#refreshAt = Number.POSITIVE_INFINITY;
		if (dialog === undefined) {
			if (!suppressed) return;
			this.#dialog = Dialog.fromPeer(request, message);
			this.#dialog.used(this.#sequence);
		}
		if (suppressed) {
			this.#timers.clear(Slot.TimerN);
			this.#state = SubscriberState.Active;
			this.#granted(now, seconds);
			this.#outputs.push({
				kind: "unchanged",
				etag: message.header(Header.SipEtag) ?? this.#etag,
			});
		} else if (this.#state === SubscriberState.Active) {
			// The NOTIFY that must follow (§4.2.1.2) may have come before the response.
			if (!this.#notified) this.#timers.set(Slot.TimerN, now + timerN);
			this.#granted(now, seconds);
		}
		if (this.#endWanted || this.#refreshWanted) this.#again(now);
	}

	#refused(now: number, message: Message): void {
		const { status, retryAfter } = message;
		if (this.#state === SubscriberState.Ending) {
			this.#end("unsubscribed", 0, "never");
			return;
		}
		if (status === 423 && this.#brief(message)) {
			this.#repeat(now);
			return;
		}
		if (status === 489 && this.#fallsBack(message)) {
			this.#bare = true;
			this.#repeat(now);
			return;
		}
		if (this.#state === SubscriberState.Subscribing) {
			const redirects =
				status < 400 ? message.contacts.map((contact) => contact.uriText) : [];
			this.#end("refused", status, "later", retryAfter, redirects);
			return;
		}
		if (endsSubscription(status)) {
			// §4.1.2.2: 481 says that the server does not know the subscription (any more).
			this.#end(
				"refused",
				status,
				status === 481 ? "now" : "later",
				retryAfter,
			);
			return;
		}
		if (this.#endWanted) this.#end("unsubscribed", 0, "never");
		else this.#retryLater(now, (retryAfter ?? 0) * 1000);
	}

	/** The same request once more, with what has been learnt. */
	#repeat(now: number): void {
		if (this.#dialog === undefined) this.#ask(now);
		else this.#again(now);
	}

	/** 423: takes the server's minimum over. */
	#brief(message: Message): boolean {
		const minimum = message.minExpires ?? 0;
		this.#briefs += 1;
		if (minimum <= this.#expires || this.#briefs > briefLimit) return false;
		this.#expires = minimum;
		return true;
	}

	/** 489: a server may know the package but not its parameters (Kamailio's presence_profile is one). */
	#fallsBack(message: Message): boolean {
		if (this.#bare || this.#plan.eventParameters === "") return false;
		for (const name of message.list(Header.AllowEvents))
			if (name.toLowerCase() === this.#plan.event) return true;
		return false;
	}

	/** The body of a NOTIFY: gives it up, or refuses a type that was not asked for (RFC 6665 §4.1.3). */
	#body(message: Message): OutgoingResponse {
		const { body } = message;
		const etag = message.header(Header.SipEtag);
		if (body.length === 0) {
			// RFC 6080 §6.8: accepted, and no end of the subscription.
			if (etag !== undefined) this.#etag = etag;
			this.#outputs.push({ kind: "unchanged", etag });
			return { status: 200 };
		}
		const type = message.contentType?.type ?? "";
		if (!this.#plan.accept.includes(type))
			return {
				status: 415,
				headers: [["Accept", this.#plan.accept.join(", ")]],
			};
		this.#etag = etag;
		this.#outputs.push({
			kind: "state",
			type,
			bytes: body,
			etag,
			effectiveBy: effectiveBy(message),
		});
		return { status: 200 };
	}

	/**
	 * The server's word on how long it lasts. The refresh is due at a random 50–85 % of
	 * that, so that many devices spread; a NOTIFY in between does not put it off.
	 */
	#granted(now: number, seconds: number): void {
		const time = Math.min(seconds * 1000, longestTime);
		this.#until = now + time;
		this.#timers.set(Slot.Expiry, this.#until);
		if (
			this.#expires > 0 &&
			!this.#endWanted &&
			this.#refreshAt > now + 0.85 * time
		)
			this.#refreshIn(
				now,
				Math.floor(time * (0.5 + 0.35 * fraction(this.#host))),
			);
		if (this.#announced) return;
		this.#announced = true;
		this.#outputs.push({ kind: "subscribed", seconds });
	}

	#retryLater(now: number, atLeast: number): void {
		const left = this.#until - now;
		const wait = Math.max(retryFloor, atLeast, Math.floor(left * retryShare));
		// Too late for another try: Expiry ends it.
		if (wait < left) this.#refreshIn(now, wait);
		else this.#timers.clear(Slot.Refresh);
	}

	#refreshIn(now: number, wait: number): void {
		this.#refreshAt = now + wait;
		this.#timers.set(Slot.Refresh, this.#refreshAt);
	}

	/** What a `terminated` means for another try (RFC 6665 §4.1.3). */
	#terminated(reason: string | undefined, retryAfter: number | undefined) {
		let again = againAfter(reason);
		if (this.#endWanted || this.#expires === 0) again = "never";
		this.#end(
			this.#endWanted ? "unsubscribed" : (reason ?? "terminated"),
			0,
			again,
			again === "later" ? retryAfter : undefined,
		);
	}

	#end(
		reason: string,
		status: number,
		again: Again,
		retryAfter?: number,
		redirects: readonly string[] = [],
	): void {
		this.#state = SubscriberState.Ended;
		this.#timers.clear(Slot.TimerN);
		this.#timers.clear(Slot.Refresh);
		this.#timers.clear(Slot.Expiry);
		this.#outputs.push({
			kind: "ended",
			reason,
			status,
			again,
			retryAfter,
			redirects,
		});
	}
}

/** RFC 6080 §6.2.3: seconds within which a changed profile is to be in force. */
function effectiveBy(message: Message): number | undefined {
	const parameters = message.event?.parameters ?? [];
	const text = parameter(parameters, "effective-by");
	if (text === undefined) return undefined;
	const seconds = Number(text);
	return Number.isInteger(seconds) && seconds >= 0 ? seconds : undefined;
}
