/**
 * The life of a phone in QEMU, several times over: medians of what `simulate --check`
 * measures, with the budget of each beside it.
 *
 *   node build/js/bench/life.js [runs] [own|user]
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { projectRoot } from "../tools/setup/root.js";

/** Design §9; times in ms. Rows without a budget are for information. */
const FIGURES: readonly (readonly [name: string, budget?: number])[] = [
	["boot_ms"],
	["provisioned_ms"],
	["registered_ms", 500],
	["change_applied_ms", 20],
	["access_applied_ms"],
	["new_registrar_ms"],
	["offline_boot_ms", 300],
	["reenrol_ms"],
	["ram_bytes", 240 * 1024],
	["xs_arena_peak_bytes", 112 * 1024],
	["flash_bytes", 1.5 * 1024 * 1024],
	["instructions_boot"],
];

const [runsText = "5", network] = process.argv.slice(2);
const runs = Number(runsText);
const results: Record<string, unknown>[] = [];
for (let run = 1; run <= runs; run++) {
	process.stderr.write(`run ${run} of ${runs}\n`);
	const { status, stdout, stderr } = spawnSync(
		process.execPath,
		[
			join(projectRoot, "build/js/tools/hookswitch.js"),
			"simulate",
			"--check",
			"--json",
			...(network === undefined ? [] : ["--network", network]),
		],
		{ encoding: "utf8" },
	);
	if (status !== 0) {
		process.stderr.write(`${stderr}\n${stdout}\n`);
		process.exit(1);
	}
	results.push(JSON.parse(stdout.trim().split("\n").pop() ?? "{}"));
}

console.log(
	"figure               median          min          max       budget",
);
for (const [name, budget] of FIGURES) {
	const values = results
		.map((result) => Number(result[name]))
		.sort((a, b) => a - b);
	const cells = [values[values.length >> 1], values[0], values.at(-1), budget];
	console.log(
		`${name.padEnd(19)}${cells.map((cell) => (cell === undefined ? "" : String(cell)).padStart(13)).join("")}`,
	);
}
