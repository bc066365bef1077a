/** The compiled list against the design's words, said again in the simplest way. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { nodeHost } from "../../hosts/node/natives.js";
import { decodeAccess, decodeAccessList } from "../../src/access/decode.js";
import {
	type AccessDocument,
	type AccessRule,
	CONTACT_RIGHTS,
	PRESENCE_RIGHTS,
} from "../../src/access/document.js";
import { encodeAccess } from "../../src/access/encode.js";
import { callerKey, keyText } from "../../src/access/key.js";
import type { Decision } from "../../src/access/list.js";

const host = nodeHost();
const BEFORE = { presence: "block", contact: "allow" } as const;

const domain = fc
	.array(fc.constantFrom("a", "b", "net"), { minLength: 1, maxLength: 3 })
	.map((labels) => labels.join("."));
const number = fc.stringMatching(/^\+[12]{1,5}$/);
const uri = fc.oneof(
	fc
		.tuple(fc.constantFrom("x", "y", "z"), domain)
		.map(([name, where]) => `sip:${name}@${where}`),
	number.map((digits) => `tel:${digits}`),
	fc
		.tuple(number, domain, fc.constantFrom("", ";user=phone"))
		.map(([digits, where, phone]) => `sip:${digits}@${where}${phone}`),
);
const presence = fc.option(fc.constantFrom(...PRESENCE_RIGHTS), {
	nil: undefined,
});
const contact = fc.option(fc.constantFrom(...CONTACT_RIGHTS), {
	nil: undefined,
});
const group = fc.constantFrom("g", "h", "i");
const rule: fc.Arbitrary<AccessRule> = fc.oneof(
	fc.record({
		match: fc.constant("user" as const),
		value: uri,
		presence,
		contact,
	}),
	fc.record({
		match: fc.constant("group" as const),
		value: group,
		presence,
		contact,
	}),
	fc.record({
		match: fc.constant("number" as const),
		value: number,
		presence,
		contact,
	}),
	fc.record({
		match: fc.constant("domain" as const),
		value: domain,
		presence,
		contact,
	}),
	fc.record({
		match: fc.constant("anonymous" as const),
		value: fc.constant(""),
		presence,
		contact,
	}),
);
const text = (value: string) => {
	const key = callerKey(host, value);
	return key === undefined ? "" : keyText(key);
};
const document: fc.Arbitrary<AccessDocument> = fc.record({
	for: fc.constant("sip:me@a"),
	version: fc.constant("1"),
	groups: fc.tuple(
		...["g", "h", "i"].map((id) =>
			fc.record({
				id: fc.constant(id),
				members: fc.array(uri, { maxLength: 4 }),
			}),
		),
	),
	rules: fc.uniqueArray(rule, {
		maxLength: 14,
		selector: (each) =>
			`${each.match} ${each.match === "user" ? text(each.value) : each.value}`,
	}),
	presence,
	contact,
});

/** Design §4, word by word. */
function expected<Right extends string>(
	list: AccessDocument,
	caller: string | undefined,
	anonymous: boolean,
	rightOf: (each: AccessRule | AccessDocument) => Right | undefined,
	rights: readonly Right[],
): Right | undefined {
	const key = caller === undefined ? undefined : callerKey(host, caller);
	const given = (each: AccessRule) => rightOf(each) !== undefined;
	const of = (match: string) =>
		list.rules.filter((each) => each.match === match && given(each));
	const is = (value: string) =>
		key !== undefined &&
		[key.number, key.address].includes(text(value)) &&
		text(value) !== "";
	// Whoever has a number is looked up by it first.
	const users = of("user")
		.filter((each) => is(each.value))
		.sort((one) => (text(one.value) === key?.number ? -1 : 1));
	if (users[0] !== undefined) return rightOf(users[0]);
	for (const name of key === undefined ? [] : [key.number, key.address]) {
		const groups = list.groups.filter(
			(each) =>
				name !== "" && each.members.some((member) => text(member) === name),
		);
		const strict = of("group")
			.filter((each) => groups.some(({ id }) => id === each.value))
			.map((each) => rights.indexOf(rightOf(each) as Right));
		if (strict.length > 0) return rights[Math.max(...strict)];
	}
	const numbers = of("number")
		.filter((each) => key?.digits.startsWith(each.value) && key.digits !== "")
		.sort((one, other) => other.value.length - one.value.length);
	if (numbers[0] !== undefined) return rightOf(numbers[0]);
	const domains = of("domain")
		.filter((each) => `.${key?.domain}`.endsWith(`.${each.value}`))
		.sort((one, other) => other.value.length - one.value.length);
	if (domains[0] !== undefined) return rightOf(domains[0]);
	const nobody = of("anonymous")[0];
	if ((anonymous || key === undefined) && nobody !== undefined)
		return rightOf(nobody);
	return rightOf(list);
}

describe("access: properties", () => {
	it("the compiled list decides as the design says", () => {
		fc.assert(
			fc.property(
				document,
				fc.array(fc.option(uri, { nil: undefined }), {
					minLength: 1,
					maxLength: 8,
				}),
				fc.boolean(),
				(list, callers, anonymous) => {
					const { document: compiled, errors } = decodeAccessList(
						host,
						encodeAccess(host, list),
					);
					assert.deepEqual(errors, undefined);
					assert.ok(compiled);
					for (const caller of callers) {
						const key =
							caller === undefined ? undefined : callerKey(host, caller);
						const found: Decision = compiled.decide(key, BEFORE, { anonymous });
						assert.equal(
							found.presence,
							expected(
								list,
								caller,
								anonymous,
								(each) => each.presence,
								PRESENCE_RIGHTS,
							) ?? "block",
							`presence of ${caller}`,
						);
						assert.equal(
							found.contact,
							expected(
								list,
								caller,
								anonymous,
								(each) => each.contact,
								CONTACT_RIGHTS,
							) ?? "allow",
							`contact of ${caller}`,
						);
					}
				},
			),
			{ numRuns: 400 },
		);
	});

	it("encode, decode: the same list, canonical", () => {
		fc.assert(
			fc.property(document, (list) => {
				const bytes = encodeAccess(host, list);
				const decoded = decodeAccess(host, bytes);
				assert.equal(decoded.canonical, true);
				assert.ok(decoded.document);
				assert.deepEqual(encodeAccess(host, decoded.document), bytes);
			}),
			{ numRuns: 300 },
		);
	});
});
