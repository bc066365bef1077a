/** One server of the simulated site: a `hookswitch` process, its JSON log, its start and its end. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { bound } from "../bound.js";
import { projectRoot } from "../setup/root.js";
import { UsageError } from "../usage-error.js";

/** One JSON line of a server's log. */
export interface ServerEvent {
	readonly code: string;
	readonly text: string;
	readonly level: string;
	readonly [name: string]: unknown;
}

const PROGRAM = join(projectRoot, "build/js/tools/hookswitch.js");

export class ServerProcess {
	readonly #name: string;
	readonly #words: readonly string[];
	readonly #onEvent: (event: ServerEvent) => void;
	#process: ChildProcess | undefined;
	#ended: Promise<void> = Promise.resolve();

	constructor(
		name: string,
		words: readonly string[],
		onEvent: (event: ServerEvent) => void,
	) {
		this.#name = name;
		this.#words = words;
		this.#onEvent = onEvent;
	}

	get running(): boolean {
		return this.#process !== undefined;
	}

	/** Resolves when it is ready; rejects with its own words when it ends before. */
	start(): Promise<void> {
		const child = spawn(
			...bound(process.execPath, [
				PROGRAM,
				...this.#words,
				"--json",
				"--trace",
			]),
			// Ctrl-C goes to the whole terminal; this process is ended by us, in order.
			{ stdio: ["ignore", "pipe", "pipe"], detached: true },
		);
		this.#process = child;
		const said: string[] = [];
		createInterface({ input: child.stderr }).on("line", (line) =>
			said.push(line),
		);
		this.#ended = new Promise((resolve) => child.once("exit", () => resolve()));
		return new Promise((resolve, reject) => {
			createInterface({ input: child.stdout }).on("line", (line) => {
				let event: ServerEvent;
				try {
					event = JSON.parse(line) as ServerEvent;
				} catch {
					said.push(line);
					return;
				}
				if (event.code === "ready") resolve();
				else if (event.level === "error") said.push(event.text);
				// The last line is the command's outcome, and no event.
				if (event.ok === false) said.push(String(event.message));
				if (event.level !== undefined) this.#onEvent(event);
			});
			child.once("error", reject);
			// After its last words, which "exit" does not wait for.
			child.once("close", (code) =>
				reject(
					new UsageError(
						"server-ended",
						`the ${this.#name} ended (exit code ${code}): ${said.slice(-6).join("\n  ")}`,
						said.some((line) => line.includes("another program listens"))
							? "another simulation, test or SIP program has the address: end that one first, or run this as root, on a network of its own"
							: "run it again; if it stays, report it with these lines",
					),
				),
			);
		});
	}

	async stop(): Promise<void> {
		const child = this.#process;
		this.#process = undefined;
		child?.kill("SIGTERM");
		await this.#ended;
	}

	/** At once, when this process itself ends. */
	kill(): void {
		this.#process?.kill("SIGKILL");
	}
}
