import { join } from "../../src/bytes.js";
import {
	answerId,
	parseAnswer,
	RecordType,
	writeQuery,
} from "../../src/dns/message.js";
import {
	deepEqual,
	describe,
	equal,
	host,
	it,
	throws,
	utf8,
} from "../portable.js";
import { answer, entry, name, question, words } from "./packet.js";

const query = () =>
	writeQuery(host(), 0x1234, "sip.example.com", RecordType.A, true);
const parse = (bytes: Uint8Array, type: number = RecordType.A) =>
	parseAnswer(host(), bytes, "sip.example.com", type);
const address = {
	name: "sip.example.com",
	data: ["A", "192.0.2.7"],
} as const;

/** A header for one question and `count` answers, then `rest`. */
function raw(count: number, ...rest: Uint8Array[]): Uint8Array {
	return join([
		words(0x1234, 0x8180, 1, count, 0, 0),
		name("sip.example.com"),
		words(1, 1),
		...rest,
	]);
}

describe("a DNS query", () => {
	it("asks one question, with recursion and room for a large answer", () => {
		deepEqual(
			query(),
			join([
				words(0x1234, 0x0100, 1, 0, 0, 1),
				name("sip.example.com"),
				words(1, 1),
				new Uint8Array([0]),
				words(41, 1232, 0, 0, 0),
			]),
		);
	});
	it("is not written for what is no name", () => {
		for (const bad of [
			"",
			".",
			"a..b",
			".a",
			"a.",
			"a b",
			"ä.example",
			`${"a".repeat(64)}.example`,
			Array.from({ length: 64 }, () => "abc").join("."),
		])
			throws(() => writeQuery(host(), 1, bad, RecordType.A, false), "dns-name");
	});
});

describe("a DNS answer", () => {
	it("gives its records", () => {
		const bytes = answer(query(), {
			answers: [
				address,
				{
					name: "SIP.example.COM",
					ttl: 60,
					data: ["AAAA", [0x2001, 0xdb8, 0, 0, 1, 0, 0, 1]],
				},
				{
					name: "_sip._udp.example.com",
					data: ["SRV", 10, 60, 5070, "a.example.com"],
				},
				{
					name: "example.com",
					data: ["NAPTR", 50, 20, "S", "SIP+D2U", "_sip._udp.example.com"],
				},
				{ name: "w.example.com", data: ["CNAME", "sip.example.com"] },
			],
			authority: [{ name: "example.com", ttl: 900, data: ["SOA", 30] }],
		});
		equal(answerId(bytes), 0x1234);
		const { records, negativeTtl, code, truncated } = parse(bytes);
		deepEqual(
			records.map(({ type, target, port, ttl }) => [type, target, port, ttl]),
			[
				[1, "192.0.2.7", 0, 300],
				[28, "2001:db8::1:0:0:1", 0, 60],
				[33, "a.example.com", 5070, 300],
				[35, "_sip._udp.example.com", 0, 300],
				[5, "sip.example.com", 0, 300],
			],
		);
		equal(records[1]?.name, "sip.example.com");
		equal(records[3]?.service, "sip+d2u");
		equal(records[3]?.flags, "s");
		equal(negativeTtl, 30);
		equal(code, 0);
		equal(truncated, false);
	});

	it("writes IPv6 addresses as RFC 5952 does", () => {
		const cases: readonly (readonly [readonly number[], string])[] = [
			[[0, 0, 0, 0, 0, 0, 0, 0], "::"],
			[[0, 0, 0, 0, 0, 0, 0, 1], "::1"],
			[[1, 0, 0, 0, 0, 0, 0, 0], "1::"],
			[[1, 0, 2, 3, 4, 5, 6, 7], "1:0:2:3:4:5:6:7"],
			[[1, 0, 0, 2, 0, 0, 0, 3], "1:0:0:2::3"],
			[[0xfe80, 0, 0, 0, 1, 2, 3, 0xabcd], "fe80::1:2:3:abcd"],
		];
		for (const [groups, text] of cases)
			equal(
				parse(
					answer(query(), {
						answers: [{ name: "sip.example.com", data: ["AAAA", groups] }],
					}),
				).records[0]?.target,
				text,
			);
	});

	it("with compressed names is read", () => {
		// Owner: a pointer to the question's name.
		const bytes = raw(1, words(0xc00c, 1, 1, 0, 60, 4), words(0xc000, 0x0207));
		equal(parse(bytes).records[0]?.target, "192.0.2.7");
	});

	it("with names that point in circles, forward or outside is refused", () => {
		// The rdata of a CNAME stands at 45, two octets long.
		for (const target of [45, 46, 47, 0x3fff, 5]) {
			const bytes = raw(
				1,
				words(0xc00c, 5, 1, 0, 60, 2),
				words(0xc000 + target),
			);
			throws(() => parse(bytes), "dns-message");
		}
		// Two pointers at each other.
		const pair = raw(
			1,
			words(0xc00c, 5, 1, 0, 60, 4),
			words(0xc000 + 47, 0xc000 + 45),
		);
		throws(() => parse(pair), "dns-message");
	});

	it("cut off anywhere is refused, whatever its counts say", () => {
		const whole = answer(query(), {
			answers: [
				address,
				{ name: "sip.example.com", data: ["SRV", 1, 1, 1, "a.example.com"] },
			],
		});
		for (let end = 0; end < whole.length; end++)
			throws(() => parse(whole.slice(0, end)), "dns-message");
		parse(join([whole, utf8("trailing data is ignored")]));
	});

	it("cut off by the server (TC) gives what it has", () => {
		const whole = answer(query(), {
			truncated: true,
			answers: [address, address],
		});
		const { records, truncated } = parse(whole.slice(0, whole.length - 3));
		equal(records.length, 1);
		equal(truncated, true);
	});

	it("with a record whose length lies is refused", () => {
		throws(
			() => parse(raw(1, words(0xc00c, 1, 1, 0, 60, 5), new Uint8Array(5))),
			"dns-message",
		);
		throws(
			() =>
				parse(
					raw(
						1,
						words(0xc00c, 33, 1, 0, 60, 9, 1, 1, 1),
						name("abc"),
						name(""),
					),
				),
			"dns-message",
		);
	});

	it("to another question is refused", () => {
		const other = writeQuery(host(), 7, "sip.example.org", RecordType.A, true);
		throws(() => parse(answer(other, {})), "dns-question");
		throws(() => parse(answer(query(), {}), RecordType.SRV), "dns-question");
	});

	it("skips records with names that no host has, and of other classes and types", () => {
		const odd = join([
			new Uint8Array([3, 0xff, 0x00, 0x20, 0]),
			words(1, 1, 0, 60, 4, 0, 0),
		]);
		const chaos = join([name("a"), words(1, 3, 0, 60, 4, 0, 0)]);
		const text = join([name("a"), words(16, 1, 0, 60, 4, 0, 0)]);
		const { records } = parse(raw(4, odd, chaos, text, entry(address)));
		deepEqual(
			records.map(({ target }) => target),
			["192.0.2.7"],
		);
	});

	it("has a limit on its records", () => {
		const { records } = parse(
			answer(query(), { answers: Array.from({ length: 60 }, () => address) }),
		);
		equal(records.length, 32);
	});

	it("is no query", () => {
		equal(answerId(query()), -1);
		equal(answerId(new Uint8Array(11)), -1);
		equal(question(query()).type, "A");
	});
});
