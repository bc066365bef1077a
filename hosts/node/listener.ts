/**
 * A TCP listener as ECMA-419 shapes it (`hosts/platform.ts`) over node:net.
 */
import { createServer, type Server } from "node:net";
import type { ListenerOptions, ListenerSocket } from "../platform.js";
import { TCP } from "./tcp.js";

/** Connections that wait to be read; more are closed. */
const MAXIMUM_WAITING = 16;

export interface LocalListenerOptions extends ListenerOptions {
	readonly address?: string;
}

export class Listener implements ListenerSocket {
	readonly #server: Server;
	readonly #waiting: TCP[] = [];
	#isOpen = true;

	constructor(options: LocalListenerOptions) {
		this.#server = createServer((socket) => {
			if (this.#waiting.length >= MAXIMUM_WAITING) {
				socket.destroy();
				return;
			}
			this.#waiting.push(new TCP({ socket }));
			options.onReadable?.call(this, this.#waiting.length);
		});
		this.#server.on("error", (error) => {
			if (!this.#isOpen) return;
			this.close();
			options.onError?.call(this, error);
		});
		this.#server.listen({
			port: options.port,
			...(options.address === undefined ? {} : { host: options.address }),
			exclusive: true,
		});
	}

	read(): TCP | undefined {
		return this.#waiting.shift();
	}

	close(): void {
		if (!this.#isOpen) return;
		this.#isOpen = false;
		for (const connection of this.#waiting) connection.close();
		this.#waiting.length = 0;
		this.#server.close();
	}
}
