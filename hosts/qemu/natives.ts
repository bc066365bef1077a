/**
 * What the C side of this host (natives.c, timer.c, console.c) defines on the one
 * global `native`. The digests and byte functions have the shapes of `Host`.
 */
import type { Host } from "../../src/host.js";

interface Natives extends Host {
	/** Monotonic milliseconds, with fractions. */
	now(): number;
	timerSet(callback: () => void, milliseconds: number): number;
	timerClear(timer: number): void;
	/** Each line that comes in on the UART. */
	console(callback: (line: string) => void): void;
	log(line: string): void;
	restart(): never;
	/** Ends QEMU with this exit code. */
	exit(code: number): never;
	/** A figure in bytes, by its number in `memoryFigures`. */
	memory(figure: number): number;
	/** Collects garbage now. */
	collect(): void;
	/** Restarts by crash since the factory, and those in a row within a minute of boot. */
	crashes(): number;
	earlyCrashes(): number;
}
declare const native: Natives;

export function qemuNatives(): Natives {
	return native;
}

/** The host's part of the core: the natives themselves. */
export function qemuHost(): Host {
	return native;
}

/** Names of what `native.memory(index)` gives, in bytes. */
export const memoryFigures = Object.freeze([
	"arena_peak",
	"arena",
	"stack_peak",
	"malloc",
	"slots",
	"chunks",
	"slots_peak",
	"chunks_peak",
	"slots_reserved",
	"chunks_reserved",
]);
