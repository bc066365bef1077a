import { decodeProfile } from "../../src/profile/decode.js";
import type { ProfileDocument } from "../../src/profile/document.js";
import { deepEqual, describe, equal, host, it, ok, utf8 } from "../portable.js";
import { EXAMPLE, HA1, profile } from "./samples.js";

function decode(text: string) {
	return decodeProfile(host(), utf8(text));
}

/** `line:column path code` of each. */
function lines(
	errors: readonly {
		line: number;
		column: number;
		path: string;
		code: string;
	}[],
): string[] {
	return errors.map(
		({ line, column, path, code }) => `${line}:${column} ${path} ${code}`,
	);
}

function document(text: string): ProfileDocument {
	const decoded = decode(text);
	deepEqual(decoded.errors ?? [], []);
	return decoded.document as ProfileDocument;
}

describe("profile/decode: what a document says", () => {
	it("the design's example", () => {
		const decoded = decode(EXAMPLE);
		deepEqual(decoded.warnings, []);
		equal(decoded.canonical, false);
		deepEqual(decoded.document, {
			type: "user",
			for: "sip:alice@example.com",
			version: "42",
			accounts: [
				{
					id: "a1",
					aor: "sip:alice@example.com",
					displayName: "Alice",
					authUser: "alice",
					credentials: [
						{ realm: "example.com", algorithm: "SHA-256", ha1: HA1 },
					],
				},
			],
			servers: [
				{
					role: "registrar",
					uri: "sip:example.com;transport=tcp",
					priority: 1,
				},
			],
			provider: { name: "Example Telecom", help: "sip:help@example.com" },
			sessions: { audio: true, video: false, message: true, pstn: true },
			audio: {
				codecs: ["PCMA", "PCMU"],
				ptime: 20,
				ports: { first: 10000, last: 10019 },
				dscp: 46,
			},
			registration: { expires: 600 },
		});
	});

	it("a device's users, and what only it may hold", () => {
		const found = document(
			profile(
				`<user aor="sip:alice@example.com"><credential realm="r" algorithm="MD5" ha1="${"F".repeat(32)}"/></user><user aor="sips:bob@example.com"/><trust-anchor id="x" certificate="MIIB"/>`,
				"device",
				"urn:uuid:00000000-0000-1000-8000-00ff8d82edcb",
			),
		);
		deepEqual(found.users, [
			{
				aor: "sip:alice@example.com",
				credentials: [{ realm: "r", algorithm: "MD5", ha1: "f".repeat(32) }],
			},
			{ aor: "sips:bob@example.com" },
		]);
		deepEqual(found.trustAnchors, [{ id: "x", certificate: "MIIB" }]);
	});

	it("nothing: RFC 6080's empty profile", () => {
		deepEqual(document(profile("")), {
			type: "user",
			for: "sip:alice@example.com",
		});
	});

	it("values with references, in any case where the list allows it", () => {
		deepEqual(
			document(
				profile(
					'<audio codecs=" pcmu  g722 PCMU"/><call dial-plan="&lt;&#233;>" emergency-numbers=""/><video size="1280x720"/>',
				),
			),
			{
				type: "user",
				for: "sip:alice@example.com",
				audio: { codecs: ["PCMU", "G722"] },
				call: { dialPlan: "<é>", emergencyNumbers: [] },
				video: { size: { width: 1280, height: 720 } },
			},
		);
	});
});

describe("profile/decode: what a newer document may hold", () => {
	const table: readonly (readonly [
		title: string,
		content: string,
		warnings: readonly string[],
	])[] = [
		[
			"an unknown element",
			"<registraton/>",
			["2:1 registraton unknown-element"],
		],
		[
			"an unknown element with content",
			"<new><registration expires='1'/>text</new>",
			["2:1 new unknown-element"],
		],
		[
			"an unknown attribute",
			"<audio ptimes='20'/>",
			["2:8 audio/@ptimes unknown-attribute"],
		],
		[
			"an attribute with our prefix",
			"<audio p:ptime='x' xmlns:p='urn:hookswitch:profile:1'/>",
			["2:8 audio/@ptime unknown-attribute"],
		],
		[
			"an unknown codec",
			"<audio codecs='PCMA EVS'/>",
			["2:16 audio/@codecs unknown-value"],
		],
		[
			"unknown codecs alone",
			"<audio codecs='EVS LC3'/>",
			["2:16 audio/@codecs unknown-value", "2:16 audio/@codecs unknown-value"],
		],
		[
			"an unknown role",
			"<server role='teleporter' uri='sip:a'/>",
			["2:15 server/@role unknown-value"],
		],
		[
			"an unknown algorithm",
			"<account id='a' aor='sip:a@b'><credential realm='r' algorithm='SHA-3' ha1='00'/></account>",
			["2:64 account[a]/credential[r]/@algorithm unknown-value"],
		],
		[
			"an unknown type of key",
			"<key number='1' type='coffee'/>",
			["2:23 key[1]/@type unknown-value"],
		],
		[
			"another namespace's element",
			"<x:y xmlns:x='urn:x'><registration expires='1'/></x:y>",
			[],
		],
		[
			"another namespace's attribute",
			"<audio xml:lang='en' x:y='1' xmlns:x='urn:x'/>",
			[],
		],
		[
			"no namespace at all",
			"<audio xmlns='' ptime='1'/>",
			["2:1 audio unknown-element"],
		],
		["text", "words", ["2:1  unexpected-text"]],
		[
			"text within a section",
			"<audio>words</audio>",
			["2:8 audio unexpected-text"],
		],
		[
			"a user outside of a device profile",
			"<user aor='sip:a@b'/>",
			["2:1 user misplaced-element"],
		],
	];
	for (const [title, content, warnings] of table)
		it(title, () => {
			const decoded = decode(profile(content));
			deepEqual(decoded.errors ?? [], []);
			deepEqual(lines(decoded.warnings), warnings);
		});

	it("what has an unknown role, or codecs that are all unknown, is left out", () => {
		deepEqual(
			document(
				profile(
					"<server role='teleporter' uri='sip:a'/><audio codecs='EVS'/><key number='1' type='coffee' label='x'/>",
				),
			),
			{
				type: "user",
				for: "sip:alice@example.com",
				audio: {},
				keys: [{ number: 1, label: "x" }],
			},
		);
	});

	it("asks whether another name was meant", () => {
		const messages = (content: string) =>
			decode(profile(content)).warnings.map((warning) => warning.message);
		deepEqual(messages("<registraton/>"), [
			"<registraton> is not known in <profile> and is skipped; did you mean 'registration'?",
		]);
		deepEqual(messages("<account id='a' aor='sip:a@b' displayName='A'/>"), [
			"'displayName' is no attribute of <account>; did you mean 'display-name'?",
		]);
		deepEqual(messages("<audio codecs='PCNA G722'/>"), [
			"'PCNA' is not known and is skipped; did you mean 'PCMA'?",
		]);
	});
});

describe("profile/decode: what refuses a document", () => {
	const table: readonly (readonly [
		title: string,
		content: string,
		errors: readonly string[],
	])[] = [
		[
			"a number too small",
			"<registration expires='59'/>",
			["2:24 registration/@expires bad-value"],
		],
		[
			"a number too large",
			"<registration expires='86401'/>",
			["2:24 registration/@expires bad-value"],
		],
		[
			"no number",
			"<registration expires='soon'/>",
			["2:24 registration/@expires bad-value"],
		],
		[
			"a sign",
			"<registration expires='+600'/>",
			["2:24 registration/@expires bad-value"],
		],
		[
			"an empty number",
			"<registration expires=''/>",
			["2:24 registration/@expires bad-value"],
		],
		[
			"a number of twenty digits",
			"<registration expires='00000000000000000600'/>",
			["2:24 registration/@expires bad-value"],
		],
		["yes", "<video enabled='yes'/>", ["2:17 video/@enabled bad-value"]],
		[
			"a closed choice's unknown member",
			"<audio dtmf='smoke'/>",
			["2:14 audio/@dtmf bad-value"],
		],
		[
			"ports the wrong way round",
			"<audio ports='10019-10000'/>",
			["2:15 audio/@ports bad-value"],
		],
		[
			"a port that is none",
			"<audio ports='10000-65536'/>",
			["2:15 audio/@ports bad-value"],
		],
		["no codecs", "<audio codecs=' '/>", ["2:16 audio/@codecs bad-value"]],
		[
			"a size without a height",
			"<video size='640'/>",
			["2:14 video/@size bad-value"],
		],
		[
			"a control character",
			"<provider name='a&#10;b'/>",
			["2:17 provider/@name bad-value"],
		],
		[
			"256 bytes of text",
			`<provider name='${"a".repeat(256)}'/>`,
			["2:17 provider/@name bad-value"],
		],
		[
			"a broken URI",
			"<provider help='sip:'/>",
			["2:17 provider/@help bad-value"],
		],
		[
			"a URI of another scheme",
			"<provider help='mailto:a@b'/>",
			["2:17 provider/@help bad-value"],
		],
		[
			"an id with a space",
			"<account id='a b' aor='sip:a@b'/>",
			["2:14 account/@id bad-value"],
		],
		[
			"an account without an address",
			"<account id='a'/>",
			["2:1 account[a]/@aor missing-attribute"],
		],
		[
			"a credential without a secret",
			"<account id='a' aor='sip:a@b'><credential realm='r'/></account>",
			["2:31 account[a]/credential[r]/@ha1 missing-attribute"],
		],
		[
			"a digest of the wrong length",
			"<account id='a' aor='sip:a@b'><credential realm='r' algorithm='MD5' ha1='0011'/></account>",
			["2:31 account[a]/credential[r,MD5]/@ha1 bad-value"],
		],
		[
			"a server without an address",
			"<server role='registrar'/>",
			["2:1 server[registrar]/@uri missing-attribute"],
		],
		[
			"a server with two addresses",
			"<server role='registrar' uri='sip:a' domain='a'/>",
			["2:1 server[registrar]/@uri bad-value"],
		],
		[
			"a STUN server with a SIP URI",
			"<server role='stun' uri='sip:a.b'/>",
			["2:1 server[stun]/@uri bad-value"],
		],
		[
			"a section twice",
			"<audio/><video/><audio ptime='20'/>",
			["2:17 audio repeated-element"],
		],
		[
			"an id twice",
			"<account id='a' aor='sip:a@b'/><account id='a' aor='sip:c@d'/>",
			["2:32 account[a] repeated-element"],
		],
		[
			"a server's role and priority twice",
			"<server role='stun' uri='stun:a'/><server role='stun' priority='1' uri='stun:b'/>",
			["2:35 server[stun] repeated-element"],
		],
		[
			"seventeen accounts",
			Array.from(
				{ length: 17 },
				(_, index) => `<account id='a${index}' aor='sip:a@b'/>`,
			).join(""),
			["2:519 account[a16] too-many-elements"],
		],
	];
	for (const [title, content, errors] of table)
		it(title, () => {
			const decoded = decode(profile(content));
			equal(decoded.document, undefined);
			deepEqual(lines(decoded.errors ?? []), errors);
		});

	it("all mistakes are listed, with warnings apart", () => {
		const decoded = decode(
			EXAMPLE.replace('"600"', '"5"')
				.replace("SHA-256", "MD5")
				.replace("ptime=", "ptimes=")
				.replace(' uri="sip:example.com;transport=tcp"', ""),
		);
		deepEqual(lines(decoded.errors ?? []), [
			"3:5 account[a1]/credential[example.com,MD5]/@ha1 bad-value",
			"5:3 server[registrar]/@uri missing-attribute",
			"9:26 registration/@expires bad-value",
		]);
		deepEqual(lines(decoded.warnings), [
			"8:29 audio/@ptimes unknown-attribute",
		]);
	});

	it("messages say what is expected, and no secret", () => {
		const decoded = decode(
			profile(
				"<registration expires='5'/><account id='a' aor='sip:a@b'><credential realm='r' ha1='c0ffee' password='hunter2'/></account>",
			),
		);
		deepEqual(
			(decoded.errors ?? []).map((error) => error.message),
			[
				"'expires' must be a whole number from 60 to 86400",
				"with this algorithm, 'ha1' has 64 hexadecimal digits",
			],
		);
	});

	it("twenty errors of a hundred, and soon done", () => {
		const content = Array.from(
			{ length: 100 },
			() => "<audio ptime='x'/>",
		).join("\n");
		const decoded = decode(profile(content));
		equal(decoded.errors?.length, 20);
		equal(decoded.errors?.[0]?.code, "bad-value");
	});

	it("another root, another namespace, another type", () => {
		deepEqual(lines(decode("<profile type='user' for='a'/>").errors ?? []), [
			"1:1  wrong-root",
		]);
		deepEqual(
			lines(
				decode("<!-- --><access xmlns='urn:hookswitch:access:1'/>").errors ??
					[],
			),
			["1:9  wrong-root"],
		);
		deepEqual(
			lines(
				decode(
					"<profile xmlns='urn:hookswitch:profile:1' type='token' for=''/>",
				).errors ?? [],
			),
			["1:49 @type bad-value", "1:61 @for bad-value"],
		);
		deepEqual(
			lines(decode("<profile xmlns='urn:hookswitch:profile:1'/>").errors ?? []),
			["1:1 @type missing-attribute", "1:1 @for missing-attribute"],
		);
	});

	it("broken XML ends the reading; what was found before stays", () => {
		deepEqual(
			lines(
				decode(profile("<registration expires='1'/>\n<audio></video>"))
					.errors ?? [],
			),
			["2:24 registration/@expires bad-value", "3:8  xml-end-tag"],
		);
		deepEqual(lines(decode(`${profile("")}<more/>`).errors ?? []), [
			"2:11  xml-second-root",
		]);
		deepEqual(lines(decode("").errors ?? []), ["1:1  xml-unfinished"]);
		deepEqual(lines(decode("<!DOCTYPE profile []>\n<profile/>").errors ?? []), [
			"1:1  xml-document-type",
		]);
	});

	it("cut at any byte, or with one byte changed, it is refused or read, and nothing is thrown", () => {
		const bytes = utf8(
			profile(
				`<account id="a" aor="sip:a@b"><credential realm="é" ha1="${HA1}"/></account>`,
			),
		);
		for (let length = 0; length < bytes.length; length++) {
			const decoded = decodeProfile(host(), bytes.slice(0, length));
			ok((decoded.errors?.length ?? 0) > 0, `cut at ${length}`);
			const changed = bytes.slice();
			changed[length] = (changed[length] ?? 0) ^ 0x80;
			ok(
				decodeProfile(host(), changed).errors !== undefined,
				`changed at ${length}`,
			);
		}
	});
});
