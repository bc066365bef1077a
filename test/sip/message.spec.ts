import { Header } from "../../src/sip/header.js";
import { parseMessage } from "../../src/sip/message.js";
import { parameter } from "../../src/sip/uri.js";
import {
	deepEqual,
	describe,
	equal,
	host,
	it,
	throws,
	utf8,
} from "../portable.js";
import { notify, ok, profileBody, register, sip } from "./vectors.js";

const parse = (text: string) => parseMessage(host(), utf8(text));

describe("sip/message", () => {
	it("reads a NOTIFY with all that the stack needs", () => {
		const message = parse(notify);
		equal(message.isRequest, true);
		equal(message.method, "NOTIFY");
		equal(message.status, 0);
		equal(message.uriText, "sip:phone@192.0.2.7:5060");
		equal(message.uri.port, 5060);
		equal(message.via.branch, "z9hG4bK1234567890abcdef");
		equal(message.via.host, "192.0.2.1");
		equal(message.from.tag, "0011223344556677");
		equal(message.to.display, 'Desk "7"');
		equal(message.to.uri.user, "urn:uuid:1");
		equal(message.to.uriText, "sip:urn%3auuid%3a1@example.com");
		equal(message.callId, "0123456789abcdef0123456789abcdef");
		deepEqual(message.cseq, { number: 17, method: "NOTIFY" });
		equal(message.contacts[0]?.uriText, "sip:192.0.2.1:5060;transport=tcp");
		equal(message.event?.package, "ua-profile");
		equal(parameter(message.event?.parameters ?? [], "model"), "X 1");
		deepEqual(message.subscriptionState, {
			state: "active",
			expires: 3599,
			reason: undefined,
			retryAfter: undefined,
		});
		equal(message.contentType?.type, "application/vnd.hookswitch.profile+xml");
		deepEqual(
			message.recordRoutes.map(({ uriText }) => uriText),
			["sip:192.0.2.8;lr", "sip:192.0.2.9;lr"],
		);
		equal(message.header(Header.SipEtag), "abc");
		equal(message.has(Header.Require), false);
		equal(message.maxForwards, 70);
		equal(message.expires, undefined);
		deepEqual(message.body, utf8(profileBody));
	});

	it("reads a response, with From in the form without brackets", () => {
		const message = parse(ok);
		equal(message.isRequest, false);
		equal(message.status, 200);
		equal(message.reason, "OK");
		equal(message.method, "INVITE");
		equal(message.to.display, "Bob");
		equal(message.from.uriText, "sip:alice@example.com");
		equal(message.from.tag, "456248");
		equal(message.via.port, undefined);
		equal(message.hasOneVia, true);
	});

	it("reads compact forms, folding and comma lists", () => {
		const message = parse(
			sip([
				"OPTIONS sip:x SIP/2.0",
				"v: SIP/2.0/UDP a;branch=z9hG4bK1 , SIP / 2.0 / TCP [::1] : 5070;branch=z9hG4bK2",
				"f:\r\n <sip:a@x>;\r\n\ttag = 1",
				"t : sip:b@x",
				"i: c",
				"CSEQ: 0007\r\n  OPTIONS",
				"k: path, gruu ,outbound",
				"Allow: INVITE",
				"ALLOW: ACK,BYE",
				"x-odd: ;;,,;",
				"l: 0",
			]),
		);
		equal(message.via.host, "a");
		equal(message.hasOneVia, false);
		equal(message.from.tag, "1");
		equal(message.cseq.number, 7);
		deepEqual(message.list(Header.Supported), ["path", "gruu", "outbound"]);
		deepEqual(message.list(Header.Allow), ["INVITE", "ACK", "BYE"]);
		deepEqual(message.headers(Header.Allow), ["INVITE", "ACK,BYE"]);
		equal(message.headerNamed("x-odd"), ";;,,;");
		equal(message.headerNamed("x-even"), undefined);
	});

	it("ignores line breaks before and octets after a datagram's message", () => {
		const message = parse(`\r\n\r\n${register}INVITE trailing`);
		equal(message.method, "REGISTER");
		equal(message.body.length, 0);
		deepEqual(message.bytes, utf8(register));
	});

	it("takes all that follows for the body when there is no Content-Length", () => {
		const text = register.replace("Content-Length: 0\r\n", "");
		deepEqual(parse(`${text}body`).body, utf8("body"));
	});

	it("leaves the bytes that it was given as they were", () => {
		const bytes = utf8(register.replace("To: ", "To:\r\n "));
		const before = bytes.slice();
		equal(parseMessage(host(), bytes).to.uri.user, "alice");
		deepEqual(bytes, before);
	});

	it("reads within a larger buffer", () => {
		const text = utf8(register);
		const bytes = new Uint8Array(text.length + 20).fill(0x0d);
		bytes.set(text, 10);
		equal(
			parseMessage(host(), bytes, 10, 10 + text.length).callId,
			"843817637684230@998sdasdh09",
		);
	});

	it("reads challenges", () => {
		const message = parse(
			sip([
				"SIP/2.0 401 Unauthorized",
				"Via: SIP/2.0/UDP x;branch=z9hG4bK1",
				"From: <sip:a@x>;tag=1",
				"To: <sip:a@x>;tag=2",
				"Call-ID: c",
				"CSeq: 1 REGISTER",
				'WWW-Authenticate: Digest realm="a, \\"b\\"", nonce="n",algorithm=SHA-256 ,qop="auth,auth-int"',
				"WWW-Authenticate: Other dG9rZW42OA==",
				"Content-Length: 0",
			]),
		);
		const challenges = message.challenges(Header.WwwAuthenticate);
		equal(challenges.length, 2);
		const parameters = challenges[0]?.parameters ?? [];
		equal(parameter(parameters, "realm"), 'a, "b"');
		equal(parameter(parameters, "qop"), "auth,auth-int");
		equal(challenges[1]?.scheme, "other");
	});

	it("writes received and rport into the first Via alone", () => {
		const message = parse(
			sip([
				"OPTIONS sip:x SIP/2.0",
				"Via: SIP/2.0/UDP a:5062 ; rport ;branch=z9hG4bK1, SIP/2.0/UDP b;rport",
				"Via: SIP/2.0/UDP c",
				"From: <sip:a@x>;tag=1",
				"To: <sip:a@x>",
				"Call-ID: c",
				"CSeq: 1 OPTIONS",
			]),
		);
		equal(
			message.viaFrom("192.0.2.1", 9999),
			"SIP/2.0/UDP a:5062 ; rport=9999 ;branch=z9hG4bK1;received=192.0.2.1, SIP/2.0/UDP b;rport",
		);
	});

	/** [what is wrong, replaced in REGISTER, by, code] */
	const faults: readonly (readonly [string, string, string, string])[] = [
		["no SIP at all", register, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "not-sip"],
		["an empty message", register, "", "not-sip"],
		["another version", "SIP/2.0\r\nVia", "SIP/7.0\r\nVia", "sip-version"],
		[
			"two spaces in the request line",
			"REGISTER sip",
			"REGISTER  sip",
			"start-line",
		],
		[
			"a space at the end of the request line",
			"SIP/2.0\r\nV",
			"SIP/2.0 \r\nV",
			"start-line",
		],
		[
			"a space in the Request-URI",
			"sip:example.com SIP",
			"sip:example.com; lr SIP",
			"start-line",
		],
		[
			"brackets around the Request-URI",
			"sip:example.com SIP",
			"<sip:example.com> SIP",
			"uri",
		],
		[
			"headers in the Request-URI",
			"sip:example.com SIP",
			"sip:example.com?a=b SIP",
			"uri",
		],
		[
			"a header line without a colon",
			"Max-Forwards: 70",
			"Max-Forwards 70",
			"header-line",
		],
		["a header line without a name", "Max-Forwards: 70", ": 70", "header-line"],
		["a lone LF", "Max-Forwards: 70\r\n", "Max-Forwards: 70\n", "line-end"],
		["a lone CR", "Max-Forwards: 70\r\n", "Max-Forwards: 7\r0\r\n", "line-end"],
		["a NUL", "Call-ID: 8", "Call-ID: \x008", "control-character"],
		["no end of the header", "0\r\n\r\n", "0\r\n", "truncated"],
		[
			"a Content-Length that is too large",
			"Length: 0",
			"Length: 1",
			"truncated",
		],
		["a negative Content-Length", "Length: 0", "Length: -1", "header-value"],
		[
			"Content-Length twice",
			"Content-Length: 0",
			"Content-Length: 0\r\nl: 0",
			"header-repeated",
		],
		["To twice", "To:", "t: <sip:a@x>\r\nTo:", "header-repeated"],
		["no To", "To: <sip:alice@example.com>\r\n", "", "header-missing"],
		["no CSeq", "CSeq: 1826 REGISTER\r\n", "", "header-missing"],
		["another method in CSeq", "1826 REGISTER", "1826 INVITE", "cseq-method"],
		["a CSeq of 2^31", "1826 ", "2147483648 ", "header-value"],
		["a CSeq without a method", "1826 REGISTER", "1826", "header-value"],
		["Max-Forwards of 256", "Forwards: 70", "Forwards: 256", "header-value"],
		["separators too many in Via", ";rport;", ";;rport;", "header-value"],
		["Via without sent-by", "UDP 192.0.2.7:5060", "UDP ", "header-value"],
		["an open quote in From", "From: <", 'From: "x <', "header-value"],
		[
			"an open bracket in From",
			"From: <sip:alice@example.com>",
			"From: <sip:alice@example.com",
			"header-value",
		],
		["spaces within brackets", "From: <sip", "From: < sip", "uri"],
		["no token in a display name", "From: <", "From: Bell, Alexander <", "uri"],
		[
			"URI headers without brackets",
			"Contact: <sip:alice@192.0.2.7:5060>",
			"Contact: sip:a@x?b=c",
			"header-value",
		],
		["two in From", "From: ", "From: <sip:a@x>, ", "header-value"],
		[
			"Expires that is no number",
			"Content-Length",
			"Expires: soon\r\nContent-Length",
			"header-value",
		],
		[
			"a date that is not in GMT",
			"Content-Length",
			"Date: Fri, 01 Jan 2010 16:00:00 EST\r\nContent-Length",
			"header-value",
		],
	];
	for (const [name, from, to, code] of faults)
		it(`refuses ${name}`, () => {
			const text = register.replace(from, () => to);
			equal(text === register, false, "the vector changes");
			throws(() => parse(text), code);
		});

	it("refuses a header that is not UTF-8", () => {
		const bytes = utf8(register.replace("Call-ID: 8", "Call-ID: X"));
		bytes[bytes.indexOf(0x58)] = 0xff;
		throws(() => parseMessage(host(), bytes), "not-utf8");
	});

	it("refuses a message beyond each limit", () => {
		const many = "X: 1\r\n".repeat(300);
		throws(
			() => parse(register.replace("To:", `${many}To:`)),
			"too-many-headers",
		);
		const long = "x".repeat(20000);
		throws(
			() => parse(register.replace("To:", `X: ${long}\r\nTo:`)),
			"header-too-long",
		);
		const large = new Uint8Array(70000).fill(0x20);
		large.set(utf8(register));
		throws(() => parseMessage(host(), large), "message-too-large");
	});

	it("is never surprised by where a message is cut", () => {
		const bytes = utf8(notify);
		for (let end = 0; end < bytes.length; end++) {
			let code = "";
			try {
				parseMessage(host(), bytes.slice(0, end));
			} catch (error) {
				code = (error as { code?: string }).code ?? String(error);
			}
			equal(
				["not-sip", "truncated", "line-end", "sip-version"].includes(code),
				true,
				`at ${end}: ${code}`,
			);
		}
	});
});
