/** What the profile server does when a file of its own fails it for a while. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SubscriptionRecord } from "../../../src/event/notifier.js";
import { type Change, ProfileDatabase } from "../../../tools/serve/database.js";
import { silentLog } from "../../../tools/serve/log.js";
import { ProfileServer } from "../../../tools/serve/server.js";
import { ServerState, stateFile } from "../../../tools/serve/state.js";
import { SubscriptionStore } from "../../../tools/serve/subscription-store.js";
import { host } from "./watcher.js";

function busy(): Error {
	return Object.assign(new Error("database is locked"), {
		code: "SQLITE_BUSY",
	});
}

class FailingDatabase extends ProfileDatabase {
	failures = 0;
	looks = 0;
	override changesAfter(sequence: number): Change[] {
		this.looks++;
		if (this.failures-- > 0) throw busy();
		return super.changesAfter(sequence);
	}
}

class FailingState extends ServerState {
	failures = 0;
	override transaction(body: () => void): void {
		if (this.failures-- > 0) throw busy();
		super.transaction(body);
	}
}

describe("a file that fails for a while", () => {
	let directory: string;
	let file: string;
	beforeEach(() => {
		directory = mkdtempSync(join(tmpdir(), "hookswitch-"));
		file = join(directory, "site.db");
	});
	afterEach(() => rmSync(directory, { recursive: true }));

	it("the database: the server looks again, though no event comes", () => {
		const database = new FailingDatabase(file);
		const state = new ServerState(stateFile(file));
		const server = new ProfileServer(host, {
			database,
			state,
			domains: [],
			log: silentLog,
		});
		server.started(0, { host: "127.0.0.1", port: 5060 });
		equal(server.deadline(), Number.POSITIVE_INFINITY);
		database.failures = 1;
		server.databaseChanged(1000);
		const again = server.deadline();
		ok(again > 1000 && again <= 2000);
		const { looks } = database;
		server.timeout(again);
		equal(database.looks, looks + 1);
		equal(server.deadline(), Number.POSITIVE_INFINITY);
		state.close();
		database.close();
	});

	it("the state: subscriptions are written later, and no message waits for it", () => {
		const state = new FailingState(file);
		const errors: string[] = [];
		const store = new SubscriptionStore(state, ({ message }) =>
			errors.push(message),
		);
		const record = { id: "a", key: "user sip:a@b", etag: "1", expiresAt: 9e12 };
		store.keep(record as SubscriptionRecord);
		state.failures = 1;
		store.keepPromises(0);
		store.keepPromises(10);
		deepEqual(errors, ["database is locked"], "not tried for each message");
		store.timeout(store.deadline);
		deepEqual(
			state.subscriptions().map(({ id }) => id),
			["a"],
		);
		state.close();
	});

	it("a second connection leaves the locks of the first alone", function () {
		if (process.platform !== "linux") this.skip();
		const first = new ProfileDatabase(file);
		first.lastChange();
		const { ino } = statSync(file);
		const locks = () =>
			readFileSync("/proc/locks", "utf8")
				.split("\n")
				.filter((line) => line.includes(`:${ino} `)).length;
		const held = locks();
		ok(held > 0);
		const second = new ProfileDatabase(file);
		equal(locks(), held);
		second.close();
		first.close();
	});
});
