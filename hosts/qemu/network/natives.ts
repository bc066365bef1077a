/**
 * What the C side of the network (`hosts/qemu/network/*.c`) defines on the global
 * `native`. Types only. A socket is a token: it holds an index into a fixed table
 * in C, never a pointer. The table refers to the token weakly, so a socket that
 * nothing in JavaScript can reach any more is closed when it is collected.
 */
declare const socketBrand: unique symbol;
export interface Socket {
	readonly [socketBrand]: true;
}

/**
 * Called from the main loop, never from inside a native. `readable` is what there
 * is to read (datagrams, octets or connections; 0: nothing new), `writable` how many
 * octets `tcpWrite` takes now (0: no news), `failure` why the socket is no more.
 */
export type SocketEvent = (
	readable: number,
	writable: number,
	failure: SocketFailure | undefined,
) => void;

/**
 * `closed`: the peer has closed in order, and everything that it sent has been read.
 * `unreachable`: no route, no lease, or ICMP said so.
 */
export type SocketFailure =
	| "closed"
	| "refused"
	| "reset"
	| "timeout"
	| "unreachable"
	| "memory";

export type Bytes = ArrayBuffer | Uint8Array;

/**
 * Without arguments: there is no lease. Gateway "" when there is none; name servers
 * separated by spaces; then pairs of an option's code and bytes.
 */
export type LeaseEvent = (
	address?: string,
	netmask?: string,
	gateway?: string,
	nameServers?: string,
	...options: (number | ArrayBuffer)[]
) => void;

export interface NetworkNatives {
	/** Sets the one listener for leases; told what is known at the next turn of the main loop. */
	leaseListen(event: LeaseEvent): void;
	/** Counters since boot: 32 bits each, in the order of `networkCounterNames`. */
	networkCounters(): ArrayBuffer;

	/** Port 0: an unpredictable one. */
	udpOpen(port: number, timeToLive: number, event: SocketEvent): Socket;
	udpRead(
		socket: Socket,
	): (ArrayBuffer & { address: string; port: number }) | undefined;
	udpWrite(socket: Socket, bytes: Bytes, address: string, port: number): void;
	udpJoin(socket: Socket, group: string): void;
	udpLeave(socket: Socket, group: string): void;

	tcpConnect(address: string, port: number, event: SocketEvent): Socket;
	tcpListen(port: number, event: SocketEvent): Socket;
	tcpAccept(listener: Socket): Socket | undefined;
	/** Gives an accepted connection, which has had no listener yet, its own. */
	tcpAttach(socket: Socket, event: SocketEvent): void;
	/** At most `count` octets (all of them: 0), undefined when there are none. */
	tcpRead(socket: Socket, count: number): ArrayBuffer | undefined;
	/** How many octets may be written after this. Throws RangeError when there are more octets than that now. */
	tcpWrite(socket: Socket, bytes: Bytes): number;

	socketLocalPort(socket: Socket): number;
	socketRemoteAddress(socket: Socket): string;
	socketRemotePort(socket: Socket): number;
	/** Harmless on one that is closed. */
	socketClose(socket: Socket): void;
}
