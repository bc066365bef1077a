/**
 * A 2xx to INVITE is repeated end to end until its ACK comes, over reliable
 * transports too, since a hop further on may not be (RFC 3261 §13.3.1.4).
 */
import { Timers } from "../timers.js";
import { Action, patience, t1, t2 } from "./transaction.js";

const timerRepeat = 0;
const timerGiveUp = 1;

export class Acceptance {
	readonly #timers = new Timers(2);
	#interval: number = t1;

	/** The 2xx was sent at `now`. */
	constructor(now: number) {
		this.#timers.set(timerRepeat, now + t1);
		this.#timers.set(timerGiveUp, now + patience);
	}

	/** Send, TimedOut (no ACK came: the session should end with BYE), or None. */
	timeout(now: number): number {
		for (;;) {
			switch (this.#timers.take(now)) {
				case timerRepeat:
					this.#interval = Math.min(this.#interval * 2, t2);
					this.#timers.set(timerRepeat, now + this.#interval);
					if (this.#timers.deadline() <= now) continue;
					return Action.Send;
				case timerGiveUp:
					return Action.TimedOut;
				default:
					return Action.None;
			}
		}
	}

	deadline(): number {
		return this.#timers.deadline();
	}
}
