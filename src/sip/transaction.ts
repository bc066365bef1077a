/**
 * What the four transaction machines of RFC 3261 §17 (with RFC 6026's corrections)
 * share: timer values, what a step asks of the layer above, states. A machine sees
 * status codes and time, never bytes; it sends nothing itself.
 */
import type { Timers } from "../timers.js";

/** Round-trip time estimate (§17.1.1.1), in milliseconds. */
export const t1 = 500;
/** Longest interval between retransmissions of a non-INVITE request or a response to INVITE. */
export const t2 = 4000;
/** How long a message may stay in the network. */
export const t4 = 5000;
/** Timers B, F, H, J, L, M, N: 64 × T1. */
export const patience = 64 * t1;
/** Timer D over an unreliable transport: at least 32 s. */
export const timerDValue = 32000;
/** A server transaction says 100 when its user has said nothing for this long (§17.2.1). */
export const tryingDelay = 200;

/** What the layer above has to do after a step: a sum of these. */
export const Action = Object.freeze({
	None: 0,
	/** Send the request, or the last response, (again). */
	Send: 1,
	/** Give the message to the transaction user. */
	Deliver: 2,
	/** Send the ACK for a final response other than 2xx. */
	Acknowledge: 4,
	/** Tell the transaction user that time has run out. */
	TimedOut: 8,
	/** The transaction is over: forget it. */
	End: 16,
	/** Answer 100 Trying. */
	Trying: 32,
} as const);

/** Names of states, for all four machines. */
export const State = Object.freeze({
	Calling: 0,
	Trying: 1,
	Proceeding: 2,
	Completed: 3,
	Confirmed: 4,
	/** RFC 6026: a 2xx to INVITE has been received, or sent. */
	Accepted: 5,
	Terminated: 6,
} as const);
export type StateCode = (typeof State)[keyof typeof State];

export interface ClientTransaction {
	readonly state: StateCode;
	/** The request goes out: gives Action.Send. */
	start(now: number): number;
	/** A response with this status has matched. */
	response(now: number, status: number): number;
	/** Time may have run out. */
	timeout(now: number): number;
	deadline(): number;
}

export interface ServerTransaction {
	readonly state: StateCode;
	/** The request has come again. */
	repeated(now: number): number;
	/** The transaction user answers with this status; None: too late, it is not sent. */
	respond(now: number, status: number): number;
	timeout(now: number): number;
	deadline(): number;
}

/** Sets `slot` when the transport may lose messages; else the state that it would end is over at once. */
export function linger(
	timers: Timers,
	slot: number,
	now: number,
	duration: number,
	reliable: boolean,
): number {
	if (reliable) return Action.End;
	timers.set(slot, now + duration);
	return Action.None;
}
