import { isHostPort, isUri } from "../../src/xml/uri.js";
import { describe, equal, host, it, utf8 } from "../portable.js";

const SIP = ["sip", "sips", "tel"];

function judge(text: string): boolean {
	const bytes = utf8(text);
	return isUri(host(), bytes, 0, bytes.length, SIP);
}

const good: readonly string[] = [
	"sip:example.com",
	"SIP:alice@EXAMPLE.com:5060",
	"sip:alice:secret@example.com;transport=tcp;lr?subject=a%20b&x=",
	"sips:a&=+$,;?/b@192.0.2.1:65535",
	"sip:%61@[2001:db8::1]:5061;maddr=239.0.0.1",
	"sip:[::]",
	"sip:a@[::ffff:192.0.2.1]",
	"sip:_sipuaconfig.example.com",
	"sip:example.com.",
	"sip:urn%3auuid%3a00000000-0000-1000-8000-00ff8d82edcb@example.com",
	"tel:+44-20-7946-0018",
	"tel:7042;phone-context=example.com",
	"tel:*21#;phone-context=+1",
];
const bad: readonly string[] = [
	"",
	"sip",
	"sip:",
	"sip:@example.com",
	"sip:alice@",
	"sip:alice@example.com:",
	"sip:alice@example.com:0",
	"sip:alice@example.com:65536",
	"sip:alice@example.com:123456",
	"sip:alice@-a.example",
	"sip:alice@a..example",
	"sip:alice@.example",
	"sip:al ice@example.com",
	"sip:al<ice@example.com",
	"sip:a@b@c",
	"sip:alice%4@example.com",
	"sip:alice%zz@example.com",
	"sip:a@example.com;",
	"sip:a@example.com;=1",
	"sip:a@example.com;p=",
	"sip:a@example.com?h",
	"sip:a@1.2.3",
	"sip:a@1.2.3.256",
	"sip:a@[1::2::3]",
	"sip:a@[1:2:3:4:5:6:7]",
	"sip:a@[1:2:3:4:5:6:7:8:9]",
	"sip:a@[:1::]",
	"sip:a@[12345::]",
	"sip:a@[::1",
	"sip:alice@example.com\r\nX: y",
	"sip:é@example.com",
	"http://example.com",
	"tel:",
	"tel:+",
	"tel:--",
	"tel:+12a",
];

describe("xml/uri: the shape of URIs", () => {
	for (const text of good)
		it(`accepts ${text}`, () => equal(judge(text), true));
	for (const text of bad)
		it(`refuses ${JSON.stringify(text)}`, () => equal(judge(text), false));

	it("looks at its range alone", () => {
		const bytes = utf8("xxsip:a@b;cxx");
		equal(isUri(host(), bytes, 2, 11, SIP), true);
		equal(isUri(host(), bytes, 2, 10, SIP), false);
		for (let end = 2; end <= 11; end++)
			equal(
				isUri(host(), bytes, 2, end, SIP),
				judge("sip:a@b;c".slice(0, end - 2)),
				`to ${end}:`,
			);
	});

	it("knows other schemes by their own grammar", () => {
		const is = (text: string, scheme: string) => {
			const bytes = utf8(text);
			return isUri(host(), bytes, 0, bytes.length, [scheme]);
		};
		equal(is("stun:stun.example.com:3478", "stun"), true);
		equal(is("stun:a@b", "stun"), false);
		equal(is("https://example.com/a?b#c", "https"), true);
		equal(is("https://example.com", "https"), true);
		equal(is("https:/example.com", "https"), false);
		equal(is("https:///a", "https"), false);
		equal(is("urn:uuid:1", "urn"), true);
		equal(is("urn:", "urn"), false);
		equal(is("urn:a b", "urn"), false);
	});

	it("knows hosts with and without ports", () => {
		const is = (text: string) => {
			const bytes = utf8(text);
			return isHostPort(host(), bytes, 0, bytes.length);
		};
		equal(is("ntp.example.com"), true);
		equal(is("192.0.2.1:123"), true);
		equal(is("[::1]:123"), true);
		equal(is("a:b"), false);
		equal(is(""), false);
		equal(is(`${"a".repeat(64)}.example`), false);
		equal(is(`${"a.".repeat(127)}example`), false);
	});
});
