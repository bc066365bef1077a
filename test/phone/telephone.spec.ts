import type { CallerKey } from "../../src/access/key.js";
import type { AccessList, Decision } from "../../src/access/list.js";
import type { CallOutput } from "../../src/phone/call.js";
import {
	type CallBehaviour,
	Telephone,
	type TelephoneAccount,
	type TelephoneSettings,
} from "../../src/phone/telephone.js";
import { type Message, parseMessage } from "../../src/sip/message.js";
import { parseUriText } from "../../src/sip/uri.js";
import type {
	OutgoingRequest,
	OutgoingResponse,
} from "../../src/sip/writer.js";
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

const SERVER = "192.0.2.1";
const SOURCE = {
	transport: "udp",
	address: { host: SERVER, port: 5060 },
} as const;
const STRANGER = {
	transport: "udp",
	address: { host: "203.0.113.9", port: 5060 },
} as const;
const OFFER =
	"v=0\r\no=- 1 1 IN IP4 192.0.2.4\r\ns=-\r\nc=IN IP4 192.0.2.4\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n";

const BEHAVIOUR: CallBehaviour = {
	doNotDisturb: false,
	waiting: true,
	autoAnswer: "never",
	autoAnswerDelay: 0,
	ringTime: 180,
	forwardAlways: undefined,
	forwardBusy: undefined,
	forwardNoAnswer: undefined,
	noAnswerTime: 20,
	emergencyNumbers: ["112"],
	emergencyWindow: 1800,
};

/** A list of one rule: what this address may do. */
function listOf(address: string, contact: Decision["contact"]): AccessList {
	return {
		for: "sip:alice@example.com",
		version: "1",
		size: 1,
		decide(
			caller: CallerKey | undefined,
			before: Decision,
			circumstances?: { emergencyCallBack?: boolean },
		) {
			if (circumstances?.emergencyCallBack)
				return { ...before, contact: "allow" };
			return caller?.address === address ? { ...before, contact } : before;
		},
	} as unknown as AccessList;
}

interface Wanted {
	readonly call?: Partial<CallBehaviour>;
	readonly account?: Partial<TelephoneAccount>;
	readonly settings?: Partial<TelephoneSettings>;
}

/** A telephone without a network: requests go in as text, outputs are kept. */
class Bench {
	readonly telephone: Telephone;
	now = 0;
	outputs: CallOutput[] = [];
	#transaction = 0;

	constructor(wanted: Wanted = {}) {
		this.telephone = new Telephone(host(), {
			firstOwner: 1000,
			address: () => "192.0.2.9",
			contact: (user, transport) =>
				`sip:${user}@192.0.2.9:5060;transport=${transport}`,
			serves: (address) => address === SERVER,
		});
		this.configure(wanted);
	}

	configure({ call, account, settings }: Wanted): void {
		this.telephone.configure({
			accounts: [
				{
					aor: "sip:alice@example.com",
					uri: parseUriText(host(), "sip:alice@example.com"),
					displayName: "Alice",
					call: { ...BEHAVIOUR, ...call },
					audio: true,
					mostCalls: 2,
					before: { presence: "block", contact: "allow" },
					list: () => listOf("mallory@example.net", "block"),
					voicemail: undefined,
					credentials: { find: () => undefined },
					transport: "tcp",
					registrar: "sip:reg.example.com",
					route: () => [],
					hasLine: (line) => line === "k7",
					...account,
				},
			],
			codecs: ["PCMA", "PCMU"],
			ptime: 20,
			ports: { first: 10_000, last: 10_003 },
			events: true,
			directCalls: false,
			trustFrom: false,
			...settings,
		});
	}

	drain(): CallOutput[] {
		const drained: CallOutput[] = [];
		for (;;) {
			const output = this.telephone.next();
			if (output === undefined) break;
			drained.push(output);
		}
		this.outputs.push(...drained);
		return drained;
	}

	/** Gives the transaction; the answers are in `outputs`. */
	request(
		text: string,
		source: typeof SOURCE | typeof STRANGER = SOURCE,
	): number {
		const transaction = ++this.#transaction;
		this.telephone.request(
			this.now,
			transaction,
			parseMessage(host(), utf8(text)),
			source,
		);
		this.drain();
		return transaction;
	}

	advance(milliseconds: number): void {
		this.now += milliseconds;
		if (this.telephone.deadline() <= this.now) this.telephone.timeout(this.now);
		this.drain();
	}

	responses(transaction: number): OutgoingResponse[] {
		const found: OutgoingResponse[] = [];
		for (const output of this.outputs)
			if (output.kind === "respond" && output.transaction === transaction)
				found.push(output.response);
		return found;
	}

	statuses(transaction: number): number[] {
		return this.responses(transaction).map((response) => response.status);
	}

	/** The final status of an INVITE like this. */
	refused(message: string, source?: typeof SOURCE | typeof STRANGER): number {
		const statuses = this.statuses(this.request(message, source));
		equal(statuses.length, 1, statuses.join());
		return statuses[0] ?? 0;
	}

	sent(): OutgoingRequest[] {
		const found: OutgoingRequest[] = [];
		for (const output of this.outputs)
			if (output.kind === "send") found.push(output.request);
		return found;
	}

	events(): string[] {
		const found: string[] = [];
		for (const output of this.outputs)
			if (output.kind === "event") found.push(output.code);
		return found;
	}
	event(code: string): Record<string, unknown> | undefined {
		for (const output of this.outputs)
			if (output.kind === "event" && output.code === code) return output.data;
		return undefined;
	}
}

interface Parts {
	readonly method?: string;
	readonly uri?: string;
	readonly from?: string;
	readonly to?: string;
	readonly headers?: string;
	readonly body?: string;
	readonly cseq?: number;
	readonly contact?: string;
	readonly callId?: string;
}

function text({
	method = "INVITE",
	uri = "sip:alice@192.0.2.9:5060;line=k7",
	from = "<sip:bob@example.com>;tag=b",
	to = "<sip:alice@example.com>",
	headers = "P-Asserted-Identity: <sip:bob@example.com>\r\n",
	body = OFFER,
	cseq = 1,
	contact = "Contact: <sip:bob@192.0.2.4>\r\n",
	callId = "c1",
}: Parts = {}): string {
	const type = body === "" ? "" : "Content-Type: application/sdp\r\n";
	return `${method} ${uri} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK${cseq}${method}${callId}\r\nMax-Forwards: 70\r\nFrom: ${from}\r\nTo: ${to}\r\nCall-ID: ${callId}\r\nCSeq: ${cseq} ${method}\r\n${contact}${headers}${type}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** The same inside the dialog that `bench` answered. */
function inside(bench: Bench, method: string, cseq: number, body = ""): string {
	const tag = bench.responses(1)[0]?.toTag;
	return text({
		method,
		cseq,
		body,
		to: `<sip:alice@example.com>;tag=${tag}`,
	});
}

function message(content: string): Message {
	return parseMessage(host(), utf8(content));
}

describe("a call that comes in", () => {
	it("rings, is answered by hand, and is up with the ACK", () => {
		const bench = new Bench();
		const transaction = bench.request(text());
		deepEqual(bench.statuses(transaction), [180]);
		deepEqual(bench.event("call-incoming"), { from: "sip:bob@example.com" });
		bench.telephone.answer();
		bench.drain();
		deepEqual(bench.statuses(transaction), [180, 200]);
		const [ringing, answered] = bench.responses(transaction);
		equal(answered?.toTag, ringing?.toTag);
		equal(answered?.contact, "<sip:alice@192.0.2.9:5060;transport=udp>");
		ok(
			answered?.body &&
				ascii(answered.body).includes("m=audio 10000 RTP/AVP 8\r\n"),
		);
		deepEqual(bench.events(), ["call-incoming"]);
		bench.telephone.acknowledged(transaction, message(inside(bench, "ACK", 1)));
		bench.drain();
		deepEqual(bench.event("call-up"), { with: "sip:bob@example.com" });
		const bye = bench.request(inside(bench, "BYE", 2));
		deepEqual(bench.statuses(bye), [200]);
		deepEqual(bench.event("call-ended"), {
			with: "sip:bob@example.com",
			reason: "peer-hung-up",
		});
		equal(bench.telephone.busy, false);
	});

	it("is answered by itself at once, or after the delay of the settings", () => {
		const at = new Bench({ call: { autoAnswer: "always" } });
		deepEqual(at.statuses(at.request(text())), [180, 200]);
		const later = new Bench({
			call: { autoAnswer: "always", autoAnswerDelay: 700 },
		});
		const transaction = later.request(text());
		later.advance(699);
		deepEqual(later.statuses(transaction), [180]);
		later.advance(1);
		deepEqual(later.statuses(transaction), [180, 200]);
	});

	it("is answered when the caller asks for it only where the settings say so", () => {
		const headers = "Answer-Mode: Auto\r\n";
		const asked = new Bench({ call: { autoAnswer: "asked" } });
		deepEqual(asked.statuses(asked.request(text({ headers }))), [180, 200]);
		equal(asked.statuses(asked.request(text({ callId: "c2" }))).join(), "180");
		const never = new Bench();
		deepEqual(never.statuses(never.request(text({ headers }))), [180]);
	});

	it("is not answered by itself when the list wants a person to confirm", () => {
		const bench = new Bench({
			call: { autoAnswer: "always" },
			account: { list: () => listOf("bob@example.com", "confirm") },
		});
		deepEqual(bench.statuses(bench.request(text())), [180]);
	});

	it("is given up after the ring time, or forwarded before", () => {
		const bench = new Bench({ call: { ringTime: 30 } });
		const transaction = bench.request(text());
		bench.advance(30_000);
		deepEqual(bench.statuses(transaction), [180, 480]);
		const forward = new Bench({
			call: { forwardNoAnswer: "sip:bob@example.com", noAnswerTime: 10 },
		});
		const other = forward.request(text());
		forward.advance(10_000);
		const last = forward.responses(other).at(-1);
		equal(last?.status, 302);
		equal(last?.contact, "<sip:bob@example.com>");
	});

	it("is cancelled with 487", () => {
		const bench = new Bench();
		const transaction = bench.request(text());
		bench.telephone.cancelled(transaction);
		bench.drain();
		deepEqual(bench.statuses(transaction), [180, 487]);
		equal(bench.event("call-ended")?.reason, "cancelled");
		bench.telephone.answer();
		bench.drain();
		deepEqual(bench.statuses(transaction), [180, 487]);
	});

	it("that the caller leaves before the answer ends with 487", () => {
		const bench = new Bench();
		const transaction = bench.request(text());
		const bye = bench.request(inside(bench, "BYE", 2));
		deepEqual(bench.statuses(bye), [200]);
		deepEqual(bench.statuses(transaction), [180, 487]);
	});

	it("is ended with BYE when nobody acknowledges the answer", () => {
		const bench = new Bench({ call: { autoAnswer: "always" } });
		const transaction = bench.request(text());
		bench.telephone.unacknowledged(transaction);
		bench.drain();
		deepEqual(
			bench.sent().map((request) => request.method),
			["BYE"],
		);
		equal(bench.event("call-ended")?.reason, "not-acknowledged");
	});

	it("is declined, and hung up, by the hangup command", () => {
		const bench = new Bench();
		const transaction = bench.request(text());
		bench.telephone.hangUp();
		bench.drain();
		deepEqual(bench.statuses(transaction), [180, 486]);
		const up = new Bench({ call: { autoAnswer: "always" } });
		up.request(text());
		up.telephone.hangUp();
		up.drain();
		equal(up.sent()[0]?.method, "BYE");
		equal(up.sent()[0]?.uri, "sip:bob@192.0.2.4");
	});

	it("is held and resumed by a new offer, and its port stays", () => {
		const bench = new Bench({ call: { autoAnswer: "always" } });
		const first = bench.request(text());
		bench.telephone.acknowledged(first, message(inside(bench, "ACK", 1)));
		const hold = bench.request(
			inside(bench, "INVITE", 2, `${OFFER}a=sendonly\r\n`),
		);
		const body = bench.responses(hold)[0]?.body;
		ok(body && ascii(body).includes("a=recvonly"));
		ok(body && ascii(body).includes("m=audio 10000 "));
		// The version in o= counts up (RFC 3264 §8).
		ok(body && ascii(body).includes("o=- 1 2 IN"));
		const bad = bench.request(inside(bench, "INVITE", 3, "v=0\r\nt=0 0\r\n"));
		deepEqual(bench.statuses(bad), [488]);
		equal(bench.telephone.busy, true);
	});

	it("whose second INVITE comes before the first is acknowledged is asked to wait", () => {
		const bench = new Bench({ call: { autoAnswer: "always" } });
		bench.request(text());
		deepEqual(
			bench.statuses(bench.request(inside(bench, "INVITE", 2, OFFER))),
			[500],
		);
	});

	it("without an offer gets ours, and the ACK must answer it", () => {
		const bench = new Bench({ call: { autoAnswer: "always" } });
		const transaction = bench.request(text({ body: "" }));
		const offered = bench.responses(transaction).at(-1)?.body;
		ok(offered && ascii(offered).includes("m=audio 10000 RTP/AVP 8 0 101"));
		bench.telephone.acknowledged(
			transaction,
			message(inside(bench, "ACK", 1, OFFER)),
		);
		bench.drain();
		ok(bench.event("call-up"));
		const none = new Bench({ call: { autoAnswer: "always" } });
		const other = none.request(text({ body: "" }));
		none.telephone.acknowledged(other, message(inside(none, "ACK", 1)));
		none.drain();
		equal(none.sent()[0]?.method, "BYE");
	});
});

describe("a request that is turned away", () => {
	it("by the access list gets 403, by the asserted identity", () => {
		const headers = "P-Asserted-Identity: <sip:mallory@example.net>\r\n";
		const bench = new Bench();
		equal(bench.refused(text({ headers })), 403);
		deepEqual(bench.event("call-refused"), {
			from: "sip:mallory@example.net",
			status: 403,
			right: "block",
		});
		deepEqual(bench.events(), ["call-refused"]);
	});

	it("by the list may be known by From alone: From tightens", () => {
		const from = "<sip:mallory@example.net>;tag=1";
		equal(new Bench().refused(text({ from })), 403);
		equal(new Bench().refused(text({ from, headers: "" })), 403);
	});

	it("is not let in by From alone", () => {
		const account: Partial<TelephoneAccount> = {
			before: { presence: "block", contact: "block" },
			list: () => listOf("bob@example.com", "allow"),
		};
		equal(new Bench({ account }).refused(text({ headers: "" })), 403);
		const trusting = new Bench({ account, settings: { trustFrom: true } });
		deepEqual(
			trusting.statuses(trusting.request(text({ headers: "" }))),
			[180],
		);
		const asserted = new Bench({ account });
		deepEqual(asserted.statuses(asserted.request(text())), [180]);
	});

	it("comes from nobody that the settings name: 403, unless direct calls are allowed, and then it asserts nothing", () => {
		const bench = new Bench();
		equal(bench.refused(text(), STRANGER), 403);
		equal(bench.refused(text({ method: "OPTIONS", body: "" }), STRANGER), 403);
		const account: Partial<TelephoneAccount> = {
			before: { presence: "block", contact: "block" },
			list: () => listOf("bob@example.com", "allow"),
		};
		const settings = { directCalls: true };
		equal(new Bench({ account, settings }).refused(text(), STRANGER), 403);
		const open = new Bench({ settings });
		deepEqual(open.statuses(open.request(text(), STRANGER)), [180]);
	});

	it("by a list that diverts goes to voicemail, or gets 480", () => {
		const list = () => listOf("bob@example.com", "divert");
		equal(new Bench({ account: { list } }).refused(text()), 480);
		const bench = new Bench({
			account: { list, voicemail: "sip:vm@example.com" },
		});
		const [response] = bench.responses(bench.request(text()));
		equal(response?.status, 302);
		equal(response?.contact, "<sip:vm@example.com>");
		equal(bench.event("call-refused")?.right, "divert");
	});

	it("is never one that calls back after an emergency call", () => {
		const headers = "P-Asserted-Identity: <sip:mallory@example.net>\r\n";
		const bench = new Bench();
		bench.telephone.call(bench.now, "sip:112@example.com");
		const before = bench.request(text({ headers, callId: "back" }));
		deepEqual(bench.statuses(before), [180]);
		const late = new Bench();
		late.telephone.call(late.now, "sip:112@example.com");
		late.advance(1_800_000);
		equal(late.refused(text({ headers })), 403);
		const marked = new Bench();
		const priority = `${headers}Priority: psap-callback\r\n`;
		deepEqual(
			marked.statuses(marked.request(text({ headers: priority }))),
			[180],
		);
	});

	it("finds us busy, or not to be disturbed", () => {
		equal(new Bench({ call: { doNotDisturb: true } }).refused(text()), 486);
		const bench = new Bench({ call: { waiting: false } });
		bench.request(text());
		equal(bench.refused(text({ callId: "c2" })), 486);
		const two = new Bench();
		two.request(text());
		two.request(text({ callId: "c2" }));
		equal(two.refused(text({ callId: "c3" })), 486);
	});

	it("finds no free port for its media", () => {
		const bench = new Bench({
			account: { mostCalls: 9 },
			settings: { ports: { first: 10_000, last: 10_001 } },
		});
		bench.request(text());
		equal(bench.refused(text({ callId: "c2" })), 486);
		bench.request(inside(bench, "BYE", 2));
		equal(bench.statuses(bench.request(text({ callId: "c3" }))).join(), "180");
	});

	it("is for nobody here, has another scheme, wants an extension, or is no call that we can have", () => {
		const bench = new Bench();
		const uri = "sip:carol@192.0.2.9";
		const to = "<sip:carol@example.com>";
		equal(bench.refused(text({ uri, to })), 404);
		equal(bench.refused(text({ uri: "tel:+15551234" })), 416);
		equal(bench.refused(text({ headers: "Require: 100rel\r\n" })), 420);
		const last = bench.responses(3)[0];
		deepEqual(last?.headers, [["Unsupported", "100rel"]]);
		equal(bench.refused(text({ contact: "" })), 400);
		const noAudio = OFFER.replace("audio", "video");
		equal(bench.refused(text({ body: noAudio })), 488);
		equal(bench.refused(text({ body: "nonsense" })), 400);
		equal(new Bench({ account: { audio: false } }).refused(text()), 488);
	});

	it("has a method that we do not speak: 405, or 501, with Allow", () => {
		const bench = new Bench();
		equal(bench.refused(text({ method: "SUBSCRIBE", body: "" })), 405);
		equal(bench.refused(text({ method: "FROBNICATE", body: "" })), 501);
		ok(bench.responses(2)[0]?.headers?.[0]?.[1].includes("INVITE"));
		equal(bench.refused(text({ method: "BYE", body: "" })), 481);
		const to = "<sip:alice@example.com>;tag=unknown";
		equal(bench.refused(text({ to })), 481);
	});

	it("is not OPTIONS: that tells what we can do", () => {
		const bench = new Bench();
		const [response] = bench.responses(
			bench.request(text({ method: "OPTIONS", body: "", contact: "" })),
		);
		equal(response?.status, 200);
		deepEqual(response?.headers?.[1], ["Accept", "application/sdp"]);
	});

	it("has a body that is not SDP: 415 with Accept", () => {
		const bench = new Bench();
		const odd = text().replace("application/sdp", "text/plain");
		equal(bench.refused(odd), 415);
		deepEqual(bench.responses(1)[0]?.headers, [["Accept", "application/sdp"]]);
	});
});

describe("whom a call is for", () => {
	it("is told by our line, the AoR in the Request-URI or To, or the user at our address", () => {
		for (const [uri, to] of [
			["sip:x@192.0.2.9;line=k7", "<sip:y@example.com>"],
			["sip:alice@example.com", "<sip:y@example.com>"],
			["sip:x@192.0.2.9", "<sip:alice@example.com>"],
			["sip:alice@192.0.2.9:5060", "<sip:y@example.com>"],
		] as const) {
			const bench = new Bench();
			deepEqual(bench.statuses(bench.request(text({ uri, to }))), [180], uri);
		}
	});
});

describe("a call that we make", () => {
	function dial(bench: Bench): OutgoingRequest {
		bench.telephone.call(bench.now, "sip:bob@example.com");
		bench.drain();
		const request = bench.sent().at(-1);
		ok(request);
		return request;
	}
	function answer(
		bench: Bench,
		request: OutgoingRequest,
		status: number,
		body = "",
	): void {
		const type = body === "" ? "" : "Content-Type: application/sdp\r\n";
		const response = message(
			`SIP/2.0 ${status} Something\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1\r\nFrom: ${request.from}\r\nTo: ${request.to};tag=p\r\nCall-ID: ${request.callId}\r\nCSeq: ${request.cseq} ${request.method}\r\nContact: <sip:bob@192.0.2.4:5070>\r\n${type}Content-Length: ${body.length}\r\n\r\n${body}`,
		);
		bench.telephone.response(1000, 7, 70, response, SOURCE);
		bench.drain();
	}

	it("offers the settings' codecs, is acknowledged, and hung up", () => {
		const bench = new Bench();
		const invite = dial(bench);
		equal(invite.uri, "sip:bob@example.com");
		equal(invite.nextHop, "sip:reg.example.com");
		equal(invite.contact, "<sip:alice@192.0.2.9:5060;transport=tcp>");
		ok(invite.body && ascii(invite.body).includes("RTP/AVP 8 0 101"));
		answer(bench, invite, 180);
		answer(bench, invite, 200, OFFER);
		const acknowledged = bench.outputs.find(
			(output) => output.kind === "acknowledge",
		);
		ok(acknowledged?.kind === "acknowledge");
		equal(acknowledged.request.method, "ACK");
		equal(acknowledged.transaction, 70);
		deepEqual(acknowledged.target, {
			transport: "udp",
			address: { host: "192.0.2.4", port: 5070 },
		});
		deepEqual(bench.events(), ["call-up"]);
		bench.telephone.hangUp();
		bench.drain();
		equal(bench.sent().at(-1)?.method, "BYE");
		equal(bench.telephone.busy, false);
	});

	it("is refused, or gets no answer", () => {
		const bench = new Bench();
		answer(bench, dial(bench), 486);
		equal(bench.event("call-ended")?.reason, "486 Something");
		bench.telephone.call(0, "sip:bob@example.com");
		bench.telephone.failure(1001, "timeout");
		bench.drain();
		equal(bench.telephone.busy, false);
		// The port went back: there are two only.
		ok(dial(bench).body);
		ok(dial(bench).body);
	});

	it("is cancelled only once there was a provisional response", () => {
		const bench = new Bench();
		const invite = dial(bench);
		bench.telephone.hangUp();
		equal(bench.drain().length, 0);
		answer(bench, invite, 180);
		deepEqual(bench.outputs.at(-1), { kind: "cancel", id: 7 });
		answer(bench, invite, 487);
		equal(bench.event("call-ended")?.reason, "cancelled");
	});

	it("that is answered while it was being cancelled is acknowledged and ended", () => {
		const bench = new Bench();
		const invite = dial(bench);
		answer(bench, invite, 180);
		bench.telephone.hangUp();
		bench.drain();
		answer(bench, invite, 200, OFFER);
		ok(bench.outputs.some((output) => output.kind === "acknowledge"));
		equal(bench.sent().at(-1)?.method, "BYE");
		equal(bench.events().includes("call-up"), false);
	});

	it("without audio in common is ended", () => {
		const bench = new Bench();
		answer(bench, dial(bench), 200, OFFER.replace("AVP 8", "AVP 18"));
		equal(bench.sent().at(-1)?.method, "BYE");
		equal(bench.event("call-ended")?.reason, "no-media");
	});

	it("needs an account and a free line", () => {
		const bench = new Bench();
		bench.telephone.configure({
			accounts: [],
			codecs: [],
			ptime: 20,
			ports: { first: 1, last: 2 },
			events: true,
			directCalls: false,
			trustFrom: false,
		});
		bench.telephone.call(0, "sip:bob@example.com");
		bench.drain();
		deepEqual(bench.events(), ["call-failed"]);
	});
});
