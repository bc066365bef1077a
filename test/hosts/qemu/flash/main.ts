/**
 * A firmware that does nothing but store, for `flash.node.spec.ts`: one command a
 * line on the console, one line in answer.
 */
import {
	factoryDocument,
	open,
	storageFigures,
} from "../../../../hosts/qemu/keyvalue.js";
import { qemuHost, qemuNatives } from "../../../../hosts/qemu/natives.js";

const native = qemuNatives();
const host = qemuHost();
const store = open({ path: "test", format: "buffer" });

/** A value that tells its number: in its first four bytes, its length and all other bytes. */
function value(number: number): Uint8Array {
	const bytes = new Uint8Array(4 + ((number * 1_237) % 6_000)).fill(
		number & 0xff,
	);
	new DataView(bytes.buffer).setUint32(0, number);
	return bytes;
}

/** The number of a whole value; -1 of any other. */
function numberOf(buffer: ArrayBuffer): number {
	if (buffer.byteLength < 4) return -1;
	const number = new DataView(buffer).getUint32(0);
	const bytes = new Uint8Array(buffer);
	return host.equal(bytes, 0, bytes.length, value(number)) ? number : -1;
}

/** Writes and writes until the power goes. */
function churn(first: number): never {
	for (let number = first; ; number++) {
		store.write(`key.${number % 12}`, value(number));
		native.log(`#wrote ${number}`);
	}
}

function values(): Record<string, number> {
	const found: Record<string, number> = {};
	for (const key of store)
		found[key] = numberOf(store.read(key) ?? new ArrayBuffer(0));
	return found;
}

/** Milliseconds for one of `count` times. */
function time(count: number, body: (index: number) => void): number {
	const start = native.now();
	for (let index = 0; index < count; index++) body(index);
	return (native.now() - start) / count;
}

function measure(): Record<string, number> {
	const document = new Uint8Array(4_096).fill(0x5a);
	const small = new Uint8Array(100).fill(0x5a);
	const write = time(100, (index) => {
		document[0] = index;
		store.write("measure.a", document);
	});
	const writeSmall = time(100, () => store.write("measure.b", small));
	const read = time(100, () => store.read("measure.a"));
	return { write, writeSmall, read };
}

/** Until it is full, leaving a little room for `measure`. */
function fill(): number {
	const document = new Uint8Array(4_000).fill(0x33);
	for (let count = 0; ; count++) {
		try {
			store.write(`fill.${count}`, document);
		} catch {
			store.delete(`fill.${count - 1}`);
			store.delete(`fill.${count - 2}`);
			store.delete(`fill.${count - 3}`);
			return count;
		}
	}
}

/** Until not even a small value has room. */
function brim(): number {
	let count = 0;
	for (const size of [4_000, 400, 40, 4])
		for (;;) {
			try {
				store.write(`brim.${count}`, new Uint8Array(size));
			} catch {
				break;
			}
			count++;
		}
	return count;
}

native.console((line) => {
	const [command, argument] = line.split(" ");
	if (command === "churn") churn(Number(argument));
	else if (command === "values") answer(values());
	else if (command === "fill") answer(fill());
	else if (command === "brim") answer(brim());
	else if (command === "measure") answer(measure());
	else if (command === "figures") answer(storageFigures());
	else if (command === "factory") {
		const document = factoryDocument();
		answer(document && host.text(document, 0, document.length));
	} else if (command === "crashes")
		answer([native.crashes(), native.earlyCrashes()]);
	else if (command === "crash") throw new Error("as told");
});
native.log("#ready");

function answer(data: unknown): void {
	native.log(`#answer ${JSON.stringify(data ?? null)}`);
}
