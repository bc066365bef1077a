/**
 * What RFC 6665 lets responses and reasons mean for a subscription. Pure tables, the
 * same for both roles.
 */
import type { Host } from "../host.js";

/** When it makes sense to subscribe again. */
export type Again =
	/** At once (deactivated, timeout, a subscription that the server does not know any more). */
	| "now"
	/** After a wait: at least `retryAfter`. */
	| "later"
	/** Not at all: rejected, noresource, invariant, or we ended it. */
	| "never";

/** Responses to a refresh (§4.1.2.2) or a NOTIFY (§4.2.2) that end the subscription. */
export function endsSubscription(status: number): boolean {
	switch (status) {
		case 404:
		case 405:
		case 410:
		case 416:
		case 480:
		case 481:
		case 482:
		case 483:
		case 484:
		case 485:
		case 489:
		case 501:
		case 604:
			return true;
		default:
			return false;
	}
}

/** The `reason` of a `terminated` (§4.1.3). */
export function againAfter(reason: string | undefined): Again {
	switch (reason) {
		case "deactivated":
		case "timeout":
			return "now";
		case "rejected":
		case "noresource":
		case "invariant":
			return "never";
		default:
			// probation, giveup, none, or one that we don't know: with the server's wait, or our own.
			return "later";
	}
}

/** 0 ≤ x < 1. */
export function fraction(host: Host): number {
	const bytes = host.random(2);
	return (((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)) / 65_536;
}
