/**
 * The DHCP lease (RFC 2131) as the core sees it: a change of address, netmask,
 * router, name servers or of the options 15, 42, 66, 120 and 160 gives a new lease,
 * its end (or none within the first seconds) gives undefined. A renewal that changes
 * nothing is silent. The client itself is lwIP's; `network/lease.c` collects.
 */
import type { Lease, LeaseOption } from "../../src/port.js";
import type { NetworkNatives } from "./network/natives.js";

declare const native: NetworkNatives;

/** The one listener: a second call replaces the first. */
export function onLease(callback: (lease: Lease | undefined) => void): void {
	native.leaseListen(
		(address, netmask = "", gateway = "", nameServers = "", ...raw) => {
			if (address === undefined) {
				callback(undefined);
				return;
			}
			const options: LeaseOption[] = [];
			for (let at = 0; at + 1 < raw.length; at += 2)
				options.push({
					code: raw[at] as number,
					bytes: new Uint8Array(raw[at + 1] as ArrayBuffer),
				});
			callback({
				address,
				netmask,
				gateway: gateway === "" ? undefined : gateway,
				nameServers: nameServers === "" ? [] : nameServers.split(" "),
				options,
			});
		},
	);
}
