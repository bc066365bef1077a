/** Where the factory document lies on a board: in the key-value storage, where whoever flashes it puts it. */
import type { KeyValue } from "../platform.js";

const FACTORY = "factory";

export function readFactory(storage: KeyValue): Uint8Array {
	const document = storage.read(FACTORY);
	if (document === undefined)
		throw new Error(
			`no factory document: storage has no key '${FACTORY}'; write one with the device's identity first`,
		);
	return new Uint8Array(document);
}
