/** What a phone survives, in so many lives that they are lived on Node alone: storage that fails and power that goes at any write, a network that loses. */
import { describe, equal, it, ok } from "../portable.js";
import { live } from "./lives.js";
import { ALICE, BOB, MALLORY, SERVER, Site, userProfile } from "./site.js";

/** How many writes a life without faults makes. */
function writesOfALife(): number {
	const site = new Site();
	live(site);
	return site.flash.writes;
}

describe("a phone with failing storage", () => {
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

describe("a phone on a bad network", () => {
	for (const [name, faults] of [
		["loses a fifth", { loss: 0.2 }],
		["repeats half", { duplication: 0.5 }],
		["reorders some", { jitter: 80 }],
		[
			"loses, repeats and reorders some",
			{ loss: 0.15, duplication: 0.3, jitter: 40 },
		],
	] as const)
		it(`that ${name} of its datagrams still ends with what the server has`, () => {
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

describe("a phone that nobody touches", () => {
	it("keeps its subscriptions and registration for a week", () => {
		const site = new Site();
		ok(site.provision());
		site.network.run(site.now + 7 * 86_400_000);
		ok(site.registrar.asked.length > 1_000);
		equal(site.phone.told("registered").length, 1);
		equal(site.phone.told("enrolment-failed").length, 0);
		site.server.set(site.now, "user", ALICE, userProfile(2));
		ok(site.until("settings-in-force", 3, 1_000));
	});
});
