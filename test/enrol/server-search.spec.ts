import { AnsweringNode } from "../event/nodes.js";
import { deepEqual, describe, equal, it, ok } from "../portable.js";

import { alice, domain, factory, own, scene, server, zone } from "./scene.js";

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
			options: { factoryServers: ["sip:192.0.2.3"] },
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
			options: { factoryServers: ["sip:192.0.2.3"] },
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
			options: { factoryServers: ["sip:192.0.2.3"], backoffFloor: 1000 },
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
			options: { factoryServers: ["sip:192.0.2.3"], backoffFloor: 100 },
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

	it("takes no other server's word for it that there is none, when the one that should know is silent", () => {
		const { net, node, up } = scene({
			options: { ...factory, backoffFloor: 1000 },
			records: [...zone, { name: "example.com", data: ["A", "192.0.2.3"] }],
		});
		let status = 404;
		const registrar = new AnsweringNode("192.0.2.3", () => ({ status }));
		net.add("192.0.2.3", registrar);
		net.cut(server);
		node.enrolment.setUsers(0, [{ aor: alice }]);
		node.enrolment.setAccessLists(0, [{ aor: alice }]);
		up();
		net.run(150_000);
		status = 489;
		net.run(400_000);
		ok(registrar.requests.length > 3, `${registrar.requests.length}`);
		ok(!node.log.includes("user absent"), `${node.log}`);
		ok(!node.log.includes("access absent"), `${node.log}`);
		// It is asked again as one that fails is.
		net.cut(server, false);
		net.run(800_000);
		ok(node.log.includes("access unchanged"), `${node.log}`);
	});
});
