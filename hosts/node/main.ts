/**
 * The agent as a Linux process. `command-line.ts` has its options and exit codes.
 *
 * The log goes to standard output (events as `@` and JSON), commands come from
 * standard input. SIGINT and SIGTERM end it. A restart that the agent asks for
 * happens within the process; a crash is counted in storage and ends it.
 */
import { readFileSync, statSync } from "node:fs";
import { Agent } from "../../src/agent.js";
import { Driver } from "../driver.js";
import { GOOD_BOOT, storedReader } from "../platform.js";
import {
	HELP,
	openStorage,
	parseCommandLine,
	readFactory,
	StartError,
} from "./command-line.js";
import { Crashes } from "./crashes.js";
import { nodeHost } from "./natives.js";
import { nodePlatform } from "./platform.js";

/** EX_USAGE: what was asked for can't be; to ask again does not help. */
const EXIT_USAGE = 64;
/** EX_SOFTWARE. */
const EXIT_CRASH = 70;

function main(): void {
	const options = parseCommandLine(process.argv.slice(2));
	if (options === undefined) {
		process.stdout.write(HELP);
		return;
	}
	const { address, port, nameServers, domain, sipServer } = options;
	const host = nodeHost();
	const factory = readFactory(host, options.factory);
	const storage = openStorage(options.storage);
	const crashes = new Crashes(storage);
	const platform = nodePlatform({
		storage,
		address,
		nameServers,
		domain,
		sipServer,
		console: true,
		restart: () => setImmediate(boot),
	});

	let driver: Driver;
	function boot(): void {
		platform.close();
		const agent = new Agent(host, {
			factory,
			stored: storedReader(storage),
			safeStart: crashes.isSafeStart,
			restarts: crashes.all,
			build: buildOf(),
			port,
		});
		driver = new Driver(platform, agent, { port });
		driver.start();
	}

	process.on("uncaughtException", (error) => {
		console.error(error);
		try {
			crashes.count(process.uptime() * 1000);
		} catch {
			// Storage is full or gone: the exit code still tells.
		}
		process.exit(EXIT_CRASH);
	});
	setTimeout(() => crashes.clearEarly(), GOOD_BOOT).unref();
	for (const signal of ["SIGINT", "SIGTERM"] as const)
		process.on(signal, () => {
			driver.stop();
			storage.close();
			process.exit(0);
		});
	boot();
}

/** The package's version; the clock can't be earlier than this file. */
function buildOf(): { version: string; time: number } {
	const file = new URL("../../../../package.json", import.meta.url);
	const { version } = JSON.parse(readFileSync(file, "utf8")) as {
		version: string;
	};
	return { version, time: statSync(new URL(import.meta.url)).mtimeMs };
}

try {
	main();
} catch (error) {
	if (!(error instanceof StartError)) throw error;
	console.error(`error: ${error.message}\n  ${error.hint}`);
	process.exit(EXIT_USAGE);
}
