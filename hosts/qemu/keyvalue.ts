/**
 * Key-value storage as ECMA-419 shapes it (`hosts/platform.ts`), over the natives of
 * `flash/storage.c`, and the factory partition beside it.
 */
import type { Bytes, KeyValue } from "../platform.js";

declare const native: {
	factoryRead(): ArrayBuffer | undefined;
	/** Throws when the value is damaged. */
	storageRead(key: string): ArrayBuffer | undefined;
	storageWrite(key: string, value: Bytes): void;
	storageDelete(key: string): boolean;
	/** In no order; a write or deletion may change the numbers. */
	storageKey(index: number): string | undefined;
	storageFigure(figure: number): number;
};

export interface KeyValueOptions {
	/** There is one partition: the path is for ECMA-419's sake. */
	readonly path: string;
	readonly format: "buffer";
}

export function open(_options: KeyValueOptions): KeyValue {
	return new FlashKeyValue();
}

class FlashKeyValue implements KeyValue {
	read(key: string): ArrayBuffer | undefined {
		return native.storageRead(key);
	}

	write(key: string, value: Bytes): void {
		native.storageWrite(key, value);
	}

	delete(key: string): boolean {
		return native.storageDelete(key);
	}

	[Symbol.iterator](): IterableIterator<string> {
		const keys: string[] = [];
		for (;;) {
			const key = native.storageKey(keys.length);
			if (key === undefined) return keys[Symbol.iterator]();
			keys.push(key);
		}
	}

	close(): void {}
}

/** The factory document's bytes; undefined when the partition holds none, or a damaged one. */
export function factoryDocument(): Uint8Array | undefined {
	const bytes = native.factoryRead();
	return bytes === undefined ? undefined : new Uint8Array(bytes);
}

/** Names of what `native.storageFigure(index)` gives: bytes, sectors, erasures, and microseconds of the last mount. */
export const storageFigureNames = Object.freeze([
	"live",
	"capacity",
	"free",
	"bad",
	"fewestErases",
	"mostErases",
	"mountMicroseconds",
] as const);

export function storageFigures(): Record<string, number> {
	const figures: Record<string, number> = {};
	storageFigureNames.forEach((name, index) => {
		figures[name] = native.storageFigure(index);
	});
	return figures;
}
