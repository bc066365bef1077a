/**
 * UDP as ECMA-419 shapes it (clause 10, IO class "UDP"), over the natives of
 * `network/udp.c`. A datagram is delivered whole or not at all: those that do not
 * fit the receive queue, or that are larger than what reassembly takes, are dropped
 * and counted (`networkCounters`). Does not know what the datagrams carry.
 */
import type { Bytes, NetworkNatives, Socket } from "./network/natives.js";

declare const native: NetworkNatives;

export interface UDPOptions {
	/** Local port; without one, an unpredictable port is chosen. */
	readonly port?: number;
	/** Of multicast datagrams that are sent. */
	readonly timeToLive?: number;
	/** With the number of datagrams that wait to be read. */
	readonly onReadable?: (this: UDP, count: number) => void;
}

export type Datagram = ArrayBuffer & {
	readonly address: string;
	readonly port: number;
};

export class UDP {
	readonly #socket: Socket;

	/** Keep a reference: an instance that nothing can reach is closed. */
	constructor(options: UDPOptions) {
		const onReadable = options.onReadable;
		this.#socket = native.udpOpen(
			options.port ?? 0,
			options.timeToLive ?? 1,
			(readable) => {
				if (readable > 0) onReadable?.call(this, readable);
			},
		);
	}

	get port(): number {
		return native.socketLocalPort(this.#socket);
	}

	read(): Datagram | undefined {
		return native.udpRead(this.#socket);
	}

	write(bytes: Bytes, address: string, port: number): void {
		native.udpWrite(this.#socket, bytes, address, port);
	}

	/** Joins the multicast group. */
	add(group: string): void {
		native.udpJoin(this.#socket, group);
	}

	remove(group: string): void {
		native.udpLeave(this.#socket, group);
	}

	close(): void {
		native.socketClose(this.#socket);
	}
}
