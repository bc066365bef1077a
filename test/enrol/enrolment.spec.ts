import type { DeliveryOutput } from "../../src/delivery.js";
import {
	Enrolment,
	type EnrolmentOptions,
	type EnrolmentOutput,
} from "../../src/enrol/enrolment.js";
import { Challenger } from "../../src/sip/authentication.js";
import { Header } from "../../src/sip/header.js";
import type { Message } from "../../src/sip/message.js";
import { answer, type Entry, question } from "../dns/packet.js";
import { AnsweringNode, ClientNode, NotifyingNode } from "../event/nodes.js";
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
import { lease } from "./lease.js";

const phone = "192.0.2.1";
const server = "192.0.2.2";
const names = "192.0.2.53";
const instance = "urn:uuid:00000000-0000-1000-8000-00ff8d82edcb";
const own = "urn%3auuid%3a00000000-0000-1000-8000-00ff8d82edcb";
const alice = "sip:alice@example.com";
const deviceKey = `device sip:${own}@${server}`;
const domain = { 15: utf8("local.example") };
const zone: readonly Entry[] = [
	{ name: "_sipuaconfig.local.example", data: ["A", server] },
];

/** A phone that enrols, and does with documents what a script says. */
class Phone extends ClientNode {
	readonly enrolment: Enrolment;
	readonly log: string[] = [];
	readonly outputs: EnrolmentOutput[] = [];
	/** What is done with a document before the verdict. */
	apply: (now: number, profile: string, text: string) => void = () => {};

	constructor(options: Partial<EnrolmentOptions>) {
		super(phone);
		this.resolver.setServers(0, [{ host: names, port: 53 }]);
		this.enrolment = new Enrolment(host(), {
			instance,
			vendor: 'Hook"switch',
			model: "QEMU",
			version: "1.0",
			firstOwner: 100,
			...options,
		});
	}

	override handle(now: number, output: DeliveryOutput): void {
		switch (output.kind) {
			case "request": {
				const { message, transaction } = output;
				const response =
					message.method === "NOTIFY"
						? this.enrolment.notify(now, message)
						: { status: 405 };
				if (message.method === "NOTIFY" && response.status !== 200)
					this.log.push(`NOTIFY ${response.status}`);
				this.endpoint.respond(now, transaction, response);
				break;
			}
			case "response":
				ok(this.enrolment.owns(output.owner));
				this.enrolment.response(now, output.owner, output.message);
				break;
			case "failure":
				this.enrolment.failure(now, output.owner, output.reason);
				break;
			default:
		}
	}

	override more(now: number): boolean {
		const output = this.enrolment.next();
		if (output === undefined) return false;
		this.outputs.push(output);
		switch (output.kind) {
			case "request":
				this.delivery.send(now, output.request, output.owner, {
					secureOnly: output.secureOnly,
				});
				break;
			case "document": {
				const text = ascii(output.bytes);
				this.log.push(`${output.profile} ${text}`);
				this.apply(now, output.profile, text);
				this.enrolment.verdict(now, output.profile, output.for, true);
				break;
			}
			case "none":
				this.log.push(
					`${output.profile} ${output.absent ? "absent" : "unchanged"}`,
				);
				break;
			case "event":
				this.log.push(
					`${output.code} ${output.data.profile ?? output.data.source}${output.data.reason === undefined ? "" : ` ${output.data.reason}`}`,
				);
				break;
			default:
		}
		return true;
	}
	override moreDeadline(): number {
		return this.enrolment.deadline();
	}
	override moreTimeout(now: number): void {
		this.enrolment.timeout(now);
	}
}

function scene({
	network = {},
	options = {},
	server: serverOptions = {},
	records = zone,
}: {
	network?: NetworkOptions;
	options?: Partial<EnrolmentOptions>;
	server?: object;
	records?: readonly Entry[];
} = {}) {
	const net = new Network(network);
	const node = new Phone(options);
	const peer = new NotifyingNode(server, serverOptions);
	net.add(phone, node);
	net.add(server, peer);
	let queries = 0;
	net.serve(names, 53, (query) => {
		queries += 1;
		const { name, type } = question(query);
		const answers = records.filter(
			(each) => each.name === name && each.data[0] === type,
		);
		const known = records.some((each) => each.name === name);
		return answer(query, { answers, code: known ? 0 : 3 });
	});
	node.apply = (now, profile) => {
		if (profile !== "device") return;
		node.enrolment.setUsers(now, [{ aor: alice }]);
		node.enrolment.setAccessLists(now, [{ aor: alice }]);
	};
	const up = (dhcp: Readonly<Record<number, Uint8Array>> = {}) => {
		node.enrolment.network(
			net.now,
			lease(dhcp),
			node.endpoint.contactUri("phone", "udp"),
		);
		net.drain(phone);
	};
	/** Profile type of each SUBSCRIBE that arrived. */
	const subscribed = (at: { subscribes: Message[] } = peer) =>
		at.subscribes.map(
			({ event }) =>
				event?.parameters.find(({ name }) => name === "profile-type")?.value ??
				"bare",
		);
	peer.documents.set(deviceKey, {
		type: "application/vnd.hookswitch.profile+xml",
		bytes: utf8("<d1/>"),
		etag: "d1",
	});
	return { net, node, peer, up, subscribed, queries: () => queries };
}

const factory = { factoryServer: `sip:${server}` };

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
		equal(node.log.at(-1), "NOTIFY 415");
		equal(peer.notifier.count(deviceKey), 1);
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

describe("enrolment looks for a server", () => {
	it("stored first, then the others, and says which it found", () => {
		const { net, node, up, subscribed } = scene({
			options: { ...factory, storedServer: `sip:${own}@192.0.2.98` },
		});
		up();
		net.run(31_000);
		deepEqual(subscribed(), []);
		net.run(33_000);
		equal(subscribed()[0], "device");
		ok(node.log.includes("server-found factory"));
		const enrolled = node.outputs.find(({ kind }) => kind === "enrolled");
		ok(enrolled?.kind === "enrolled");
		equal(enrolled.uri, `sip:${own}@${server}`);
		equal(enrolled.server, `sip:${server}`);
	});

	it("by option 120, and by the domain", () => {
		const sip = scene();
		sip.up({ 120: new Uint8Array([1, 192, 0, 2, 2]) });
		sip.net.run(100);
		ok(sip.node.log.includes("server-found dhcp-sip-server"));

		const named = scene({
			records: [
				{
					name: "_sip._udp.local.example",
					data: ["SRV", 1, 1, 5060, "pds.local.example"],
				},
				{ name: "pds.local.example", data: ["A", server] },
			],
		});
		named.peer.documents.set(`device sip:${own}@local.example`, {});
		named.up(domain);
		named.net.run(100);
		ok(named.node.log.includes("server-found dhcp-domain"));

		const last = scene();
		last.up(domain);
		last.net.run(100);
		ok(last.node.log.includes("server-found sipuaconfig"));
	});

	it("takes a 3xx for a hint", () => {
		const { net, node, up } = scene({
			options: { factoryServer: "sip:192.0.2.3" },
		});
		const other = new AnsweringNode("192.0.2.3", () => ({
			status: 302,
			contact: `<sip:${own}@${server}>`,
		}));
		net.add("192.0.2.3", other);
		up();
		net.run(100);
		ok(node.log.includes("server-found redirect"));
	});

	it("does not follow 3xx in a circle", () => {
		const { net, node, up } = scene({
			options: { factoryServer: "sip:192.0.2.3" },
		});
		const other = new AnsweringNode("192.0.2.3", () => ({
			status: 302,
			contact: `<sip:${own}@192.0.2.3>`,
		}));
		net.add("192.0.2.3", other);
		up();
		net.run(1000);
		equal(other.requests.length, 6);
		equal(node.log.at(-1), "enrolment-failed device 302");
	});

	it("again and again with back-off, from the stored one on", () => {
		const { net, node, up } = scene({
			options: { factoryServer: "sip:192.0.2.3", backoffFloor: 1000 },
		});
		const times: number[] = [];
		const other = new AnsweringNode("192.0.2.3", () => {
			times.push(net.now);
			return { status: 404 };
		});
		net.add("192.0.2.3", other);
		up();
		net.run(20_000);
		equal(times.length, 5);
		for (let each = 1; each < times.length; each++) {
			const wait = (times[each] ?? 0) - (times[each - 1] ?? 0);
			const due = 1000 * 2 ** (each - 1);
			ok(wait >= due && wait <= due * 1.1 + 10, `${wait} of ${due}`);
		}
		equal(node.log.at(-1), "enrolment-failed device 404");
	});

	it("but not before Retry-After", () => {
		const { net, up, node } = scene({
			options: { factoryServer: "sip:192.0.2.3", backoffFloor: 100 },
		});
		const times: number[] = [];
		net.add(
			"192.0.2.3",
			new AnsweringNode("192.0.2.3", () => {
				times.push(net.now);
				return { status: 503, headers: [["Retry-After", "50"]] };
			}),
		);
		up();
		net.run(60_000);
		equal(times.length, 2);
		ok((times[1] ?? 0) >= 50_000);
		const failed = node.outputs.find(
			(output) => output.kind === "event" && output.level === "warning",
		);
		ok(failed?.kind === "event");
		ok(Number(failed.data.retryIn) >= 50_000);
	});

	it("and says so when nothing names one", () => {
		const { net, node, up } = scene();
		up();
		net.run(100);
		deepEqual(node.log, [
			"local-network absent",
			"enrolment-failed device no-server",
		]);
	});

	it("asks again for what a server has not, an hour later", () => {
		const { net, node, peer, up, subscribed } = scene({ options: factory });
		peer.refuse = ({ uriText }) =>
			uriText === alice ? { status: 404 } : undefined;
		up();
		net.run(60_000);
		const before = subscribed().length;
		ok(node.log.includes("user absent"));
		ok(node.log.includes("access absent"));
		peer.refuse = () => undefined;
		net.run(2 * 3_600_000);
		equal(subscribed().length, before + 2);
	});
});

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
			options: { factoryServer: "sip:192.0.2.3", backoffFloor: 1000 },
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

	it("waits for the network", () => {
		const { net, node, up, subscribed } = scene({
			options: { ...factory, backoffFloor: 1000 },
		});
		net.cut(server);
		up();
		net.run(33_000);
		node.enrolment.network(net.now, undefined);
		net.cut(server, false);
		net.run(60_000);
		deepEqual(subscribed(), []);
		up();
		net.run(61_000);
		equal(subscribed()[0], "device");
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
