import type { TelephoneAccount } from "../../src/phone/telephone.js";
import { ascii, deepEqual, describe, equal, it, ok } from "../portable.js";
import {
	Bench,
	inside,
	listOf,
	message,
	OFFER,
	STRANGER,
	text,
} from "./bench.js";

describe("a call that comes in", () => {
	it("rings, is answered by hand, and is up with the ACK", () => {
		const bench = new Bench();
		const transaction = bench.request(text());
		deepEqual(bench.statuses(transaction), [180]);
		deepEqual(bench.event("call-incoming"), { from: "sip:bob@example.com" });
		bench.telephone.answer();
		bench.drain();
		deepEqual(bench.statuses(transaction), [180, 200]);
		const [ringing, answered] = bench.responses(transaction);
		equal(answered?.toTag, ringing?.toTag);
		equal(answered?.contact, "<sip:alice@192.0.2.9:5060;transport=udp>");
		ok(
			answered?.body &&
				ascii(answered.body).includes("m=audio 10000 RTP/AVP 8\r\n"),
		);
		deepEqual(bench.events(), ["call-incoming"]);
		bench.telephone.acknowledged(transaction, message(inside(bench, "ACK", 1)));
		bench.drain();
		deepEqual(bench.event("call-up"), { with: "sip:bob@example.com" });
		const bye = bench.request(inside(bench, "BYE", 2));
		deepEqual(bench.statuses(bye), [200]);
		deepEqual(bench.event("call-ended"), {
			with: "sip:bob@example.com",
			reason: "peer-hung-up",
		});
		equal(bench.telephone.busy, false);
	});

	it("is answered by itself at once, or after the delay of the settings", () => {
		const at = new Bench({ call: { autoAnswer: "always" } });
		deepEqual(at.statuses(at.request(text())), [180, 200]);
		const later = new Bench({
			call: { autoAnswer: "always", autoAnswerDelay: 700 },
		});
		const transaction = later.request(text());
		later.advance(699);
		deepEqual(later.statuses(transaction), [180]);
		later.advance(1);
		deepEqual(later.statuses(transaction), [180, 200]);
	});

	it("is answered when the caller asks for it only where the settings say so", () => {
		const headers = "Answer-Mode: Auto\r\n";
		const asked = new Bench({ call: { autoAnswer: "asked" } });
		deepEqual(asked.statuses(asked.request(text({ headers }))), [180, 200]);
		equal(asked.statuses(asked.request(text({ callId: "c2" }))).join(), "180");
		const never = new Bench();
		deepEqual(never.statuses(never.request(text({ headers }))), [180]);
	});

	it("is not answered by itself when the list wants a person to confirm", () => {
		const bench = new Bench({
			call: { autoAnswer: "always" },
			account: { list: () => listOf("bob@example.com", "confirm") },
		});
		deepEqual(bench.statuses(bench.request(text())), [180]);
	});

	it("is given up after the ring time, or forwarded before", () => {
		const bench = new Bench({ call: { ringTime: 30 } });
		const transaction = bench.request(text());
		bench.advance(30_000);
		deepEqual(bench.statuses(transaction), [180, 480]);
		const forward = new Bench({
			call: { forwardNoAnswer: "sip:bob@example.com", noAnswerTime: 10 },
		});
		const other = forward.request(text());
		forward.advance(10_000);
		const last = forward.responses(other).at(-1);
		equal(last?.status, 302);
		equal(last?.contact, "<sip:bob@example.com>");
	});

	it("is cancelled with 487", () => {
		const bench = new Bench();
		const transaction = bench.request(text());
		bench.telephone.cancelled(transaction);
		bench.drain();
		deepEqual(bench.statuses(transaction), [180, 487]);
		equal(bench.event("call-ended")?.reason, "cancelled");
		bench.telephone.answer();
		bench.drain();
		deepEqual(bench.statuses(transaction), [180, 487]);
	});

	it("that the caller leaves before the answer ends with 487", () => {
		const bench = new Bench();
		const transaction = bench.request(text());
		const bye = bench.request(inside(bench, "BYE", 2));
		deepEqual(bench.statuses(bye), [200]);
		deepEqual(bench.statuses(transaction), [180, 487]);
	});

	it("is ended with BYE when nobody acknowledges the answer", () => {
		const bench = new Bench({ call: { autoAnswer: "always" } });
		const transaction = bench.request(text());
		bench.telephone.unacknowledged(transaction);
		bench.drain();
		deepEqual(
			bench.sent().map((request) => request.method),
			["BYE"],
		);
		equal(bench.event("call-ended")?.reason, "not-acknowledged");
	});

	it("is declined, and hung up, by the hangup command", () => {
		const bench = new Bench();
		const transaction = bench.request(text());
		bench.telephone.hangUp();
		bench.drain();
		deepEqual(bench.statuses(transaction), [180, 486]);
		const up = new Bench({ call: { autoAnswer: "always" } });
		up.request(text());
		up.telephone.hangUp();
		up.drain();
		equal(up.sent()[0]?.method, "BYE");
		equal(up.sent()[0]?.uri, "sip:bob@192.0.2.4");
	});

	it("is held and resumed by a new offer, and its port stays", () => {
		const bench = new Bench({ call: { autoAnswer: "always" } });
		const first = bench.request(text());
		bench.telephone.acknowledged(first, message(inside(bench, "ACK", 1)));
		const hold = bench.request(
			inside(bench, "INVITE", 2, `${OFFER}a=sendonly\r\n`),
		);
		const body = bench.responses(hold)[0]?.body;
		ok(body && ascii(body).includes("a=recvonly"));
		ok(body && ascii(body).includes("m=audio 10000 "));
		// The version in o= counts up (RFC 3264 §8).
		ok(body && ascii(body).includes("o=- 1 2 IN"));
		const bad = bench.request(inside(bench, "INVITE", 3, "v=0\r\nt=0 0\r\n"));
		deepEqual(bench.statuses(bad), [488]);
		equal(bench.telephone.busy, true);
	});

	it("whose second INVITE comes before the first is acknowledged is asked to wait", () => {
		const bench = new Bench({ call: { autoAnswer: "always" } });
		bench.request(text());
		deepEqual(
			bench.statuses(bench.request(inside(bench, "INVITE", 2, OFFER))),
			[500],
		);
	});

	it("without an offer gets ours, and the ACK must answer it", () => {
		const bench = new Bench({ call: { autoAnswer: "always" } });
		const transaction = bench.request(text({ body: "" }));
		const offered = bench.responses(transaction).at(-1)?.body;
		ok(offered && ascii(offered).includes("m=audio 10000 RTP/AVP 8 0 101"));
		bench.telephone.acknowledged(
			transaction,
			message(inside(bench, "ACK", 1, OFFER)),
		);
		bench.drain();
		ok(bench.event("call-up"));
		const none = new Bench({ call: { autoAnswer: "always" } });
		const other = none.request(text({ body: "" }));
		none.telephone.acknowledged(other, message(inside(none, "ACK", 1)));
		none.drain();
		equal(none.sent()[0]?.method, "BYE");
	});
});

describe("a request that is turned away", () => {
	it("by the access list gets 403, by the asserted identity", () => {
		const headers = "P-Asserted-Identity: <sip:mallory@example.net>\r\n";
		const bench = new Bench();
		equal(bench.refused(text({ headers })), 403);
		deepEqual(bench.event("call-refused"), {
			from: "sip:mallory@example.net",
			status: 403,
			right: "block",
		});
		deepEqual(bench.events(), ["call-refused"]);
	});

	it("by the list may be known by From alone: From tightens", () => {
		const from = "<sip:mallory@example.net>;tag=1";
		equal(new Bench().refused(text({ from })), 403);
		equal(new Bench().refused(text({ from, headers: "" })), 403);
	});

	it("is not let in by From alone", () => {
		const account: Partial<TelephoneAccount> = {
			before: { presence: "block", contact: "block" },
			list: () => listOf("bob@example.com", "allow"),
		};
		equal(new Bench({ account }).refused(text({ headers: "" })), 403);
		const trusting = new Bench({ account, settings: { trustFrom: true } });
		deepEqual(
			trusting.statuses(trusting.request(text({ headers: "" }))),
			[180],
		);
		const asserted = new Bench({ account });
		deepEqual(asserted.statuses(asserted.request(text())), [180]);
	});

	it("comes from nobody that the settings name: 403, unless direct calls are allowed, and then it asserts nothing", () => {
		const bench = new Bench();
		equal(bench.refused(text(), STRANGER), 403);
		equal(bench.refused(text({ method: "OPTIONS", body: "" }), STRANGER), 403);
		const account: Partial<TelephoneAccount> = {
			before: { presence: "block", contact: "block" },
			list: () => listOf("bob@example.com", "allow"),
		};
		const settings = { directCalls: true };
		equal(new Bench({ account, settings }).refused(text(), STRANGER), 403);
		const open = new Bench({ settings });
		deepEqual(open.statuses(open.request(text(), STRANGER)), [180]);
	});

	it("by a list that diverts goes to voicemail, or gets 480", () => {
		const list = () => listOf("bob@example.com", "divert");
		equal(new Bench({ account: { list } }).refused(text()), 480);
		const bench = new Bench({
			account: { list, voicemail: "sip:vm@example.com" },
		});
		const [response] = bench.responses(bench.request(text()));
		equal(response?.status, 302);
		equal(response?.contact, "<sip:vm@example.com>");
		equal(bench.event("call-refused")?.right, "divert");
	});

	it("is never one that calls back after an emergency call", () => {
		const headers = "P-Asserted-Identity: <sip:mallory@example.net>\r\n";
		const bench = new Bench();
		bench.telephone.call(bench.now, "sip:112@example.com");
		const before = bench.request(text({ headers, callId: "back" }));
		deepEqual(bench.statuses(before), [180]);
		const late = new Bench();
		late.telephone.call(late.now, "sip:112@example.com");
		late.advance(1_800_000);
		equal(late.refused(text({ headers })), 403);
		const marked = new Bench();
		const priority = `${headers}Priority: psap-callback\r\n`;
		deepEqual(
			marked.statuses(marked.request(text({ headers: priority }))),
			[180],
		);
	});

	it("finds us busy, or not to be disturbed", () => {
		equal(new Bench({ call: { doNotDisturb: true } }).refused(text()), 486);
		const bench = new Bench({ call: { waiting: false } });
		bench.request(text());
		equal(bench.refused(text({ callId: "c2" })), 486);
		const two = new Bench();
		two.request(text());
		two.request(text({ callId: "c2" }));
		equal(two.refused(text({ callId: "c3" })), 486);
	});

	it("finds no free port for its media", () => {
		const bench = new Bench({
			account: { mostCalls: 9 },
			settings: { ports: { first: 10_000, last: 10_001 } },
		});
		bench.request(text());
		equal(bench.refused(text({ callId: "c2" })), 486);
		bench.request(inside(bench, "BYE", 2));
		equal(bench.statuses(bench.request(text({ callId: "c3" }))).join(), "180");
	});

	it("is for nobody here, has another scheme, wants an extension, or is no call that we can have", () => {
		const bench = new Bench();
		const uri = "sip:carol@192.0.2.9";
		const to = "<sip:carol@example.com>";
		equal(bench.refused(text({ uri, to })), 404);
		equal(bench.refused(text({ uri: "tel:+15551234" })), 416);
		equal(bench.refused(text({ headers: "Require: 100rel\r\n" })), 420);
		const last = bench.responses(3)[0];
		deepEqual(last?.headers, [["Unsupported", "100rel"]]);
		equal(bench.refused(text({ contact: "" })), 400);
		const noAudio = OFFER.replace("audio", "video");
		equal(bench.refused(text({ body: noAudio })), 488);
		equal(bench.refused(text({ body: "nonsense" })), 400);
		equal(new Bench({ account: { audio: false } }).refused(text()), 488);
	});

	it("has a method that we do not speak: 405, or 501, with Allow", () => {
		const bench = new Bench();
		equal(bench.refused(text({ method: "SUBSCRIBE", body: "" })), 405);
		equal(bench.refused(text({ method: "FROBNICATE", body: "" })), 501);
		ok(bench.responses(2)[0]?.headers?.[0]?.[1].includes("INVITE"));
		equal(bench.refused(text({ method: "BYE", body: "" })), 481);
		const to = "<sip:alice@example.com>;tag=unknown";
		equal(bench.refused(text({ to })), 481);
	});

	it("is not OPTIONS: that tells what we can do", () => {
		const bench = new Bench();
		const [response] = bench.responses(
			bench.request(text({ method: "OPTIONS", body: "", contact: "" })),
		);
		equal(response?.status, 200);
		deepEqual(response?.headers?.[1], ["Accept", "application/sdp"]);
	});

	it("has a body that is not SDP: 415 with Accept", () => {
		const bench = new Bench();
		const odd = text().replace("application/sdp", "text/plain");
		equal(bench.refused(odd), 415);
		deepEqual(bench.responses(1)[0]?.headers, [["Accept", "application/sdp"]]);
	});
});

describe("whom a call is for", () => {
	it("is told by our line, the AoR in the Request-URI or To, or the user at our address", () => {
		for (const [uri, to] of [
			["sip:x@192.0.2.9;line=k7", "<sip:y@example.com>"],
			["sip:alice@example.com", "<sip:y@example.com>"],
			["sip:x@192.0.2.9", "<sip:alice@example.com>"],
			["sip:alice@192.0.2.9:5060", "<sip:y@example.com>"],
		] as const) {
			const bench = new Bench();
			deepEqual(bench.statuses(bench.request(text({ uri, to }))), [180], uri);
		}
	});
});
