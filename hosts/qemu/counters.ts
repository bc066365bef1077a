/**
 * What the network has counted since boot, by name. Nothing is dropped without
 * being in here.
 */
import type { NetworkNatives } from "./network/natives.js";

declare const native: NetworkNatives;

/** In the order of `native.networkCounters` (network.c). */
export const networkCounterNames = Object.freeze([
	"framesReceived",
	"framesSent",
	/** Received while no buffer could be spared. */
	"framesDroppedFull",
	/** Too short or too long. */
	"framesMalformed",
	/** Not sent: the interface did not take what was before them. */
	"framesDroppedSending",
	/** Fragments of datagrams larger than 8,192 octets. */
	"fragmentsDroppedTooLarge",
	/** Datagrams whose rest did not come, or that had to make room. */
	"reassembliesFailed",
	"fragmentsDroppedFull",
	"datagramsReceived",
	"datagramsSent",
	/** For a socket whose queue was full. */
	"datagramsDropped",
	/** No lease, no route or no memory. */
	"datagramsUnsent",
	/** Written while the send heap was full: sent later. */
	"writesDelayed",
	"connectionsRefused",
	"leasesAcknowledged",
	"buffersUsed",
	"buffersUsedPeak",
	"heapPeak",
] as const);

export type NetworkCounter = (typeof networkCounterNames)[number];

export function networkCounters(): Record<NetworkCounter, number> {
	const values = new Uint32Array(native.networkCounters());
	const counters: Partial<Record<NetworkCounter, number>> = {};
	networkCounterNames.forEach((name, index) => {
		counters[name] = values[index] ?? 0;
	});
	return counters as Record<NetworkCounter, number>;
}
