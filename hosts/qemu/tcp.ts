/**
 * TCP connections as ECMA-419 shapes them (clause 10, IO class "TCP"), over the
 * natives of `network/tcp.c`. Back-pressure both ways: octets count against the
 * peer's window until they are read, and no more is written than `onWritable` and
 * `write` say. After `onError` the connection is gone.
 */
import type {
	Bytes,
	NetworkNatives,
	Socket,
	SocketEvent,
	SocketFailure,
} from "./network/natives.js";

declare const native: NetworkNatives;

export interface TCPCallbacks {
	/** With the number of octets that wait to be read. */
	readonly onReadable?: (this: TCP, count: number) => void;
	/** With the number of octets that may be written; the first time when the connection is up. */
	readonly onWritable?: (this: TCP, count: number) => void;
	/** The connection is over; "closed" when the peer ended it in order. */
	readonly onError?: (this: TCP, reason: SocketFailure) => void;
}

export interface TCPConnectOptions extends TCPCallbacks {
	/** A numeric IPv4 address. */
	readonly address: string;
	readonly port: number;
}

export interface TCPAcceptedOptions extends TCPCallbacks {
	/** What `Listener.read` gave; it must not be used any more. */
	readonly from: TCP;
}

/** How `Listener` makes an instance that has no callbacks yet. */
export interface TCPRawOptions {
	readonly socket: Socket;
}

export class TCP {
	#socket: Socket | undefined;

	/** Keep a reference: an instance that nothing can reach is closed. */
	constructor(options: TCPConnectOptions | TCPAcceptedOptions | TCPRawOptions) {
		if ("socket" in options) {
			this.#socket = options.socket;
			return;
		}
		const { onReadable, onWritable, onError } = options;
		const event: SocketEvent = (readable, writable, failure) => {
			// What may be written comes first: what is done with what is read may write, too.
			if (writable > 0) onWritable?.call(this, writable);
			// A callback may close the connection: then the rest is not its business any more.
			if (readable > 0 && this.#socket !== undefined)
				onReadable?.call(this, readable);
			if (failure !== undefined && this.#socket !== undefined) {
				this.#socket = undefined;
				onError?.call(this, failure);
			}
		};
		if ("from" in options) {
			const socket = options.from.#take();
			this.#socket = socket;
			native.tcpAttach(socket, event);
		} else {
			this.#socket = native.tcpConnect(options.address, options.port, event);
		}
	}

	get remoteAddress(): string {
		return native.socketRemoteAddress(this.#open());
	}

	get remotePort(): number {
		return native.socketRemotePort(this.#open());
	}

	/** At most `count` octets, or all that there are; undefined when there are none. */
	read(count?: number): ArrayBuffer | undefined {
		if (count !== undefined && count <= 0) return undefined;
		return native.tcpRead(this.#open(), count ?? 0);
	}

	/** Gives how many more octets may be written; throws RangeError, having taken nothing, when `bytes` are too many. */
	write(bytes: Bytes): number {
		return native.tcpWrite(this.#open(), bytes);
	}

	/** Octets already written are still delivered. */
	close(): void {
		const socket = this.#socket;
		if (socket === undefined) return;
		this.#socket = undefined;
		native.socketClose(socket);
	}

	#open(): Socket {
		if (this.#socket === undefined) throw new Error("closed");
		return this.#socket;
	}

	#take(): Socket {
		const socket = this.#open();
		this.#socket = undefined;
		return socket;
	}
}
