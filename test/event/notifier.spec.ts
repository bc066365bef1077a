import { Header } from "../../src/sip/header.js";
import type { Message } from "../../src/sip/message.js";
import { deepEqual, describe, equal, it, ok } from "../portable.js";
import { key, phone, scene, server, uri } from "./scene.js";

function state(message: Message | undefined): string {
	return message?.header(Header.SubscriptionState) ?? "";
}

describe("the notifier", () => {
	it("answers SUBSCRIBE with 200 and the state", () => {
		const { node, peer, subscribe } = scene();
		subscribe();
		deepEqual(node.learnt, ["subscribed", "<one/>"]);
		equal(peer.notifier.count(key), 1);
		equal(peer.kept.size, 1);
		const [notify] = node.notifies;
		equal(notify?.event?.package, "ua-profile");
		equal(state(notify), "active;expires=3600");
		equal(notify?.header(Header.SipEtag), "<one/>");
		deepEqual(
			peer.told.map(({ kind }) => kind),
			["respond", "keep", "request", "notified"],
		);
	});

	it("tells of a change, once", () => {
		const { net, node, subscribe, set } = scene();
		subscribe();
		set("<two/>");
		net.run(2000);
		set("<two/>");
		net.run(3000);
		deepEqual(node.learnt, ["subscribed", "<one/>", "<two/>"]);
	});

	it("has one NOTIFY under way, and never loses the last state", () => {
		const { net, node, subscribe, set } = scene({ latency: 50 });
		subscribe();
		for (let each = 0; each < 20; each++) {
			set(`<v${each}/>`);
			net.run(net.now + 3);
		}
		net.run(net.now + 1000);
		equal(node.learnt.at(-1), "<v19/>");
		ok(node.learnt.length < 8, `${node.learnt.length} NOTIFYs`);
		const numbers = node.notifies.map(({ cseq }) => cseq.number);
		deepEqual(
			numbers,
			numbers.map((_, index) => index + 1),
		);
	});

	it("sends nothing when the state has come back to what the subscriber has", () => {
		const { net, node, peer, subscribe } = scene();
		subscribe();
		peer.set(net.now, key, "<two/>");
		peer.set(net.now, key, "<one/>");
		net.drain(server);
		net.run(2000);
		deepEqual(node.learnt, ["subscribed", "<one/>"]);
	});

	for (const [title, options] of [
		["loss", { loss: 0.4, seed: 3 }],
		["duplication", { duplication: 0.5, seed: 4 }],
		["reordering", { jitter: 400, seed: 5 }],
		["2 s of delay", { latency: 2000 }],
		["everything", { loss: 0.3, duplication: 0.3, jitter: 900, seed: 6 }],
	] as const)
		it(`loses no last state to ${title}`, () => {
			const { net, node, subscribe, set } = scene(options);
			const subscriber = subscribe();
			net.run(net.now + 32_000);
			for (let each = 0; each < 10; each++) {
				set(`<v${each}/>`);
				net.run(net.now + 200);
			}
			net.run(net.now + 32_000);
			equal(node.learnt.at(-1), "<v9/>");
			equal(subscriber.state, 2);
		});

	it("refuses other packages, and times that are too short", () => {
		const { node, subscribe, peer } = scene();
		subscribe({ event: "presence" });
		deepEqual(node.learnt, ["ended refused 489"]);
		subscribe({ expires: 10 });
		deepEqual(node.learnt.slice(1), ["subscribed", "<one/>"]);
		deepEqual(
			peer.subscribes.map(({ expires }) => expires),
			[3600, 10, 60],
		);
	});

	it("shortens, and never lengthens", () => {
		const { node, subscribe } = scene({}, { maximumExpires: 300 });
		subscribe({ expires: 9999 });
		equal(state(node.notifies[0]), "active;expires=300");
		subscribe({ expires: 120 });
		equal(state(node.notifies[1]), "active;expires=120");
	});

	it("answers a refresh with 200 and a NOTIFY", () => {
		const { net, node, peer, subscribe } = scene();
		const subscriber = subscribe();
		subscriber.refresh(net.now, true);
		net.run(2000);
		deepEqual(node.learnt, ["subscribed", "<one/>", "<one/>"]);
		equal(peer.notifier.count(), 1);
	});

	it("answers 204 and sends nothing when the refresh's tag is the state's", () => {
		const { net, node, subscribe, set } = scene();
		const subscriber = subscribe();
		subscriber.refresh(net.now);
		net.run(2000);
		deepEqual(node.learnt, ["subscribed", "<one/>", "unchanged"]);
		equal(node.notifies.length, 1);
		set("<two/>");
		net.run(3000);
		equal(node.learnt.at(-1), "<two/>");
	});

	it("leaves the body out when a new subscriber has the state", () => {
		const { node, subscribe } = scene();
		subscribe({ etag: "<one/>" });
		deepEqual(node.learnt, ["subscribed", "unchanged"]);
		equal(node.notifies[0]?.header(Header.SipEtag), "<one/>");
		subscribe({ etag: "<zero/>" });
		equal(node.learnt.at(-1), "<one/>");
	});

	it("gives the state once to who asks with Expires 0", () => {
		const { node, peer, subscribe } = scene();
		subscribe({ expires: 0 });
		deepEqual(node.learnt, ["<one/>", "ended timeout 0"]);
		equal(state(node.notifies[0]), "terminated;reason=timeout");
		equal(peer.notifier.count(), 0);
		equal(peer.kept.size, 0);
	});

	it("ends a subscription when asked, and when its time is over", () => {
		const { net, node, peer, subscribe } = scene();
		const subscriber = subscribe();
		subscriber.unsubscribe(net.now);
		net.run(2000);
		deepEqual(node.learnt.slice(2), ["<one/>", "ended unsubscribed 0"]);
		equal(peer.notifier.count(), 0);
		equal(peer.kept.size, 0);
		subscribe();
		node.subscribers.length = 0;
		node.answer = () => ({ status: 200 });
		net.run(net.now + 3_601_000);
		equal(state(node.notifies.at(-1)), "terminated;reason=timeout");
		equal(peer.notifier.count(), 0);
	});

	it("ends all of a key when its owner says so", () => {
		const { net, node, peer, subscribe } = scene();
		subscribe();
		equal(peer.notifier.end(net.now, key, "probation", 30), 1);
		net.drain(server);
		net.run(2000);
		equal(
			state(node.notifies.at(-1)),
			"terminated;reason=probation;retry-after=30",
		);
		equal(node.learnt.at(-1), "ended probation 0");
		equal(peer.notifier.count(key), 0);
	});

	for (const status of [404, 410, 480, 481, 489, 501, 604])
		it(`removes a subscription whose NOTIFY gets ${status}`, () => {
			const { net, node, peer, subscribe, set } = scene();
			subscribe();
			node.answer = () => ({ status });
			set("<two/>");
			net.run(2000);
			equal(peer.notifier.count(), 0);
			equal(peer.kept.size, 0);
		});

	it("removes a subscription whose NOTIFY is not answered (Timer F)", () => {
		const { net, node, peer, subscribe, set } = scene();
		subscribe();
		net.cut(phone);
		set("<two/>");
		net.run(net.now + 33_000);
		equal(peer.notifier.count(), 0);
		ok(node.learnt.length === 2);
	});

	it("sends the state again after another failure, when the subscriber says", () => {
		const { net, node, peer, subscribe, set } = scene();
		subscribe();
		node.answer = () => ({ status: 500, headers: [["Retry-After", "20"]] });
		set("<two/>");
		net.run(net.now + 19_000);
		equal(node.notifies.length, 2);
		node.answer = undefined;
		net.run(net.now + 2_000);
		equal(node.learnt.at(-1), "<two/>");
		equal(peer.notifier.count(), 1);
	});

	it("gives up after several such failures", () => {
		const { net, node, peer, subscribe, set } = scene();
		subscribe();
		node.answer = () => ({ status: 500 });
		set("<two/>");
		net.run(net.now + 600_000);
		equal(node.notifies.length, 7);
		equal(peer.notifier.count(), 0);
	});

	it("has 481 for a dialog that it does not know", () => {
		const { net, node, restart, subscribe } = scene();
		const subscriber = subscribe();
		const { peer } = restart();
		net.add(server, peer);
		subscriber.refresh(net.now);
		net.run(2000);
		equal(node.learnt.at(-1), "ended refused 481");
	});

	it("has 500 for a SUBSCRIBE out of order", () => {
		const { net, node, subscribe } = scene();
		const subscriber = subscribe();
		const old = node.subscribers[0];
		ok(old === subscriber);
		subscriber.refresh(net.now);
		const output = subscriber.next();
		if (output?.kind !== "request") throw new Error("no refresh");
		output.request.cseq = 0;
		node.delivery.send(net.now, output.request, 9);
		net.drain(phone);
		let status = 0;
		const handle = node.handle.bind(node);
		node.handle = (now, each) => {
			if (each.kind === "response") status = each.message.status;
			else handle(now, each);
		};
		net.run(net.now + 1000);
		equal(status, 500);
	});

	it("has 400 for a SUBSCRIBE without Contact", () => {
		const { net, node } = scene();
		let status = 0;
		node.handle = (_, each) => {
			if (each.kind === "response") status = each.message.status;
		};
		node.delivery.send(
			0,
			{
				method: "SUBSCRIBE",
				uri,
				route: [],
				from: "<sip:a@example.com>;tag=1",
				to: `<${uri}>`,
				callId: "c",
				cseq: 1,
				headers: [["Event", "ua-profile"]],
			},
			1,
		);
		net.drain(phone);
		net.run(1000);
		equal(status, 400);
	});
});

describe("subscriptions survive the notifier's restart", () => {
	it("and hear of what changed meanwhile", () => {
		const { net, node, restart, subscribe } = scene();
		subscribe();
		const { peer, up } = restart();
		net.run(net.now + 10_000);
		peer.set(net.now, key, "<two/>");
		up();
		net.run(net.now + 1000);
		equal(node.learnt.at(-1), "<two/>");
		equal(peer.notifier.count(key), 1);
		// RFC 6665: no CSeq is used twice.
		ok((node.notifies.at(-1)?.cseq.number ?? 0) > 1000);
	});

	it("and hear nothing when nothing changed", () => {
		const { net, node, peer, restart, subscribe, set } = scene();
		subscribe();
		set("<two/>");
		net.run(net.now + 1000);
		// The owner stores the tag when it is told of it.
		for (const output of peer.told)
			if (output.kind === "notified") {
				const record = peer.kept.get(output.id);
				if (record !== undefined)
					peer.kept.set(output.id, { ...record, etag: output.etag });
			}
		const { up, peer: next } = restart();
		up();
		net.run(net.now + 1000);
		deepEqual(node.learnt, ["subscribed", "<one/>", "<two/>"]);
		next.set(net.now, key, "<three/>");
		net.drain(server);
		net.run(net.now + 1000);
		equal(node.learnt.at(-1), "<three/>");
	});

	it("and end in time", () => {
		const { net, node, restart, subscribe } = scene();
		subscribe({ expires: 60 });
		const { peer, up } = restart();
		up();
		node.subscribers.length = 0;
		node.answer = () => ({ status: 200 });
		net.run(net.now + 61_000);
		equal(peer.notifier.count(), 0);
	});

	it("and go on over TCP, to where the phone listens", () => {
		const { net, node, restart } = scene();
		node.subscribe(0, {
			uri: `${uri};transport=tcp`,
			contact: `<${node.endpoint.contactUri("phone", "tcp")}>`,
		});
		net.run(1000);
		deepEqual(node.learnt, ["subscribed", "unchanged"]);
		const { peer, up } = restart();
		net.run(net.now + 1000);
		peer.set(net.now, `${key};transport=tcp`, "<two/>");
		up();
		net.run(net.now + 1000);
		equal(node.learnt.at(-1), "<two/>");
	});
});

describe("a change for many", () => {
	it("reaches all, with no more than the window under way, though some are dead", () => {
		const { net, node, peer } = scene({}, { window: 2 });
		for (let each = 0; each < 12; each++) node.subscribe(0);
		net.run(500);
		equal(peer.notifier.count(key), 12);
		node.learnt.length = 0;
		// Four answer nothing.
		const dead = new Set(node.notifies.slice(0, 4).map(({ callId }) => callId));
		const times: number[] = [];
		node.answer = (message) => {
			if (dead.has(message.callId)) return undefined;
			times.push(net.now);
			return { status: 200 };
		};
		peer.set(net.now, key, "<two/>");
		const start = net.now;
		net.drain(server);
		net.run(start + 400);
		equal(times.length, 8);
		let most = 0;
		for (const at of times)
			most = Math.max(most, times.filter((each) => each === at).length);
		ok(most <= 2, `${most} at once`);
	});
});
