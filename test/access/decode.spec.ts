import { decodeAccess, decodeAccessList } from "../../src/access/decode.js";
import type { AccessDocument } from "../../src/access/document.js";
import { encodeAccess } from "../../src/access/encode.js";
import { canonical } from "../../src/xml/canonical.js";
import {
	ascii,
	deepEqual,
	describe,
	equal,
	host,
	it,
	ok,
	utf8,
} from "../portable.js";
import { access, EXAMPLE } from "./access.js";

const decode = (text: string) => decodeAccess(host(), utf8(text));

function lines(
	errors:
		| readonly { line: number; column: number; path: string; code: string }[]
		| undefined,
): string[] {
	return (errors ?? []).map(
		({ line, column, path, code }) => `${line}:${column} ${path} ${code}`,
	);
}

const example: AccessDocument = {
	for: "sip:alice@example.com",
	version: "7",
	groups: [{ id: "team", members: ["sip:bob@example.com"] }],
	rules: [
		{
			match: "user",
			value: "sip:mallory@example.net",
			presence: "polite-block",
			contact: "block",
		},
		{ match: "group", value: "team", presence: "allow", contact: "allow" },
		{ match: "number", value: "+44900", presence: undefined, contact: "block" },
		{
			match: "domain",
			value: "example.net",
			presence: "confirm",
			contact: "divert",
		},
		{ match: "anonymous", value: "", presence: undefined, contact: "divert" },
	],
	presence: "block",
	contact: "allow",
};

describe("access/decode: what a list says", () => {
	it("the design's example", () => {
		const decoded = decode(EXAMPLE);
		deepEqual(decoded.warnings, []);
		deepEqual(decoded.document, example);
		const compiled = decodeAccessList(host(), utf8(EXAMPLE)).document;
		deepEqual(
			[compiled?.for, compiled?.version, compiled?.size],
			["sip:alice@example.com", "7", 5],
		);
	});

	const warned: readonly (readonly [
		title: string,
		content: string,
		warnings: readonly string[],
	])[] = [
		[
			"an unknown element",
			"<rules/><rule match='anonymous' contact='block'/>",
			["2:1 rules unknown-element"],
		],
		[
			"an unknown attribute",
			"<rule match='anonymous' contacts='block' contact='block'/>",
			["2:25 rule[1]/@contacts unknown-attribute"],
		],
		[
			"an element within a rule",
			"<rule match='anonymous' contact='block'><x/></rule>",
			["2:41 x unknown-element"],
		],
		["another namespace", "<x xmlns='urn:x'><rule/></x>", []],
		["text", "words", ["2:1 access unexpected-text"]],
		[
			"a rule without rights",
			"<rule match='user' value='sip:a@b'/>",
			["2:1 rule[1] rule-without-right"],
		],
	];
	for (const [title, content, warnings] of warned)
		it(title, () => {
			const decoded = decode(access(content));
			deepEqual(lines(decoded.errors), []);
			deepEqual(lines(decoded.warnings), warnings);
		});
});

describe("access/decode: what refuses a list", () => {
	const refused: readonly (readonly [
		title: string,
		content: string,
		errors: readonly string[],
	])[] = [
		[
			"an unknown match",
			"<rule match='moon' value='x' contact='block'/>",
			["2:14 rule[1]/@match bad-value"],
		],
		[
			"an unknown right",
			"<rule match='anonymous' contact='polite-block' presence='divert'/>",
			["2:34 rule[1]/@contact bad-value", "2:58 rule[1]/@presence bad-value"],
		],
		[
			"no match",
			"<rule value='x' contact='block'/>",
			["2:1 rule[1]/@match missing-attribute"],
		],
		[
			"no value",
			"<rule match='user' contact='block'/>",
			["2:1 rule[1]/@value missing-attribute"],
		],
		[
			"a value of anonymous",
			"<rule match='anonymous' value='x' contact='block'/>",
			["2:32 rule[1]/@value bad-value"],
		],
		[
			"a user that is no URI",
			"<rule match='user' value='bob' contact='block'/>",
			["2:27 rule[1]/@value bad-value"],
		],
		[
			"a prefix with letters",
			"<rule match='number' value='+44x' contact='block'/>",
			["2:29 rule[1]/@value bad-value"],
		],
		[
			"a prefix without digits",
			"<rule match='number' value='+' contact='block'/>",
			["2:29 rule[1]/@value bad-value"],
		],
		[
			"a domain that is none",
			"<rule match='domain' value='a@b' contact='block'/>",
			["2:29 rule[1]/@value bad-value"],
		],
		[
			"an empty domain",
			"<rule match='domain' value='' contact='block'/>",
			["2:29 rule[1]/@value bad-value"],
		],
		[
			"a group that isn't there",
			"<rule match='group' value='g' contact='block'/>",
			["2:28 rule[1]/@value unknown-group"],
		],
		[
			"a group twice",
			"<group id='g'/><group id='g'/>",
			["2:16 group[g] repeated-element"],
		],
		["a group without a name", "<group/>", ["2:1 group/@id missing-attribute"]],
		[
			"a member that is no URI",
			"<group id='g'><member uri='sip:a@b'/><member uri='bob'/></group>",
			["2:51 group[g]/member[2]/@uri bad-value"],
		],
		[
			"a member without a URI",
			"<group id='g'><member/></group>",
			["2:15 group/member/@uri missing-attribute"],
		],
		[
			"a user twice, in another spelling",
			"<rule match='user' value='sip:a@b'/><rule match='user' value='SIPS:%61@B:1'/>",
			["2:63 rule[2] repeated-rule"],
		],
		[
			"a number twice",
			"<rule match='number' value='+1-2'/><rule match='number' value='+12'/>",
			["2:64 rule[2] repeated-rule"],
		],
		[
			"a domain twice",
			"<rule match='domain' value='a.B'/><rule match='domain' value='A.b.'/>",
			["2:63 rule[2] repeated-rule"],
		],
		[
			"a group's rule twice",
			"<group id='g'/><rule match='group' value='g'/><rule match='group' value='g'/>",
			["2:74 rule[2] repeated-rule"],
		],
		[
			"anonymous twice",
			"<rule match='anonymous'/><rule match='anonymous'/>",
			["2:26 rule[2] repeated-rule"],
		],
		[
			"two defaults",
			"<default contact='block'/><default/>",
			["2:27 default repeated-element"],
		],
		[
			"a value of 300 bytes",
			`<rule match='user' value='sip:${"a".repeat(300)}@b'/>`,
			["2:27 rule[1]/@value bad-value"],
		],
		[
			"broken XML",
			"<rule match='user' match='user'/>",
			["2:20  xml-repeated-attribute"],
		],
	];
	for (const [title, content, errors] of refused)
		it(title, () => {
			deepEqual(lines(decode(access(content)).errors), errors);
			deepEqual(
				lines(decodeAccessList(host(), utf8(access(content))).errors),
				errors,
			);
		});

	it("another root", () => {
		deepEqual(lines(decode("<access/>").errors), ["1:1  wrong-root"]);
		deepEqual(
			lines(decode("<access xmlns='urn:hookswitch:access:1'/>").errors),
			["1:1 @for missing-attribute"],
		);
	});

	it("cut at any byte, or with one byte changed, it is refused, and nothing is thrown", () => {
		const bytes = utf8(EXAMPLE.trim());
		for (let length = 0; length < bytes.length; length += 3) {
			ok(
				(decodeAccess(host(), bytes.slice(0, length)).errors?.length ?? 0) > 0,
				`cut at ${length}`,
			);
			const changed = bytes.slice();
			changed[length] = 0x80;
			ok(
				decodeAccess(host(), changed).errors !== undefined,
				`changed at ${length}`,
			);
		}
	});
});

describe("access/encode: canonical bytes", () => {
	it("decode to the same list", () => {
		const bytes = encodeAccess(host(), example);
		equal(canonical(host(), bytes), bytes);
		const decoded = decodeAccess(host(), bytes);
		equal(decoded.canonical, true);
		deepEqual(decoded.document, example);
	});

	it("the order in which rules were given has no part in them", () => {
		const more = [
			...example.rules,
			{
				match: "user" as const,
				value: "tel:+1",
				presence: undefined,
				contact: "block" as const,
			},
		];
		const groups = [
			{ id: "b", members: ["sip:b@x", "sip:a@x"] },
			...example.groups,
		];
		const one = encodeAccess(host(), { ...example, rules: more, groups });
		const other = encodeAccess(host(), {
			...example,
			rules: [...more].reverse(),
			groups: [...groups].reverse(),
		});
		equal(ascii(one), ascii(other));
	});
});
