/** The heap of deadlines, and that a flood of transactions leaves nothing in it. */
import { Schedule } from "../../src/sip/schedule.js";
import { deepEqual, describe, equal, it } from "../portable.js";

function taken(schedule: Schedule, now: number): number[] {
	const owners: number[] = [];
	for (let owner = schedule.take(now); owner >= 0; owner = schedule.take(now))
		owners.push(owner);
	return owners;
}

describe("sip/schedule", () => {
	it("gives owners in the order of their times, and none before its time", () => {
		const schedule = new Schedule();
		for (const time of [50, 20, 90, 10, 70, 30]) schedule.add(time, time);
		equal(schedule.earliest(), 10);
		deepEqual(taken(schedule, 50), [10, 20, 30, 50]);
		deepEqual(taken(schedule, 60), []);
		deepEqual(taken(schedule, 90), [70, 90]);
		equal(schedule.earliest(), Number.POSITIVE_INFINITY);
	});

	it("forgets owners that are gone, and keeps the order of the others", () => {
		const schedule = new Schedule();
		for (let owner = 0; owner < 500; owner++)
			schedule.add((owner * 7919) % 501, owner);
		schedule.prune((owner) => owner % 100 === 0);
		equal(schedule.size, 5);
		deepEqual(
			taken(schedule, 501),
			[0, 100, 200, 300, 400].sort(
				(a, b) => ((a * 7919) % 501) - ((b * 7919) % 501),
			),
		);
	});
});
