import { PortPool } from "../../src/phone/ports.js";
import { deepEqual, describe, equal, it } from "../portable.js";

describe("RTP ports", () => {
	it("are even, within the range, and each given once", () => {
		const pool = new PortPool();
		equal(pool.reserve(), 0);
		pool.setRange(10_001, 10_005);
		deepEqual(
			[pool.reserve(), pool.reserve(), pool.reserve()],
			[10_002, 10_004, 0],
		);
		pool.release(10_002);
		equal(pool.reserve(), 10_002);
	});

	it("leave room for RTCP at the range's end", () => {
		const pool = new PortPool();
		pool.setRange(10_000, 10_000);
		equal(pool.reserve(), 0);
	});

	it("stay in use when the range moves", () => {
		const pool = new PortPool();
		pool.setRange(10_000, 10_003);
		equal(pool.reserve(), 10_000);
		pool.setRange(10_000, 10_001);
		equal(pool.reserve(), 0);
		pool.release(10_000);
		equal(pool.reserve(), 10_000);
	});
});
