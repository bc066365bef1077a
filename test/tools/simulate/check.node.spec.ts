/**
 * `simulate --check --json` as somebody's script runs it: one JSON object as its last
 * line, an exit code, a capture that Wireshark understands, and nothing left behind,
 * however it ends.
 */
import { strict as assert } from "node:assert";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import {
	mkdtempSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { projectRoot } from "../../../tools/setup/root.js";
import type { CheckResult } from "../../../tools/simulate/check.js";
import { assertClean, sipMessages } from "../../interop/capture.js";
import { secretsOf } from "../../interop/secrets.js";
import { describeWith } from "../../skip.js";

/** Statuses are what the check promises; the other numbers only have to make sense. */
const STATUSES = {
	blocked_status: 403,
	allowed_status: 200,
	flipped_blocked_status: 403,
	flipped_allowed_status: 200,
	offline_blocked_status: 403,
	offline_allowed_status: 200,
} as const;
const TIMES = [
	"boot_ms",
	"provisioned_ms",
	"registered_ms",
	"change_applied_ms",
	"new_registrar_ms",
	"access_applied_ms",
	"offline_boot_ms",
	"reenrol_ms",
] as const;

class Run {
	/** All that it writes has its place here, so that what it leaves is seen. */
	readonly folder = mkdtempSync(join(tmpdir(), "hookswitch-check-"));
	readonly capture = join(
		mkdtempSync(join(tmpdir(), "hookswitch-capture-")),
		"phone,1.pcap",
	);
	/** Every process of the run has it in its environment. */
	readonly #mark = `HOOKSWITCH_TEST_RUN=${randomUUID()}`;
	readonly #process: ChildProcess;
	readonly #exit: Promise<number | null>;
	readonly stdout: string[] = [];
	readonly stderr: string[] = [];
	readonly #namespaces = new Set<string>();
	#secrets: readonly string[] = [];
	#wake: () => void = () => {};

	constructor(...words: readonly string[]) {
		const [name = "", value = ""] = this.#mark.split("=");
		this.#process = spawn(
			process.execPath,
			[
				join(projectRoot, "build/js/tools/hookswitch.js"),
				...["simulate", "--check", "--json", "--capture", this.capture],
				...words,
			],
			{
				stdio: ["ignore", "pipe", "pipe"],
				env: { ...process.env, TMPDIR: this.folder, [name]: value },
			},
		);
		for (const [stream, lines] of [
			[this.#process.stdout, this.stdout],
			[this.#process.stderr, this.stderr],
		] as const) {
			assert.ok(stream);
			createInterface({ input: stream }).on("line", (line) => {
				lines.push(line);
				this.#wake();
			});
		}
		this.#exit = new Promise((resolve) =>
			this.#process.once("close", (code) => {
				resolve(code);
				this.#wake();
			}),
		);
	}

	/** Until it has told this. */
	async says(text: string): Promise<void> {
		while (!this.stderr.some((line) => line.includes(text))) {
			assert.equal(this.#process.exitCode, null, this.stderr.join("\n"));
			await new Promise<void>((resolve) => {
				this.#wake = resolve;
			});
		}
	}

	/** While it runs: what must not be told, and where it runs. */
	look(): void {
		const [folder] = readdirSync(this.folder);
		assert.ok(folder, "the run has a folder");
		this.#secrets = secretsOf(join(this.folder, folder, "site.db"));
		for (const id of this.#processes())
			this.#namespaces.add(readlinkSync(`/proc/${id}/ns/net`));
	}

	get namespaces(): number {
		return this.#namespaces.size;
	}

	signal(name: NodeJS.Signals): void {
		this.#process.kill(name);
	}

	/** To the process that the outer one started: the one with the phones. */
	signalInner(name: NodeJS.Signals): void {
		const inner = this.#processes().find((id) => {
			const words = readFileSync(`/proc/${id}/cmdline`, "latin1").split("\0");
			return (
				words[0] === process.execPath &&
				words.includes("simulate") &&
				Number(id) !== this.#process.pid
			);
		});
		assert.ok(inner, "the run has an inner process");
		process.kill(Number(inner), name);
	}

	/** The kernel takes a moment to end what nobody waits for. */
	async ended(): Promise<void> {
		while (this.#processes().length > 0) await setTimeout(20);
	}

	exit(): Promise<number | null> {
		return this.#exit;
	}

	get result(): CheckResult {
		return JSON.parse(this.stdout.at(-1) ?? "");
	}

	assertDiscreet(): void {
		assert.ok(this.#secrets.length > 0);
		for (const line of [...this.stdout, ...this.stderr])
			for (const secret of this.#secrets) assert.ok(!line.includes(secret));
	}

	/** No process, no file, no namespace. */
	assertNothingLeft(): void {
		assert.deepEqual(this.#processes(), [], "processes");
		assert.deepEqual(readdirSync(this.folder), [], "files");
		const own = readlinkSync("/proc/self/ns/net");
		const left = new Set(
			processIds().map((id) => {
				try {
					return readlinkSync(`/proc/${id}/ns/net`);
				} catch {
					return own;
				}
			}),
		);
		for (const namespace of this.#namespaces)
			if (namespace !== own)
				assert.ok(!left.has(namespace), `${namespace} is left`);
		if (this.#namespaces.size > 1)
			assert.ok(!execFileSync("ip", ["link"]).includes("hookswitch0"));
	}

	close(): void {
		this.#process.kill("SIGKILL");
		rmSync(this.folder, { recursive: true, force: true });
		rmSync(join(this.capture, ".."), { recursive: true, force: true });
	}

	#processes(): string[] {
		return processIds().filter((id) => {
			try {
				return readFileSync(`/proc/${id}/environ`, "latin1").includes(
					this.#mark,
				);
			} catch {
				return false;
			}
		});
	}
}

function processIds(): string[] {
	return readdirSync("/proc").filter((name) => /^\d+$/.test(name));
}

for (const network of ["user", "own"] as const)
	describeWith(
		{
			packages:
				network === "own"
					? ["firmware", "network", "interop"]
					: ["firmware", "interop"],
			ownNetwork: network === "own",
		},
		`simulate --check --json --network ${network}`,
		function () {
			this.timeout(300_000);
			/** The second phone of the own network shows that a site with more is no different. */
			const words = [
				...["--network", network],
				...(network === "own" ? ["--devices", "2"] : []),
			];
			let run: Run;
			let code: number | null;

			before(async () => {
				run = new Run(...words);
				await run.says("registered after");
				run.look();
				code = await run.exit();
			});
			after(() => run?.close());

			it("exits with 0, and every step held", () => {
				const { ok, failures } = run.result;
				assert.deepEqual(
					{ code, ok, failures },
					{
						code: 0,
						ok: true,
						failures: [],
					},
				);
			});

			it("prints one JSON object on standard output, and its progress elsewhere", () => {
				assert.equal(run.stdout.length, 1);
				assert.ok(run.stderr.length > 8);
			});

			it("tells of every step", () => {
				const { result } = run;
				for (const [name, status] of Object.entries(STATUSES))
					assert.equal(result[name as keyof typeof STATUSES], status, name);
				for (const name of TIMES) {
					const time = result[name];
					assert.ok(time !== undefined && time > 0 && time < 60_000, name);
				}
				assert.ok((result.boot_ms ?? 0) < (result.provisioned_ms ?? 0));
				assert.equal(result.changes, 20);
				assert.equal(result.bad_profile, "bad-value");
				assert.ok((result.bad_profile_line ?? 0) >= 1);
				assert.ok((result.bad_profile_column ?? 0) > 1);
				assert.equal(result.back_off_floor_ms, 1_000);
				assert.match(
					result.network,
					network === "own" ? /of its own/ : /user network/,
				);
			});

			it("tells what the phone takes of its memory", () => {
				const { ram_bytes, xs_arena_peak_bytes, flash_bytes } = run.result;
				assert.equal(ram_bytes, 240 * 1024);
				assert.ok((xs_arena_peak_bytes ?? 0) > 32 * 1024);
				assert.ok((xs_arena_peak_bytes ?? 0) < (ram_bytes ?? 0));
				assert.ok((flash_bytes ?? 0) > 500_000);
				assert.ok((flash_bytes ?? 0) <= 1.5 * 1024 * 1024);
				assert.ok((run.result.instructions_boot ?? 0) > 1e6);
			});

			it("leaves no process, file or namespace", () => {
				assert.equal(run.namespaces, network === "own" ? 2 : 1);
				run.assertNothingLeft();
			});

			it("tells no secret", () => run.assertDiscreet());

			it("captures every life of the phone, and Wireshark finds no fault in it", () => {
				assertClean(run.capture);
				const messages = sipMessages(run.capture);
				const registrations = messages.filter(({ line }) =>
					line.startsWith("REGISTER "),
				);
				// First boot, new registrar, boot without profile server, counted boot.
				assert.ok(registrations.length >= 4, `${registrations.length}`);
				for (const method of ["SUBSCRIBE", "NOTIFY", "INVITE", "ACK", "BYE"])
					assert.ok(
						messages.some(({ line }) => line.startsWith(`${method} `)),
						method,
					);
			});
		},
	);

for (const [signal, network, whom] of [
	["SIGINT", "user", "outer"],
	["SIGTERM", "user", "outer"],
	["SIGKILL", "user", "outer"],
	["SIGKILL", "user", "inner"],
	["SIGTERM", "own", "outer"],
	["SIGINT", "own", "outer"],
	["SIGKILL", "own", "outer"],
	["SIGKILL", "own", "inner"],
] as const)
	describeWith(
		{
			packages: network === "own" ? ["firmware", "network"] : ["firmware"],
			ownNetwork: network === "own",
		},
		`simulate --check, ended by ${signal} to its ${whom} process on the ${network} network`,
		function () {
			this.timeout(120_000);

			it("stops at once, says so by its exit code, and leaves nothing", async () => {
				const run = new Run("--network", network);
				try {
					await run.says("registered after");
					run.look();
					if (whom === "outer") run.signal(signal);
					else run.signalInner(signal);
					assert.notEqual(await run.exit(), 0);
					if (signal === "SIGKILL") await run.ended();
					run.assertNothingLeft();
					run.assertDiscreet();
				} finally {
					run.close();
				}
			});
		},
	);
