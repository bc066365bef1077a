/**
 * The agent as a Linux process:
 *
 *   node build/js/hosts/node/main.js --factory FILE --storage FILE [--address 127.0.1.1]
 *     [--port 5060] [--name-server ADDRESS]… [--domain NAME] [--sip-server ADDRESS|NAME]
 *
 * The log goes to standard output (events as `@` and JSON), commands come from
 * standard input. SIGINT and SIGTERM end it with exit code 0. A restart that the
 * agent asks for happens within the process. A crash is counted in storage and
 * ends it with exit code 70 (EX_SOFTWARE), a command line or file that can't be
 * used with 64 (EX_USAGE): a service manager restarts on 70 and not on 64.
 */
import { readFileSync, statSync } from "node:fs";
import { parseArgs } from "node:util";
import { Agent } from "../../src/agent.js";
import { Driver } from "../driver.js";
import { storedReader } from "../platform.js";
import { Crashes, EARLY } from "./crashes.js";
import { factoryDocument } from "./factory.js";
import { open } from "./keyvalue.js";
import { nodeHost } from "./natives.js";
import { nodePlatform } from "./platform.js";

const EXIT_USAGE = 64;
const EXIT_CRASH = 70;

function main(): void {
	const { values } = parseArgs({
		options: {
			factory: { type: "string" },
			storage: { type: "string" },
			address: { type: "string" },
			port: { type: "string", default: "5060" },
			"name-server": { type: "string", multiple: true, default: [] },
			domain: { type: "string" },
			"sip-server": { type: "string" },
		},
	});
	if (values.factory === undefined || values.storage === undefined)
		throw new Error("--factory FILE and --storage FILE are needed");
	const port = Number(values.port);
	if (!Number.isInteger(port) || port < 1 || port > 65_535)
		throw new Error(`--port ${values.port} is no port`);

	const factory = factoryDocument(new Uint8Array(readFileSync(values.factory)));
	const storage = open({ path: values.storage, format: "buffer" });
	const crashes = new Crashes(storage);
	const platform = nodePlatform({
		storage,
		address: values.address,
		nameServers: values["name-server"],
		domain: values.domain,
		sipServer: values["sip-server"],
		console: true,
		restart: () => setImmediate(boot),
	});

	let driver: Driver;
	function boot(): void {
		platform.close();
		const agent = new Agent(nodeHost(), {
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
	setTimeout(() => crashes.clearEarly(), EARLY).unref();
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
	console.error(`hookswitch: ${(error as Error).message}`);
	process.exit(EXIT_USAGE);
}
