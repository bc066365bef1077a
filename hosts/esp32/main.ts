/**
 * The phone on the Moddable SDK: ESP32 boards and the SDK's Linux target. Wires the
 * agent to the SDK's modules; everything it does is in `src/`.
 *
 * Settings on mcconfig's command line, all optional: `storage` (NVS namespace or, on
 * Linux, a folder), `factory` (Linux: the file with the factory document), `address`,
 * `nameServer`, `domain`, `sipServer`, `port`.
 */
import config from "mc/config";
import Timer from "timer";
import { Agent } from "../../src/agent.js";
import { Driver } from "../driver.js";
import { GOOD_BOOT, SAFE_START_AFTER, storedReader } from "../platform.js";
import { readFactory } from "./factory.js";
import { openLog } from "./log.js";
import { moddableHost } from "./natives.js";
import { moddablePlatform, openStorage } from "./platform.js";
import { restart } from "./restart.js";

const VERSION = "0.1.0";
/** Crashes are counted under this key; the agent's own keys are in `src/config`. */
const CRASHES = "crashes";

export default function main(): void {
	const log = openLog();
	try {
		start(log);
	} catch (error) {
		// The SDK shows an exception only in its debugger.
		const { message, stack } = error as Error;
		log(`the agent can't start: ${message}\n${stack ?? ""}`);
		throw error;
	}
}

function start(log: (line: string) => void): void {
	const host = moddableHost();
	const storage = openStorage(config.storage ?? "hookswitch");

	// Counted up before anything can fail, and set back when the boot proved good.
	const stored = storage.read(CRASHES);
	const crashes = stored === undefined ? 0 : (new Uint8Array(stored)[0] ?? 0);
	storage.write(CRASHES, Uint8Array.of(Math.min(crashes + 1, 255)));
	Timer.set(() => storage.write(CRASHES, Uint8Array.of(0)), GOOD_BOOT);

	const port: number | undefined =
		config.port === undefined ? undefined : Number(config.port);
	const agent = new Agent(host, {
		factory: readFactory(storage),
		stored: storedReader(storage),
		safeStart: crashes >= SAFE_START_AFTER,
		restarts: crashes,
		build: { version: VERSION, time: 0 },
		...(port === undefined ? {} : { port }),
	});
	const platform = moddablePlatform(host, storage, log, (reason) => {
		log(`restart: ${reason}`);
		storage.write(CRASHES, Uint8Array.of(0));
		restart();
	});
	new Driver(platform, agent, port === undefined ? {} : { port }).start();
}
