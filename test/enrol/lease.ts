/** Leases as scripts write them. */
import type { Lease } from "../../src/port.js";

export function lease(
	options: Readonly<Record<number, Uint8Array>>,
	address = "192.0.2.1",
): Lease {
	return {
		address,
		netmask: "255.255.255.0",
		gateway: undefined,
		nameServers: [],
		options: Object.entries(options).map(([code, bytes]) => ({
			code: Number(code),
			bytes,
		})),
	};
}
