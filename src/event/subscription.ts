/**
 * One subscription as its notifier keeps it (RFC 6665 §4.2): the dialog, how long it
 * lasts, what the subscriber has been told. Plain state: what happens to it stands in
 * `notifier.ts`. There may be ten thousand, so it holds no closures and no timers.
 */
import { Dialog, type DialogState } from "../sip/dialog.js";
import type { Target } from "../sip/endpoint.js";
import type { Message } from "../sip/message.js";
import type { Queued } from "./window.js";

/** The state that a NOTIFY carries. No `bytes`: a NOTIFY without body. */
export interface EventState {
	readonly type?: string | undefined;
	readonly bytes?: Uint8Array | undefined;
	/** SIP-ETag: an opaque token that changes with the state. */
	readonly etag?: string | undefined;
	/** RFC 6080 §6.2.3: seconds. */
	readonly effectiveBy?: number | undefined;
}

/** What the notifier tells of a subscription, and what its owner keeps over a restart. Plain values (JSON-safe). */
export interface SubscriptionRecord {
	/** Our tag: unique, the key to store it under. */
	readonly id: string;
	/** What it is subscribed to, as `accept` was told: `changed(now, key)` concerns all with that key. */
	readonly key: string;
	/** The owner's own words, as `accept` was told. */
	readonly data: string;
	readonly dialog: DialogState;
	readonly target: Target;
	/** Event package, lower case, and its `id` parameter ("" without). */
	readonly event: string;
	readonly eventId: string;
	/** Media types of Accept, lower case. */
	readonly accept: readonly string[];
	readonly contact: string;
	/** Wall clock, ms. */
	readonly expiresAt: number;
	/** SIP-ETag that the subscriber was last told. */
	readonly etag: string;
}

/** What a source of state is told of the subscription. */
export interface SubscriptionView {
	readonly id: string;
	readonly key: string;
	readonly data: string;
	readonly event: string;
	readonly accept: readonly string[];
}

/** Gives the state of a subscription at the moment when it is sent. */
export interface StateSource {
	state(subscription: SubscriptionView): EventState;
}

/** Sequence numbers left out at a restart, so that none is used again though not each was stored. */
const sequenceGap = 65_536;

export class Subscription implements SubscriptionView, Queued {
	/** The number by which timers and requests name it; never given twice. */
	readonly number: number;
	readonly id: string;
	readonly key: string;
	readonly data: string;
	readonly event: string;
	/** `id` parameter of Event, "" when there is none. */
	readonly eventId: string;
	readonly accept: readonly string[];
	readonly dialog: Dialog;
	contact: string;
	target: Target;
	/** The Contact's own address has been tried after the flow had failed. */
	fellBack = false;
	/** Monotonic ms. */
	expiresAt = 0;
	/** When a failed NOTIFY is sent again; Infinity: none failed. */
	retryAt = Number.POSITIVE_INFINITY;
	retries = 0;
	/** The earliest wake-up that stands in the schedule. */
	wakesAt = Number.POSITIVE_INFINITY;

	/** Tag that the subscriber has acknowledged, and the one in the NOTIFY under way. */
	etag = "";
	sentEtag = "";
	/** The subscriber holds the state with this tag (Suppress-If-Match): the next NOTIFY goes without body if it still is the state. */
	condition: string | undefined;
	/** The state may have changed since it was last sent. */
	changed = false;
	/** A NOTIFY is owed whatever the state is. */
	owed = false;
	/** In the queue of those that are to be sent to. */
	queued = false;
	/** A NOTIFY is under way. */
	notifying = false;
	/** It takes a place among those under way (see `window.ts`). */
	placedUntil = 0;
	/** Reason of the last NOTIFY, "" while the subscription stands. */
	ending = "";
	retryAfter: number | undefined;
	/** Asked for once (Expires 0): never stored. */
	readonly fetch: boolean;
	/** NOTIFYs since the owner was last told to keep it. */
	unkept = 0;

	constructor(
		number: number,
		key: string,
		data: string,
		event: string,
		eventId: string,
		accept: readonly string[],
		dialog: Dialog,
		contact: string,
		target: Target,
		fetch: boolean,
	) {
		this.number = number;
		this.id = dialog.localTag;
		this.key = key;
		this.data = data;
		this.event = event;
		this.eventId = eventId;
		this.accept = accept;
		this.dialog = dialog;
		this.contact = contact;
		this.target = target;
		this.fetch = fetch;
	}

	static restored(number: number, record: SubscriptionRecord): Subscription {
		const { dialog } = record;
		const subscription = new Subscription(
			number,
			record.key,
			record.data,
			record.event,
			record.eventId,
			record.accept,
			new Dialog({
				...dialog,
				localSequence: dialog.localSequence + sequenceGap,
			}),
			record.contact,
			{
				transport: record.target.transport,
				address: record.target.address,
			},
			false,
		);
		subscription.etag = record.etag;
		return subscription;
	}

	/** `now` monotonic, `wallClock` at the same moment. */
	record(now: number, wallClock: number): SubscriptionRecord {
		return {
			id: this.id,
			key: this.key,
			data: this.data,
			dialog: this.dialog.export(),
			target: {
				transport: this.target.transport,
				address: this.target.address,
			},
			event: this.event,
			eventId: this.eventId,
			accept: this.accept,
			contact: this.contact,
			expiresAt: wallClock + (this.expiresAt - now),
			etag: this.etag,
		};
	}

	/** Is an in-dialog request of this subscription's subscriber? */
	matches(message: Message): boolean {
		return this.dialog.matches(message);
	}
}
