import { HookswitchError } from "../../src/errors.js";
import type { EndpointOutput } from "../../src/sip/endpoint.js";
import { SipEndpoint } from "../../src/sip/endpoint.js";
import { parseMessage } from "../../src/sip/message.js";
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
import {
	notify,
	ok as okResponse,
	outgoing,
	register,
	sip,
	two,
} from "./vectors.js";

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

describe("sip/endpoint: input", () => {
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

	it("is not shut by INVITEs that it refused and nobody acknowledges", () => {
		const { endpoint, give, drain } = alone({ limits: { transactions: 3 } });
		for (let at = 0; at < 9; at++) {
			const invite = request
				.replaceAll("MESSAGE", "INVITE")
				.replace("z9hG4bKx", `z9hG4bKx${at}`);
			const [output] = give(invite);
			ok(output?.kind === "request", `${at}`);
			endpoint.respond(0, output.transaction, { status: 403 });
			deepEqual(statuses(drain()), ["403"]);
		}
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
