import { decodeAccessList } from "../../src/access/decode.js";
import { callerKey } from "../../src/access/key.js";
import {
	type AccessList,
	type Circumstances,
	type Decision,
	decideWithoutList,
} from "../../src/access/list.js";
import { deepEqual, describe, equal, host, it, ok, utf8 } from "../portable.js";
import { access, EXAMPLE } from "./access.js";

const BEFORE: Decision = Object.freeze({ presence: "block", contact: "allow" });

function list(text: string): AccessList {
	const { document, errors } = decodeAccessList(host(), utf8(text));
	deepEqual(errors ?? [], []);
	return document as AccessList;
}

/** `presence contact`. */
function decide(
	rules: AccessList,
	caller: string,
	circumstances?: Circumstances,
): string {
	const { presence, contact } = rules.decide(
		callerKey(host(), caller),
		BEFORE,
		circumstances,
	);
	return `${presence} ${contact}`;
}

describe("access/list: the design's example", () => {
	const table: readonly (readonly [caller: string, decision: string])[] = [
		["sip:mallory@EXAMPLE.net:5070;transport=tcp", "polite-block block"],
		["sip:bob@example.com", "allow allow"],
		["tel:+44-900-123", "block block"],
		["sip:+44900123@gw.example.org;user=phone", "block block"],
		["sip:+44900123@gw.example.org", "block block"],
		["sip:+44900123@sub.example.net;user=phone", "confirm block"],
		["tel:+4490", "block allow"],
		["sip:x@example.net", "confirm divert"],
		["sip:x@deep.sub.example.net", "confirm divert"],
		["sip:x@notexample.net", "block allow"],
		["sip:x@net", "block allow"],
		["sip:anonymous@anonymous.invalid", "block divert"],
		["no URI", "block divert"],
		["sip:carol@example.com", "block allow"],
	];
	for (const [caller, expected] of table)
		it(`${caller}: ${expected}`, () =>
			equal(decide(list(EXAMPLE), caller), expected));

	it("a caller who withholds its identity is known to the list all the same", () => {
		const rules = list(EXAMPLE);
		equal(
			decide(rules, "sip:bob@example.com", { anonymous: true }),
			"allow allow",
		);
		equal(
			decide(rules, "sip:carol@example.com", { anonymous: true }),
			"block divert",
		);
	});

	it("an emergency call back is never blocked", () => {
		equal(
			decide(list(EXAMPLE), "sip:mallory@example.net", {
				emergencyCallBack: true,
			}),
			"polite-block allow",
		);
		deepEqual(
			decideWithoutList(
				{ presence: "block", contact: "block" },
				{ emergencyCallBack: true },
			),
			{ presence: "block", contact: "allow" },
		);
	});
});

describe("access/list: the most specific match decides each right on its own", () => {
	const group = (id: string, ...uris: string[]) =>
		`<group id='${id}'>${uris.map((uri) => `<member uri='${uri}'/>`).join("")}</group>`;
	const table: readonly (readonly [
		title: string,
		content: string,
		caller: string,
		decision: string,
	])[] = [
		[
			"user before group",
			`${group("g", "sip:a@x")}<rule match='group' value='g' presence='allow' contact='block'/><rule match='user' value='sip:a@x' contact='allow'/>`,
			"sip:a@x",
			"allow allow",
		],
		[
			"group before number",
			`${group("g", "tel:+1")}<rule match='number' value='+1' presence='allow' contact='block'/><rule match='group' value='g' contact='confirm'/>`,
			"tel:+1",
			"allow confirm",
		],
		[
			"number before domain",
			"<rule match='domain' value='x' presence='allow' contact='block'/><rule match='number' value='+1' contact='confirm'/>",
			"sip:+12@x;user=phone",
			"allow confirm",
		],
		[
			"domain before default",
			"<rule match='domain' value='x' contact='block'/><default presence='allow' contact='allow'/>",
			"sip:a@x",
			"allow block",
		],
		[
			"of several groups the strictest",
			`${group("g", "sip:a@x")}${group("h", "sip:b@x", "sip:a@x")}${group("i", "sip:a@x")}<rule match='group' value='g' presence='allow' contact='divert'/><rule match='group' value='h' presence='polite-block' contact='confirm'/>`,
			"sip:a@x",
			"polite-block divert",
		],
		[
			"a group without a rule says nothing",
			`${group("g", "sip:a@x")}<rule match='domain' value='x' contact='block'/>`,
			"sip:a@x",
			"block block",
		],
		[
			"the longest number prefix",
			"<rule match='number' value='+4' contact='block'/><rule match='number' value='+4490' contact='divert'/><rule match='number' value='+44' contact='confirm'/>",
			"tel:+44123",
			"block confirm",
		],
		[
			"a shorter prefix for the other right",
			"<rule match='number' value='+4' presence='allow'/><rule match='number' value='+44' contact='divert'/><rule match='number' value='+449' contact='confirm'/>",
			"tel:+449",
			"allow confirm",
		],
		[
			"a prefix that others stand between",
			"<rule match='number' value='+4' contact='divert'/><rule match='number' value='+40' contact='block'/><rule match='number' value='+4011' contact='block'/><rule match='number' value='+41' contact='block'/>",
			"tel:+43",
			"block divert",
		],
		[
			"local numbers",
			"<rule match='number' value='0900' contact='block'/>",
			"tel:0900-12;phone-context=+44",
			"block block",
		],
		[
			"separators in a prefix",
			"<rule match='number' value='+44-(900)' contact='block'/>",
			"tel:+449001",
			"block block",
		],
		[
			"the longest domain",
			"<rule match='domain' value='x.org' contact='block'/><rule match='domain' value='Y.X.org' contact='confirm'/><rule match='domain' value='ay.x.org' contact='divert'/>",
			"sip:a@z.y.x.org",
			"block confirm",
		],
		[
			"an address without a user",
			"<rule match='user' value='sip:gw.x' contact='block'/>",
			"sip:gw.x:5060",
			"block block",
		],
		[
			"a user rule by number",
			"<rule match='user' value='tel:+1-2' contact='block'/>",
			"sip:+12@any.where;user=phone",
			"block block",
		],
		[
			"a number that does not say so is no user rule's number",
			"<rule match='user' value='tel:+12' contact='confirm'/><rule match='number' value='+12' contact='block'/>",
			"sip:+12@any.where",
			"block block",
		],
		[
			"an address where the number has no rule",
			"<rule match='user' value='sip:+12@x' contact='confirm'/>",
			"sip:+12@x;user=phone",
			"block confirm",
		],
		[
			"a rule for nothing",
			"<rule match='user' value='sip:a@x'/>",
			"sip:a@x",
			"block allow",
		],
		["an empty list", "", "sip:a@x", "block allow"],
	];
	for (const [title, content, caller, expected] of table)
		it(title, () => equal(decide(list(access(content)), caller), expected));

	it("what the settings say holds where the list is silent", () => {
		deepEqual(
			list(access("")).decide(undefined, {
				presence: "confirm",
				contact: "divert",
			}),
			{ presence: "confirm", contact: "divert" },
		);
	});

	it("500 rules in any order, in less than 48 bytes a rule", () => {
		const rules = Array.from(
			{ length: 500 },
			(_, index) =>
				`<rule match='user' value='sip:user${(index * 7919) % 500}@example.com' contact='${index % 2 === 0 ? "block" : "confirm"}'/>`,
		);
		const compiled = list(access(rules.join("")));
		equal(compiled.size, 500);
		ok(compiled.bytes / 500 < 48, `${compiled.bytes / 500} bytes a rule`);
		for (let index = 0; index < 500; index += 17)
			equal(
				decide(compiled, `sip:user${(index * 7919) % 500}@example.com`),
				`block ${index % 2 === 0 ? "block" : "confirm"}`,
			);
		equal(decide(compiled, "sip:user500@example.com"), "block allow");
	});
});
