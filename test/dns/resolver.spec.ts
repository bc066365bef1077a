import { writeQuery } from "../../src/dns/message.js";
import { Resolver, type ResolverOutput } from "../../src/dns/resolver.js";
import { deepEqual, describe, equal, host, it, ok } from "../portable.js";
import { answer, type Entry, question, type Reply } from "./packet.js";

const first = { host: "192.0.2.53", port: 53 };
const second = { host: "192.0.2.54", port: 53 };
const address: Entry = { name: "a.example", data: ["A", "192.0.2.1"] };
const A = 1;

function resolver(servers = [first, second]) {
	const made = new Resolver(host());
	made.setServers(0, servers);
	return made;
}

/** The one datagram among the outputs. */
function sent(from: Resolver) {
	const output = from.next();
	if (output?.kind !== "datagram") throw new Error(`no query: ${output?.kind}`);
	return output;
}

function resolved(from: Resolver) {
	const output: ResolverOutput | undefined = from.next();
	if (output?.kind !== "resolved")
		throw new Error(`no result: ${output?.kind}`);
	return output;
}

/** Asks, and answers the query with `reply`: what is left in the outputs is the test's. */
function ask(from: Resolver, now: number, name: string, reply: Reply) {
	from.resolve(now, name, A);
	from.datagram(now, answer(sent(from).bytes, reply), first);
}

describe("the resolver", () => {
	it("asks the first server and gives the answer", () => {
		const dns = resolver();
		const query = dns.resolve(0, "A.Example", A);
		const { to, bytes, socket } = sent(dns);
		equal(socket, "dns");
		deepEqual(to, first);
		equal(question(bytes).name, "a.example");
		dns.datagram(5, answer(bytes, { answers: [address] }), first);
		const output = resolved(dns);
		equal(output.query, query);
		ok(output.resolution.kind === "records");
		equal(output.resolution.records[0]?.target, "192.0.2.1");
		equal(dns.deadline(), Number.POSITIVE_INFINITY);
	});

	it("asks again, the other server, with growing waits, then gives up", () => {
		const dns = resolver();
		dns.resolve(0, "a.example", A);
		const script: [number, string][] = [[0, sent(dns).to.host]];
		for (;;) {
			const now = dns.deadline();
			dns.timeout(now);
			const output = dns.next();
			if (output?.kind !== "datagram") {
				deepEqual(output?.resolution, { kind: "failed" });
				equal(now, 15_000);
				break;
			}
			script.push([now, output.to.host]);
		}
		deepEqual(script, [
			[0, first.host],
			[500, second.host],
			[1000, first.host],
			[2000, second.host],
			[3000, first.host],
			[5000, second.host],
			[7000, first.host],
			[11_000, second.host],
		]);
	});

	it("fails at once without servers, and for what is no name", () => {
		const dns = resolver([]);
		dns.resolve(0, "a.example", A);
		equal(resolved(dns).resolution.kind, "failed");
		const other = resolver();
		other.resolve(0, "a b", A);
		equal(resolved(other).resolution.kind, "no-name");
	});

	it("asks once for two who ask the same", () => {
		const dns = resolver();
		const one = dns.resolve(0, "a.example", A);
		const two = dns.resolve(0, "a.example", A);
		const { bytes } = sent(dns);
		dns.datagram(1, answer(bytes, { answers: [address] }), first);
		equal(resolved(dns).query, one);
		equal(resolved(dns).query, two);
		equal(dns.next(), undefined);
	});

	it("ignores answers from elsewhere, with another id, to another question, or broken", () => {
		const dns = resolver();
		dns.resolve(0, "a.example", A);
		const { bytes } = sent(dns);
		const { id } = question(bytes);
		const good = answer(bytes, { answers: [address] });
		dns.datagram(1, good, { host: "192.0.2.66", port: 53 });
		dns.datagram(1, good, { host: first.host, port: 5353 });
		dns.datagram(1, answer(bytes, { answers: [address], id: id ^ 1 }), first);
		dns.datagram(
			1,
			answer(writeQuery(host(), id, "b.example", A, true), {
				answers: [address],
			}),
			first,
		);
		for (let end = 0; end < good.length; end++)
			dns.datagram(1, good.slice(0, end), first);
		dns.datagram(1, bytes, first);
		equal(dns.next(), undefined);
		dns.datagram(2, good, first);
		equal(resolved(dns).resolution.kind, "records");
		// Late copies find nobody.
		dns.datagram(3, good, first);
		equal(dns.next(), undefined);
	});

	it("keeps an answer as long as its TTL, and no longer", () => {
		const dns = resolver();
		ask(dns, 0, "a.example", { answers: [{ ...address, ttl: 10 }] });
		resolved(dns);
		dns.resolve(10_000, "a.example", A);
		equal(resolved(dns).resolution.kind, "records");
		dns.resolve(10_001, "a.example", A);
		sent(dns);
	});

	it("does not keep an answer with TTL 0", () => {
		const dns = resolver();
		ask(dns, 0, "a.example", { answers: [{ ...address, ttl: 0 }] });
		resolved(dns);
		dns.resolve(0, "a.example", A);
		sent(dns);
	});

	it("keeps that there is no such name as long as the SOA says", () => {
		const dns = resolver();
		ask(dns, 0, "a.example", {
			code: 3,
			authority: [{ name: "example", ttl: 900, data: ["SOA", 20] }],
		});
		deepEqual(resolved(dns).resolution, { kind: "no-name" });
		dns.resolve(20_000, "a.example", A);
		deepEqual(resolved(dns).resolution, { kind: "no-name" });
		dns.resolve(20_001, "a.example", A);
		sent(dns);
	});

	it("does not keep that there is none when no SOA says so", () => {
		const dns = resolver();
		ask(dns, 0, "a.example", {});
		deepEqual(resolved(dns).resolution, { kind: "records", records: [] });
		dns.resolve(1, "a.example", A);
		sent(dns);
	});

	it("forgets what another network's servers said", () => {
		const dns = resolver();
		ask(dns, 0, "a.example", { answers: [address] });
		resolved(dns);
		dns.setServers(1, [second]);
		dns.resolve(1, "a.example", A);
		deepEqual(sent(dns).to, second);
	});

	it("goes on to the next server when one refuses", () => {
		const dns = resolver();
		dns.resolve(0, "a.example", A);
		dns.datagram(1, answer(sent(dns).bytes, { code: 2 }), first);
		const again = sent(dns);
		deepEqual(again.to, second);
		dns.datagram(2, answer(again.bytes, { answers: [address] }), second);
		equal(resolved(dns).resolution.kind, "records");
	});

	it("asks without OPT a server that does not know it", () => {
		const dns = resolver([first]);
		dns.resolve(0, "a.example", A);
		const { bytes } = sent(dns);
		equal(question(bytes).extended, true);
		dns.datagram(1, answer(bytes, { code: 1 }), first);
		equal(question(sent(dns).bytes).extended, false);
	});

	it("follows aliases inside the answer", () => {
		const dns = resolver();
		ask(dns, 0, "w.example", {
			answers: [
				{ name: "w.example", ttl: 5, data: ["CNAME", "v.example"] },
				{ name: "v.example", data: ["CNAME", "a.example"] },
				address,
			],
		});
		const { resolution } = resolved(dns);
		ok(resolution.kind === "records");
		equal(resolution.records[0]?.target, "192.0.2.1");
		// As long as the shortest-lived link of the chain.
		dns.resolve(5001, "w.example", A);
		sent(dns);
	});

	it("asks for what an alias stands for when the answer lacks it", () => {
		const dns = resolver();
		ask(dns, 0, "w.example", {
			answers: [{ name: "w.example", data: ["CNAME", "a.example"] }],
		});
		const { bytes } = sent(dns);
		equal(question(bytes).name, "a.example");
		dns.datagram(1, answer(bytes, { answers: [address] }), first);
		equal(resolved(dns).resolution.kind, "records");
	});

	it("does not follow aliases in a circle", () => {
		const dns = resolver();
		ask(dns, 0, "w.example", {
			answers: [
				{ name: "w.example", data: ["CNAME", "v.example"] },
				{ name: "v.example", data: ["CNAME", "w.example"] },
			],
		});
		equal(resolved(dns).resolution.kind, "records");
		// Nor over several answers.
		const other = resolver([first]);
		other.resolve(0, "0.example", A);
		let queries = 0;
		for (;;) {
			const output = other.next();
			if (output?.kind !== "datagram") break;
			queries += 1;
			const { name } = question(output.bytes);
			other.datagram(
				0,
				answer(output.bytes, {
					answers: [{ name, data: ["CNAME", `${queries}.example`] }],
				}),
				first,
			);
		}
		ok(queries < 12, `${queries} queries`);
	});

	it("uses a truncated answer once and does not keep it", () => {
		const dns = resolver();
		ask(dns, 0, "a.example", { truncated: true, answers: [address] });
		equal(resolved(dns).resolution.kind, "records");
		dns.resolve(1, "a.example", A);
		sent(dns);
		const other = resolver();
		ask(other, 0, "a.example", { truncated: true });
		equal(resolved(other).resolution.kind, "failed");
	});

	it("asks a limited number of questions at once", () => {
		const dns = resolver();
		for (let each = 0; each < 40; each++) dns.resolve(0, `${each}.example`, A);
		let failed = 0;
		for (;;) {
			const output = dns.next();
			if (output === undefined) break;
			if (output.kind === "resolved") failed += 1;
		}
		equal(failed, 8);
	});
});
