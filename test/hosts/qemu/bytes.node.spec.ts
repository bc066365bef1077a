/** The byte work in C, built for this machine with sanitizers. What the natives make of it is in `test/hosts/natives.spec.ts`. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectRoot } from "../../../tools/setup/root.js";

describe("byte work in C", function () {
	this.timeout(60_000);
	it("does as the plain way does, and looks at no byte beyond", () => {
		const directory = mkdtempSync(join(tmpdir(), "hookswitch-bytes-"));
		try {
			const program = join(directory, "test");
			const code = join(projectRoot, "hosts/qemu");
			execFileSync("gcc", [
				...["-O1", "-g", "-fsanitize=address,undefined"],
				...["-fno-sanitize-recover=all", "-Wall", "-Wextra", "-Werror"],
				...["-I", code, "-o", program],
				join(code, "bytes.c"),
				join(projectRoot, "test/hosts/qemu/bytes-test.c"),
			]);
			execFileSync(program, { stdio: "pipe", timeout: 30_000 });
		} finally {
			rmSync(directory, { recursive: true });
		}
	});
});
