/**
 * Runs the portable specs on the device's engine. The computer drives it by lines:
 * `run SPECIFIER` loads a spec and runs its tests, each of which comes back as one
 * line, and `#done` ends it. See `tools/xs-specs.ts`.
 */
import { open } from "../../hosts/qemu/keyvalue.js";
import { qemuHost, qemuNatives } from "../../hosts/qemu/natives.js";

interface Test {
	readonly path: readonly string[];
	readonly body: () => void;
}

const native = qemuNatives();

class Runner {
	readonly #path: string[] = [];
	#tests: Test[] = [];

	describe(title: string, body: () => void): void {
		this.#path.push(title);
		body();
		this.#path.pop();
	}

	it(title: string, body: () => void): void {
		this.#tests.push({ path: [...this.#path, title], body });
	}

	run(): void {
		const tests = this.#tests;
		this.#tests = [];
		for (const test of tests) this.#one(test);
	}

	#one({ path, body }: Test): void {
		say("start", { path });
		const began = native.now();
		let error: string | undefined;
		try {
			body();
		} catch (thrown) {
			error = describeError(thrown);
		}
		say("test", { path, error, milliseconds: native.now() - began });
	}
}

function say(kind: string, data: object): void {
	native.log(`#${kind} ${JSON.stringify(data)}`);
}

function describeError(thrown: unknown): string {
	if (!(thrown instanceof Error)) return String(thrown);
	return `${thrown.name}: ${thrown.message}\n${thrown.stack ?? ""}`;
}

const runner = new Runner();
Object.assign(globalThis, {
	describe: (title: string, body: () => void) => runner.describe(title, body),
	it: (title: string, body: () => void) => runner.it(title, body),
	testHost: qemuHost(),
	testKeyValue: open({ path: "storage", format: "buffer" }),
});

async function runSpec(specifier: string): Promise<void> {
	try {
		await import(specifier);
		runner.run();
	} catch (thrown) {
		say("failed", { error: describeError(thrown) });
	}
	say("done", { specifier });
}

native.console((line) => {
	const [command, specifier] = line.split(" ");
	if (command === "run" && specifier) runSpec(specifier);
	else if (command === "end") native.exit(0);
});
say("ready", {});
