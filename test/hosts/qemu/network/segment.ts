/**
 * A network segment of its own for guests: a namespace with a bridge and a tap, and
 * dnsmasq on it. Needs root. Only for the specs of the QEMU host's network.
 */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { qemuStdio } from "../../../../tools/qemu.js";

/** Why there can be no segment here, or undefined. */
export function noSegment(): string | undefined {
	if (process.getuid?.() !== 0) return "needs root for a network namespace";
	if (!existsSync("/dev/net/tun")) return "needs /dev/net/tun";
	try {
		execFileSync("ip", ["netns", "list"], { stdio: "ignore" });
		execFileSync("dnsmasq", ["--version"], { stdio: "ignore" });
	} catch {
		return "needs ip (iproute2) and dnsmasq";
	}
	return undefined;
}

export class Segment {
	readonly namespace = `hookswitch-net-${process.pid}`;
	readonly address = "10.66.0.1";
	readonly #folder = mkdtempSync(join(tmpdir(), "hookswitch-net-"));
	#server: ChildProcess | undefined;

	readonly #close = () => this.close();

	constructor() {
		this.#ip("netns", "add", this.namespace);
		process.once("exit", this.#close);
		try {
			this.#inside("ip", "link", "set", "lo", "up");
			this.#inside(
				"ip",
				"link",
				"add",
				"br0",
				"type",
				"bridge",
				"mcast_snooping",
				"0",
			);
			this.#inside("ip", "address", "add", `${this.address}/24`, "dev", "br0");
			this.#inside("ip", "link", "set", "br0", "up");
			this.#inside("ip", "tuntap", "add", "dev", "tap0", "mode", "tap");
			this.#inside("ip", "link", "set", "tap0", "master", "br0", "up");
			// Multicast that a test sends leaves by the bridge.
			this.#inside("ip", "route", "add", "224.0.0.0/4", "dev", "br0");
		} catch (error) {
			this.close();
			throw error;
		}
	}

	#ip(...words: string[]): void {
		execFileSync("ip", words, { stdio: ["ignore", "ignore", "pipe"] });
	}

	#inside(...words: string[]): void {
		this.#ip("netns", "exec", this.namespace, ...words);
	}

	/** QEMU's arguments for an interface on the segment. */
	get network(): string[] {
		return [
			"-netdev",
			"tap,id=n,ifname=tap0,script=no,downscript=no",
			"-device",
			"virtio-net-device,netdev=n,mac=52:54:00:12:34:66",
		];
	}

	/** A DHCP server with these options (`120,sip.example.com`), in place of the one before; undefined: none. */
	async dhcp(options: readonly string[] | undefined): Promise<void> {
		const old = this.#server;
		if (old !== undefined && old.exitCode === null) {
			const gone = new Promise((fulfil) => old.once("close", fulfil));
			old.kill("SIGKILL");
			await gone;
		}
		this.#server = undefined;
		if (options === undefined) return;
		const server = this.start("dnsmasq", [
			...["--keep-in-foreground", "--no-daemon", "--conf-file=/dev/null"],
			...["--port=0", "--no-ping", "--dhcp-authoritative", "--log-facility=-"],
			"--interface=br0",
			"--bind-interfaces",
			`--dhcp-leasefile=${join(this.#folder, "leases")}`,
			`--pid-file=${join(this.#folder, "pid")}`,
			"--dhcp-range=10.66.0.10,10.66.0.20,255.255.255.0,2m",
			...options.map((option) => `--dhcp-option=${option}`),
		]);
		this.#server = server;
		// It says on standard error that it serves.
		await new Promise<void>((fulfil, reject) => {
			let said = "";
			server.stderr?.setEncoding("utf8").on("data", (text: string) => {
				said += text;
				if (said.includes("DHCP, IP range")) fulfil();
			});
			server.once("close", () => reject(new Error(`dnsmasq: ${said}`)));
		});
	}

	/** Runs a program inside to its end. */
	configure(...words: string[]): void {
		this.#inside(...words);
	}

	/** A program inside. The caller ends it. */
	start(name: string, words: readonly string[]): ChildProcess {
		return spawn("ip", ["netns", "exec", this.namespace, name, ...words], {
			stdio: qemuStdio,
		});
	}

	#script(script: string): ChildProcess {
		return this.start(process.execPath, [
			"--input-type=module",
			"--eval",
			script,
		]);
	}

	/** Runs JavaScript (an ES module) inside to its end; gives what it printed. */
	run(script: string): Promise<string> {
		const child = this.#script(script);
		let output = "";
		for (const stream of [child.stdout, child.stderr])
			stream?.setEncoding("utf8").on("data", (text: string) => {
				output += text;
			});
		return new Promise((fulfil) => child.once("close", () => fulfil(output)));
	}

	/** Starts JavaScript inside, and waits until it prints something. The caller ends it. */
	async serve(script: string): Promise<ChildProcess> {
		const child = this.#script(script);
		await new Promise<void>((fulfil, reject) => {
			child.stdout?.once("data", () => fulfil());
			child.once("close", () => reject(new Error("the server ended")));
		});
		return child;
	}

	close(): void {
		process.removeListener("exit", this.#close);
		this.#server?.kill("SIGKILL");
		try {
			this.#ip("netns", "delete", this.namespace);
		} catch {
			// It was never there.
		}
		rmSync(this.#folder, { recursive: true, force: true });
	}
}
