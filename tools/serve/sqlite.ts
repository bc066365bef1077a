/**
 * Opening SQLite files through libsql: write-ahead log, busy time-out, migrations,
 * and errors that say which file and what to do. The one place that imports libsql.
 */
import { closeSync, existsSync, openSync } from "node:fs";
import { resolve } from "node:path";
import Libsql from "libsql";
import { UsageError } from "../usage-error.js";

export type Sqlite = Libsql.Database;
export type Statement = Libsql.Statement<unknown[]>;

export interface OpenOptions {
	/** Makes the file where there is none (default). */
	readonly create?: boolean;
	/** "HSWD" and the like: a file with another id, and tables in it, is somebody else's. */
	readonly applicationId: number;
	readonly migrations: readonly string[];
	/** A commit is on disk before it returns. Off: it survives a killed process, not a power cut. */
	readonly durable: boolean;
}

/** Another process may hold the write lock for this long before a write gives up. */
const busyTimeout = 5000;

export function openSqlite(file: string, options: OpenOptions): Sqlite {
	const path = resolve(file);
	if (options.create === false && !existsSync(path))
		throw new UsageError(
			"no-database",
			`${path}: no such database`,
			"name an existing file with --database, or start `hookswitch serve` once to create it",
		);
	let database: Sqlite | undefined;
	try {
		createPrivate(path);
		database = new Libsql(path, { timeout: busyTimeout });
		// Before anything is written: somebody else's file stays as it is.
		refuseForeign(database, path, options.applicationId);
		database.exec("PRAGMA journal_mode = WAL");
		database.exec(
			`PRAGMA synchronous = ${options.durable ? "FULL" : "NORMAL"}`,
		);
		migrate(database, path, options);
		return database;
	} catch (error) {
		database?.close();
		if (error instanceof UsageError) throw error;
		throw new UsageError(
			"database-unusable",
			`${path}: ${(error as Error).message}`,
			"name a SQLite file in a directory that this user may write",
		);
	}
}

/**
 * What digests prove is as good as a password: readable by its owner only. An
 * existing file is not opened: closing it would give up the locks that this process
 * holds on it through another connection (POSIX).
 */
function createPrivate(path: string): void {
	try {
		closeSync(openSync(path, "wx", 0o600));
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
	}
}

/** The one integer that `PRAGMA name` gives. */
export function pragmaNumber(database: Sqlite, name: string): number {
	const [row] = database.prepare(`PRAGMA ${name}`).raw().all() as [
		[number] | undefined,
	];
	return row?.[0] ?? 0;
}

function isMine(database: Sqlite, applicationId: number): boolean {
	return pragmaNumber(database, "application_id") === applicationId;
}

function refuseForeign(
	database: Sqlite,
	path: string,
	applicationId: number,
): void {
	if (isMine(database, applicationId)) return;
	const tables = database.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").all();
	if (tables.length > 0)
		throw new UsageError(
			"foreign-database",
			`${path}: not a Hookswitch database of this kind`,
			"name another file with --database; this one was left as it is",
		);
}

function migrate(
	database: Sqlite,
	path: string,
	{ applicationId, migrations }: OpenOptions,
): void {
	const version = () => pragmaNumber(database, "user_version");
	if (isMine(database, applicationId) && version() === migrations.length)
		return;
	database.exec("BEGIN IMMEDIATE");
	try {
		// Looked at again under the lock: two processes may open a new file at once.
		refuseForeign(database, path, applicationId);
		if (version() > migrations.length)
			throw new UsageError(
				"newer-database",
				`${path}: written by a newer Hookswitch (schema ${version()}, this program knows ${migrations.length})`,
				"update Hookswitch, or name another file with --database",
			);
		for (const migration of migrations.slice(version()))
			database.exec(migration);
		database.exec(`PRAGMA application_id = ${applicationId}`);
		database.exec(`PRAGMA user_version = ${migrations.length}`);
		database.exec("COMMIT");
	} catch (error) {
		database.exec("ROLLBACK");
		throw error;
	}
}
