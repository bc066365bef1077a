import { ok } from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ProfileDatabase } from "../../../tools/serve/database.js";
import { DatabaseWatch } from "../../../tools/serve/watch.js";

describe("database watch", () => {
	it("tells of commits by another process, and of each that comes after", async () => {
		const directory = mkdtempSync(join(tmpdir(), "hookswitch-"));
		const file = join(directory, "profiles.db");
		const database = new ProfileDatabase(file);
		let wake: (() => void) | undefined;
		const watch = new DatabaseWatch(
			database,
			() => wake?.(),
			(error) => {
				throw error;
			},
		);
		const shell = spawn("sqlite3", [file], {
			stdio: ["pipe", "ignore", "inherit"],
		});
		try {
			for (let value = 1; value <= 5; value++) {
				const seen = new Promise<void>((done) => {
					wake = done;
				});
				const before = database.lastChange();
				shell.stdin.write(
					`INSERT INTO setting (scope, subject, path, value) VALUES ('group', 'g', 'p${value}', '1');\n`,
				);
				await seen;
				ok(database.lastChange() > before);
			}
		} finally {
			shell.stdin.end();
			watch.close();
			await new Promise((done) => shell.once("exit", done));
			database.close();
			rmSync(directory, { recursive: true });
		}
	});
});
