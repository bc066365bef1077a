import { reasonPhrase, statusOf } from "../../src/sip/fault.js";
import { Header } from "../../src/sip/header.js";
import { parseMessage } from "../../src/sip/message.js";
import {
	nameAddress,
	type OutgoingRequest,
	quote,
	writeRequest,
	writeResponse,
} from "../../src/sip/writer.js";
import {
	ascii,
	deepEqual,
	describe,
	equal,
	host,
	it,
	throws,
	utf8,
} from "../portable.js";
import { notify, sip } from "./vectors.js";

const request: OutgoingRequest = {
	method: "SUBSCRIBE",
	uri: "sip:urn%3auuid%3a1@example.com",
	route: ["<sip:p1.example.com;lr>", "<sip:p2.example.com;lr>"],
	from: nameAddress('Büro "7"', "sip:a@example.com", "1"),
	to: "<sip:b@example.com>",
	callId: "c",
	cseq: 5,
	contact: "<sip:a@192.0.2.1>",
	headers: [
		["Event", "ua-profile"],
		["Expires", "60"],
	],
	contentType: "text/plain",
	body: utf8("hello"),
};
const via = "SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bK1";

describe("sip/writer", () => {
	it("writes a request that reads back", () => {
		const bytes = writeRequest(host(), request, via, "phone/1");
		equal(
			ascii(bytes),
			[
				"SUBSCRIBE sip:urn%3auuid%3a1@example.com SIP/2.0",
				`Via: ${via}`,
				"Route: <sip:p1.example.com;lr>",
				"Route: <sip:p2.example.com;lr>",
				"Max-Forwards: 70",
				'From: "Büro \\"7\\"" <sip:a@example.com>;tag=1',
				"To: <sip:b@example.com>",
				"Call-ID: c",
				"CSeq: 5 SUBSCRIBE",
				"Contact: <sip:a@192.0.2.1>",
				"Event: ua-profile",
				"Expires: 60",
				"User-Agent: phone/1",
				"Content-Type: text/plain",
				"Content-Length: 5",
				"",
				"hello",
			].join("\r\n"),
		);
		const message = parseMessage(host(), bytes);
		equal(message.from.display, 'Büro "7"');
		equal(message.routes.length, 2);
	});

	const breaks: readonly (readonly [string, Partial<OutgoingRequest>])[] = [
		["a line break in From", { from: "<sip:a@x>\r\nX: y" }],
		["a lone LF in a header", { headers: [["X", "a\nb"]] }],
		["a lone CR in a header", { headers: [["X", "a\rb"]] }],
		["a NUL in Call-ID", { callId: "a\0b" }],
		["a fold in a header", { headers: [["X", "a\r\n b"]] }],
		["the end of the header in a value", { contact: "<sip:a@x>\r\n\r\nbody" }],
		["a space in the Request-URI", { uri: "sip:a@x sip:b@x" }],
		["a space in the method", { method: "A B" }],
		["a line break in a header's name", { headers: [["X\r\nY", "z"]] }],
	];
	for (const [name, change] of breaks)
		it(`refuses ${name}`, () => {
			throws(
				() => writeRequest(host(), { ...request, ...change }, via, undefined),
				"header-value",
			);
		});

	it("writes a response with what the request holds", () => {
		const message = parseMessage(host(), utf8(notify));
		const bytes = writeResponse(
			host(),
			message,
			{ host: "198.51.100.1", port: 5099 },
			{ status: 200, contact: "<sip:x@y>", headers: [["Supported", "path"]] },
			"unused",
			"phone/1",
		);
		equal(
			ascii(bytes),
			sip([
				"SIP/2.0 200 OK",
				"Via: SIP/2.0/UDP 192.0.2.1:5060;rport=5099;branch=z9hG4bK1234567890abcdef;received=198.51.100.1",
				"Record-Route: <sip:192.0.2.8;lr>, <sip:192.0.2.9;lr>",
				"From: <sip:_sipuaconfig.example.com>;tag=0011223344556677",
				'To: "Desk \\"7\\"" <sip:urn%3auuid%3a1@example.com>;tag=8899aabb',
				"Call-ID: 0123456789abcdef0123456789abcdef",
				"CSeq: 17 NOTIFY",
				"Contact: <sip:x@y>",
				"Supported: path",
				"Server: phone/1",
				"Content-Length: 0",
			]),
		);
	});

	it("puts a tag on To but in 100, where it copies Timestamp", () => {
		const message = parseMessage(
			host(),
			utf8(
				notify
					.replace(";tag=8899aabb", "")
					.replace("Contact:", "Timestamp: 54\r\nContact:"),
			),
		);
		const write = (status: number) =>
			parseMessage(
				host(),
				writeResponse(
					host(),
					message,
					{ host: "192.0.2.1", port: 5060 },
					{ status },
					status === 100 ? undefined : "mine",
					undefined,
				),
			);
		equal(write(180).to.tag, "mine");
		equal(write(180).header(Header.Timestamp), undefined);
		equal(write(100).to.tag, undefined);
		equal(write(100).header(Header.Timestamp), "54");
		deepEqual(write(404).headers(Header.RecordRoute), []);
	});

	it("quotes", () => {
		equal(quote('a "b" \\c'), '"a \\"b\\" \\\\c"');
		equal(nameAddress(undefined, "sip:x"), "<sip:x>");
		equal(nameAddress("", "sip:x", "1"), "<sip:x>;tag=1");
	});

	it("has a phrase for statuses, and a status for faults", () => {
		equal(reasonPhrase(489), "Bad Event");
		equal(reasonPhrase(299), "Unspecified");
		equal(statusOf("not-sip"), 0);
		equal(statusOf("sip-version"), 505);
		equal(statusOf("message-too-large"), 513);
		equal(statusOf("uri"), 400);
	});
});
