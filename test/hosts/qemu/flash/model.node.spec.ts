/**
 * The storage code in C on a model of NOR flash, built for this machine with
 * sanitizers: each test of *-test.c by its name.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../../../../", import.meta.url));
const tests = join(root, "test/hosts/qemu/flash");
const code = join(root, "hosts/qemu/flash");

/** What runs without a board. */
const portable = ["nor", "records", "sectors", "collect", "store", "crashes"];

function sources(): string[] {
	return readdirSync(tests)
		.filter((name) => name.endsWith(".c"))
		.map((name) => join(tests, name));
}

/** From the tables at the ends of the files. */
function names(): string[] {
	return sources().flatMap((path) => {
		const table = readFileSync(path, "utf8").split("const struct test ")[1];
		return [...(table ?? "").matchAll(/\{ "([^"]+)"/g)].map(
			([, name]) => name ?? "",
		);
	});
}

describe("flash storage, on a model of NOR flash", function () {
	this.timeout(120_000);
	let directory: string;
	let program: string;
	before(() => {
		directory = mkdtempSync(join(tmpdir(), "hookswitch-flash-"));
		program = join(directory, "test");
		execFileSync("gcc", [
			...["-O1", "-g", "-fsanitize=address,undefined"],
			...["-fno-sanitize-recover=all", "-Wall", "-Wextra", "-Werror"],
			...["-I", code, "-I", dirname(code), "-I", tests, "-o", program],
			join(dirname(code), "bytes.c"),
			...portable.map((name) => join(code, `${name}.c`)),
			...sources(),
		]);
	});
	after(() => rmSync(directory, { recursive: true, force: true }));

	for (const name of names())
		it(name, () => {
			execFileSync(program, [name], { stdio: "pipe", timeout: 100_000 });
		});
});
