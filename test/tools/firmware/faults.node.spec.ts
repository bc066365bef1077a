/** What the firmware does when something is wrong: on the real image, in QEMU. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildFirmware, type Firmware } from "../../../tools/firmware/build.js";
import { makeStorageImage, program, startQemu } from "../../../tools/qemu.js";
import { projectRoot } from "../../../tools/setup/root.js";

const manifest = join(projectRoot, "test/tools/firmware/faults/manifest.json");
const patience = 20_000;
const buildTime = 240_000;

let firmware: Firmware;
let folder = "";

interface Life {
	/** What the phone said, boots included. */
	readonly lines: readonly string[];
	/** Lines of the log that are events. */
	readonly events: readonly Record<string, unknown>[];
}

/** Boots, gives one fault to each boot, and ends when the phone has said `until`, or booted once more than there are faults. */
async function life(
	faults: readonly string[],
	until?: (line: string) => boolean,
): Promise<Life> {
	const lines: string[] = [];
	let boots = 0;
	const storage = join(folder, "storage.bin");
	const qemu = startQemu({
		image: firmware.image,
		storage,
		onLine: (line) => {
			lines.push(line);
			if (line.startsWith("booted")) {
				const fault = faults[boots++];
				if (fault === undefined) qemu.kill();
				else qemu.write(fault);
			}
			if (until?.(line)) qemu.kill();
		},
	});
	const timer = setTimeout(() => qemu.kill(), patience);
	await qemu.ended;
	clearTimeout(timer);
	const events = lines
		.filter((line) => line.startsWith("@"))
		.map((line) => JSON.parse(line.slice(1)) as Record<string, unknown>);
	return { lines, events };
}

/** One fault, after which the phone must have booted again. */
async function crash(fault: string): Promise<{
	readonly reason: unknown;
	readonly text: string;
	readonly trace: readonly string[];
	readonly lines: readonly string[];
}> {
	const { lines, events } = await life([fault]);
	assert.equal(
		lines.filter((line) => line.startsWith("booted")).length,
		2,
		`it boots again:\n${lines.join("\n")}`,
	);
	const event = events.find(({ code }) => code === "crash");
	assert.ok(event, lines.join("\n"));
	assert.equal(event.level, "error");
	const trace = lines
		.filter((line) => /^ +at /.test(line))
		.map((line) => line.trim());
	return { reason: event.reason, text: String(event.text), trace, lines };
}

function where(trace: readonly string[]): string {
	return trace.map((line) => line.split(" ")[1]).join(" ");
}

describe("firmware: faults", function () {
	this.timeout(patience + 5_000);

	before(async function () {
		for (const tool of [program, "riscv64-unknown-elf-gcc"])
			if (spawnSync(tool, ["--version"]).error) this.skip();
		this.timeout(buildTime);
		firmware = await buildFirmware({ target: "qemu", manifest });
	});
	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "hookswitch-faults-"));
		makeStorageImage(join(folder, "storage.bin"), undefined);
	});
	afterEach(() => rmSync(folder, { recursive: true, force: true }));

	it("a write to code in flash traps with its pc and the JavaScript stack", async () => {
		const { reason, text, trace } = await crash("write-code");
		assert.equal(reason, "trap");
		assert.match(
			text,
			/^store access fault at pc 0x200[0-9a-f]{5}, address 0x20000100,/,
		);
		assert.match(where(trace), /^faultStore culprit /);
	});

	it("so does one to an object in flash, past the engine", async () => {
		const { reason, text, trace } = await crash("write-object");
		assert.equal(reason, "trap");
		assert.match(text, /^store access fault .* address 0x200[0-9a-f]{5},/);
		assert.match(where(trace), /^faultStoreObject culprit /);
	});

	it("the last word within the RAM limit can be written, the first beyond cannot", async () => {
		const { lines } = await life(["last-word"], (line) =>
			/still here/.test(line),
		);
		assert.ok(lines.includes("still here"), lines.join("\n"));
		const { text } = await crash("write-beyond");
		assert.match(text, /address 0x8003c000,/);
	});

	it("a C stack that overflows traps instead of running into data", async () => {
		const { reason, text } = await crash("c-stack");
		assert.equal(reason, "trap");
		assert.match(text, /^store access fault .* address 0x7fff/);
	});

	for (const fault of ["memory", "slots"])
		it(`memory full of ${fault === "memory" ? "buffers" : "objects"}: it says where and starts again`, async () => {
			const { reason, trace } = await crash(fault);
			assert.equal(reason, "memory-full");
			assert.ok(where(trace).includes(`${fault} culprit`), where(trace));
		});

	it("an exception that nobody catches shows its message and stack", async () => {
		const { reason, text, lines } = await crash("exception");
		assert.equal(reason, "exception");
		assert.equal(text, "Error: thrown on purpose");
		assert.ok(lines.some((line) => /at exception /.test(line)));
	});

	it("so does a rejection that nobody handles; one that is handled does not", async () => {
		const { reason, text } = await crash("rejection");
		assert.equal(reason, "rejection");
		assert.equal(text, "Error: rejected on purpose");
		const { events, lines } = await life(["handled"], (line) =>
			/^handled/.test(line),
		);
		assert.ok(lines.includes("handled"));
		assert.deepEqual(events, []);
	});

	it("running out of stack is a RangeError, again and again", async () => {
		for (const fault of ["overflow", "nested"]) {
			const expected = `${fault}: RangeError`;
			let seen = 0;
			const { lines, events } = await life(
				[fault],
				(line) => line === expected && ++seen === 3,
			);
			assert.deepEqual(events, [], lines.join("\n"));
			assert.equal(seen, 3);
		}
	});

	it("what lies in flash is frozen, and there is no parser", async () => {
		const frozen = await life(["frozen"], (line) => /^frozen:/.test(line));
		assert.ok(frozen.lines.includes("frozen: TypeError TypeError 1"));
		const parser = await life(["parser"], (line) => /^parser:/.test(line));
		assert.ok(parser.lines.includes("parser: Error"), parser.lines.join("\n"));
	});

	it("what lies in flash can be written as JSON", async () => {
		const { lines } = await life(["json"], (line) => /^json:/.test(line));
		const list = '[1,"two",{"three":[3]}]';
		assert.ok(
			lines.includes(
				`json: {"a":{"name":"x","list":${list},"none":null},"b":${list}} [ 1, "two", {  "three": [   3  ] }] TypeError`,
			),
			lines.join("\n"),
		);
	});

	it("the log is UTF-8, whatever it says", async () => {
		const { lines } = await life(["log"], (line) => line.startsWith('"'));
		assert.ok(
			lines.includes('"a\\u0000é€😀\\ud800"'),
			JSON.stringify(lines.slice(1)),
		);
	});

	it("timers come in order, and not once they are cleared", async () => {
		const { lines } = await life(["timers"], (line) => /^timers:/.test(line));
		assert.ok(lines.includes("timers: 10 30"), lines.join("\n"));
	});

	it("crashes are counted in storage, over power cuts, and those in a row within a minute of boot", async () => {
		const first = await life(["exception", "write-code"]);
		const counted = (lines: readonly string[]) =>
			lines.filter((line) => line.startsWith("booted"));
		assert.deepEqual(counted(first.lines), [
			"booted, crashes 0, early 0",
			"booted, crashes 1, early 1",
			"booted, crashes 2, early 2",
		]);
		const second = await life(["memory"]);
		assert.deepEqual(counted(second.lines), [
			"booted, crashes 2, early 2",
			"booted, crashes 3, early 3",
		]);
	});

	it("a crash is counted even where its stack cannot be read", async () => {
		const { lines } = await life(["torn"]);
		assert.ok(lines.includes("booted, crashes 1, early 1"), lines.join("\n"));
	});
});

describe("firmware: build", function () {
	this.timeout(buildTime);

	before(function () {
		for (const tool of [program, "riscv64-unknown-elf-gcc"])
			if (spawnSync(tool, ["--version"]).error) this.skip();
	});

	it("with nothing changed makes nothing, and takes no time", async () => {
		await buildFirmware({ target: "qemu", manifest });
		const again = await buildFirmware({
			target: "qemu",
			manifest,
			onProgress: ({ stage }) => assert.fail(`${stage} was done again`),
		});
		assert.equal(again.built, false);
	});

	it("is the same, whoever makes it, to the byte", async () => {
		const out = mkdtempSync(join(tmpdir(), "hookswitch-build-"));
		try {
			const other = await buildFirmware({ target: "qemu", manifest, out });
			const here = await buildFirmware({ target: "qemu", manifest });
			assert.equal(other.built, true);
			assert.equal(spawnSync("cmp", [other.image, here.image]).status, 0);
		} finally {
			rmSync(out, { recursive: true });
		}
	});

	it("has the time of SOURCE_DATE_EPOCH, where that is set", async () => {
		const out = mkdtempSync(join(tmpdir(), "hookswitch-build-"));
		process.env.SOURCE_DATE_EPOCH = "1700000000";
		try {
			await buildFirmware({ target: "qemu", manifest, out });
			const config = readFileSync(join(out, "config.js"), "utf8");
			assert.match(config, /"time":1700000000000\b/);
		} finally {
			delete process.env.SOURCE_DATE_EPOCH;
			rmSync(out, { recursive: true });
		}
	});

	/** Builds the image of the faults with something else in its manifest. */
	async function buildWith(
		changes: object,
		files: Readonly<Record<string, string>> = {},
	): Promise<Firmware> {
		const out = mkdtempSync(join(tmpdir(), "hookswitch-build-"));
		try {
			const changed = join(out, "manifest.json");
			writeFileSync(changed, JSON.stringify({ include: manifest, ...changes }));
			for (const [name, contents] of Object.entries(files))
				writeFileSync(join(out, name), contents);
			return await buildFirmware({ target: "qemu", manifest: changed, out });
		} finally {
			rmSync(out, { recursive: true });
		}
	}

	it("an image that is larger than its RAM does not link", () =>
		assert.rejects(
			buildWith({ platforms: { qemu: { memory: { ram: 128 * 1024 } } } }),
			/RAM limit: too little is left for the XS arena/,
		));

	it("JavaScript that the engine cannot read is an error with its place", () =>
		assert.rejects(
			buildWith(
				{
					modules: { broken: "./broken" },
					platforms: { qemu: { creation: { main: "broken" } } },
				},
				{ "broken.js": "const fine = 1;\nconst not fine = 2;\n" },
			),
			/broken:2: error/,
		));

	it("a preloaded module that keeps a Map is warned about", async () => {
		const { warnings } = await buildWith(
			{
				modules: { main: "./main", keeper: "./keeper" },
				preload: ["keeper"],
				platforms: { qemu: { creation: { main: "main" } } },
			},
			{
				"keeper.js": "export const known = new Map();\n",
				"main.js": 'import "./keeper.js";\n',
			},
		);
		assert.deepEqual(warnings, [
			"a preloaded module keeps a Map, which cannot change in flash",
		]);
	});
});
