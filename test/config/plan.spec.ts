import { MOST_PATHS, Part, plan } from "../../src/config/plan.js";
import { decodeProfile } from "../../src/profile/decode.js";
import type { ProfileDocument } from "../../src/profile/document.js";
import { merge, type Settings } from "../../src/profile/settings.js";
import { deepEqual, describe, equal, host, it, ok, utf8 } from "../portable.js";

const ALICE = "sip:alice@example.com";
const BOB = "sip:bob@example.com";

function decode(text: string): ProfileDocument {
	const { document, errors } = decodeProfile(host(), utf8(text));
	ok(document, JSON.stringify(errors));
	return document;
}

/** Settings of a device with these users, whose profiles have this inside. */
function settings(users: Readonly<Record<string, string>>): Settings {
	const names = Object.keys(users);
	const device = decode(
		`<profile xmlns="urn:hookswitch:profile:1" type="device" for="urn:uuid:00000000-0000-1000-8000-0242ac110002" version="1">${names.map((aor) => `<user aor="${aor}"/>`).join("")}</profile>`,
	);
	return merge(
		undefined,
		device,
		names.map((aor) =>
			decode(
				`<profile xmlns="urn:hookswitch:profile:1" type="user" for="${aor}" version="1">${users[aor]}</profile>`,
			),
		),
	).settings;
}

function account(aor: string, more = ""): string {
	return `<account id="a1" aor="${aor}"${more}/>`;
}

/** The plan's steps, shortly. */
function steps(before: Settings, after: Settings): string[] {
	const names = ["telephone", "register", "leave", "enrol", "network"];
	return plan(before, after).steps.map(
		({ part, accounts, interrupts }) =>
			`${names[part]}${accounts.map((aor) => ` ${aor}`).join("")}${interrupts ? " !" : ""}`,
	);
}

const NOTHING = merge(undefined, undefined, []).settings;
const ONE = settings({ [ALICE]: account(ALICE) });

describe("the plan of a change", () => {
	it("is empty when nothing changes", () => {
		deepEqual(plan(ONE, settings({ [ALICE]: account(ALICE) })), {
			changed: [],
			steps: [],
		});
	});

	it("from nothing: the telephone, the accounts, the subscriptions, in that order", () => {
		deepEqual(steps(NOTHING, ONE), [
			"telephone",
			`register ${ALICE}`,
			`enrol ${ALICE}`,
		]);
	});

	it("leaves registrations and subscriptions alone when the ring tone changes", () => {
		const after = settings({
			[ALICE]: `${account(ALICE)}<call ring-tone="loud"/>`,
		});
		deepEqual(steps(ONE, after), ["telephone"]);
		ok(plan(ONE, after).changed.some((path) => path.includes("ring-tone")));
	});

	it("registers again the account whose registrar or credentials changed, and no other", () => {
		const both = settings({
			[ALICE]: account(ALICE),
			[BOB]: account(BOB),
		});
		const registrar = settings({
			[ALICE]: account(ALICE),
			[BOB]: `${account(BOB)}<server role="registrar" uri="sip:192.0.2.3"/>`,
		});
		deepEqual(steps(both, registrar), ["telephone", `register ${BOB}`]);
		const secret = settings({
			[ALICE]: `<account id="a1" aor="${ALICE}"><credential realm="r" algorithm="MD5" password="p"/></account>`,
			[BOB]: account(BOB),
		});
		ok(steps(both, secret).includes(`register ${ALICE}`));
		equal(JSON.stringify(plan(both, secret)).includes('"p"'), false);
	});

	it("leaves an account that is gone or switched off, which ends calls", () => {
		const off = settings({ [ALICE]: account(ALICE, ' enabled="false"') });
		deepEqual(steps(ONE, off), [
			"telephone",
			`leave ${ALICE} !`,
			`enrol ${ALICE}`,
		]);
		deepEqual(steps(off, ONE), [
			"telephone",
			`register ${ALICE}`,
			`enrol ${ALICE}`,
		]);
		ok(steps(ONE, NOTHING).includes(`leave ${ALICE} !`));
	});

	it("touches the network last, which ends calls", () => {
		const vlan = settings({
			[ALICE]: `${account(ALICE)}<network vlan="7"/>`,
		});
		equal(steps(ONE, vlan).at(-1), "network !");
		equal(plan(ONE, vlan).steps.at(-1)?.part, Part.Network);
	});

	it("enrols when how that is done changes", () => {
		const after = settings({
			[ALICE]: `${account(ALICE)}<provisioning back-off-floor="500"/>`,
		});
		ok(steps(ONE, after).includes(`enrol ${ALICE}`));
	});

	it("names a limited number of paths", () => {
		const users: Record<string, string> = {};
		for (let index = 0; index < 16; index++) {
			const aor = `sip:u${index}@example.com`;
			users[aor] =
				`${account(aor)}<registration expires="90"/><call ring-tone="a" auto-answer="always" ring-time="9"/>`;
		}
		ok(plan(NOTHING, settings(users)).changed.length <= MOST_PATHS);
	});
});
