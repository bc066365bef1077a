/**
 * The platform of a Linux process: this directory's classes on one local address,
 * a lease made of what the command line says (there is no DHCP client here), and
 * standard input and output as the console.
 */
import { networkInterfaces } from "node:os";
import { createInterface } from "node:readline";
import type { Lease, LeaseOption } from "../../src/port.js";
import type {
	KeyValue,
	ListenerOptions,
	Platform,
	TCPOptions,
	UDPOptions,
} from "../platform.js";
import { sipServerOption } from "../sip-server-option.js";
import { Listener } from "./listener.js";
import { TCP } from "./tcp.js";
import { UDP } from "./udp.js";

export interface NodePlatformOptions {
	readonly storage: KeyValue;
	/** The local address; the first that is not a loopback's, unless told, and watched. */
	readonly address?: string | undefined;
	readonly nameServers?: readonly string[];
	/** As DHCP option 15 would say. */
	readonly domain?: string | undefined;
	/** As DHCP option 120 would say: an address or a name. */
	readonly sipServer?: string | undefined;
	readonly log?: (line: string) => void;
	readonly restart: (reason: string) => void;
	/** Read commands from standard input. */
	readonly console?: boolean;
}

/** How often an address that nobody fixed is looked at. */
const ADDRESS_INTERVAL = 5_000;

export function nodePlatform(options: NodePlatformOptions): Platform & {
	/** Ends what keeps the process alive. */
	close(): void;
} {
	const { address } = options;
	const local = address === undefined ? {} : { address };
	const closers: (() => void)[] = [];
	return {
		UDP: class extends UDP {
			constructor(udp: UDPOptions) {
				super({ ...udp, ...local });
			}
		},
		TCP: class extends TCP {
			constructor(tcp: TCPOptions) {
				super({
					...tcp,
					...(address === undefined ? {} : { localAddress: address }),
				});
			}
		},
		Listener: class extends Listener {
			constructor(listener: ListenerOptions) {
				super({ ...listener, ...local });
			}
		},
		storage: options.storage,
		timer: {
			set: (callback, milliseconds) => setTimeout(callback, milliseconds),
			clear: (id) => clearTimeout(id as NodeJS.Timeout),
		},
		now: () => performance.now(),
		log: options.log ?? ((line) => void process.stdout.write(`${line}\n`)),
		restart: options.restart,
		onLease(callback) {
			let current: string | undefined;
			const look = () => {
				const found = address ?? firstAddress();
				if (found === current) return;
				current = found;
				callback(found === undefined ? undefined : lease(found, options));
			};
			setImmediate(look);
			if (address !== undefined) return;
			const interval = setInterval(look, ADDRESS_INTERVAL);
			closers.push(() => clearInterval(interval));
		},
		onCommand(callback) {
			if (options.console !== true) return;
			const lines = createInterface({ input: process.stdin });
			lines.on("line", (line) => callback(line.trim()));
			closers.push(() => lines.close());
		},
		memory() {
			const { rss, heapUsed } = process.memoryUsage();
			return { rss, heap: heapUsed };
		},
		close() {
			for (const close of closers) close();
			closers.length = 0;
		},
	};
}

function lease(address: string, options: NodePlatformOptions): Lease {
	const found: LeaseOption[] = [];
	if (options.domain !== undefined)
		found.push({ code: 15, bytes: new TextEncoder().encode(options.domain) });
	if (options.sipServer !== undefined)
		found.push({ code: 120, bytes: sipServerOption(options.sipServer) });
	return {
		address,
		netmask: "255.255.255.0",
		gateway: undefined,
		nameServers: options.nameServers ?? [],
		options: found,
	};
}

function firstAddress(): string | undefined {
	for (const addresses of Object.values(networkInterfaces()))
		for (const each of addresses ?? [])
			if (each.family === "IPv4" && !each.internal) return each.address;
	return undefined;
}
