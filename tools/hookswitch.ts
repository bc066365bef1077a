#!/usr/bin/env node
/**
 * The command `hookswitch`: finds the command's file and runs it. Each command has
 * a file in `commands/` that exports `register(program)`; `commands/outcome.ts`
 * holds what they share.
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import { Command } from "commander";
import * as access from "./commands/access.js";
import { printError } from "./commands/outcome.js";
import * as profile from "./commands/profile.js";
import * as registrar from "./commands/registrar.js";
import * as serve from "./commands/serve.js";

/** build/js/tools/hookswitch.js → package.json */
const packageFile = new URL("../../../package.json", import.meta.url);

async function main(): Promise<void> {
	const { version } = JSON.parse(readFileSync(packageFile, "utf8")) as {
		version: string;
	};
	const program = new Command("hookswitch")
		.description(
			"Firmware for SIP phones that provision themselves, and the server that they subscribe to",
		)
		.version(version)
		.showSuggestionAfterError()
		.showHelpAfterError("(add --help for what there is, with examples)")
		.configureHelp({ sortSubcommands: true })
		.exitOverride();
	for (const command of [serve, profile, access, registrar])
		command.register(program);
	// These need a compiler and QEMU; what they import is not everybody's business.
	for (const name of ["firmware", "simulate"]) {
		try {
			const command = (await import(`./commands/${name}.js`)) as typeof serve;
			command.register(program);
		} catch (error) {
			program
				.command(name, { hidden: true })
				.allowUnknownOption()
				.allowExcessArguments()
				.action(() => {
					throw error;
				});
		}
	}
	await program.parseAsync();
}

try {
	await main();
} catch (error) {
	process.exitCode = printError(error);
}
