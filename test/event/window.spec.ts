import { type Queued, Window } from "../../src/event/window.js";
import { deepEqual, describe, equal, it, ok } from "../portable.js";

class Item implements Queued {
	queued = false;
	placedUntil = 0;
	readonly name: number;
	constructor(name: number) {
		this.name = name;
	}
}

/** Takes as many as there are places for. */
function take(now: number, window: Window<Item>): Item[] {
	const taken: Item[] = [];
	for (;;) {
		const item = window.next();
		if (item === undefined) return taken;
		window.place(now, item);
		taken.push(item);
	}
}

function names(items: readonly Item[]): number[] {
	return items.map(({ name }) => name);
}

function filled(count: number) {
	const window = new Window<Item>(2, 100);
	const items = Array.from({ length: count }, (_, name) => new Item(name));
	for (const item of items) window.add(item);
	return { window, items };
}

describe("the window", () => {
	it("lets through so many at once, in order", () => {
		const { window } = filled(5);
		const [first, second] = take(0, window);
		ok(first !== undefined && second !== undefined);
		deepEqual(names([first, second]), [0, 1]);
		window.release(second);
		deepEqual(names(take(1, window)), [2]);
		window.release(first);
		window.release(first);
		deepEqual(names(take(2, window)), [3]);
	});

	it("takes nobody twice", () => {
		const { window, items } = filled(1);
		for (const item of items) window.add(item);
		equal(take(0, window).length, 1);
	});

	it("gives the places of those who don't come back to the next", () => {
		const { window } = filled(5);
		take(0, window);
		equal(window.deadline(), 100);
		window.timeout(99);
		deepEqual(take(99, window), []);
		window.timeout(100);
		deepEqual(names(take(100, window)), [2, 3]);
		equal(window.deadline(), 200);
		window.timeout(200);
		deepEqual(names(take(200, window)), [4]);
		equal(window.deadline(), Number.POSITIVE_INFINITY);
	});

	it("does not take a new place for the old one", () => {
		const { window, items } = filled(3);
		const [first, second, third] = items;
		ok(first !== undefined && second !== undefined && third !== undefined);
		take(0, window);
		window.release(first);
		window.release(second);
		// The third, then the first again.
		window.add(first);
		deepEqual(names(take(50, window)), [2, 0]);
		window.add(second);
		window.timeout(100);
		deepEqual(take(100, window), []);
		window.timeout(150);
		deepEqual(names(take(150, window)), [1]);
	});
});
