import {
	type AccountConfiguration,
	Accounts,
	type PhoneConfiguration,
} from "../../src/phone/accounts.js";
import { merge } from "../../src/profile/settings.js";
import type { OutgoingRequest } from "../../src/sip/writer.js";
import { deepEqual, describe, equal, host, it, ok } from "../portable.js";

/** Defaults of the settings, so that this fits what the profiles give. */
const DEFAULTS = merge(undefined, undefined, []).settings;

function account(
	aor: string,
	servers: AccountConfiguration["servers"] = [],
): AccountConfiguration {
	const { registration, call, sessions, access } = DEFAULTS;
	return {
		aor,
		displayName: "",
		enabled: true,
		credentials: [],
		servers,
		registration,
		call,
		sessions,
		access,
	};
}

function configuration(
	accounts: readonly AccountConfiguration[],
): PhoneConfiguration {
	return { accounts, audio: DEFAULTS.audio, security: DEFAULTS.security };
}

function accountsOf(...all: AccountConfiguration[]): {
	accounts: Accounts;
	requests: OutgoingRequest[];
} {
	const accounts = new Accounts(host(), {
		firstOwner: 1,
		instance: "urn:uuid:1",
		contact: (user, transport) => `sip:${user}@192.0.2.9;t=${transport}`,
	});
	accounts.network(0, true);
	for (const each of all) accounts.register(0, each);
	const requests: OutgoingRequest[] = [];
	for (let output = accounts.next(0); output; output = accounts.next(0))
		if (output.kind === "send") requests.push(output.request);
	return { accounts, requests };
}

describe("accounts", () => {
	it("register at the registrars of the settings, else at the domain of the AoR", () => {
		const { requests } = accountsOf(
			account("sip:alice@example.com", [
				{ role: "registrar", uri: "sip:one.test;transport=tcp" },
				{ role: "registrar", uri: "sip:two.test" },
			]),
			account("sips:bob@example.com"),
			account("sip:carol@[2001:db8::7]:5070"),
		);
		deepEqual(
			requests.map((request) => request.uri),
			[
				"sip:one.test;transport=tcp",
				"sips:example.com",
				"sip:[2001:db8::7]:5070",
			],
		);
		ok(
			requests[0]?.contact?.startsWith("<sip:alice@192.0.2.9;t=tcp;line="),
			requests[0]?.contact,
		);
		ok(requests[0]?.contact?.includes('>;+sip.instance="<urn:uuid:1>"'));
		ok(requests[1]?.contact?.includes(";t=tls;"));
	});

	it("go through the outbound proxy as a loose router", () => {
		const { requests } = accountsOf(
			account("sip:a@example.com", [
				{ role: "outbound-proxy", uri: "sip:192.0.2.5" },
			]),
			account("sip:b@example.com", [
				{ role: "outbound-proxy", uri: "sip:p.test;lr" },
			]),
		);
		deepEqual(
			requests.map((request) => request.route),
			[["<sip:192.0.2.5;lr>"], ["<sip:p.test;lr>"]],
		);
	});

	it("trust the numeric addresses of registrars and proxies, and no others", () => {
		const servers = [
			{ role: "registrar", uri: "sip:192.0.2.3:5080" },
			{ role: "outbound-proxy", uri: "sip:[2001:db8::5]" },
			{ role: "voicemail", uri: "sip:192.0.2.77" },
		];
		const one = account("sip:a@example.com", servers);
		const { accounts } = accountsOf(one);
		ok(accounts.serves("192.0.2.3"));
		ok(accounts.serves("2001:db8::5"));
		equal(accounts.serves("192.0.2.77"), false);
		equal(accounts.serves("192.0.2.4"), false);
		// And no longer once the settings name others.
		accounts.register(0, account("sip:a@example.com"));
		equal(accounts.serves("192.0.2.3"), false);
	});

	it("give the telephone what it needs, without those that are off", () => {
		const one = account("sip:a@example.com", [
			{ role: "voicemail", uri: "sip:vm@example.com" },
		]);
		const off = { ...account("sip:b@example.com"), enabled: false };
		const { accounts } = accountsOf(one);
		const telephone = accounts.telephone(
			configuration([one, off]),
			() => undefined,
		);
		deepEqual(
			telephone.accounts.map((each) => each.aor),
			["sip:a@example.com"],
		);
		equal(telephone.accounts[0]?.voicemail, "sip:vm@example.com");
		deepEqual(telephone.ports, DEFAULTS.audio.ports);
		equal(telephone.directCalls, false);
	});

	it("call by the registrar that let them in", () => {
		const one = account("sip:a@example.com", [
			{ role: "registrar", uri: "sip:one.test" },
			{ role: "registrar", uri: "sip:two.test;transport=tcp" },
		]);
		const { accounts } = accountsOf(one);
		const [caller] = accounts.telephone(
			configuration([one]),
			() => undefined,
		).accounts;
		equal(caller?.registrar(), "sip:one.test");
		accounts.failure(0, 1, "timeout");
		equal(caller?.registrar(), "sip:two.test;transport=tcp");
		equal(caller?.transport(), "tcp");
	});

	it("that were never registered leave without a word", () => {
		const { accounts } = accountsOf(account("sip:a@example.com"));
		accounts.failure(0, 1, "timeout");
		accounts.leave(0, "sip:a@example.com");
		accounts.network(1, true);
		equal(accounts.deadline(), Number.POSITIVE_INFINITY);
	});
});
