/** What a command says when it cannot go on: to people on stderr, to programs as the last line of stdout. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./run.js";

describe("a command that cannot go on", function () {
	this.timeout(20_000);
	let directory: string;

	before(() => {
		directory = mkdtempSync(join(tmpdir(), "hookswitch-"));
	});
	after(() => rmSync(directory, { recursive: true }));

	/** `DIR` stands for a folder that is empty at first. */
	const failures: readonly (readonly [code: string, words: string])[] = [
		["usage", ""],
		["usage", "nothing-like-it"],
		["usage", "profile"],
		["usage", "serve"],
		["usage", "firmware --target toaster"],
		["usage", "simulate --devices few"],
		["usage", "simulate --network mine"],
		["usage", "access default --database DIR/site.db sip:alice@example.com"],
		["firmware", "firmware --manifest DIR/none.json"],
		["bad-address", "serve --database DIR/site.db --listen here"],
		["no-database", "access show --database DIR/none.db"],
		["bad-subject", "profile show --database DIR/site.db everybody"],
	];
	for (const [code, text] of failures)
		it(`says '${code}' of '${text}'`, async () => {
			const words = text.split(" ").filter((word) => word !== "");
			const real = words.map((word) => word.replace("DIR", directory));
			const told = await run(real);
			ok(told.code);
			equal(told.output, "");
			match(told.errors, /\S/);
			const asked = await run([...real, "--json"]);
			equal(asked.code, told.code);
			const { message, hint, ...rest } = asked.json;
			deepEqual(rest, { ok: false, code });
			match(String(message), /\S/);
			match(String(hint), /\S/);
		});

	it("lists the errors of a document on one line, without a gap where there is no path", async () => {
		const document = join(directory, "broken.xml");
		writeFileSync(document, "<profile");
		const words = [
			"profile",
			"import",
			"--database",
			join(directory, "site.db"),
			document,
		];
		const told = await run(words);
		equal(told.code, 1);
		match(told.errors, /broken\.xml:1:\d+ xml-unfinished: /);
		const { json, output } = await run([...words, "--json"]);
		equal(output.trim().split("\n").length, 1);
		deepEqual([json.ok, json.code], [false, "document-refused"]);
	});
});
