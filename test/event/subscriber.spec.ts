import {
	Subscriber,
	type SubscriberOutput,
	type SubscriptionPlan,
} from "../../src/event/subscriber.js";
import type { OutgoingRequest } from "../../src/sip/writer.js";
import {
	ascii,
	deepEqual,
	describe,
	equal,
	host,
	it,
	ok,
} from "../portable.js";
import { header, notify, reply } from "./peer.js";

const plan: SubscriptionPlan = {
	uri: "sip:alice@example.com",
	from: "<sip:alice@example.com>",
	to: "<sip:alice@example.com>",
	contact: "<sip:phone@192.0.2.1>",
	event: "ua-profile",
	eventParameters: 'profile-type=user;vendor="example.com"',
	accept: ["application/vnd.hookswitch.profile+xml", "text/xml"],
	expires: 3600,
};

function outputs(subscriber: Subscriber): SubscriberOutput[] {
	const all: SubscriberOutput[] = [];
	for (;;) {
		const output = subscriber.next();
		if (output === undefined) return all;
		all.push(output);
	}
}

/** The one request among the outputs. */
function request(subscriber: Subscriber): OutgoingRequest {
	const requests = outputs(subscriber).filter(({ kind }) => kind === "request");
	equal(requests.length, 1, "requests:");
	const [only] = requests;
	if (only?.kind !== "request") throw new Error("no request");
	return only.request;
}

function ended(subscriber: Subscriber) {
	const last = outputs(subscriber).at(-1);
	if (last?.kind !== "ended") throw new Error(`not ended: ${last?.kind}`);
	return last;
}

function begin(over: Partial<SubscriptionPlan> = {}) {
	const subscriber = new Subscriber(host(), { ...plan, ...over });
	subscriber.subscribe(0);
	return { subscriber, first: request(subscriber) };
}

/** Subscribed at 0, with its first document. */
function active(over: Partial<SubscriptionPlan> = {}) {
	const { subscriber, first } = begin(over);
	subscriber.response(0, reply(first, 200, ["Expires: 3600"]));
	equal(
		subscriber.notify(0, notify(first, { body: "<a/>", etag: "one" })).status,
		200,
	);
	outputs(subscriber);
	return { subscriber, first };
}

/** Lets the time pass until the refresh goes out. */
function refreshed(subscriber: Subscriber) {
	const now = subscriber.deadline();
	subscriber.timeout(now);
	return { now, refresh: request(subscriber) };
}

describe("a subscription begins", () => {
	it("with a SUBSCRIBE that says what and how long", () => {
		const { first } = begin();
		equal(first.method, "SUBSCRIBE");
		equal(first.uri, plan.uri);
		equal(
			header(first, "Event"),
			'ua-profile;profile-type=user;vendor="example.com"',
		);
		equal(header(first, "Expires"), "3600");
		equal(
			header(first, "Accept"),
			"application/vnd.hookswitch.profile+xml, text/xml",
		);
		equal(header(first, "Suppress-If-Match"), undefined);
	});

	it("when 200 and NOTIFY have come", () => {
		const { subscriber, first } = begin();
		subscriber.response(5, reply(first, 200, ["Expires: 1800"]));
		deepEqual(outputs(subscriber), []);
		const message = notify(first, {
			event: "ua-profile;effective-by=5",
			state: "active;expires=1800",
			body: "<a/>",
			etag: "one",
		});
		ok(subscriber.matches(message));
		equal(subscriber.notify(6, message).status, 200);
		const [subscribed, state, ...rest] = outputs(subscriber);
		deepEqual(subscribed, { kind: "subscribed", seconds: 1800 });
		if (state?.kind !== "state") throw new Error("no state");
		equal(state.type, "text/xml");
		equal(ascii(state.bytes), "<a/>");
		equal(state.etag, "one");
		equal(state.effectiveBy, 5);
		equal(rest.length, 0);
	});

	it("when the NOTIFY overtakes the 200", () => {
		const { subscriber, first } = begin();
		equal(subscriber.notify(3, notify(first, { body: "<a/>" })).status, 200);
		equal(outputs(subscriber)[0]?.kind, "subscribed");
		subscriber.response(9, reply(first, 200, ["Expires: 3600"]));
		deepEqual(outputs(subscriber), []);
		// The NOTIFY that follows the 200 has been; nothing else is waited for.
		ok(subscriber.deadline() > 1_000_000);
	});

	it("with a NOTIFY without a body, which ends nothing", () => {
		const { subscriber, first } = begin();
		subscriber.response(0, reply(first, 200));
		equal(subscriber.notify(0, notify(first)).status, 200);
		deepEqual(
			outputs(subscriber).map(({ kind }) => kind),
			["subscribed", "unchanged"],
		);
	});

	it("and fails when no NOTIFY comes within Timer N", () => {
		const { subscriber, first } = begin();
		subscriber.response(100, reply(first, 200));
		equal(subscriber.deadline(), 32_000);
		subscriber.timeout(32_000);
		const end = ended(subscriber);
		equal(end.reason, "timer-n");
		equal(end.again, "later");
		equal(subscriber.matches(notify(first)), false);
	});

	it("in one dialog: a fork's NOTIFY is none of it", () => {
		const { subscriber, first } = active();
		equal(subscriber.matches(notify(first, { tag: "other" })), false);
		equal(subscriber.matches(notify(first, { cseq: 2 })), true);
	});

	it("with the server's own time when 423 says that ours is too short", () => {
		const { subscriber, first } = begin({ expires: 60 });
		subscriber.response(10, reply(first, 423, ["Min-Expires: 600"]));
		const second = request(subscriber);
		equal(second.cseq, 2);
		equal(second.callId, first.callId);
		equal(header(second, "Expires"), "600");
	});

	it("not, when 423 names no longer time", () => {
		const { subscriber, first } = begin({ expires: 60 });
		subscriber.response(10, reply(first, 423, ["Min-Expires: 60"]));
		equal(ended(subscriber).status, 423);
	});

	it("not, when 423 follows 423 for ever", () => {
		const { subscriber, first } = begin({ expires: 60 });
		let last = first;
		for (let seconds = 100; seconds < 103; seconds++) {
			subscriber.response(0, reply(last, 423, [`Min-Expires: ${seconds}`]));
			last = request(subscriber);
		}
		subscriber.response(0, reply(last, 423, ["Min-Expires: 900"]));
		equal(ended(subscriber).status, 423);
	});

	it("with the bare event when 489 lists the package", () => {
		const { subscriber, first } = begin();
		subscriber.response(
			0,
			reply(first, 489, ["Allow-Events: presence, ua-profile"]),
		);
		const second = request(subscriber);
		equal(header(second, "Event"), "ua-profile");
		subscriber.response(0, reply(second, 489, ["Allow-Events: ua-profile"]));
		equal(ended(subscriber).status, 489);
	});

	it("not, when 489 does not list it", () => {
		const { subscriber, first } = begin();
		subscriber.response(0, reply(first, 489, ["Allow-Events: presence"]));
		const end = ended(subscriber);
		equal(end.status, 489);
		equal(end.again, "later");
	});

	it("not, when it is refused; Retry-After and redirects are passed on", () => {
		const { subscriber, first } = begin();
		subscriber.response(0, reply(first, 503, ["Retry-After: 120"]));
		const end = ended(subscriber);
		equal(end.status, 503);
		equal(end.retryAfter, 120);
		const other = begin();
		other.subscriber.response(0, reply(other.first, 302));
		deepEqual(ended(other.subscriber).redirects, ["sip:server@192.0.2.2"]);
	});

	it("not, when nobody answers", () => {
		const { subscriber } = begin();
		subscriber.failure(32_000, "timeout");
		const end = ended(subscriber);
		equal(end.reason, "timeout");
		equal(end.again, "later");
	});
});

describe("a NOTIFY", () => {
	it("without Event or Subscription-State is a bad request", () => {
		const { subscriber, first } = active();
		equal(
			subscriber.notify(1, notify(first, { cseq: 2, state: "" })).status,
			400,
		);
		equal(
			subscriber.notify(1, notify(first, { cseq: 2, event: "" })).status,
			400,
		);
		deepEqual(outputs(subscriber), []);
	});

	it("of another package gets 489, of another subscription 481", () => {
		const { subscriber, first } = active();
		equal(
			subscriber.notify(1, notify(first, { cseq: 2, event: "presence" }))
				.status,
			489,
		);
		equal(
			subscriber.notify(1, notify(first, { cseq: 2, event: "ua-profile;id=7" }))
				.status,
			481,
		);
	});

	it("out of order gets 500 and changes nothing", () => {
		const { subscriber, first } = active();
		const state = (cseq: number, body: string) =>
			subscriber.notify(1, notify(first, { cseq, body })).status;
		equal(state(5, "<new/>"), 200);
		outputs(subscriber);
		equal(state(4, "<old/>"), 500);
		deepEqual(outputs(subscriber), []);
	});

	it("with a type that was not asked for gets 415, and the subscription stands", () => {
		const { subscriber, first } = active();
		const answer = subscriber.notify(
			1,
			notify(first, { cseq: 2, type: "application/json", body: "{}" }),
		);
		equal(answer.status, 415);
		deepEqual(answer.headers, [
			["Accept", "application/vnd.hookswitch.profile+xml, text/xml"],
		]);
		deepEqual(outputs(subscriber), []);
		equal(
			subscriber.notify(2, notify(first, { cseq: 3, body: "<a/>" })).status,
			200,
		);
		equal(outputs(subscriber)[0]?.kind, "state");
	});

	const reasons = [
		["deactivated", "now", undefined],
		["timeout", "now", undefined],
		["probation", "later", 30],
		["giveup", "later", 30],
		["rejected", "never", undefined],
		["noresource", "never", undefined],
		["invariant", "never", undefined],
		["something-new", "later", 30],
	] as const;
	for (const [reason, again, retryAfter] of reasons)
		it(`that ends it with ${reason} means: again ${again}`, () => {
			const { subscriber, first } = active();
			equal(
				subscriber.notify(
					1,
					notify(first, {
						cseq: 2,
						state: `terminated;reason=${reason};retry-after=30;expires=900`,
					}),
				).status,
				200,
			);
			const end = ended(subscriber);
			equal(end.reason, reason);
			equal(end.again, again);
			equal(end.retryAfter, retryAfter);
			equal(subscriber.deadline(), Number.POSITIVE_INFINITY);
		});

	it("that ends it without a reason means: again later", () => {
		const { subscriber, first } = active();
		subscriber.notify(1, notify(first, { cseq: 2, state: "terminated" }));
		equal(ended(subscriber).again, "later");
	});

	it("that ends it may carry the last state", () => {
		const { subscriber, first } = begin({ expires: 0 });
		subscriber.response(0, reply(first, 200, ["Expires: 0"]));
		subscriber.notify(
			0,
			notify(first, { state: "terminated;reason=timeout", body: "<a/>" }),
		);
		const [state, end] = outputs(subscriber);
		equal(state?.kind, "state");
		ok(end?.kind === "ended");
		equal(end.again, "never");
	});
});

describe("a refresh", () => {
	it("goes out between 50 and 85 % of the time granted, inside the dialog", () => {
		const { subscriber, first } = active();
		const { now, refresh } = refreshed(subscriber);
		ok(now >= 1_800_000 && now <= 3_060_000, `at ${now}`);
		equal(refresh.callId, first.callId);
		equal(refresh.uri, "sip:server@192.0.2.2");
		equal(refresh.to, "<sip:server@example.com>;tag=server");
		equal(refresh.cseq, 2);
		equal(header(refresh, "Suppress-If-Match"), "one");
	});

	it("is not put off by NOTIFYs", () => {
		const { subscriber, first } = active();
		const due = subscriber.deadline();
		for (let cseq = 2; cseq < 10; cseq++)
			subscriber.notify(
				cseq * 1000,
				notify(first, { cseq, state: `active;expires=${3600 - cseq}` }),
			);
		equal(subscriber.deadline(), due);
	});

	it("comes sooner when the server shortens", () => {
		const { subscriber, first } = active();
		subscriber.notify(
			1000,
			notify(first, { cseq: 2, state: "active;expires=60" }),
		);
		ok(subscriber.deadline() <= 1000 + 51_000);
	});

	it("that finds nothing new (204) goes on without a NOTIFY", () => {
		const { subscriber } = active();
		const { now, refresh } = refreshed(subscriber);
		subscriber.response(now, reply(refresh, 204, ["Expires: 3600"]));
		deepEqual(outputs(subscriber), [{ kind: "unchanged", etag: "one" }]);
		ok(subscriber.deadline() >= now + 1_800_000);
	});

	it("that is answered but followed by no NOTIFY ends with Timer N, to begin anew", () => {
		const { subscriber } = active();
		const { now, refresh } = refreshed(subscriber);
		subscriber.response(now, reply(refresh, 200, ["Expires: 3600"]));
		equal(subscriber.deadline(), now + 32_000);
		subscriber.timeout(now + 32_000);
		const end = ended(subscriber);
		equal(end.reason, "timer-n");
		equal(end.again, "now");
	});

	it("whose NOTIFY overtakes the 200 waits for nothing more", () => {
		const { subscriber, first } = active();
		const { now, refresh } = refreshed(subscriber);
		subscriber.notify(now, notify(first, { cseq: 2 }));
		subscriber.response(now + 1, reply(refresh, 200, ["Expires: 3600"]));
		ok(subscriber.deadline() >= now + 1_800_000);
	});

	it("that gets 481 ends it, to begin anew", () => {
		const { subscriber } = active();
		const { now, refresh } = refreshed(subscriber);
		subscriber.response(now, reply(refresh, 481));
		const end = ended(subscriber);
		equal(end.status, 481);
		equal(end.again, "now");
	});

	it("that fails otherwise leaves it standing and is tried again, until it expires", () => {
		const { subscriber } = active();
		let { now, refresh } = refreshed(subscriber);
		subscriber.response(now, reply(refresh, 500));
		let tries = 1;
		for (;;) {
			now = subscriber.deadline();
			subscriber.timeout(now);
			const [output] = outputs(subscriber);
			if (output?.kind !== "request") {
				ok(output?.kind === "ended");
				equal(output.reason, "expired");
				equal(output.again, "now");
				break;
			}
			refresh = output.request;
			tries += 1;
			equal(refresh.cseq, tries + 1);
			if (tries % 2 === 0) subscriber.failure(now, "timeout");
			else subscriber.response(now, reply(refresh, 503, ["Retry-After: 7"]));
		}
		equal(now, 3_600_000);
		ok(tries > 3 && tries < 30, `${tries} tries`);
	});

	it("goes out at once when our address has changed", () => {
		const { subscriber } = active();
		subscriber.moved(10, "<sip:phone@192.0.2.99>");
		equal(request(subscriber).contact, "<sip:phone@192.0.2.99>");
	});

	it("takes turns between the flow and the Contact when one fails", () => {
		const { subscriber } = active({ flow: "sip:192.0.2.50" });
		let { now, refresh } = refreshed(subscriber);
		equal(refresh.nextHop, "sip:192.0.2.50");
		equal(refresh.uri, "sip:server@192.0.2.2");
		for (const expected of [undefined, "sip:192.0.2.50", undefined]) {
			subscriber.failure(now, "timeout");
			({ now, refresh } = refreshed(subscriber));
			equal(refresh.nextHop, expected);
		}
	});

	it("that is wanted while another is under way goes out though that one fails", () => {
		const { subscriber } = active();
		const { now } = refreshed(subscriber);
		subscriber.moved(now, "<sip:phone@192.0.2.99>");
		deepEqual(outputs(subscriber), []);
		subscriber.failure(now + 1, "transport");
		equal(request(subscriber).contact, "<sip:phone@192.0.2.99>");
	});

	it("asks for another time when that is wanted", () => {
		const { subscriber } = active();
		subscriber.setExpires(600);
		deepEqual(outputs(subscriber), []);
		equal(header(refreshed(subscriber).refresh, "Expires"), "600");
	});

	it("follows the request under way", () => {
		const { subscriber } = active();
		const { now, refresh } = refreshed(subscriber);
		subscriber.refresh(now, true);
		deepEqual(outputs(subscriber), []);
		subscriber.response(now, reply(refresh, 204, ["Expires: 3600"]));
		const second = request(subscriber);
		equal(second.cseq, 3);
		equal(header(second, "Suppress-If-Match"), undefined);
	});

	it("counts on from the CSeq that answered a challenge", () => {
		const { subscriber, first } = begin();
		first.cseq = 2;
		subscriber.response(0, reply(first, 200));
		subscriber.notify(0, notify(first));
		equal(refreshed(subscriber).refresh.cseq, 3);
	});
});

describe("the end of a subscription", () => {
	it("is asked for with Expires 0 and comes with the last NOTIFY", () => {
		const { subscriber, first } = active();
		subscriber.unsubscribe(10);
		const last = request(subscriber);
		equal(header(last, "Expires"), "0");
		equal(header(last, "Suppress-If-Match"), undefined);
		subscriber.response(11, reply(last, 200, ["Expires: 0"]));
		deepEqual(outputs(subscriber), []);
		subscriber.notify(
			12,
			notify(first, { cseq: 2, state: "terminated;reason=timeout" }),
		);
		const end = ended(subscriber);
		equal(end.reason, "unsubscribed");
		equal(end.again, "never");
	});

	it("comes without the last NOTIFY too", () => {
		const { subscriber } = active();
		subscriber.unsubscribe(10);
		subscriber.response(11, reply(request(subscriber), 200));
		subscriber.timeout(10 + 32_000);
		equal(ended(subscriber).again, "never");
	});

	it("waits for the dialog", () => {
		const { subscriber, first } = begin();
		subscriber.unsubscribe(1);
		deepEqual(outputs(subscriber), []);
		subscriber.notify(2, notify(first));
		subscriber.response(3, reply(first, 200));
		equal(header(request(subscriber), "Expires"), "0");
	});
});

describe("conditional notification (RFC 5839)", () => {
	it("asks with the tag that is held", () => {
		const { first } = begin({ etag: "held" });
		equal(header(first, "Suppress-If-Match"), "held");
	});

	it("takes a 204 to the first SUBSCRIBE for a dialog", () => {
		const { subscriber, first } = begin({ etag: "held" });
		subscriber.response(0, reply(first, 204, ["Expires: 600"]));
		deepEqual(outputs(subscriber), [
			{ kind: "subscribed", seconds: 600 },
			{ kind: "unchanged", etag: "held" },
		]);
		const { now } = refreshed(subscriber);
		ok(now >= 300_000 && now <= 510_000);
	});
});
