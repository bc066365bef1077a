import { Dialog, newCallId, newTag } from "../../src/sip/dialog.js";
import { parseMessage } from "../../src/sip/message.js";
import type { OutgoingRequest } from "../../src/sip/writer.js";
import { deepEqual, describe, equal, host, it, utf8 } from "../portable.js";
import { sip } from "./vectors.js";

const parse = (text: string) => parseMessage(host(), utf8(text));

const invite = (change: (line: string) => string = (line) => line) =>
	parse(
		sip(
			[
				"INVITE sip:b@192.0.2.2 SIP/2.0",
				"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1",
				"Record-Route: <sip:p2.example.com;lr>, <sip:p1.example.com;lr>",
				'From: "A" <sip:a@example.com>;tag=peer',
				"To: sip:b@example.com",
				"Call-ID: c",
				"CSeq: 7 INVITE",
				"Contact: <sip:a@192.0.2.1:5070>",
				"Content-Length: 0",
			].map(change),
		),
	);

const outgoing: OutgoingRequest = {
	method: "SUBSCRIBE",
	uri: "sip:b@example.com",
	route: [],
	from: "<sip:a@example.com>;tag=mine",
	to: "<sip:b@example.com>",
	callId: "c",
	cseq: 3,
	headers: [],
};

const response = (more: readonly string[] = []) =>
	parse(
		sip([
			"SIP/2.0 200 OK",
			"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1",
			...more,
			"From: <sip:a@example.com>;tag=mine",
			"To: <sip:b@example.com>;tag=theirs",
			"Call-ID: c",
			"CSeq: 3 SUBSCRIBE",
			"Content-Length: 0",
		]),
	);

describe("sip/dialog", () => {
	it("as UAS: peer's Contact, routes in order, identities turned round", () => {
		const dialog = Dialog.fromRequest(invite(), "own");
		const bye = dialog.request("BYE");
		equal(bye.uri, "sip:a@192.0.2.1:5070");
		deepEqual(bye.route, [
			"<sip:p2.example.com;lr>",
			"<sip:p1.example.com;lr>",
		]);
		equal(bye.from, "<sip:b@example.com>;tag=own");
		equal(bye.to, '"A" <sip:a@example.com>;tag=peer');
		equal(bye.callId, "c");
		equal(bye.cseq, 1);
		equal(dialog.request("INFO").cseq, 2);
	});

	it("as UAC: routes reversed, CSeq goes on", () => {
		const dialog = Dialog.fromPeer(
			outgoing,
			response([
				"Record-Route: <sip:p2.example.com;lr>",
				"Record-Route: <sip:p1.example.com;lr>",
				"Contact: <sip:b@192.0.2.9>",
			]),
		);
		const refresh = dialog.request("SUBSCRIBE");
		equal(refresh.uri, "sip:b@192.0.2.9");
		deepEqual(refresh.route, [
			"<sip:p1.example.com;lr>",
			"<sip:p2.example.com;lr>",
		]);
		equal(refresh.to, "<sip:b@example.com>;tag=theirs");
		equal(refresh.cseq, 4);
		equal(dialog.acknowledgement(3).cseq, 3);
		equal(dialog.acknowledgement(3).method, "ACK");
		dialog.used(9);
		equal(dialog.request("SUBSCRIBE").cseq, 10);
	});

	it("from a NOTIFY that came before the response", () => {
		const message = parse(
			sip([
				"NOTIFY sip:a@192.0.2.1 SIP/2.0",
				"Via: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK1",
				"Record-Route: <sip:p.example.com;lr>",
				"From: <sip:b@example.com>;tag=theirs",
				"To: <sip:a@example.com>;tag=mine",
				"Call-ID: c",
				"CSeq: 20 NOTIFY",
				"Contact: <sip:b@192.0.2.9>",
			]),
		);
		const dialog = Dialog.fromPeer(outgoing, message);
		equal(dialog.matches(message), true);
		equal(dialog.receive(message), 0);
		equal(dialog.request("SUBSCRIBE").to, "<sip:b@example.com>;tag=theirs");
		// The response makes the same dialog.
		equal(dialog.matches(response()), true);
	});

	it("matches by Call-ID and both tags, in both directions", () => {
		const dialog = Dialog.fromRequest(invite(), "own");
		const inside = (from: string, to: string, call = "c") =>
			dialog.matches(
				invite((line) =>
					line
						.replace("tag=peer", `tag=${from}`)
						.replace("To: sip:b@example.com", `To: <sip:b@x>;tag=${to}`)
						.replace("Call-ID: c", `Call-ID: ${call}`),
				),
			);
		equal(inside("peer", "own"), true);
		equal(inside("peer", "other"), false);
		equal(inside("other", "own"), false);
		equal(inside("peer", "own", "d"), false);
		equal(dialog.matches(invite()), false);
	});

	it("refuses a CSeq that goes back, and takes the peer's new Contact", () => {
		const dialog = Dialog.fromRequest(invite(), "own");
		const later = (cseq: string) =>
			invite((line) =>
				line
					.replace("CSeq: 7", `CSeq: ${cseq}`)
					.replace("192.0.2.1:5070", `192.0.2.${cseq}`),
			);
		equal(dialog.receive(later("6")), 500);
		equal(dialog.remoteTarget, "sip:a@192.0.2.1:5070");
		equal(dialog.receive(later("9")), 0);
		equal(dialog.remoteTarget, "sip:a@192.0.2.9");
		equal(dialog.receive(later("8")), 500);
	});

	it("sends through a strict router as RFC 2543 wants it", () => {
		const dialog = Dialog.fromRequest(
			invite((line) => line.replace("p2.example.com;lr", "p2.example.com")),
			"own",
		);
		const bye = dialog.request("BYE");
		equal(bye.uri, "sip:p2.example.com");
		deepEqual(bye.route, ["<sip:p1.example.com;lr>", "<sip:a@192.0.2.1:5070>"]);
		equal(bye.nextHop, "sip:p2.example.com");
	});

	it("lives on in its exported state", () => {
		const dialog = Dialog.fromRequest(invite(), "own");
		dialog.request("NOTIFY");
		const again = new Dialog(dialog.export());
		deepEqual(again.request("NOTIFY"), dialog.request("NOTIFY"));
		deepEqual(again.export(), dialog.export());
		equal(again.receive(invite((line) => line.replace("7 I", "6 I"))), 500);
	});

	it("makes tags and Call-IDs that differ", () => {
		equal(newTag(host()).length, 16);
		const [first, second] = [newCallId(host()), newCallId(host())];
		equal(first === second, false);
	});
});
