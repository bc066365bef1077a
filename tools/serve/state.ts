/**
 * What the profile server itself must remember across a restart: subscriptions and
 * the version number of each document. A file of its own beside the database, so
 * that a program that holds the database's write lock never stops the server.
 */
import { existsSync } from "node:fs";
import { openSqlite, type Sqlite, type Statement } from "./sqlite.js";

/** "HSST" */
const applicationId = 0x48535354;

const migrations = [
	`
CREATE TABLE subscription (
	id      TEXT PRIMARY KEY NOT NULL,
	state   TEXT NOT NULL,                       -- JSON: what the notifier exports
	etag    TEXT NOT NULL,                       -- of what the subscriber has; newer than the one in state
	expires INTEGER NOT NULL                     -- milliseconds since 1970
) WITHOUT ROWID;
CREATE TABLE document (
	profile TEXT NOT NULL,
	subject TEXT NOT NULL,
	content TEXT NOT NULL,                       -- SHA-256 of the document with version 0
	version INTEGER NOT NULL,
	PRIMARY KEY (profile, subject)
) WITHOUT ROWID;
`,
];

export interface StoredSubscription {
	readonly id: string;
	readonly state: string;
	readonly etag: string;
	readonly expires: number;
}

export interface DocumentVersion {
	readonly content: string;
	readonly version: number;
}

/** Where the state of the server on `databaseFile` lies. */
export function stateFile(databaseFile: string): string {
	return `${databaseFile}-server`;
}

export class ServerState {
	readonly #sqlite: Sqlite;
	readonly #put: Statement;
	readonly #setEtag: Statement;
	readonly #remove: Statement;
	readonly #version: Statement;
	readonly #setVersion: Statement;

	constructor(file: string) {
		this.#sqlite = openSqlite(file, {
			applicationId,
			migrations,
			durable: false,
		});
		const prepare = (sql: string) => this.#sqlite.prepare(sql);
		this.#put = prepare(
			"INSERT OR REPLACE INTO subscription (id, state, etag, expires) VALUES (?, ?, ?, ?)",
		);
		this.#setEtag = prepare("UPDATE subscription SET etag = ? WHERE id = ?");
		this.#remove = prepare("DELETE FROM subscription WHERE id = ?");
		this.#version = prepare(
			"SELECT content, version FROM document WHERE profile = ? AND subject = ?",
		).raw();
		this.#setVersion = prepare(
			"INSERT OR REPLACE INTO document (profile, subject, content, version) VALUES (?, ?, ?, ?)",
		);
	}

	close(): void {
		this.#sqlite.close();
	}

	transaction(body: () => void): void {
		this.#sqlite.transaction(body).immediate();
	}

	subscriptions(): StoredSubscription[] {
		const rows = this.#sqlite
			.prepare("SELECT id, state, etag, expires FROM subscription")
			.raw()
			.all() as [string, string, string, number][];
		return rows.map(([id, state, etag, expires]) => ({
			id,
			state,
			etag,
			expires,
		}));
	}

	put({ id, state, etag, expires }: StoredSubscription): void {
		this.#put.run([id, state, etag, expires]);
	}

	setEtag(id: string, etag: string): void {
		this.#setEtag.run([etag, id]);
	}

	remove(id: string): void {
		this.#remove.run([id]);
	}

	version(profile: string, subject: string): DocumentVersion | undefined {
		const [row] = this.#version.all([profile, subject]) as [[string, number]?];
		return row === undefined ? undefined : { content: row[0], version: row[1] };
	}

	setVersion(profile: string, subject: string, to: DocumentVersion): void {
		this.#setVersion.run([profile, subject, to.content, to.version]);
	}
}

/** The versions that the server on `databaseFile` has given, to look at only; none where it has never run. */
export function publishedVersions(databaseFile: string): {
	version(profile: string, subject: string): DocumentVersion | undefined;
	setVersion(): void;
} {
	const file = stateFile(databaseFile);
	return {
		version(profile, subject) {
			if (!existsSync(file)) return undefined;
			const state = new ServerState(file);
			try {
				return state.version(profile, subject);
			} finally {
				state.close();
			}
		},
		setVersion() {},
	};
}
