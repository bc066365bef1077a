/**
 * Server transactions: INVITE (RFC 3261 §17.2.1, RFC 6026 §7.1) and others (§17.2.2).
 */
import { Timers } from "../timers.js";
import { Acceptance } from "./acceptance.js";
import {
	Action,
	linger,
	patience,
	type ServerTransaction,
	State,
	type StateCode,
	t1,
	t2,
	t4,
	tryingDelay,
} from "./transaction.js";

/** Retransmits a final response other than 2xx. */
const timerG = 0;
/** Gives up waiting for ACK. */
const timerH = 1;
/** Absorbs further ACKs. */
const timerI = 2;
/** Absorbs repeated INVITEs after a 2xx (RFC 6026). */
const timerL = 3;
/** Not of the RFC's alphabet: time for 100 Trying. */
const timerTrying = 4;

export class InviteServerTransaction implements ServerTransaction {
	state: StateCode = State.Proceeding;
	readonly #timers = new Timers(5);
	readonly #reliable: boolean;
	#interval: number = t1;
	/** Repeats the 2xx that was sent (§13.3.1.4). */
	#acceptance: Acceptance | undefined;

	constructor(now: number, reliable: boolean) {
		this.#reliable = reliable;
		this.#timers.set(timerTrying, now + tryingDelay);
	}

	repeated(now: number): number {
		switch (this.state) {
			case State.Proceeding:
				// Without a response yet, the repetition gets the 100 that it is asking for.
				if (!this.#timers.isSet(timerTrying)) return Action.Send;
				this.#timers.set(timerTrying, now);
				return Action.None;
			case State.Completed:
				return Action.Send;
			default:
				return Action.None;
		}
	}

	respond(now: number, status: number): number {
		if (this.state !== State.Proceeding) return Action.None;
		this.#timers.clear(timerTrying);
		if (status < 200) return Action.Send;
		if (status < 300) {
			this.state = State.Accepted;
			this.#acceptance = new Acceptance(now);
			this.#timers.set(timerL, now + patience);
			return Action.Send;
		}
		this.state = State.Completed;
		if (!this.#reliable) this.#timers.set(timerG, now + this.#interval);
		this.#timers.set(timerH, now + patience);
		return Action.Send;
	}

	/** ACK to a final response other than 2xx. */
	acknowledged(now: number): number {
		if (this.state !== State.Completed) return Action.None;
		this.#timers.clear(timerG);
		this.#timers.clear(timerH);
		this.state = State.Confirmed;
		return linger(this.#timers, timerI, now, t4, this.#reliable);
	}

	/** ACK to the 2xx: true the first time. */
	confirmed(): boolean {
		if (this.#acceptance === undefined) return false;
		this.#acceptance = undefined;
		return true;
	}

	timeout(now: number): number {
		const accepted = this.#acceptance?.timeout(now) ?? Action.None;
		if ((accepted & Action.TimedOut) !== 0) {
			this.#acceptance = undefined;
			this.state = State.Terminated;
			return Action.TimedOut | Action.End;
		}
		if (accepted !== Action.None) return accepted;
		for (;;) {
			switch (this.#timers.take(now)) {
				case timerG:
					this.#interval = Math.min(this.#interval * 2, t2);
					this.#timers.set(timerG, now + this.#interval);
					if (this.#timers.deadline() <= now) continue;
					return Action.Send;
				case timerH:
					this.state = State.Terminated;
					return Action.TimedOut | Action.End;
				case timerI:
				case timerL:
					this.state = State.Terminated;
					return Action.End;
				case timerTrying:
					return Action.Trying;
				default:
					return Action.None;
			}
		}
	}

	deadline(): number {
		if (this.state === State.Terminated) return Number.POSITIVE_INFINITY;
		const accepted = this.#acceptance?.deadline() ?? Number.POSITIVE_INFINITY;
		return Math.min(this.#timers.deadline(), accepted);
	}
}

/** Absorbs repeated requests after the final response. */
const timerJ = 0;
/** Not of the RFC's alphabet: the user never answered, and the client has given up (its Timer F). */
const timerUnanswered = 1;

export class NonInviteServerTransaction implements ServerTransaction {
	state: StateCode = State.Trying;
	readonly #timers = new Timers(2);
	readonly #reliable: boolean;

	constructor(now: number, reliable: boolean) {
		this.#reliable = reliable;
		this.#timers.set(timerUnanswered, now + patience);
	}

	repeated(_now: number): number {
		return this.state === State.Trying ? Action.None : Action.Send;
	}

	respond(now: number, status: number): number {
		if (this.state !== State.Trying && this.state !== State.Proceeding)
			return Action.None;
		if (status < 200) {
			this.state = State.Proceeding;
			return Action.Send;
		}
		this.state = State.Completed;
		this.#timers.clear(timerUnanswered);
		return (
			Action.Send | linger(this.#timers, timerJ, now, patience, this.#reliable)
		);
	}

	timeout(now: number): number {
		const slot = this.#timers.take(now);
		if (slot !== timerJ && slot !== timerUnanswered) return Action.None;
		this.state = State.Terminated;
		return Action.End;
	}

	deadline(): number {
		return this.state === State.Terminated
			? Number.POSITIVE_INFINITY
			: this.#timers.deadline();
	}
}
