/**
 * Rules of key-value storage, the same on every host. Whoever loads this gives
 * `testKeyValue`: an open, empty storage of its own, with room for 256 KB.
 */
import {
	type KeyValue,
	MAXIMUM_KEY,
	MAXIMUM_VALUE,
} from "../../hosts/platform.js";
import { deepEqual, describe, equal, host, it, ok, utf8 } from "../portable.js";

function storage(): KeyValue {
	const { testKeyValue } = globalThis as unknown as { testKeyValue: KeyValue };
	for (const key of [...testKeyValue]) testKeyValue.delete(key);
	return testKeyValue;
}

function bytesOf(store: KeyValue, key: string): readonly number[] | undefined {
	const value = store.read(key);
	return value === undefined ? undefined : Array.from(new Uint8Array(value));
}

function refuses(body: () => unknown): void {
	let thrown: unknown;
	try {
		body();
	} catch (error) {
		thrown = error;
	}
	ok(thrown instanceof Error, "is not an error");
}

/** A value whose bytes tell which it is. */
function value(length: number, seed: number): Uint8Array {
	const bytes = new Uint8Array(length).fill(seed);
	bytes[0] = seed ^ 0xff;
	return bytes;
}

function holds(store: KeyValue, key: string, expected: Uint8Array): void {
	const bytes = new Uint8Array(store.read(key) ?? new ArrayBuffer(0));
	equal(bytes.length, expected.length, `length of ${key}:`);
	const digests = [bytes, expected].map((each) =>
		host().hex(host().digest("SHA-256", [each]), 0, 8),
	);
	equal(digests[0], digests[1], `bytes of ${key}:`);
}

describe("key-value storage", () => {
	it("gives undefined for a key that it does not hold", () => {
		equal(storage().read("nothing"), undefined);
	});

	it("gives back what was written, and the newest of several", () => {
		const store = storage();
		store.write("k", utf8("one"));
		deepEqual(bytesOf(store, "k"), [...utf8("one")]);
		store.write("k", utf8("second"));
		deepEqual(bytesOf(store, "k"), [...utf8("second")]);
		store.write("k", utf8("3"));
		deepEqual(bytesOf(store, "k"), [...utf8("3")]);
	});

	it("takes a buffer and a view that does not begin its buffer", () => {
		const store = storage();
		store.write("view", utf8("xxabcxx").subarray(2, 5));
		deepEqual(bytesOf(store, "view"), [...utf8("abc")]);
		store.write("buffer", new Uint8Array([7, 8]).buffer);
		deepEqual(bytesOf(store, "buffer"), [7, 8]);
	});

	it("holds every byte value, and lengths around a word and a flash sector", () => {
		const store = storage();
		const all = new Uint8Array(256).map((_, index) => index);
		store.write("all", all);
		deepEqual(bytesOf(store, "all"), [...all]);
		for (const length of [1, 2, 3, 4, 5, 979, 980, 981, 4_095, 4_096, 4_097]) {
			store.write("length", value(length, length & 0xff));
			holds(store, "length", value(length, length & 0xff));
		}
	});

	it("an empty value is not an absent one", () => {
		const store = storage();
		store.write("empty", new Uint8Array(0));
		equal(store.read("empty")?.byteLength, 0);
	});

	it("what is read belongs to the reader, what was written stays the writer's", () => {
		const store = storage();
		const mine = utf8("abc");
		store.write("k", mine);
		mine[0] = 0;
		new Uint8Array(store.read("k") ?? new ArrayBuffer(0))[1] = 0;
		deepEqual(bytesOf(store, "k"), [...utf8("abc")]);
	});

	it("delete says whether there was something", () => {
		const store = storage();
		store.write("k", utf8("x"));
		equal(store.delete("k"), true);
		equal(store.read("k"), undefined);
		equal(store.delete("k"), false);
	});

	it("iterates over its keys, each once", () => {
		const store = storage();
		for (const key of ["b", "a", "c", "a"]) store.write(key, utf8(key));
		store.delete("b");
		deepEqual([...store].sort(), ["a", "c"]);
	});

	it("keys may be deleted while it iterates", () => {
		const store = storage();
		for (const key of ["a", "b", "c", "d"]) store.write(key, utf8(key));
		for (const key of store) store.delete(key);
		deepEqual([...store], []);
	});

	it("keys that begin alike are different keys", () => {
		const store = storage();
		store.write("device", utf8("1"));
		store.write("device.a", utf8("2"));
		store.write("device.b", utf8("3"));
		deepEqual(bytesOf(store, "device"), [...utf8("1")]);
		deepEqual(bytesOf(store, "device.a"), [...utf8("2")]);
	});

	it("refuses what is no key", () => {
		const store = storage();
		const longest = "k".repeat(MAXIMUM_KEY);
		store.write(longest, utf8("x"));
		deepEqual(bytesOf(store, longest), [...utf8("x")]);
		for (const key of [`${longest}k`, "", "a b", "\u00e9", "a\u0000"])
			refuses(() => store.write(key, utf8("x")));
		deepEqual([...store], [longest]);
	});

	it("holds the largest value, and refuses a larger one without harm", () => {
		const store = storage();
		const largest = value(MAXIMUM_VALUE, 5);
		store.write("k", largest);
		holds(store, "k", largest);
		refuses(() => store.write("k", value(MAXIMUM_VALUE + 1, 6)));
		holds(store, "k", largest);
	});

	it("full: it says so, keeps what it had, and takes again after a deletion", () => {
		const store = storage();
		store.write("precious", utf8("kept"));
		let count = 0;
		for (; count < 64; count++) {
			try {
				store.write(`fill.${count}`, value(16_000, count));
			} catch {
				break;
			}
		}
		ok(count >= 8, "too few values fit");
		ok(count < 64, "too many values fit");
		refuses(() => store.write("precious", value(16_000, 1)));
		deepEqual(bytesOf(store, "precious"), [...utf8("kept")]);
		for (let held = 0; held < count; held++)
			holds(store, `fill.${held}`, value(16_000, held));
		store.delete("fill.0");
		store.delete("fill.1");
		store.write("after", value(16_000, 9));
		holds(store, "after", value(16_000, 9));
		deepEqual(bytesOf(store, "precious"), [...utf8("kept")]);
	});
});
