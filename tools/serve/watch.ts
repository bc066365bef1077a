/**
 * Notices commits to a SQLite file by any process within milliseconds: the file
 * system's events say when to look, `PRAGMA data_version` says whether something
 * was committed. Most events come before the commit is visible (the writer waits for
 * its disk in between, which makes no event), so each is followed by looks that grow
 * rarer, and a look every second catches what no event told (a file system without
 * events, another mount of the same directory).
 */
import { type FSWatcher, watch } from "node:fs";
import { basename, dirname, resolve } from "node:path";

/** Milliseconds from one look to the next after an event. A look costs 6 µs. */
const pauses = [1, 1, 1, 1, 1, 2, 3, 5, 5, 10, 20, 40, 80, 160, 320];
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
	#next: NodeJS.Timeout | undefined;
	#looks = 0;
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
		clearTimeout(this.#next);
	}

	/** Without events the poll goes on: changes are seen within a second. */
	#lost(error: Error): void {
		this.#events?.close();
		this.#events = undefined;
		this.#failed(error);
	}

	#event(): void {
		this.#look();
		this.#looks = 0;
		clearTimeout(this.#next);
		this.#lookAgain();
	}

	#lookAgain(): void {
		const pause = pauses[this.#looks++];
		if (pause === undefined) return;
		this.#next = setTimeout(() => {
			this.#look();
			this.#lookAgain();
		}, pause);
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
