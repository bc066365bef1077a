import {
	Registration,
	type RegistrationSettings,
} from "../../src/phone/registration.js";
import type { EventOutput } from "../../src/port.js";
import { parseMessage } from "../../src/sip/message.js";
import type { OutgoingRequest } from "../../src/sip/writer.js";
import { deepEqual, describe, equal, host, it, ok, utf8 } from "../portable.js";

const SETTINGS: RegistrationSettings = {
	aor: "sip:alice@example.com",
	displayName: "Alice",
	registrars: ["sip:one.example.com"],
	route: [],
	expires: 600,
	retryFloor: 30_000,
	retryCeiling: 1_800_000,
	credentials: { find: () => undefined },
	credentialsMark: 1,
};
const NEW: RegistrationSettings = {
	...SETTINGS,
	registrars: ["sip:two.example.com"],
};

/** A registration, its clock, and what it asked for. */
class Bench {
	readonly registration: Registration;
	now = 1_000;
	sent: { owner: number; request: OutgoingRequest }[] = [];
	events: EventOutput[] = [];

	constructor(settings = SETTINGS, up = true) {
		this.registration = new Registration(host(), {
			firstOwner: 100,
			contact: (registrar, line) =>
				`<sip:alice@192.0.2.9:5060;line=${line}>;x=${registrar.length}`,
		});
		this.registration.network(this.now, up);
		this.registration.configure(this.now, settings);
		this.drain();
	}

	drain(): void {
		for (;;) {
			const output = this.registration.next(this.now);
			if (output === undefined) return;
			if (output.kind === "event") this.events.push(output);
			else this.sent.push(output);
		}
	}

	/** Runs the clock to the next deadline. */
	sleep(): number {
		const deadline = this.registration.deadline();
		ok(deadline < Number.POSITIVE_INFINITY, "nothing to wait for");
		const slept = deadline - this.now;
		this.now = deadline;
		this.drain();
		return slept;
	}

	/** Where the requests went and for how long, oldest first; forgets them. */
	take(): string[] {
		const taken = this.sent.map(({ request }) => {
			const expires = request.headers.find(([name]) => name === "Expires");
			return `${request.uri} ${expires?.[1]}`;
		});
		this.sent = [];
		return taken;
	}

	get last(): { owner: number; request: OutgoingRequest } {
		const last = this.sent.at(-1);
		ok(last, "nothing was sent");
		return last;
	}

	/** Answers a request. */
	answer(
		status: number,
		headers = "",
		{ owner, request } = this.last,
		address = "192.0.2.1",
	): void {
		const contact = request.contact ?? "";
		const text = `SIP/2.0 ${status} Whatever\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1\r\nFrom: ${request.from}\r\nTo: ${request.to};tag=1\r\nCall-ID: ${request.callId}\r\nCSeq: ${request.cseq} REGISTER\r\n${status === 200 ? `Contact: ${contact}\r\n` : ""}${headers}Content-Length: 0\r\n\r\n`;
		this.registration.response(
			this.now,
			owner,
			parseMessage(host(), utf8(text)),
			{ transport: "udp", address: { host: address, port: 5060 } },
		);
		this.drain();
	}

	codes(): string[] {
		return this.events.map((event) => event.code);
	}
}

describe("registration", () => {
	it("registers as soon as there is a network, and tells of it", () => {
		const bench = new Bench(SETTINGS, false);
		equal(bench.sent.length, 0);
		equal(bench.registration.deadline(), Number.POSITIVE_INFINITY);
		bench.registration.network(bench.now, true);
		bench.drain();
		const { request } = bench.last;
		equal(request.method, "REGISTER");
		equal(request.uri, "sip:one.example.com");
		equal(request.to, '"Alice" <sip:alice@example.com>');
		ok(request.from.startsWith('"Alice" <sip:alice@example.com>;tag='));
		ok(request.contact?.endsWith(";expires=600"));
		bench.answer(200);
		ok(bench.registration.registered);
		deepEqual(bench.events.at(-1)?.data, {
			aor: "sip:alice@example.com",
			registrar: "sip:one.example.com",
			expires: 600,
		});
	});

	it("refreshes before what was granted is over, in the same dialogue of numbers, and does not tell again", () => {
		const bench = new Bench();
		const first = bench.last.request;
		bench.answer(100);
		equal(bench.registration.registered, false);
		bench.answer(
			200,
			`Contact: <sip:other@192.0.2.50>;expires=20\r\nExpires: 20\r\n`,
		);
		// Two contacts: ours was granted 600.
		const slept = bench.sleep();
		ok(slept >= 480_000 && slept < 540_000, `slept ${slept}`);
		const second = bench.last.request;
		equal(second.callId, first.callId);
		ok(second.cseq > first.cseq);
		equal(second.contact, first.contact);
		bench.answer(200);
		deepEqual(bench.codes(), ["registered"]);
	});

	it("asks for longer when it must (423), once the registrar says how long", () => {
		const bench = new Bench();
		bench.answer(423, "Min-Expires: 1800\r\n");
		deepEqual(bench.take().at(-1), "sip:one.example.com 1800");
	});

	it("does not ask on and on when 423 asks for no more than it asked", () => {
		const bench = new Bench();
		bench.answer(423, "Min-Expires: 600\r\n");
		equal(bench.sent.length, 1);
		deepEqual(bench.codes(), ["registration-failed"]);
	});

	it("goes to a new registrar before it leaves the old one", () => {
		const bench = new Bench();
		bench.answer(200);
		bench.take();
		bench.registration.configure(bench.now, NEW);
		bench.drain();
		const pending = bench.last;
		deepEqual(bench.take(), ["sip:two.example.com 600"]);
		ok(bench.registration.registered, "the old one still stands");
		ok(bench.registration.serves("192.0.2.1"));
		bench.answer(200, "", pending, "192.0.2.2");
		deepEqual(bench.take(), ["sip:one.example.com 0"]);
		ok(bench.registration.serves("192.0.2.2"));
	});

	it("keeps the old registrar alive while the new one does not answer", () => {
		const bench = new Bench();
		bench.answer(200);
		bench.take();
		bench.registration.configure(bench.now, NEW);
		bench.drain();
		const asked: string[] = [];
		for (let round = 0; round < 30; round++) {
			const { owner, request } = bench.last;
			asked.push(`${request.uri} ${request.contact?.split("=").at(-1)}`);
			bench.sent = [];
			if (request.uri === "sip:two.example.com")
				bench.registration.failure(bench.now, owner, "timeout");
			else bench.answer(200, "", { owner, request });
			ok(bench.registration.registered);
			if (bench.sent.length === 0) bench.sleep();
		}
		ok(asked.includes("sip:one.example.com 600"), asked.join());
		ok(!asked.includes("sip:one.example.com 0"), asked.join());
	});

	it("goes back where it still is when the new registrar never let it in", () => {
		const bench = new Bench();
		bench.answer(200);
		bench.registration.configure(bench.now, NEW);
		bench.drain();
		const pending = bench.last;
		bench.take();
		bench.registration.configure(bench.now, SETTINGS);
		bench.drain();
		deepEqual(bench.take(), ["sip:one.example.com 600"]);
		// The late yes of the other is taken back at once.
		bench.answer(200, "", pending);
		deepEqual(bench.take(), ["sip:two.example.com 0"]);
		ok(!bench.registration.gone);
	});

	it("never sends the contact of one registrar to another", () => {
		const bench = new Bench();
		const old = bench.last.request.contact;
		bench.answer(200);
		bench.registration.configure(bench.now, NEW);
		bench.drain();
		ok(old !== bench.last.request.contact);
		const line = /line=(\w+)/.exec(bench.last.request.contact ?? "")?.[1] ?? "";
		ok(bench.registration.hasLine(line));
		ok(!bench.registration.hasLine("nobody"));
		// After a restart it is the same as before: the registrar sees one contact, not two.
		equal(new Bench(NEW).last.request.contact, bench.last.request.contact);
	});

	it("leaves what did not change alone", () => {
		const bench = new Bench();
		bench.answer(200);
		bench.take();
		bench.registration.configure(bench.now, { ...SETTINGS });
		bench.drain();
		deepEqual(bench.take(), []);
	});

	it("registers again at once with new credentials, also after a refusal", () => {
		const bench = new Bench();
		bench.answer(403);
		bench.take();
		bench.registration.configure(bench.now, {
			...SETTINGS,
			credentialsMark: 2,
		});
		bench.drain();
		deepEqual(bench.take(), ["sip:one.example.com 600"]);
		deepEqual(bench.events.at(-1)?.data, {
			aor: "sip:alice@example.com",
			registrar: "sip:one.example.com",
			status: 403,
			reason: "Whatever",
		});
	});

	it("waits for what is under way before it registers with changed settings", () => {
		const bench = new Bench();
		const under = bench.last;
		bench.registration.configure(bench.now, { ...SETTINGS, expires: 120 });
		bench.drain();
		equal(bench.sent.length, 1);
		bench.answer(200, "", under);
		equal(bench.take().at(-1), "sip:one.example.com 120");
	});

	it("asks the next registrar when one does not answer, but not when one refuses", () => {
		const both = { ...SETTINGS, registrars: ["sip:one.test", "sip:two.test"] };
		const bench = new Bench(both);
		bench.registration.failure(bench.now, bench.last.owner, "timeout");
		bench.drain();
		deepEqual(bench.take(), ["sip:one.test 600", "sip:two.test 600"]);
		const refused = new Bench(both);
		refused.answer(403);
		deepEqual(refused.take(), ["sip:one.test 600"]);
	});

	it("goes from the registrar that let it in to the others at once when that one fails", () => {
		const three = {
			...SETTINGS,
			registrars: ["sip:one.test", "sip:two.test", "sip:three.test"],
		};
		const bench = new Bench(three);
		const fail = () => {
			bench.registration.failure(bench.now, bench.last.owner, "timeout");
			bench.drain();
		};
		equal(bench.registration.registrar, "sip:one.test");
		fail();
		bench.answer(200);
		equal(bench.registration.registrar, "sip:two.test");
		bench.take();
		bench.sleep();
		fail();
		fail();
		deepEqual(bench.take(), [
			"sip:two.test 600",
			"sip:three.test 600",
			"sip:one.test 600",
		]);
	});

	it("backs off: 30 to 60 s first, doubled, at most half an hour; and obeys Retry-After", () => {
		const bench = new Bench();
		for (let failures = 1; failures <= 9; failures++) {
			bench.registration.failure(bench.now, bench.last.owner, "timeout");
			bench.drain();
			const most = Math.min(30_000 * 2 ** failures, 1_800_000);
			const slept = bench.sleep();
			ok(
				slept >= most / 2 && slept <= most,
				`${failures}: ${slept} of ${most}`,
			);
		}
		bench.answer(503, "Retry-After: 7200\r\n");
		equal(bench.sleep(), 7_200_000);
		bench.answer(200);
		ok(bench.registration.registered);
		bench.sleep();
		bench.registration.failure(bench.now, bench.last.owner, "timeout");
		equal(bench.registration.registered, false);
		ok(bench.sleep() <= 60_000, "the count starts anew after a success");
	});

	it("leaves the registrar when the account goes, and is gone after one attempt", () => {
		const bench = new Bench();
		bench.answer(200);
		bench.take();
		bench.registration.remove(bench.now);
		bench.drain();
		equal(bench.sent.length, 1);
		const { owner } = bench.last;
		deepEqual(bench.take(), ["sip:one.example.com 0"]);
		equal(bench.registration.gone, false);
		bench.registration.failure(bench.now, owner, "timeout");
		ok(bench.registration.gone);
	});

	it("takes back what a registrar granted after the account went", () => {
		const bench = new Bench();
		const under = bench.last;
		bench.registration.remove(bench.now);
		bench.drain();
		equal(bench.sent.length, 1);
		bench.answer(200, "", under);
		equal(bench.take().at(-1), "sip:one.example.com 0");
	});

	it("registers anew when the network comes back, and hears no answers of before", () => {
		const bench = new Bench();
		bench.answer(200);
		const before = bench.last;
		bench.registration.network(bench.now, false);
		equal(bench.registration.deadline(), Number.POSITIVE_INFINITY);
		equal(bench.registration.registered, false);
		bench.registration.network(bench.now, true);
		bench.drain();
		equal(bench.sent.length, 2);
		ok(bench.last.request.cseq > before.request.cseq);
	});

	it("takes its routes from Service-Route, else from the outbound proxy", () => {
		const bench = new Bench({ ...SETTINGS, route: ["<sip:p.test;lr>"] });
		deepEqual(bench.last.request.route, ["<sip:p.test;lr>"]);
		deepEqual(bench.registration.route, ["<sip:p.test;lr>"]);
		bench.answer(200, "Service-Route: <sip:q.test;lr>, <sip:r.test;lr>\r\n");
		deepEqual(bench.registration.route, ["<sip:q.test;lr>", "<sip:r.test;lr>"]);
	});

	it("holds a few bindings at most, whatever the settings do", () => {
		const bench = new Bench();
		bench.answer(200);
		for (let round = 0; round < 50; round++) {
			bench.registration.configure(bench.now, {
				...SETTINGS,
				registrars: [`sip:r${round}.test`],
			});
			bench.drain();
		}
		const asked = new Set(bench.take());
		ok(asked.has("sip:r49.test 600"));
		equal(bench.registration.registered, true);
	});
});
