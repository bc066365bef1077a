/**
 * QEMU's user network with one loopback /24 for each phone, so that the address
 * that a phone writes into Contact and SDP is reachable from this machine and from
 * the other phones. Needs no rights. Its DHCP has no SIP option and its DNS is the
 * machine's own: the factory partition names the profile server, and no domain is
 * announced, because the site's names would be asked of the world's DNS.
 */
import { macAddress, type SiteNetwork } from "./network.js";

const SIP_PORT = 5060;
/** The first pair of RTP ports of the sample site's settings. */
const MEDIA_PORTS = [10000, 10001];

export class UserNetwork implements SiteNetwork {
	readonly description =
		"QEMU's user network on loopback (no DHCP option 120, no DNS, no local-network profile, no multicast)";
	// Not 127.0.0.1: a peer there reaches the guest under changing addresses.
	readonly profileServer = "127.0.0.2";
	readonly registrar = "127.0.0.3";
	readonly secondRegistrar = "127.0.0.4";
	readonly caller = "127.0.0.5";
	readonly announcesServer = false;
	readonly capacity = 250;
	async start(): Promise<void> {}

	async phoneArguments(phone: number): Promise<readonly string[]> {
		const net = `127.1.${phone}`;
		const forward = (protocol: "udp" | "tcp", port: number) =>
			`hostfwd=${protocol}:${net}.1:${port}-${net}.1:${port}`;
		const netdev = [
			"user,id=net0",
			`net=${net}.0/24`,
			`host=${net}.254`,
			`dns=${net}.253`,
			`dhcpstart=${net}.1`,
			forward("udp", SIP_PORT),
			forward("tcp", SIP_PORT),
			...MEDIA_PORTS.map((port) => forward("udp", port)),
		].join(",");
		return [
			"-netdev",
			netdev,
			"-device",
			`virtio-net-device,netdev=net0,mac=${macAddress(phone)}`,
		];
	}

	async stop(): Promise<void> {}
}
