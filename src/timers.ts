/**
 * Named deadlines in a table: no closures, so a machine's timers can be listed,
 * tested and put off by whoever owns the clock. Imports nothing.
 */

/** `Name` numbers the slots 0 … size-1. A slot holds a time in milliseconds, or Infinity when it is not set. */
export class Timers {
	readonly #deadlines: number[];

	constructor(size: number) {
		this.#deadlines = new Array<number>(size).fill(Number.POSITIVE_INFINITY);
	}

	set(slot: number, deadline: number): void {
		this.#deadlines[slot] = deadline;
	}

	clear(slot: number): void {
		this.#deadlines[slot] = Number.POSITIVE_INFINITY;
	}

	/** The slot's deadline, or Infinity. */
	at(slot: number): number {
		return this.#deadlines[slot] ?? Number.POSITIVE_INFINITY;
	}

	isSet(slot: number): boolean {
		return this.at(slot) < Number.POSITIVE_INFINITY;
	}

	/** The earliest deadline, or Infinity. */
	deadline(): number {
		const deadlines = this.#deadlines;
		let earliest = Number.POSITIVE_INFINITY;
		for (let slot = 0; slot < deadlines.length; slot++) {
			const deadline = deadlines[slot] as number;
			if (deadline < earliest) earliest = deadline;
		}
		return earliest;
	}

	/** Takes one slot that is due at `now`: clears it and gives its number, or -1 when none is. */
	take(now: number): number {
		for (let slot = 0; slot < this.#deadlines.length; slot++) {
			if ((this.#deadlines[slot] ?? Number.POSITIVE_INFINITY) <= now) {
				this.clear(slot);
				return slot;
			}
		}
		return -1;
	}
}
