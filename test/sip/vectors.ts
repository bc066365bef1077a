/** Messages that several specs use. */
import type { OutgoingRequest } from "../../src/sip/writer.js";

/** Lines joined with CRLF, an empty line, the body. */
export function sip(lines: readonly string[], body = ""): string {
	return `${lines.join("\r\n")}\r\n\r\n${body}`;
}

export const register = sip([
	"REGISTER sip:example.com SIP/2.0",
	"Via: SIP/2.0/UDP 192.0.2.7:5060;rport;branch=z9hG4bK776asdhds",
	"Max-Forwards: 70",
	"To: <sip:alice@example.com>",
	"From: <sip:alice@example.com>;tag=456248",
	"Call-ID: 843817637684230@998sdasdh09",
	"CSeq: 1826 REGISTER",
	"Contact: <sip:alice@192.0.2.7:5060>;expires=600",
	"Content-Length: 0",
]);

export const profileBody = `<profile xmlns="urn:hookswitch:profile:1" type="device" for="urn:uuid:1" version="42">${'<server role="registrar" uri="sip:example.com;transport=tcp" priority="1"/>'.repeat(
	6,
)}</profile>`;

export const notify = sip(
	[
		"NOTIFY sip:phone@192.0.2.7:5060 SIP/2.0",
		"Via: SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bK1234567890abcdef",
		"Max-Forwards: 70",
		"From: <sip:_sipuaconfig.example.com>;tag=0011223344556677",
		'To: "Desk \\"7\\"" <sip:urn%3auuid%3a1@example.com>;tag=8899aabb',
		"Call-ID: 0123456789abcdef0123456789abcdef",
		"CSeq: 17 NOTIFY",
		"Contact: <sip:192.0.2.1:5060;transport=tcp>",
		'Event: ua-profile;profile-type=device;vendor="Example Phones";model="X 1"',
		"Subscription-State: active;expires=3599",
		"SIP-ETag: abc",
		"Record-Route: <sip:192.0.2.8;lr>, <sip:192.0.2.9;lr>",
		"User-Agent: hookswitch/0.1",
		"Content-Type: application/vnd.hookswitch.profile+xml;charset=utf-8",
		`Content-Length: ${profileBody.length}`,
	],
	profileBody,
);

export const ok = sip([
	"SIP/2.0 200 OK",
	"Via: SIP/2.0/TCP 192.0.2.7;branch=z9hG4bKnashds8;received=192.0.2.3;rport=5062",
	"To: Bob <sip:bob@example.com>;tag=2493k59kd",
	"From: sip:alice@example.com;tag=456248",
	"Call-ID: 843817637684230@998sdasdh09",
	"CSeq: 1826 INVITE",
	"Contact: <sip:bob@192.0.2.4>",
	"Content-Length: 0",
]);

/** Hosts of the virtual network. */
export const one = "192.0.2.1";
export const two = "192.0.2.2";

/** A request of `one` to `two`. */
export function outgoing(
	method: string,
	change: Partial<OutgoingRequest> = {},
): OutgoingRequest {
	return {
		method,
		uri: `sip:two@${two}`,
		route: [],
		from: `"One" <sip:one@${one}>;tag=one`,
		to: `<sip:two@${two}>`,
		callId: "call",
		cseq: 1,
		headers: [],
		...change,
	};
}
