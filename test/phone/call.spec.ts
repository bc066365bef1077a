import type { OutgoingRequest } from "../../src/sip/writer.js";
import { ascii, deepEqual, describe, equal, it, ok } from "../portable.js";
import { Bench, message, OFFER, SOURCE } from "./bench.js";

describe("a call that we make", () => {
	function dial(bench: Bench): OutgoingRequest {
		bench.telephone.call(bench.now, "sip:bob@example.com");
		bench.drain();
		const request = bench.sent().at(-1);
		ok(request);
		return request;
	}
	function answer(
		bench: Bench,
		request: OutgoingRequest,
		status: number,
		body = "",
	): void {
		const type = body === "" ? "" : "Content-Type: application/sdp\r\n";
		const response = message(
			`SIP/2.0 ${status} Something\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1\r\nFrom: ${request.from}\r\nTo: ${request.to};tag=p\r\nCall-ID: ${request.callId}\r\nCSeq: ${request.cseq} ${request.method}\r\nContact: <sip:bob@192.0.2.4:5070>\r\n${type}Content-Length: ${body.length}\r\n\r\n${body}`,
		);
		bench.telephone.response(1000, 7, 70, response, SOURCE, [
			["Authorization", "Digest x"],
		]);
		bench.drain();
	}

	it("offers the settings' codecs, is acknowledged, and hung up", () => {
		const bench = new Bench();
		const invite = dial(bench);
		equal(invite.uri, "sip:bob@example.com");
		equal(invite.nextHop, "sip:reg.example.com");
		equal(invite.contact, "<sip:alice@192.0.2.9:5060;transport=tcp>");
		ok(invite.body && ascii(invite.body).includes("RTP/AVP 8 0 101"));
		answer(bench, invite, 180);
		answer(bench, invite, 200, OFFER);
		const acknowledged = bench.outputs.find(
			(output) => output.kind === "acknowledge",
		);
		ok(acknowledged?.kind === "acknowledge");
		equal(acknowledged.request.method, "ACK");
		equal(acknowledged.transaction, 70);
		deepEqual(acknowledged.request.headers, [["Authorization", "Digest x"]]);
		deepEqual(acknowledged.target, {
			transport: "udp",
			address: { host: "192.0.2.4", port: 5070 },
		});
		deepEqual(bench.events(), ["call-up"]);
		bench.telephone.hangUp();
		bench.drain();
		equal(bench.sent().at(-1)?.method, "BYE");
		equal(bench.telephone.busy, false);
	});

	it("is refused, or gets no answer", () => {
		const bench = new Bench();
		answer(bench, dial(bench), 486);
		equal(bench.event("call-ended")?.reason, "486 Something");
		bench.telephone.call(0, "sip:bob@example.com");
		bench.telephone.failure(1001, "timeout");
		bench.drain();
		equal(bench.telephone.busy, false);
		// The port went back: there are two only.
		ok(dial(bench).body);
		ok(dial(bench).body);
	});

	it("is cancelled only once there was a provisional response", () => {
		const bench = new Bench();
		const invite = dial(bench);
		bench.telephone.hangUp();
		equal(bench.drain().length, 0);
		answer(bench, invite, 180);
		deepEqual(bench.outputs.at(-1), { kind: "cancel", id: 7 });
		answer(bench, invite, 487);
		equal(bench.event("call-ended")?.reason, "cancelled");
	});

	it("that is answered while it was being cancelled is acknowledged and ended", () => {
		const bench = new Bench();
		const invite = dial(bench);
		answer(bench, invite, 180);
		bench.telephone.hangUp();
		bench.drain();
		answer(bench, invite, 200, OFFER);
		ok(bench.outputs.some((output) => output.kind === "acknowledge"));
		equal(bench.sent().at(-1)?.method, "BYE");
		equal(bench.events().includes("call-up"), false);
	});

	it("without audio in common is ended", () => {
		const bench = new Bench();
		answer(bench, dial(bench), 200, OFFER.replace("AVP 8", "AVP 18"));
		equal(bench.sent().at(-1)?.method, "BYE");
		equal(bench.event("call-ended")?.reason, "no-media");
	});

	it("needs an account and a free line", () => {
		const bench = new Bench();
		bench.telephone.configure({
			accounts: [],
			codecs: [],
			ptime: 20,
			ports: { first: 1, last: 2 },
			events: true,
			directCalls: false,
			trustFrom: false,
		});
		bench.telephone.call(0, "sip:bob@example.com");
		bench.drain();
		deepEqual(bench.events(), ["call-failed"]);
	});
});
