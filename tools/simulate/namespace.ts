/**
 * Runs this program again inside a network and process namespace of its own. When
 * the outer process ends, the kernel ends every process inside and takes the
 * network away: nothing is left behind, not even after SIGKILL.
 */
import { spawn, spawnSync } from "node:child_process";
import { Socket } from "node:net";
import process from "node:process";
import { isThere } from "../setup/packages.js";

const MARK = "HOOKSWITCH_OWN_NETWORK";
/** A pipe from outside; its end asks the process inside to stop. */
const LEASH = 3;

export function insideOwnNetwork(): boolean {
	return process.env[MARK] === "1";
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
export function runInside(): Promise<number> {
	const [node = "node", ...words] = process.argv;
	const inside = spawn(
		"unshare",
		[
			"--net",
			"--pid",
			"--fork",
			"--kill-child=SIGKILL",
			node,
			...process.execArgv,
			...words,
		],
		{
			stdio: ["inherit", "inherit", "inherit", "pipe"],
			env: { ...process.env, [MARK]: "1" },
		},
	);
	// The terminal sends Ctrl-C to both, `kill` to this one alone: either way the one
	// inside cleans up, and then both end.
	for (const signal of ["SIGINT", "SIGTERM"] as const)
		process.on(signal, () => inside.stdio[LEASH]?.destroy());
	return new Promise((resolve, reject) => {
		inside.once("error", reject);
		inside.once("exit", (code) => resolve(code ?? 1));
	});
}

/** Inside: calls back when the outer process wants this one to stop, or is gone. */
export function onLeashEnd(stop: () => void): void {
	const leash = new Socket({ fd: LEASH });
	leash.on("end", stop).on("error", stop).resume();
	leash.unref();
}
