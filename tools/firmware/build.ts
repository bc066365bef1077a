/**
 * The firmware build, from a manifest to an image: components, objects, bytecode,
 * link, ROM heap. What has not changed is not made again.
 */
import {
	existsSync,
	mkdirSync,
	readFileSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../setup/root.js";
import { buildCompiler, compileModules, engineOptions } from "./bytecode.js";
import { type Component, fetchComponent, readPins } from "./components.js";
import { FirmwareError } from "./error.js";
import { type NeededModules, neededModules } from "./graph.js";
import { finishImage, type Image, linkImage } from "./image.js";
import { type FirmwareManifest, readManifest } from "./manifest.js";
import {
	compileUnits,
	objectPath,
	type Unit,
	writeIfChanged,
} from "./objects.js";
import { runOrFail } from "./process.js";
import { FileTimes } from "./stamp.js";

export interface FirmwareOptions {
	readonly target: "qemu";
	/** Default: the root manifest. */
	readonly manifest?: string;
	/** Folder of the image. Default: build/firmware/qemu/NAME. */
	readonly out?: string;
	/** Make everything again, downloads excepted. */
	readonly clean?: boolean;
	readonly onProgress?: (progress: FirmwareProgress) => void;
}
export interface FirmwareProgress {
	readonly stage: string;
	readonly done: number;
	readonly total: number;
}
export interface Firmware extends Image {
	readonly image: string;
	/** Was it made now, or current already? */
	readonly built: boolean;
	readonly milliseconds: number;
	readonly bytecodeBytes: number;
	readonly modules: number;
	readonly components: Readonly<Record<string, string>>;
}

const compiled = join(projectRoot, "build/js");
const host = join(projectRoot, "hosts/qemu");
const compiler = "riscv64-unknown-elf-gcc";
const machine = ["-march=rv32imc", "-mabi=ilp32"];

const commonFlags = [
	"--specs=picolibc.specs",
	...machine,
	"-mcmodel=medany",
	"-g0",
	"-ffunction-sections",
	"-fdata-sections",
	"-fno-common",
	"-fno-strict-aliasing",
	"-fwrapv",
	"-std=gnu17",
];
/** `-fwrapv` and the engine's bounds checks: input from the network must not become undefined behaviour. */
const engineFlags = [
	...engineOptions,
	"-DINCLUDE_XSPLATFORM",
	'-DXSPLATFORM="platform.h"',
	"-DmxBoundsCheck=1",
];
const debugFlags = ["-DmxDebug=1"];
/** The engine's sources that a device spends its time in: for speed, where all else is for size. */
const hotSources: readonly string[] = [
	"xsAPI",
	"xsArray",
	"xsDataView",
	"xsMemory",
	"xsProperty",
	"xsRun",
	"xsType",
];
/**
 * See `platform_setjmp` in platform.h: with it the interpreter keeps its program
 * counter and stack pointer in registers, which saves a quarter of its instructions.
 */
const interpreterFlags = ["-Dc_setjmp=platform_setjmp"];

export async function buildFirmware(
	options: FirmwareOptions,
): Promise<Firmware> {
	const start = performance.now();
	const manifest = readManifest(
		options.manifest ?? join(projectRoot, "manifest.json"),
	);
	const out =
		options.out ?? join(projectRoot, "build/firmware/qemu", manifest.name);
	const cache = join(projectRoot, "build/firmware/objects");
	if (options.clean) {
		rmSync(out, { recursive: true, force: true });
		rmSync(cache, { recursive: true, force: true });
	}
	mkdirSync(out, { recursive: true });
	const unlock = await lock(join(projectRoot, "build/firmware"));
	try {
		return await build(manifest, out, cache, options, start);
	} finally {
		unlock();
	}
}

async function build(
	manifest: FirmwareManifest,
	out: string,
	cache: string,
	options: FirmwareOptions,
	start: number,
): Promise<Firmware> {
	const stage = (name: string) => (done: number, total: number) =>
		options.onProgress?.({ stage: name, done, total });
	const times = new FileTimes();
	const components = await fetchComponents(manifest, stage("components"));
	const xs = components.find((component) => component.id === "xs");
	if (!xs) throw new FirmwareError('the manifest lacks the component "xs"');

	const bytecodeCompiler = await buildCompiler(
		xs,
		host,
		cache,
		times,
		stage("bytecode compiler"),
	);
	const config = join(out, "config.js");
	const made = new Map([["mc/config", config]]);
	const needed = neededModules(manifest, projectRoot, compiled, made);
	writeIfChanged(config, configModule(manifest, needed, times));
	const modules = await compileModules(
		bytecodeCompiler,
		manifest,
		needed,
		out,
		times,
	);
	const units = firmwareUnits(manifest, components, modules.source, out, cache);
	const changed = await compileUnits(units, times, stage("C sources"));
	const objects = units.map((unit) => unit.object);
	for (const object of objects) times.forget(object);
	const script = join(host, "link.ld");
	const elf = await linkImage(
		objects,
		script,
		machine,
		manifest.memory,
		out,
		times,
	);
	const before = times.of(join(out, "firmware.bin"));
	const image = await finishImage(elf, manifest.memory, out, times);
	const built = changed > 0 || before !== times.of(join(out, "firmware.bin"));
	const used = await recordComponents(components, out);
	if (built) stage("image")(1, 1);
	return {
		...image,
		image: image.path,
		built,
		milliseconds: Math.round(performance.now() - start),
		bytecodeBytes: modules.bytes,
		modules: needed.scripts.size,
		components: used,
	};
}

async function fetchComponents(
	manifest: FirmwareManifest,
	onProgress: (done: number, total: number) => void,
): Promise<Component[]> {
	const pins = readPins(join(host, "components.json"));
	const store = join(projectRoot, "build/components");
	const components: Component[] = [];
	for (const id of manifest.components) {
		const missing = !existsSync(join(store, `${id}-${pins[id]?.version}`));
		if (missing) onProgress(components.length, manifest.components.length);
		components.push(await fetchComponent(id, pins[id], store));
		if (missing) onProgress(components.length, manifest.components.length);
	}
	return components;
}

/**
 * The manifest's "config", the package's version, and the build's time: that of the
 * newest module, or SOURCE_DATE_EPOCH (seconds), with which two working copies give
 * the same image.
 */
function configModule(
	manifest: FirmwareManifest,
	needed: NeededModules,
	times: FileTimes,
): string {
	const { version } = JSON.parse(
		readFileSync(join(projectRoot, "package.json"), "utf8"),
	) as { version: string };
	let time = 1000 * Number(process.env.SOURCE_DATE_EPOCH ?? 0);
	if (!(time > 0))
		for (const [specifier, script] of needed.scripts)
			if (specifier !== "mc/config")
				time = Math.max(time, Number(times.of(script).split(":")[1]));
	const config = { ...manifest.config, version, time: Math.floor(time) };
	return `export default Object.freeze(${JSON.stringify(config)}, true);\n`;
}

function firmwareUnits(
	manifest: FirmwareManifest,
	components: readonly Component[],
	modules: string,
	out: string,
	cache: string,
): Unit[] {
	const debug = manifest.debug ? debugFlags : [];
	const includesOf = (component: Component) =>
		component.includes.flatMap((path) => [
			"-isystem",
			join(component.folder, path),
		]);
	const foreignIncludes = components.flatMap(includesOf);
	const ownIncludes = [
		host,
		join(host, "network"),
		join(host, "network/lwip"),
		join(host, "flash"),
	].flatMap((path) => ["-I", path]);
	const group = manifest.debug ? "debug" : "release";
	const units: Unit[] = [];
	for (const component of components)
		for (const name of component.sources) {
			const source = join(
				component.folder,
				component.sourceFolder,
				`${name}.c`,
			);
			units.push({
				compiler,
				flags: [
					...commonFlags,
					hotSources.includes(name) ? "-O2" : "-Os",
					...(name === "xsRun" ? interpreterFlags : []),
					"-w",
					...(component.id === "xs" ? [...engineFlags, ...debug] : []),
					...(component.id === "xs" ? ["-I", host] : ownIncludes),
					...includesOf(component),
				],
				source,
				object: objectPath(cache, `${group}-${component.id}`, source),
			});
		}
	const own = [
		...commonFlags,
		"-Os",
		...["-Wall", "-Wextra", "-Werror"],
		...engineFlags,
		...debug,
		`-DMALLOC_SIZE=${manifest.memory.malloc || 12 * 1024}`,
		...ownIncludes,
		...foreignIncludes,
	];
	for (const source of [...manifest.sources, modules])
		units.push({
			compiler,
			flags: own,
			source,
			object: objectPath(out, "objects", source),
		});
	const start = join(host, "start.S");
	units.push({
		compiler,
		flags: ["-march=rv32imc_zicsr", "-mabi=ilp32"],
		source: start,
		object: objectPath(out, "objects", start),
	});
	return units;
}

/** What the image was really made of, beside it. */
async function recordComponents(
	components: readonly Component[],
	out: string,
): Promise<Record<string, string>> {
	const path = join(out, "components.json");
	const pinned = Object.fromEntries(
		components.map((component) => [component.id, component.exactVersion]),
	);
	if (existsSync(path)) {
		const known = JSON.parse(readFileSync(path, "utf8")) as Record<
			string,
			string
		>;
		if (Object.entries(pinned).every(([id, version]) => known[id] === version))
			return known;
	}
	const used = {
		...pinned,
		compiler: firstLine(await runOrFail(compiler, ["--version"])),
		picolibc: firstLine(
			await runOrFail("sh", [
				"-c",
				"dpkg-query -W picolibc-riscv64-unknown-elf 2>/dev/null || echo unknown",
			]),
		),
		qemu: firstLine(await runOrFail("qemu-system-riscv32", ["--version"])),
		node: process.version,
	};
	writeFileSync(path, `${JSON.stringify(used, undefined, "\t")}\n`);
	return used;
}

function firstLine(text: string): string {
	return text.split("\n")[0] ?? "";
}

/** One build at a time in a working copy. A lock whose owner is gone is taken over. */
async function lock(folder: string): Promise<() => void> {
	const path = join(folder, "lock");
	mkdirSync(folder, { recursive: true });
	for (;;) {
		try {
			writeFileSync(path, String(process.pid), { flag: "wx" });
			return () => rmSync(path, { force: true });
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
			if (ownerIsGone(path)) rmSync(path, { force: true });
			else await new Promise((fulfil) => setTimeout(fulfil, 100));
		}
	}
}

function ownerIsGone(path: string): boolean {
	try {
		const owner = Number(readFileSync(path, "utf8"));
		if (owner > 0) process.kill(owner, 0);
		// An empty lock is being written, unless it has been so for long.
		return owner === 0 && Date.now() - statSync(path).mtimeMs > 5000;
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === "ESRCH";
	}
}
