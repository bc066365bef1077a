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

	it("a command line or a file that can't be used is exit code 64", async () => {
		assert.equal(await start("--port", "70000").ended, 64);
		assert.equal(await start("--no-such-option").ended, 64);
		assert.equal(await start("--factory", join(directory, "none")).ended, 64);
		assert.equal(
			await start("--storage", join(directory, "factory")).ended,
			64,
		);
	});
});
