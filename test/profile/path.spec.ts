import type { HookswitchError } from "../../src/errors.js";
import { decodeProfile } from "../../src/profile/decode.js";
import type { ProfileDocument } from "../../src/profile/document.js";
import { encodeProfile } from "../../src/profile/encode.js";
import {
	documentFromRows,
	getPath,
	isSecretPath,
	normalisePath,
	removePath,
	rowsFromDocument,
	setPath,
} from "../../src/profile/path.js";
import { canonical } from "../../src/xml/canonical.js";
import {
	ascii,
	deepEqual,
	describe,
	equal,
	host,
	it,
	throws,
	utf8,
} from "../portable.js";
import { EXAMPLE, HA1 } from "./samples.js";

const example = () =>
	decodeProfile(host(), utf8(EXAMPLE)).document as ProfileDocument;
const empty: ProfileDocument = Object.freeze({
	type: "user",
	for: "sip:a@b",
	version: "",
});
const emptyDevice: ProfileDocument = Object.freeze({
	type: "device",
	for: "urn:uuid:1",
	version: "",
});

describe("profile/path: settings by path", () => {
	it("reads", () => {
		const table: readonly (readonly [string, string | undefined])[] = [
			["registration/@expires", "600"],
			["registration/@keepalive", undefined],
			["server[registrar]/@uri", "sip:example.com;transport=tcp"],
			["server[registrar,1]/@uri", "sip:example.com;transport=tcp"],
			["server[registrar,2]/@uri", undefined],
			["account[a1]/@display-name", "Alice"],
			["account[a2]/@display-name", undefined],
			["account[a1]/credential[example.com]/@ha1", HA1],
			["account[a1]/credential[example.com,SHA-256]/@ha1", HA1],
			["account[a1]/credential[example.com,MD5]/@ha1", undefined],
			["audio/@codecs", "PCMA PCMU"],
			["audio/@ports", "10000-10019"],
			["sessions/@video", "false"],
			["account[a1]", ""],
			["video", undefined],
		];
		for (const [path, value] of table)
			equal(getPath(host(), example(), path), value, path);
	});

	it("sets, and leaves the document that was given alone", () => {
		const before = example();
		const after = setPath(host(), before, "registration/@expires", "700");
		equal(getPath(host(), after, "registration/@expires"), "700");
		equal(getPath(host(), before, "registration/@expires"), "600");
		equal(after.accounts, before.accounts);
	});

	it("makes what is not there", () => {
		let document = setPath(
			host(),
			empty,
			"account[a1]/credential[x, y,MD5]/@ha1",
			"0".repeat(32),
		);
		document = setPath(host(), document, "account[a1]/@aor", "sip:a@b");
		document = setPath(
			host(),
			document,
			"server[registrar,5]/@domain",
			"a.example",
		);
		deepEqual(document, {
			...empty,
			accounts: [
				{
					id: "a1",
					aor: "sip:a@b",
					credentials: [
						{ realm: "x, y", algorithm: "MD5", ha1: "0".repeat(32) },
					],
				},
			],
			servers: [{ role: "registrar", priority: 5, domain: "a.example" }],
		});
	});

	it("keys may hold what URIs and realms hold", () => {
		const user = setPath(
			host(),
			emptyDevice,
			"user[sip:a,b@[2001:db8::1]:5060]/@aor",
			"sip:a,b@[2001:db8::1]:5060",
		);
		deepEqual(user.users, [{ aor: "sip:a,b@[2001:db8::1]:5060" }]);
		deepEqual(rowsFromDocument(host(), user), [
			{
				path: "user[sip:a,b@[2001:db8::1]:5060]/@aor",
				value: "sip:a,b@[2001:db8::1]:5060",
			},
		]);
		equal(
			normalisePath(host(), "account[a1]/credential[a, b]/@ha1"),
			"account[a1]/credential[a, b]/@ha1",
		);
	});

	it("removes attributes and elements", () => {
		const document = example();
		equal(removePath(host(), document, "video/@size"), document);
		equal(removePath(host(), document, "account[a2]"), document);
		equal(
			removePath(host(), document, "registration/@expires").registration,
			undefined,
		);
		equal(removePath(host(), document, "audio").audio, undefined);
		equal(removePath(host(), document, "account[a1]").accounts, undefined);
		deepEqual(removePath(host(), document, "audio/@ptime").audio, {
			codecs: ["PCMA", "PCMU"],
			ports: { first: 10000, last: 10019 },
			dscp: 46,
		});
		equal(
			removePath(host(), document, "account[a1]/credential[example.com]")
				.accounts?.[0]?.credentials,
			undefined,
		);
	});

	it("writes paths in one way", () => {
		equal(
			normalisePath(host(), "server[registrar,1]/@uri"),
			"server[registrar]/@uri",
		);
		equal(
			normalisePath(host(), "server[registrar,01]/@uri"),
			"server[registrar]/@uri",
		);
		equal(
			normalisePath(host(), "account[a1]/credential[r,SHA-256]"),
			"account[a1]/credential[r]",
		);
	});

	it("knows secrets", () => {
		equal(isSecretPath(host(), "account[a1]/credential[r]/@ha1"), true);
		equal(isSecretPath(host(), "account[a1]/credential[r]/@realm"), false);
		equal(isSecretPath(host(), "account[a1]/credential[r]"), true);
		equal(isSecretPath(host(), "registration/@expires"), false);
	});

	const bad: readonly (readonly [
		path: string,
		value: string,
		code: string,
		at: number,
	])[] = [
		["", "x", "bad-path", 0],
		["registration", "x", "bad-path", 12],
		["registration/", "x", "bad-path", 12],
		["registration@expires", "60", "bad-path", 12],
		["@version", "1", "bad-path", 0],
		["registraton/@expires", "60", "unknown-element", 0],
		["registration/@expire", "60", "unknown-attribute", 13],
		["registration[x]/@expires", "60", "bad-path", 12],
		["registration/@expires", "59", "bad-value", 13],
		["account/@aor", "sip:a@b", "bad-path", 7],
		["account[a1/@aor", "sip:a@b", "bad-path", 7],
		["account[]/@aor", "sip:a@b", "bad-value", 8],
		["account[a b]/@aor", "sip:a@b", "bad-value", 0],
		["account[a1]/@id", "a2", "bad-path", 12],
		["account[a1]/registration/@expires", "60", "unknown-element", 12],
		["server[registrat]/@uri", "sip:a", "bad-value", 7],
		["server[registrar,x]/@uri", "sip:a", "bad-value", 7],
		["user[sip:a@b]/@aor", "sip:a@b", "misplaced-element", 0],
		["audio/@codecs", "PCMA EVS", "bad-value", 6],
		["call/@dial-plan", "a\nb", "bad-value", 5],
		["x".repeat(2000), "", "bad-path", 1024],
	];
	for (const [path, value, code, at] of bad)
		it(`refuses ${path.slice(0, 40) || "an empty path"} = ${value}`, () => {
			const error = throws(() => setPath(host(), empty, path, value), code);
			equal((error as HookswitchError).at, at, "offset:");
		});
});

describe("profile/path: rows of a database", () => {
	it("a document's rows make the document again, in any order", () => {
		const document = example();
		const rows = rowsFromDocument(host(), document);
		const again = documentFromRows(
			host(),
			"user",
			document.for,
			document.version,
			[...rows].reverse(),
		);
		equal(
			ascii(encodeProfile(host(), again)),
			ascii(encodeProfile(host(), document))
				.replace(' algorithm="SHA-256"', "")
				.replace(' priority="1"', ""),
		);
	});

	it("the order of rows has no part in the bytes", () => {
		const rows = [
			{ path: "account[b]/@aor", value: "sip:b@x" },
			{ path: "account[a]/@aor", value: "sip:a@x" },
			{ path: "server[registrar,10]/@uri", value: "sip:z" },
			{ path: "server[registrar,9]/@uri", value: "sip:y" },
			{ path: "registration/@expires", value: "60" },
		];
		const bytes = (given: typeof rows) =>
			ascii(
				encodeProfile(
					host(),
					documentFromRows(host(), "user", "sip:a@x", "1", given),
				),
			);
		equal(bytes(rows), bytes([...rows].reverse()));
		equal(
			bytes(rows),
			'<profile xmlns="urn:hookswitch:profile:1" for="sip:a@x" type="user" version="1"><account aor="sip:a@x" id="a"></account><account aor="sip:b@x" id="b"></account><server priority="9" role="registrar" uri="sip:y"></server><server priority="10" role="registrar" uri="sip:z"></server><registration expires="60"></registration></profile>',
		);
	});

	it("the whole is checked: what is missing, what contradicts", () => {
		const whole = (path: string, value: string) =>
			documentFromRows(host(), "user", "sip:a@b", "", [{ path, value }]);
		throws(() => whole("account[a]/@label", "x"), "missing-attribute");
		throws(
			() => whole("account[a]/credential[r]/@user", "x"),
			"missing-attribute",
		);
		throws(() => whole("server[stun]/@uri", "sip:a.example"), "bad-value");
		throws(() => whole("account[a]/@aor", "mailto:x"), "bad-value");
		throws(() => documentFromRows(host(), "user", "", "", []), "bad-value");
		equal(documentFromRows(host(), "user", "sip:a@b", "7", []).version, "7");
	});
});

describe("profile/encode: canonical bytes", () => {
	it("of the example, which decode to the same document", () => {
		const bytes = encodeProfile(host(), example());
		equal(canonical(host(), bytes), bytes);
		const decoded = decodeProfile(host(), bytes);
		equal(decoded.canonical, true);
		deepEqual(decoded.document, example());
	});

	it("of values that need escapes", () => {
		const document = setPath(host(), empty, "provider/@name", "<\"&'>é");
		const bytes = encodeProfile(host(), document);
		deepEqual(decodeProfile(host(), bytes).document, document);
		equal(decodeProfile(host(), bytes).canonical, true);
	});
});
