/**
 * What a NOTIFY says (RFC 6665 §4.2.2): the request of a subscription and the state
 * at this moment, with RFC 5839's tag. Changes nothing but the dialog's sequence.
 */
import type { HeaderField, OutgoingRequest } from "../sip/writer.js";
import type { EventState, Subscription } from "./subscription.js";

/** `condition`: the subscriber's Suppress-If-Match, if it has one that is still to be honoured. */
export function notification(
	now: number,
	subscription: Subscription,
	state: EventState,
	condition: string | undefined,
): OutgoingRequest {
	const request = subscription.dialog.request("NOTIFY");
	const { etag = "" } = state;
	const headers: HeaderField[] = [
		["Event", eventValue(subscription, state)],
		["Subscription-State", stateValue(now, subscription)],
	];
	if (etag !== "") headers.push(["SIP-ETag", etag]);
	request.headers = headers;
	request.contact = subscription.contact;
	// Who has the state already gets the NOTIFY without it.
	if (state.bytes !== undefined && !meets(condition, etag)) {
		request.contentType = state.type;
		request.body = state.bytes;
	}
	return request;
}

/** RFC 5839 §5: does the tag meet a Suppress-If-Match condition? */
export function meets(condition: string | undefined, etag: string): boolean {
	return condition !== undefined && (condition === "*" || condition === etag);
}

function eventValue(
	{ event, eventId }: Subscription,
	{ effectiveBy }: EventState,
): string {
	let value = event;
	if (effectiveBy !== undefined) value += `;effective-by=${effectiveBy}`;
	if (eventId !== "") value += `;id=${eventId}`;
	return value;
}

function stateValue(
	now: number,
	{ ending, retryAfter, expiresAt }: Subscription,
): string {
	if (ending === "")
		return `active;expires=${Math.max(0, Math.round((expiresAt - now) / 1000))}`;
	return retryAfter === undefined
		? `terminated;reason=${ending}`
		: `terminated;reason=${ending};retry-after=${retryAfter}`;
}
