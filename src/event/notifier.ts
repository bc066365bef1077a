/**
 * All subscriptions of which this process is the notifier (RFC 6665 §4.2), with
 * conditional notification (RFC 5839). Does not know what the events are about, nor
 * who may subscribe: whoever owns it decides and supplies the state.
 */
import { HookswitchError } from "../errors.js";
import type { Host } from "../host.js";
import { Dialog, newTag } from "../sip/dialog.js";
import type { Target } from "../sip/endpoint.js";
import { Header } from "../sip/header.js";
import type { Message } from "../sip/message.js";
import { Schedule } from "../sip/schedule.js";
import { isNumeric, parameter, parseUriText } from "../sip/uri.js";
import type {
	HeaderField,
	OutgoingRequest,
	OutgoingResponse,
} from "../sip/writer.js";
import { endsSubscription } from "./meaning.js";
import { meets, notification } from "./notification.js";
import {
	type StateSource,
	Subscription,
	type SubscriptionRecord,
} from "./subscription.js";
import { Window } from "./window.js";

export type {
	EventState,
	StateSource,
	SubscriptionRecord,
	SubscriptionView,
} from "./subscription.js";

export interface NotifierOptions {
	/** Event packages served: others get 489 with Allow-Events. */
	readonly packages: readonly string[];
	/** Seconds. Shorter gets 423 (default 60), longer is shortened (default 86400); none asked: `defaultExpires` (86400). */
	readonly minimumExpires?: number | undefined;
	readonly maximumExpires?: number | undefined;
	readonly defaultExpires?: number | undefined;
	/** Contact value for a subscription; the owner knows at which address the subscriber reaches it. */
	contact(message: Message, source: Target): string;
	/** NOTIFYs under way at once, so that a change for everybody doesn't drown the sockets. Default 128. */
	readonly window?: number | undefined;
	/** Requests carry owner numbers from here up. Default 1,000,000. */
	readonly firstOwner?: number | undefined;
}

export type NotifierOutput =
	/** To `endpoint.respond`. */
	| {
			readonly kind: "respond";
			readonly transaction: number;
			readonly response: OutgoingResponse;
	  }
	/** To `endpoint.request`, its result back through `response` or `failure`. */
	| {
			readonly kind: "request";
			readonly owner: number;
			readonly request: OutgoingRequest;
			readonly target: Target;
	  }
	/** New, refreshed, or its sequence number went on: keep it over a restart. */
	| {
			readonly kind: "keep";
			readonly record: SubscriptionRecord;
			readonly fresh: boolean;
	  }
	/** Gone: forget it. */
	| {
			readonly kind: "ended";
			readonly id: string;
			readonly key: string;
			readonly reason: string;
	  }
	/** The subscriber has acknowledged the state with this tag: `etag` of its record from now on. */
	| {
			readonly kind: "notified";
			readonly id: string;
			readonly key: string;
			readonly etag: string;
	  };

const defaultMinimum = 60;
const defaultMaximum = 86_400;
const defaultWindow = 128;
/** A NOTIFY that is not answered within this time gives its place in the window to the next: a dead subscriber delays nobody. */
const placeTime = 100;
/** A NOTIFY that failed in another way than §4.2.2 lists is sent again after this time, doubled each time, so often. */
const retryTime = 5_000;
const retryLimit = 5;
/** NOTIFYs after which the owner stores the sequence number; well below the gap left at a restart. */
const keepInterval = 4_096;

export class Notifier {
	readonly #host: Host;
	readonly #states: StateSource;
	readonly #options: NotifierOptions;
	readonly #minimum: number;
	readonly #maximum: number;
	readonly #window: Window<Subscription>;
	readonly #outputs: NotifierOutput[] = [];
	readonly #byNumber = new Map<number, Subscription>();
	readonly #byId = new Map<string, Subscription>();
	readonly #byKey = new Map<string, Subscription[]>();
	readonly #schedule = new Schedule();
	#lastNumber: number;
	#now = 0;

	constructor(host: Host, states: StateSource, options: NotifierOptions) {
		this.#host = host;
		this.#states = states;
		this.#options = options;
		this.#minimum = options.minimumExpires ?? defaultMinimum;
		this.#maximum = options.maximumExpires ?? defaultMaximum;
		this.#window = new Window(options.window ?? defaultWindow, placeTime);
		this.#lastNumber = (options.firstOwner ?? 1_000_000) - 1;
	}

	/**
	 * A SUBSCRIBE. true: it is new and well-formed, and the caller decides: authenticate it, then
	 * `accept`, or refuse it with `endpoint.respond`. false: the notifier has answered (refresh, end, 423, 481, 489 …).
	 * To authenticate refreshes too, do it before the call.
	 */
	subscribe(
		now: number,
		transaction: number,
		message: Message,
		source: Target,
	): boolean {
		this.#now = now;
		const { event } = message;
		if (
			event === undefined ||
			!this.#options.packages.includes(event.package.toLowerCase())
		) {
			this.#respond(transaction, {
				status: 489,
				headers: [["Allow-Events", this.#options.packages.join(", ")]],
			});
			return false;
		}
		const { tag } = message.to;
		const subscription = tag === undefined ? undefined : this.#byId.get(tag);
		if (
			tag !== undefined &&
			(subscription === undefined ||
				subscription.ending !== "" ||
				!subscription.matches(message) ||
				subscription.event !== event.package.toLowerCase() ||
				subscription.eventId !== (parameter(event.parameters, "id") ?? ""))
		) {
			this.#respond(transaction, { status: 481 });
			return false;
		}
		const asked = message.expires;
		if (asked !== undefined && asked > 0 && asked < this.#minimum) {
			this.#respond(transaction, {
				status: 423,
				headers: [["Min-Expires", `${this.#minimum}`]],
			});
			return false;
		}
		if (subscription !== undefined) {
			this.#refresh(now, transaction, message, source, subscription);
			return false;
		}
		if (message.contacts.length !== 1) {
			this.#respond(transaction, {
				status: 400,
				reason: "SUBSCRIBE needs one Contact",
			});
			return false;
		}
		return true;
	}

	/** 200 and the first NOTIFY. */
	accept(
		now: number,
		transaction: number,
		message: Message,
		source: Target,
		{
			key,
			data = "",
			headers = [],
		}: {
			readonly key: string;
			readonly data?: string | undefined;
			readonly headers?: readonly HeaderField[] | undefined;
		},
	): void {
		this.#now = now;
		const seconds = this.#seconds(message);
		const contact = this.#options.contact(message, source);
		const { event } = message;
		this.#lastNumber += 1;
		const subscription = new Subscription(
			this.#lastNumber,
			key,
			data,
			event?.package.toLowerCase() ?? "",
			parameter(event?.parameters ?? [], "id") ?? "",
			message
				.list(Header.Accept)
				.map((each) => (each.split(";", 1)[0] ?? "").trim().toLowerCase()),
			Dialog.fromRequest(message, newTag(this.#host)),
			contact,
			source,
			seconds === 0,
		);
		subscription.condition = message.header(Header.SuppressIfMatch);
		subscription.expiresAt = now + seconds * 1000;
		this.#add(subscription);
		this.#respond(transaction, {
			status: 200,
			toTag: subscription.id,
			contact,
			headers: [["Expires", `${seconds}`], ...headers],
		});
		if (seconds === 0) subscription.ending = "timeout";
		else this.#keep(subscription, true);
		subscription.owed = true;
		this.#enqueue(subscription);
	}

	/** The state behind `key` may have changed: notifies those who don't have it yet. Returns how many subscriptions have the key. */
	changed(now: number, key: string): number {
		this.#now = now;
		const concerned = this.#byKey.get(key);
		if (concerned === undefined) return 0;
		for (const subscription of concerned) {
			subscription.changed = true;
			this.#enqueue(subscription);
		}
		return concerned.length;
	}

	/** Ends all subscriptions with `key` with a NOTIFY `terminated;reason=…`. */
	end(now: number, key: string, reason: string, retryAfter?: number): number {
		this.#now = now;
		const concerned = this.#byKey.get(key);
		if (concerned === undefined) return 0;
		for (const subscription of concerned)
			this.#finish(subscription, reason, retryAfter);
		return concerned.length;
	}

	/** Results of the NOTIFYs, by owner. */
	response(now: number, owner: number, message: Message): void {
		this.#now = now;
		const subscription = this.#byNumber.get(owner);
		const { status, retryAfter } = message;
		if (subscription === undefined || !subscription.notifying || status < 200)
			return;
		this.#done(subscription);
		if (endsSubscription(status)) {
			this.#remove(subscription, `${status}`);
			return;
		}
		if (status >= 300) {
			this.#retry(subscription, retryAfter ?? 0, `${status}`);
			return;
		}
		if (subscription.ending !== "" && !subscription.owed) {
			this.#remove(subscription, subscription.ending);
			return;
		}
		subscription.retries = 0;
		subscription.fellBack = false;
		subscription.dialog.refresh(message);
		if (subscription.etag !== subscription.sentEtag) {
			subscription.etag = subscription.sentEtag;
			this.#outputs.push({
				kind: "notified",
				id: subscription.id,
				key: subscription.key,
				etag: subscription.etag,
			});
		}
		if (subscription.changed || subscription.owed) this.#enqueue(subscription);
	}

	failure(now: number, owner: number, reason: string): void {
		this.#now = now;
		const subscription = this.#byNumber.get(owner);
		if (subscription === undefined || !subscription.notifying) return;
		this.#done(subscription);
		if (reason === "timeout") {
			// RFC 6665 §4.2.2: Timer F.
			this.#remove(subscription, reason);
			return;
		}
		const direct = subscription.fellBack
			? undefined
			: this.#contactTarget(subscription);
		if (direct !== undefined) {
			// The connection is gone: the Contact says where it listens.
			subscription.fellBack = true;
			subscription.target = direct;
			subscription.owed = true;
			this.#enqueue(subscription);
		} else this.#retry(subscription, 0, reason);
	}

	owns(owner: number): boolean {
		return owner >= (this.#options.firstOwner ?? 1_000_000);
	}

	/** Subscriptions, all or those with `key`. */
	count(key?: string): number {
		return key === undefined
			? this.#byNumber.size
			: (this.#byKey.get(key)?.length ?? 0);
	}

	records(now: number): SubscriptionRecord[] {
		const wallClock = this.#host.wallClock();
		const records: SubscriptionRecord[] = [];
		for (const subscription of this.#byNumber.values())
			if (!subscription.fetch && subscription.ending === "")
				records.push(subscription.record(now, wallClock));
		return records;
	}

	/** After a restart. The state is sent again only if its tag is another. */
	restore(now: number, record: SubscriptionRecord): void {
		this.#now = now;
		const left = record.expiresAt - this.#host.wallClock();
		this.#lastNumber += 1;
		const subscription = Subscription.restored(this.#lastNumber, record);
		subscription.expiresAt = now + left;
		if (record.target.transport !== "udp")
			subscription.target =
				this.#contactTarget(subscription) ?? subscription.target;
		this.#add(subscription);
		subscription.changed = true;
		this.#enqueue(subscription);
	}

	timeout(now: number): void {
		this.#now = now;
		for (;;) {
			const number = this.#schedule.take(now);
			if (number < 0) break;
			const subscription = this.#byNumber.get(number);
			// An entry that was put off: an earlier or later one stands for it.
			if (subscription === undefined || subscription.wakesAt > now) continue;
			subscription.wakesAt = Number.POSITIVE_INFINITY;
			if (subscription.expiresAt <= now)
				this.#finish(subscription, "timeout", undefined);
			else if (subscription.retryAt <= now) {
				subscription.retryAt = Number.POSITIVE_INFINITY;
				this.#enqueue(subscription);
			}
			this.#wake(subscription);
		}
		this.#window.timeout(now);
	}

	deadline(): number {
		return Math.min(this.#schedule.earliest(), this.#window.deadline());
	}

	next(): NotifierOutput | undefined {
		for (;;) {
			const output = this.#outputs.shift();
			if (output !== undefined) return output;
			const subscription = this.#window.next();
			if (subscription === undefined) return undefined;
			const request = this.#notification(subscription);
			if (request !== undefined) return request;
		}
	}

	#seconds(message: Message): number {
		const asked =
			message.expires ?? this.#options.defaultExpires ?? defaultMaximum;
		return Math.min(asked, this.#maximum);
	}

	#refresh(
		now: number,
		transaction: number,
		message: Message,
		source: Target,
		subscription: Subscription,
	): void {
		const status = subscription.dialog.receive(message);
		if (status !== 0) {
			this.#respond(transaction, { status });
			return;
		}
		const seconds = this.#seconds(message);
		subscription.target = source;
		subscription.fellBack = false;
		subscription.retryAt = Number.POSITIVE_INFINITY;
		subscription.retries = 0;
		subscription.contact = this.#options.contact(message, source);
		subscription.expiresAt = now + seconds * 1000;
		const condition = message.header(Header.SuppressIfMatch);
		const state =
			condition === undefined ? undefined : this.#states.state(subscription);
		const suppressed =
			state !== undefined && meets(condition, state.etag ?? "");
		const headers: HeaderField[] = [["Expires", `${seconds}`]];
		if (suppressed && state.etag !== undefined)
			headers.push(["SIP-ETag", state.etag]);
		// RFC 5839: 204 says that no NOTIFY follows.
		this.#respond(transaction, {
			status: suppressed ? 204 : 200,
			contact: subscription.contact,
			headers,
		});
		if (seconds === 0) {
			if (suppressed) this.#remove(subscription, "unsubscribed");
			else this.#finish(subscription, "timeout", undefined);
			return;
		}
		if (suppressed) subscription.etag = state.etag ?? "";
		else {
			subscription.owed = true;
			this.#enqueue(subscription);
		}
		this.#wake(subscription);
		this.#keep(subscription, false);
	}

	#add(subscription: Subscription): void {
		this.#byNumber.set(subscription.number, subscription);
		this.#byId.set(subscription.id, subscription);
		const same = this.#byKey.get(subscription.key);
		if (same === undefined) this.#byKey.set(subscription.key, [subscription]);
		else same.push(subscription);
		this.#wake(subscription);
	}

	#remove(subscription: Subscription, reason: string): void {
		const { number, id, key } = subscription;
		if (!this.#byNumber.delete(number)) return;
		this.#window.release(subscription);
		this.#byId.delete(id);
		const same = this.#byKey.get(key);
		if (same !== undefined) {
			if (same.length === 1) this.#byKey.delete(key);
			else {
				const last = same.pop();
				const index = last === undefined ? -1 : same.indexOf(subscription);
				if (index >= 0 && last !== undefined) same[index] = last;
			}
		}
		if (!subscription.fetch)
			this.#outputs.push({ kind: "ended", id, key, reason });
	}

	/** A last NOTIFY, then it is gone. */
	#finish(
		subscription: Subscription,
		reason: string,
		retryAfter: number | undefined,
	): void {
		if (subscription.ending !== "") return;
		subscription.ending = reason;
		subscription.retryAfter = retryAfter;
		subscription.owed = true;
		this.#enqueue(subscription);
	}

	#enqueue(subscription: Subscription): void {
		if (
			subscription.notifying ||
			(subscription.retryAt !== Number.POSITIVE_INFINITY &&
				subscription.ending === "")
		)
			return;
		this.#window.add(subscription);
	}

	/** The NOTIFY that is due, undefined when the subscriber has the state already (or is gone). */
	#notification(subscription: Subscription): NotifierOutput | undefined {
		if (!this.#byNumber.has(subscription.number)) return undefined;
		const state = this.#states.state(subscription);
		const etag = state.etag ?? "";
		const { owed, condition, ending } = subscription;
		subscription.changed = false;
		subscription.owed = false;
		subscription.condition = undefined;
		if (!owed && etag !== "" && etag === subscription.etag) return undefined;
		const request = notification(this.#now, subscription, state, condition);
		subscription.sentEtag = etag;
		subscription.notifying = true;
		this.#window.place(this.#now, subscription);
		subscription.unkept += 1;
		if (subscription.unkept >= keepInterval && ending === "")
			this.#keep(subscription, false);
		return {
			kind: "request",
			owner: subscription.number,
			request,
			target: subscription.target,
		};
	}

	/** The NOTIFY under way has its result. */
	#done(subscription: Subscription): void {
		subscription.notifying = false;
		this.#window.release(subscription);
	}

	/** Sends what is owed again later, or gives up. */
	#retry(subscription: Subscription, retryAfter: number, reason: string): void {
		subscription.retries += 1;
		if (subscription.ending !== "" || subscription.retries > retryLimit) {
			this.#remove(subscription, reason);
			return;
		}
		subscription.owed = true;
		subscription.retryAt =
			this.#now +
			Math.max(retryAfter * 1000, retryTime * 2 ** (subscription.retries - 1));
		this.#wake(subscription);
	}

	/** Puts the subscription's next deadline into the schedule unless an earlier one stands there. */
	#wake(subscription: Subscription): void {
		const { expiresAt, retryAt, ending } = subscription;
		const at = ending === "" ? Math.min(expiresAt, retryAt) : retryAt;
		if (at >= subscription.wakesAt) return;
		subscription.wakesAt = at;
		this.#schedule.add(at, subscription.number);
	}

	#keep(subscription: Subscription, fresh: boolean): void {
		subscription.unkept = 0;
		this.#outputs.push({
			kind: "keep",
			record: subscription.record(this.#now, this.#host.wallClock()),
			fresh,
		});
	}

	#respond(transaction: number, response: OutgoingResponse): void {
		this.#outputs.push({ kind: "respond", transaction, response });
	}

	/** The numeric address of the Contact, when that is another place than the flow. */
	#contactTarget(subscription: Subscription): Target | undefined {
		let uri: ReturnType<typeof parseUriText>;
		try {
			uri = parseUriText(this.#host, subscription.dialog.remoteTarget);
		} catch (error) {
			if (!(error instanceof HookswitchError)) throw error;
			return undefined;
		}
		if (!isNumeric(uri.host)) return undefined;
		const transport =
			parameter(uri.parameters, "transport")?.toLowerCase() === "tcp"
				? "tcp"
				: "udp";
		const address = { host: uri.host, port: uri.port ?? 5060 };
		const { target } = subscription;
		if (
			target.connection === undefined &&
			target.transport === transport &&
			target.address.host === address.host &&
			target.address.port === address.port
		)
			return undefined;
		return { transport, address };
	}
}
