import {
	InviteClientTransaction,
	NonInviteClientTransaction,
} from "../../src/sip/client-transaction.js";
import { Schedule } from "../../src/sip/schedule.js";
import {
	InviteServerTransaction,
	NonInviteServerTransaction,
} from "../../src/sip/server-transaction.js";
import { Action, State } from "../../src/sip/transaction.js";
import { deepEqual, describe, equal, it } from "../portable.js";

interface Machine {
	timeout(now: number): number;
	deadline(): number;
}

/** Lets time run to `until`: [time, action] of each step. */
function run(machine: Machine, until: number): [number, number][] {
	const steps: [number, number][] = [];
	while (machine.deadline() <= until) {
		const now = machine.deadline();
		const action = machine.timeout(now);
		if (action !== Action.None) steps.push([now, action]);
	}
	return steps;
}

const send = Action.Send;
const over = Action.TimedOut | Action.End;

describe("sip/transaction: INVITE client", () => {
	it("retransmits by Timer A, doubling without bound, and gives up by Timer B", () => {
		const machine = new InviteClientTransaction(false);
		equal(machine.start(0), send);
		deepEqual(run(machine, 99999), [
			[500, send],
			[1500, send],
			[3500, send],
			[7500, send],
			[15500, send],
			[31500, send],
			[32000, over],
		]);
		equal(machine.state, State.Terminated);
	});

	it("does not retransmit over a reliable transport, and gives up by Timer B", () => {
		const machine = new InviteClientTransaction(true);
		machine.start(0);
		deepEqual(run(machine, 99999), [[32000, over]]);
	});

	it("waits without end after a provisional response", () => {
		const machine = new InviteClientTransaction(false);
		machine.start(0);
		equal(machine.response(100, 180), Action.Deliver);
		equal(machine.response(200, 183), Action.Deliver);
		equal(machine.deadline(), Number.POSITIVE_INFINITY);
	});

	it("gives up after a CANCEL that brought no final response", () => {
		const machine = new InviteClientTransaction(false);
		machine.start(0);
		machine.response(100, 180);
		machine.giveUpAfter(1000);
		deepEqual(run(machine, 99999), [[33000, over]]);
	});

	it("acknowledges each copy of a refusal, delivers the first, and ends by Timer D", () => {
		const machine = new InviteClientTransaction(false);
		machine.start(0);
		equal(machine.response(10, 486), Action.Deliver | Action.Acknowledge);
		equal(machine.response(500, 486), Action.Acknowledge);
		equal(machine.response(600, 200), Action.None);
		deepEqual(run(machine, 99999), [[32010, Action.End]]);
	});

	it("has a Timer D of zero over a reliable transport", () => {
		const machine = new InviteClientTransaction(true);
		machine.start(0);
		equal(
			machine.response(10, 486),
			Action.Deliver | Action.Acknowledge | Action.End,
		);
	});

	it("delivers every 2xx until Timer M", () => {
		const machine = new InviteClientTransaction(true);
		machine.start(0);
		equal(machine.response(10, 200), Action.Deliver);
		equal(machine.response(20, 200), Action.Deliver);
		equal(machine.response(30, 486), Action.None);
		equal(machine.response(40, 180), Action.None);
		deepEqual(run(machine, 99999), [[32010, Action.End]]);
	});
});

describe("sip/transaction: non-INVITE client", () => {
	it("retransmits by Timer E up to T2, and gives up by Timer F", () => {
		const machine = new NonInviteClientTransaction(false);
		equal(machine.start(0), send);
		deepEqual(
			run(machine, 99999).map(([at]) => at),
			[500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500, 32000],
		);
	});

	it("retransmits each T2 after a provisional response, and still gives up", () => {
		const machine = new NonInviteClientTransaction(false);
		machine.start(0);
		equal(machine.response(100, 100), Action.Deliver);
		deepEqual(
			run(machine, 99999).map(([at]) => at),
			[500, 4500, 8500, 12500, 16500, 20500, 24500, 28500, 32000],
		);
	});

	it("absorbs repeated responses until Timer K", () => {
		const machine = new NonInviteClientTransaction(false);
		machine.start(0);
		equal(machine.response(100, 404), Action.Deliver);
		equal(machine.response(200, 404), Action.None);
		deepEqual(run(machine, 99999), [[5100, Action.End]]);
	});

	it("does not retransmit and has a Timer K of zero over a reliable transport", () => {
		const machine = new NonInviteClientTransaction(true);
		machine.start(0);
		equal(machine.deadline(), 32000);
		equal(machine.response(100, 200), Action.Deliver | Action.End);
	});
});

describe("sip/transaction: INVITE server", () => {
	it("says 100 after 200 ms of silence, at once when the INVITE comes again", () => {
		const slow = new InviteServerTransaction(0, false);
		deepEqual(run(slow, 1000), [[200, Action.Trying]]);
		const repeated = new InviteServerTransaction(0, false);
		equal(repeated.repeated(50), Action.None);
		deepEqual(run(repeated, 1000), [[50, Action.Trying]]);
		const quick = new InviteServerTransaction(0, false);
		equal(quick.respond(10, 180), send);
		deepEqual(run(quick, 99999), []);
		equal(quick.repeated(500), send);
	});

	it("retransmits a refusal by Timer G until ACK, absorbs by Timer I", () => {
		const machine = new InviteServerTransaction(0, false);
		equal(machine.respond(0, 486), send);
		deepEqual(run(machine, 4000), [
			[500, send],
			[1500, send],
			[3500, send],
		]);
		equal(machine.repeated(4000), send);
		equal(machine.acknowledged(4100), Action.None);
		equal(machine.state, State.Confirmed);
		equal(machine.repeated(4200), Action.None);
		equal(machine.acknowledged(4300), Action.None);
		deepEqual(run(machine, 99999), [[9100, Action.End]]);
	});

	it("gives up by Timer H when no ACK comes", () => {
		const machine = new InviteServerTransaction(0, false);
		machine.respond(0, 486);
		deepEqual(
			run(machine, 99999).map(([at]) => at),
			[500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500, 32000],
		);
		equal(machine.state, State.Terminated);
	});

	it("does not repeat a refusal and has a Timer I of zero over a reliable transport", () => {
		const machine = new InviteServerTransaction(0, true);
		machine.respond(0, 486);
		equal(machine.deadline(), 32000);
		equal(machine.acknowledged(100), Action.End);
	});

	it("repeats a 2xx until ACK over any transport, then absorbs by Timer L", () => {
		const machine = new InviteServerTransaction(0, true);
		equal(machine.respond(0, 200), send);
		deepEqual(run(machine, 8000), [
			[500, send],
			[1500, send],
			[3500, send],
			[7500, send],
		]);
		equal(machine.repeated(8000), Action.None);
		equal(machine.confirmed(), true);
		equal(machine.confirmed(), false);
		deepEqual(run(machine, 99999), [[32000, Action.End]]);
	});

	it("tells when a 2xx is never acknowledged", () => {
		const machine = new InviteServerTransaction(0, false);
		machine.respond(0, 200);
		const steps = run(machine, 99999);
		deepEqual(steps[steps.length - 1], [32000, over]);
	});

	it("sends nothing after its final response", () => {
		const machine = new InviteServerTransaction(0, false);
		machine.respond(0, 486);
		equal(machine.respond(10, 200), Action.None);
		equal(machine.respond(10, 180), Action.None);
	});
});

describe("sip/transaction: non-INVITE server", () => {
	it("absorbs repetitions before the response, repeats it after, and ends by Timer J", () => {
		const machine = new NonInviteServerTransaction(0, false);
		equal(machine.repeated(500), Action.None);
		equal(machine.respond(600, 100), send);
		equal(machine.repeated(700), send);
		equal(machine.respond(1000, 200), send);
		equal(machine.repeated(1500), send);
		equal(machine.respond(1600, 500), Action.None);
		deepEqual(run(machine, 99999), [[33000, Action.End]]);
	});

	it("has a Timer J of zero over a reliable transport", () => {
		const machine = new NonInviteServerTransaction(0, true);
		equal(machine.respond(100, 200), send | Action.End);
	});

	it("ends when its user never answers", () => {
		const machine = new NonInviteServerTransaction(0, true);
		deepEqual(run(machine, 99999), [[32000, Action.End]]);
	});
});

describe("sip/schedule", () => {
	it("gives owners in the order of their times", () => {
		const schedule = new Schedule();
		equal(schedule.earliest(), Number.POSITIVE_INFINITY);
		equal(schedule.take(1e9), -1);
		// A permutation of 0 … 100.
		for (let at = 0; at <= 100; at++)
			schedule.add((at * 37) % 101, (at * 37) % 101);
		equal(schedule.earliest(), 0);
		const taken: number[] = [];
		for (let owner = schedule.take(50); owner >= 0; owner = schedule.take(50))
			taken.push(owner);
		equal(taken.length, 51);
		deepEqual(
			taken,
			taken.slice().sort((a, b) => a - b),
		);
		equal(schedule.earliest(), 51);
	});
});
