/** `hookswitch registrar`: the simulator's registrar and proxy as a process. */
import type { Command } from "commander";
import { nodeHost } from "../../hosts/node/natives.js";
import { Bindings } from "../registrar/bindings.js";
import { databaseDirectory } from "../registrar/directory.js";
import { Registrar } from "../registrar/registrar.js";
import { offeredAlgorithms } from "../serve/credentials.js";
import { ProfileDatabase } from "../serve/database.js";
import { LineLog } from "../serve/log.js";
import { text } from "../serve/trace.js";
import { parseListen, Transport } from "../serve/transport.js";
import { UsageError } from "../usage-error.js";
import { act, examples, type Outcome, wantsJson } from "./outcome.js";
import { stopped } from "./serve.js";

interface Options {
	readonly database: string;
	readonly bindings?: string;
	readonly listen: string;
	readonly domain: string;
	readonly trace?: boolean;
	readonly algorithms: readonly string[];
}

export function register(program: Command): void {
	const command = program
		.command("registrar")
		.description(
			"a small registrar and proxy for the simulator: phones register and call each other, the caller's identity is asserted",
		)
		.requiredOption(
			"--database <file>",
			"the profile server's database: its users and their credentials",
		)
		.requiredOption("--domain <name>", "the domain of its users, and realm")
		.option(
			"--bindings <file>",
			"where registrations are kept (default: the database's name and -registrar)",
		)
		.option("--listen <address:port>", "for UDP and TCP", "0.0.0.0:5060")
		.option(
			"--algorithms <names...>",
			"digest algorithms of its challenges, best first (some clients read nothing but MD5)",
			[...offeredAlgorithms],
		)
		.option("--trace", "log each SIP message's start line");
	examples(
		command,
		"hookswitch registrar --database site.db --domain example.com --listen 127.0.0.3:5060",
	);
	act(command, serve);
}

async function serve(options: Options): Promise<Outcome> {
	const algorithms = offeredAlgorithms.filter((name) =>
		options.algorithms.includes(name),
	);
	if (algorithms.length < options.algorithms.length)
		throw new UsageError(
			"usage",
			`--algorithms ${options.algorithms.join(" ")}: not all are known`,
			`known are ${offeredAlgorithms.join(" ")}`,
		);
	const log = new LineLog(wantsJson());
	const listen = parseListen(options.listen);
	const database = new ProfileDatabase(options.database);
	const bindings = new Bindings(
		options.bindings ?? `${options.database}-registrar`,
	);
	const registrar = new Registrar(nodeHost(), {
		domain: options.domain,
		bindings,
		directory: databaseDirectory(database, options.domain.toLowerCase()),
		log,
		algorithms,
		trace: options.trace ?? false,
	});
	const transport = new Transport(registrar);
	const local = await transport.listen(listen);
	transport.act((now) => registrar.started(now, local));
	log.event(
		"info",
		"ready",
		`registrar of ${options.domain} ready at ${text(local)}`,
		{ listen: text(local), domain: options.domain },
	);
	const signal = await stopped();
	await transport.close();
	bindings.close();
	database.close();
	// The result is the last line.
	log.flush();
	return { ok: true, text: `stopped (${signal})`, json: { stopped: signal } };
}
