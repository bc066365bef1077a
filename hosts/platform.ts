/**
 * What a platform gives the driver: input and output classes in the shape of
 * ECMA-419 (2nd edition), storage, time and a log. Node's are in
 * `hosts/node`, the bare-metal ones in `hosts/qemu`, the Moddable SDK's behind
 * `hosts/esp32`. Storage's limits are the same on all.
 *
 * For all classes: callbacks are given in the options and called with the
 * instance as `this`, never from inside the call that caused them; a constructor
 * or method that cannot do its work throws. Byte arguments are ArrayBuffers or
 * views; results are ArrayBuffers that nobody else holds.
 */
import type { EventValue, Lease } from "../src/port.js";

export type Bytes = ArrayBuffer | Uint8Array;

/** A datagram with its source. */
export type Datagram = ArrayBuffer & {
	readonly address: string;
	readonly port: number;
};

export interface UDPOptions {
	/** 0 or absent: a free one. */
	readonly port?: number;
	/** `count` datagrams wait to be read. */
	onReadable?(count: number): void;
	onError?(reason?: unknown): void;
}
export interface UDPSocket {
	read(): Datagram | undefined;
	/** To a numeric address. */
	write(bytes: Bytes, address: string, port: number): void;
	/** Joins and leaves a multicast group. */
	add?(address: string): void;
	remove?(address: string): void;
	close(): void;
}
export interface UDPConstructor {
	new (options: UDPOptions): UDPSocket;
}

export interface TCPCallbacks {
	/** `count` bytes wait to be read. */
	onReadable?(count: number): void;
	/** `count` bytes can be written now; the first call says that the connection is up (for an accepted one as well). */
	onWritable?(count: number): void;
	/** The connection is over, after all that came has been read. */
	onError?(reason?: unknown): void;
}
export type TCPOptions = TCPCallbacks &
	(
		| { readonly address: string; readonly port: number }
		| { readonly from: TCPSocket }
	);
export interface TCPSocket {
	/** Up to `count` bytes, or all; undefined when nothing waits. */
	read(count?: number): ArrayBuffer | undefined;
	/** At most as many bytes as the last `onWritable`, less what was written since. */
	write(bytes: Bytes): unknown;
	close(): void;
	readonly remoteAddress?: string | undefined;
	readonly remotePort?: number | undefined;
}
export interface TCPConstructor {
	new (options: TCPOptions): TCPSocket;
}

export interface ListenerOptions {
	readonly port: number;
	/** `count` connections wait to be accepted. */
	onReadable?(count: number): void;
	onError?(reason?: unknown): void;
}
export interface ListenerSocket {
	/** A connection to be taken over by `new TCP({from})`. */
	read(): TCPSocket | undefined;
	close(): void;
}
export interface ListenerConstructor {
	new (options: ListenerOptions): ListenerSocket;
}

/** NVS's limit on ESP32; ASCII. */
export const MAXIMUM_KEY = 15;
/** Bytes of one value: what a 256 KB flash partition holds twice (old and new) with room for the rest. */
export const MAXIMUM_VALUE = 32_768;

/** ECMA-419's key-value storage, opened with `format: "buffer"`. Keys are 1 to 15 visible ASCII characters. */
export interface KeyValue {
	read(key: string): ArrayBuffer | undefined;
	/** Back only when the value will be there after a power cut. Throws when it is full or worn: the old value stays. */
	write(key: string, value: Bytes): void;
	/** Gives whether there was one. */
	delete(key: string): boolean;
	[Symbol.iterator](): IterableIterator<string>;
	close(): void;
}

/** A timer's id; opaque to the driver. */
export type TimerId = unknown;

export interface Platform {
	readonly UDP: UDPConstructor;
	readonly TCP: TCPConstructor;
	readonly Listener: ListenerConstructor;
	readonly storage: KeyValue;
	/** One-shot timers. */
	readonly timer: {
		set(callback: () => void, milliseconds: number): TimerId;
		clear(id: TimerId): void;
	};
	/** Monotonic, in milliseconds. */
	now(): number;
	/** One line for people and tools, without its line end. */
	log(line: string): void;
	/** Starts the device again; may not return. */
	restart(reason: string): void;
	/** `callback` gets each new lease, and undefined when the network is gone; the present state soon after this call. */
	onLease(callback: (lease: Lease | undefined) => void): void;
	/** `callback` gets each line that is typed on the console. */
	onCommand?(callback: (line: string) => void): void;
	/** What the command `memory` shows. */
	memory?(): Readonly<Record<string, EventValue>>;
}

/** A boot that lived this long, in milliseconds, is a good one (design §5). */
export const GOOD_BOOT = 60_000;
/** Crashes in a row, each before its boot was good, that point at the newest documents. */
export const SAFE_START_AFTER = 3;

/** How the agent reads its stored documents at boot. */
export function storedReader(
	storage: KeyValue,
): (key: string) => Uint8Array | undefined {
	return (key) => {
		const value = storage.read(key);
		return value === undefined ? undefined : new Uint8Array(value);
	};
}
