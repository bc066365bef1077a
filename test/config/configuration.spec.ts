import { type Change, Configuration } from "../../src/config/configuration.js";
import { Journal } from "../../src/config/journal.js";
import type { EventOutput } from "../../src/port.js";
import { deviceProfile, INSTANCE } from "../flow/documents.js";
import { deepEqual, describe, equal, host, it, ok, utf8 } from "../portable.js";

/** A configuration with its storage and what it tells. */
class Bench {
	readonly events: EventOutput[] = [];
	readonly configuration: Configuration;
	readonly values: Map<string, Uint8Array>;

	constructor(values = new Map<string, Uint8Array>()) {
		this.values = values;
		const journal = new Journal(host(), (key) => values.get(key), false);
		this.configuration = new Configuration(
			host(),
			INSTANCE,
			journal,
			this.events,
		);
		this.configuration.restore(() => {});
	}

	receive(
		profile: "local-network" | "device",
		name: string,
		text: string,
		network = "home",
	): Change | "same" | undefined {
		const bytes = utf8(text);
		const change = this.configuration.receive(
			{ profile, for: name, bytes, etag: "e", server: "sip:p" },
			network,
		);
		for (;;) {
			const store = this.configuration.next();
			if (store === undefined) return change;
			if (store.bytes === undefined) this.values.delete(store.key);
			else this.values.set(store.key, store.bytes);
			this.configuration.stored(store.key, true);
		}
	}
}

function local(domain: string, ringTime: number): string {
	return `<profile xmlns="urn:hookswitch:profile:1" type="local-network" for="${domain}" version="1"><call ring-time="${ringTime}"/></profile>`;
}

describe("the configuration", () => {
	it("goes by the profile of the local network that it is in, and of no other", () => {
		const { values, configuration, receive } = bench();
		receive("local-network", "one.example", local("one.example", 31));
		equal(configuration.settings.call.ringTime, 31);
		receive("local-network", "two.example", local("two.example", 32));
		equal(configuration.settings.call.ringTime, 32);
		equal(configuration.count, 1);

		const next = new Bench(values).configuration;
		equal(next.count, 0);
		next.enterNetwork("home", () => {});
		equal(next.settings.call.ringTime, 32);
		const changes: Change[] = [];
		next.enterNetwork("elsewhere", (change) => changes.push(change));
		equal(next.count, 0);
		// By its name, so that its subscription is told that it is no longer held.
		deepEqual(
			changes.map((change) => [change.for, change.etag]),
			[["two.example", undefined]],
		);
		// Back again: it was not forgotten.
		next.enterNetwork("home", () => {});
		equal(next.settings.call.ringTime, 32);
	});

	it("keeps nothing of a document that an empty one takes the place of (RFC 6080 §5.3.2)", () => {
		const { values, configuration, receive, events } = bench();
		receive("device", INSTANCE, deviceProfile(1));
		equal(configuration.settings.users.length, 1);
		ok(values.has("device.a"));
		receive("device", INSTANCE, deviceProfile(2, { users: [] }));
		equal(configuration.settings.users.length, 0);
		deepEqual(
			[...values.keys()].filter((key) => key.startsWith("device")),
			[],
		);
		equal(events.at(-1)?.code, "stored");
		equal(receive("device", INSTANCE, deviceProfile(2, { users: [] })), "same");
		equal(new Bench(values).configuration.count, 0);
	});

	it("does not even read a document that is larger than the settings allow", () => {
		const { configuration, receive, events } = bench();
		const limited = deviceProfile(1, {
			inside: '<provisioning largest-document="4096"/>',
		});
		receive("device", INSTANCE, limited);
		equal(configuration.settings.provisioning.largestDocument, 4096);
		equal(
			receive("device", INSTANCE, `<broken ${" ".repeat(4096)}`),
			undefined,
		);
		const refused = events.at(-1);
		equal(refused?.code, "document-refused");
		ok(refused?.text.endsWith(": 1:1 xml-too-large"), refused?.text);
	});
});

function bench() {
	const made = new Bench();
	const { values, configuration, events } = made;
	const receive: Bench["receive"] = (...given) => made.receive(...given);
	return { values, configuration, events, receive };
}
