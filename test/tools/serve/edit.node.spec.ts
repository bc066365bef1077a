import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeHost } from "../../../hosts/node/natives.js";
import {
	ProfileDatabase,
	type Subject,
} from "../../../tools/serve/database.js";
import {
	assign,
	importProfile,
	parseAssignments,
	unassign,
} from "../../../tools/serve/edit.js";
import {
	effectiveSettings,
	indented,
	publishedText,
} from "../../../tools/serve/show.js";

const host = nodeHost();
const alice: Subject = { scope: "user", name: "sip:alice@example.com" };
const device: Subject = {
	scope: "device",
	name: "urn:uuid:00000000-0000-1000-8000-000000000001",
};
const sales: Subject = { scope: "group", name: "sales" };
const versions = { version: () => undefined, setVersion() {} };

describe("editing settings", () => {
	let directory: string;
	let database: ProfileDatabase;

	const set = (subject: Subject, path: string, value: string, forced = false) =>
		assign(host, database, subject, [{ path, value }], forced);
	const shown = (subject: Subject) =>
		publishedText(host, database, versions, subject, "***").document;

	beforeEach(() => {
		directory = mkdtempSync(join(tmpdir(), "hookswitch-"));
		database = new ProfileDatabase(join(directory, "site.db"));
	});
	afterEach(() => {
		database.close();
		rmSync(directory, { recursive: true });
	});

	it("takes a path and a value, or several assignments", () => {
		deepEqual(parseAssignments("a/@b", ["1"]), [{ path: "a/@b", value: "1" }]);
		deepEqual(parseAssignments("a[x=1]/@b=c=d", ["e/@f="]), [
			{ path: "a[x=1]/@b", value: "c=d" },
			{ path: "e/@f", value: "" },
		]);
		throws(() => parseAssignments("a/@b", []), { code: "bad-assignment" });
	});

	it("refuses what a phone would refuse, says where, and stores nothing", () => {
		throws(() => set(alice, "registration/@expires", "soon"), {
			code: "bad-value",
			message: /registration\/@expires.*60 to 86400/,
		});
		throws(() => set(alice, "registration/@expire", "300"), {
			code: "unknown-attribute",
			message: /did you mean 'expires'/,
		});
		throws(() => set(alice, "account[a1]/@display-name", "Alice"), {
			code: "missing-attribute",
		});
		throws(() => set(sales, "trunk/@port", "1"), { code: "unknown-element" });
		deepEqual(database.settings(alice), []);
		equal(database.hasUser(alice.name), false);
	});

	it("stores several settings at once that only together make sense", () => {
		assign(
			host,
			database,
			alice,
			[
				{ path: "account[a1]/@display-name", value: "Alice" },
				{ path: "account[a1]/@aor", value: alice.name },
			],
			false,
		);
		match(shown(alice), /<account aor="sip:alice@example.com"/);
		throws(() => unassign(host, database, alice, ["account[a1]/@aor"]), {
			code: "missing-attribute",
		});
		unassign(host, database, alice, ["account[a1]"]);
		deepEqual(database.settings(alice), []);
	});

	it("lets a group hold settings for users or for devices", () => {
		set(sales, "call/@do-not-disturb", "true");
		database.join("sales", alice.name);
		database.addUser(alice.name);
		match(shown(alice), /do-not-disturb="true"/);
		match(shown(sales), /do-not-disturb="true"/);
		set(alice, "call/@do-not-disturb", "false");
		match(shown(alice), /do-not-disturb="false"/);
	});

	it("keeps a device's users beside its settings", () => {
		set(device, "user[sip:alice@example.com]/@aor", alice.name);
		deepEqual(database.usersOf(device.name), [alice.name]);
		match(shown(device), /<user aor="sip:alice@example.com"/);
		unassign(host, database, device, ["user[sip:alice@example.com]/@aor"]);
		deepEqual(database.usersOf(device.name), []);
	});

	it("publishes what is forced, as canonical XML", () => {
		set(alice, "registration/@expires", "300");
		set(alice, "registration/@keepalive", 'often & "loud"', true);
		set(alice, "frobnicate/@level", "11", true);
		const text = shown(alice);
		match(
			text,
			/<registration expires="300" keepalive="often &amp; &quot;loud&quot;">/,
		);
		match(text, /<frobnicate level="11">/);
	});

	it("imports a document, whole or not at all", () => {
		const xml = (expires: string) =>
			new TextEncoder().encode(`<profile xmlns="urn:hookswitch:profile:1" type="user" for="${alice.name}" version="1">
	<account id="a1" aor="${alice.name}"/>
	<registration expires="${expires}"/>
</profile>`);
		set(alice, "call/@waiting", "false");
		const options = { subject: undefined, keep: false };
		const refused = importProfile(host, database, xml("soon"), options);
		ok(refused.errors !== undefined);
		const [error] = refused.errors;
		deepEqual(
			[error?.line, error?.path, error?.code],
			[3, "registration/@expires", "bad-value"],
		);
		equal(database.settings(alice).length, 1);

		const taken = importProfile(host, database, xml("300"), options);
		ok(taken.errors === undefined);
		deepEqual(taken.subject, alice);
		deepEqual(database.settings(alice), [
			{ path: "account[a1]/@aor", value: alice.name },
			{ path: "registration/@expires", value: "300" },
		]);
		const kept = { subject: alice, keep: true };
		set(alice, "call/@waiting", "false");
		importProfile(host, database, xml("400"), kept);
		equal(database.setting(alice, "call/@waiting"), "false");
		equal(database.setting(alice, "registration/@expires"), "400");
	});

	it("gives back as import what show prints", () => {
		set(alice, "server[registrar]/@uri", "sip:192.0.2.1");
		set(alice, "server[registrar,2]/@uri", "sip:192.0.2.2");
		set(alice, "audio/@codecs", "PCMU");
		const before = database.settings(alice);
		const bytes = new TextEncoder().encode(indented(shown(alice)));
		importProfile(host, database, bytes, { subject: undefined, keep: false });
		deepEqual(database.settings(alice), before);
	});

	it("says what holds on a phone and where it comes from, without secrets", () => {
		set({ scope: "local-network", name: "*" }, "network/@language", "de");
		set(
			{ scope: "local-network", name: "example.com" },
			"provider/@name",
			"Example Telecom",
		);
		set(sales, "call/@ring-time", "30");
		database.join("sales", alice.name);
		set(device, "user[sip:alice@example.com]/@aor", alice.name);
		assign(
			host,
			database,
			alice,
			[
				{ path: "account[a1]/@aor", value: alice.name },
				{
					path: "account[a1]/credential[example.com]/@ha1",
					value: "ab".repeat(32),
				},
			],
			false,
		);
		const settings = effectiveSettings(host, database, device, "***");
		const find = (path: string) => settings.find((each) => each.path === path);
		equal(find("network/@language")?.value, "de");
		match(find("network/@language")?.origin ?? "", /^local-network/);
		equal(find("provider/@name")?.value, "Example Telecom");
		equal(find("call/@ring-time")?.origin, "group sales");
		equal(find("audio/@ptime")?.origin, "default");
		equal(find("account[a1]/credential[example.com]/@ha1")?.value, "***");
		ok(!JSON.stringify(settings).includes("abab"));
		throws(() => effectiveSettings(host, database, sales, undefined), {
			code: "not-effective",
		});
	});
});
