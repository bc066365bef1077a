import { decodeProfile } from "../../src/profile/decode.js";
import { differences } from "../../src/profile/difference.js";
import type { ProfileDocument } from "../../src/profile/document.js";
import { SECTIONS } from "../../src/profile/fields.js";
import { userPart } from "../../src/profile/merge.js";
import { REDACTED, redact } from "../../src/profile/redact.js";
import { merge, type Settings } from "../../src/profile/settings.js";
import { deepEqual, describe, equal, host, it, ok, utf8 } from "../portable.js";
import { EXAMPLE, HA1, profile } from "./samples.js";

function decode(text: string): ProfileDocument {
	const { document, errors } = decodeProfile(host(), utf8(text));
	deepEqual(errors ?? [], []);
	return document as ProfileDocument;
}

const site = (content: string) =>
	decode(profile(content, "local-network", "example.com"));
const device = (content: string) =>
	decode(profile(content, "device", "urn:uuid:1"));
const alice = (content: string) => decode(profile(content));
const bob = (content: string) =>
	decode(profile(content, "user", "sip:bob@example.com"));
const account = (id: string, aor: string, content = "") =>
	`<account id="${id}" aor="${aor}">${content}</account>`;

describe("profile/merge: defaults", () => {
	it("without documents, every setting has its row's default", () => {
		const { settings, origin } = merge(undefined, undefined, []);
		for (const section of SECTIONS) {
			const value = (settings as unknown as Record<string, unknown>)[
				section.property
			];
			if (section.keys.length > 0) deepEqual(value, [], section.name);
			else
				section.properties.forEach((property, index) => {
					deepEqual(
						(value as Record<string, unknown>)[property],
						section.rows[index]?.fallback,
						`${section.name} ${property}`,
					);
				});
		}
		equal(origin("registration/@expires"), "default");
		equal(origin("server[registrar]"), "default");
	});

	it("nothing that is needed is undefined in any setting", () => {
		const { settings } = merge(
			undefined,
			device(`<user aor="sip:alice@example.com"/>`),
			[decode(EXAMPLE)],
		);
		const look = (value: unknown, path: string): void => {
			ok(value !== undefined, path);
			if (typeof value === "object" && value !== null)
				for (const [key, inner] of Object.entries(value))
					look(inner, `${path}.${key}`);
		};
		look(settings, "settings");
	});
});

describe("profile/merge: rules", () => {
	type Case = readonly [
		title: string,
		path: string,
		site: string,
		device: string,
		user: string,
		value: (settings: Settings) => unknown,
		expected: unknown,
		origin: string,
	];
	const expires = (settings: Settings) => settings.registration.expires;
	const table: readonly Case[] = [
		[
			"specific: the user's",
			"registration/@expires",
			"<registration expires='100'/>",
			"<registration expires='200'/>",
			"<registration expires='300'/>",
			expires,
			300,
			"user sip:alice@example.com",
		],
		[
			"specific: the device's where the user is silent",
			"registration/@expires",
			"<registration expires='100'/>",
			"<registration expires='200'/>",
			"<registration keepalive='5'/>",
			expires,
			200,
			"device",
		],
		[
			"specific: the network's where all are silent",
			"registration/@expires",
			"<registration expires='100'/>",
			"",
			"",
			expires,
			100,
			"local-network",
		],
		[
			"general: the network knows its VLAN",
			"network/@vlan",
			"<network vlan='7'/>",
			"<network vlan='8'/>",
			"<network vlan='9'/>",
			(settings) => settings.network.vlan,
			7,
			"local-network",
		],
		[
			"general: the device's where the network is silent",
			"network/@vlan",
			"<network ntp='a'/>",
			"<network vlan='8'/>",
			"<network vlan='9'/>",
			(settings) => settings.network.vlan,
			8,
			"device",
		],
		[
			"lowest: the strictest limit",
			"video/@bit-rate",
			"<video bit-rate='500'/>",
			"<video bit-rate='400'/>",
			"<video bit-rate='800'/>",
			(settings) => settings.video.bitRate,
			400,
			"device",
		],
		[
			"all: one that says no is enough",
			"sessions/@pstn",
			"<sessions pstn='false'/>",
			"<sessions pstn='true'/>",
			"<sessions pstn='true'/>",
			(settings) => settings.sessions.pstn,
			false,
			"local-network",
		],
		[
			"all: nobody says no, the default does not count",
			"sessions/@video",
			"",
			"<sessions video='true'/>",
			"<sessions video='true'/>",
			(settings) => settings.sessions.video,
			true,
			"device",
		],
		[
			"strictest: of a choice",
			"security/@tls",
			"<security tls='preferred'/>",
			"<security tls='required'/>",
			"<security tls='allowed'/>",
			(settings) => settings.security.tls,
			"required",
			"device",
		],
	];
	for (const [
		title,
		path,
		first,
		second,
		third,
		value,
		expected,
		origin,
	] of table)
		it(title, () => {
			const merged = merge(site(first), device(second), [alice(third)]);
			equal(value(merged.settings), expected);
			equal(merged.origin(path), origin);
		});

	it("a role's servers come from the most specific document that names it", () => {
		const { settings, origin } = merge(
			site(
				"<server role='registrar' uri='sip:r0'/><server role='stun' uri='stun:s0'/>",
			),
			device(
				"<server role='registrar' domain='r2.example' priority='2'/><server role='registrar' uri='sip:r1'/>",
			),
			[alice("<server role='voicemail' domain='v.example'/>")],
		);
		deepEqual(settings.servers, [
			{ role: "registrar", uri: "sip:r1", priority: 1 },
			{ role: "registrar", uri: "sip:r2.example", priority: 2 },
			{ role: "stun", uri: "stun:s0", priority: 1 },
			{ role: "voicemail", uri: "sip:v.example", priority: 1 },
		]);
		equal(origin("server[registrar]/@uri"), "device");
		equal(origin("server[registrar,2]/@domain"), "device");
		equal(origin("server[stun]/@uri"), "local-network");
	});

	it("keys are merged by number", () => {
		const { settings } = merge(
			undefined,
			device("<key number='1' label='d1'/><key number='2' label='d2'/>"),
			[alice("<key number='2' label='u2'/>")],
		);
		deepEqual(
			settings.keys.map((key) => [key.number, key.label, key.type]),
			[
				[1, "d1", "speed-dial"],
				[2, "u2", "speed-dial"],
			],
		);
	});
});

describe("profile/merge: accounts and users", () => {
	const merged = merge(
		site("<call ring-time='60'/>"),
		device(
			`<registration expires='200'/><user aor='sip:alice@example.com'/><user aor='sip:b%6fb@example.com'><credential realm='r' ha1='${HA1}'/></user>${account("lobby", "sip:lobby@example.com")}`,
		),
		[
			alice(
				`<registration expires='300'/>${account("a1", "sip:alice@example.com", `<credential realm='r' ha1='${HA1}'/><credential realm='r2' user='al' password='p'/>`)}`,
			),
			bob(
				`<call do-not-disturb='true'/><audio volume='10' ptime='30'/><server role='registrar' uri='sip:bobs'/>${account("a1", "sip:bob@example.com")}`,
			),
		],
	);
	const { accounts } = merged.settings;

	it("each account follows its own user's document, then the device's, then the network's", () => {
		deepEqual(
			accounts.map((each) => [
				each.aor,
				each.owner,
				each.registration.expires,
				each.call.doNotDisturb,
				each.call.ringTime,
				each.servers.length,
			]),
			[
				["sip:lobby@example.com", "urn:uuid:1", 200, false, 60, 0],
				["sip:alice@example.com", "sip:alice@example.com", 300, false, 60, 0],
				["sip:bob@example.com", "sip:bob@example.com", 200, true, 60, 1],
			],
		);
		equal(
			merged.origin("account[a1]/registration/@expires"),
			"user sip:alice@example.com",
		);
		equal(merged.origin("account[lobby]/registration/@expires"), "device");
		equal(merged.origin("account[a1]/call/@ring-time"), "local-network");
		equal(merged.origin("account[a1]/@aor"), "user sip:alice@example.com");
		equal(merged.origin("account[a1]/@label"), "default");
		equal(
			merged.origin("account[a1]/credential[r]/@ha1"),
			"user sip:alice@example.com",
		);
	});

	it("the phone's own service is the first user's, and shared with that user's accounts", () => {
		equal(merged.settings.registration.expires, 300);
		equal(accounts[1]?.registration, merged.settings.registration);
		equal(accounts[1]?.servers, merged.settings.servers);
	});

	it("of what the phone has once, the first user has the last word, others come before the device", () => {
		equal(merged.settings.audio.volume, 10);
		equal(
			merge(undefined, undefined, [
				alice("<audio volume='20'/>"),
				bob("<audio volume='10'/>"),
			]).settings.audio.volume,
			20,
		);
	});

	it("credentials name their user", () => {
		deepEqual(
			accounts[1]?.credentials.map(({ realm, user, ha1, password }) => [
				realm,
				user,
				ha1,
				password,
			]),
			[
				["r", "alice", HA1, ""],
				["r2", "al", "", "p"],
			],
		);
		deepEqual(
			merged.settings.users.map((user) => [
				user.aor,
				user.credentials.map((credential) => credential.user),
			]),
			[
				["sip:alice@example.com", []],
				["sip:b%6fb@example.com", ["bob"]],
			],
		);
	});

	it("the user part of an address", () => {
		equal(userPart("sip:alice:pw@example.com"), "alice");
		equal(userPart("sip:example.com"), "");
		equal(userPart("sip:%ff@example.com"), "%ff");
		equal(userPart("sip:J%C3%BCrgen@example.com"), "Jürgen");
	});
});

describe("profile/difference: what changed", () => {
	const paths = (before: Settings, after: Settings) =>
		differences(before, after).map(
			({ path, account: aor, interrupts }) => `${path} ${aor} ${interrupts}`,
		);
	const settings = (content: string, more = "") =>
		merge(undefined, device(more), [alice(content)]).settings;
	const A = account(
		"a1",
		"sip:alice@example.com",
		`<credential realm='r' ha1='${HA1}'/>`,
	);

	it("nothing, when the documents say the same in other words", () => {
		deepEqual(
			paths(
				settings(`${A}<audio ptime='20' codecs='PCMA PCMU'/>`),
				settings(`<audio/>${A}<registration expires='3600'/>`),
			),
			[],
		);
	});

	const table: readonly (readonly [
		title: string,
		before: string,
		after: string,
		expected: readonly string[],
	])[] = [
		[
			"a name",
			A,
			A.replace("aor=", "display-name='x' aor="),
			["account[a1]/@display-name sip:alice@example.com nothing"],
		],
		[
			"a ring tone",
			A,
			`${A}<call ring-tone='x'/>`,
			["call/@ring-tone sip:alice@example.com nothing"],
		],
		[
			"the expiry",
			A,
			`${A}<registration expires='60'/>`,
			["registration/@expires sip:alice@example.com registration"],
		],
		[
			"a new registrar",
			A,
			`${A}<server role='registrar' uri='sip:a'/>`,
			["server[registrar] sip:alice@example.com registration"],
		],
		[
			"another address of it",
			`${A}<server role='registrar' uri='sip:a'/>`,
			`${A}<server role='registrar' uri='sip:b'/>`,
			["server[registrar]/@uri sip:alice@example.com registration"],
		],
		[
			"voicemail",
			`${A}<server role='voicemail' uri='sip:a'/>`,
			A,
			["server[voicemail] sip:alice@example.com nothing"],
		],
		[
			"a profile server",
			A,
			`${A}<server role='profile' uri='sip:a'/>`,
			["server[profile] sip:alice@example.com enrolment"],
		],
		[
			"a credential",
			A,
			A.replace(HA1, `${HA1.slice(1)}0`),
			["account[a1]/credential[r]/@ha1 sip:alice@example.com registration"],
		],
		[
			"an account more",
			A,
			`${A}${account("a2", "sip:a2@b")}`,
			["account[a2] sip:a2@b registration"],
		],
		[
			"an account less",
			A,
			"",
			["account[a1] sip:alice@example.com registration"],
		],
		[
			"codecs",
			A,
			`${A}<audio codecs='PCMU PCMA'/>`,
			["audio/@codecs  nothing"],
		],
		[
			"a port",
			A,
			`${A}<network sip-port='5070'/>`,
			["network/@sip-port  network"],
		],
		["a key", A, `${A}<key number='3'/>`, ["key[3]  nothing"]],
	];
	for (const [title, before, after, expected] of table)
		it(title, () =>
			deepEqual(paths(settings(before), settings(after)), expected),
		);

	it("users of the device", () => {
		deepEqual(
			paths(
				settings("", "<user aor='sip:a@b'/>"),
				settings("", "<user aor='sip:c@d'/>"),
			),
			["user[sip:c@d]  enrolment", "user[sip:a@b]  enrolment"],
		);
	});

	it("an account that has another value than the phone as a whole", () => {
		const merged = (content: string) =>
			merge(undefined, undefined, [
				alice(A),
				bob(`${account("b1", "sip:bob@example.com")}${content}`),
			]).settings;
		deepEqual(paths(merged(""), merged("<registration expires='60'/>")), [
			"account[b1]/registration/@expires sip:bob@example.com registration",
		]);
	});
});

describe("profile/redact: settings for eyes", () => {
	it("has no secret, and all the rest", () => {
		const { settings } = merge(
			undefined,
			device(
				`<user aor='sip:a@b'><credential realm='r' password='hunter2'/></user>`,
			),
			[decode(EXAMPLE)],
		);
		const shown = redact(settings);
		const text = JSON.stringify(shown);
		ok(!text.includes(HA1) && !text.includes("hunter2"), "no secret in it");
		const accounts = shown.accounts as unknown as Settings["accounts"];
		equal(accounts[0]?.credentials[0]?.ha1, REDACTED);
		equal(accounts[0]?.credentials[0]?.password, "");
		equal(accounts[0]?.displayName, "Alice");
		equal(
			(shown.registration as unknown as Settings["registration"]).expires,
			600,
		);
		equal(
			(shown.users as unknown as Settings["users"])[0]?.credentials[0]
				?.password,
			REDACTED,
		);
	});
});
