import { MAXIMUM_ACCEPTED, MAXIMUM_QUEUED } from "../../hosts/connections.js";
import { Driver } from "../../hosts/driver.js";
import { deepEqual, describe, equal, it, ok, utf8 } from "../portable.js";
import { FakeAgent, FakePlatform, type FakeTCP } from "./fakes.js";

function make() {
	const platform = new FakePlatform();
	const agent = new FakeAgent();
	const driver = new Driver(platform, agent, { port: 5070 });
	return { platform, agent, driver };
}

function started() {
	const parts = make();
	parts.driver.start();
	parts.agent.inputs.length = 0;
	return parts;
}

/** Lets the agent ask for a connection; gives the socket. */
function connect(parts: ReturnType<typeof make>, connection: number): FakeTCP {
	parts.agent.outputs.push({
		kind: "connect",
		connection,
		transport: "tcp",
		to: { host: "192.0.2.2", port: 5060 },
	});
	parts.platform.command("connect");
	const socket = parts.platform.tcp.at(-1);
	ok(socket);
	return socket;
}

function send(
	parts: ReturnType<typeof make>,
	connection: number,
	text: string,
) {
	parts.agent.outputs.push({ kind: "send", connection, bytes: utf8(text) });
	parts.platform.command("send");
}

describe("driver: start and inputs", () => {
	it("starts the agent, opens UDP and the listener on the port, and passes the lease on", () => {
		const { platform, agent, driver } = make();
		driver.start();
		deepEqual(agent.inputs, ["start"]);
		equal(platform.udp[0]?.options.port, 5070);
		equal(platform.listeners[0]?.options.port, 5070);
		const lease = {
			address: "192.0.2.7",
			netmask: "255.255.255.0",
			gateway: undefined,
			nameServers: [],
			options: [],
		};
		platform.lease(lease);
		platform.lease(undefined);
		deepEqual(agent.inputs.slice(1), [
			"network 192.0.2.7",
			"network undefined",
		]);
	});

	it("drains after each datagram, not after a batch", () => {
		const { platform, agent } = started();
		const order: string[] = [];
		agent.react = (input) => {
			order.push(input);
			agent.outputs.push({
				kind: "datagram",
				socket: "sip",
				to: { host: "192.0.2.1", port: 5060 },
				bytes: utf8(`re ${order.length}`),
			});
		};
		platform.udp[0]?.receive("one", "two");
		deepEqual(order, ["sip 192.0.2.1:5060 one", "sip 192.0.2.1:5060 two"]);
		deepEqual(platform.udp[0]?.sent, [
			"192.0.2.1:5060 re 1",
			"192.0.2.1:5060 re 2",
		]);
	});

	it("a line on the console is a command; memory is the host's own", () => {
		const { platform, agent } = started();
		platform.command("call sip:bob@example.com");
		platform.command("memory");
		deepEqual(agent.inputs, ["command call sip:bob@example.com"]);
		deepEqual(JSON.parse(platform.lines.at(-1)?.slice(1) ?? ""), {
			t: 1000,
			level: "info",
			code: "memory",
			text: "memory",
			ram: 5,
		});
	});

	it("opens the DNS socket when it is first needed, and reads from it", () => {
		const { platform, agent } = started();
		equal(platform.udp.length, 1);
		for (const bytes of ["a", "b"])
			agent.outputs.push({
				kind: "datagram",
				socket: "dns",
				to: { host: "192.0.2.53", port: 53 },
				bytes: utf8(bytes),
			});
		platform.command("ask");
		equal(platform.udp.length, 2);
		equal(platform.udp[1]?.options.port, undefined);
		deepEqual(platform.udp[1]?.sent, ["192.0.2.53:53 a", "192.0.2.53:53 b"]);
		platform.udp[1]?.receive("answer");
		equal(agent.inputs.at(-1), "dns 192.0.2.1:5060 answer");
	});

	it("an event is one line", () => {
		const { platform, agent } = started();
		agent.outputs.push({
			kind: "event",
			level: "warning",
			code: "odd",
			text: "two\nlines",
			data: { n: 1, list: ["a"] },
		});
		platform.command("x");
		equal(
			platform.lines[0],
			'@{"t":1000,"level":"warning","code":"odd","text":"two\\nlines","n":1,"list":["a"]}',
		);
	});
});

describe("driver: time", () => {
	it("sleeps till the deadline and tells the agent once", () => {
		const { platform, agent } = started();
		agent.due = 1_250.5;
		platform.command("x");
		platform.advance(250);
		deepEqual(agent.inputs, ["command x"]);
		platform.advance(1);
		deepEqual(agent.inputs, ["command x", "timeout 1251"]);
		platform.advance(100_000);
		equal(agent.inputs.length, 2);
	});

	it("a deadline that moves earlier wakes earlier, and one that goes away does not wake", () => {
		const { platform, agent } = started();
		agent.due = 5_000;
		platform.command("x");
		agent.due = 1_100;
		platform.command("y");
		equal(platform.alarms.length, 1);
		agent.due = Number.POSITIVE_INFINITY;
		platform.command("z");
		equal(platform.alarms.length, 0);
	});

	it("a deadline that stays in the past leaves time for the rest", () => {
		const { platform, agent } = started();
		agent.react = (input) => {
			if (input.startsWith("timeout")) agent.due = 0;
		};
		agent.due = 0;
		platform.command("x");
		platform.advance(10);
		equal(agent.inputs.length, 11, "the command and ten wake-ups:");
	});

	it("a deadline a month away is reached in steps that timers can take", () => {
		const { platform, agent } = started();
		agent.due = 1_000 + 2_592_000_000;
		platform.command("x");
		ok((platform.alarms[0]?.at ?? 0) < 1_000 + 2 ** 31);
		platform.advance(2_592_000_000);
		equal(agent.inputs.at(-1), "timeout 2592001000");
	});
});

describe("driver: storage", () => {
	it("carries out and gives the results back in order, after the drain", () => {
		const { platform, agent } = started();
		platform.values.set("gone", utf8("x"));
		agent.outputs.push(
			{ kind: "store", key: "a", bytes: utf8("1") },
			{ kind: "store", key: "gone", bytes: undefined },
			{ kind: "event", level: "info", code: "last", text: "", data: {} },
		);
		agent.react = (input) => {
			if (input.startsWith("stored")) deepEqual(platform.codes(), ["last"]);
		};
		platform.command("x");
		deepEqual(agent.inputs, ["command x", "stored a true", "stored gone true"]);
		deepEqual([...platform.values.keys()], ["a"]);
	});

	it("a full storage is a result and a line, not an exception", () => {
		const { platform, agent } = started();
		platform.isFull = true;
		agent.outputs.push({ kind: "store", key: "a", bytes: utf8("1") });
		platform.command("x");
		deepEqual(agent.inputs, ["command x", "stored a false"]);
		deepEqual(platform.codes(), ["storage-error"]);
	});

	it("a restart waits for the results and for what the agent says to them", () => {
		const { platform, agent } = started();
		agent.react = (input) => {
			if (input === "stored a true")
				agent.outputs.push({ kind: "store", key: "b", bytes: utf8("2") });
		};
		agent.outputs.push(
			{ kind: "restart", reason: "new firmware" },
			{ kind: "store", key: "a", bytes: utf8("1") },
		);
		platform.command("x");
		deepEqual(agent.inputs.slice(1), ["stored a true", "stored b true"]);
		deepEqual(platform.restarts, ["new firmware"]);
		equal(platform.udp[0]?.isOpen, false);
		equal(platform.listeners[0]?.isOpen, false);
		platform.command("late");
		equal(agent.inputs.length, 3, "nothing reaches the agent after:");
	});
});

describe("driver: what goes wrong", () => {
	it("an error in the agent is one line, and the next datagram is served", () => {
		const { platform, agent } = started();
		agent.react = (input) => {
			if (input.endsWith("bad")) throw new TypeError("oops");
		};
		platform.udp[0]?.receive("bad", "good");
		equal(agent.inputs.length, 2);
		deepEqual(platform.codes(), ["internal-error"]);
		ok(platform.lines[0]?.includes("TypeError: oops"));
	});

	it("an error while draining does not end the driver", () => {
		const { platform, agent } = started();
		const next = agent.next.bind(agent);
		agent.next = () => {
			agent.next = next;
			throw new Error("in next");
		};
		platform.command("x");
		platform.command("y");
		deepEqual(platform.codes(), ["internal-error"]);
		deepEqual(agent.inputs, ["command x", "command y"]);
	});

	it("an error while draining does not hold up what comes after it", () => {
		const { platform, agent } = started();
		const next = agent.next.bind(agent);
		agent.next = () => {
			agent.next = next;
			throw new Error("in next");
		};
		agent.outputs.push({
			kind: "datagram",
			socket: "sip",
			to: { host: "192.0.2.2", port: 5060 },
			bytes: utf8("x"),
		});
		platform.command("x");
		deepEqual(platform.udp[0]?.sent, ["192.0.2.2:5060 x"]);
	});

	it("an agent that does nothing but throw is left alone", () => {
		const { platform, agent } = started();
		agent.next = () => {
			throw new Error("in next");
		};
		platform.command("x");
		ok(platform.codes().length < 10);
	});

	it("an agent that never comes to rest is stopped and named", () => {
		const { platform, agent } = started();
		agent.next = () => ({ kind: "close", connection: 2 });
		platform.command("x");
		deepEqual(platform.codes(), ["endless-output"]);
	});

	it("a datagram that can't be sent is a warning", () => {
		const { platform, agent } = started();
		agent.outputs.push({
			kind: "datagram",
			socket: "sip",
			to: { host: "unreachable", port: 1 },
			bytes: utf8("x"),
		});
		platform.command("x");
		deepEqual(platform.codes(), ["send-failed"]);
	});

	it("a port that is taken is tried again", () => {
		const { platform, driver } = make();
		platform.isPortTaken = true;
		driver.start();
		deepEqual(platform.codes(), ["socket-failed"]);
		equal(platform.udp.length, 0);
		platform.isPortTaken = false;
		platform.advance(1_000);
		equal(platform.udp.length, 1);
		equal(platform.listeners.length, 1);
	});

	it("a socket that fails later is opened again", () => {
		const { platform } = started();
		platform.udp[0]?.options.onError?.("down");
		platform.listeners[0]?.options.onError?.("down");
		platform.advance(1_000);
		equal(platform.udp.length, 2);
		equal(platform.listeners.length, 2);
	});
});

describe("driver: connections", () => {
	it("one that the agent asks for: connected, bytes both ways, closed by the peer", () => {
		const parts = started();
		const socket = connect(parts, 2);
		socket.writable(100);
		send(parts, 2, "REGISTER");
		equal(socket.sent, "REGISTER");
		socket.receive("SIP/2.0 200");
		socket.fail();
		socket.fail();
		deepEqual(parts.agent.inputs, [
			"command connect",
			"connected 2",
			"command send",
			"received 2 SIP/2.0 200",
			"closed 2",
		]);
	});

	it("one that a peer opens has an odd number", () => {
		const { platform, agent } = started();
		platform.listeners[0]?.arrive();
		platform.listeners[0]?.arrive();
		platform.tcp[1]?.writable(100);
		platform.tcp[1]?.receive("INVITE");
		deepEqual(agent.inputs, [
			"accepted 1 192.0.2.9",
			"accepted 3 192.0.2.9",
			"received 3 INVITE",
		]);
	});

	it("one that the agent closes as soon as it is told of it leaves nothing open", () => {
		const { platform, agent } = started();
		agent.react = (input) => {
			if (input.startsWith("accepted"))
				agent.outputs.push({ kind: "close", connection: 1 });
		};
		platform.listeners[0]?.arrive();
		equal(platform.tcp[0]?.isOpen, false);
		deepEqual(agent.inputs, ["accepted 1 192.0.2.9"]);
	});

	it("what can't be opened, or needs TLS, is closed", () => {
		const { platform, agent } = started();
		const to = { host: "unreachable", port: 5060 };
		agent.outputs.push(
			{ kind: "connect", connection: 2, transport: "tcp", to },
			{ kind: "connect", connection: 4, transport: "tls", to },
		);
		platform.command("x");
		deepEqual(agent.inputs, ["command x", "closed 2", "closed 4"]);
		deepEqual(platform.codes(), ["connection-failed", "connection-failed"]);
		ok(platform.lines[0]?.includes('"reason":"Error: no route"'));
	});

	it("one that is refused is told of with its reason, one that is lost is not", () => {
		const parts = started();
		connect(parts, 2).fail();
		deepEqual(parts.platform.codes(), ["connection-failed"]);
		ok(parts.platform.lines[0]?.includes('"to":"192.0.2.2:5060"'));
		ok(parts.platform.lines[0]?.includes('"reason":"reset"'));
		const socket = connect(parts, 4);
		socket.writable(100);
		socket.fail();
		equal(parts.platform.lines.length, 1);
		ok(parts.agent.inputs.includes("closed 4"));
	});

	it("bytes wait until the peer takes them, in order", () => {
		const parts = started();
		const socket = connect(parts, 2);
		send(parts, 2, "abcdef");
		equal(socket.sent, "", "before it is up:");
		socket.writable(4);
		equal(socket.sent, "abcd");
		send(parts, 2, "gh");
		equal(socket.sent, "abcd");
		socket.writable(3);
		equal(socket.sent, "abcdefg");
		socket.writable(3);
		equal(socket.sent, "abcdefgh");
		send(parts, 2, "ij");
		equal(socket.sent, "abcdefghij", "two bytes were left:");
	});

	it("a peer that takes nothing is given up at the limit", () => {
		const parts = started();
		const socket = connect(parts, 2);
		socket.writable(0);
		send(parts, 2, "x".repeat(MAXIMUM_QUEUED));
		equal(socket.isOpen, true);
		send(parts, 2, "x");
		equal(socket.isOpen, false);
		equal(parts.agent.inputs.at(-1), "closed 2");
		send(parts, 2, "into the void");
	});

	it("close lets out what was said before, and is not reported", () => {
		const parts = started();
		const socket = connect(parts, 2);
		socket.writable(2);
		send(parts, 2, "bye!");
		parts.agent.outputs.push({ kind: "close", connection: 2 });
		parts.platform.command("close");
		equal(socket.isOpen, true);
		socket.receive("ignored");
		socket.writable(2);
		equal(socket.sent, "bye!");
		equal(socket.isOpen, false);
		deepEqual(parts.agent.inputs.slice(-1), ["command close"]);
	});

	it("long input comes in pieces, and stops when the agent closes", () => {
		const parts = started();
		const socket = connect(parts, 2);
		socket.writable(1);
		parts.agent.react = (input) => {
			if (input.startsWith("received"))
				parts.agent.outputs.push({ kind: "close", connection: 2 });
		};
		socket.receive("y".repeat(10_000));
		equal(parts.agent.inputs.at(-1), `received 2 ${"y".repeat(4_096)}`);
		equal(socket.isOpen, false);
	});

	it("a write that throws closes", () => {
		const parts = started();
		const socket = connect(parts, 2);
		socket.writable(10);
		socket.isOpen = false;
		send(parts, 2, "x");
		equal(parts.agent.inputs.at(-1), "closed 2");
	});

	it("peers hold a bounded number; the quietest makes room", () => {
		const { platform, agent } = started();
		const listener = platform.listeners[0];
		for (let count = 0; count < MAXIMUM_ACCEPTED; count++) listener?.arrive();
		platform.tcp[0]?.receive("alive");
		listener?.arrive();
		deepEqual(agent.inputs.slice(-2), ["closed 3", "accepted 9 192.0.2.9"]);
		equal(platform.tcp[0]?.isOpen, true);
		equal(platform.tcp[1]?.isOpen, false);
	});
});
