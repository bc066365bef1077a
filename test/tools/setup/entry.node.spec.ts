/** What `npx hookswitch` runs: npm links it before anything is compiled, and never again if it isn't there then. */
import { equal } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../../../tools/setup/root.js";

describe("the package's command", () => {
	const read = (name: string) =>
		JSON.parse(readFileSync(join(projectRoot, name), "utf8"));
	const { bin, version } = read("package.json");

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
		const told = execFileSync(
			join(projectRoot, bin.hookswitch),
			["--version"],
			{
				encoding: "utf8",
			},
		);
		equal(told.trim(), version);
	});

	it("is the same in the lock file", () => {
		equal(
			read("package-lock.json").packages[""].bin.hookswitch,
			bin.hookswitch,
		);
	});
});
