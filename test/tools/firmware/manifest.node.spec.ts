import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { neededModules } from "../../../tools/firmware/graph.js";
import { readManifest } from "../../../tools/firmware/manifest.js";

let folder = "";

/** Files by path; an object becomes JSON. */
function tree(files: Readonly<Record<string, string | object>>): void {
	for (const [path, contents] of Object.entries(files)) {
		const absolute = join(folder, path);
		mkdirSync(dirname(absolute), { recursive: true });
		writeFileSync(
			absolute,
			typeof contents === "string" ? contents : JSON.stringify(contents),
		);
	}
}

function read(platform = "qemu") {
	return readManifest(join(folder, "manifest.json"), platform);
}

describe("firmware: manifest", () => {
	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "hookswitch-manifest-"));
	});
	afterEach(() => rmSync(folder, { recursive: true }));

	it("lists the modules of a wildcard, without type declarations and sub-folders", () => {
		tree({
			"manifest.json": {
				build: { NAME: "phone" },
				creation: { main: "src/main" },
				modules: { "src/*": "./src/*" },
			},
			"src/main.ts": "",
			"src/types.d.ts": "",
			"src/plain.js": "",
			"src/deep/other.ts": "",
		});
		const manifest = read();
		assert.equal(manifest.name, "phone");
		assert.deepEqual([...manifest.modules.keys()], ["src/main", "src/plain"]);
		assert.equal(manifest.modules.get("src/main"), join(folder, "src/main"));
	});

	it("lets the platform's block override and add, and no other's", () => {
		tree({
			"manifest.json": {
				creation: { main: "hosts/esp32/main" },
				modules: { "hosts/esp32/main": "./esp32" },
				config: { a: 1, b: 1 },
				platforms: {
					esp32: { config: { b: 3 } },
					qemu: {
						creation: { main: "hosts/qemu/main" },
						modules: { "hosts/qemu/main": "./qemu" },
						config: { b: 2 },
						memory: { ram: 1000 },
						sources: ["./c/*.c"],
						components: ["xs"],
					},
				},
			},
			"esp32.ts": "",
			"qemu.ts": "",
			"c/one.c": "",
			"c/two.c": "",
			"c/header.h": "",
		});
		const manifest = read();
		assert.equal(manifest.main, "hosts/qemu/main");
		assert.deepEqual(manifest.config, { a: 1, b: 2 });
		assert.equal(manifest.memory.ram, 1000);
		assert.deepEqual(manifest.components, ["xs"]);
		assert.deepEqual(manifest.sources, [
			join(folder, "c/one.c"),
			join(folder, "c/two.c"),
		]);
		assert.equal(read("esp32").main, "hosts/esp32/main");
	});

	it("includes other manifests first, relative to itself, and leaves the SDK's out", () => {
		tree({
			"manifest.json": {
				include: ["$(MODDABLE)/examples/manifest_base.json", "./base/m.json"],
				build: { NAME: "outer" },
			},
			"base/m.json": {
				build: { NAME: "inner" },
				creation: { main: "main" },
				modules: { main: "./main" },
				include: "../manifest.json",
			},
			"base/main.ts": "",
		});
		const manifest = read();
		assert.equal(manifest.name, "outer");
		assert.equal(manifest.modules.get("main"), join(folder, "base/main"));
	});

	it("chooses what to preload by patterns, and takes away with an exclamation mark", () => {
		tree({
			"manifest.json": {
				creation: { main: "src/a" },
				modules: { "src/*": "./src/*", "src/b/*": "./src/b/*" },
				preload: ["src/*", "!src/b/y"],
			},
			"src/a.ts": "",
			"src/b/x.ts": "",
			"src/b/y.ts": "",
		});
		assert.deepEqual(read().preload, ["src/a", "src/b/x"]);
	});

	it("names the file and what is wrong", () => {
		const main = { creation: { main: "a" }, modules: { a: "./a" } };
		const wrong: [Record<string, string | object>, RegExp][] = [
			[{}, /no manifest at .*manifest\.json/],
			[{ "manifest.json": "{" }, /manifest\.json: /],
			[{ "manifest.json": main }, /module "a": no .*a\.ts/],
			[
				{ "manifest.json": { ...main, creation: { main: "b" } }, "a.ts": "" },
				/creation\.main "b" is not among the modules/,
			],
			[
				{ "manifest.json": { ...main, preload: ["c"] }, "a.ts": "" },
				/no module "c"/,
			],
			[
				{
					"manifest.json": { ...main, platforms: { "...": { error: "no" } } },
					"a.ts": "",
				},
				/manifest\.json: no$/,
			],
		];
		for (const [files, expected] of wrong) {
			rmSync(folder, { recursive: true });
			tree(files);
			mkdirSync(folder, { recursive: true });
			assert.throws(() => read(), expected);
		}
	});
});

describe("firmware: which modules an image needs", () => {
	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "hookswitch-graph-"));
	});
	afterEach(() => rmSync(folder, { recursive: true }));

	function needed(): string[] {
		const manifest = read();
		return [...neededModules(manifest, folder, folder).scripts.keys()];
	}

	it("those that main imports, in each form of import, and theirs", () => {
		tree({
			"manifest.json": {
				creation: { main: "src/main" },
				modules: { "src/*": "./src/*", "src/b/*": "./src/b/*" },
			},
			"src/main.js": [
				'import { a } from "./a.js";',
				'import "./side.js";',
				'export * from "./b/star.js";',
				"import {",
				"  one,",
				'} from "./many.js";',
				'const late = () => import("./late.js");',
				'// import "./comment-inside-a-line-is-none.js";',
			].join("\n"),
			"src/a.js": 'import { up } from "./b/up.js";\n',
			"src/side.js": "",
			"src/many.js": "",
			"src/late.js": "",
			"src/b/star.js": "",
			"src/b/up.js": 'export { x } from "../a.js";\n',
			"src/unused.js": "",
		});
		assert.deepEqual(needed(), [
			"src/a",
			"src/b/star",
			"src/b/up",
			"src/late",
			"src/main",
			"src/many",
			"src/side",
		]);
	});

	it("one that no manifest lists is an error that names both", () => {
		tree({
			"manifest.json": {
				creation: { main: "main" },
				modules: { main: "./main" },
			},
			"main.js": 'import "./elsewhere.js";\n',
		});
		assert.throws(needed, /main imports ".\/elsewhere.js"/);
	});

	it("one that tsc has not compiled says what to run", () => {
		tree({
			"manifest.json": {
				creation: { main: "main" },
				modules: { main: "./main" },
			},
			"main.ts": "",
		});
		assert.throws(needed, /main\.ts has not been compiled\n {2}run: npx tsc/);
	});
});
