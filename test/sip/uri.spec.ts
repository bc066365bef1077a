import {
	equalUri,
	escapeUser,
	formatUri,
	isNumeric,
	parameter,
	parseUriText,
} from "../../src/sip/uri.js";
import { deepEqual, describe, equal, host, it, throws } from "../portable.js";

describe("sip/uri", () => {
	it("reads every part", () => {
		const uri = parseUriText(
			host(),
			"SIPS:alice:secr%20et@EXAMPLE.com:5071;transport=TCP;lr;x=%41?subject=a%20b&to=",
		);
		equal(uri.scheme, "sips");
		equal(uri.user, "alice");
		equal(uri.password, "secr%20et");
		equal(uri.host, "example.com");
		equal(uri.port, 5071);
		deepEqual(uri.parameters, [
			{ name: "transport", value: "TCP" },
			{ name: "lr", value: undefined },
			{ name: "x", value: "A" },
		]);
		deepEqual(uri.headers, [
			{ name: "subject", value: "a b" },
			{ name: "to", value: "" },
		]);
		equal(parameter(uri.parameters, "lr"), "");
		equal(parameter(uri.parameters, "ob"), undefined);
	});

	it("reads users with escapes, separators and NUL", () => {
		equal(parseUriText(host(), "sip:urn%3auuid%3A1@x").user, "urn:uuid:1");
		equal(parseUriText(host(), "sip:a;b?c/d@x").user, "a;b?c/d");
		equal(parseUriText(host(), "sip:a%00b@x").user, "a\0b");
		// Not UTF-8: as it was written.
		equal(parseUriText(host(), "sip:%ff@x").user, "%ff");
	});

	it("reads IPv6 hosts, tel URIs and schemes that it doesn't know", () => {
		const uri = parseUriText(host(), "sip:a@[2001:DB8::1]:5060;lr");
		equal(uri.host, "2001:db8::1");
		equal(formatUri(uri), "sip:a@[2001:db8::1]:5060;lr");
		const tel = parseUriText(host(), "tel:+1-201-555-0123;phone-context=x");
		equal(tel.user, "+1-201-555-0123");
		equal(parameter(tel.parameters, "phone-context"), "x");
		const other = parseUriText(host(), "isbn:2983792873");
		equal(other.scheme, "isbn");
		equal(other.user, "2983792873");
	});

	for (const text of [
		"",
		"sip",
		"sip:",
		":x",
		"1sip:x",
		"sip:@x",
		"sip:a@",
		"sip:a b@x",
		"sip:a@x y",
		"sip:a%4@x",
		"sip:a%zz@x",
		"sip:a@x:",
		"sip:a@x:65536",
		"sip:a@x:99999999999999999999999999",
		"sip:a@x;",
		"sip:a@x;=1",
		"sip:a@x;y=",
		"sip:a@x?h",
		"sip:a@x?",
		"sip:a@b@x",
		"sip:[::1",
		"sip:[]",
		"sip:-x",
		"<sip:a@x>",
		"tel:",
		"tel:abc xyz",
		"sip:a\r\n@x",
	])
		it(`refuses ${JSON.stringify(text)}`, () => {
			throws(() => parseUriText(host(), text), "uri");
		});

	it("writes what it reads", () => {
		for (const text of [
			"sip:alice@example.com",
			"sip:a%3Bb:p@example.com:5061;transport=tcp;lr?x=y&z=",
			"sips:example.com",
			"tel:+1201;phone-context=x",
			"urn:service:sos",
		])
			equal(formatUri(parseUriText(host(), text)), text);
		equal(escapeUser("urn:uuid:1 é"), "urn%3auuid%3a1%20%C3%A9");
	});

	const same: readonly (readonly [string, string])[] = [
		[
			"sip:%61lice@atlanta.com;transport=TCP",
			"sip:alice@AtLanTa.CoM;Transport=tcp",
		],
		["sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"],
		["sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"],
		[
			"sip:alice@atlanta.com?subject=project%20x&priority=urgent",
			"sip:alice@atlanta.com?priority=urgent&subject=project%20x",
		],
	];
	for (const [a, b] of same)
		it(`${a} equals ${b}`, () => {
			equal(equalUri(parseUriText(host(), a), parseUriText(host(), b)), true);
			equal(equalUri(parseUriText(host(), b), parseUriText(host(), a)), true);
		});
	const different: readonly (readonly [string, string])[] = [
		["sip:ALICE@AtLanTa.CoM", "sip:alice@AtLanTa.CoM"],
		["sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"],
		["sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"],
		["sip:bob@biloxi.com", "sips:bob@biloxi.com"],
		["sip:bob@biloxi.com", "sip:biloxi.com"],
		["sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"],
		["sip:a%3Bb@x", "sip:a;b@x"],
		["sip:bob@x;a=1", "sip:bob@x;a=2"],
	];
	for (const [a, b] of different)
		it(`${a} differs from ${b}`, () => {
			equal(equalUri(parseUriText(host(), a), parseUriText(host(), b)), false);
			equal(equalUri(parseUriText(host(), b), parseUriText(host(), a)), false);
		});

	it("knows an address from a name", () => {
		for (const text of ["192.0.2.1", "::1", "2001:db8::192.0.2.1"])
			equal(isNumeric(text), true, text);
		for (const text of [
			"",
			"a.b.c.d",
			"1.2.3",
			"1.2.3.4.5",
			"256.1.1.1",
			"1.2.3.4x",
		])
			equal(isNumeric(text), false, text);
	});
});
