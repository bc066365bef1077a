/**
 * Which of a manifest's modules an image needs: what main and the entries import,
 * directly or not. Modules of types alone, and those of another host, stay out.
 */
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { FirmwareError } from "./error.js";
import type { FirmwareManifest } from "./manifest.js";

/** The forms in which tsc writes imports, at a line's start; and dynamic imports of a literal. */
const importing =
	/^(?:import|export)\b[^"';]*?\bfrom\s*["']([^"']+)["']|^import\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)/gm;

export interface NeededModules {
	/** Specifier → JavaScript file, in the order of the module table. */
	readonly scripts: ReadonlyMap<string, string>;
	readonly preload: readonly string[];
}

/**
 * `compiled` is where tsc puts what it makes of `root`; `made` are modules that
 * the build itself writes, by specifier.
 */
export function neededModules(
	manifest: FirmwareManifest,
	root: string,
	compiled: string,
	made: ReadonlyMap<string, string> = new Map(),
): NeededModules {
	const scripts = new Map<string, string>();
	const waiting = [manifest.main, ...manifest.entries];
	while (waiting.length > 0) {
		const specifier = waiting.pop() as string;
		if (scripts.has(specifier)) continue;
		const ready = made.get(specifier);
		if (ready !== undefined) {
			scripts.set(specifier, ready);
			continue;
		}
		const stem = manifest.modules.get(specifier);
		if (stem === undefined)
			throw new FirmwareError(`no module "${specifier}" in the manifest`);
		const script = scriptOf(stem, root, compiled);
		scripts.set(specifier, script);
		for (const imported of imports(readFileSync(script, "utf8"))) {
			const target = resolveSpecifier(imported, specifier);
			if (!manifest.modules.has(target) && !made.has(target))
				throw new FirmwareError(
					`${specifier} imports "${imported}", which the manifest does not list`,
				);
			waiting.push(target);
		}
	}
	const ordered = [...scripts.keys()].sort(byBytes);
	return {
		scripts: new Map(ordered.map((each) => [each, scripts.get(each) ?? ""])),
		// Main's body starts the firmware: it runs at boot.
		preload: manifest.preload.filter(
			(each) => scripts.has(each) && each !== manifest.main,
		),
	};
}

/** The engine searches its module table by bytes. */
function byBytes(a: string, b: string): number {
	return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** What tsc made of a module, or the file itself where it is JavaScript. */
function scriptOf(stem: string, root: string, compiled: string): string {
	const plain = `${stem}.js`;
	if (existsSync(plain)) return plain;
	const inside = relative(root, stem);
	const script = join(compiled, `${inside}.js`);
	if (!existsSync(script))
		throw new FirmwareError(
			`${inside}.ts has not been compiled`,
			"run: npx tsc -p .",
		);
	return script;
}

function imports(script: string): string[] {
	return [...script.matchAll(importing)].map(
		(match) => match[1] ?? match[2] ?? match[3] ?? "",
	);
}

/** As XS does: relative to the importing module's specifier, without ".js". */
export function resolveSpecifier(imported: string, importer: string): string {
	const plain = imported.replace(/\.js$/, "");
	if (!plain.startsWith(".")) return plain;
	const parts = importer.split("/").slice(0, -1);
	for (const part of plain.split("/")) {
		if (part === "..") parts.pop();
		else if (part !== ".") parts.push(part);
	}
	return parts.join("/");
}
