/** Every command explains itself, and its examples are commands that it would take. */
import { doesNotThrow, match, ok } from "node:assert/strict";
import { Command } from "commander";
import * as access from "../../../tools/commands/access.js";
import * as firmware from "../../../tools/commands/firmware.js";
import * as profile from "../../../tools/commands/profile.js";
import * as registrar from "../../../tools/commands/registrar.js";
import * as serve from "../../../tools/commands/serve.js";
import * as simulate from "../../../tools/commands/simulate.js";

interface Found {
	readonly name: string;
	readonly command: Command;
}

const program = new Command("hookswitch")
	.exitOverride()
	.configureOutput({ writeErr: () => {} });
for (const each of [access, firmware, profile, registrar, serve, simulate])
	each.register(program);

function below(command: Command, path: string): Found[] {
	return command.commands.flatMap((each) => {
		const name = `${path} ${each.name()}`;
		return [{ name, command: each }, ...below(each, name)];
	});
}

const commands = below(program, "hookswitch");
const doers = commands.filter(({ command }) => command.commands.length === 0);

function helpOf(command: Command): string {
	let help = "";
	command.configureOutput({
		writeOut: (text) => {
			help += text;
		},
	});
	command.outputHelp();
	return help;
}

/** `npm run simulate` is `hookswitch simulate` with what it needs installed. */
function examplesOf(help: string): string[] {
	return (help.split("\nExamples:\n")[1] ?? "")
		.trim()
		.split("\n")
		.map((line) =>
			line.trim().replace(/^npm run (\w+)(?: --)?/, "hookswitch $1"),
		);
}

describe("the commands' help", () => {
	it("is there for all of them, and all take --json", () => {
		ok(doers.length > 20);
		for (const { name, command } of commands) {
			match(command.description(), /^[a-z].*[^.]$/, name);
			for (const option of command.options)
				match(option.description, /[^.]$/, `${name} ${option.flags}`);
		}
		for (const { name, command } of doers)
			ok(
				command.options.some(({ long }) => long === "--json"),
				name,
			);
	});

	it("has examples of the command that it is about, which the command takes", () => {
		let taken = "";
		for (const { name, command } of doers)
			command.action(() => {
				taken = name;
			});
		for (const { name, command } of commands) {
			const examples = examplesOf(helpOf(command));
			for (const example of examples) {
				taken = "";
				const words = example.split(" < ")[0]?.split(" ") ?? [];
				doesNotThrow(
					() => program.parse(words.slice(1), { from: "user" }),
					example,
				);
				ok(taken.startsWith(name), example);
			}
			ok(examples.length > 0, name);
		}
	});
});
