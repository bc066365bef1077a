/**
 * UDP as ECMA-419 shapes it (`hosts/platform.ts`) over node:dgram, on one local
 * address. Does not know what the datagrams carry.
 */
import { createSocket, type Socket } from "node:dgram";
import type { Bytes, Datagram, UDPOptions, UDPSocket } from "../platform.js";

/** Datagrams that wait for a reader; more are dropped, as a kernel does. */
const MAXIMUM_WAITING = 512;

export interface LocalUDPOptions extends UDPOptions {
	/** The local address; all of them unless told. */
	readonly address?: string;
}

export class UDP implements UDPSocket {
	readonly #socket: Socket;
	readonly #waiting: Datagram[] = [];
	readonly #groups: string[] = [];
	readonly #local: string | undefined;
	#isBound = false;
	#isOpen = true;

	constructor(options: LocalUDPOptions) {
		const address = options.address;
		this.#local = address;
		this.#socket = createSocket({
			type: address?.includes(":") ? "udp6" : "udp4",
			// Addresses are numeric: nothing to look up, nothing to wait for.
			lookup: (host, _options, done) =>
				done(null, host, host.includes(":") ? 6 : 4),
		});
		this.#socket.on("message", (message, from) => {
			if (this.#waiting.length >= MAXIMUM_WAITING) return;
			const copy = new Uint8Array(message).buffer;
			this.#waiting.push(
				Object.assign(copy, { address: from.address, port: from.port }),
			);
			options.onReadable?.call(this, this.#waiting.length);
		});
		this.#socket.on("error", (error) => {
			if (!this.#isOpen) return;
			this.close();
			options.onError?.call(this, error);
		});
		this.#socket.on("listening", () => {
			this.#isBound = true;
			for (const group of this.#groups) this.add(group);
		});
		this.#socket.bind({
			port: options.port ?? 0,
			...(address === undefined ? {} : { address }),
			exclusive: true,
		});
	}

	read(): Datagram | undefined {
		return this.#waiting.shift();
	}

	write(bytes: Bytes, address: string, port: number): void {
		// Asynchronous failures (no route) are losses like any other on the way.
		this.#socket.send(new Uint8Array(bytes), port, address, () => {});
	}

	add(group: string): void {
		if (this.#isBound) this.#socket.addMembership(group, this.#local);
		else this.#groups.push(group);
	}

	remove(group: string): void {
		if (this.#isBound) this.#socket.dropMembership(group, this.#local);
		else this.#groups.splice(this.#groups.indexOf(group), 1);
	}

	close(): void {
		if (!this.#isOpen) return;
		this.#isOpen = false;
		this.#waiting.length = 0;
		this.#socket.close();
	}
}
