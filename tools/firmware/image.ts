/**
 * Objects to an image: links, lets the firmware make its own ROM heap in QEMU, and
 * puts both into what the first flash chip holds.
 */
import {
	closeSync,
	ftruncateSync,
	openSync,
	readFileSync,
	renameSync,
	statSync,
	writeFileSync,
	writeSync,
} from "node:fs";
import { join } from "node:path";
import { FirmwareError } from "./error.js";
import type { Memory } from "./manifest.js";
import { run, runOrFail } from "./process.js";
import { type FileTimes, isCurrent, stampOf, writeStamp } from "./stamp.js";

/** QEMU wants the file of a flash chip to have the chip's size. */
export const flashSize = 32 * 1024 * 1024;
const flashBase = 0x20000000;
const ramBase = 0x80000000;
const optionsMagic = "hookswitch-options\n";

export interface Image {
	readonly path: string;
	readonly elf: string;
	/** Code, constants, modules, initial data and ROM heap. */
	readonly flashBytes: number;
	readonly romHeapBytes: number;
	/** The RAM limit: everything is within. */
	readonly ramBytes: number;
	/** What is left of it for the XS arena. */
	readonly arenaBytes: number;
	readonly staticBytes: number;
	readonly stackBytes: number;
	/** Objects in flash that a script can replace by a copy in RAM, 4 bytes of RAM each. */
	readonly aliases: number;
	readonly warnings: readonly string[];
}

const wrapped = ["fxCStackLimit"];

export async function linkImage(
	objects: readonly string[],
	script: string,
	machine: readonly string[],
	memory: Memory,
	folder: string,
	times: FileTimes,
): Promise<string> {
	const elf = join(folder, "firmware.elf");
	const command = [
		...machine,
		"--specs=picolibc.specs",
		"-nostartfiles",
		`-T${script}`,
		"-Wl,--gc-sections",
		...wrapped.map((name) => `-Wl,--wrap=${name}`),
		`-Wl,--defsym=__ram_size=${memory.ram}`,
		`-Wl,--defsym=__stack_size=${memory.stack}`,
		`-Wl,--defsym=__arena_minimum=${memory.arena}`,
		"-Wl,--defsym=platform_setjmp=setjmp",
		`-Wl,-Map=${elf}.map`,
		"-o",
		elf,
		...objects,
		"-lm",
	];
	const stamp = stampOf(command, [script, ...objects], times);
	if (!isCurrent(elf, stamp)) {
		await runOrFail("riscv64-unknown-elf-gcc", command);
		times.forget(elf);
		writeStamp(elf, stamp);
	}
	return elf;
}

/** The page of options that `board_option` reads. Behind the RAM limit: a product never sees it by accident. */
export function writeOptions(
	path: string,
	options: Readonly<Record<string, string>>,
): void {
	const lines = Object.entries(options).map(
		([name, value]) => `${name}=${value}\n`,
	);
	writeFileSync(path, `${optionsMagic}${lines.join("")}\0`);
}

/** QEMU's arguments that place a page of options for an image with this much RAM. */
export function optionsArguments(path: string, ramBytes: number): string[] {
	const address = `0x${(ramBase + ramBytes).toString(16)}`;
	return ["-device", `loader,file=${path},addr=${address},force-raw=on`];
}

export async function finishImage(
	elf: string,
	memory: Memory,
	folder: string,
	times: FileTimes,
): Promise<Image> {
	const path = join(folder, "firmware.bin");
	const description = join(folder, "image.json");
	const stamp = stampOf(["image"], [elf], times);
	if (isCurrent(path, stamp))
		return JSON.parse(readFileSync(description, "utf8")) as Image;

	const bare = join(folder, "firmware.code");
	await runOrFail("riscv64-unknown-elf-objcopy", [
		...["-O", "binary", "-j", ".text", "-j", ".data"],
		elf,
		bare,
	]);
	const symbols = await readSymbols(elf);
	const romHeap = symbols("__rom_heap") - flashBase;
	const temporary = `${path}.${process.pid}`;
	writeChip(temporary, readFileSync(bare));
	const options = join(folder, "generate.options");
	writeOptions(options, { generate: "1" });
	const output = await generate(temporary, options, memory);
	const rom = output.bytes;
	writeAt(temporary, rom, romHeap);
	renameSync(temporary, path);
	const stack = symbols("__stack_top") - symbols("__stack_bottom");
	const image: Image = {
		path,
		elf,
		flashBytes: romHeap + rom.length,
		romHeapBytes: rom.length,
		ramBytes: memory.ram,
		arenaBytes: symbols("__arena_end") - symbols("__arena_start"),
		staticBytes: symbols("__bss_end") - symbols("__data_start"),
		stackBytes: stack,
		aliases: output.aliases,
		warnings: output.warnings,
	};
	writeFileSync(description, `${JSON.stringify(image, undefined, "\t")}\n`);
	times.forget(path);
	writeStamp(path, stamp);
	return image;
}

/**
 * QEMU's arguments for the bare board, with two character devices: the virtio
 * console, which is fast, and the UART, for crash reports. Not one device for both:
 * QEMU's multiplexer loses input when much of it comes.
 */
export function boardArguments(console: string, uart: string): string[] {
	return [
		...["-M", "virt", "-m", "16M", "-bios", "none"],
		...["-display", "none", "-monitor", "none"],
		...["-global", "virtio-mmio.force-legacy=false"],
		...["-chardev", `${uart},id=uart`],
		...["-serial", "chardev:uart"],
		...["-chardev", `${console},id=console`],
		...["-device", "virtio-serial-device"],
		...["-device", "virtconsole,chardev=console"],
	];
}

interface Generated {
	readonly bytes: Buffer;
	readonly aliases: number;
	readonly warnings: string[];
}

async function generate(
	image: string,
	options: string,
	memory: Memory,
): Promise<Generated> {
	// To a file: a pipe that is full for a moment would lose some of it.
	const output = `${options}.out`;
	const uart = `${options}.uart`;
	const result = await run(
		"qemu-system-riscv32",
		[
			...boardArguments(
				`file,path=${output.replaceAll(",", ",,")}`,
				`file,path=${uart.replaceAll(",", ",,")}`,
			),
			"-no-reboot",
			"-drive",
			`if=pflash,unit=0,format=raw,readonly=on,file=${image}`,
			...optionsArguments(options, memory.ram),
		],
		{ timeout: 60_000 },
	);
	const lines = [output, uart].flatMap((file) =>
		readFileSync(file, "utf8").split(/\r?\n/),
	);
	const errors = lines.filter((line) => line.startsWith("#error"));
	const end = lines.find((line) => line.startsWith("#end "));
	if (result.code !== 0 || errors.length > 0 || !end)
		throw new FirmwareError(
			`the ROM heap cannot be made (QEMU's exit code ${result.code}):\n${[
				...lines.filter((line) => !/^[0-9a-f]{8,}$/.test(line)),
				result.stderr,
			]
				.join("\n")
				.trim()}`,
		);
	const bytes = Buffer.from(
		lines.filter((line) => /^[0-9a-f]{8,}$/.test(line)).join(""),
		"hex",
	);
	if (bytes.length !== Number(end.slice(5)))
		throw new FirmwareError("the ROM heap came out of QEMU incomplete");
	const machine = lines.find((line) => line.startsWith("#machine")) ?? "";
	return {
		bytes,
		aliases: Number(/aliases=(\d+)/.exec(machine)?.[1] ?? 0),
		warnings: lines
			.filter((line) => line.startsWith("#warning "))
			.map((line) => line.slice(9)),
	};
}

async function readSymbols(elf: string): Promise<(name: string) => number> {
	const listed = await runOrFail("riscv64-unknown-elf-nm", [elf]);
	const symbols = new Map<string, number>();
	for (const line of listed.split("\n")) {
		const [address, , name] = line.split(" ");
		if (address && name) symbols.set(name, Number.parseInt(address, 16));
	}
	return (name) => {
		const address = symbols.get(name);
		if (address === undefined)
			throw new FirmwareError(`the linker script lacks ${name}`);
		return address;
	};
}

/** A sparse file of the chip's size that begins with `bytes`. */
function writeChip(path: string, bytes: Buffer): void {
	if (bytes.length > flashSize)
		throw new FirmwareError("the image does not fit into the flash chip");
	writeFileSync(path, bytes);
	const file = openSync(path, "r+");
	ftruncateSync(file, flashSize);
	closeSync(file);
}

function writeAt(path: string, bytes: Buffer, offset: number): void {
	const file = openSync(path, "r+");
	writeSync(file, bytes, 0, bytes.length, offset);
	closeSync(file);
	if (statSync(path).size !== flashSize)
		throw new FirmwareError("the image does not fit into the flash chip");
}
