/**
 * The core's borders: what goes in and what comes out. Types only.
 *
 * The rule for whoever drives a machine of the core: mutate (call one of its input
 * methods), drain (`next()` until it gives undefined), then sleep until
 * `deadline()` and call `timeout(now)`. `now` is monotonic, in milliseconds.
 */

/** A numeric IPv4 or IPv6 address (no brackets) and a port. */
export interface Address {
	readonly host: string;
	readonly port: number;
}

export type Transport = "udp" | "tcp" | "tls";

/** A number that the core gives to a connection it opens and the driver to one it accepts (see `hosts/driver.ts`). */
export type ConnectionId = number;

/** Which UDP socket: the one that SIP listens on, or one with a random port for DNS queries. */
export type SocketName = "sip" | "dns";

/** What a DHCP lease told the device. `options` has what the lease carried of 15, 42, 66, 120 and 160, undecoded. */
export interface Lease {
	readonly address: string;
	readonly netmask: string;
	readonly gateway: string | undefined;
	readonly nameServers: readonly string[];
	readonly options: readonly LeaseOption[];
}
export interface LeaseOption {
	readonly code: number;
	readonly bytes: Uint8Array;
}

/** To the network. */
export type NetworkOutput =
	| {
			readonly kind: "datagram";
			readonly socket: SocketName;
			readonly to: Address;
			readonly bytes: Uint8Array;
	  }
	| {
			readonly kind: "connect";
			readonly connection: ConnectionId;
			readonly transport: "tcp" | "tls";
			readonly to: Address;
	  }
	| {
			readonly kind: "send";
			readonly connection: ConnectionId;
			readonly bytes: Uint8Array;
	  }
	| { readonly kind: "close"; readonly connection: ConnectionId };

/** To storage; its result comes back through `stored(now, key, ok)`. `bytes` undefined deletes the key. */
export interface StoreOutput {
	readonly kind: "store";
	readonly key: string;
	readonly bytes: Uint8Array | undefined;
}

/** One line of the phone's log. `code` is stable; `data` holds plain values and never a secret. */
export interface EventOutput {
	readonly kind: "event";
	readonly level: "info" | "warning" | "error";
	readonly code: string;
	readonly text: string;
	readonly data: Readonly<Record<string, EventValue>>;
}
export type EventValue =
	| string
	| number
	| boolean
	| readonly EventValue[]
	| { readonly [name: string]: EventValue };

/** To the host: start again (after `stored` results have come back). */
export interface RestartOutput {
	readonly kind: "restart";
	readonly reason: string;
}

export type Output = NetworkOutput | StoreOutput | EventOutput | RestartOutput;

/** What the agent is given when it is made. */
export interface AgentOptions {
	/** The factory document (design §5): the bytes of the factory partition. */
	readonly factory: Uint8Array;
	/** What storage holds under a key. May be called at any time, not only at boot; the agent never changes the bytes. */
	readonly stored: (key: string) => Uint8Array | undefined;
	/** Three crashes within a minute of boot: start without the newest documents. */
	readonly safeStart: boolean;
	/** How often the device has restarted after a crash, as the host counts it. */
	readonly restarts: number;
	readonly build: { readonly version: string; readonly time: number };
	/** The SIP port that the device listens on, UDP and TCP; 5060 unless told. */
	readonly port?: number;
}
