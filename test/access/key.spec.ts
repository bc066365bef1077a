import { callerKey, keyText } from "../../src/access/key.js";
import { deepEqual, describe, equal, host, it } from "../portable.js";

describe("access/key: who somebody is", () => {
	/** URI, address, number, digits, domain. */
	const table: readonly (readonly [string, string, string, string, string])[] =
		[
			["sip:alice@example.com", "alice@example.com", "", "", "example.com"],
			[
				"SIPS:alice:pw@EXAMPLE.com.:5061;transport=tcp?x=y",
				"alice@example.com",
				"",
				"",
				"example.com",
			],
			["sip:%61l%69ce@example.com", "alice@example.com", "", "", "example.com"],
			["sip:Alice@example.com", "Alice@example.com", "", "", "example.com"],
			[
				"sip:J%C3%BCrgen@example.com",
				"Jürgen@example.com",
				"",
				"",
				"example.com",
			],
			["sip:%ff@example.com", "%ff@example.com", "", "", "example.com"],
			["sip:a%00b@example.com", "a%00b@example.com", "", "", "example.com"],
			["sip:a%40b@example.com", "a@b@example.com", "", "", "example.com"],
			["sip:[2001:DB8::1]:5060", "[2001:db8::1]", "", "", "[2001:db8::1]"],
			["sip:example.com", "example.com", "", "", "example.com"],
			["tel:+44-20-(7946).0018", "", "+442079460018", "+442079460018", ""],
			["tel:7042;phone-context=example.com", "", "7042", "7042", ""],
			[
				"sip:+44-20@gw.example;User=Phone",
				"+44-20@gw.example",
				"+4420",
				"+4420",
				"gw.example",
			],
			[
				"sip:7042;ext=1@gw.example;user=phone",
				"7042;ext=1@gw.example",
				"7042",
				"7042",
				"gw.example",
			],
			["sip:+4420@gw.example", "+4420@gw.example", "", "+4420", "gw.example"],
			["sip:4420@gw.example", "4420@gw.example", "", "", "gw.example"],
			["sip:+44a@gw.example", "+44a@gw.example", "", "", "gw.example"],
			[
				"sip:4420@gw.example;x=1;user=ip",
				"4420@gw.example",
				"",
				"",
				"gw.example",
			],
			[
				"sip:4420@gw.example?user=phone",
				"4420@gw.example",
				"",
				"",
				"gw.example",
			],
		];
	for (const [uri, address, number, digits, domain] of table)
		it(uri, () =>
			deepEqual(callerKey(host(), uri), { address, number, digits, domain }),
		);

	it("what is no sip, sips or tel URI has no key", () => {
		for (const uri of [
			"",
			"alice",
			"mailto:a@b",
			"sip:",
			"sip:a@",
			"tel:",
			"sip:a@b c",
			"sip:\u0000@b",
			"<sip:a@b>",
		])
			equal(callerKey(host(), uri), undefined, uri);
	});

	it("equal callers have equal texts", () => {
		const text = (uri: string) => {
			const key = callerKey(host(), uri);
			return key === undefined ? undefined : keyText(key);
		};
		equal(text("sip:+4420@a.example;user=phone"), text("tel:+44-20"));
		equal(text("sip:bob@EXAMPLE.com"), text("sips:b%6Fb@example.com:5061"));
	});
});
