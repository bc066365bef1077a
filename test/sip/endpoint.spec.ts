import { HookswitchError } from "../../src/errors.js";
import type { EndpointOutput, Target } from "../../src/sip/endpoint.js";
import { SipEndpoint } from "../../src/sip/endpoint.js";
import { parseMessage } from "../../src/sip/message.js";
import type { OutgoingRequest } from "../../src/sip/writer.js";
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
	utf8,
} from "../portable.js";
import { notify, ok as okResponse, register, sip } from "./vectors.js";

const one = "192.0.2.1";
const two = "192.0.2.2";

function outgoing(
	method: string,
	change: Partial<OutgoingRequest> = {},
): OutgoingRequest {
	return {
		method,
		uri: `sip:two@${two}`,
		route: [],
		from: `"One" <sip:one@${one}>;tag=one`,
		to: `<sip:two@${two}>`,
		callId: "call",
		cseq: 1,
		headers: [],
		...change,
	};
}

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

/** One endpoint alone: what it sends for a datagram, and what it tells. */
function alone(options: ConstructorParameters<typeof SipEndpoint>[1] = {}) {
	const endpoint = new SipEndpoint(host(), { trace: false, ...options });
	endpoint.setLocal(0, { host: two, port: 5060 });
	const drain = (): EndpointOutput[] => {
		const outputs: EndpointOutput[] = [];
		for (let each = endpoint.next(); each !== undefined; each = endpoint.next())
			outputs.push(each);
		return outputs;
	};
	const give = (text: string | Uint8Array, port = 5060) => {
		endpoint.datagram(0, typeof text === "string" ? utf8(text) : text, {
			host: "203.0.113.9",
			port,
		});
		return drain();
	};
	return { endpoint, give, drain };
}

/** The statuses of responses among outputs. */
const statuses = (outputs: readonly EndpointOutput[]) =>
	outputs.flatMap((output) => {
		if (output.kind !== "datagram" && output.kind !== "send") return [];
		return [ascii(output.bytes).slice(8, 11)];
	});
const kinds = (outputs: readonly EndpointOutput[]) =>
	outputs.map(({ kind }) => kind);

describe("sip/endpoint: bad input", () => {
	const request = sip([
		"MESSAGE sip:two@x SIP/2.0",
		"Via: SIP/2.0/UDP 198.51.100.1:5099;branch=z9hG4bKx;rport",
		"From: <sip:a@x>;tag=1",
		"To: <sip:b@x>",
		"Call-ID: c",
		"CSeq: 1 MESSAGE",
		"Content-Length: 0",
	]);

	it("answers to the source with received and rport", () => {
		const { endpoint, give, drain } = alone();
		const [output] = give(request, 9999);
		ok(output?.kind === "request");
		endpoint.respond(0, output.transaction, { status: 200 });
		const [sent] = drain();
		ok(sent?.kind === "datagram");
		deepEqual(sent.to, { host: "203.0.113.9", port: 9999 });
		equal(
			ascii(sent.bytes).includes(
				"Via: SIP/2.0/UDP 198.51.100.1:5099;branch=z9hG4bKx;rport=9999;received=203.0.113.9\r\n",
			),
			true,
		);
	});

	it("answers to sent-by's port when rport was not asked for", () => {
		const { endpoint, give, drain } = alone();
		const [output] = give(request.replace(";rport", ""), 9999);
		ok(output?.kind === "request");
		endpoint.respond(0, output.transaction, { status: 200 });
		const [sent] = drain();
		ok(sent?.kind === "datagram");
		deepEqual(sent.to, { host: "203.0.113.9", port: 5099 });
	});

	it("answers 400 with what a response needs, and tells of it", () => {
		const { give } = alone();
		const outputs = give(request.replace("CSeq: 1 MESSAGE", "CSeq: 1 INVITE"));
		deepEqual(kinds(outputs), ["malformed", "datagram"]);
		const [, sent] = outputs;
		ok(sent?.kind === "datagram");
		const response = parseMessage(
			host(),
			utf8(ascii(sent.bytes).replace("CSeq: 1 INVITE", "CSeq: 1 X")),
		);
		equal(response.status, 400);
		equal(response.callId, "c");
		equal(response.from.tag, "1");
		equal(response.to.tag === undefined, false);
	});

	for (const [name, from, to, status] of [
		["another version", "SIP/2.0\r\nV", "SIP/3.0\r\nV", "505"],
		["no Call-ID", "Call-ID: c\r\n", "", "400"],
		["a bad Via", ";rport", ";;rport", "400"],
	] as const)
		it(`answers ${status} to ${name}`, () => {
			const { give } = alone();
			deepEqual(statuses(give(request.replace(from, to))), [status]);
		});

	for (const [name, text] of [
		["text that is not SIP", "GET / HTTP/1.1\r\n\r\n"],
		[
			"an ACK that is malformed",
			request.replaceAll("MESSAGE", "ACK").replace("Call-ID: c", "Call-ID:"),
		],
		[
			"a response that is malformed",
			okResponse.replace("1826 INVITE", "9999999999 INVITE"),
		],
		[
			"a request without Via",
			request.replace(/Via.*\r\n/, "").replace("Call-ID: c", "Call-ID:"),
		],
		["the beginning of a message", "MESSAGE sip:two@x"],
	] as const)
		it(`is silent to ${name}`, () => {
			const { give } = alone();
			const outputs = give(text);
			deepEqual(kinds(outputs), ["malformed"]);
		});

	it("is silent to keepalives", () => {
		const { give } = alone();
		deepEqual(give("\r\n\r\n"), []);
		deepEqual(give(new Uint8Array([0])), []);
	});

	it("takes 64 KB of anything", () => {
		const { give } = alone();
		for (const byte of [
			0, 0x0a, 0x20, 0x22, 0x2c, 0x3a, 0x3b, 0x41, 0x5c, 0xff,
		]) {
			deepEqual(kinds(give(new Uint8Array(65507).fill(byte))), ["malformed"]);
			const begun = new Uint8Array(65507).fill(byte);
			begun.set(utf8(request.slice(0, request.indexOf("\r\nContent") + 2)));
			give(begun);
		}
	});

	it("ignores responses that nothing asked for", () => {
		const { endpoint, give, drain } = alone();
		deepEqual(kinds(give(okResponse)), ["malformed"]);
		endpoint.request(
			0,
			outgoing("OPTIONS"),
			{ transport: "udp", address: { host: "203.0.113.9", port: 5060 } },
			1,
		);
		const [sent] = drain();
		ok(sent?.kind === "datagram");
		const { via } = parseMessage(host(), sent.bytes);
		const response = (branch: string, by: string, cseq: string, more = "") =>
			sip([
				"SIP/2.0 200 OK",
				`Via: SIP/2.0/UDP ${by}:5060;branch=${branch}`,
				...(more === "" ? [] : [more]),
				"From: <sip:a@x>;tag=one",
				"To: <sip:b@x>;tag=two",
				"Call-ID: call",
				`CSeq: ${cseq}`,
				"Content-Length: 0",
			]);
		const branch = via.branch ?? "";
		for (const [name, text] of [
			["another branch", response(`${branch}x`, two, "1 OPTIONS")],
			["another sent-by", response(branch, "255.255.255.255", "1 OPTIONS")],
			["another CSeq number", response(branch, two, "2 OPTIONS")],
			["another method", response(branch, two, "1 INVITE")],
			["two Vias", response(branch, two, "1 OPTIONS", "Via: SIP/2.0/UDP z")],
		] as const)
			deepEqual(kinds(give(text)), ["malformed"], name);
		const good = utf8(response(branch, two, "1 OPTIONS"));
		endpoint.datagram(0, good, { host: "198.51.100.66", port: 5060 });
		deepEqual(kinds(drain()), ["malformed"], "another source");
		deepEqual(kinds(give(good)), ["response"]);
		deepEqual(kinds(give(good)), [], "a repetition");
	});

	it("absorbs repetitions of a request and repeats its response", () => {
		const { endpoint, give, drain } = alone();
		const [output] = give(request);
		ok(output?.kind === "request");
		deepEqual(give(request), []);
		endpoint.respond(0, output.transaction, { status: 404 });
		const [first] = drain();
		const [second] = give(request);
		deepEqual(second, first);
	});

	it("tells requests of RFC 2543 clients apart without a branch", () => {
		const { give } = alone();
		for (const branch of ["", ";branch=1", ";branch=z9hG4bK"]) {
			const old = request.replace(";branch=z9hG4bKx", branch);
			deepEqual(kinds(give(old)), ["request"], branch);
			deepEqual(kinds(give(old)), [], branch);
			deepEqual(kinds(give(old.replace("CSeq: 1", "CSeq: 2"))), ["request"]);
		}
	});

	it("answers 481 to a CANCEL of nothing", () => {
		const { give } = alone();
		deepEqual(statuses(give(request.replaceAll("MESSAGE", "CANCEL"))), ["481"]);
	});

	it("drops an ACK of nothing", () => {
		const { give } = alone();
		deepEqual(give(request.replaceAll("MESSAGE", "ACK")), []);
	});

	it("answers 503 with Retry-After when its table is full, and drops what is harmless first", () => {
		const { endpoint, give, drain } = alone({ limits: { transactions: 3 } });
		const numbered = (at: number) =>
			request.replace("z9hG4bKx", `z9hG4bKx${at}`);
		const ids: number[] = [];
		for (let at = 0; at < 3; at++) {
			const [output] = give(numbered(at));
			ok(output?.kind === "request");
			ids.push(output.transaction);
		}
		const refused = give(numbered(3));
		deepEqual(statuses(refused), ["503"]);
		ok(refused[0]?.kind === "datagram");
		equal(ascii(refused[0].bytes).includes("Retry-After: "), true);
		endpoint.respond(0, ids[1] ?? 0, { status: 200 });
		drain();
		deepEqual(kinds(give(numbered(4))), ["request"]);
		deepEqual(endpoint.load, { clients: 0, servers: 3 });
	});

	it("answers a stream that can't be followed with 400, and closes it", () => {
		const { endpoint, drain } = alone();
		endpoint.accepted(0, 1, { host: "203.0.113.9", port: 1234 });
		endpoint.received(
			0,
			1,
			utf8(register.replace("Content-Length: 0\r\n", "")),
		);
		const outputs = drain();
		deepEqual(kinds(outputs), ["malformed", "send", "close"]);
		deepEqual(statuses(outputs), ["400"]);
		endpoint.received(0, 1, utf8(register));
		deepEqual(drain(), []);
	});

	it("answers a ping with a pong", () => {
		const { endpoint, drain } = alone();
		endpoint.accepted(0, 1, { host: "203.0.113.9", port: 1234 });
		endpoint.received(0, 1, utf8("\r\n\r\n"));
		const [pong] = drain();
		ok(pong?.kind === "send");
		equal(ascii(pong.bytes), "\r\n");
	});

	it("closes a connection whose message stays a fragment", () => {
		const { endpoint, drain } = alone();
		endpoint.accepted(0, 1, { host: "203.0.113.9", port: 1234 });
		endpoint.received(0, 1, utf8(notify.slice(0, 100)));
		while (endpoint.deadline() < 100000) endpoint.timeout(endpoint.deadline());
		deepEqual(kinds(drain()), ["close"]);
	});

	it("answers 513 to a message beyond its limit", () => {
		const { endpoint, give, drain } = alone({ limits: { message: 500 } });
		const large = `${request.replace("Length: 0", "Length: 600")}${"x".repeat(600)}`;
		deepEqual(statuses(give(large)), ["513"]);
		endpoint.accepted(0, 1, { host: "203.0.113.9", port: 1 });
		endpoint.received(0, 1, utf8(large.slice(0, 400)));
		const outputs = drain();
		deepEqual(statuses(outputs), ["513"]);
		deepEqual(kinds(outputs), ["malformed", "send", "close"]);
	});

	it("closes the connection that makes unfinished messages hold too much", () => {
		const { endpoint, drain } = alone({ limits: { waiting: 900 } });
		const part = utf8(
			`${request.replace("Length: 0", "Length: 600")}${"x".repeat(200)}`,
		);
		for (const id of [1, 3, 5]) {
			endpoint.accepted(0, id, { host: "203.0.113.9", port: id });
			endpoint.received(0, id, part.slice());
		}
		deepEqual(kinds(drain()), ["malformed", "close"]);
		equal(endpoint.owns(1), true);
		equal(endpoint.owns(5), false);
		// What was finished is not counted any more.
		endpoint.received(0, 1, utf8("x".repeat(400)));
		deepEqual(kinds(drain()), ["request"]);
		endpoint.accepted(0, 7, { host: "203.0.113.9", port: 7 });
		endpoint.received(0, 7, part.slice());
		deepEqual(drain(), []);
	});

	it("has a limit for connections: the one idle longest makes room", () => {
		const { endpoint, drain } = alone({ limits: { connections: 2 } });
		for (const [now, id] of [
			[0, 1],
			[10, 3],
			[20, 5],
		] as const)
			endpoint.accepted(now, id, { host: "203.0.113.9", port: id });
		const outputs = drain();
		deepEqual(outputs, [{ kind: "close", connection: 1 }]);
	});

	it("errors are HookswitchErrors with a place", () => {
		try {
			parseMessage(host(), utf8(request.replace("CSeq: 1", "CSeq: x")));
		} catch (error) {
			ok(error instanceof HookswitchError);
			equal(request.indexOf("1 MESSAGE"), error.at);
			return;
		}
		ok(false);
	});
});
