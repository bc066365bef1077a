/** The life of a phone, on the virtual network: provisioned, changed, cut off, restarted. */
import { deepEqual, describe, equal, it, ok } from "../portable.js";
import {
	ALICE,
	accessList,
	BOB,
	deviceProfile,
	INSTANCE,
	LEASE,
	MALLORY,
	OTHER_REGISTRAR,
	PASSWORD,
	PHONE,
	ProfileServer,
	SERVER,
	Site,
	userProfile,
} from "./site.js";

describe("a phone's life", () => {
	it("begins with nothing: it finds its server, its profiles in order, and registers", () => {
		const site = new Site();
		ok(site.provision());
		deepEqual(site.server.asked, [
			`device ${INSTANCE}`,
			`user ${ALICE}`,
			`access ${ALICE}`,
		]);
		deepEqual(site.registrar.asked, [`${ALICE} 600`]);
		ok(site.registrar.bindings.get(ALICE)?.startsWith(`sip:alice@${PHONE}`));
		const { phone } = site;
		deepEqual(
			phone.told("settings-in-force").map((data) => data.profile),
			["device", "user"],
		);
		equal(phone.told("access-in-force")[0]?.rules, 1);
		equal(phone.told("registered")[0]?.aor, ALICE);
		site.settle();
		ok(phone.told("stored").length >= 3);
		equal(phone.told("provisioned").length, 1);
	});

	it("answers the server's challenge, and never tells a secret", () => {
		const site = new Site({}, "phones");
		ok(site.provision());
		site.phone.agent.command(site.now, "settings");
		site.settle();
		equal(site.phone.told("settings").length, 1);
		equal(site.phone.log().includes(PASSWORD), false);
	});

	it("obeys a change at once, and leaves alone what did not change", () => {
		const site = new Site();
		ok(site.provision());
		site.settle();
		const registrations = site.registrar.asked.length;
		const at = site.now;
		site.server.set(
			site.now,
			"user",
			ALICE,
			userProfile(2, { call: ' ring-tone="loud"' }),
		);
		ok(site.until("settings-in-force", 3));
		ok(site.now - at <= 2, `took ${site.now - at} ms of network time`);
		deepEqual(site.phone.told("settings-in-force").at(-1)?.version, "2");
		const changed = site.phone.told("settings-in-force").at(-1)?.changed;
		ok(JSON.stringify(changed).includes("ring-tone"), JSON.stringify(changed));
		site.settle();
		equal(site.registrar.asked.length, registrations);
	});

	it("tells that settings are in force before it stores them, and acknowledges before both", () => {
		const site = new Site();
		ok(site.provision());
		site.settle();
		const before = site.phone.order.length;
		site.server.set(
			site.now,
			"user",
			ALICE,
			userProfile(2, { expires: "300" }),
		);
		site.settle();
		deepEqual(site.phone.order.slice(before, before + 6), [
			// 200 to the NOTIFY
			"datagram",
			"settings-in-force",
			// REGISTER
			"datagram",
			// NOTIFY, 200, REGISTER, as the ladder has them
			"message",
			"message",
			"message",
		]);
		equal(site.phone.order[before + 6], "store");
	});

	it("does nothing about a document that it already holds", () => {
		const site = new Site();
		ok(site.provision());
		site.settle();
		const before = site.phone.codes().length;
		const writes = site.flash.writes;
		// The same document, written another way.
		const spaced = userProfile(1).replace("<account ", "<account  ");
		site.server.set(site.now, "user", ALICE, spaced);
		site.settle();
		equal(site.phone.codes().length, before);
		equal(site.flash.writes, writes);
	});

	it("refuses a bad document with every error, keeps the old one and the subscription", () => {
		const site = new Site();
		ok(site.provision());
		site.settle();
		const bad = userProfile(2, { expires: "soon", call: ' ring-time="-1"' });
		site.server.set(site.now, "user", ALICE, bad);
		ok(site.until("document-refused"));
		const [refused] = site.phone.told("document-refused");
		equal(refused?.profile, "user");
		equal(refused?.for, ALICE);
		const errors = refused?.errors as Record<string, unknown>[];
		equal(errors.length, 2);
		equal(errors[0]?.path, "registration/@expires");
		equal(errors[0]?.line, 1);
		ok(Number(errors[0]?.column) > 1);
		equal(site.phone.log().includes(PASSWORD), false);
		equal(site.answerTo(BOB), 200);
		// After a restart too: the bad one was not stored.
		site.server.set(
			site.now,
			"user",
			ALICE,
			userProfile(3, { expires: "300" }),
		);
		ok(site.until("settings-in-force", 3));
		site.settle();
		equal(site.registrar.asked.at(-1), `${ALICE} 300`);
		equal(site.server.asked.length, 3);
	});

	it("goes to a new registrar, and leaves the old one only then", () => {
		const site = new Site();
		ok(site.provision());
		site.settle();
		const moved = userProfile(2, { registrar: OTHER_REGISTRAR });
		site.other.refuse = 503;
		site.server.set(site.now, "user", ALICE, moved);
		ok(site.until("registration-failed"));
		ok(site.registrar.bindings.has(ALICE));
		equal(site.answerTo(BOB), 200);
		site.other.refuse = 0;
		ok(site.until("registered", 2));
		site.settle();
		ok(site.other.bindings.has(ALICE));
		equal(site.registrar.bindings.has(ALICE), false);
		equal(site.answerTo(BOB, site.other), 200);
	});

	it("screens callers by the access list, and obeys its change", () => {
		const site = new Site();
		ok(site.provision());
		site.settle();
		equal(site.answerTo(MALLORY), 403);
		equal(site.answerTo(BOB), 200);
		deepEqual(site.phone.told("call-refused").at(-1), {
			from: MALLORY,
			status: 403,
			right: "block",
		});
		equal(site.phone.told("call-up").length, 1);
		equal(site.phone.told("call-ended").length, 1);
		site.server.set(site.now, "access", ALICE, accessList(2, [BOB]));
		ok(site.until("access-in-force", 2));
		equal(site.answerTo(MALLORY), 200);
		equal(site.answerTo(BOB), 403);
	});

	it("refuses whom no server of its own vouches for", () => {
		const site = new Site();
		ok(site.provision());
		site.settle();
		// The other registrar is no server of this phone's.
		const call = site.other.call(site.now, BOB);
		site.settle();
		deepEqual(call.statuses, [403]);
	});

	it("starts on its stored settings when the profile server is gone, registers and screens", () => {
		const site = new Site();
		ok(site.provision());
		site.settle();
		site.off();
		site.network.remove(SERVER);
		site.registrar.bindings.clear();
		const at = site.now;
		const phone = site.boot();
		ok(site.until("registered"));
		ok(site.now - at < 50, `took ${site.now - at} ms of network time`);
		equal(phone.told("agent-running")[0]?.documents, 3);
		equal(phone.told("provisioned").length, 1);
		equal(site.answerTo(MALLORY), 403);
		equal(site.answerTo(BOB), 200);
		ok(site.until("enrolment-failed"));
		equal(site.answerTo(MALLORY), 403);
	});

	it("enrols again when the server is back, and hears of what changed meanwhile", () => {
		const site = new Site();
		ok(site.provision());
		site.settle();
		site.off();
		site.network.remove(SERVER);
		site.boot();
		ok(site.until("enrolment-failed"));
		const back = new ProfileServer();
		const { documents } = site.server;
		for (const [key, bytes] of documents) back.documents.set(key, bytes);
		site.server = back;
		back.set(site.now, "user", ALICE, userProfile(9, { expires: "900" }));
		site.network.add(SERVER, back);
		ok(site.until("enrolled", 3));
		site.settle();
		// What did not change is not in force a second time.
		deepEqual(
			site.phone.told("settings-in-force").map((data) => data.version),
			["1", "1", "9"],
		);
		equal(site.registrar.asked.at(-1), `${ALICE} 900`);
	});

	it("waits for no server that says yes and then nothing (Timer N), and asks again", () => {
		const site = new Site();
		site.server.silent = true;
		site.boot();
		ok(site.until("enrolment-failed"));
		ok(site.now >= 32_000);
		equal(site.phone.told("settings-in-force").length, 0);
		site.server.silent = false;
		ok(site.until("provisioned"));
	});

	it("drops a user that the device no longer has: unregistered, unsubscribed, forgotten", () => {
		const site = new Site();
		ok(site.provision());
		site.settle();
		site.server.set(
			site.now,
			"device",
			INSTANCE,
			deviceProfile(2, { users: [] }),
		);
		ok(site.until("settings-in-force", 3));
		site.settle(40_000);
		equal(site.registrar.bindings.has(ALICE), false);
		equal(site.server.notifier.count(`user ${ALICE}`), 0);
		equal(site.server.notifier.count(`access ${ALICE}`), 0);
		const keys = [...site.flash.values.keys()].filter(
			(key) => key.startsWith("u") || key.startsWith("a"),
		);
		deepEqual(keys, []);
		site.off();
		site.boot();
		site.settle();
		deepEqual(site.phone.told("registered"), []);
	});

	it("has no list where the server has none, and what the settings say holds", () => {
		const site = new Site();
		site.server.documents.delete(`access ${ALICE}`);
		ok(site.provision());
		site.settle();
		equal(site.answerTo(MALLORY), 200);
		site.server.set(
			site.now,
			"user",
			ALICE,
			userProfile(2, { inside: '<access contact="block"/>' }),
		);
		ok(site.until("settings-in-force", 3));
		equal(site.answerTo(BOB), 403);
	});

	it("lets a call end before it leaves an account, unless effective-by says otherwise", () => {
		for (const effectiveBy of [undefined, 0, 5]) {
			const site = new Site();
			ok(site.provision());
			site.settle();
			const call = site.registrar.call(site.now, BOB);
			ok(site.until("call-up"));
			site.server.effectiveBy = effectiveBy;
			site.server.set(
				site.now,
				"device",
				INSTANCE,
				deviceProfile(2, { users: [] }),
			);
			site.settle(1_000);
			const at = site.now;
			equal(
				site.registrar.bindings.has(ALICE),
				effectiveBy !== 0,
				`effective-by ${effectiveBy}`,
			);
			if (effectiveBy === undefined) {
				equal(site.phone.told("settings-waiting").length, 1);
				equal(site.phone.told("settings-in-force").length, 2);
				site.registrar.hangUp(site.now, call);
			}
			ok(site.until("settings-in-force", 3, 10_000));
			site.settle();
			equal(site.registrar.bindings.has(ALICE), false);
			if (effectiveBy === 5) ok(site.now - at >= 3_000);
		}
	});

	it("obeys the earliest effective-by of the changes that wait", () => {
		const site = new Site();
		ok(site.provision());
		site.settle();
		site.registrar.call(site.now, BOB);
		ok(site.until("call-up"));
		site.server.effectiveBy = 5;
		const alone = deviceProfile(2, { users: [] });
		site.server.set(site.now, "device", INSTANCE, alone);
		ok(site.until("settings-waiting"));
		site.server.effectiveBy = 600;
		const more = deviceProfile(3, {
			users: [],
			inside: '<network sip-port="5090"/>',
		});
		site.server.set(site.now, "device", INSTANCE, more);
		ok(site.until("settings-waiting", 2));
		ok(site.until("settings-in-force", 4, 10_000));
	});

	it("ends its calls when the network goes, and can be called when it is back", () => {
		const site = new Site();
		ok(site.provision());
		site.settle();
		site.registrar.call(site.now, BOB);
		ok(site.until("call-up"));
		site.phone.agent.network(site.now, undefined);
		site.network.drain(PHONE);
		equal(site.phone.told("call-ended")[0]?.reason, "network-down");
		site.phone.agent.network(site.now, LEASE);
		site.network.drain(PHONE);
		ok(site.until("registered", 2));
		equal(site.answerTo(BOB), 200);
	});

	it("registers and subscribes anew from another address", () => {
		const site = new Site();
		ok(site.provision());
		site.settle();
		site.phone.agent.network(site.now, undefined);
		site.network.drain(PHONE);
		site.settle();
		equal(site.phone.told("network-down").length, 1);
		site.phone.agent.network(site.now, {
			address: PHONE,
			netmask: "255.255.255.0",
			gateway: "192.0.2.253",
			nameServers: [],
			options: [],
		});
		site.network.drain(PHONE);
		ok(site.until("registered", 2));
		site.server.set(
			site.now,
			"user",
			ALICE,
			userProfile(2, { expires: "300" }),
		);
		ok(site.until("settings-in-force", 3));
	});

	it("keeps its registration for hours", () => {
		const site = new Site();
		ok(site.provision());
		site.network.run(site.now + 4 * 3_600_000);
		ok(site.registrar.bindings.has(ALICE));
		ok(site.registrar.asked.length > 20);
		equal(site.phone.told("registered").length, 1);
		equal(site.phone.told("registration-failed").length, 0);
		site.server.set(
			site.now,
			"user",
			ALICE,
			userProfile(2, { expires: "300" }),
		);
		ok(site.until("settings-in-force", 3, 1_000));
	});
});
