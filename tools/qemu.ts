/**
 * QEMU as a phone's board: starts it with an image, a storage file and a network,
 * and gives its console line by line. Also makes the second flash chip's file with
 * the factory partition. Knows nothing of what the firmware says.
 */
import {
	type ChildProcess,
	type ChildProcessByStdio,
	spawn,
} from "node:child_process";
import { closeSync, ftruncateSync, openSync, rmSync, writeSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import {
	encodeFactoryPartition,
	FACTORY_PARTITION_SIZE,
} from "../hosts/node/factory.js";
import { bound } from "./bound.js";
import {
	boardArguments,
	flashSize,
	optionsArguments,
	writeOptions,
} from "./firmware/image.js";

export interface QemuOptions {
	/** `firmware.bin` of a build. */
	readonly image: string;
	/** The second flash chip (`makeStorageImage`). Without it the phone remembers nothing. */
	readonly storage?: string;
	/** More of QEMU's arguments: network devices above all. */
	readonly arguments?: readonly string[];
	/** Count instructions: 1 ms of the phone's time is 1,000,000 of them, whatever this machine does. */
	readonly icount?: boolean;
	/** Each line of the console, without its end. */
	readonly onLine: (line: string) => void;
	/** Ends QEMU where the phone would restart. */
	readonly noReboot?: boolean;
	/** For tests: what `board_option` gives. They go into `file`, for an image with `ramBytes` of RAM. */
	readonly options?: {
		readonly file: string;
		readonly ramBytes: number;
		readonly values: Readonly<Record<string, string>>;
	};
}

export type QemuProcess = ChildProcessByStdio<Writable, Readable, Readable>;

export interface Qemu {
	readonly process: QemuProcess;
	/** Settles with the exit code when QEMU has ended, and its last words on standard error. */
	readonly ended: Promise<QemuEnd>;
	/** A line to the phone's console. */
	write(line: string): void;
	/** Pulls the plug. */
	kill(): void;
}
export interface QemuEnd {
	readonly code: number | null;
	readonly stderr: string;
}

export const program = "qemu-system-riscv32";

/** Which of QEMU's file descriptors the UART is, with `qemuStdio`. */
const UART = 3;
/** For spawn: the console, QEMU's own words, and the UART, which must be a socket. */
export const qemuStdio: ["pipe", "pipe", "pipe", "pipe"] = [
	"pipe",
	"pipe",
	"pipe",
	"pipe",
];

/** Gives `onLine` each line that console or UART say. */
export function readConsole(
	child: ChildProcess,
	onLine: (line: string) => void,
): void {
	for (const stream of [child.stdout, child.stdio[UART] as Readable | null]) {
		if (stream === null) continue;
		let rest = "";
		stream.setEncoding("utf8");
		stream.on("data", (text: string) => {
			const lines = (rest + text).split("\n");
			rest = lines.pop() ?? "";
			for (const line of lines) onLine(line.replace(/\r$/, ""));
		});
		stream.on("end", () => {
			if (rest !== "") onLine(rest);
		});
	}
}

/** QEMU's arguments for a phone; `qemuStdio` goes with them. */
export function qemuArguments(options: Omit<QemuOptions, "onLine">): string[] {
	return [
		...boardArguments("stdio,signal=off", `socket,fd=${UART}`),
		...["-device", "virtio-rng-device"],
		...drive(0, options.image, true),
		...(options.storage ? drive(1, options.storage, false) : []),
		...(options.icount ? ["-icount", "shift=0"] : []),
		...(options.noReboot ? ["-no-reboot"] : []),
		...(options.options
			? optionsArguments(options.options.file, options.options.ramBytes)
			: []),
		...(options.arguments ?? []),
	];
}

export function startQemu(options: QemuOptions): Qemu {
	if (options.options)
		writeOptions(options.options.file, options.options.values);
	const child = spawn(...bound(program, qemuArguments(options)), {
		stdio: qemuStdio,
	}) as QemuProcess;
	readConsole(child, options.onLine);
	let stderr = "";
	child.stderr.setEncoding("utf8").on("data", (text: string) => {
		stderr += text;
	});
	// Whoever writes to a phone that is off finds out by its end, not by a broken pipe.
	child.stdin.on("error", () => {});
	const ended = new Promise<QemuEnd>((resolve) => {
		child.once("close", (code) => {
			resolve({ code, stderr });
		});
		child.once("error", (error) =>
			resolve({ code: null, stderr: error.message }),
		);
	});
	const kill = () => {
		child.kill("SIGKILL");
	};
	// At once, where this process has the time to.
	process.once("exit", kill);
	ended.then(() => process.removeListener("exit", kill));
	return {
		process: child,
		ended,
		write: (line) => child.stdin.write(`${line}\n`),
		kill,
	};
}

function drive(unit: number, file: string, readOnly: boolean): string[] {
	const access = readOnly ? "readonly=on," : "";
	return [
		"-drive",
		`if=pflash,unit=${unit},format=raw,${access}file=${file.replaceAll(",", ",,")}`,
	];
}

/** Where the partitions of the second chip lie. */
export const factoryOffset = 0;
export const storageOffset = FACTORY_PARTITION_SIZE;
export const storageSize = 256 * 1024;
/** The crash counter's, behind the store. */
const crashesSize = 8 * 1024;

/** A second flash chip: the factory document, and an erased store behind it. */
export function makeStorageImage(
	path: string,
	factory: Uint8Array | undefined,
): void {
	const chip = Buffer.alloc(storageOffset + storageSize + crashesSize, 0xff);
	if (factory) chip.set(encodeFactoryPartition(factory), factoryOffset);
	rmSync(path, { force: true });
	const file = openSync(path, "wx", 0o600);
	try {
		writeSync(file, chip);
		ftruncateSync(file, flashSize);
	} finally {
		closeSync(file);
	}
}
