/**
 * A TCP listener as ECMA-419 shapes it (clause 10, IO class "TCP listener"), over
 * the natives of `network/listener.c`. Connections wait in a short queue until they
 * are read; further ones are not answered until there is room.
 */
import type { NetworkNatives, Socket } from "./network/natives.js";
import { TCP } from "./tcp.js";

declare const native: NetworkNatives;

export interface ListenerOptions {
	readonly port: number;
	/** With the number of connections that wait to be read. */
	readonly onReadable?: (this: Listener, count: number) => void;
}

export class Listener {
	readonly #socket: Socket;

	/** Keep a reference: an instance that nothing can reach is closed. */
	constructor(options: ListenerOptions) {
		const onReadable = options.onReadable;
		this.#socket = native.tcpListen(options.port, (readable) => {
			if (readable > 0) onReadable?.call(this, readable);
		});
	}

	get port(): number {
		return native.socketLocalPort(this.#socket);
	}

	/** The next connection, to be passed on as `new TCP({ from, … })`. */
	read(): TCP | undefined {
		const socket = native.tcpAccept(this.#socket);
		return socket === undefined ? undefined : new TCP({ socket });
	}

	close(): void {
		native.socketClose(this.#socket);
	}
}
