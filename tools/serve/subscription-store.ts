/**
 * Keeps subscriptions over a restart. A new or refreshed one is written before its
 * response leaves; that a subscriber has taken a state, a little later and together
 * with others (who is told twice after a crash has lost nothing).
 */
import type { SubscriptionRecord } from "../../src/event/notifier.js";
import { type DocumentName, nameOf } from "./documents.js";
import type { ServerState } from "./state.js";

/** Milliseconds that a taken state may wait to be written. */
const writeAfter = 50;
/** What could not be written is tried again after so many. */
const tryAgainAfter = 5000;

export class SubscriptionStore {
	readonly #state: ServerState;
	readonly #failed: (error: Error) => void;
	/** What each subscription is to. */
	readonly #keys = new Map<string, string>();
	/** Not written yet: records that were promised, tags that were taken, ids that are gone. */
	readonly #kept = new Map<string, SubscriptionRecord>();
	readonly #taken = new Map<string, string>();
	readonly #gone = new Set<string>();
	/** When the rest is to be written. */
	deadline = Number.POSITIVE_INFINITY;
	/** Not before: the last attempt failed. */
	#notBefore = 0;

	constructor(state: ServerState, failed: (error: Error) => void) {
		this.#state = state;
		this.#failed = failed;
	}

	load(wallClock: number): SubscriptionRecord[] {
		const records: SubscriptionRecord[] = [];
		for (const { id, state, etag, expires } of this.#state.subscriptions()) {
			if (expires <= wallClock) {
				this.#gone.add(id);
				continue;
			}
			const record = JSON.parse(state) as SubscriptionRecord;
			records.push({ ...record, etag });
			this.#keys.set(id, record.key);
		}
		return records;
	}

	/** What the subscription is to. */
	key(id: string): string | undefined {
		return this.#keys.get(id);
	}

	/** What is subscribed to, each once. */
	names(): DocumentName[] {
		return [...new Set(this.#keys.values())].map(nameOf);
	}

	keep(record: SubscriptionRecord): void {
		this.#keys.set(record.id, record.key);
		this.#kept.set(record.id, record);
		this.#taken.delete(record.id);
	}

	/** The subscriber has the state with this tag. */
	taken(now: number, id: string, etag: string): void {
		if (!this.#keys.has(id)) return;
		this.#taken.set(id, etag);
		this.#later(now);
	}

	forget(now: number, id: string): void {
		this.#keys.delete(id);
		this.#kept.delete(id);
		this.#taken.delete(id);
		this.#gone.add(id);
		this.#later(now);
	}

	timeout(now: number): void {
		if (this.deadline <= now) this.flush(now);
	}

	/** Before a message leaves: what it promises is written. */
	keepPromises(now: number): void {
		if (this.#kept.size > 0 && now >= this.#notBefore) this.flush(now);
	}

	/** A full disk stops no NOTIFY: it is told, the server goes on, and tries again. */
	flush(now: number): void {
		this.deadline = Number.POSITIVE_INFINITY;
		if (this.#kept.size + this.#taken.size + this.#gone.size === 0) return;
		const state = this.#state;
		try {
			state.transaction(() => {
				for (const [id, record] of this.#kept) {
					const expires = Math.round(record.expiresAt);
					const { etag } = record;
					state.put({ id, state: JSON.stringify(record), etag, expires });
				}
				for (const [id, etag] of this.#taken) state.setEtag(id, etag);
				for (const id of this.#gone) state.remove(id);
			});
		} catch (error) {
			this.#failed(error as Error);
			this.#notBefore = now + tryAgainAfter;
			this.deadline = this.#notBefore;
			return;
		}
		this.#kept.clear();
		this.#taken.clear();
		this.#gone.clear();
	}

	#later(now: number): void {
		const at = Math.max(this.#notBefore, now + writeAfter);
		this.deadline = Math.min(this.deadline, at);
	}
}
