/** What must never be in a log: every digest of a password that a site's database holds. */
import { strict as assert } from "node:assert";
import Database from "libsql";

export function secretsOf(databaseFile: string): readonly string[] {
	const database = new Database(databaseFile, { readonly: true });
	try {
		const rows = database.prepare("SELECT ha1 FROM credential").all() as {
			ha1: string;
		}[];
		assert.ok(rows.length >= 2, "a site has credentials");
		return rows.map(({ ha1 }) => ha1);
	} finally {
		database.close();
	}
}
