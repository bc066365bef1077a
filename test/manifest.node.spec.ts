import { deepEqual } from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../tools/setup/root.js";

interface Manifest {
	readonly preload: readonly string[];
	readonly modules: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(
	readFileSync(join(projectRoot, "manifest.json"), "utf8"),
) as Manifest;

/** Module specifiers: paths from the root without their ending. */
function modulesIn(folder: string): string[] {
	return readdirSync(join(projectRoot, folder), { withFileTypes: true })
		.filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
		.map((entry) => `${folder}/${entry.name.slice(0, -".ts".length)}`);
}

const folders = readdirSync(join(projectRoot, "src"), { withFileTypes: true })
	.filter((entry) => entry.isDirectory())
	.map((entry) => `src/${entry.name}`)
	.filter((folder) => modulesIn(folder).length > 0);

describe("manifest.json", () => {
	it("has a line for each folder of the core: the SDK's wildcards do not go down", () => {
		const expected = ["src", ...folders, "hosts"].map((folder) => [
			`${folder}/*`,
			`./${folder}/*`,
		]);
		deepEqual(manifest.modules, Object.fromEntries(expected));
	});

	it("preloads every module of the core: the SDK's wildcards skip TypeScript", () => {
		const expected = ["src", ...folders, "hosts"].flatMap(modulesIn);
		deepEqual([...manifest.preload].sort(), expected.sort());
	});
});
