/**
 * The platform of the QEMU board: the classes of this folder, the C side's timers
 * and clocks, and the UART as the console.
 */
import type { EventValue } from "../../src/port.js";
import type {
	KeyValue,
	Platform,
	TCPConstructor,
	TimerId,
} from "../platform.js";
import { onLease } from "./lease.js";
import { Listener } from "./listener.js";
import { memoryFigures, qemuNatives } from "./natives.js";
import { TCP } from "./tcp.js";
import { UDP } from "./udp.js";

export function qemuPlatform(storage: KeyValue): Platform {
	const native = qemuNatives();
	return {
		UDP,
		// The driver gives `from` only what this folder's Listener made.
		TCP: TCP as TCPConstructor,
		Listener,
		storage,
		timer: {
			set: (callback, milliseconds) =>
				native.timerSet(callback, Math.max(0, Math.ceil(milliseconds))),
			clear: (id: TimerId) => native.timerClear(id as number),
		},
		now: () => native.now(),
		log: (line) => native.log(line),
		restart: () => native.restart(),
		onLease,
		onCommand: (callback) => native.console(callback),
		memory,
	};
}

function memory(): Readonly<Record<string, EventValue>> {
	const native = qemuNatives();
	native.collect();
	const figures: Record<string, EventValue> = {};
	for (let figure = 0; figure < memoryFigures.length; figure++)
		figures[memoryFigures[figure] ?? ""] = native.memory(figure);
	return figures;
}
