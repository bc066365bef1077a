/**
 * The registrar's memory: which contacts stand for an AoR (RFC 3261 §10), in a file
 * of its own, so that a restart loses nothing.
 */
import { openSqlite, type Sqlite } from "../serve/sqlite.js";

/** "HSRG" */
const applicationId = 0x48535247;

const migrations = [
	`
CREATE TABLE binding (
	aor       TEXT NOT NULL,
	contact   TEXT NOT NULL,                     -- URI
	call_id   TEXT NOT NULL,
	cseq      INTEGER NOT NULL,
	expires   INTEGER NOT NULL,                  -- milliseconds since 1970
	updated   INTEGER NOT NULL,
	path      TEXT NOT NULL,                     -- JSON array of Path values, RFC 3327
	transport TEXT NOT NULL,
	host      TEXT NOT NULL,                     -- where the REGISTER came from
	port      INTEGER NOT NULL,
	PRIMARY KEY (aor, contact)
) WITHOUT ROWID;
`,
];

export interface Binding {
	readonly contact: string;
	readonly callId: string;
	readonly cseq: number;
	readonly expires: number;
	readonly updated: number;
	readonly path: readonly string[];
	readonly transport: "udp" | "tcp" | "tls";
	readonly host: string;
	readonly port: number;
}

type Row = [
	string,
	string,
	number,
	number,
	number,
	string,
	Binding["transport"],
	string,
	number,
];

export class Bindings {
	readonly #sqlite: Sqlite;

	constructor(file: string) {
		this.#sqlite = openSqlite(file, {
			applicationId,
			migrations,
			durable: false,
		});
	}

	close(): void {
		this.#sqlite.close();
	}

	transaction(body: () => void): void {
		this.#sqlite.transaction(body).immediate();
	}

	/** Those that have not run out at `wallClock`, the newest first. */
	of(aor: string, wallClock: number): Binding[] {
		const rows = this.#sqlite
			.prepare(
				`SELECT contact, call_id, cseq, expires, updated, path, transport, host, port
				FROM binding WHERE aor = ? AND expires > ? ORDER BY updated DESC, contact`,
			)
			.raw()
			.all(aor, wallClock) as Row[];
		return rows.map(
			([
				contact,
				callId,
				cseq,
				expires,
				updated,
				path,
				transport,
				host,
				port,
			]) => ({
				contact,
				callId,
				cseq,
				expires,
				updated,
				path: JSON.parse(path) as string[],
				transport,
				host,
				port,
			}),
		);
	}

	put(aor: string, binding: Binding): void {
		this.#sqlite
			.prepare(
				"INSERT OR REPLACE INTO binding VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			)
			.run([
				aor,
				binding.contact,
				binding.callId,
				binding.cseq,
				binding.expires,
				binding.updated,
				JSON.stringify(binding.path),
				binding.transport,
				binding.host,
				binding.port,
			]);
	}

	remove(aor: string, contact: string): void {
		this.#sqlite
			.prepare("DELETE FROM binding WHERE aor = ? AND contact = ?")
			.run([aor, contact]);
	}

	/** Forgets what ran out before `wallClock`. */
	sweep(wallClock: number): void {
		this.#sqlite
			.prepare("DELETE FROM binding WHERE expires <= ?")
			.run([wallClock]);
	}
}
