/**
 * The Debian packages that parts of the project stand on, and how a machine comes
 * to have them: look first, say what is missing, install where we may (root or
 * password-less sudo), otherwise print the one command to run.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";

interface DebianPackage {
	readonly name: string;
	/** A program or file that is there when the package is. */
	readonly proof: string;
	readonly why: string;
}

const FIRMWARE: readonly DebianPackage[] = [
	{
		name: "gcc-riscv64-unknown-elf",
		proof: "riscv64-unknown-elf-gcc",
		why: "compiles the firmware's C for RV32IMC",
	},
	{
		name: "picolibc-riscv64-unknown-elf",
		proof: "/usr/lib/picolibc/riscv64-unknown-elf/picolibc.specs",
		why: "the firmware's C library",
	},
	{
		name: "qemu-system-misc",
		proof: "qemu-system-riscv32",
		why: "runs the firmware",
	},
	{
		name: "gcc",
		proof: "gcc",
		why: "compiles the bytecode compiler for this machine",
	},
	{ name: "libc6-dev", proof: "/usr/include/stdio.h", why: "its headers" },
	{
		name: "dpkg-dev",
		proof: "dpkg-source",
		why: "unpacks lwIP's source package",
	},
];

const NETWORK: readonly DebianPackage[] = [
	{
		name: "iproute2",
		proof: "ip",
		why: "makes the phones' own network (needs root)",
	},
	{
		name: "dnsmasq-base",
		proof: "dnsmasq",
		why: "DHCP and DNS on the phones' own network",
	},
];

const INTEROP: readonly DebianPackage[] = [
	{
		name: "sip-tester",
		proof: "sipp",
		why: "SIPp plays peers that nobody here wrote",
	},
	{
		name: "tshark",
		proof: "tshark",
		why: "reads every captured packet with somebody else's decoder",
	},
	{ name: "sipsak", proof: "sipsak", why: "a second SIP client" },
	{
		name: "libasan8",
		proof: "/usr/lib/x86_64-linux-gnu/libasan.so.8",
		why: "the storage driver's C under sanitizers",
	},
];

export type Purpose = "firmware" | "network" | "interop";

const PURPOSES: Readonly<Record<Purpose, readonly DebianPackage[]>> = {
	firmware: FIRMWARE,
	network: NETWORK,
	interop: INTEROP,
};

/** Is this program on the PATH (or in the folders that a plain user's PATH lacks), or this file there? */
export function isThere(proof: string): boolean {
	if (proof.startsWith("/")) return existsSync(proof);
	const folders = [
		...(process.env.PATH ?? "").split(delimiter),
		"/usr/sbin",
		"/sbin",
	];
	return folders.some((folder) => existsSync(join(folder, proof)));
}

export function missingPackages(
	purposes: readonly Purpose[],
): readonly DebianPackage[] {
	return purposes
		.flatMap((purpose) => PURPOSES[purpose])
		.filter(({ proof }) => !isThere(proof));
}

/** May this process install packages, and with what in front of the command? */
function privilege(): readonly string[] | undefined {
	if (process.getuid?.() === 0) return [];
	const sudo = spawnSync("sudo", ["-n", "true"], { stdio: "ignore" });
	return sudo.status === 0 ? ["sudo"] : undefined;
}

/**
 * Makes sure that the packages for the purposes are installed. `say` gets what a
 * person should read. Throws an Error whose message holds the one command to run
 * when they are missing and can't be installed from here.
 */
export function ensurePackages(
	purposes: readonly Purpose[],
	say: (line: string) => void,
): void {
	const missing = missingPackages(purposes);
	if (missing.length === 0) return;
	const names = missing.map(({ name }) => name);
	const install = ["apt-get", "install", "-y", "--no-install-recommends"];
	const command = `apt-get update && ${[...install, ...names].join(" ")}`;
	say("Debian packages that are missing here:");
	for (const { name, why } of missing) say(`  ${name}: ${why}`);
	const front = isThere("apt-get") ? privilege() : undefined;
	if (front === undefined)
		throw new Error(
			`install them, as root, with:\n  ${command}\nand run the command again`,
		);
	say("installing them now …");
	for (const words of [
		["apt-get", "update"],
		[...install, ...names],
	]) {
		const [program = "", ...rest] = [...front, ...words];
		const result = spawnSync(program, rest, {
			stdio: ["ignore", "pipe", "pipe"],
			env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
			encoding: "utf8",
		});
		if (result.status !== 0)
			throw new Error(
				`'${words.join(" ")}' failed:\n${(result.stderr ?? "").split("\n").slice(-6).join("\n")}\nrun, as root:\n  ${command}`,
			);
	}
	const still = missingPackages(purposes);
	if (still.length > 0)
		throw new Error(
			`still missing after the installation: ${still.map(({ name }) => name).join(", ")}`,
		);
}
