/**
 * What tells one network from another: a local-network profile holds only in the
 * network that it came from (RFC 6080 §5.1.4.1). Knows nothing of the profile.
 */
import type { Host } from "../host.js";
import type { Lease } from "../port.js";

/** DHCP option 15: the domain name. */
const DOMAIN_OPTION = 15;

/** Of gateway, mask, name servers and domain; empty without a lease. */
export function networkFingerprint(
	host: Host,
	lease: Lease | undefined,
): string {
	if (lease === undefined) return "";
	const domain = lease.options.find((option) => option.code === DOMAIN_OPTION);
	const text = `${lease.gateway} ${lease.netmask} ${lease.nameServers.join(" ")} `;
	const bytes = host.digest("SHA-256", [
		host.encode(text),
		domain?.bytes ?? new Uint8Array(0),
	]);
	return host.hex(bytes, 0, 16);
}
