/** What `npx hookswitch` runs: npm links it before anything is compiled, and never again if it isn't there then. */
import { equal, match } from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
	copyFileSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectRoot } from "../../../tools/setup/root.js";

describe("the package's command", function () {
	this.timeout(20_000);
	const read = (name: string) =>
		JSON.parse(readFileSync(join(projectRoot, name), "utf8"));
	const { bin, scripts, version } = read("package.json");

	const program = join(projectRoot, bin.hookswitch);

	it("is a file of the repository that can be executed", () => {
		const [mode, , , path] = execFileSync(
			"git",
			["ls-files", "--stage", "--", bin.hookswitch],
			{ cwd: projectRoot, encoding: "utf8" },
		)
			.trim()
			.split(/\s/);
		equal(path, bin.hookswitch);
		equal(mode, "100755");
	});

	it("runs what is compiled", () => {
		const told = execFileSync(program, ["--version"], {
			encoding: "utf8",
		});
		equal(told.trim(), version);
	});

	it("is the same in the lock file", () => {
		equal(
			read("package-lock.json").packages[""].bin.hookswitch,
			bin.hookswitch,
		);
	});

	it("does not fail when nobody reads on", () => {
		const told = spawnSync(
			"sh",
			["-c", '{ "$0" --help; echo "exit code $?" >&2; } | true', program],
			{ encoding: "utf8" },
		);
		equal(told.stderr, "exit code 0\n");
	});

	it("is prepared without a failure where there is nothing to compile with", () => {
		const clone = mkdtempSync(join(tmpdir(), "hookswitch-test-"));
		try {
			mkdirSync(join(clone, "tools"));
			copyFileSync(
				join(projectRoot, "tools/bootstrap.mjs"),
				join(clone, "tools/bootstrap.mjs"),
			);
			const [node = "", ...words] = scripts.prepare.split(" ");
			equal(spawnSync(node, words, { cwd: clone }).status, 0);
		} finally {
			rmSync(clone, { recursive: true });
		}
	});

	/** Between npm and the program no shell stays that keeps signals to itself. */
	it("gets the signals that npm gets", () => {
		for (const name of ["simulate", "test"])
			match(scripts[name], /^exec node tools\/bootstrap\.mjs /);
	});
});
