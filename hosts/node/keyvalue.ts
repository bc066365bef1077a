/**
 * Key-value storage in one file, as ECMA-419 shapes it (`hosts/platform.ts`). Owns
 * the file's format; must not know what the values are.
 *
 * The file is a log: "HKKV1\n", then records, each one write of one key:
 *   CRC-32 of all that follows, key length, value length (32 bits each, big-endian;
 *   value length 0xFFFFFFFF deletes), key, value.
 * A write is appended and is back when it is on the disk (fdatasync). A power cut
 * can only tear the last record: opening cuts it off. When most of the file is old,
 * it is written anew beside the old one and renamed over it, which is atomic.
 * Values are few and small (`MAXIMUM_VALUE`), so they are kept in memory too.
 */
import {
	closeSync,
	fdatasyncSync,
	fsyncSync,
	ftruncateSync,
	openSync,
	readFileSync,
	renameSync,
	rmSync,
	writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { crc32 } from "node:zlib";
import {
	type Bytes,
	type KeyValue,
	MAXIMUM_KEY,
	MAXIMUM_VALUE,
} from "../platform.js";

const MAGIC = Buffer.from("HKKV1\n");
const HEADER = 12;
const DELETED = 0xffffffff;
const PRIVATE = 0o600;
/** A log is compacted when it is longer than this and than twice what is alive. */
const COMPACT_ABOVE = 262_144;

export interface KeyValueOptions {
	readonly path: string;
	readonly format: "buffer";
	/** The most that all keys and values may take together: what the flash of a device has. */
	readonly limit?: number;
}

export class StorageError extends Error {
	override readonly name: string = "StorageError";
	readonly code:
		| "storage-full"
		| "storage-damaged"
		| "value-too-large"
		| "bad-key";

	constructor(code: StorageError["code"], message: string) {
		super(message);
		this.code = code;
	}
}

/** Opens or makes the file. Throws StorageError when it is something else's. */
export function open(options: KeyValueOptions): KeyValue {
	return new FileKeyValue(options.path, options.limit ?? 262_144);
}

class FileKeyValue implements KeyValue {
	readonly #path: string;
	readonly #limit: number;
	readonly #values = new Map<string, Uint8Array>();
	#file: number;
	/** Where the next record goes. */
	#end: number;
	/** Bytes of records that count. */
	#live = 0;
	#isOpen = true;

	constructor(path: string, limit: number) {
		this.#path = path;
		this.#limit = limit;
		rmSync(`${path}.new`, { force: true });
		// Profiles hold credentials: readable by its owner only.
		this.#file = openSync(path, "a+", PRIVATE);
		closeSync(this.#file);
		this.#file = openSync(path, "r+");
		const content = readFileSync(this.#file);
		if (
			!MAGIC.subarray(0, content.length).equals(
				content.subarray(0, MAGIC.length),
			)
		) {
			closeSync(this.#file);
			throw new StorageError(
				"storage-damaged",
				`${path} is not a storage file`,
			);
		}
		this.#end = this.#load(content);
		if (content.length < MAGIC.length) this.#append(0, MAGIC);
		else if (this.#end < content.length) {
			ftruncateSync(this.#file, this.#end);
			fdatasyncSync(this.#file);
		}
	}

	read(key: string): ArrayBuffer | undefined {
		const value = this.#values.get(key);
		return value === undefined
			? undefined
			: (value.slice().buffer as ArrayBuffer);
	}

	write(key: string, value: Bytes): void {
		checkKey(key);
		const bytes = new Uint8Array(value).slice();
		if (bytes.length > MAXIMUM_VALUE)
			throw new StorageError(
				"value-too-large",
				`${bytes.length} bytes, at most ${MAXIMUM_VALUE}`,
			);
		const size = sizeOf(key, bytes);
		const old = this.#sizeNow(key);
		if (this.#live - old + size > this.#limit)
			throw new StorageError("storage-full", "storage is full");
		this.#commit(record(key, bytes));
		this.#values.set(key, bytes);
		this.#live += size - old;
		this.#compact();
	}

	delete(key: string): boolean {
		checkKey(key);
		if (!this.#values.has(key)) return false;
		this.#commit(record(key, undefined));
		this.#live -= this.#sizeNow(key);
		this.#values.delete(key);
		this.#compact();
		return true;
	}

	[Symbol.iterator](): IterableIterator<string> {
		return [...this.#values.keys()][Symbol.iterator]();
	}

	close(): void {
		if (!this.#isOpen) return;
		this.#isOpen = false;
		closeSync(this.#file);
	}

	#sizeNow(key: string): number {
		const value = this.#values.get(key);
		return value === undefined ? 0 : sizeOf(key, value);
	}

	/** Takes over all whole records; gives where they end. */
	#load(content: Buffer): number {
		let at = MAGIC.length;
		while (at + HEADER <= content.length) {
			const keyLength = content.readUInt32BE(at + 4);
			const valueLength = content.readUInt32BE(at + 8);
			const isDeletion = valueLength === DELETED;
			const valueAt = at + HEADER + keyLength;
			const end = isDeletion ? valueAt : valueAt + valueLength;
			if (keyLength > MAXIMUM_KEY || end > content.length) break;
			if (crc32(content.subarray(at + 4, end)) !== content.readUInt32BE(at))
				break;
			const key = content.toString("latin1", at + HEADER, valueAt);
			this.#live -= this.#sizeNow(key);
			this.#values.delete(key);
			if (!isDeletion) {
				this.#values.set(key, new Uint8Array(content.subarray(valueAt, end)));
				this.#live += this.#sizeNow(key);
			}
			at = end;
		}
		return at;
	}

	#commit(bytes: Buffer): void {
		try {
			this.#append(this.#end, bytes);
		} catch (error) {
			// Half a record must not stand before the next one.
			try {
				ftruncateSync(this.#file, this.#end);
			} catch {
				// The next record is written over it.
			}
			throw error;
		}
		this.#end += bytes.length;
	}

	#append(at: number, bytes: Buffer): void {
		writeAll(this.#file, bytes, at);
		fdatasyncSync(this.#file);
	}

	#compact(): void {
		if (this.#end < COMPACT_ABOVE || this.#end < 2 * this.#live) return;
		const path = `${this.#path}.new`;
		const file = openSync(path, "w+", PRIVATE);
		let end = MAGIC.length;
		try {
			writeAll(file, MAGIC, 0);
			for (const [key, value] of this.#values) {
				const bytes = record(key, value);
				writeAll(file, bytes, end);
				end += bytes.length;
			}
			fsyncSync(file);
			renameSync(path, this.#path);
		} catch {
			// The log is longer than it need be, and whole.
			closeSync(file);
			rmSync(path, { force: true });
			return;
		}
		syncDirectory(dirname(this.#path));
		closeSync(this.#file);
		this.#file = file;
		this.#end = end;
	}
}

function sizeOf(key: string, value: Uint8Array): number {
	return HEADER + key.length + value.length;
}

function record(key: string, value: Uint8Array | undefined): Buffer {
	const bytes = Buffer.alloc(HEADER + key.length + (value?.length ?? 0));
	bytes.writeUInt32BE(key.length, 4);
	bytes.writeUInt32BE(value === undefined ? DELETED : value.length, 8);
	bytes.write(key, HEADER, "latin1");
	if (value !== undefined) bytes.set(value, HEADER + key.length);
	bytes.writeUInt32BE(crc32(bytes.subarray(4)), 0);
	return bytes;
}

function checkKey(key: string): void {
	if (!/^[!-~]+$/.test(key) || key.length > MAXIMUM_KEY)
		throw new StorageError("bad-key", `${JSON.stringify(key)} is no key`);
}

function writeAll(file: number, bytes: Buffer, at: number): void {
	let written = 0;
	while (written < bytes.length)
		written += writeSync(
			file,
			bytes,
			written,
			bytes.length - written,
			at + written,
		);
}

/** A rename is on the disk when its directory is. */
function syncDirectory(path: string): void {
	const directory = openSync(path, "r");
	try {
		fsyncSync(directory);
	} finally {
		closeSync(directory);
	}
}
