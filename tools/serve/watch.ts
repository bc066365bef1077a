/**
 * Notices commits to a SQLite file by any process within milliseconds: the file
 * system's events say when to look, `PRAGMA data_version` says whether something
 * was committed. Most events come before the commit is visible, so each is followed
 * by looks after 1, 5 and 20 ms, and a look every second catches what no event told
 * (a file system without events, another mount of the same directory).
 */
import { type FSWatcher, watch } from "node:fs";
import { basename, dirname, resolve } from "node:path";

const looksAfter = [1, 5, 20];
const pollEvery = 1000;

export interface Watched {
	readonly file: string;
	/** A number that differs after each commit of another connection. */
	dataVersion(): number;
}

/** Calls `changed` after each commit by another connection, once for those that one look finds together. */
export class DatabaseWatch {
	readonly #database: Watched;
	readonly #changed: () => void;
	readonly #failed: (error: Error) => void;
	readonly #names: ReadonlySet<string>;
	readonly #poll: NodeJS.Timeout;
	#events: FSWatcher | undefined;
	#looks: NodeJS.Timeout[] = [];
	#version: number;

	constructor(
		database: Watched,
		changed: () => void,
		failed: (error: Error) => void,
	) {
		this.#database = database;
		this.#changed = changed;
		this.#failed = failed;
		const path = resolve(database.file);
		this.#names = new Set([basename(path), `${basename(path)}-wal`]);
		this.#version = database.dataVersion();
		try {
			// The directory, because the write-ahead log comes and goes.
			this.#events = watch(dirname(path), (_, name) => {
				if (name === null || this.#names.has(name)) this.#event();
			});
			this.#events.on("error", (error) => this.#lost(error));
		} catch (error) {
			this.#lost(error as Error);
		}
		this.#poll = setInterval(() => this.#look(), pollEvery);
	}

	close(): void {
		this.#events?.close();
		clearInterval(this.#poll);
		for (const look of this.#looks) clearTimeout(look);
		this.#looks = [];
	}

	/** Without events the poll goes on: changes are seen within a second. */
	#lost(error: Error): void {
		this.#events?.close();
		this.#events = undefined;
		this.#failed(error);
	}

	#event(): void {
		this.#look();
		for (const look of this.#looks) clearTimeout(look);
		this.#looks = looksAfter.map((after) =>
			setTimeout(() => this.#look(), after),
		);
	}

	#look(): void {
		try {
			const version = this.#database.dataVersion();
			if (version === this.#version) return;
			this.#version = version;
			this.#changed();
		} catch (error) {
			this.#failed(error as Error);
		}
	}
}
