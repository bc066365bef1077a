/**
 * Modules to bytecode: builds the bytecode compiler (the engine's own parser and
 * coder, with this machine's C compiler), runs it over all modules of an image at
 * once, because their symbols share one table, and writes the C file that puts
 * the result in flash.
 */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { Component } from "./components.js";
import { FirmwareError } from "./error.js";
import type { NeededModules } from "./graph.js";
import type { FirmwareManifest } from "./manifest.js";
import {
	compileUnits,
	objectPath,
	type Unit,
	writeIfChanged,
} from "./objects.js";
import { run, runOrFail } from "./process.js";
import { type FileTimes, isCurrent, stampOf, writeStamp } from "./stamp.js";

/** The engine's options that change its code or its bytecode: the same for the compiler and the firmware. */
export const engineOptions = ["-DmxRun=1", "-DmxNoConsole=1", "-DmxCESU8=1"];

/** Gives the path of the bytecode compiler, built if it has to be. */
export async function buildCompiler(
	xs: Component,
	host: string,
	folder: string,
	times: FileTimes,
	onProgress: (done: number, total: number) => void,
): Promise<string> {
	const includes = xs.includes.map((path) => join(xs.folder, path));
	const flags = [
		"-O1",
		"-g0",
		"-w",
		"-ffunction-sections",
		"-fdata-sections",
		"-DmxParse=1",
		...engineOptions,
		...includes.flatMap((path) => ["-isystem", path]),
	];
	const sources = [
		...(xs.compilerSources ?? []).map((name) =>
			join(xs.folder, xs.sourceFolder, `${name}.c`),
		),
		join(host, "compiler/compile.c"),
		join(host, "compiler/stubs.c"),
	];
	const units: Unit[] = sources.map((source) => ({
		compiler: "gcc",
		flags,
		source,
		object: objectPath(folder, "compiler", source),
	}));
	await compileUnits(units, times, onProgress);
	const program = join(folder, "compile");
	const objects = units.map((unit) => unit.object);
	const command = ["-Wl,--gc-sections", "-o", program, ...objects, "-lm"];
	const stamp = stampOf(command, objects, times);
	if (!isCurrent(program, stamp)) {
		await runOrFail("gcc", command);
		times.forget(program);
		writeStamp(program, stamp);
	}
	return program;
}

export interface CompiledModules {
	/** The C source that holds them. */
	readonly source: string;
	readonly bytes: number;
}

export async function compileModules(
	compiler: string,
	manifest: FirmwareManifest,
	needed: NeededModules,
	folder: string,
	times: FileTimes,
): Promise<CompiledModules> {
	const { scripts } = needed;
	const out = join(folder, "bytecode");
	const source = join(folder, "modules.c");
	const files = [...scripts.values()];
	const command = [
		compiler,
		...(manifest.debug ? ["-d"] : []),
		out,
		...[...scripts].map(([specifier, path]) => `${specifier}=${path}`),
	];
	const settings = [manifest.main, ...needed.preload];
	const stamp = stampOf([...command, ...settings], [compiler, ...files], times);
	if (!isCurrent(source, stamp)) {
		rmSync(out, { recursive: true, force: true });
		mkdirSync(out, { recursive: true });
		const result = await run(compiler, command.slice(1));
		if (result.code !== 0)
			throw new FirmwareError(
				`JavaScript does not compile for XS:\n${result.stderr.trim()}`,
			);
		writeIfChanged(source, moduleSource(manifest.main, needed, out));
		times.forget(source);
		writeStamp(source, stamp);
	}
	let bytes = 0;
	for (let index = 0; index < scripts.size; index++)
		bytes += Number(times.of(join(out, `${index}.xsb`)).split(":")[0]);
	return { source, bytes };
}

/** The sum is there so that bytecode of the same size makes another source, and is compiled in. */
function sizeAndSum(path: string): string {
	const bytes = readFileSync(path);
	return `${bytes.length} /* ${crc32(bytes).toString(16)} */ }`;
}

function moduleSource(
	main: string,
	{ scripts, preload }: NeededModules,
	out: string,
): string {
	const symbols = readFileSync(join(out, "symbols"))
		.toString("latin1")
		.split("\0")
		.slice(0, -1);
	const names = [...scripts.keys()];
	const lines = [
		"/* Made by the firmware build. */",
		'#include "platform-internal.h"',
		...names.flatMap((_name, index) => [
			`__asm__(".section .rodata.module${index},\\"a\\"\\n.balign 4\\nmodule${index}: .incbin \\"${out}/${index}.xsb\\"\\nmodule${index}_end:\\n.previous");`,
			`extern const uint8_t module${index}[];`,
		]),
		"const modules_module modules_table[] = {",
		...names.map(
			(name, index) =>
				`\t{ ${literal(name)}, module${index}, ${sizeAndSum(join(out, `${index}.xsb`))},`,
		),
		"};",
		`const int modules_count = ${names.length};`,
		"const char* const modules_symbols[] = {",
		...symbols.map((symbol) => `\t${literal(symbol)},`),
		"\tNULL",
		"};",
		`const int modules_symbol_count = ${symbols.length};`,
		"const char* const modules_preload[] = {",
		...preload.map((name) => `\t${literal(name)},`),
		"\tNULL",
		"};",
		`const int modules_preload_count = ${preload.length};`,
		`const char modules_main[] = ${literal(main)};`,
	];
	return `${lines.join("\n")}\n`;
}

/** A C string literal of bytes given as Latin-1. */
function literal(text: string): string {
	return `"${text.replace(/[^ !#-[\]-~]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`)}"`;
}
