/** Does what firmware must survive or report, one fault for each line on the console. */
import { qemuNatives } from "../../../../hosts/qemu/natives.js";
import { frozen, nested } from "./frozen.js";

declare const native: {
	faultStore(address: number): void;
	faultStoreObject(object: object): void;
	faultRecurse(depth: number): number;
	faultTear(): void;
};
const host = qemuNatives();

/** A name to look for in stack traces. */
function culprit(work: () => void): void {
	work();
}

function nest(depth: number): number {
	return depth === 0 ? 0 : 1 + nest(depth - 1);
}

function nameOf(work: () => void): string {
	try {
		work();
		return "nothing thrown";
	} catch (error) {
		return (error as Error).name;
	}
}

const faults: Readonly<Record<string, () => void>> = {
	"write-code": () => native.faultStore(0x20000100),
	"write-object": () => native.faultStoreObject(frozen),
	"write-beyond": () => native.faultStore(0x8003c000),
	"last-word": () => {
		native.faultStore(0x8003bffc);
		host.log("still here");
	},
	"c-stack": () => native.faultRecurse(1000),
	torn: () => native.faultTear(),
	log: () => host.log(JSON.stringify("a\u0000é€😀\ud800")),
	memory: () => {
		const kept: Uint8Array[] = [];
		for (;;) kept.push(new Uint8Array(1024));
	},
	slots: () => {
		let list: object | undefined;
		for (;;) list = { list };
	},
	exception: () => {
		throw new Error("thrown on purpose");
	},
	rejection: () => {
		Promise.reject(new Error("rejected on purpose"));
	},
	handled: () => {
		Promise.reject(new Error("rejected, but handled")).catch(() =>
			host.log("handled"),
		);
	},
	overflow: () => {
		for (let round = 0; round < 3; round++)
			host.log(`overflow: ${nameOf(() => nest(100_000))}`);
	},
	nested: () => {
		const deep = "[".repeat(20_000);
		for (let round = 0; round < 3; round++)
			host.log(`nested: ${nameOf(() => JSON.parse(deep))}`);
	},
	frozen: () => {
		host.log(
			`frozen: ${nameOf(() => {
				(frozen as { value: number }).value = 2;
			})} ${nameOf(() => {
				(Array.prototype as { at: unknown }).at = undefined;
			})} ${frozen.value}`,
		);
	},
	json: () => {
		const cycle: { self?: object } = {};
		cycle.self = cycle;
		host.log(
			`json: ${JSON.stringify({ a: nested, b: nested.list })} ${JSON.stringify(nested.list, undefined, 1).replaceAll("\n", "")} ${nameOf(() => JSON.stringify(cycle))}`,
		);
	},
	parser: () => {
		host.log(`parser: ${nameOf(() => new Function("return 1")())}`);
	},
	speed: () => {
		const bytes = new Uint8Array(1024);
		const began = host.now();
		let sum = 0;
		for (let round = 0; round < 100; round++)
			for (let at = 0; at < bytes.length; at++) sum += bytes[at] ?? 0;
		host.log(`speed: ${sum} ${(host.now() - began).toFixed(1)} ms`);
	},
	lines: () => {
		const line = "x".repeat(300);
		const began = host.now();
		for (let count = 0; count < 100; count++) host.log(line);
		host.log(`lines: ${((host.now() - began) / 100).toFixed(3)} ms each`);
	},
	timers: () => {
		const order: string[] = [];
		host.timerSet(() => order.push("30"), 30);
		const never = host.timerSet(() => order.push("never"), 20);
		host.timerSet(() => {
			order.push("10");
			host.timerClear(never);
		}, 10);
		host.timerSet(() => host.log(`timers: ${order.join(" ")}`), 50);
	},
};

host.console((line) => {
	const fault = faults[line];
	if (fault) culprit(fault);
});
host.log(`booted, crashes ${host.crashes()}, early ${host.earlyCrashes()}`);
