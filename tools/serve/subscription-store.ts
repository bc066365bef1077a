/**
 * Keeps subscriptions over a restart. A new or refreshed one is written before its
 * response leaves; that a subscriber has taken a state is written a little later,
 * together with others (who is told twice after a crash has lost nothing).
 */
import type { SubscriptionRecord } from "../../src/event/notifier.js";
import { nameOf, type Profile } from "./documents.js";
import type { ServerState } from "./state.js";

/** Milliseconds that a taken state may wait to be written. */
const writeAfter = 200;

export class SubscriptionStore {
	readonly #state: ServerState;
	readonly #failed: (error: Error) => void;
	readonly #records = new Map<string, SubscriptionRecord>();
	/** Ids whose record, or its absence, is to be written: at once, and later. */
	readonly #urgent = new Set<string>();
	readonly #later = new Set<string>();
	deadline = Number.POSITIVE_INFINITY;

	constructor(state: ServerState, failed: (error: Error) => void) {
		this.#state = state;
		this.#failed = failed;
	}

	load(wallClock: number): SubscriptionRecord[] {
		for (const { id, state, expires } of this.#state.subscriptions())
			if (expires > wallClock)
				this.#records.set(id, JSON.parse(state) as SubscriptionRecord);
			else this.#urgent.add(id);
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
		this.#urgent.add(record.id);
	}

	/** The subscriber has the state with this tag. */
	taken(now: number, id: string, etag: string): void {
		const record = this.#records.get(id);
		if (record === undefined) return;
		this.#records.set(id, { ...record, etag });
		this.#later.add(id);
		this.deadline = Math.min(this.deadline, now + writeAfter);
	}

	forget(id: string): void {
		this.#records.delete(id);
		this.#urgent.add(id);
	}

	/** Before a message leaves: what it promises is written. */
	flushUrgent(): void {
		if (this.#urgent.size > 0) this.#write(this.#urgent);
	}

	timeout(now: number): void {
		if (this.deadline <= now) this.flush();
	}

	flush(): void {
		this.deadline = Number.POSITIVE_INFINITY;
		for (const id of this.#later) this.#urgent.add(id);
		this.#later.clear();
		this.flushUrgent();
	}

	/** A full disk stops no NOTIFY: it is told, and the server goes on. */
	#write(ids: Set<string>): void {
		try {
			this.#state.transaction(() => {
				for (const id of ids) {
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
		ids.clear();
	}
}
