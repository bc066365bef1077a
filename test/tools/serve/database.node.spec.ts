import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ProfileDatabase } from "../../../tools/serve/database.js";

const alice = "sip:alice@example.com";
const instance = "urn:uuid:00000000-0000-1000-8000-000000000001";

/** Plain SQL by a program that knows nothing of Hookswitch. */
function sql(file: string, statements: string): void {
	execFileSync("sqlite3", [file, `PRAGMA busy_timeout=2000;${statements}`]);
}

describe("profile database", () => {
	let directory: string;
	let file: string;
	let database: ProfileDatabase;

	beforeEach(() => {
		directory = mkdtempSync(join(tmpdir(), "hookswitch-"));
		file = join(directory, "profiles.db");
		database = new ProfileDatabase(file);
	});
	afterEach(() => {
		database.close();
		rmSync(directory, { recursive: true });
	});

	it("keeps settings by subject and path", () => {
		const subject = { scope: "user", name: alice } as const;
		database.set(subject, { path: "registration/@expires", value: "600" });
		database.set(subject, { path: "registration/@expires", value: "300" });
		deepEqual(database.settings(subject), [
			{ path: "registration/@expires", value: "300" },
		]);
		equal(database.unset(subject, "registration/@expires"), true);
		equal(database.unset(subject, "registration/@expires"), false);
		equal(database.hasUser(alice), true, "who has settings is a user");
	});

	it("orders a member's groups from weak to strong", () => {
		database.join("sales", alice, 2);
		database.join("everyone", alice, 1);
		deepEqual(database.groupsOf(alice), ["everyone", "sales"]);
	});

	it("keeps the other right when a rule sets one", () => {
		const rule = { match: "user", value: "sip:bob@example.com" } as const;
		database.setRule(alice, { ...rule, presence: "allow", contact: undefined });
		database.setRule(alice, { ...rule, presence: undefined, contact: "block" });
		deepEqual(database.access(alice)?.rules, [
			{ ...rule, presence: "allow", contact: "block" },
		]);
		equal(database.removeAccess(alice), true);
		equal(database.access(alice), undefined);
	});

	it("logs changes that any program makes with plain SQL, each subject once", () => {
		const before = database.lastChange();
		sql(
			file,
			`INSERT OR REPLACE INTO setting (scope, subject, path, value) VALUES ('user', '${alice}', 'a', '1');
			INSERT OR REPLACE INTO setting (scope, subject, path, value) VALUES ('user', '${alice}', 'a', '2');
			INSERT OR IGNORE INTO setting (scope, subject, path, value) VALUES ('device', '${instance}', 'b', '1');
			INSERT OR IGNORE INTO setting (scope, subject, path, value) VALUES ('device', '${instance}', 'c', '1');
			INSERT INTO access_rule (aor, match, value, contact) VALUES ('${alice}', 'number', '+44', 'block');
			INSERT INTO membership VALUES ('sales', '${instance}', 0);`,
		);
		deepEqual(
			new Set(
				database
					.changesAfter(before)
					.map(({ kind, subject }) => `${kind} ${subject}`),
			),
			new Set([`user ${alice}`, `device ${instance}`, `access ${alice}`]),
		);
	});

	it("never uses a change's number twice", () => {
		sql(
			file,
			`INSERT INTO setting (scope, subject, path, value) VALUES ('group', 'a', 'x', '1');`,
		);
		const first = database.lastChange();
		sql(file, `DELETE FROM setting;`);
		equal(database.lastChange(), first + 1);
	});

	it("does not log a row written over with the same values", () => {
		database.set({ scope: "group", name: "g" }, { path: "p", value: "1" });
		const before = database.lastChange();
		database.set({ scope: "group", name: "g" }, { path: "p", value: "1" });
		sql(file, "UPDATE setting SET value = '1'");
		deepEqual(database.changesAfter(before), []);
		sql(file, "UPDATE setting SET subject = 'h'");
		deepEqual(
			database.changesAfter(before).map(({ subject }) => subject),
			["g", "h"],
			"a row that moves changes both",
		);
	});

	it("refuses somebody else's database and leaves it as it is", () => {
		const other = join(directory, "other.db");
		sql(other, "CREATE TABLE secret (a)");
		const before = readFileSync(other);
		throws(() => new ProfileDatabase(other), { code: "foreign-database" });
		ok(before.equals(readFileSync(other)));
	});

	it("refuses a file that is not a database, one that is newer, and one that is missing when told not to create it", () => {
		const text = join(directory, "text");
		writeFileSync(
			text,
			"not a database, but long enough to have a header".repeat(9),
		);
		throws(() => new ProfileDatabase(text), { code: "database-unusable" });
		throws(
			() => new ProfileDatabase(join(directory, "no"), { create: false }),
			{
				code: "no-database",
			},
		);
		sql(file, "PRAGMA user_version = 99");
		throws(() => new ProfileDatabase(file), { code: "newer-database" });
	});
});
