import { Backoff, scatter } from "../../src/enrol/backoff.js";
import { describe, host, it, ok } from "../portable.js";

/** RFC 6080 §5.3.2 allows no less; up to a tenth more spreads devices. */
function near(actual: number, expected: number): void {
	ok(
		actual >= expected && actual <= expected * 1.1,
		`${actual}, expected about ${expected}`,
	);
}

describe("the back-off", () => {
	it("doubles from 64*T1, eight times", () => {
		const backoff = new Backoff(host());
		for (let exponent = 0; exponent <= 8; exponent++)
			near(backoff.next(), 32_000 * 2 ** exponent);
		near(backoff.next(), 8_192_000);
		backoff.reset();
		near(backoff.next(), 32_000);
	});
	it("starts at the floor that is set", () => {
		const backoff = new Backoff(host(), 200);
		near(backoff.next(), 200);
		near(backoff.next(), 400);
		backoff.setFloor(1000);
		near(backoff.next(), 4000);
	});
	it("waits as long as the server says, up to a day", () => {
		const backoff = new Backoff(host(), 200);
		near(backoff.next(60), 60_000);
		near(backoff.next(4_000_000_000), 86_400_000);
		near(new Backoff(host()).next(1), 32_000);
	});
	it("scatters", () => {
		const times = new Set<number>();
		for (let each = 0; each < 20; each++) times.add(scatter(host(), 1e6, 0.2));
		ok(times.size > 10);
	});
});
