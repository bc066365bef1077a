/**
 * Client transactions: INVITE (RFC 3261 §17.1.1, RFC 6026 §7.2) and others (§17.1.2).
 */
import { Timers } from "../timers.js";
import {
	Action,
	type ClientTransaction,
	linger,
	patience,
	State,
	type StateCode,
	t1,
	t2,
	t4,
	timerDValue,
} from "./transaction.js";

/** Retransmits INVITE. */
const timerA = 0;
/** Gives up waiting for any response to INVITE. */
const timerB = 1;
/** Absorbs final responses other than 2xx. */
const timerD = 2;
/** Takes in further 2xx (RFC 6026). */
const timerM = 3;

export class InviteClientTransaction implements ClientTransaction {
	state: StateCode = State.Calling;
	readonly #timers = new Timers(4);
	readonly #reliable: boolean;
	#interval: number = t1;

	constructor(reliable: boolean) {
		this.#reliable = reliable;
	}

	start(now: number): number {
		if (!this.#reliable) this.#timers.set(timerA, now + this.#interval);
		this.#timers.set(timerB, now + patience);
		return Action.Send;
	}

	response(now: number, status: number): number {
		switch (this.state) {
			case State.Calling:
			case State.Proceeding:
				this.#timers.clear(timerA);
				this.#timers.clear(timerB);
				if (status < 200) {
					this.state = State.Proceeding;
					return Action.Deliver;
				}
				if (status < 300) {
					this.state = State.Accepted;
					this.#timers.set(timerM, now + patience);
					return Action.Deliver;
				}
				this.state = State.Completed;
				return (
					Action.Deliver |
					Action.Acknowledge |
					linger(this.#timers, timerD, now, timerDValue, this.#reliable)
				);
			case State.Completed:
				return status >= 300 ? Action.Acknowledge : Action.None;
			case State.Accepted:
				return status >= 200 && status < 300 ? Action.Deliver : Action.None;
			default:
				return Action.None;
		}
	}

	/** §9.1: cancelled, and no final response came for 64 × T1: it counts as ended. */
	giveUpAfter(now: number): void {
		if (this.state === State.Proceeding)
			this.#timers.set(timerB, now + patience);
	}

	timeout(now: number): number {
		for (;;) {
			switch (this.#timers.take(now)) {
				case timerA:
					this.#interval *= 2;
					this.#timers.set(timerA, now + this.#interval);
					// B may be due as well: then there is nothing left to send.
					if (this.#timers.deadline() <= now) continue;
					return Action.Send;
				case timerB:
					this.state = State.Terminated;
					return Action.TimedOut | Action.End;
				case timerD:
				case timerM:
					this.state = State.Terminated;
					return Action.End;
				default:
					return Action.None;
			}
		}
	}

	deadline(): number {
		return this.state === State.Terminated
			? Number.POSITIVE_INFINITY
			: this.#timers.deadline();
	}
}

/** Retransmits the request. */
const timerE = 0;
/** Gives up. */
const timerF = 1;
/** Absorbs repeated final responses. */
const timerK = 2;

export class NonInviteClientTransaction implements ClientTransaction {
	state: StateCode = State.Trying;
	readonly #timers = new Timers(3);
	readonly #reliable: boolean;
	#interval: number = t1;

	constructor(reliable: boolean) {
		this.#reliable = reliable;
	}

	start(now: number): number {
		if (!this.#reliable) this.#timers.set(timerE, now + this.#interval);
		this.#timers.set(timerF, now + patience);
		return Action.Send;
	}

	response(now: number, status: number): number {
		if (this.state !== State.Trying && this.state !== State.Proceeding)
			return Action.None;
		if (status < 200) {
			this.state = State.Proceeding;
			return Action.Deliver;
		}
		this.state = State.Completed;
		this.#timers.clear(timerE);
		this.#timers.clear(timerF);
		return (
			Action.Deliver | linger(this.#timers, timerK, now, t4, this.#reliable)
		);
	}

	timeout(now: number): number {
		for (;;) {
			switch (this.#timers.take(now)) {
				case timerE:
					this.#interval =
						this.state === State.Proceeding
							? t2
							: Math.min(this.#interval * 2, t2);
					this.#timers.set(timerE, now + this.#interval);
					if (this.#timers.deadline() <= now) continue;
					return Action.Send;
				case timerF:
					this.state = State.Terminated;
					return Action.TimedOut | Action.End;
				case timerK:
					this.state = State.Terminated;
					return Action.End;
				default:
					return Action.None;
			}
		}
	}

	deadline(): number {
		return this.state === State.Terminated
			? Number.POSITIVE_INFINITY
			: this.#timers.deadline();
	}
}
