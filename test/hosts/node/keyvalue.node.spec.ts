import assert from "node:assert/strict";
import {
	mkdtempSync,
	readFileSync,
	rmSync,
	statSync,
	truncateSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open } from "../../../hosts/node/keyvalue.js";

function bytes(text: string): Uint8Array {
	return new TextEncoder().encode(text);
}

function contents(path: string): Record<string, string> {
	const store = open({ path, format: "buffer" });
	const found: Record<string, string> = {};
	for (const key of store)
		found[key] = Buffer.from(store.read(key) ?? new ArrayBuffer(0)).toString();
	store.close();
	return found;
}

describe("hosts/node: key-value file", () => {
	let directory: string;
	let path: string;
	beforeEach(() => {
		directory = mkdtempSync(join(tmpdir(), "hookswitch-keyvalue-"));
		path = join(directory, "storage");
	});
	afterEach(() => rmSync(directory, { recursive: true }));

	it("is its owner's alone: profiles hold credentials", () => {
		const store = open({ path, format: "buffer" });
		const mode = () => statSync(path).mode & 0o777;
		assert.equal(mode(), 0o600);
		for (let count = 0; count < 20; count++)
			store.write("a", new Uint8Array(30_000));
		assert.ok(statSync(path).size < 300_000, "was written anew");
		assert.equal(mode(), 0o600);
		store.close();
	});

	it("holds after it was opened again", () => {
		const store = open({ path, format: "buffer" });
		store.write("a", bytes("1"));
		store.write("b", bytes("2"));
		store.write("a", bytes("3"));
		store.delete("b");
		store.close();
		assert.deepEqual(contents(path), { a: "3" });
	});

	it("cut at any length, it holds a prefix of the writes and takes new ones", () => {
		const states: Record<string, string>[] = [{}];
		const ends = [6];
		const store = open({ path, format: "buffer" });
		const write = (key: string, value: string | undefined) => {
			const next = { ...(states.at(-1) ?? {}) };
			if (value === undefined) {
				store.delete(key);
				delete next[key];
			} else {
				store.write(key, bytes(value));
				next[key] = value;
			}
			states.push(next);
			ends.push(statSync(path).size);
		};
		write("a", "first");
		write("b", "");
		write("a", "second, longer");
		write("b", undefined);
		write("c", "\u00e9");
		store.close();
		const whole = readFileSync(path);
		for (let length = 0; length <= whole.length; length++) {
			writeFileSync(path, whole);
			truncateSync(path, length);
			const complete = ends.filter((end) => end <= length).length;
			const expected = states[Math.max(complete - 1, 0)];
			assert.deepEqual(contents(path), expected, `cut at ${length}`);
			const again = open({ path, format: "buffer" });
			again.write("new", bytes("n"));
			again.close();
			assert.deepEqual(contents(path), { ...expected, new: "n" });
		}
	});

	it("a last record whose bytes were not all written is cut off", () => {
		const store = open({ path, format: "buffer" });
		store.write("a", bytes("old"));
		const before = statSync(path).size;
		store.write("a", bytes("newer"));
		store.close();
		const whole = readFileSync(path);
		for (let at = before; at < whole.length; at++) {
			const torn = Buffer.from(whole);
			torn[at] = (torn[at] ?? 0) ^ 0x40;
			writeFileSync(path, torn);
			assert.deepEqual(contents(path), { a: "old" }, `byte ${at}`);
		}
	});

	it("does not grow without end, and compaction loses nothing", () => {
		const store = open({ path, format: "buffer" });
		store.write("kept", bytes("kept"));
		const value = new Uint8Array(16_000);
		for (let count = 0; count < 100; count++) {
			value[0] = count;
			store.write("busy", value);
		}
		store.close();
		assert.ok(statSync(path).size < 300_000);
		const again = open({ path, format: "buffer" });
		assert.equal(
			new Uint8Array(again.read("busy") ?? new ArrayBuffer(1))[0],
			99,
		);
		assert.equal(
			Buffer.from(again.read("kept") ?? new ArrayBuffer(0)).toString(),
			"kept",
		);
		again.close();
	});

	it("refuses a file that is something else's, and leaves it as it is", () => {
		writeFileSync(path, "precious text\n");
		assert.throws(() => open({ path, format: "buffer" }), {
			code: "storage-damaged",
		});
		assert.equal(readFileSync(path, "utf8"), "precious text\n");
	});
});
