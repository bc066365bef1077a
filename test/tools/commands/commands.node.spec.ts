import { deepEqual, equal, match, ok } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ProfileDatabase } from "../../../tools/serve/database.js";
import { run } from "./run.js";

const alice = "sip:alice@example.com";

describe("the commands profile and access", () => {
	let directory: string;
	let file: string;

	const profile = (command: string, ...words: string[]) =>
		run(["profile", command, "--database", file, ...words]);
	const access = (command: string, ...words: string[]) =>
		run(["access", command, "--database", file, ...words]);

	beforeEach(() => {
		directory = mkdtempSync(join(tmpdir(), "hookswitch-"));
		file = join(directory, "site.db");
	});
	afterEach(() => rmSync(directory, { recursive: true }));

	it("set, get and refuse with a code, a place and a hint", async () => {
		const set = await profile("set", alice, "registration/@expires", "300");
		equal(set.code, 0);
		const got = await profile("get", alice, "registration/@expires");
		equal(got.output, "300\n");
		const refused = await profile(
			...["set", "--json", alice, "registration/@expires", "5"],
		);
		equal(refused.code, 1);
		equal(refused.json.ok, false);
		equal(refused.json.code, "bad-value");
		match(String(refused.json.message), /registration\/@expires/);
		ok(refused.json.hint);
	});

	it("import a document and refuse a bad one by line and column", async () => {
		const document = (ptime: string) =>
			`<profile xmlns="urn:hookswitch:profile:1" type="user" for="${alice}" version="1">\n  <audio ptime="${ptime}"/>\n</profile>`;
		const words = ["profile", "import", "--database", file, "-"];
		const bad = await run(words, document("long"));
		equal(bad.code, 1);
		match(bad.errors, /-:2:\d+ audio\/@ptime bad-value/);
		equal((await run(words, document("30"))).code, 0);
		match((await profile("show", alice)).output, /<audio ptime="30"\/>/);
	});

	it("keep a password's digests only", async () => {
		const words = ["profile", "password", "--database", file];
		const set = await run(
			[...words, alice, "--realm", "example.com"],
			"open sesame\n",
		);
		equal(set.code, 0);
		const database = new ProfileDatabase(file);
		const found = database.credential("alice", "example.com", "MD5");
		database.close();
		equal(found?.subject, alice);
		// printf 'alice:example.com:open sesame' | md5sum
		equal(found.ha1, "7a6f498f50d864f4c4b7a4ab9d3f878c");
	});

	it("allow, block, show and remove", async () => {
		const block = await access("block", alice, "sip:mallory@example.net");
		equal(block.code, 0);
		await access("allow", alice, "+44900", "--only", "contact");
		const shown = await access("show", alice, "--json");
		deepEqual(shown.json.rules, [
			{ match: "number", value: "+44900", contact: "allow" },
			{
				match: "user",
				value: "sip:mallory@example.net",
				presence: "block",
				contact: "block",
			},
		]);
		equal((await access("unset", alice, "+44900")).code, 0);
		const again = await access("unset", alice, "+44900", "--json");
		deepEqual([again.code, again.json.code], [1, "no-rule"]);
		match(
			(await access("show", alice, "--xml")).output,
			/<rule contact="block" match="user"/,
		);
	});

	it("explain themselves, with examples", async () => {
		for (const words of [
			[],
			["profile"],
			["profile", "set"],
			["access", "block"],
		]) {
			const { code, output } = await run([...words, "--help"]);
			equal(code, 0);
			if (words.length > 0) match(output, /Examples:\n {2}hookswitch/);
		}
		const unknown = await run(["profile", "sett", "--json"]);
		equal(unknown.code, 1);
		equal(unknown.json.ok, false);
		match(unknown.errors, /did you mean set/i);
	});
});
