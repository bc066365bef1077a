/** The agent's borders: what goes in, what comes out, and what it says to commands. Its life is in `flow/`. */
import { Agent } from "../src/agent.js";
import type { EventOutput, Output } from "../src/port.js";
import { factory, INSTANCE, LEASE, Site } from "./flow/site.js";
import {
	deepEqual,
	describe,
	equal,
	host,
	it,
	ok,
	throws,
	utf8,
} from "./portable.js";

function agent(bytes = factory()): Agent {
	return new Agent(host(), {
		factory: bytes,
		stored: () => undefined,
		safeStart: false,
		restarts: 7,
		build: { version: "1.2.3", time: 0 },
	});
}

function drain(machine: Agent): Output[] {
	const outputs: Output[] = [];
	for (let output = machine.next(); output; output = machine.next())
		outputs.push(output);
	return outputs;
}

function events(machine: Agent): EventOutput[] {
	return drain(machine).filter((output) => output.kind === "event");
}

describe("the agent", () => {
	it("says who it is when it starts, and waits for a network", () => {
		const machine = agent();
		machine.start(0);
		const [running] = events(machine);
		equal(running?.code, "agent-running");
		deepEqual(running?.data, {
			instance: INSTANCE,
			version: "1.2.3",
			documents: 0,
			restarts: 7,
		});
		equal(machine.deadline(), Number.POSITIVE_INFINITY);
	});

	it("is loud about a factory setting that trusts the network", () => {
		const machine = agent();
		machine.start(0);
		ok(
			events(machine).some(
				({ code, level }) => code === "trust-network" && level === "warning",
			),
		);
		const text = host().text(factory(), 0, factory().length);
		const strict = agent(utf8(text.replace(' trust-network="true"', "")));
		strict.start(0);
		equal(
			events(strict).some(({ code }) => code === "trust-network"),
			false,
		);
	});

	it("is not made from a factory document that is none", () => {
		throws(() => agent(utf8("")), "factory");
		throws(() => agent(utf8("<factory/>")), "factory");
	});

	it("asks the network for nothing before there is one, and at once when there is", () => {
		const machine = agent();
		machine.start(0);
		ok(drain(machine).every((output) => output.kind === "event"));
		machine.network(5, LEASE);
		const outputs = drain(machine);
		ok(outputs.some((output) => output.kind === "datagram"));
		ok(
			outputs.some(
				(output) => output.kind === "event" && output.code === "network-up",
			),
		);
		ok(machine.deadline() < Number.POSITIVE_INFINITY);
		// The same lease again is no news.
		machine.network(6, LEASE);
		deepEqual(drain(machine), []);
	});

	it("writes IPv6 addresses with brackets", () => {
		const machine = agent();
		machine.start(0);
		machine.command(0, "trace on");
		drain(machine);
		const from = { host: "2001:db8::1", port: 5060 };
		const bytes = utf8(
			"OPTIONS sip:a@b.example SIP/2.0\r\nContent-Length: 0\r\n\r\n",
		);
		machine.datagram(1, "sip", bytes, from);
		const told = events(machine);
		equal(told[0]?.data.from, "[2001:db8::1]:5060");
		equal(told[1]?.data.peer, "[2001:db8::1]:5060");
	});

	it("knows a few commands, and says which when it doesn't know one", () => {
		const site = new Site();
		ok(site.provision());
		const { phone } = site;
		const say = (line: string) => {
			const before = phone.events.length;
			phone.agent.command(site.now, line);
			site.network.drain(LEASE.address);
			return phone.events.slice(before);
		};
		equal(say("settings")[0]?.code, "settings");
		equal(say("frobnicate")[0]?.code, "unknown-command");
		equal(say("call")[0]?.code, "unknown-command");
		deepEqual(say("trace off"), []);
		deepEqual(say("call sip:bob@example.com"), []);
		ok(phone.events.at(-1)?.code !== "message");
		say("trace on");
		say("hangup");
		site.settle();
		ok(phone.told("call-ended").length === 1);
	});
});
