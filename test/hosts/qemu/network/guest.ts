/**
 * The test firmware in QEMU, as an object: commands in, reports out (main.ts). Only
 * for the specs of the QEMU host's network.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import {
	program,
	type QemuProcess,
	qemuArguments,
	qemuStdio,
	readConsole,
} from "../../../../tools/qemu.js";

export interface Report {
	readonly event: string;
	readonly [name: string]: unknown;
}
export type Matcher = (report: Report) => boolean;

export class Guest {
	/** All that it has said, for when a test fails. */
	readonly lines: string[] = [];
	readonly reports: Report[] = [];
	readonly #process: ChildProcessByStdio<Writable, Readable, Readable>;
	readonly #ended: Promise<void>;
	readonly #folder = mkdtempSync(join(tmpdir(), "hookswitch-guest-"));
	readonly #control = join(this.#folder, "control");
	#wakers: (() => void)[] = [];
	/** Reports before this one have been waited for. */
	#next = 0;

	/** `network`: QEMU's arguments for the interface; `namespace`: in which it runs. */
	constructor(image: string, network: readonly string[], namespace?: string) {
		const words = [
			program,
			...qemuArguments({ image, arguments: network }),
			...["-qmp", `unix:${this.#control},server=on,wait=off`],
		];
		if (namespace !== undefined)
			words.unshift("ip", "netns", "exec", namespace);
		this.#process = spawn(words[0] ?? "", words.slice(1), {
			stdio: qemuStdio,
		}) as QemuProcess;
		readConsole(this.#process, (line) => this.#line(line));
		this.#process.stderr.setEncoding("utf8").on("data", (text: string) => {
			this.lines.push(text);
		});
		this.#process.stdin.on("error", () => {});
		const kill = () => {
			this.#process.kill("SIGKILL");
			rmSync(this.#folder, { recursive: true, force: true });
		};
		process.once("exit", kill);
		this.#ended = new Promise((fulfil) => {
			this.#process.once("close", () => {
				process.removeListener("exit", kill);
				rmSync(this.#folder, { recursive: true, force: true });
				this.#line('#{"event":"over"}');
				fulfil();
			});
		});
	}

	get processId(): number {
		return this.#process.pid ?? 0;
	}

	#line(line: string): void {
		this.lines.push(line);
		if (!line.startsWith("#{") && !line.startsWith("@{")) return;
		const report = JSON.parse(line.slice(1)) as Report & { code?: string };
		// The log's lines (`@`) count as reports named by their code.
		this.reports.push(
			line.startsWith("@") ? { ...report, event: report.code ?? "" } : report,
		);
		const wakers = this.#wakers;
		this.#wakers = [];
		for (const wake of wakers) wake();
	}

	do(command: string, words: Record<string, unknown> = {}): void {
		this.#process.stdin.write(`${JSON.stringify({ do: command, ...words })}\n`);
	}

	/** The next report of this event after those already waited for. */
	async report(
		event: string,
		matches: Matcher = () => true,
		milliseconds = 12_000,
	): Promise<Report> {
		const end = performance.now() + milliseconds;
		for (let at = this.#next; ; ) {
			for (; at < this.reports.length; at++) {
				const report = this.reports[at];
				if (report === undefined) continue;
				if (report.event === event && matches(report)) {
					this.#next = at + 1;
					return report;
				}
				if (report.event === "crash" || report.event === "over")
					throw new Error(`the guest ended\n${this.lines.join("\n")}`);
			}
			const left = end - performance.now();
			if (left <= 0)
				throw new Error(
					`no "${event}" within ${milliseconds} ms\n${this.lines.slice(-20).join("\n")}`,
				);
			await new Promise<void>((fulfil) => {
				const timer = setTimeout(fulfil, left);
				this.#wakers.push(() => {
					clearTimeout(timer);
					fulfil();
				});
			});
		}
	}

	async ask(
		command: string,
		event: string,
		words: Record<string, unknown> = {},
	): Promise<Report> {
		this.do(command, words);
		return this.report(event);
	}

	async counters(): Promise<Record<string, number>> {
		const report = await this.ask("counters", "counters");
		return report as unknown as Record<string, number>;
	}

	/** Puts the network cable in or out. */
	/** One after the other, while the phone stands still: it sees what came of them. */
	async setLink(...states: readonly boolean[]): Promise<void> {
		const control = connect(this.#control);
		const links = states.map(
			(up) => `{"execute":"set_link","arguments":{"name":"n","up":${up}}}`,
		);
		const commands = [
			'{"execute":"qmp_capabilities"}',
			'{"execute":"stop"}',
			...links,
			'{"execute":"cont","id":"done"}',
		];
		control.write(`${commands.join("\n")}\n`);
		let said = "";
		while (!said.includes('"done"'))
			said += String((await once(control, "data"))[0]);
		control.destroy();
	}

	async kill(): Promise<void> {
		this.#process.kill("SIGKILL");
		await this.#ended;
	}
}
