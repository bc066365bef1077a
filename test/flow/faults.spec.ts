/** What a phone survives: no storage, rubbish in it, crashes, and input that is none. What takes many lives is in `faults.node.spec.ts`. */
import { describe, equal, it, ok, utf8 } from "../portable.js";
import { change, live } from "./lives.js";
import {
	ALICE,
	BOB,
	deviceProfile,
	Flash,
	INSTANCE,
	MALLORY,
	PASSWORD,
	PHONE,
	Site,
	STRANGER,
	userProfile,
} from "./site.js";

describe("a phone with bad storage", () => {
	it("works without any, and says so", () => {
		const site = new Site();
		site.flash.full = true;
		live(site);
		equal(site.phone.told("settings-in-force").at(-1)?.version, "3");
		equal(site.phone.told("stored").length, 0);
		ok(site.phone.told("storage-failed").length >= 4);
		equal(site.answerTo(MALLORY), 403);
		equal(site.answerTo(BOB), 200);
	});

	it("stores what it could not once there is room", () => {
		const site = new Site();
		site.flash.full = true;
		ok(site.provision());
		site.settle();
		site.flash.full = false;
		equal(site.phone.told("stored").length, 0);
		site.settle(2 * 3_600_000);
		ok(site.phone.told("stored").length >= 3);
		site.off();
		equal(site.boot().told("agent-running")[0]?.documents, 3);
	});

	it("boots with storage full of rubbish", () => {
		const site = new Site();
		live(site);
		site.off();
		for (const key of site.flash.values.keys())
			site.flash.values.set(key, utf8("rubbish ".repeat(40)));
		const phone = site.boot();
		equal(phone.told("agent-running")[0]?.documents, 0);
		ok(site.until("provisioned"));
		ok(site.until("registered"));
	});
});

describe("a phone that crashed three times", () => {
	it("starts without the newest document, and does not take it again until it changes", () => {
		const site = new Site();
		live(site);
		const newest = userProfile(4, { expires: "400" });
		site.server.set(site.now, "user", ALICE, newest);
		site.settle();
		equal(site.registrar.asked.at(-1), `${ALICE} 400`);
		site.off();
		const phone = site.boot({ safeStart: true, restarts: 3 });
		ok(site.until("document-refused"));
		site.settle(5_000);
		equal(phone.told("settings-in-force").at(-1)?.version, "3");
		equal(phone.told("access-in-force").at(-1)?.version, "3");
		const [refused] = phone.told("document-refused");
		ok(JSON.stringify(refused?.errors).includes("condemned"));
		equal(site.registrar.asked.at(-1), `${ALICE} 300`);
		// The next boot remembers.
		site.off();
		site.boot();
		site.settle(5_000);
		equal(site.phone.told("settings-in-force").at(-1)?.version, "3");
		change(site, 5);
		equal(site.phone.told("settings-in-force").at(-1)?.version, "5");
		equal(site.registrar.asked.at(-1), `${ALICE} 500`);
	});

	it("starts without a document that has no version before it, and takes it again", () => {
		const site = new Site();
		ok(site.provision());
		site.settle();
		site.off();
		site.boot({ safeStart: true });
		equal(site.phone.told("settings-in-force").length, 2);
		equal(site.phone.told("access-in-force").length, 0);
		ok(site.until("access-in-force"));
		equal(site.answerTo(MALLORY), 403);
	});
});

describe("a phone among strangers", () => {
	/** Sends bytes to the phone as if from a stranger. */
	function send(site: Site, bytes: Uint8Array): void {
		site.phone.datagram(site.now, "sip", bytes, {
			host: STRANGER,
			port: 5060,
		});
		site.network.drain(PHONE);
	}
	function provisioned(): Site {
		const site = new Site();
		ok(site.provision());
		site.settle();
		return site;
	}
	/** It is as it was. */
	function unharmed(site: Site): void {
		site.settle();
		equal(site.phone.told("settings-in-force").length, 2);
		equal(site.phone.restarted, undefined);
		equal(site.answerTo(MALLORY), 403);
		equal(site.answerTo(BOB), 200);
	}

	it("says what was wrong with what is not SIP, and goes on", () => {
		const site = provisioned();
		const notify = `NOTIFY sip:${PHONE} SIP/2.0\r\nVia: SIP/2.0/UDP ${STRANGER};branch=z9hG4bKx\r\n`;
		send(site, utf8("this is not SIP at all"));
		send(site, utf8(notify));
		send(site, utf8("INVITE sip:a SIP/2.0\r\nVia: \r\n\r\n"));
		send(site, new Uint8Array([0xff, 0xfe, 0x00, 0x80, 0x81, 0x0d, 0x0a]));
		send(site, new Uint8Array(65_507).fill(0x41));
		send(site, new Uint8Array(65_507));
		send(site, new Uint8Array(0));
		const refused = site.phone.told("input-refused");
		ok(refused.length >= 5, JSON.stringify(refused));
		ok(refused.every((data) => typeof data.at === "number" && data.error));
		equal(refused[0]?.from, `${STRANGER}:5060`);
		unharmed(site);
	});

	it("answers a NOTIFY that is none of its own with 481, and takes nothing from it", () => {
		const site = provisioned();
		const body = userProfile(7, { expires: "700" });
		const at = site.network.passed.length;
		send(
			site,
			utf8(
				`NOTIFY sip:${PHONE} SIP/2.0\r\nVia: SIP/2.0/UDP ${STRANGER};branch=z9hG4bKx\r\nMax-Forwards: 70\r\nFrom: <${ALICE}>;tag=1\r\nTo: <${ALICE}>;tag=2\r\nCall-ID: x\r\nCSeq: 1 NOTIFY\r\nContact: <sip:${STRANGER}>\r\nEvent: ua-profile\r\nSubscription-State: active;expires=600\r\nContent-Type: application/vnd.hookswitch.profile+xml\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
			),
		);
		ok(
			site.phone
				.told("message")
				.some((data) => String(data.line).includes(" 481 ")),
			`${site.network.passed.length - at} sent`,
		);
		unharmed(site);
	});

	it("refuses documents that are no documents: broken, with a DTD, nested too deep, not UTF-8", () => {
		const site = provisioned();
		const bad: Uint8Array[] = [
			utf8("<profile"),
			utf8(""),
			utf8('<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'),
			utf8("<a>".repeat(5_000)),
			utf8(userProfile(9).replace("Alice", "A & B")),
			utf8(userProfile(9).replace(' id="a1"', ' id="a1" id="a2"')),
			utf8(deviceProfile(9)),
			utf8(userProfile(9, { aor: BOB })),
			new Uint8Array([...utf8("<profile a='"), 0xff, 0x27]),
		];
		for (const [index, bytes] of bad.entries()) {
			site.server.documents.set(`user ${ALICE}`, bytes);
			site.server.notifier.changed(site.now, `user ${ALICE}`);
			site.settle(20_000);
			// A NOTIFY without a body says nothing; each of the others is refused.
			const expected = index === 0 ? 1 : index;
			equal(
				site.phone.told("document-refused").length,
				expected,
				`document ${index}`,
			);
		}
		equal(site.phone.log().includes(PASSWORD), false);
		unharmed(site);
	});

	it("boots without a lease's options, and without a network, and waits", () => {
		const site = new Site();
		site.boot({}, { server: "" });
		site.settle(60_000);
		ok(site.phone.told("enrolment-failed").length >= 1);
		const alone = new Site();
		alone.boot();
		alone.off();
		equal(alone.phone.restarted, undefined);
		equal(new Flash().dead, false);
		equal(INSTANCE.startsWith("urn:uuid:"), true);
	});
});
