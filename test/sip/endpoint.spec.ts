import type { Target } from "../../src/sip/endpoint.js";
import { parseMessage } from "../../src/sip/message.js";
import { EndpointNode } from "../flow/endpoint-node.js";
import { Network, type NetworkOptions } from "../flow/network.js";
import {
	ascii,
	deepEqual,
	describe,
	equal,
	host,
	it,
	ok,
} from "../portable.js";
import { one, outgoing, two } from "./vectors.js";

const udp: Target = { transport: "udp", address: { host: two, port: 5060 } };
const tcp: Target = { transport: "tcp", address: { host: two, port: 5060 } };

function pair(options: NetworkOptions = {}) {
	const network = new Network(options);
	const a = new EndpointNode(one);
	const b = new EndpointNode(two);
	network.add(one, a);
	network.add(two, b);
	return { network, a, b };
}

/** Answers every request with these statuses, one after another. */
function answering(node: EndpointNode, ...statuses: number[]): void {
	node.user = (output, now) => {
		if (output.kind !== "request") return;
		for (const status of statuses)
			node.endpoint.respond(now, output.transaction, { status });
	};
}

const lines = (network: Network) =>
	network.passed.map(({ from, bytes, lost }) => {
		const text = ascii(bytes);
		return `${from === one ? ">" : "<"} ${text.slice(0, text.indexOf("\r\n"))}${lost ? " lost" : ""}`;
	});

describe("sip/endpoint: requests and responses", () => {
	for (const target of [udp, tcp])
		it(`carries a request and its response over ${target.transport}`, () => {
			const { network, a, b } = pair({ split: 7 });
			answering(b, 200);
			const transaction = a.endpoint.request(0, outgoing("OPTIONS"), target, 9);
			network.run(60000);
			deepEqual(b.told, ["OPTIONS"]);
			deepEqual(a.told, ["200"]);
			const [output] = a.outputs;
			ok(output?.kind === "response");
			equal(output.owner, 9);
			equal(output.transaction, transaction);
			equal(output.message.to.tag !== undefined, true);
			deepEqual(a.endpoint.load, { clients: 0, servers: 0 });
			deepEqual(b.endpoint.load, { clients: 0, servers: 0 });
		});

	it("retransmits through loss and gives each message up once", () => {
		for (let seed = 1; seed <= 20; seed++) {
			const { network, a, b } = pair({
				seed,
				loss: 0.3,
				duplication: 0.3,
				jitter: 700,
			});
			answering(b, 200);
			for (let cseq = 1; cseq <= 5; cseq++)
				a.endpoint.request(
					network.now,
					outgoing("MESSAGE", { cseq }),
					udp,
					cseq,
				);
			network.run(100000);
			deepEqual(b.told, new Array(5).fill("MESSAGE"), `seed ${seed}`);
			deepEqual(a.told, new Array(5).fill("200"), `seed ${seed}`);
		}
	});

	it("fails by Timer F when nobody answers", () => {
		const { network, a } = pair();
		network.cut(two);
		a.endpoint.request(0, outgoing("OPTIONS"), udp, 1);
		network.run(60000);
		deepEqual(a.told, ["timeout"]);
		equal(network.passed.length, 11);
	});

	it("moves a request over 1,300 bytes to TCP", () => {
		const { network, a, b } = pair();
		answering(b, 200);
		const body = new Uint8Array(2000).fill(0x61);
		a.endpoint.request(
			0,
			outgoing("NOTIFY", { body, contentType: "text/plain" }),
			udp,
			1,
		);
		network.run(1000);
		deepEqual(a.told, ["200"]);
		equal(
			network.passed.every(({ transport }) => transport === "tcp"),
			true,
		);
		const [output] = b.outputs;
		ok(output?.kind === "request");
		equal(output.message.via.transport, "tcp");
		equal(output.message.body.length, 2000);
	});

	it("goes back to UDP when TCP is refused, and remembers that", () => {
		const { network, a, b } = pair();
		network.listen(two, false);
		answering(b, 200);
		const body = new Uint8Array(2000).fill(0x61);
		a.endpoint.request(0, outgoing("NOTIFY", { body }), udp, 1);
		network.run(1000);
		deepEqual(a.told, ["200"]);
		equal(network.now, 1000);
		a.endpoint.request(
			network.now,
			outgoing("NOTIFY", { body, cseq: 2 }),
			udp,
			2,
		);
		network.run(() => a.told.length === 2);
		// No connection was tried: there and back takes two latencies.
		equal(network.now, 1002);
	});

	it("goes back to UDP when the TCP connection is never made", () => {
		const { network, a, b } = pair();
		answering(b, 200);
		network.cut(two);
		const body = new Uint8Array(2000);
		a.endpoint.request(0, outgoing("NOTIFY", { body }), udp, 1);
		network.at(3000, () => network.cut(two, false));
		network.run(10000);
		deepEqual(a.told, ["200"]);
	});

	it("fails when TCP is refused to a request that asked for TCP", () => {
		const { network, a } = pair();
		network.listen(two, false);
		a.endpoint.request(0, outgoing("OPTIONS"), tcp, 1);
		network.run(1000);
		deepEqual(a.told, ["transport"]);
	});

	it("uses one connection for requests both ways", () => {
		const { network, a, b } = pair();
		answering(a, 200);
		b.user = (output, now) => {
			if (output.kind !== "request") return;
			b.endpoint.respond(now, output.transaction, { status: 200 });
			b.endpoint.request(now, outgoing("NOTIFY"), output.source, 1);
		};
		a.endpoint.request(0, outgoing("SUBSCRIBE"), tcp, 1);
		network.run(1000);
		a.endpoint.request(network.now, outgoing("OPTIONS", { cseq: 2 }), tcp, 2);
		network.run(2000);
		deepEqual(a.told, ["200", "NOTIFY", "200", "NOTIFY"]);
		// One connection: what a accepted would have an odd number.
		const [, second] = a.outputs;
		ok(second?.kind === "request");
		equal(second.source.connection, 2);
	});

	it("fails what waits on a connection that breaks", () => {
		const { network, a, b } = pair();
		a.endpoint.request(0, outgoing("OPTIONS"), tcp, 1);
		network.run(() => b.told.length === 1);
		network.remove(two);
		network.run(10000);
		deepEqual(a.told, ["transport"]);
	});

	it("sends a response over a new connection when the request's is gone", () => {
		const { network, a, b } = pair();
		a.endpoint.request(0, outgoing("INVITE"), tcp, 1);
		network.run(() => b.told.length === 1);
		b.endpoint.closed(network.now, 1);
		const [output] = b.outputs;
		ok(output?.kind === "request");
		b.endpoint.respond(network.now, output.transaction, { status: 486 });
		network.run(network.now + 20);
		equal(a.told.includes("486"), true);
	});

	it("fails everything when the network goes down", () => {
		const { network, a } = pair();
		a.endpoint.request(0, outgoing("OPTIONS"), udp, 1);
		a.endpoint.request(0, outgoing("OPTIONS"), tcp, 2);
		a.endpoint.setLocal(0, undefined);
		a.endpoint.request(0, outgoing("OPTIONS"), udp, 3);
		network.run(100);
		deepEqual(a.told, ["transport", "transport", "transport"]);
		deepEqual(a.endpoint.load, { clients: 0, servers: 0 });
	});

	it("fails a request whose values hold a line break, and throws nothing", () => {
		const { network, a } = pair();
		a.endpoint.request(
			0,
			outgoing("OPTIONS", { from: "<sip:a@x>\r\nX: y" }),
			udp,
			1,
		);
		a.endpoint.request(0, outgoing("OPTIONS", { uri: "sip:a b@x" }), udp, 2);
		network.run(10);
		deepEqual(a.told, ["invalid", "invalid"]);
		equal(network.passed.length, 0);
	});

	it("answers 500 where the user's response can't be written", () => {
		const { network, a, b } = pair();
		b.user = (output, now) => {
			if (output.kind === "request")
				b.endpoint.respond(now, output.transaction, {
					status: 200,
					headers: [["X", "a\r\nb"]],
				});
		};
		a.endpoint.request(0, outgoing("OPTIONS"), udp, 1);
		network.run(100);
		deepEqual(a.told, ["500"]);
	});

	it("closes a connection that was idle for long", () => {
		const { network, a, b } = pair();
		answering(b, 200);
		a.endpoint.request(0, outgoing("OPTIONS"), tcp, 1);
		network.run(7100000);
		equal(a.endpoint.owns(2), true);
		network.run(7300000);
		equal(a.endpoint.owns(2), false);
		equal(b.endpoint.owns(1), false);
		equal(a.endpoint.deadline(), Number.POSITIVE_INFINITY);
	});
});

describe("sip/endpoint: INVITE", () => {
	it("carries provisional and final responses, and ACK for 2xx", () => {
		const { network, a, b } = pair({ jitter: 300, seed: 4 });
		answering(b, 180, 200);
		a.user = (output, now) => {
			if (output.kind === "response" && output.message.status === 200)
				a.endpoint.acknowledge(
					now,
					output.transaction,
					outgoing("ACK", {
						to: `<sip:two@${two}>;tag=${output.message.to.tag}`,
					}),
					udp,
				);
		};
		a.endpoint.request(0, outgoing("INVITE"), udp, 1);
		network.run(100000);
		deepEqual(b.told, ["INVITE", "acknowledge"]);
		equal(a.told[a.told.length - 1], "200");
		deepEqual(b.endpoint.load, { clients: 0, servers: 0 });
	});

	it("repeats a 2xx until its ACK arrives, and the ACK for each 2xx", () => {
		const { network, a, b } = pair();
		answering(b, 200);
		a.user = (output, now) => {
			if (output.kind !== "response") return;
			network.loss = 1;
			a.endpoint.acknowledge(
				now,
				output.transaction,
				outgoing("ACK", {
					to: `<sip:two@${two}>;tag=${output.message.to.tag}`,
				}),
				udp,
			);
			network.at(now + 600, () => {
				network.loss = 0;
			});
		};
		a.endpoint.request(0, outgoing("INVITE"), udp, 1);
		network.run(100000);
		deepEqual(b.told, ["INVITE", "acknowledge"]);
		deepEqual(a.told, ["200"]);
		deepEqual(
			lines(network).filter((line) => line.includes("ACK")),
			[`> ACK sip:two@${two} SIP/2.0 lost`, `> ACK sip:two@${two} SIP/2.0`],
		);
	});

	it("tells its user when a 2xx is never acknowledged", () => {
		const { network, a, b } = pair();
		answering(b, 200);
		a.endpoint.request(0, outgoing("INVITE"), udp, 1);
		network.run(100000);
		deepEqual(b.told, ["INVITE", "timeout"]);
	});

	for (const target of [udp, tcp])
		it(`acknowledges a refusal by itself over ${target.transport}`, () => {
			const { network, a, b } = pair({ loss: 0.3, seed: 5 });
			answering(b, 486);
			a.endpoint.request(0, outgoing("INVITE"), target, 1);
			network.run(100000);
			deepEqual(a.told, ["486"]);
			deepEqual(b.told, ["INVITE"]);
			const ack = network.passed.find(({ bytes }) =>
				ascii(bytes).startsWith("ACK"),
			);
			const invite = network.passed.find(({ bytes }) =>
				ascii(bytes).startsWith("INVITE"),
			);
			ok(ack !== undefined && invite !== undefined);
			const parsed = parseMessage(host(), ack.bytes);
			equal(parsed.via.branch, parseMessage(host(), invite.bytes).via.branch);
			equal(parsed.to.tag === undefined, false);
			deepEqual(parsed.cseq, { number: 1, method: "ACK" });
		});

	it("says 100 for a user that thinks", () => {
		const { network, a } = pair();
		a.endpoint.request(0, outgoing("INVITE"), udp, 1);
		network.run(400);
		deepEqual(a.told, ["100"]);
	});

	it("cancels: at once when ringing, later when nothing has come yet", () => {
		for (const early of [true, false]) {
			const { network, a, b } = pair();
			b.user = (output, now) => {
				if (output.kind === "request")
					b.endpoint.respond(now, output.transaction, { status: 180 });
				else if (output.kind === "cancelled")
					b.endpoint.respond(now, output.transaction, { status: 487 });
			};
			const transaction = a.endpoint.request(0, outgoing("INVITE"), udp, 1);
			if (!early) network.run(100);
			a.endpoint.cancel(network.now, transaction);
			network.run(100000);
			deepEqual(b.told, ["INVITE", "cancelled"]);
			deepEqual(a.told, ["180", "487"]);
			deepEqual(a.endpoint.load, { clients: 0, servers: 0 });
			deepEqual(b.endpoint.load, { clients: 0, servers: 0 });
		}
	});

	it("has no effect to cancel what has its final response", () => {
		const { network, a, b } = pair();
		answering(b, 486);
		const transaction = a.endpoint.request(0, outgoing("INVITE"), udp, 1);
		network.run(100);
		a.endpoint.cancel(100, transaction);
		network.run(200);
		deepEqual(
			lines(network).filter((line) => line.includes("CANCEL")),
			[],
		);
	});
});
