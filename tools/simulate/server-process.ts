/** One server of the simulated site: a `hookswitch` process, its JSON log, its start and its end. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { projectRoot } from "../setup/root.js";

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
			process.execPath,
			[PROGRAM, ...this.#words, "--json", "--trace"],
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
				if (event.code !== undefined) this.#onEvent(event);
			});
			child.once("error", reject);
			child.once("exit", (code) =>
				reject(
					new Error(
						`the ${this.#name} ended (exit code ${code}):\n  ${said.slice(-6).join("\n  ")}`,
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
