/**
 * The driver's platform on the Moddable SDK: its ECMA-419 classes as they are, its
 * timers and clock. Serves the ESP32 boards and the SDK's Linux target; what differs
 * there is which module the manifest puts behind `embedded:storage/key-value`.
 *
 * The SDK shows no DHCP options, so the lease carries only what `mc/config` names in
 * their place (`domain`, `sipServer`: given on mcconfig's command line).
 */
import Listener from "embedded:io/socket/listener";
import TCP from "embedded:io/socket/tcp";
import UDP from "embedded:io/socket/udp";
import KeyValueStorage from "embedded:storage/key-value";
import config from "mc/config";
// biome-ignore lint/style/useNodejsImportProtocol: the SDK has a module of this name
import Net from "net";
import Time from "time";
import Timer from "timer";
import type { Host } from "../../src/host.js";
import type { Lease, LeaseOption } from "../../src/port.js";
import type {
	KeyValue,
	ListenerConstructor,
	Platform,
	TCPConstructor,
	UDPConstructor,
} from "../platform.js";
import { sipServerOption } from "../sip-server-option.js";

/** How often the address is looked at: the SDK tells of a new lease only through Wi-Fi's own events. */
const LEASE_INTERVAL = 1_000;

const DOMAIN = 15;
const SIP_SERVERS = 120;

export function openStorage(path: string): KeyValue {
	const storage = KeyValueStorage.open({ path, format: "buffer" });
	return {
		read: (key) => storage.read(key) as ArrayBuffer | undefined,
		write: (key, value) => storage.write(key, arrayBuffer(value)),
		delete: (key) => {
			const there = storage.read(key) !== undefined;
			if (there) storage.delete(key);
			return there;
		},
		[Symbol.iterator]: () => storage[Symbol.iterator](),
		close: () => storage.close(),
	};
}

export function moddablePlatform(
	host: Host,
	storage: KeyValue,
	log: (line: string) => void,
	restart: (reason: string) => void,
): Platform {
	return {
		// The SDK's typings leave out `close` and the multicast functions.
		UDP: UDP as unknown as UDPConstructor,
		TCP: TCP as unknown as TCPConstructor,
		Listener: Listener as unknown as ListenerConstructor,
		storage,
		timer: {
			set: (callback, milliseconds) => Timer.set(callback, milliseconds),
			clear: (id) => Timer.clear(id as Timer),
		},
		now: monotonicClock(),
		log,
		restart,
		onLease: (callback) => watchLease(host, callback),
	};
}

/** `Time.ticks` is a 32-bit counter of milliseconds; this one does not wrap. */
function monotonicClock(): () => number {
	let last = Time.ticks;
	let sum = 0;
	return () => {
		const ticks = Time.ticks;
		sum += Time.delta(last, ticks);
		last = ticks;
		return sum;
	};
}

function watchLease(
	host: Host,
	callback: (lease: Lease | undefined) => void,
): void {
	let known: string | undefined;
	const look = () => {
		const address: string | undefined = config.address || Net.get("IP");
		if (address === known) return;
		known = address;
		callback(address ? lease(host, address) : undefined);
	};
	Timer.set(look, 0, LEASE_INTERVAL);
}

function lease(host: Host, address: string): Lease {
	const nameServer: string | undefined = config.nameServer || Net.get("DNS");
	const options: LeaseOption[] = [];
	if (config.domain)
		options.push({ code: DOMAIN, bytes: host.encode(config.domain) });
	if (config.sipServer)
		options.push({
			code: SIP_SERVERS,
			bytes: sipServerOption(config.sipServer),
		});
	return {
		address,
		netmask: "",
		gateway: undefined,
		nameServers: nameServer ? [nameServer] : [],
		options,
	};
}

function arrayBuffer(value: ArrayBuffer | Uint8Array): ArrayBuffer {
	if (value instanceof ArrayBuffer) return value;
	return Uint8Array.from(value).buffer as ArrayBuffer;
}
