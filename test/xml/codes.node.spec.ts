import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";

const root = new URL("../../../../", import.meta.url);
const page = readFileSync(new URL("docs/documents.md", root), "utf8");

/** Codes as the sources write them. */
function codes(): string[] {
	const found = new Set<string>();
	for (const folder of ["xml", "profile", "access"])
		for (const name of readdirSync(new URL(`src/${folder}`, root))) {
			const text = readFileSync(new URL(`src/${folder}/${name}`, root), "utf8");
			for (const match of text.matchAll(
				/"((?:xml|bad|missing|misplaced|repeated|rule|too|unexpected|unknown|wrong)-[a-z-]+)"/g,
			))
				found.add(match[1] ?? "");
		}
	return [...found].sort();
}

describe("docs/documents.md", () => {
	it("lists every code", () => {
		const missing = codes().filter((code) => !page.includes(`\`${code}\``));
		assert.deepEqual(missing, []);
	});

	it("lists no code that is gone", () => {
		const listed = [...page.matchAll(/`([a-z]+-[a-z-]+)`/g)].map(
			([, code]) => code ?? "",
		);
		assert.deepEqual(
			listed.filter((code) => !codes().includes(code)),
			[],
		);
	});
});
