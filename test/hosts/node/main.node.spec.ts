import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(
	new URL("../../../hosts/node/main.js", import.meta.url),
);
const address = "127.0.1.79";
const port = 45_070;
const factory =
	'<factory xmlns="urn:hookswitch:factory:1" instance="urn:uuid:00000000-0000-4000-8000-000000000001" vendor="hookswitch" model="node" version="1"/>';

interface Event {
	readonly code: string;
	readonly [name: string]: unknown;
}

describe("hosts/node: the agent as a process", function () {
	this.timeout(20_000);
	let directory: string;
	let child: ChildProcessWithoutNullStreams | undefined;

	beforeEach(() => {
		directory = mkdtempSync(join(tmpdir(), "hookswitch-main-"));
		writeFileSync(join(directory, "factory"), factory);
	});
	afterEach(() => {
		child?.kill("SIGKILL");
		child = undefined;
		rmSync(directory, { recursive: true });
	});

	/** Starts it; gives a function that waits for an event. */
	function start(...further: string[]) {
		const started = spawn(process.execPath, [
			program,
			...["--factory", join(directory, "factory")],
			...["--storage", join(directory, "storage")],
			...["--address", address, "--port", String(port)],
			...further,
		]);
		child = started;
		const ended = new Promise<number | null>((resolve) =>
			started.once("exit", resolve),
		);
		const events: Event[] = [];
		let wake = () => {};
		createInterface({ input: started.stdout }).on("line", (line) => {
			if (line.startsWith("@")) events.push(JSON.parse(line.slice(1)) as Event);
			wake();
		});
		async function event(code: string): Promise<Event> {
			for (;;) {
				const at = events.findIndex((each) => each.code === code);
				if (at >= 0) return events.splice(at, 1)[0] as Event;
				await new Promise<void>((resolve) => {
					wake = resolve;
				});
			}
		}
		return { process: started, ended, event };
	}

	it("runs, takes commands, and ends when it is told to", async () => {
		const phone = start();
		assert.equal(
			(await phone.event("agent-running")).instance,
			"urn:uuid:00000000-0000-4000-8000-000000000001",
		);
		assert.equal((await phone.event("network-up")).address, address);
		phone.process.stdin.write("memory\n");
		assert.ok(Number((await phone.event("memory")).heap) > 0);
		phone.process.kill("SIGTERM");
		assert.equal(await phone.ended, 0);
	});

	it("answers what is not SIP with a line in its log, and goes on", async () => {
		const phone = start();
		await phone.event("network-up");
		const peer = createSocket("udp4");
		await new Promise<void>((resolve) => peer.bind(0, "127.0.1.80", resolve));
		peer.send(Buffer.alloc(60_000, 0xff), port, address);
		assert.equal((await phone.event("input-refused")).error, "not-sip");
		phone.process.stdin.write("memory\n");
		await phone.event("memory");
		peer.close();
	});

	/** What it says on standard output and standard error, and its exit code. */
	async function said(...words: string[]) {
		const run = spawn(process.execPath, [program, ...words]);
		child = run;
		let [output, errors] = ["", ""];
		run.stdout.on("data", (text) => {
			output += text;
		});
		run.stderr.on("data", (text) => {
			errors += text;
		});
		const code = await new Promise((resolve) => run.once("close", resolve));
		return { code, output, errors };
	}

	it("explains itself, with examples", async () => {
		const { code, output, errors } = await said("--help");
		assert.deepEqual([code, errors], [0, ""]);
		assert.match(output, /--name-server ADDRESS/);
		assert.match(output, /Examples:\n {2}node build/);
	});

	it("the factory document that its help shows is one", async () => {
		const { output } = await said("--help");
		const shown = /<factory[\s\S]*<\/factory>/.exec(output)?.[0] ?? "";
		writeFileSync(join(directory, "factory"), shown);
		const phone = start();
		await phone.event("agent-running");
	});

	it("says what can't be used, where, and what to do, with exit code 64", async () => {
		const good = join(directory, "factory");
		const bad = join(directory, "bad");
		writeFileSync(bad, `${factory.slice(0, -2)}>\n  <serve/>\n</factory`);
		const store = ["--storage", join(directory, "storage")];
		const cases: [RegExp, string[]][] = [
			[/--factory is missing\n {2}\S/, []],
			[/--storage is missing\n {2}\S/, ["--factory", good]],
			[
				/--port 70000: not a port\n {2}.*--port 5060/,
				["--factory", good, ...store, "--port", "70000"],
			],
			[/'--no-such-option'\n {2}--help/, ["--no-such-option"]],
			[/'more'.*\n {2}--help/, ["more"]],
			[
				/--name-server dns: not an address\n {2}.*192\.0\.2/,
				["--factory", good, ...store, "--name-server", "dns"],
			],
			[
				/--sip-server a\.\.b: neither .*\n {2}.*192\.0\.2/,
				["--factory", good, ...store, "--sip-server", "a..b"],
			],
			[
				/--factory .*none: no such file or directory\n {2}\S/,
				["--factory", join(directory, "none"), ...store],
			],
			[/bad:3:\d+ xml-unfinished: .*\n {2}\S/, ["--factory", bad, ...store]],
			[
				/--storage .*factory is not a storage file\n {2}\S/,
				["--factory", good, "--storage", good],
			],
			[
				/--storage .*: no such file or directory\n {2}\S/,
				["--factory", good, "--storage", join(directory, "no/storage")],
			],
		];
		for (const [expected, words] of cases) {
			const { code, output, errors } = await said(...words);
			assert.deepEqual([code, output], [64, ""], errors);
			assert.match(errors, expected);
		}
	});
});
