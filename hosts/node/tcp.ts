/**
 * TCP connections as ECMA-419 shapes them (`hosts/platform.ts`) over node:net.
 * Back-pressure both ways: Node stops reading from the peer while bytes wait here,
 * and no more is written than `onWritable` says.
 */
import { connect, type Socket } from "node:net";
import type { Bytes, TCPOptions, TCPSocket } from "../platform.js";

/** The most that may be written ahead of the kernel. */
const WRITE_AHEAD = 16_384;
/** After `close`, for what was written to go out. */
const LINGER = 5_000;

export type LocalTCPOptions = TCPOptions & {
	/** The local address of a connection that is opened. */
	readonly localAddress?: string;
};

export class TCP implements TCPSocket {
	#socket: Socket | undefined;

	constructor(options: LocalTCPOptions | { readonly socket: Socket }) {
		if ("socket" in options) {
			this.#socket = options.socket;
			// Until it is taken over, an error only closes it.
			options.socket.on("error", () => {});
			return;
		}
		const socket =
			"from" in options
				? take(options.from)
				: connect({
						host: options.address,
						port: options.port,
						...(options.localAddress === undefined
							? {}
							: { localAddress: options.localAddress }),
					});
		this.#socket = socket;
		socket.setNoDelay(true);
		this.#listen(socket, options);
	}

	get remoteAddress(): string | undefined {
		return this.#socket?.remoteAddress;
	}

	get remotePort(): number | undefined {
		return this.#socket?.remotePort;
	}

	read(count?: number): ArrayBuffer | undefined {
		const socket = this.#open();
		const available = socket.readableLength;
		if (available === 0) return undefined;
		const part = socket.read(Math.min(count ?? available, available));
		return part === null ? undefined : new Uint8Array(part).buffer;
	}

	write(bytes: Bytes): number {
		const socket = this.#open();
		const free = WRITE_AHEAD - socket.writableLength;
		if (bytes.byteLength > free)
			throw new RangeError(`${bytes.byteLength} bytes, room for ${free}`);
		socket.write(new Uint8Array(bytes), (error) => {
			if (!error) this.#drained();
		});
		return free - bytes.byteLength;
	}

	/** What was written still goes out. */
	close(): void {
		const socket = this.#socket;
		if (socket === undefined) return;
		this.#socket = undefined;
		if (socket.connecting) socket.destroy();
		else {
			socket.destroySoon();
			// What still comes is thrown away: unread bytes would turn the end into a reset.
			socket.removeAllListeners("readable");
			socket.resume();
			// A peer that neither reads nor closes does not keep us.
			socket.setTimeout(LINGER, () => socket.destroy());
		}
	}

	/** For `new TCP({from})`. */
	release(): Socket {
		const socket = this.#open();
		this.#socket = undefined;
		return socket;
	}

	#drained: () => void = () => {};

	#listen(socket: Socket, options: LocalTCPOptions): void {
		const isOpen = () => this.#socket === socket;
		const over = (reason: unknown) => {
			if (!isOpen()) return;
			this.#socket = undefined;
			socket.destroy();
			options.onError?.call(this, reason);
		};
		const writable = () => {
			if (isOpen())
				options.onWritable?.call(this, WRITE_AHEAD - socket.writableLength);
		};
		this.#drained = writable;
		socket.on("readable", () => {
			if (!isOpen()) return;
			// At the end of the stream nothing waits, and the read makes "end" come.
			if (socket.readableLength === 0) socket.read();
			else options.onReadable?.call(this, socket.readableLength);
		});
		socket.on("end", () => over("closed"));
		socket.on("error", (error) => over(error));
		socket.on("close", () => over("closed"));
		if (socket.connecting) socket.on("connect", writable);
		else setImmediate(writable);
	}

	#open(): Socket {
		if (this.#socket === undefined) throw new Error("closed");
		return this.#socket;
	}
}

function take(from: TCPSocket): Socket {
	if (!(from instanceof TCP)) throw new TypeError("not this host's socket");
	return from.release();
}
