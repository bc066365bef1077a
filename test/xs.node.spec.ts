/**
 * The portable specs as they ran on XS in QEMU. They run once, when mocha loads
 * this file; each of their tests is then a test of mocha's.
 */
import { spawnSync } from "node:child_process";
import { program } from "../tools/qemu.js";
import { runXsSpecs, type XsSpec } from "../tools/xs-specs.js";

/** Without QEMU and the cross compiler there is nothing to run them on. */
const missing = [program, "riscv64-unknown-elf-gcc"].filter(
	(tool) => spawnSync(tool, ["--version"]).error !== undefined,
);

let specs: readonly XsSpec[] = [];
let failure: unknown;
if (missing.length === 0)
	try {
		specs = await runXsSpecs();
	} catch (error) {
		failure = error;
	}

describe("on XS in QEMU", () => {
	if (missing.length > 0) it.skip(`${missing.join(" and ")} is not installed`);
	if (failure)
		it("the test image builds and starts", () => {
			throw failure;
		});
	for (const spec of specs) declare(spec);
});

function declare(spec: XsSpec): void {
	if (spec.error !== undefined || spec.tests.length === 0)
		it(`${spec.specifier} runs`, () => {
			throw new Error(spec.error ?? "it has no tests");
		});
	for (const test of spec.tests)
		it(test.path.join(" "), () => {
			if (test.error !== undefined) throw onXs(test.error);
		});
}

/** The error with XS's stack in place of ours. */
function onXs(text: string): Error {
	const error = new Error(text);
	error.stack = text;
	return error;
}
