/**
 * Deadlines of many machines by number: a binary heap, so that ten thousand waiting
 * transactions cost a step and not a scan. An entry is a hint: its owner may have
 * moved on, and is asked when it comes up. Imports nothing.
 */
/** Entries for each owner that there may be, beyond which those of owners that are gone are dropped. */
export const staleEntries = 4;

export class Schedule {
	readonly #times: number[] = [];
	readonly #owners: number[] = [];

	/** The earliest time, or Infinity. */
	earliest(): number {
		return this.#times[0] ?? Number.POSITIVE_INFINITY;
	}

	/** How many entries there are, those of owners that are gone included. */
	get size(): number {
		return this.#times.length;
	}

	/** Drops the entries of owners that are gone. */
	prune(isThere: (owner: number) => boolean): void {
		const times = this.#times.splice(0);
		const owners = this.#owners.splice(0);
		for (let at = 0; at < times.length; at++) {
			const owner = owners[at] ?? -1;
			if (isThere(owner)) this.add(times[at] ?? 0, owner);
		}
	}

	add(time: number, owner: number): void {
		const times = this.#times;
		const owners = this.#owners;
		let at = times.length;
		times.push(time);
		owners.push(owner);
		while (at > 0) {
			const parent = (at - 1) >> 1;
			const above = times[parent] ?? 0;
			if (above <= time) break;
			times[at] = above;
			owners[at] = owners[parent] ?? 0;
			at = parent;
		}
		times[at] = time;
		owners[at] = owner;
	}

	/** Takes an owner whose time has come, or gives -1. */
	take(now: number): number {
		const times = this.#times;
		const owners = this.#owners;
		if ((times[0] ?? Number.POSITIVE_INFINITY) > now) return -1;
		const taken = owners[0] ?? -1;
		const time = times.pop() ?? 0;
		const owner = owners.pop() ?? 0;
		const { length } = times;
		if (length === 0) return taken;
		let at = 0;
		for (;;) {
			let child = at * 2 + 1;
			if (child >= length) break;
			if (child + 1 < length && (times[child + 1] ?? 0) < (times[child] ?? 0))
				child++;
			const below = times[child] ?? 0;
			if (below >= time) break;
			times[at] = below;
			owners[at] = owners[child] ?? 0;
			at = child;
		}
		times[at] = time;
		owners[at] = owner;
		return taken;
	}
}
