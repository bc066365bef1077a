import { sipServerOption } from "../../hosts/sip-server-option.js";
import { sipServers } from "../../src/enrol/discovery.js";
import { lease } from "../enrol/lease.js";
import { deepEqual, describe, equal, host, it } from "../portable.js";

describe("hosts: DHCP option 120", () => {
	it("has encoding 1 with an address, 0 with a name, and is read back", () => {
		deepEqual([...sipServerOption("192.0.2.1")], [1, 192, 0, 2, 1]);
		for (const server of ["192.0.2.1", "sip.example.com", "300.0.2.1"]) {
			const options = lease({ 120: sipServerOption(server) });
			deepEqual(sipServers(host(), options), [server]);
		}
	});

	it("is not made of what is neither", () => {
		for (const server of ["", "a..b", "sip:a.example", `${"x".repeat(64)}.b`]) {
			let refused = false;
			try {
				sipServerOption(server);
			} catch (error) {
				refused = error instanceof RangeError;
			}
			equal(refused, true, server);
		}
	});
});
