/**
 * Where simulated phones stand: the addresses of the site and QEMU's network
 * arguments for each phone. Two kinds: a network of its own (root: bridge, DHCP
 * with SIP options, DNS) and QEMU's user network on loopback addresses (any user).
 */
import { OwnNetwork } from "./own-network.js";
import { UserNetwork } from "./user-network.js";

export interface SiteNetwork {
	/** For people: what kind it is and what it leaves out. */
	readonly description: string;
	/** Numeric addresses of the site's parts. */
	readonly profileServer: string;
	readonly registrar: string;
	readonly secondRegistrar: string;
	readonly caller: string;
	/** Does the phone find its server by itself (DHCP), or must the factory partition name it? */
	readonly announcesServer: boolean;
	/** The most phones that this network has addresses for. */
	readonly capacity: number;
	start(): Promise<void>;
	/** QEMU's arguments for phone number 1, 2, …; `-device` included. */
	phoneArguments(phone: number): Promise<readonly string[]>;
	stop(): Promise<void>;
}

export type NetworkKind = "own" | "user";

export function siteNetwork(
	kind: NetworkKind,
	domain: string,
	folder: string,
): SiteNetwork {
	return kind === "own" ? new OwnNetwork(domain, folder) : new UserNetwork();
}

/** A locally administered MAC address for phone 1, 2, … */
export function macAddress(phone: number): string {
	const pair = (value: number) => value.toString(16).padStart(2, "0");
	return `02:48:53:00:${pair(phone >> 8)}:${pair(phone & 255)}`;
}
