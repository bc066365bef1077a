import { Locator, type Where } from "../../src/dns/locate.js";
import { Resolver } from "../../src/dns/resolver.js";
import type { Transport } from "../../src/port.js";
import { deepEqual, describe, equal, host, it, ok } from "../portable.js";
import { answer, type Entry, question } from "./packet.js";

const server = { host: "192.0.2.53", port: 53 };

const where: Where = {
	host: "example.com",
	numeric: false,
	port: undefined,
	transport: undefined,
	secure: false,
};

interface Zone {
	readonly records: readonly Entry[];
	/** Gives the addresses of SRV targets along. */
	readonly generous?: boolean;
	/** Names without records do not exist (NXDOMAIN). */
	readonly strict?: boolean;
	/** Types that the name server answers with SERVFAIL. */
	readonly broken?: readonly string[];
}

/** Locates, answering queries out of the zone; each round of targets as `udp 192.0.2.1:5060`, and the queries. */
function locate(
	{ records, generous = false, strict = false, broken = [] }: Zone,
	sought: Partial<Where> = {},
	rounds = 1,
	transports: readonly Transport[] = ["udp", "tcp"],
) {
	const resolver = new Resolver(host());
	resolver.setServers(0, [server]);
	const locator = new Locator(host(), resolver, transports);
	const lookup = locator.locate(0, { ...where, ...sought });
	const queries: string[] = [];
	const targets: string[][] = [];
	for (;;) {
		const output = locator.next();
		if (output === undefined) break;
		if (output.kind === "located") {
			equal(output.lookup, lookup);
			targets.push(
				output.targets.map(
					({ transport, address }) =>
						`${transport} ${address.host}:${address.port}`,
				),
			);
			if (targets.length < rounds) locator.further(0, lookup);
			continue;
		}
		const { name, type } = question(output.bytes);
		if (broken.includes(type)) {
			locator.datagram(0, answer(output.bytes, { code: 2 }), server);
			continue;
		}
		queries.push(`${type} ${name}`);
		const answers = records.filter(
			(record) => record.name === name && record.data[0] === type,
		);
		locator.datagram(
			0,
			answer(output.bytes, {
				code: strict && !records.some((record) => record.name === name) ? 3 : 0,
				answers,
				additional: generous
					? records.filter(({ data }) => data[0] === "A")
					: [],
			}),
			server,
		);
	}
	return { queries, targets };
}

const naptr = (order: number, service: string, target: string): Entry => ({
	name: "example.com",
	data: ["NAPTR", order, 50, "s", service, target],
});
const srv = (
	name: string,
	priority: number,
	weight: number,
	port: number,
	target: string,
): Entry => ({ name, data: ["SRV", priority, weight, port, target] });
const a = (name: string, address: string): Entry => ({
	name,
	data: ["A", address],
});

describe("locating a SIP server (RFC 3263)", () => {
	it("asks nothing for a numeric host", () => {
		deepEqual(locate({ records: [] }, { host: "192.0.2.9", numeric: true }), {
			queries: [],
			targets: [["udp 192.0.2.9:5060"]],
		});
		deepEqual(
			locate(
				{ records: [] },
				{ host: "192.0.2.9", numeric: true, port: 5070, transport: "tcp" },
			).targets,
			[["tcp 192.0.2.9:5070"]],
		);
	});

	it("asks for addresses only when there is a port", () => {
		deepEqual(
			locate({ records: [a("example.com", "192.0.2.1")] }, { port: 5070 }),
			{ queries: ["A example.com"], targets: [["udp 192.0.2.1:5070"]] },
		);
	});

	it("does not ask NAPTR when the transport is given", () => {
		deepEqual(
			locate(
				{
					records: [
						srv("_sip._tcp.example.com", 1, 1, 5090, "a.example.com"),
						a("a.example.com", "192.0.2.1"),
					],
				},
				{ transport: "tcp" },
			),
			{
				queries: ["SRV _sip._tcp.example.com", "A a.example.com"],
				targets: [["tcp 192.0.2.1:5090"]],
			},
		);
	});

	it("follows NAPTR to SRV to addresses, by order, and skips what we don't speak", () => {
		deepEqual(
			locate({
				records: [
					naptr(10, "SIPS+D2T", "_sips._tcp.example.com"),
					naptr(30, "SIP+D2U", "_sip._udp.example.com"),
					naptr(20, "SIP+D2T", "tcp.example.com"),
					naptr(5, "E2U+sip", "x.example.com"),
					srv("tcp.example.com", 1, 1, 5060, "a.example.com"),
					a("a.example.com", "192.0.2.1"),
				],
			}),
			{
				queries: [
					"NAPTR example.com",
					"SRV tcp.example.com",
					"A a.example.com",
				],
				targets: [["tcp 192.0.2.1:5060"]],
			},
		);
	});

	it("without NAPTR asks SRV in our order, without SRV the name itself", () => {
		deepEqual(locate({ records: [a("example.com", "192.0.2.1")] }), {
			queries: [
				"NAPTR example.com",
				"SRV _sip._udp.example.com",
				"SRV _sip._tcp.example.com",
				"A example.com",
			],
			targets: [["udp 192.0.2.1:5060"]],
		});
	});

	it("does without NAPTR and SRV where a name server knows nothing of them", () => {
		const records = [a("example.com", "192.0.2.1")];
		deepEqual(locate({ records, broken: ["NAPTR"] }).queries, [
			"SRV _sip._udp.example.com",
			"SRV _sip._tcp.example.com",
			"A example.com",
		]);
		deepEqual(locate({ records, broken: ["NAPTR", "SRV"] }).targets, [
			["udp 192.0.2.1:5060"],
		]);
		deepEqual(locate({ records, broken: ["NAPTR", "SRV", "A"] }).targets, [[]]);
	});

	it("asks SRV though the name itself does not exist, but not for its address", () => {
		const { queries, targets } = locate({ records: [], strict: true });
		deepEqual(queries, [
			"NAPTR example.com",
			"SRV _sip._udp.example.com",
			"SRV _sip._tcp.example.com",
		]);
		deepEqual(targets, [[]]);
	});

	it("takes IPv6 addresses when there are no others", () => {
		deepEqual(
			locate(
				{
					records: [
						{
							name: "example.com",
							data: ["AAAA", [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1]],
						},
					],
				},
				{ port: 5060 },
			).targets,
			[["udp 2001:db8::1:5060"]],
		);
	});

	it("gives SRV targets by priority, the later ones only when asked for", () => {
		const records = [
			srv("_sip._udp.example.com", 20, 0, 5060, "b.example.com"),
			srv("_sip._udp.example.com", 10, 0, 5060, "a.example.com"),
			a("a.example.com", "192.0.2.1"),
			a("a.example.com", "192.0.2.2"),
			a("b.example.com", "192.0.2.3"),
		];
		const once = locate({ records }, { transport: "udp" });
		deepEqual(once.targets, [["udp 192.0.2.1:5060", "udp 192.0.2.2:5060"]]);
		deepEqual(once.queries, ["SRV _sip._udp.example.com", "A a.example.com"]);
		const all = locate({ records }, { transport: "udp" }, 3);
		deepEqual(all.targets, [
			["udp 192.0.2.1:5060", "udp 192.0.2.2:5060"],
			["udp 192.0.2.3:5060"],
			[],
		]);
	});

	it("passes over an SRV target without an address", () => {
		deepEqual(
			locate(
				{
					records: [
						srv("_sip._udp.example.com", 1, 0, 5060, "gone.example.com"),
						srv("_sip._udp.example.com", 2, 0, 5060, "a.example.com"),
						a("a.example.com", "192.0.2.1"),
					],
				},
				{ transport: "udp" },
			).targets,
			[["udp 192.0.2.1:5060"]],
		);
	});

	it("uses addresses that came with the SRV answer, even with TTL 0", () => {
		deepEqual(
			locate(
				{
					generous: true,
					records: [
						srv("_sip._udp.example.com", 1, 0, 5060, "a.example.com"),
						{ name: "a.example.com", ttl: 0, data: ["A", "192.0.2.1"] },
						a("evil.example", "192.0.2.66"),
					],
				},
				{ transport: "udp" },
			),
			{
				queries: ["SRV _sip._udp.example.com"],
				targets: [["udp 192.0.2.1:5060"]],
			},
		);
	});

	it("takes '.' for: not offered here", () => {
		const { queries, targets } = locate(
			{
				records: [
					srv("_sip._udp.example.com", 0, 0, 0, ""),
					a("example.com", "192.0.2.1"),
				],
			},
			{ transport: "udp" },
		);
		deepEqual(targets, [[]]);
		deepEqual(queries, ["SRV _sip._udp.example.com"]);
	});

	it("spreads by weight within a priority", () => {
		const records = [
			srv("_sip._udp.example.com", 1, 90, 5060, "a.example.com"),
			srv("_sip._udp.example.com", 1, 10, 5060, "b.example.com"),
			a("a.example.com", "192.0.2.1"),
			a("b.example.com", "192.0.2.2"),
		];
		let heavy = 0;
		for (let each = 0; each < 100; each++)
			if (
				locate({ records }, { transport: "udp" }).targets[0]?.[0] ===
				"udp 192.0.2.1:5060"
			)
				heavy += 1;
		ok(heavy > 70 && heavy < 100, `${heavy} of 100`);
	});

	it("gives nothing for sips without TLS, or an unknown transport", () => {
		deepEqual(locate({ records: [] }, { secure: true }).targets, [[]]);
		deepEqual(locate({ records: [] }, { transport: "sctp" }).targets, [[]]);
	});

	it("keeps sips on TLS", () => {
		deepEqual(
			locate(
				{
					records: [
						srv("_sips._tcp.example.com", 1, 1, 5061, "a.example.com"),
						a("a.example.com", "192.0.2.1"),
					],
				},
				{ secure: true },
				1,
				["udp", "tcp", "tls"],
			).targets,
			[["tls 192.0.2.1:5061"]],
		);
	});

	it("gives up at once when no name server answers", () => {
		const resolver = new Resolver(host());
		const locator = new Locator(host(), resolver, ["udp"]);
		const lookup = locator.locate(0, where);
		deepEqual(locator.next(), { kind: "located", lookup, targets: [] });
	});
});
