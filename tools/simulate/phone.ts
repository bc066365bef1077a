/**
 * One simulated phone: QEMU with its storage, the events that the phone logs, and
 * what they say of its state. Knows nothing of the site it talks to.
 */
import { appendFileSync, readFileSync, rmSync, statSync } from "node:fs";
import type { EventValue } from "../../src/port.js";
import { type Qemu, startQemu } from "../qemu.js";

/** One line of the phone's log, with the time at which it reached us. */
export interface PhoneEvent {
	readonly level: "info" | "warning" | "error";
	readonly code: string;
	readonly text: string;
	/** Milliseconds of the phone's own clock since it started. */
	readonly t: number;
	/** `performance.now()` here. */
	readonly at: number;
	readonly [name: string]: EventValue | undefined;
}

export interface PhoneOptions {
	readonly name: string;
	readonly image: string;
	readonly storage: string;
	/** The network device's QEMU id is `net0`. */
	readonly networkArguments: readonly string[];
	/** What crosses the phone's network goes here as pcap, each life after the one before, once it is off. */
	readonly capture?: string | undefined;
}

/** Of a pcap file; what follows are packets. */
const PCAP_HEADER = 24;

interface Waiter {
	readonly accepts: (event: PhoneEvent) => boolean;
	readonly resolve: (event: PhoneEvent) => void;
}

export class SimulatedPhone {
	readonly name: string;
	readonly #options: PhoneOptions;
	readonly #waiters = new Set<Waiter>();
	readonly #listeners: ((event: PhoneEvent) => void)[] = [];
	/** What isn't an event: crash reports above all. The last few lines. */
	readonly console: string[] = [];
	#onStop: (why: string) => void = () => undefined;
	#qemu: Qemu | undefined;
	#exit: Promise<void> = Promise.resolve();
	/** `performance.now()` when QEMU was last started. */
	startedAt = 0;

	constructor(options: PhoneOptions) {
		this.name = options.name;
		this.#options = options;
	}

	onEvent(listener: (event: PhoneEvent) => void): void {
		this.#listeners.push(listener);
	}

	/** Called with QEMU's last words when it ends by itself. */
	onStop(listener: (why: string) => void): void {
		this.#onStop = listener;
	}

	/** Switches the phone on. `icount` counts instructions as nanoseconds of the phone's clock. */
	start({ icount = false } = {}): void {
		const { image, storage, networkArguments, capture } = this.#options;
		this.startedAt = performance.now();
		const qemu = startQemu({
			image,
			storage,
			arguments:
				capture === undefined
					? networkArguments
					: [...networkArguments, ...dump(ofThisLife(capture))],
			icount,
			onLine: (line) => this.#line(line),
		});
		this.#qemu = qemu;
		void qemu.ended.then(({ stderr }) => {
			for (const line of stderr.split("\n"))
				if (line !== "") this.console.push(line);
			// Nobody pulled its plug.
			if (this.#qemu === qemu)
				this.#onStop(this.console.at(-1) ?? "QEMU gave no reason");
		});
		this.#exit = new Promise((resolve) =>
			qemu.process.once("exit", () => {
				// QEMU begins its file anew at each start.
				if (capture !== undefined) append(ofThisLife(capture), capture);
				resolve();
			}),
		);
	}

	/** Pulls the plug: SIGKILL, as a power cut would. */
	async powerOff(): Promise<void> {
		const qemu = this.#qemu;
		this.#qemu = undefined;
		qemu?.process.kill("SIGKILL");
		await this.#exit;
	}

	/** A line to the phone's console, such as `call sip:bob@example.com`. */
	command(line: string): void {
		this.#qemu?.write(line);
	}

	/** The next event with this code that `accepts` likes; rejects after `timeout` ms. */
	next(
		code: string,
		accepts: (event: PhoneEvent) => boolean = () => true,
		timeout = 10_000,
	): Promise<PhoneEvent> {
		const event = new Promise<PhoneEvent>((resolve, reject) => {
			const waiter: Waiter = {
				accepts: (event) => event.code === code && accepts(event),
				resolve: (event) => {
					clearTimeout(timer);
					this.#waiters.delete(waiter);
					resolve(event);
				},
			};
			const timer = setTimeout(() => {
				this.#waiters.delete(waiter);
				reject(
					new Error(
						`${this.name} did not say '${code}' within ${timeout / 1000} s; its last lines:\n  ${this.console.slice(-12).join("\n  ")}`,
					),
				);
			}, timeout);
			// Whoever is stopped has not to wait for it: the phone and the site keep the program alive.
			timer.unref();
			this.#waiters.add(waiter);
		});
		// Whoever awaits it is told; a step that failed earlier no longer does.
		event.catch(() => undefined);
		return event;
	}

	#line(line: string): void {
		const at = performance.now();
		this.console.push(line);
		if (this.console.length > 200) this.console.shift();
		if (!line.startsWith("@{")) return;
		let event: PhoneEvent;
		try {
			event = { ...JSON.parse(line.slice(1)), at };
		} catch {
			return; // A line that a power cut tore.
		}
		for (const listener of this.#listeners) listener(event);
		for (const waiter of [...this.#waiters])
			if (waiter.accepts(event)) waiter.resolve(event);
	}
}

function ofThisLife(capture: string): string {
	return `${capture}.part`;
}

function dump(file: string): string[] {
	const escaped = file.replaceAll(",", ",,");
	return ["-object", `filter-dump,id=capture,netdev=net0,file=${escaped}`];
}

function append(part: string, whole: string): void {
	let packets: Uint8Array;
	try {
		packets = readFileSync(part);
	} catch {
		return; // QEMU did not come as far.
	}
	let size = 0;
	try {
		size = statSync(whole).size;
	} catch {
		// The first life.
	}
	appendFileSync(whole, size === 0 ? packets : packets.subarray(PCAP_HEADER));
	rmSync(part, { force: true });
}
