/**
 * Corrections to `@moddable/typings` 5.6.0, which is older than the SDK: modules and
 * functions that the SDK has and the package doesn't know. Only for the type check
 * here; the SDK's own build uses the SDK's typings.
 */

declare module "embedded:storage/key-value" {
	interface Storage {
		close(): void;
		delete(key: string): void;
		read(key: string): ArrayBuffer | undefined;
		write(key: string, value: ArrayBuffer): void;
		[Symbol.iterator](): IterableIterator<string>;
	}
	const KeyValueStorage: {
		open(options: {
			path: string;
			format?: string;
			mode?: "r" | "r+";
		}): Storage;
	};
	export default KeyValueStorage;
}

/** A function in C, bound by xsc when it compiles the module. */
declare function native(name: string): (...values: unknown[]) => unknown;
