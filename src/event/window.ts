/**
 * Who is sent to next: a queue in front of a window of limited width, so that a
 * change for ten thousand does not drown the sockets. A place that is not given back
 * in time is given to the next, so that a dead subscriber delays nobody. Does not
 * know what is sent.
 */

/** What stands in the queue; the flags are the window's. */
export interface Queued {
	/** In the queue. */
	queued: boolean;
	/** Until when it holds a place at most, in ms; 0: it holds none. */
	placedUntil: number;
}

interface Place<Item extends Queued> {
	readonly item: Item;
	readonly until: number;
}

export class Window<Item extends Queued> {
	readonly #width: number;
	readonly #placeTime: number;
	/** Both are taken from their head on, and emptied when the head has come to the end. */
	#queue: Item[] = [];
	#queueHead = 0;
	#places: Place<Item>[] = [];
	#placesHead = 0;
	#placed = 0;

	/** `placeTime`: ms after which a place is free though nothing has come back. */
	constructor(width: number, placeTime: number) {
		this.#width = width;
		this.#placeTime = placeTime;
	}

	add(item: Item): void {
		if (item.queued) return;
		item.queued = true;
		this.#queue.push(item);
	}

	/** The next one, if there is a place; it takes none until `place`. */
	next(): Item | undefined {
		if (this.#placed >= this.#width) return undefined;
		const item = this.#queue[this.#queueHead];
		if (item === undefined) {
			if (this.#queueHead > 0) {
				this.#queue = [];
				this.#queueHead = 0;
			}
			return undefined;
		}
		this.#queueHead += 1;
		item.queued = false;
		return item;
	}

	place(now: number, item: Item): void {
		item.placedUntil = now + this.#placeTime;
		this.#placed += 1;
		this.#places.push({ item, until: item.placedUntil });
	}

	release(item: Item): void {
		if (item.placedUntil === 0) return;
		item.placedUntil = 0;
		this.#placed -= 1;
	}

	timeout(now: number): void {
		for (;;) {
			const place = this.#places[this.#placesHead];
			if (place === undefined || place.until > now) break;
			this.#placesHead += 1;
			// It may have come back and hold another place by now.
			if (place.item.placedUntil === place.until) this.release(place.item);
		}
		if (this.#placesHead * 2 < this.#places.length) return;
		this.#places = this.#places.slice(this.#placesHead);
		this.#placesHead = 0;
	}

	/** When the next place is free at the latest, if anybody waits for it. */
	deadline(): number {
		if (this.#queueHead >= this.#queue.length || this.#placed < this.#width)
			return Number.POSITIVE_INFINITY;
		return this.#places[this.#placesHead]?.until ?? Number.POSITIVE_INFINITY;
	}
}
