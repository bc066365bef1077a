/**
 * How often the agent's process has crashed, kept in its storage as the firmware
 * keeps it in flash: all crashes, and those in a row that came within a minute of
 * their start. Three in a row start the agent without its newest documents.
 */
import { GOOD_BOOT, type KeyValue, SAFE_START_AFTER } from "../platform.js";

const KEY = "host.crashes";

export class Crashes {
	readonly #storage: KeyValue;
	#all: number;
	#early: number;

	constructor(storage: KeyValue) {
		this.#storage = storage;
		const value = storage.read(KEY);
		const numbers = value?.byteLength === 8 ? new DataView(value) : undefined;
		this.#all = numbers?.getUint32(0) ?? 0;
		this.#early = numbers?.getUint32(4) ?? 0;
	}

	get all(): number {
		return this.#all;
	}

	get isSafeStart(): boolean {
		return this.#early >= SAFE_START_AFTER;
	}

	/** `uptime` in milliseconds. */
	count(uptime: number): void {
		this.#all++;
		this.#early = uptime < GOOD_BOOT ? this.#early + 1 : 0;
		this.#save();
	}

	/** The process has lived for a minute. */
	clearEarly(): void {
		if (this.#early === 0) return;
		this.#early = 0;
		this.#save();
	}

	#save(): void {
		const value = new DataView(new ArrayBuffer(8));
		value.setUint32(0, this.#all);
		value.setUint32(4, this.#early);
		this.#storage.write(KEY, value.buffer);
	}
}
