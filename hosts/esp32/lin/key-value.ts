/**
 * `embedded:storage/key-value` for the SDK's Linux target, which has none: a file
 * for each key in a folder. A new value is written beside the old one and renamed
 * over it. Only buffers; keys are the 15 ASCII characters that NVS allows.
 */
import { Directory, File, Iterator as FileIterator } from "file";

/** Ends the name of a file that is still being written. */
const UNFINISHED = ".new";

class FolderStorage {
	readonly #folder: string;

	constructor(folder: string) {
		this.#folder = folder;
		Directory.create(folder);
	}

	read(key: string): ArrayBuffer | undefined {
		const path = this.#path(key);
		if (!File.exists(path)) return undefined;
		const file = new File(path);
		try {
			return file.read(ArrayBuffer) as ArrayBuffer;
		} finally {
			file.close();
		}
	}

	write(key: string, value: ArrayBuffer): void {
		const path = this.#path(key);
		const unfinished = path + UNFINISHED;
		if (File.exists(unfinished)) File.delete(unfinished);
		const file = new File(unfinished, true);
		try {
			file.write(value);
		} finally {
			file.close();
		}
		// rename(2): the old value or the new one, never neither.
		if (!File.rename(unfinished, key))
			throw new Error(`storage: can't rename ${unfinished}`);
	}

	delete(key: string): void {
		File.delete(this.#path(key));
	}

	[Symbol.iterator](): IterableIterator<string> {
		const keys: string[] = [];
		const entries = new FileIterator(this.#folder);
		for (let entry = entries.next(); entry; entry = entries.next())
			if (entry.length !== undefined && !entry.name.endsWith(UNFINISHED))
				keys.push(entry.name);
		return keys[Symbol.iterator]();
	}

	close(): void {}

	#path(key: string): string {
		return `${this.#folder}/${key}`;
	}
}

export default Object.freeze({
	open({ path }: { path: string; format?: string }): FolderStorage {
		return new FolderStorage(path);
	},
});
