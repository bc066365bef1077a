/** Every command explains itself, and its examples are commands that it would take. */
import { doesNotThrow, match, ok } from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import * as access from "../../../tools/commands/access.js";
import * as firmware from "../../../tools/commands/firmware.js";
import * as profile from "../../../tools/commands/profile.js";
import * as registrar from "../../../tools/commands/registrar.js";
import * as serve from "../../../tools/commands/serve.js";
import * as simulate from "../../../tools/commands/simulate.js";
import { projectRoot } from "../../../tools/setup/root.js";

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
function plain(line: string): string {
	return line
		.replace(/ +#.*$/, "")
		.trim()
		.replace(/^npm run (simulate)(?: --)?/, "hookswitch $1")
		.replace(/^npx /, "");
}

function examplesOf(help: string): string[] {
	const lines = (help.split("\nExamples:\n")[1] ?? "").trim().split("\n");
	return lines.map(plain);
}

/** Lines of code blocks. */
function examplesIn(page: string): string[] {
	const blocks = page.split(/^```.*$/m).filter((_, index) => index % 2 === 1);
	const lines = blocks.join("\n").split("\n").map(plain);
	return lines.filter((line) => line.startsWith("hookswitch "));
}

describe("the commands' help", () => {
	it("is there for all of them, and all take --json", () => {
		ok(doers.length > 20);
		for (const { name, command } of commands) {
			match(command.description(), /^[a-z].*[^.]$/, name);
			for (const option of command.options)
				match(option.description, /[^.]$/, `${name} ${option.flags}`);
			for (const argument of command.registeredArguments)
				match(argument.description, /[^.]$/, `${name} ${argument.name()}`);
		}
		for (const { name, command } of doers)
			ok(
				command.options.some(({ long }) => long === "--json"),
				name,
			);
	});

	/** The command that takes the words, "" if none does. */
	function takes(example: string): string {
		let taken = "";
		for (const { name, command } of doers)
			command.action(() => {
				taken = name;
			});
		const words = example.split(" < ")[0]?.split(" ") ?? [];
		doesNotThrow(
			() => program.parse(words.slice(1), { from: "user" }),
			example,
		);
		return taken;
	}

	it("has examples of the command that it is about, which the command takes", () => {
		for (const { name, command } of commands) {
			const examples = examplesOf(helpOf(command));
			for (const example of examples)
				ok(takes(example).startsWith(name), example);
			ok(examples.length > 0, name);
		}
	});

	it("is not contradicted by the documents' examples", () => {
		const docs = readdirSync(join(projectRoot, "docs"))
			.filter((name) => name.endsWith(".md"))
			.map((name) => `docs/${name}`);
		const examples = ["README.md", ...docs].flatMap((name) =>
			examplesIn(readFileSync(join(projectRoot, name), "utf8")),
		);
		for (const example of examples) ok(takes(example), example);
		ok(examples.length > 5);
	});
});
