/**
 * Keeps subscriptions over a restart. A new or refreshed one is written before its
 * response leaves; that a subscriber has taken a state, a little later and together
 * with others (who is told twice after a crash has lost nothing).
 */
import type { SubscriptionRecord } from "../../src/event/notifier.js";
import { nameOf, type Profile } from "./documents.js";
import type { ServerState } from "./state.js";

/** Milliseconds that a taken state may wait to be written. */
const writeAfter = 20;

export class SubscriptionStore {
	readonly #state: ServerState;
	readonly #failed: (error: Error) => void;
	readonly #records = new Map<string, SubscriptionRecord>();
	/** Ids whose record, or its absence, is not written yet. */
	readonly #unwritten = new Set<string>();
	/** Is one of them promised to a subscriber? */
	#promised = false;
	/** When the rest is to be written. */
	deadline = Number.POSITIVE_INFINITY;

	constructor(state: ServerState, failed: (error: Error) => void) {
		this.#state = state;
		this.#failed = failed;
	}

	load(wallClock: number): SubscriptionRecord[] {
		for (const { id, state, expires } of this.#state.subscriptions())
			if (expires > wallClock)
				this.#records.set(id, JSON.parse(state) as SubscriptionRecord);
			else this.#unwritten.add(id);
		return [...this.#records.values()];
	}

	/** What the subscription is to. */
	key(id: string): string | undefined {
		return this.#records.get(id)?.key;
	}

	/** What is subscribed to of a profile type. */
	subjects(profile: Profile): string[] {
		const subjects = new Set<string>();
		for (const { key } of this.#records.values()) {
			const name = nameOf(key);
			if (name.profile === profile) subjects.add(name.subject);
		}
		return [...subjects];
	}

	keep(record: SubscriptionRecord): void {
		this.#records.set(record.id, record);
		this.#unwritten.add(record.id);
		this.#promised = true;
	}

	/** The subscriber has the state with this tag. */
	taken(now: number, id: string, etag: string): void {
		const record = this.#records.get(id);
		if (record === undefined) return;
		this.#records.set(id, { ...record, etag });
		this.#later(now, id);
	}

	forget(now: number, id: string): void {
		this.#records.delete(id);
		this.#later(now, id);
	}

	timeout(now: number): void {
		if (this.deadline <= now) this.flush();
	}

	#later(now: number, id: string): void {
		this.#unwritten.add(id);
		this.deadline = Math.min(this.deadline, now + writeAfter);
	}

	/** Before a message leaves: what it promises is written. */
	keepPromises(): void {
		if (this.#promised) this.flush();
	}

	/** A full disk stops no NOTIFY: it is told, and the server goes on. */
	flush(): void {
		this.#promised = false;
		this.deadline = Number.POSITIVE_INFINITY;
		if (this.#unwritten.size === 0) return;
		try {
			this.#state.transaction(() => {
				for (const id of this.#unwritten) {
					const record = this.#records.get(id);
					if (record === undefined) this.#state.remove(id);
					else
						this.#state.put({
							id,
							state: JSON.stringify(record),
							expires: Math.round(record.expiresAt),
						});
				}
			});
		} catch (error) {
			this.#failed(error as Error);
		}
		this.#unwritten.clear();
	}
}
