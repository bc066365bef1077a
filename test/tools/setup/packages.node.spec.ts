/** A machine without the Debian packages, and nobody who may install them. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { installCommand } from "../../../tools/setup/packages.js";
import { projectRoot } from "../../../tools/setup/root.js";

const COMMAND =
	/apt-get update && apt-get install -y --no-install-recommends [a-z0-9 .+-]*gcc-riscv64-unknown-elf[a-z0-9 .+-]*$/m;

describe("a machine that lacks Debian packages", function () {
	this.timeout(20_000);
	let folder: string;

	before(() => {
		folder = mkdtempSync(join(tmpdir(), "hookswitch-test-"));
		symlinkSync(process.execPath, join(folder, "node"));
	});
	after(() => rmSync(folder, { recursive: true }));

	/** With nothing but Node.js to be found, so that neither apt-get nor sudo is. */
	function simulate(...words: string[]): { out: string; err: string } {
		try {
			execFileSync(
				"node",
				[
					join(projectRoot, "build/js/tools/hookswitch.js"),
					...["simulate", "--check", ...words],
				],
				{ env: { PATH: folder }, encoding: "utf8", stdio: "pipe" },
			);
		} catch (error) {
			const { status, stdout, stderr } = error as {
				status: number;
				stdout: string;
				stderr: string;
			};
			equal(status, 1);
			return { out: stdout, err: stderr };
		}
		throw new Error("it found a compiler");
	}

	it("is told what is missing, what for, and the one command to run", () => {
		const { err } = simulate();
		match(err, /^error: .*missing/);
		match(err, /gcc-riscv64-unknown-elf: compiles/);
		match(err, COMMAND);
		ok(!err.includes("    at "), `a stack is no help:\n${err}`);
	});

	it("and so is a program", () => {
		const { message, hint, ...rest } = JSON.parse(simulate("--json").out);
		deepEqual(rest, { ok: false, code: "packages-missing" });
		match(String(message), /qemu-system-misc: runs/);
		match(String(hint), COMMAND);
	});

	it("gets one command for all that it lacks", () => {
		equal(
			installCommand([
				{ name: "a", proof: "a", why: "" },
				{ name: "b", proof: "b", why: "" },
			]),
			"apt-get update && apt-get install -y --no-install-recommends a b",
		);
	});
});
