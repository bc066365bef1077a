/**
 * Runs this program again as a process that cleans up when the outer one ends, even
 * by SIGKILL, while the outer one does so when the inner ends. With a network of its
 * own it runs in a network and process namespace: when it ends, the kernel ends
 * every process in there and takes the network away.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { isThere } from "../setup/packages.js";
import type { NetworkKind } from "./network.js";

const KIND = "HOOKSWITCH_NETWORK";
const FOLDER = "HOOKSWITCH_FOLDER";
/** A pipe from outside; its end asks the process inside to stop. */
const LEASH = 3;

export interface Inside {
	readonly kind: NetworkKind;
	/** For all that it writes. */
	readonly folder: string;
}

/** What the outer process says; undefined in the outer process itself. */
export function inside(): Inside | undefined {
	const { [KIND]: kind, [FOLDER]: folder } = process.env;
	return (kind === "own" || kind === "user") && folder !== undefined
		? { kind, folder }
		: undefined;
}

/** Why phones can't have a network of their own here, or undefined when they can. */
export function ownNetworkObstacle(): string | undefined {
	if (process.getuid?.() !== 0) return "it needs root";
	for (const program of ["unshare", "ip", "dnsmasq"])
		if (!isThere(program)) return `'${program}' is not installed`;
	const probe = spawnSync(
		"unshare",
		[
			"--net",
			"sh",
			"-c",
			"ip link add b0 type bridge && ip tuntap add t0 mode tap",
		],
		{ encoding: "utf8" },
	);
	return probe.status === 0
		? undefined
		: `this machine refuses it: ${probe.stderr.trim().split("\n").pop()}`;
}

/** Starts this same command inside; resolves with its exit code. */
export function runInside(kind: NetworkKind): Promise<number> {
	const folder = mkdtempSync(join(tmpdir(), "hookswitch-"));
	const remove = () => rmSync(folder, { recursive: true, force: true });
	process.once("exit", remove);
	const namespaces = [
		"unshare",
		"--net",
		"--pid",
		"--fork",
		"--kill-child=SIGKILL",
	];
	const [program = "node", ...words] = [
		...(kind === "own" ? namespaces : []),
		process.execPath,
		...process.execArgv,
		...process.argv.slice(1),
	];
	const child = spawn(program, words, {
		stdio: ["inherit", "inherit", "inherit", "pipe"],
		env: { ...process.env, [KIND]: kind, [FOLDER]: folder },
	});
	// The terminal sends Ctrl-C to both, `kill` to this one alone: either way the one
	// inside cleans up, and then both end.
	for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
		process.on(signal, () => child.stdio[LEASH]?.destroy());
	return new Promise((resolve, reject) => {
		child.once("error", reject);
		child.once("exit", (code, signal) => {
			if (signal !== null)
				console.error(`the simulation was ended by ${signal}`);
			resolve(code ?? 1);
		});
	});
}

/** Inside: calls back when the outer process wants this one to stop, or is gone. */
export function onLeashEnd(stop: () => void): void {
	const leash = new Socket({ fd: LEASH });
	leash.on("end", stop).on("error", stop).resume();
	leash.unref();
}
