import type { DeliveryOutput } from "../src/delivery.js";
import type { CredentialSource } from "../src/sip/authentication.js";
import { Challenger } from "../src/sip/authentication.js";
import { Header } from "../src/sip/header.js";
import type { OutgoingRequest } from "../src/sip/writer.js";
import { answer, type Entry, question } from "./dns/packet.js";
import { AnsweringNode, ClientNode } from "./event/nodes.js";
import { Network, type NetworkOptions } from "./flow/network.js";
import { deepEqual, describe, equal, host, it, ok } from "./portable.js";

const client = "192.0.2.1";
const names = "192.0.2.53";

function request(uri: string, over: Partial<OutgoingRequest> = {}) {
	const made: OutgoingRequest = {
		method: "OPTIONS",
		uri,
		route: [],
		from: "<sip:phone@example.com>;tag=a",
		to: `<${uri}>`,
		callId: "call",
		cseq: 1,
		headers: [],
		...over,
	};
	return made;
}

/** A client at `client`, with a name server that knows `zone`. */
function scene(options: NetworkOptions = {}, zone: readonly Entry[] = []) {
	const network = new Network(options);
	const node = new ClientNode(client);
	node.resolver.setServers(0, [{ host: names, port: 53 }]);
	network.add(client, node);
	network.serve(names, 53, (query) => {
		const { name, type } = question(query);
		const answers = zone.filter(
			(each) => each.name === name && each.data[0] === type,
		);
		return answer(query, { answers });
	});
	const server = (
		address: string,
		respond: AnsweringNode["answer"] = () => ({ status: 200 }),
	) => {
		const made = new AnsweringNode(address, respond);
		network.add(address, made);
		return made;
	};
	const send = (
		uri: string,
		over: Partial<OutgoingRequest> = {},
		sendOptions = {},
	) => {
		const made = request(uri, over);
		const id = node.delivery.send(network.now, made, 7, sendOptions);
		network.drain(client);
		return { id, request: made };
	};
	/** Runs until the final result. */
	const result = (): Extract<
		DeliveryOutput,
		{ kind: "response" | "failure" }
	> => {
		let found:
			| Extract<DeliveryOutput, { kind: "response" | "failure" }>
			| undefined;
		network.run(() => {
			for (const output of node.handled.splice(0))
				if (
					output.kind === "failure" ||
					(output.kind === "response" && output.message.status >= 200)
				)
					found = output;
			return found !== undefined;
		});
		if (found === undefined) throw new Error("no result");
		return found;
	};
	const status = () => {
		const last = result();
		return last.kind === "response" ? last.message.status : last.reason;
	};
	return { network, node, server, send, result, status };
}

const zone: readonly Entry[] = [
	{
		name: "_sip._udp.example.com",
		data: ["SRV", 1, 0, 5060, "a.example.com"],
	},
	{
		name: "_sip._udp.example.com",
		data: ["SRV", 2, 0, 5060, "b.example.com"],
	},
	{ name: "a.example.com", data: ["A", "192.0.2.10"] },
	{ name: "b.example.com", data: ["A", "192.0.2.11"] },
];

describe("delivery", () => {
	it("gives up what is under way when the network goes, and tries nobody else in the next one", () => {
		const { network, node, server, send } = scene({}, zone);
		const a = server("192.0.2.10", () => undefined);
		const b = server("192.0.2.11");
		send("sip:example.com");
		network.run(1_000);
		ok(a.requests.length > 0);
		// Still waits for DNS.
		send("sip:other.example");
		node.delivery.disconnect(network.now);
		const local = { host: client, port: 5060 };
		node.endpoint.setLocal(network.now, local, local);
		network.drain(client);
		deepEqual(
			node.handled.map((output) => output.kind === "failure" && output.reason),
			["transport", "transport"],
		);
		network.run(40_000);
		equal(b.requests.length, 0);
		equal(node.handled.length, 2);
		// And nobody is avoided for it.
		send("sip:example.com");
		network.run(41_000);
		equal(b.requests.length, 0);
	});

	it("sends to a numeric address without asking DNS", () => {
		const { network, server, send, result } = scene();
		server("192.0.2.10");
		const { id } = send("sip:bob@192.0.2.10");
		const last = result();
		ok(last.kind === "response");
		equal(last.message.status, 200);
		equal(last.owner, 7);
		equal(last.id, id);
		equal(last.target?.address.host, "192.0.2.10");
		ok(network.passed.every(({ to }) => to !== names));
	});

	it("sends to the next hop, else the Route, else the Request-URI", () => {
		const { server, send, status } = scene();
		const hop = server("192.0.2.10");
		const route = server("192.0.2.11");
		const target = server("192.0.2.12");
		const count = () =>
			[hop, route, target].map(({ requests }) => requests.length);
		const over = { route: ["<sip:192.0.2.11;lr>"] };
		send("sip:bob@192.0.2.12");
		equal(status(), 200);
		deepEqual(count(), [0, 0, 1]);
		send("sip:bob@192.0.2.12", over);
		equal(status(), 200);
		deepEqual(count(), [0, 1, 1]);
		send("sip:bob@192.0.2.12", { ...over, nextHop: "sip:192.0.2.10" });
		equal(status(), 200);
		deepEqual(count(), [1, 1, 1]);
		equal(hop.requests[0]?.uriText, "sip:bob@192.0.2.12");
	});

	it("passes provisional responses on", () => {
		const { network, node, server, send } = scene();
		const peer = server("192.0.2.10", () => undefined);
		send("sip:bob@192.0.2.10", { method: "INVITE" });
		network.run(100);
		ok(peer.requests.length > 0);
		ok(
			node.handled.every(
				(output) => output.kind !== "response" || output.message.status < 200,
			),
		);
	});

	it("goes on to the second SRV target when the first is silent, with a new branch", () => {
		const { network, server, send, status } = scene({}, zone);
		const second = server("192.0.2.11");
		send("sip:bob@example.com");
		equal(status(), 200);
		ok(network.now >= 32_000 && network.now < 33_000, `${network.now}`);
		equal(second.requests.length, 1);
		const branches = new Set<string>();
		for (const { to, bytes } of network.passed)
			if (to === "192.0.2.10" || to === "192.0.2.11") {
				const text = host().text(bytes, 0, bytes.length);
				branches.add(
					text.slice(text.indexOf("branch="), text.indexOf("\r\nMax")),
				);
			}
		equal(branches.size, 2);
	});

	it("does not wait for a silent target twice", () => {
		const { network, server, send, status } = scene({}, zone);
		const second = server("192.0.2.11");
		send("sip:bob@example.com");
		equal(status(), 200);
		const before = network.now;
		send("sip:bob@example.com", { callId: "next" });
		equal(status(), 200);
		ok(network.now - before < 100);
		equal(second.requests.length, 2);
		// After a while the first one is the first again.
		const first = server("192.0.2.10");
		network.run(network.now + 40_000);
		send("sip:bob@example.com", { callId: "later" });
		equal(status(), 200);
		equal(first.requests.length, 1);
	});

	it("goes on at 503, and leaves that server alone as long as Retry-After says", () => {
		const { network, server, send, status } = scene({}, zone);
		const first = server("192.0.2.10", () => ({
			status: 503,
			headers: [["Retry-After", "60"]],
		}));
		server("192.0.2.11");
		send("sip:bob@example.com");
		equal(status(), 200);
		send("sip:bob@example.com", { callId: "two" });
		equal(status(), 200);
		equal(first.requests.length, 1);
		network.run(61_000);
		send("sip:bob@example.com", { callId: "three" });
		equal(status(), 200);
		equal(first.requests.length, 2);
	});

	it("gives the 503 with its Retry-After up when there is nobody else", () => {
		const { server, send, result } = scene();
		server("192.0.2.10", () => ({
			status: 503,
			headers: [["Retry-After", "60"]],
		}));
		send("sip:bob@192.0.2.10");
		const last = result();
		ok(last.kind === "response");
		equal(last.message.retryAfter, 60);
	});

	it("says why nobody answered", () => {
		const { send, status } = scene();
		send("sip:bob@nowhere.example");
		equal(status(), "unknown-host");
		send("sip:bob@192.0.2.99");
		equal(status(), "timeout");
		send("sip:bob@192.0.2.99;transport=tcp");
		equal(status(), "transport");
		send("mailto:bob@example.com");
		equal(status(), "invalid");
		send("sip:bob@192.0.2.99", { headers: [["Subject", "a\r\nb"]] });
		equal(status(), "invalid");
	});

	it("survives loss, duplication and disorder", () => {
		const { server, send, status } = scene(
			{ loss: 0.3, duplication: 0.3, jitter: 300, seed: 5 },
			zone,
		);
		const first = server("192.0.2.10");
		for (let each = 0; each < 20; each++) {
			send("sip:bob@example.com", { callId: `${each}` });
			equal(status(), 200);
		}
		equal(first.requests.length, 20);
	});

	it("bears 2 s of delay", () => {
		const { server, send, status } = scene({ latency: 2000 }, zone);
		const first = server("192.0.2.10");
		send("sip:bob@example.com");
		equal(status(), 200);
		equal(first.requests.length, 1);
	});
});

describe("delivery answers challenges", () => {
	const credentials: CredentialSource = {
		find: (realm) =>
			realm === "example.com"
				? { user: "phone", password: "secret" }
				: undefined,
	};

	/** A server that wants digest credentials of `realm`. */
	function guarded(realm = "example.com", password = "secret") {
		const made = scene();
		const challenger = new Challenger(host(), { realm });
		const server = made.server("192.0.2.10", (message) => {
			const verdict = challenger.verify(made.network.now, message, (user) => ({
				user,
				password,
			}));
			return verdict.kind === "accepted"
				? { status: 200 }
				: {
						status: 401,
						headers: challenger.challenge(
							made.network.now,
							verdict.kind === "challenge" && verdict.stale,
						),
					};
		});
		return { ...made, server };
	}

	it("with the request's credentials, CSeq counted on", () => {
		const { server, send, status } = guarded();
		const { request: sent } = send("sip:bob@192.0.2.10", { credentials });
		equal(status(), 200);
		equal(sent.cseq, 2);
		deepEqual(
			server.requests.map(({ cseq }) => cseq.number),
			[1, 2],
		);
		equal(server.requests[1]?.callId, "call");
	});

	it("and tells what went along, for an ACK, whether it was asked for it or not", () => {
		const { server, send, result } = guarded();
		for (const callId of ["one", "two"]) {
			send("sip:bob@192.0.2.10", { callId, credentials });
			const last = result();
			ok(last.kind === "response");
			equal(
				last.authorization[0]?.[1],
				server.requests.at(-1)?.header(Header.Authorization),
			);
		}
	});

	it("not when it has none for the realm, nor when they are wrong twice", () => {
		const other = guarded("elsewhere.example");
		other.send("sip:bob@192.0.2.10", { credentials });
		equal(other.status(), 401);
		equal(other.server.requests.length, 1);
		const wrong = guarded("example.com", "different");
		wrong.send("sip:bob@192.0.2.10", { credentials });
		equal(wrong.status(), 401);
		equal(wrong.server.requests.length, 2);
	});

	it("never without TLS when it must not, and says so", () => {
		const { server, send, result } = guarded();
		send("sip:bob@192.0.2.10", { credentials }, { secureOnly: true });
		const last = result();
		ok(last.kind === "failure");
		equal(last.reason, "challenge-insecure");
		equal(last.message?.status, 401);
		equal(server.requests.length, 1);
	});

	it("ahead of the challenge, when the server has shown one before", () => {
		const { server, send, status } = guarded();
		send("sip:bob@192.0.2.10", { credentials });
		equal(status(), 200);
		const { request: sent } = send("sip:bob@192.0.2.10", {
			callId: "two",
			credentials: { ...credentials },
		});
		equal(status(), 200);
		equal(sent.cseq, 1);
		equal(server.requests.length, 3);
	});

	it("of two requests at once, each for itself", () => {
		const { network, node, send } = guarded();
		send("sip:bob@192.0.2.10", { credentials });
		send("sip:bob@192.0.2.10", { callId: "two", credentials });
		send("sip:bob@192.0.2.10", { callId: "three", credentials });
		network.run(1000);
		deepEqual(
			node.handled.map((output) =>
				output.kind === "response" ? output.message.status : output.kind,
			),
			[200, 200, 200],
		);
	});

	it("again when the nonce has become stale", () => {
		const { network, server, send, status } = guarded();
		send("sip:bob@192.0.2.10", { credentials });
		equal(status(), 200);
		network.run(network.now + 86_400_000);
		send("sip:bob@192.0.2.10", { callId: "two", credentials });
		equal(status(), 200);
		ok(server.requests.length <= 4);
	});

	it("never shows one server what another has asked for", () => {
		const { server, send, status, network } = guarded();
		const other = new AnsweringNode("192.0.2.20", () => ({ status: 200 }));
		network.add("192.0.2.20", other);
		send("sip:bob@192.0.2.10", { credentials });
		equal(status(), 200);
		send("sip:bob@192.0.2.20", { credentials });
		equal(status(), 200);
		equal(server.requests[1]?.has(Header.Authorization), true);
		equal(other.requests[0]?.has(Header.Authorization), false);
	});
});
