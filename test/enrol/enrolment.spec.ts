import { Challenger } from "../../src/sip/authentication.js";
import { Header } from "../../src/sip/header.js";
import { deepEqual, describe, equal, host, it, ok, utf8 } from "../portable.js";

import {
	alice,
	deviceKey,
	domain,
	factory,
	instance,
	own,
	phone,
	scene,
	server,
} from "./scene.js";

describe("enrolment", () => {
	it("goes from local network to device, to user and access, with few messages", () => {
		const { net, node, peer, up, subscribed, queries } = scene({
			options: factory,
		});
		peer.set(0, "local-network sip:_sipuaconfig.local.example", "<l1/>");
		peer.set(0, `user ${alice}`, "<u1/>");
		peer.refuse = ({ event }) =>
			event?.parameters.some(({ value }) => value === "access")
				? { status: 404 }
				: undefined;
		up(domain);
		net.run(100);
		deepEqual(subscribed(), ["local-network", "device", "user", "access"]);
		deepEqual(node.log, [
			"enrolled local-network",
			"local-network <l1/>",
			"server-found factory",
			"enrolled device",
			"device <d1/>",
			"enrolled user",
			"user <u1/>",
			"access absent",
		]);
		// NAPTR, SRV for UDP and TCP, A.
		equal(queries(), 4);
		ok(
			net.passed.filter(({ transport }) => transport === "udp").length <=
				8 + 4 * 4,
		);
	});

	it("says who it is, as RFC 6080 wants it", () => {
		const { net, peer, up } = scene({ options: factory });
		up(domain);
		net.run(100);
		const [local, device, user] = peer.subscribes;
		equal(local?.uriText, "sip:_sipuaconfig.local.example");
		equal(local?.from.uriText, "sip:anonymous@anonymous.invalid");
		equal(device?.uriText, `sip:${own}@${server}`);
		equal(device?.from.uriText, `sip:anonymous@${server}`);
		equal(user?.uriText, alice);
		equal(user?.from.uriText, alice);
		for (const message of [local, device, user]) {
			equal(
				message?.contacts[0]?.parameters.find(
					({ name }) => name === "+sip.instance",
				)?.value,
				`<${instance}>`,
			);
			equal(message?.expires, 86_400);
		}
		equal(
			device?.header(Header.Event),
			'ua-profile;profile-type=device;vendor="Hook\\"switch";model="QEMU";version="1.0"',
		);
		deepEqual(device?.list(Header.Accept), [
			"application/vnd.hookswitch.profile+xml",
			"text/xml",
		]);
	});

	it("passes the local network over when there is none", () => {
		const { net, node, up, subscribed, queries } = scene({ options: factory });
		up();
		net.run(100);
		equal(node.log[0], "local-network absent");
		deepEqual(subscribed(), ["device", "user", "access"]);
		equal(queries(), 0);
	});

	it("goes on when the local network has no profile, no name, or no answer", () => {
		const none = scene({ options: factory });
		none.peer.refuse = ({ uriText }) =>
			uriText.includes("_sipuaconfig") ? { status: 404 } : undefined;
		none.up(domain);
		none.net.run(100);
		deepEqual(none.subscribed().slice(0, 2), ["local-network", "device"]);
		equal(none.node.log[0], "local-network absent");

		const unknown = scene({ options: factory, records: [] });
		unknown.up(domain);
		unknown.net.run(100);
		deepEqual(unknown.subscribed()[0], "device");
		equal(unknown.node.log[0], "enrolment-failed local-network unknown-host");

		const silent = scene({
			options: factory,
			records: [
				{ name: "_sipuaconfig.local.example", data: ["A", "192.0.2.99"] },
			],
		});
		silent.up(domain);
		silent.net.run(3_900);
		deepEqual(silent.subscribed(), []);
		silent.net.run(4_100);
		equal(silent.subscribed()[0], "device");
	});

	it("asks for as long as the device profile says", () => {
		const { net, node, peer, up } = scene({ options: factory });
		const { apply } = node;
		node.apply = (now, profile, text) => {
			node.enrolment.setExpires(600);
			apply(now, profile, text);
		};
		up();
		net.run(100);
		deepEqual(
			peer.subscribes.map(({ expires }) => expires),
			[86_400, 600, 600],
		);
	});

	it("waits for the verdict on the device profile before its users", () => {
		const { net, node, up, subscribed } = scene({ options: factory });
		node.enrolment.setUsers(0, [{ aor: "sip:old@example.com" }]);
		node.apply = (now, profile) => {
			if (profile === "device") node.enrolment.setUsers(now, [{ aor: alice }]);
		};
		up();
		net.run(1000);
		deepEqual(subscribed(), ["device", "user"]);
	});

	it("is at once done with what is held already", () => {
		const { net, node, peer, up } = scene({ options: factory });
		node.enrolment.setHeld("device", instance, "d1");
		node.enrolment.setUsers(0, [{ aor: alice }]);
		up();
		net.run(100);
		deepEqual(node.log, [
			"local-network absent",
			"server-found factory",
			"enrolled device",
			"device unchanged",
			"enrolled user",
			"user unchanged",
		]);
		equal(peer.subscribes[0]?.header(Header.SuppressIfMatch), "d1");
	});

	it("hears of changes, and unsubscribes users who are gone", () => {
		const { net, node, peer, up } = scene({ options: factory });
		up();
		net.run(100);
		peer.set(net.now, `user ${alice}`, "<u2/>");
		net.drain(server);
		net.run(200);
		equal(node.log.at(-1), "user <u2/>");
		node.apply = (now, profile) => {
			if (profile !== "device") return;
			node.enrolment.setUsers(now, []);
			node.enrolment.setAccessLists(now, []);
		};
		equal(peer.notifier.count(), 3);
		peer.set(net.now, deviceKey, "<d2/>");
		net.drain(server);
		net.run(1000);
		equal(peer.notifier.count(), 1);
		equal(node.log.at(-1), "device <d2/>");
	});

	it("has 481 for a NOTIFY that it did not ask for, 489 for another package", () => {
		const { net, node, peer, up } = scene({ options: factory });
		up();
		net.run(100);
		const send = (event: string) => {
			peer.endpoint.request(
				net.now,
				{
					method: "NOTIFY",
					uri: `sip:phone@${phone}`,
					route: [],
					from: "<sip:evil@example.com>;tag=x",
					to: "<sip:phone@example.com>;tag=y",
					callId: event,
					cseq: 1,
					contact: `<sip:${server}>`,
					headers: [
						["Event", event],
						["Subscription-State", "active;expires=60"],
					],
				},
				{ transport: "udp", address: { host: phone, port: 5060 } },
				5,
			);
			net.drain(server);
			net.run(net.now + 100);
		};
		send("ua-profile");
		equal(node.log.at(-1), "NOTIFY 481");
		send("presence");
		equal(node.log.at(-1), "NOTIFY 489");
	});

	it("refuses a body that it did not ask for, and keeps the subscription", () => {
		const { net, node, peer, up } = scene({ options: factory });
		up();
		net.run(100);
		peer.documents.set(deviceKey, {
			type: "application/json",
			bytes: utf8("{}"),
			etag: "json",
		});
		peer.notifier.changed(net.now, deviceKey);
		net.drain(server);
		net.run(200);
		deepEqual(node.log.slice(-2), [
			"NOTIFY 415",
			"enrolment-failed device 415",
		]);
		equal(peer.notifier.count(deviceKey), 1);
	});

	it("goes on without a document that it can't read, and says so", () => {
		const { net, node, peer, up, subscribed } = scene({ options: factory });
		node.enrolment.setUsers(0, [{ aor: alice }]);
		peer.documents.set(deviceKey, {
			type: "application/json",
			bytes: utf8("{}"),
			etag: "json",
		});
		up();
		net.run(1_000);
		deepEqual(subscribed(), ["device", "user"]);
		ok(node.log.includes("enrolment-failed device 415"), `${node.log}`);
	});
});

describe("enrolment bears a bad network:", () => {
	for (const [title, network, limit] of [
		["loss", { loss: 0.3, seed: 11 }, 60_000],
		["duplication", { duplication: 0.6, seed: 12 }, 2_000],
		["reordering", { jitter: 200, seed: 13 }, 5_000],
		["2 s of delay", { latency: 2000 }, 30_000],
	] as const)
		it(title, () => {
			const { net, node, peer, up } = scene({ options: factory, network });
			peer.set(0, `user ${alice}`, "<u1/>");
			up();
			net.run(limit);
			ok(node.log.includes("device <d1/>"), `${node.log}`);
			ok(node.log.includes("user <u1/>"), `${node.log}`);
			// Each document once.
			equal(node.log.filter((line) => line === "user <u1/>").length, 1);
			equal(peer.notifier.count(), 3);
		});
});

describe("enrolment and servers of other makers", () => {
	it("asks with the bare event when 489 lists ua-profile, and takes text/xml", () => {
		const { net, node, peer, up, subscribed } = scene({ options: factory });
		peer.refuse = ({ event }) =>
			(event?.parameters.length ?? 0) > 0
				? {
						status: 489,
						headers: [["Allow-Events", "presence, ua-profile"]],
					}
				: undefined;
		peer.documents.set(`none sip:${own}@${server}`, {
			type: "text/xml",
			bytes: utf8("<k/>"),
		});
		up();
		net.run(100);
		deepEqual(subscribed().slice(0, 2), ["device", "bare"]);
		ok(node.log.includes("device <k/>"));
	});
});

describe("enrolment and trust", () => {
	function guarded(trustNetwork: boolean) {
		const made = scene({
			options: {
				...factory,
				trustNetwork,
				credentials: {
					find: () => ({ user: "device", password: "secret" }),
				},
			},
		});
		const challenger = new Challenger(host(), { realm: "example.com" });
		made.peer.refuse = (message) => {
			const verdict = challenger.verify(made.net.now, message, (user) => ({
				user,
				password: "secret",
			}));
			return verdict.kind === "accepted"
				? undefined
				: { status: 401, headers: challenger.challenge(made.net.now) };
		};
		made.up();
		made.net.run(200);
		return made;
	}

	it("answers no challenge without TLS, and says why", () => {
		const { node, subscribed } = guarded(false);
		deepEqual(subscribed(), ["device"]);
		equal(node.log.at(-1), "enrolment-failed device challenge-insecure");
	});

	it("answers when the factory says that the network is trusted; one challenge is enough", () => {
		const { node, peer, subscribed } = guarded(true);
		ok(node.log.includes("device <d1/>"));
		deepEqual(subscribed().slice(0, 3), ["device", "device", "user"]);
		equal(peer.notifier.count(), 3);
		ok(subscribed().length <= 5);
	});
});

describe("after a power cut", () => {
	it("the first SUBSCRIBE waits a random time up to the spread", () => {
		const times = new Set<number>();
		for (let each = 0; each < 10; each++) {
			const { net, up, subscribed } = scene({
				options: { ...factory, restartSpread: 5000 },
			});
			up();
			ok(net.run(() => subscribed().length > 0, 5_100));
			times.add(net.now);
		}
		ok(times.size > 5);
	});
});
