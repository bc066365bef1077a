/** `hookswitch serve`: the profile server as a process. */
import process from "node:process";
import { type Command, Option } from "commander";
import { nodeHost } from "../../hosts/node/natives.js";
import { ProfileDatabase } from "../serve/database.js";
import { LineLog } from "../serve/log.js";
import { ProfileServer } from "../serve/server.js";
import { ServerState, stateFile } from "../serve/state.js";
import { text } from "../serve/trace.js";
import { parseListen, Transport } from "../serve/transport.js";
import { DatabaseWatch } from "../serve/watch.js";
import { act, examples, type Outcome, wantsJson } from "./outcome.js";

interface Options {
	readonly database: string;
	readonly listen: string;
	readonly domain: string[];
	readonly trace?: boolean;
	readonly authentication: boolean;
}

export function register(program: Command): void {
	const command = program
		.command("serve")
		.description(
			"serve profiles to phones: answer their subscriptions, tell them of each change of the database",
		)
		.requiredOption(
			"--database <file>",
			"SQLite file with the settings; made where there is none",
		)
		.option("--listen <address:port>", "for UDP and TCP", "0.0.0.0:5060")
		.addOption(
			new Option(
				"--domain <name>",
				"domain that is served, and digest realm; more than once for more",
			)
				.argParser((name, names: string[]) => [...names, name])
				.default([], "every domain"),
		)
		.option("--trace", "log each SIP message's start line")
		.option(
			"--no-authentication",
			"ask nobody for credentials; only for networks where everybody is trusted",
		);
	examples(
		command,
		"hookswitch serve --database site.db --listen 192.0.2.10:5060 --domain example.com",
		"hookswitch serve --database site.db --listen 127.0.0.2:5060 --trace --json",
	);
	act(command, serve);
}

async function serve(options: Options): Promise<Outcome> {
	const log = new LineLog(wantsJson());
	const listen = parseListen(options.listen);
	const database = new ProfileDatabase(options.database);
	const state = new ServerState(stateFile(options.database));
	const server = new ProfileServer(nodeHost(), {
		database,
		state,
		domains: options.domain,
		log,
		trace: options.trace ?? false,
		authenticate: options.authentication,
	});
	const transport = new Transport(server);
	const local = await transport.listen(listen);
	const watch = new DatabaseWatch(
		database,
		() => transport.act((now) => server.databaseChanged(now)),
		(error) =>
			log.event(
				"error",
				"database-watch",
				`changes are noticed late: ${error.message}`,
			),
	);
	transport.act((now) => server.started(now, local));
	if (!options.authentication)
		log.event(
			"warning",
			"no-authentication",
			"nobody is asked for credentials: whoever reaches this port reads every profile",
		);
	log.event(
		"info",
		"ready",
		`profile server ready at ${text(local)} on ${options.database}`,
		{
			listen: text(local),
			database: options.database,
			domains: options.domain,
		},
	);
	const signal = await stopped();
	watch.close();
	await transport.close();
	server.stop();
	state.close();
	database.close();
	// The result is the last line.
	log.flush();
	const { subscriptions } = server;
	return {
		ok: true,
		text: `stopped (${signal}); ${subscriptions} subscriptions kept`,
		json: { stopped: signal, subscriptions },
	};
}

/** The first signal to end. */
export function stopped(): Promise<NodeJS.Signals> {
	return new Promise((resolve) => {
		process.once("SIGTERM", resolve);
		process.once("SIGINT", resolve);
	});
}
