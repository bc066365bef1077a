#!/usr/bin/env node
/**
 * The command `hookswitch`: finds the command's file and runs it. Each command has
 * a file in `commands/` that exports `register(program)`; `commands/outcome.ts`
 * holds what they share.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { Command } from "commander";
import * as access from "./commands/access.js";
import * as firmware from "./commands/firmware.js";
import { examples, printError } from "./commands/outcome.js";
import * as profile from "./commands/profile.js";
import * as registrar from "./commands/registrar.js";
import * as serve from "./commands/serve.js";
import * as simulate from "./commands/simulate.js";
import { projectRoot } from "./setup/root.js";

async function main(): Promise<void> {
	const { version } = JSON.parse(
		readFileSync(join(projectRoot, "package.json"), "utf8"),
	) as {
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
	examples(
		program,
		"hookswitch simulate",
		"hookswitch serve --database site.db --domain example.com",
		"hookswitch profile set --database site.db sip:alice@example.com registration/@expires 300",
		"hookswitch access block --database site.db sip:alice@example.com sip:mallory@example.net",
	);
	for (const command of [simulate, serve, profile, access, registrar, firmware])
		command.register(program);
	await program.parseAsync();
}

// Somebody who reads no further, such as `head`, is no failure of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
	if (error.code !== "EPIPE") throw error;
	process.exit();
});
try {
	await main();
} catch (error) {
	process.exitCode = printError(error);
}
