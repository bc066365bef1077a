/**
 * One proxied request and its branches: the response context of RFC 3261 §16.7.
 * All contacts of the callee ring at once; the first 2xx wins, else the best of
 * the final responses is passed on. Sends nothing itself.
 */
import type { Message } from "../../src/sip/message.js";

/** RFC 3261 §16.6 step 11: longer than any phone rings. */
export const timerC = 180_000;

/** What a branch ended with: a response, or the status that stands for its failure. */
export interface Final {
	readonly status: number;
	/** undefined: nothing came back; the status is ours. */
	readonly message: Message | undefined;
}

interface Branch {
	final: Final | undefined;
}

export class Fork {
	/** The server transaction that waits for the answer. */
	readonly upstream: number;
	readonly request: Message;
	readonly deadline: number;
	readonly #branches = new Map<number, Branch>();
	/** The client transaction whose 2xx was passed on: the ACK goes there. */
	winner: number | undefined;
	answered = false;

	constructor(now: number, upstream: number, request: Message) {
		this.upstream = upstream;
		this.request = request;
		this.deadline = now + timerC;
	}

	add(transaction: number): void {
		this.#branches.set(transaction, { final: undefined });
	}

	/** Takes a branch's final response; true when the whole is decided. */
	finish(transaction: number, final: Final): boolean {
		const branch = this.#branches.get(transaction);
		if (branch !== undefined) branch.final ??= final;
		return this.pending().length === 0;
	}

	/** The branches without a final response. */
	pending(): number[] {
		return [...this.#branches]
			.filter(([, { final }]) => final === undefined)
			.map(([transaction]) => transaction);
	}

	transactions(): number[] {
		return [...this.#branches.keys()];
	}

	/** RFC 3261 §16.7 step 6: any 6xx, else the lowest class, and in 4xx what the caller can act on. */
	best(): Final {
		let best: Final | undefined;
		for (const { final } of this.#branches.values())
			if (
				final !== undefined &&
				(best === undefined || rank(final.status) < rank(best.status))
			)
				best = final;
		// §16.7: a 503 of one contact doesn't mean that this server is out of service.
		return best === undefined || best.status === 503
			? { status: best === undefined ? 408 : 480, message: undefined }
			: best;
	}
}

/** The lower, the better. */
function rank(status: number): number {
	if (status >= 600) return 0;
	const preferred = [401, 407, 415, 420, 484];
	return (
		Math.floor(status / 100) * 1000 + (preferred.includes(status) ? 0 : 500)
	);
}
