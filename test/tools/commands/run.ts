/** Runs `hookswitch` as a person would, and gives what it says. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(
	new URL("../../../tools/hookswitch.js", import.meta.url),
);

export interface Run {
	readonly code: number | null;
	readonly output: string;
	readonly errors: string;
	/** The last line. */
	readonly json: Record<string, unknown>;
}

export function run(words: readonly string[], input = ""): Promise<Run> {
	const child = spawn(process.execPath, [program, ...words]);
	let output = "";
	let errors = "";
	child.stdout.on("data", (text) => {
		output += text;
	});
	child.stderr.on("data", (text) => {
		errors += text;
	});
	child.stdin.end(input);
	return new Promise((done) =>
		child.once("close", (code) => {
			const last = output.trim().split("\n").at(-1) ?? "";
			done({
				code,
				output,
				errors,
				json: last.startsWith("{") ? JSON.parse(last) : {},
			});
		}),
	);
}
