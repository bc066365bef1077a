/**
 * The Debian packages that parts of the project stand on, and how a machine comes
 * to have them: look first, say what is missing, install where we may (root or
 * password-less sudo), otherwise print the one command to run.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { UsageError } from "../usage-error.js";

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
		proof: `/usr/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu/libasan.so.8`,
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

/** The one command, for root, that installs them. */
export function installCommand(packages: readonly DebianPackage[]): string {
	return `apt-get update && ${[...INSTALL, ...names(packages)].join(" ")}`;
}

/**
 * Makes sure that the packages for the purposes are installed. `say` gets what a
 * person should read. Throws a UsageError whose hint holds the one command to run
 * when they are missing and can't be installed from here.
 */
export function ensurePackages(
	purposes: readonly Purpose[],
	say: (line: string) => void,
): void {
	const missing = missingPackages(purposes);
	if (missing.length === 0) return;
	const command = installCommand(missing);
	const front = isThere("apt-get") ? privilege() : undefined;
	if (front === undefined)
		throw new UsageError(
			"packages-missing",
			`Debian packages are missing on this machine:\n${listed(missing)}`,
			`install them, as root, with\n    ${command}\n  and run this again`,
		);
	say(`Debian packages are missing on this machine:\n${listed(missing)}`);
	for (const words of [
		["apt-get", "update"],
		[...INSTALL, ...names(missing)],
	]) {
		const [program = "", ...rest] = [...front, ...words];
		say(`running ${[program, ...rest].join(" ")} …`);
		// Its own progress goes where a person reads, and not into what programs read.
		const result = spawnSync(program, rest, {
			stdio: ["ignore", 2, 2],
			env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
		});
		if (result.status !== 0)
			throw new UsageError(
				"packages-missing",
				`'${words.join(" ")}' failed; its own words stand above`,
				`when that is mended, run as root\n    ${command}\n  and then this again`,
			);
	}
	const still = missingPackages(purposes);
	if (still.length > 0)
		throw new UsageError(
			"packages-missing",
			`apt-get was content, but these are not where they belong:\n${still.map(({ name, proof }) => `  ${name}: no ${proof}`).join("\n")}`,
			"Debian 12 and later have them; on another system install what they hold by hand",
		);
}

const INSTALL = ["apt-get", "install", "-y", "--no-install-recommends"];

function names(packages: readonly DebianPackage[]): string[] {
	return packages.map(({ name }) => name);
}

function listed(packages: readonly DebianPackage[]): string {
	return packages.map(({ name, why }) => `  ${name}: ${why}`).join("\n");
}
