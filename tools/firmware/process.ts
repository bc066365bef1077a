/** Runs the tools of the build and says what is missing. */
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { FirmwareError } from "./error.js";

export interface Run {
	readonly code: number | null;
	readonly stdout: string;
	readonly stderr: string;
}

/** Debian packages that have the tools which a build calls. */
const packages: Readonly<Record<string, string>> = {
	"riscv64-unknown-elf-gcc":
		"gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf",
	"riscv64-unknown-elf-objcopy": "binutils-riscv64-unknown-elf",
	"riscv64-unknown-elf-nm": "binutils-riscv64-unknown-elf",
	"qemu-system-riscv32": "qemu-system-misc",
	gcc: "gcc libc6-dev",
	"dpkg-source": "dpkg-dev",
	npm: "npm (or install Node from nodejs.org)",
	tar: "tar",
};

/** Runs to the end and gives everything, whatever the exit code. */
export function run(
	command: string,
	args: readonly string[],
	options: { readonly cwd?: string; readonly timeout?: number } = {},
): Promise<Run> {
	return new Promise((fulfil, reject) => {
		const child = spawn(command, args, {
			cwd: options.cwd,
			stdio: ["ignore", "pipe", "pipe"],
			...(options.timeout ? { timeout: options.timeout } : {}),
		});
		let stdout = "";
		let stderr = "";
		child.stdout.setEncoding("utf8").on("data", (text) => {
			stdout += text;
		});
		child.stderr.setEncoding("utf8").on("data", (text) => {
			stderr += text;
		});
		child.on("error", (error: NodeJS.ErrnoException) => {
			if (error.code !== "ENOENT") return reject(error);
			const known = packages[command];
			reject(
				new FirmwareError(
					`${command} is not installed`,
					known ? `on Debian: apt-get install ${known}` : "",
				),
			);
		});
		child.on("close", (code) => fulfil({ code, stdout, stderr }));
	});
}

/** As `run`, but anything other than exit code 0 is an error that shows what the tool said. */
export async function runOrFail(
	command: string,
	args: readonly string[],
	options: {
		readonly cwd?: string;
		readonly timeout?: number;
		readonly advice?: string;
	} = {},
): Promise<string> {
	const result = await run(command, args, options);
	if (result.code !== 0)
		throw new FirmwareError(
			`${command} failed (${result.code}):\n${tail(result.stderr || result.stdout)}`,
			options.advice,
		);
	return result.stdout;
}

/** Does the work for each item, as many at once as there are cores. Stops at the first error. */
export async function inParallel<Item>(
	items: readonly Item[],
	work: (item: Item) => Promise<void>,
): Promise<void> {
	let next = 0;
	const worker = async () => {
		while (next < items.length) await work(items[next++] as Item);
	};
	const workers = Math.min(items.length, availableParallelism());
	await Promise.all(Array.from({ length: workers }, worker));
}

function tail(text: string): string {
	const lines = text.trimEnd().split("\n");
	return lines.slice(-40).join("\n");
}
