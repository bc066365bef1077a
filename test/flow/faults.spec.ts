/** What a phone survives: storage that fails, power that goes, a network that loses, and input that is none. */
import { describe, equal, it, ok, utf8 } from "../portable.js";
import {
	ALICE,
	accessList,
	BOB,
	deviceProfile,
	Flash,
	INSTANCE,
	MALLORY,
	PASSWORD,
	PHONE,
	SERVER,
	Site,
	STRANGER,
	userProfile,
} from "./site.js";

/** Provisions, then changes the user's profile and list twice; gives the site at rest. */
function live(site: Site): void {
	site.boot();
	site.settle(5_000);
	change(site, 2);
	change(site, 3);
}

function change(site: Site, version: number): void {
	const { server } = site;
	server.set(
		site.now,
		"user",
		ALICE,
		userProfile(version, { expires: `${version}00` }),
	);
	server.set(site.now, "access", ALICE, accessList(version, [MALLORY]));
	site.settle(5_000);
}

/** How many writes a life without faults makes. */
function writesOfALife(): number {
	const site = new Site();
	live(site);
	return site.flash.writes;
}

describe("a phone with bad storage", () => {
	it("keeps its settings in force, whichever write fails, and boots with the version before", () => {
		const writes = writesOfALife();
		ok(writes >= 8, `${writes} writes`);
		for (let failAt = 1; failAt <= writes; failAt++) {
			const site = new Site();
			site.flash.failAt = failAt;
			live(site);
			const { phone } = site;
			equal(phone.told("settings-in-force").at(-1)?.version, "3");
			equal(site.registrar.asked.at(-1), `${ALICE} 300`);
			equal(phone.told("storage-failed").length, 1, `write ${failAt}`);
			// Power off, server gone: what is stored is whole, and enrolment mends the rest.
			site.off();
			site.network.remove(SERVER);
			site.flash.failAt = Number.POSITIVE_INFINITY;
			const next = site.boot();
			site.settle(5_000);
			equal(next.told("document-refused").length, 0);
			site.network.add(SERVER, site.server);
			ok(site.until("enrolled", 3, 200_000), `write ${failAt}`);
			site.settle(5_000);
			equal(site.registrar.asked.at(-1), `${ALICE} 300`, `write ${failAt}`);
			equal(site.answerTo(MALLORY), 403, `write ${failAt}`);
		}
	});

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

describe("a phone without power", () => {
	it("boots whole, whichever write the power went at, and ends up like any other", () => {
		const writes = writesOfALife();
		for (let cutAt = 1; cutAt <= writes; cutAt++) {
			const site = new Site();
			site.flash.cutAt = cutAt;
			live(site);
			ok(site.flash.dead, `write ${cutAt}`);
			site.off();
			site.flash.cutAt = Number.POSITIVE_INFINITY;
			const phone = site.boot();
			ok(site.until("provisioned"), `write ${cutAt}`);
			site.settle(5_000);
			equal(phone.told("document-refused").length, 0);
			equal(site.registrar.asked.at(-1), `${ALICE} 300`, `write ${cutAt}`);
			equal(site.answerTo(MALLORY), 403);
			equal(site.answerTo(BOB), 200);
			// And all of it is stored now.
			site.off();
			site.network.remove(SERVER);
			const last = site.boot();
			ok(site.until("registered"), `write ${cutAt}`);
			equal(last.told("settings-in-force").at(-1)?.version, "3");
		}
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

describe("a phone on a bad network", () => {
	for (const [name, faults] of [
		["loses a fifth", { loss: 0.2 }],
		["repeats half", { duplication: 0.5 }],
		["reorders", { jitter: 80 }],
		["does all of it", { loss: 0.15, duplication: 0.3, jitter: 40 }],
	] as const)
		it(`that ${name} datagrams still ends with what the server has`, () => {
			for (let seed = 1; seed <= 12; seed++) {
				const site = new Site({ seed, ...faults });
				site.boot();
				ok(site.until("provisioned", 1, 600_000), `seed ${seed}`);
				ok(site.until("registered", 1, 600_000), `seed ${seed}`);
				for (const version of [2, 3, 4])
					site.server.set(
						site.now,
						"user",
						ALICE,
						userProfile(version, { expires: `${version}00` }),
					);
				ok(
					site.network.run(
						() => site.phone.told("settings-in-force").at(-1)?.version === "4",
						site.now + 900_000,
					),
					`seed ${seed}`,
				);
				site.settle(60_000);
				equal(site.registrar.asked.at(-1), `${ALICE} 400`, `seed ${seed}`);
			}
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
		ok(refused.every((data) => typeof data.at === "number" && data.code));
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
