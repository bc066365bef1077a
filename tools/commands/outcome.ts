/**
 * What every command shares: its result for people and for programs, its errors,
 * its exit code. With `--json` the last line of stdout is one JSON object, whatever
 * happens; without it people get text on stdout and errors on stderr.
 *
 * A command's file exports `register(program)`, which adds it to the program.
 */
import process from "node:process";
import { type Command, CommanderError } from "commander";
import { UsageError } from "../usage-error.js";

export interface Outcome {
	/** Exit code 0 only when true. */
	readonly ok: boolean;
	/** For people; nothing is printed when empty. */
	readonly text: string;
	/** The fields of the JSON object; `ok` is added. */
	readonly json: Readonly<Record<string, unknown>>;
}

/** Every command of this program takes `--json`. */
export function wantsJson(): boolean {
	return process.argv.includes("--json");
}

/** Gives `command` its action: prints the outcome or the error, sets the exit code. */
export function act<Arguments extends unknown[]>(
	command: Command,
	body: (
		...values: Arguments
	) => Outcome | undefined | Promise<Outcome | undefined>,
): Command {
	return command
		.option("--json", "for programs: the last line is one JSON object")
		.action(async (...values: unknown[]) => {
			// Commander adds the command itself; bodies take arguments and options.
			const outcome = await body(...(values.slice(0, -1) as Arguments));
			if (outcome !== undefined) print(outcome);
		});
}

/** Examples below a command's help. */
export function examples(command: Command, ...lines: string[]): Command {
	return command.addHelpText(
		"after",
		`\nExamples:\n${lines.map((line) => `  ${line}`).join("\n")}`,
	);
}

function print({ ok, text, json }: Outcome): void {
	if (wantsJson()) console.log(JSON.stringify({ ok, ...json }));
	else if (text !== "") (ok ? console.log : console.error)(text);
	if (!ok) process.exitCode = 1;
}

/** The one place where errors end. Gives the exit code. */
export function printError(error: unknown): number {
	if (error instanceof CommanderError) {
		// Commander has printed its message; --help and --version come this way too.
		if (error.exitCode !== 0 && wantsJson())
			printFailure(
				"usage",
				error.code === "commander.help"
					? "no command is named"
					: error.message.replace(/^error: /, ""),
				"see --help",
			);
		return error.exitCode;
	}
	if (error instanceof UsageError) {
		if (wantsJson()) printFailure(error.code, error.message, error.hint);
		else
			console.error(
				[`error: ${error.message}`, error.hint].filter(Boolean).join("\n  "),
			);
		return 1;
	}
	const { message, stack } = error as Error;
	if (wantsJson())
		printFailure("internal", message, "this is a bug: report it");
	console.error(stack ?? message);
	return 1;
}

function printFailure(code: string, message: string, hint: string): void {
	console.log(JSON.stringify({ ok: false, code, message, hint }));
}
