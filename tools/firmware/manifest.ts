/**
 * Reads a manifest of the Moddable SDK's form, as far as a QEMU image needs it:
 * include, build, modules with wildcards, creation, config, preload, platforms, and
 * in the platform block "qemu" what only our build knows: memory, partitions,
 * components, sources. Includes of the SDK's own manifests (`$(MODDABLE)/…`) give
 * nothing here: what the agent takes from them on hardware, `hosts/qemu` has itself.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { FirmwareError } from "./error.js";

export interface FirmwareManifest {
	readonly name: string;
	readonly main: string;
	/** Specifier → file without extension, absolute; sorted by specifier. */
	readonly modules: ReadonlyMap<string, string>;
	/** Specifiers to preload, in manifest order. */
	readonly preload: readonly string[];
	/** Specifiers that nothing imports statically and that are loaded all the same. */
	readonly entries: readonly string[];
	readonly config: Readonly<Record<string, unknown>>;
	readonly memory: Memory;
	readonly partitions: Partitions;
	readonly components: readonly string[];
	/** C sources, absolute. */
	readonly sources: readonly string[];
	/** Compile with file names and lines in stack traces. */
	readonly debug: boolean;
}
/** Bytes. */
export interface Memory {
	readonly ram: number;
	/** Of C. */
	readonly stack: number;
	/** The least that must be left for the XS arena. */
	readonly arena: number;
	/** For the engine's tables; the arena has the rest. */
	readonly malloc: number;
}
export interface Partitions {
	readonly factory: number;
	readonly storage: number;
}

interface Block {
	build?: { NAME?: string };
	include?: string | string[];
	modules?: Record<string, string | string[]>;
	preload?: string | string[];
	creation?: { main?: string };
	config?: Record<string, unknown>;
	memory?: Partial<Memory>;
	partitions?: Partial<Partitions>;
	components?: string[];
	entries?: string | string[];
	sources?: string | string[];
	debug?: boolean;
	error?: string;
}
interface ManifestFile extends Block {
	platforms?: Record<string, Block>;
}

/** Extensions of a module's source, in the order of preference. */
const moduleExtensions = [".ts", ".js"];

class Collector {
	readonly platform: string;
	readonly modules = new Map<string, string>();
	readonly preload: string[] = [];
	readonly entries: string[] = [];
	readonly sources = new Set<string>();
	readonly components = new Set<string>();
	readonly seen = new Set<string>();
	readonly config: Record<string, unknown> = {};
	memory: Memory = { ram: 240 * 1024, stack: 12 * 1024, arena: 0, malloc: 0 };
	partitions: Partitions = { factory: 64 * 1024, storage: 256 * 1024 };
	name = "";
	main = "";
	debug = false;

	constructor(platform: string) {
		this.platform = platform;
	}

	file(path: string): void {
		const absolute = resolve(path);
		if (this.seen.has(absolute)) return;
		this.seen.add(absolute);
		const manifest = readJson(absolute);
		this.block(manifest, absolute);
		const platforms = manifest.platforms ?? {};
		const chosen = platforms[this.platform] ?? platforms["..."];
		if (chosen?.error)
			throw new FirmwareError(`${display(absolute)}: ${chosen.error}`);
		if (chosen) this.block(chosen, absolute);
	}

	block(block: Block, manifest: string): void {
		const folder = dirname(manifest);
		for (const include of list(block.include)) {
			if (include.startsWith("$(")) continue;
			this.file(resolve(folder, include));
		}
		if (block.build?.NAME) this.name = block.build.NAME;
		if (block.creation?.main) this.main = block.creation.main;
		Object.assign(this.config, block.config);
		for (const [specifier, targets] of Object.entries(block.modules ?? {}))
			for (const target of list(targets))
				this.module(specifier, target, folder, manifest);
		this.preload.push(...list(block.preload));
		this.entries.push(...list(block.entries));
		for (const pattern of list(block.sources))
			for (const source of expand(resolve(folder, pattern), [".c", ".S"]))
				this.sources.add(source);
		for (const component of block.components ?? [])
			this.components.add(component);
		this.memory = { ...this.memory, ...block.memory };
		this.partitions = { ...this.partitions, ...block.partitions };
		this.debug = block.debug ?? this.debug;
	}

	module(
		specifier: string,
		target: string,
		folder: string,
		manifest: string,
	): void {
		if (target.startsWith("$(")) return;
		const path = resolve(folder, target);
		if (specifier.endsWith("/**")) {
			// Our own: the folder with all below it. Only where mcconfig does not look.
			const prefix = specifier.slice(0, -2);
			for (const file of walk(dirname(path)))
				this.modules.set(
					prefix + withoutExtension(relative(dirname(path), file)),
					withoutExtension(file),
				);
			return;
		}
		if (specifier.endsWith("*")) {
			const prefix = specifier.slice(0, -1);
			for (const file of expand(path, moduleExtensions)) {
				const stem = withoutExtension(file);
				this.modules.set(prefix + basename(stem), stem);
			}
			return;
		}
		if (!moduleExtensions.some((extension) => existsSync(path + extension)))
			throw new FirmwareError(
				`${display(manifest)}: module "${specifier}": no ${display(path)}.ts`,
			);
		this.modules.set(specifier, path);
	}
}

export function readManifest(
	path: string,
	platform = "qemu",
): FirmwareManifest {
	const collector = new Collector(platform);
	collector.file(path);
	const modules = new Map([...collector.modules].sort());
	const main = collector.main;
	if (!modules.has(main))
		throw new FirmwareError(
			`${display(resolve(path))}: creation.main "${main}" is not among the modules`,
		);
	return {
		name: collector.name || basename(dirname(resolve(path))),
		main,
		modules,
		preload: matching(collector.preload, modules),
		entries: matching(collector.entries, modules),
		config: collector.config,
		memory: collector.memory,
		partitions: collector.partitions,
		components: [...collector.components],
		sources: [...collector.sources].sort(),
		debug: collector.debug,
	};
}

/** Every TypeScript module below a folder. */
function walk(folder: string): string[] {
	return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
		const path = join(folder, entry.name);
		if (entry.isDirectory()) return walk(path);
		return /(?<!\.d)\.ts$/.test(entry.name) ? [path] : [];
	});
}

/** Patterns to specifiers: one `*` stands for anything, slashes too; `!` in front takes away. */
function matching(
	patterns: readonly string[],
	modules: ReadonlyMap<string, string>,
): string[] {
	const chosen = new Set<string>();
	for (const pattern of patterns) {
		const remove = pattern.startsWith("!");
		const plain = remove ? pattern.slice(1) : pattern;
		const [before = "", after] = plain.split("*");
		const matches = [...modules.keys()].filter((specifier) =>
			after === undefined
				? specifier === plain
				: specifier.length >= before.length + after.length &&
					specifier.startsWith(before) &&
					specifier.endsWith(after),
		);
		if (matches.length === 0 && after === undefined)
			throw new FirmwareError(`manifest: no module "${plain}"`);
		for (const specifier of matches)
			if (remove) chosen.delete(specifier);
			else chosen.add(specifier);
	}
	return [...chosen];
}

/** Files that `pattern` (an absolute path whose last part may be or begin or end with `*`) stands for; type declarations are none. */
function expand(pattern: string, extensions: readonly string[]): string[] {
	const folder = dirname(pattern);
	const last = basename(pattern);
	if (!last.includes("*")) return [pattern];
	const [before = "", after = ""] = last.split("*");
	if (!existsSync(folder)) return [];
	return readdirSync(folder)
		.filter(
			(name) =>
				name.startsWith(before) &&
				name.endsWith(after) &&
				!name.endsWith(".d.ts") &&
				extensions.some((extension) => name.endsWith(extension)),
		)
		.sort()
		.map((name) => join(folder, name));
}

function readJson(path: string): ManifestFile {
	let text: string;
	try {
		text = readFileSync(path, "utf8");
	} catch {
		throw new FirmwareError(
			`no manifest at ${display(path)}`,
			"name one with --manifest, such as test/xs/manifest.json",
		);
	}
	try {
		return JSON.parse(text) as ManifestFile;
	} catch (error) {
		throw new FirmwareError(`${display(path)}: ${(error as Error).message}`);
	}
}

function list(value: string | string[] | undefined): string[] {
	if (value === undefined) return [];
	return typeof value === "string" ? [value] : value;
}

function withoutExtension(path: string): string {
	return path.replace(/\.[jt]s$/, "");
}

function display(path: string): string {
	const here = relative(process.cwd(), path);
	return here.startsWith(`..${sep}`) ? path : here;
}
