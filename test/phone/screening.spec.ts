import { decodeAccessList } from "../../src/access/decode.js";
import {
	type Screening,
	type ScreeningRules,
	screen,
} from "../../src/phone/screening.js";
import { parseMessage } from "../../src/sip/message.js";
import { describe, equal, host, it, ok, utf8 } from "../portable.js";

const LIST = `<access xmlns="urn:hookswitch:access:1" for="sip:alice@example.com" version="1">
<rule match="user" value="sip:mallory@example.net" contact="block"/>
<rule match="user" value="sip:bob@example.com" contact="allow"/>
<rule match="number" value="+44900" contact="block"/>
<rule match="anonymous" contact="divert"/>
<default contact="confirm"/>
</access>`;

function rules(more: Partial<ScreeningRules> = {}): ScreeningRules {
	const { document } = decodeAccessList(host(), utf8(LIST));
	ok(document);
	return {
		list: document,
		before: { presence: "block", contact: "allow" },
		trusted: true,
		trustFrom: false,
		emergency: false,
		...more,
	};
}

function decide(...parts: Parameters<typeof screened>): string {
	return screened(...parts).right;
}

function screened(
	from: string,
	asserted: readonly string[],
	more: Partial<ScreeningRules> = {},
	headers = "",
): Screening {
	const identity = asserted
		.map((uri) => `P-Asserted-Identity: <${uri}>\r\n`)
		.join("");
	const message = parseMessage(
		host(),
		utf8(
			`INVITE sip:alice@192.0.2.9 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nMax-Forwards: 70\r\nFrom: <${from}>;tag=1\r\nTo: <sip:alice@example.com>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nContact: <sip:x@192.0.2.1>\r\n${identity}${headers}Content-Length: 0\r\n\r\n`,
		),
	);
	return screen(host(), message, rules(more));
}

const BOB = "sip:bob@example.com";
const MALLORY = "sip:mallory@example.net";
const CAROL = "sip:carol@example.com";

describe("screening", () => {
	it("goes by what a server of ours asserts", () => {
		equal(decide(BOB, [BOB]), "allow");
		equal(decide(CAROL, [CAROL]), "confirm");
		equal(decide(MALLORY, [MALLORY]), "block");
	});

	it("lets From tighten, and never loosen", () => {
		equal(decide(MALLORY, [BOB]), "block");
		equal(decide(BOB, [MALLORY]), "block");
		equal(decide(BOB, [CAROL]), "confirm");
	});

	it("takes a caller without an asserted identity for anonymous, whatever From says", () => {
		equal(decide(BOB, []), "divert");
		equal(decide(MALLORY, []), "block");
		equal(decide(BOB, [], { trustFrom: true }), "allow");
	});

	it("believes nothing that does not come from a server of ours", () => {
		equal(decide(BOB, [BOB], { trusted: false }), "divert");
		equal(decide(BOB, [BOB], { trusted: false, trustFrom: true }), "divert");
		equal(decide(MALLORY, [BOB], { trusted: false }), "block");
		equal(
			decide(MALLORY, [], { trusted: false }, "Priority: psap-callback\r\n"),
			"block",
		);
		equal(decide(MALLORY, [], { trusted: false, emergency: true }), "block");
	});

	it("screens by every asserted identity: the strictest counts", () => {
		equal(decide(BOB, [BOB, "tel:+449001234"]), "block");
		equal(decide(BOB, [BOB, "tel:+15551234"]), "confirm");
	});

	it("treats who withholds the identity as anonymous, but a known one by its own rule", () => {
		const hidden = "sip:anonymous@anonymous.invalid";
		equal(decide(hidden, []), "divert");
		equal(decide(hidden, [BOB]), "allow");
		equal(decide(CAROL, [CAROL], {}, "Privacy: id\r\n"), "divert");
		equal(decide(CAROL, [CAROL], {}, "Privacy: none\r\n"), "confirm");
	});

	it("never blocks a call back after an emergency call", () => {
		equal(decide(MALLORY, [MALLORY], { emergency: true }), "allow");
		equal(
			decide(MALLORY, [MALLORY], {}, "Priority: psap-callback\r\n"),
			"allow",
		);
	});

	it("goes by the settings where there is no list, or the list is silent", () => {
		equal(decide(MALLORY, [MALLORY], { list: undefined }), "allow");
		equal(
			decide(MALLORY, [MALLORY], {
				list: undefined,
				before: { presence: "block", contact: "block" },
			}),
			"block",
		);
	});

	it("names the asserted identity, else From", () => {
		equal(screened(MALLORY, [BOB]).from, BOB);
		equal(screened(MALLORY, []).from, MALLORY);
	});
});
