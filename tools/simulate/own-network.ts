/**
 * A network of its own: this process already runs in a network namespace of its
 * own (`namespace.ts`), where it makes a bridge, a tap for each phone, and dnsmasq
 * for DHCP (options 15, 42, 66, 120, 160) and DNS (A, SRV, NAPTR). Everything goes
 * away with the namespace, however the process ends.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { macAddress, type SiteNetwork } from "./network.js";

const BRIDGE = "hookswitch0";
const PREFIX = "10.77.0";

export class OwnNetwork implements SiteNetwork {
	readonly description =
		"a network of its own (namespace, bridge, DHCP with option 120, DNS)";
	readonly profileServer = `${PREFIX}.2`;
	readonly registrar = `${PREFIX}.3`;
	readonly secondRegistrar = `${PREFIX}.4`;
	readonly caller = `${PREFIX}.5`;
	readonly announcesServer = true;
	readonly capacity = 150;
	readonly #domain: string;
	readonly #folder: string;
	#dnsmasq: ChildProcess | undefined;

	constructor(domain: string, folder: string) {
		this.#domain = domain;
		this.#folder = folder;
	}

	async start(): Promise<void> {
		ip("link", "set", "lo", "up");
		ip("link", "add", BRIDGE, "type", "bridge", "mcast_snooping", "0");
		// Without forward delay a new tap forwards at once.
		ip("link", "set", BRIDGE, "type", "bridge", "forward_delay", "0");
		for (const host of [1, 2, 3, 4, 5])
			ip("address", "add", `${PREFIX}.${host}/24`, "dev", BRIDGE);
		ip("link", "set", BRIDGE, "up");
		await this.#startDnsmasq();
	}

	async phoneArguments(phone: number): Promise<readonly string[]> {
		const tap = `phone${phone}`;
		if (!exists(tap)) {
			ip("tuntap", "add", tap, "mode", "tap");
			ip("link", "set", tap, "master", BRIDGE);
			ip("link", "set", tap, "up");
		}
		return [
			"-netdev",
			// The phone has no use for virtio's offloads, and a capture would have their header before each frame.
			`tap,id=net0,ifname=${tap},script=no,downscript=no,vnet_hdr=off`,
			"-device",
			`virtio-net-device,netdev=net0,mac=${macAddress(phone)}`,
		];
	}

	async stop(): Promise<void> {
		this.#dnsmasq?.kill("SIGTERM");
	}

	#startDnsmasq(): Promise<void> {
		const domain = this.#domain;
		const words = [
			"--no-daemon",
			"--conf-file=/dev/null",
			"--no-resolv",
			"--no-hosts",
			// Else the first lease waits over a second for an answer to a ping.
			"--no-ping",
			"--dhcp-authoritative",
			`--interface=${BRIDGE}`,
			"--bind-interfaces",
			"--user=root",
			`--dhcp-leasefile=${join(this.#folder, "leases")}`,
			`--dhcp-range=${PREFIX}.100,${PREFIX}.250,1h`,
			`--domain=${domain}`,
			`--dhcp-option=option:ntp-server,${PREFIX}.1`,
			`--dhcp-option=66,http://${PREFIX}.2/`,
			`--dhcp-option=option:sip-server,${this.profileServer}`,
			`--dhcp-option=160,http://${PREFIX}.2/`,
			`--local=/${domain}/`,
			`--host-record=profiles.${domain},${this.profileServer}`,
			`--host-record=_sipuaconfig.${domain},${this.profileServer}`,
			`--host-record=registrar.${domain},${this.registrar}`,
			`--host-record=registrar2.${domain},${this.secondRegistrar}`,
			`--srv-host=_sip._udp.${domain},registrar.${domain},5060,10,10`,
			`--srv-host=_sip._tcp.${domain},registrar.${domain},5060,20,10`,
			`--naptr-record=${domain},10,10,s,SIP+D2U,,_sip._udp.${domain}`,
			`--naptr-record=${domain},20,10,s,SIP+D2T,,_sip._tcp.${domain}`,
		];
		const dnsmasq = spawn("dnsmasq", words, {
			stdio: ["ignore", "ignore", "pipe"],
		});
		this.#dnsmasq = dnsmasq;
		const last: string[] = [];
		return new Promise((resolve, reject) => {
			createInterface({ input: dnsmasq.stderr }).on("line", (line) => {
				last.push(line);
				if (last.length > 5) last.shift();
				if (line.includes("DHCP, IP range")) resolve();
			});
			dnsmasq.once("error", reject);
			dnsmasq.once("exit", (code) =>
				reject(new Error(`dnsmasq ended (${code}): ${last.join("; ")}`)),
			);
		});
	}
}

function ip(...words: string[]): void {
	execFileSync("ip", words, { stdio: ["ignore", "ignore", "pipe"] });
}

/** /sys may show another namespace's devices; the command tells for ours. */
function exists(device: string): boolean {
	try {
		ip("link", "show", device);
		return true;
	} catch {
		return false;
	}
}
