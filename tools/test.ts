/**
 * `npm test`: everything that this machine can run, in one command: formatter and
 * linter, the type check of the board host, and mocha over Node, XS in QEMU and
 * live peers. What can't run here skips itself and is listed at the end.
 *
 * Words after `npm test --` go to mocha, such as the specs to run.
 */
import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { ensurePackages } from "./setup/packages.js";
import { projectRoot } from "./setup/root.js";
import { UsageError } from "./usage-error.js";

function step(title: string, program: string, words: readonly string[]): void {
	process.stdout.write(`${title} … `);
	const began = performance.now();
	const result = spawnSync(program, words, {
		cwd: projectRoot,
		encoding: "utf8",
	});
	if (result.status === 0) {
		console.log(`ok (${((performance.now() - began) / 1000).toFixed(1)} s)`);
		return;
	}
	console.log("failed");
	console.log(result.stdout);
	console.error(result.stderr);
	process.exitCode = 1;
}

try {
	ensurePackages(["firmware", "network", "interop"], console.log);
} catch (error) {
	if (!(error instanceof UsageError)) throw error;
	console.log(`${error.message}\n  ${error.hint}`);
	console.log("Tests that need them are skipped, and listed at the end.\n");
}
const program = (name: string) => join(projectRoot, "node_modules/.bin", name);
step("formatter and linter", program("biome"), ["check", "."]);
step("type check of hosts/esp32", program("tsc"), ["-p", "hosts/esp32"]);

const words = process.argv.slice(2);
const mocha = spawn(
	program("mocha"),
	[
		"--reporter",
		"build/js/tools/test-reporter.js",
		...(words.length > 0 ? words : ["build/js/test/**/*.spec.js"]),
	],
	{ cwd: projectRoot, stdio: ["ignore", "inherit", "inherit"] },
);
for (const signal of ["SIGINT", "SIGTERM"] as const)
	process.on(signal, () => mocha.kill(signal));
mocha.on("exit", (code) => {
	process.exitCode = process.exitCode || (code ?? 1);
});
