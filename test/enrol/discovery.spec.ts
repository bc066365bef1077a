import {
	accountCandidates,
	deviceCandidates,
	domainOf,
	leaseDomain,
	localNetworkCandidates,
	serverOf,
	sipServers,
} from "../../src/enrol/discovery.js";
import { deepEqual, describe, equal, host, it, utf8 } from "../portable.js";
import { lease } from "./lease.js";

const instance = "urn:uuid:00000000-0000-1000-8000-00ff8d82edcb";
const own = "urn%3auuid%3a00000000-0000-1000-8000-00ff8d82edcb";

describe("discovery of servers", () => {
	it("keeps the order: stored, factory, option 120, domain, _sipuaconfig", () => {
		const found = deviceCandidates(host(), {
			instance,
			stored: `sip:${own}@stored.example`,
			factory: ["sip:factory.example:5070;transport=tcp", "sip:second.example"],
			lease: lease({
				15: utf8("local.example"),
				120: new Uint8Array([1, 192, 0, 2, 5, 192, 0, 2, 6]),
			}),
		});
		deepEqual(
			found.map(({ uri, source, domain }) => [uri, source, domain]),
			[
				[`sip:${own}@stored.example`, "stored", "stored.example"],
				[
					`sip:${own}@factory.example:5070;transport=tcp`,
					"factory",
					"factory.example",
				],
				[`sip:${own}@second.example`, "factory", "second.example"],
				[`sip:${own}@192.0.2.5`, "dhcp-sip-server", "192.0.2.5"],
				[`sip:${own}@192.0.2.6`, "dhcp-sip-server", "192.0.2.6"],
				[`sip:${own}@local.example`, "dhcp-domain", "local.example"],
				[
					`sip:${own}@_sipuaconfig.local.example`,
					"sipuaconfig",
					"_sipuaconfig.local.example",
				],
			],
		);
	});

	it("names no server twice, and none when nothing names one", () => {
		deepEqual(
			deviceCandidates(host(), {
				instance,
				stored: `sip:${own}@a.example`,
				factory: ["sip:a.example"],
				lease: lease({ 15: utf8("a.example") }),
			}).map(({ source }) => source),
			["stored", "sipuaconfig"],
		);
		deepEqual(
			deviceCandidates(host(), {
				instance,
				stored: undefined,
				factory: [],
				lease: lease({}),
			}),
			[],
		);
	});

	it("takes a factory URI with a user part as it is", () => {
		equal(
			deviceCandidates(host(), {
				instance,
				stored: undefined,
				factory: ["sip:desk7@a.example"],
				lease: lease({}),
			})[0]?.uri,
			"sip:desk7@a.example",
		);
	});

	it("reads names in option 120", () => {
		const bytes = new Uint8Array([
			0,
			...[3, 0x73, 0x69, 0x70, 7, 0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65, 0],
			...[1, 0x62, 0],
		]);
		deepEqual(sipServers(host(), lease({ 120: bytes })), ["sip.example", "b"]);
		// Cut off anywhere: what is whole counts.
		for (let end = 0; end < bytes.length; end++)
			deepEqual(
				sipServers(host(), lease({ 120: bytes.slice(0, end) })),
				end < 14 ? [] : ["sip.example"],
				`${end}`,
			);
	});

	it("takes nothing else from option 120", () => {
		for (const bytes of [
			[],
			[2, 1, 2, 3, 4],
			[1],
			[1, 192, 0, 2],
			[0, 0xc0, 0x0c],
			[0, 3, 0x20, 0x0d, 0x0a, 0],
		])
			deepEqual(sipServers(host(), lease({ 120: new Uint8Array(bytes) })), []);
	});

	it("takes a domain only when it is one", () => {
		const domain = (text: string) =>
			leaseDomain(host(), lease({ 15: utf8(text) }));
		equal(domain("Local.Example"), "local.example");
		equal(domain("local.example.\0"), "local.example");
		equal(domain(""), undefined);
		equal(domain("\0"), undefined);
		equal(domain("a b"), undefined);
		equal(domain("a\r\nVia: x"), undefined);
		equal(leaseDomain(host(), lease({})), undefined);
	});

	it("asks the device's server for accounts first, then their own domain", () => {
		deepEqual(
			accountCandidates(
				"sip:alice@example.com",
				"sip:192.0.2.5;transport=tcp",
			).map(({ uri, nextHop }) => [uri, nextHop]),
			[
				["sip:alice@example.com", "sip:192.0.2.5;transport=tcp"],
				["sip:alice@example.com", undefined],
			],
		);
		equal(
			accountCandidates("sip:alice@example.com", "sip:example.com").length,
			1,
		);
		equal(accountCandidates("sip:alice@example.com", undefined).length, 1);
	});

	it("asks _sipuaconfig for the local network, without a user part", () => {
		equal(
			localNetworkCandidates("local.example")[0]?.uri,
			"sip:_sipuaconfig.local.example",
		);
	});

	it("takes URIs apart", () => {
		equal(serverOf("sip:a@b.example:5070;x=1"), "sip:b.example:5070;x=1");
		equal(serverOf("sip:b.example"), "sip:b.example");
		equal(domainOf("sip:a@B.example:5070;x=1"), "b.example");
		equal(domainOf("sip:[2001:db8::1]:5070"), "[2001:db8::1]");
		equal(domainOf("sip:[2001:db8::1];x=1"), "[2001:db8::1]");
	});
});
