import {
	type DocumentLabel,
	documentName,
	Journal,
	MAX_DOCUMENTS,
} from "../../src/config/journal.js";
import {
	ascii,
	deepEqual,
	describe,
	equal,
	host,
	it,
	ok,
	utf8,
} from "../portable.js";

/** A key-value store that can fail, or lose power, at its n-th operation. */
class Store {
	readonly values = new Map<string, Uint8Array>();
	/** Counts down; the operation that reaches 0 fails. */
	failAt = Number.POSITIVE_INFINITY;
	/** The same, but the power goes: the operation leaves half of its bytes, and later ones nothing. */
	cutAt = Number.POSITIVE_INFINITY;
	operations = 0;

	read = (key: string) => this.values.get(key);

	drain(journal: Journal): string[] {
		const log: string[] = [];
		for (;;) {
			const output = journal.next();
			if (output === undefined) return log;
			this.operations++;
			if (this.operations > this.cutAt) continue;
			let done = this.operations !== this.failAt;
			if (this.operations === this.cutAt) {
				const half = output.bytes?.slice(0, output.bytes.length >> 1);
				if (half !== undefined) this.values.set(output.key, half);
				continue;
			}
			if (done) {
				if (output.bytes === undefined) this.values.delete(output.key);
				else this.values.set(output.key, output.bytes);
			}
			const result = journal.stored(output.key, done);
			if (result !== undefined) {
				done = result.ok;
				log.push(`${result.name} ${done}`);
			}
		}
	}
}

function label(digest: string): DocumentLabel {
	return {
		profile: "device",
		for: "urn:uuid:1",
		digest,
		etag: "",
		server: "sip:p.example",
		proof: "",
	};
}

function save(journal: Journal, name: string, text: string): boolean {
	return journal.save(name, label(`d-${text}`), utf8(text));
}

function body(journal: Journal, name: string): string | undefined {
	const document = journal.load(name);
	if (document === undefined) return undefined;
	equal(document.digest, `d-${ascii(document.body)}`);
	return ascii(document.body);
}

function boot(store: Store, safeStart = false): Journal {
	return new Journal(host(), store.read, safeStart);
}

describe("journal", () => {
	it("gives back after a restart what was saved last, with its label", () => {
		const store = new Store();
		const journal = boot(store);
		for (const text of ["one", "two", "three"]) {
			save(journal, "device", text);
			store.drain(journal);
			equal(body(journal, "device"), text);
		}
		const document = boot(store).load("device");
		equal(document && ascii(document.body), "three");
		equal(document?.for, "urn:uuid:1");
		equal(document?.server, "sip:p.example");
		equal(boot(store).load("other"), undefined);
	});

	it("writes the two slots in turn, and the index once", () => {
		const store = new Store();
		const journal = boot(store);
		const keys: string[] = [];
		for (const text of ["one", "two", "three"]) {
			save(journal, "device", text);
			for (let output = journal.next(); output; output = journal.next()) {
				keys.push(output.key);
				store.values.set(output.key, output.bytes ?? new Uint8Array(0));
				journal.stored(output.key, true);
			}
		}
		deepEqual(keys, ["index.a", "device.a", "device.b", "device.a"]);
	});

	it("has one write per document in flight, and of those that wait the newest wins", () => {
		const journal = boot(new Store());
		save(journal, "device", "one");
		equal(journal.next()?.key, "index.a");
		equal(journal.next()?.key, "device.a");
		save(journal, "device", "two");
		save(journal, "device", "three");
		equal(journal.next(), undefined);
		deepEqual(journal.stored("device.a", true), { name: "device", ok: true });
		const output = journal.next();
		equal(output?.key, "device.b");
		ok(output?.bytes && ascii(output.bytes.subarray(20)).includes("three"));
	});

	it("survives a cut at any write: the old version or the new, whole, and all others", () => {
		for (let cutAt = 1; cutAt <= 12; cutAt++) {
			const store = new Store();
			store.cutAt = cutAt;
			let journal = boot(store);
			save(journal, "device", "d0");
			save(journal, "user", "u0");
			store.drain(journal);
			const seen: (string | undefined)[] = [];
			for (let round = 1; round < 6; round++) {
				save(journal, "device", `d${round}`);
				store.drain(journal);
				seen.push(body(boot(store), "device"));
			}
			const written = Math.max(0, cutAt - 2);
			journal = boot(store);
			const found = body(journal, "device");
			// Operations: index, d0, u0, d1, d2 …; the one at `cutAt` is lost.
			const expected =
				cutAt <= 2 ? undefined : `d${Math.min(5, Math.max(0, written - 2))}`;
			equal(found, expected, `cut at ${cutAt}`);
			equal(body(journal, "user"), cutAt <= 3 ? undefined : "u0");
			// And the device can go on from there.
			store.cutAt = Number.POSITIVE_INFINITY;
			save(journal, "device", "next");
			store.drain(journal);
			equal(body(boot(store), "device"), "next");
		}
	});

	it("keeps the slot in use when a write fails, and writes again next time", () => {
		for (let failAt = 1; failAt <= 6; failAt++) {
			const store = new Store();
			store.failAt = failAt;
			const journal = boot(store);
			let last: string | undefined;
			for (let round = 0; round < 5; round++) {
				save(journal, "device", `d${round}`);
				const log = store.drain(journal);
				if (log.includes("device true")) last = `d${round}`;
				equal(body(boot(store), "device"), last, `fails at ${failAt}`);
			}
			equal(last, failAt === 6 ? "d3" : "d4");
		}
	});

	it("takes the older slot when the newer is damaged, whichever byte it is", () => {
		const store = new Store();
		const journal = boot(store);
		save(journal, "device", "one");
		store.drain(journal);
		save(journal, "device", "two");
		store.drain(journal);
		const newer = store.values.get("device.b") as Uint8Array;
		for (let at = 0; at < newer.length; at++) {
			const damaged = newer.slice();
			damaged[at] = (damaged[at] ?? 0) ^ 0x10;
			store.values.set("device.b", damaged);
			equal(body(boot(store), "device"), "one", `byte ${at}`);
			store.values.set("device.b", newer.slice(0, at));
			equal(body(boot(store), "device"), "one", `cut at ${at}`);
		}
		store.values.set("device.b", new Uint8Array([...newer, 0]));
		equal(body(boot(store), "device"), "one");
	});

	it("starts safely with the version before the newest, and remembers which one it condemned", () => {
		const store = new Store();
		const journal = boot(store);
		for (const text of ["one", "two"]) {
			save(journal, "device", text);
			store.drain(journal);
		}
		const safe = boot(store, true);
		equal(body(safe, "device"), "one");
		equal(safe.condemned("device"), "d-two");
		store.drain(safe);
		const next = boot(store);
		equal(body(next, "device"), "one");
		equal(next.condemned("device"), "d-two");
		save(next, "device", "three");
		store.drain(next);
		equal(next.condemned("device"), undefined);
		const last = boot(store);
		equal(body(last, "device"), "three");
		equal(last.condemned("device"), undefined);
		equal(body(boot(store, true), "device"), "one");
	});

	it("sets one document aside at each safe start, the newest of all first", () => {
		const store = new Store();
		const journal = boot(store);
		for (const [name, text] of [
			["device", "one"],
			["u1", "a"],
			["u1", "b"],
			["a1", "x"],
			["a1", "y"],
		] as const) {
			save(journal, name, text);
			store.drain(journal);
		}
		const seen: string[] = [];
		for (let crashes = 0; crashes < 4; crashes++) {
			const safe = boot(store, true);
			seen.push(
				["device", "u1", "a1"].map((name) => body(safe, name) ?? "-").join(" "),
			);
			store.drain(safe);
		}
		// The last one has no version before it: it is left out, but would be taken again.
		deepEqual(seen, ["one b x", "one a x", "- a x", "- a x"]);
		const after = boot(store);
		equal(after.condemned("device"), undefined);
		equal(after.condemned("u1"), "d-b");
		equal(after.condemned("a1"), "d-y");
		save(after, "device", "one");
		store.drain(after);
		equal(body(boot(store), "device"), "one");
	});

	it("does not overwrite the only version of a document that it left out", () => {
		const store = new Store();
		const journal = boot(store);
		save(journal, "device", "one");
		store.drain(journal);
		const safe = boot(store, true);
		equal(body(safe, "device"), undefined);
		equal(safe.condemned("device"), undefined);
		// The mark is lost to a power cut: it was the document's own slot, and nothing else has it.
		store.drain(safe);
		equal(body(boot(store), "device"), undefined);
		const next = boot(store);
		save(next, "device", "two");
		store.drain(next);
		equal(body(boot(store), "device"), "two");
	});

	it("survives a cut while it marks a condemned version", () => {
		const store = new Store();
		const journal = boot(store);
		for (const text of ["one", "two"]) {
			save(journal, "device", text);
			store.drain(journal);
		}
		store.cutAt = store.operations + 1;
		const safe = boot(store, true);
		equal(body(safe, "device"), "one");
		store.drain(safe);
		equal(body(boot(store), "device"), "one");
	});

	it("deletes what is removed, and what nobody asked for", () => {
		const store = new Store();
		const journal = boot(store);
		for (const name of ["device", "u1", "u2"]) save(journal, name, name);
		store.drain(journal);
		journal.remove("u1");
		store.drain(journal);
		deepEqual([...store.values.keys()].sort(), [
			"device.a",
			"index.a",
			"index.b",
			"u2.a",
		]);
		const next = boot(store);
		equal(body(next, "device"), "device");
		next.removeUnclaimed();
		store.drain(next);
		deepEqual(
			[...store.values.keys()].filter((key) => !key.startsWith("index")),
			["device.a"],
		);
		const last = boot(store);
		equal(body(last, "device"), "device");
		last.removeUnclaimed();
		deepEqual(store.drain(last), []);
	});

	it("does not mistake the end of a delete for the end of a later write", () => {
		const journal = boot(new Store());
		save(journal, "u1", "one");
		for (let output = journal.next(); output; output = journal.next()) {
			// Nothing has come back yet.
		}
		journal.remove("u1");
		save(journal, "u1", "two");
		const keys: string[] = [];
		for (let output = journal.next(); output; output = journal.next())
			keys.push(output.key);
		deepEqual(keys.slice(0, 2), ["u1.a", "u1.b"]);
		// The first write, the two deletes; then the index and the second write.
		equal(journal.stored("u1.a", true), undefined);
		equal(journal.stored("u1.a", true), undefined);
		equal(journal.stored("u1.b", true), undefined);
		journal.stored("index.a", true);
		deepEqual(journal.stored("u1.a", false), { name: "u1", ok: false });
	});

	it("writes what could not be stored again when it is told to, unless something newer came", () => {
		const store = new Store();
		const journal = boot(store);
		store.failAt = 2;
		save(journal, "device", "one");
		deepEqual(store.drain(journal), ["device false"]);
		deepEqual(store.drain(journal), []);
		journal.retry();
		deepEqual(store.drain(journal), ["device true"]);
		equal(body(boot(store), "device"), "one");
		journal.retry();
		deepEqual(store.drain(journal), []);

		store.failAt = store.operations + 1;
		save(journal, "device", "two");
		store.drain(journal);
		save(journal, "device", "three");
		journal.retry();
		deepEqual(store.drain(journal), ["device true"]);
		equal(body(boot(store), "device"), "three");
	});

	it("does not count names that it holds nothing of", () => {
		const store = new Store();
		const journal = boot(store);
		for (let number = 0; number <= MAX_DOCUMENTS; number++)
			journal.load(`nothing${number}`);
		ok(save(journal, "device", "one"));
	});

	it("holds a limited number of documents", () => {
		const journal = boot(new Store());
		let saved = 0;
		while (saved < 100 && save(journal, `u${saved}`, "x")) saved++;
		ok(saved >= MAX_DOCUMENTS && saved < 100);
	});

	it("names documents within 15 characters, slot and all", () => {
		equal(documentName(host(), "device", "x"), "device");
		const name = documentName(host(), "user", "sip:alice@example.com");
		ok(name.length <= 13);
		ok(name !== documentName(host(), "access", "sip:alice@example.com"));
		ok(name !== documentName(host(), "user", "sip:bob@example.com"));
	});
});
