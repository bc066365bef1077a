/**
 * What a build product was made of, kept beside it as `PRODUCT.stamp`: a product
 * whose inputs and commands are the same is not made again.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";

/** One build's view of the file system: each file is looked at once. */
export class FileTimes {
	readonly #known = new Map<string, string>();

	/** Size and time of a file, or "-" where there is none. */
	of(path: string): string {
		let known = this.#known.get(path);
		if (known === undefined) {
			const status = statSync(path, { throwIfNoEntry: false });
			known = status ? `${status.size}:${status.mtimeMs}` : "-";
			this.#known.set(path, known);
		}
		return known;
	}

	/** To be called for a file that this build has written. */
	forget(path: string): void {
		this.#known.delete(path);
	}
}

export function stampOf(
	command: readonly string[],
	inputs: readonly string[],
	times: FileTimes,
): string {
	const hash = createHash("sha256");
	for (const word of command) hash.update(`${word}\0`);
	for (const input of inputs) hash.update(`${input}\0${times.of(input)}\0`);
	return hash.digest("hex");
}

export function isCurrent(product: string, stamp: string): boolean {
	if (!existsSync(product)) return false;
	try {
		return readFileSync(`${product}.stamp`, "utf8") === stamp;
	} catch {
		return false;
	}
}

export function writeStamp(product: string, stamp: string): void {
	writeFileSync(`${product}.stamp`, stamp);
}
