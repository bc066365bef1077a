import { ladderEvent } from "../../src/report/ladder.js";
import { deepEqual, describe, equal, host, it, utf8 } from "../portable.js";

function event(text: string) {
	return ladderEvent(
		host(),
		{
			direction: "in",
			transport: "udp",
			line: "SIP/2.0 200 OK",
			bytes: utf8(text),
		},
		"192.0.2.1:5060",
	);
}

describe("the ladder", () => {
	it("tells who, which way, what, and what it carries", () => {
		const { code, data } = event(
			"SIP/2.0 200 OK\r\nContent-Type: application/sdp;x=y\r\n\r\nsecret",
		);
		equal(code, "message");
		deepEqual(data, {
			direction: "in",
			transport: "udp",
			peer: "192.0.2.1:5060",
			line: "SIP/2.0 200 OK",
			carries: "application/sdp",
			size: 59,
		});
	});

	it("knows the compact form, and says nothing of a message without a body", () => {
		equal(
			event("SIP/2.0 200 OK\r\nc:text/xml\r\n\r\n").data.carries,
			"text/xml",
		);
		equal(event("SIP/2.0 200 OK\r\n\r\n").data.carries, "");
	});

	it("is not fooled by a type without an end, or one that is not UTF-8", () => {
		equal(
			event(`SIP/2.0 200 OK\r\nContent-Type: ${"x".repeat(500)}`).data.carries,
			"x".repeat(80),
		);
		const bytes = utf8("SIP/2.0 200 OK\r\nContent-Type: ?\r\n\r\n");
		bytes[30] = 0xff;
		const { data } = ladderEvent(
			host(),
			{ direction: "out", transport: "tcp", line: "x", bytes },
			"[::1]:5060",
		);
		equal(data.carries, "");
	});
});
