/**
 * How long to wait before the next round of attempts (RFC 6080 §5.3.2): 2^i times a
 * floor, i up to 8, never less than the server asked for. Knows nothing of what is
 * attempted.
 */
import { fraction } from "../event/meaning.js";
import type { Host } from "../host.js";

/** 64*T1. */
export const defaultFloor = 32_000;
const highestExponent = 8;
/** A Retry-After is obeyed up to a day: a number beyond that is a mistake or an attack. */
const longestRetryAfter = 86_400;
/** Added at random, up to this share, so that devices that failed together don't come back together. */
const spread = 0.1;

export class Backoff {
	readonly #host: Host;
	#floor: number;
	#exponent = 0;

	constructor(host: Host, floor: number = defaultFloor) {
		this.#host = host;
		this.#floor = floor;
	}

	/** Milliseconds of the delay for i = 0. */
	setFloor(floor: number): void {
		this.#floor = floor;
	}

	reset(): void {
		this.#exponent = 0;
	}

	/** Milliseconds until the next attempt. `retryAfter` in seconds. */
	next(retryAfter = 0): number {
		const delay = this.#floor * 2 ** this.#exponent;
		if (this.#exponent < highestExponent) this.#exponent += 1;
		const least = Math.min(retryAfter, longestRetryAfter) * 1000;
		return scatter(this.#host, Math.max(delay, least), spread);
	}
}

/** `time` plus up to `share` of it, by lot. */
export function scatter(host: Host, time: number, share: number): number {
	return Math.floor(time * (1 + share * fraction(host)));
}
