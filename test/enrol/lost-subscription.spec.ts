import { AnsweringNode, NotifyingNode } from "../event/nodes.js";
import { deepEqual, describe, equal, it, ok } from "../portable.js";
import { lease } from "./lease.js";

import { alice, deviceKey, factory, phone, scene, server } from "./scene.js";

describe("a subscription that is lost", () => {
	it("because the server has forgotten it is made anew at the refresh", () => {
		const { net, node, up } = scene({
			options: { ...factory, expires: 100 },
		});
		up();
		net.run(100);
		net.remove(server);
		const next = new NotifyingNode(server);
		next.set(0, deviceKey, "<d9/>");
		net.add(server, next);
		net.run(100_000);
		ok(node.log.includes("device <d9/>"), `${node.log}`);
		equal(next.notifier.count(deviceKey), 1);
	});

	it("because the server vanished between SUBSCRIBE and NOTIFY is tried again", () => {
		const { net, node, up } = scene({
			options: { factoryServers: ["sip:192.0.2.3"], backoffFloor: 1000 },
		});
		const other = new AnsweringNode("192.0.2.3", () => ({
			status: 200,
			contact: "<sip:192.0.2.3>",
			headers: [["Expires", "3600"]],
		}));
		net.add("192.0.2.3", other);
		up();
		net.run(31_900);
		equal(other.requests.length, 1);
		net.run(32_100);
		equal(node.log.at(-1), "enrolment-failed device timer-n");
		net.run(33_200);
		equal(other.requests.length, 2);
		ok(other.requests[0]?.callId !== other.requests[1]?.callId);
	});

	for (const [reason, retryAfter, least, most] of [
		["deactivated", undefined, 0, 10],
		["timeout", undefined, 0, 10],
		["probation", 60, 60_000, 67_000],
		["giveup", 60, 60_000, 67_000],
		["whatever", undefined, 1000, 1110],
	] as const)
		it(`because the server ended it with ${reason} is made anew in ${least} ms`, () => {
			const { net, peer, up, subscribed } = scene({
				options: { ...factory, backoffFloor: 1000 },
			});
			up();
			net.run(20_000);
			peer.notifier.end(net.now, deviceKey, reason, retryAfter);
			net.drain(server);
			const start = net.now;
			const before = subscribed().length;
			ok(net.run(() => subscribed().length > before));
			const waited = net.now - start;
			ok(waited >= least && waited <= most, `${waited} ms`);
		});

	it("because the server rejects it is not made anew", () => {
		const { net, node, peer, up, subscribed } = scene({ options: factory });
		up();
		net.run(20_000);
		const before = subscribed().length;
		peer.notifier.end(net.now, deviceKey, "rejected");
		net.drain(server);
		net.run(200_000);
		equal(subscribed().length, before);
		equal(node.log.at(-1), "enrolment-failed device rejected");
	});

	it("because the server has it no more is none", () => {
		const { net, node, peer, up } = scene({ options: factory });
		up();
		net.run(20_000);
		peer.notifier.end(net.now, `user ${alice}`, "noresource");
		net.drain(server);
		net.run(21_000);
		equal(node.log.at(-1), "user absent");
	});

	it("because the server has the device no more is asked for an hour later: it may have it again", () => {
		const { net, node, peer, up, subscribed } = scene({ options: factory });
		up();
		net.run(20_000);
		const before = subscribed().length;
		peer.notifier.end(net.now, deviceKey, "noresource");
		net.drain(server);
		net.run(3_600_000);
		equal(subscribed().length, before);
		equal(node.log.at(-1), "enrolment-failed device noresource");
		net.run(8_000_000);
		equal(subscribed()[before], "device");
		equal(peer.notifier.count(deviceKey), 1);
	});

	it("again and again at once is not made anew without back-off", () => {
		const { net, peer, up, subscribed } = scene({ options: factory });
		up();
		net.run(100);
		peer.notifier.end(net.now, deviceKey, "deactivated");
		net.drain(server);
		const before = subscribed().length;
		net.run(30_000);
		equal(subscribed().length, before);
	});

	it("is told our new address when that changes", () => {
		const { net, node, peer, up, subscribed } = scene({ options: factory });
		up();
		net.run(100);
		const before = subscribed().length;
		up();
		net.run(200);
		equal(subscribed().length, before);
		node.enrolment.network(net.now, lease({}), "sip:phone@192.0.2.1:5062");
		net.drain(phone);
		net.run(300);
		equal(subscribed().length, before + 3);
		equal(
			peer.subscribes.at(-1)?.contacts[0]?.uriText,
			"sip:phone@192.0.2.1:5062",
		);
		equal(peer.notifier.count(), 3);
	});

	it("is refreshed though the server's Contact leads nowhere", () => {
		const { net, node, peer, up } = scene({
			options: { ...factory, expires: 100 },
			server: { contact: () => "<sip:127.0.0.1:5070>" },
		});
		up();
		net.run(300_000);
		equal(peer.notifier.count(), 3);
		ok(!node.log.some((line) => line.startsWith("enrolment-failed")));
		// None was made anew.
		equal(new Set(peer.subscribes.map(({ callId }) => callId)).size, 3);
	});

	it("is refreshed when the network comes back with the same address", () => {
		const { net, node, peer, up, subscribed } = scene({ options: factory });
		up();
		net.run(100);
		const before = subscribed().length;
		node.enrolment.network(net.now, undefined);
		// The server lost us meanwhile.
		peer.notifier.end(net.now, deviceKey, "timeout");
		net.cut(server);
		net.run(40_000);
		net.cut(server, false);
		up();
		net.run(41_000);
		ok(subscribed().length >= before + 3, `${subscribed()}`);
		equal(peer.notifier.count(), 3);
	});

	it("is not waited for any longer when the network comes back", () => {
		const { net, node, up, subscribed } = scene({ options: factory });
		net.cut(server);
		up();
		// Some rounds of back-off: the next try is minutes away.
		net.run(300_000);
		node.enrolment.network(net.now, undefined);
		net.cut(server, false);
		up();
		net.run(301_000);
		equal(subscribed()[0], "device");
	});

	it("is not begun anew for a user who is gone when the network changes", () => {
		const { net, node, peer, up, subscribed } = scene({ options: factory });
		up();
		net.run(100);
		net.cut(server);
		node.enrolment.setUsers(net.now, []);
		node.enrolment.setAccessLists(net.now, []);
		net.drain(phone);
		net.run(1_000);
		net.cut(server, false);
		const before = subscribed().length;
		node.enrolment.network(net.now, lease({}), "sip:phone@192.0.2.1:5062");
		net.drain(phone);
		net.run(2_000);
		deepEqual(
			peer.subscribes
				.slice(before)
				.filter(({ expires }) => expires !== 0)
				.map(({ uriText }) => uriText === alice),
			[false],
		);
	});

	it("waits for the network", () => {
		const { net, node, up, subscribed } = scene({
			options: { ...factory, backoffFloor: 1000 },
		});
		net.cut(server);
		up();
		net.run(32_900);
		node.enrolment.network(net.now, undefined);
		net.cut(server, false);
		net.run(60_000);
		deepEqual(subscribed(), []);
		up();
		net.run(61_000);
		equal(subscribed()[0], "device");
	});
});
