/** The firmware's main module: the agent on the QEMU board. */
import config from "mc/config";
import { Agent } from "../../src/agent.js";
import { Driver } from "../driver.js";
import { type KeyValue, storedReader } from "../platform.js";
import { qemuHost, qemuNatives } from "./natives.js";
import { qemuPlatform } from "./platform.js";

/** Crashes in a row, each within a minute of boot, that point at the newest documents. */
const SAFE_START_AFTER = 3;

function main(): void {
	const native = qemuNatives();
	const storage = {
		read: () => undefined,
		write: () => {
			throw new Error("no storage yet");
		},
		delete: () => false,
		close() {},
	} as unknown as KeyValue;
	const factory = native.encode(
		'<factory xmlns="urn:hookswitch:factory:1" instance="urn:uuid:00000000-0000-4000-8000-000000000001" vendor="hookswitch" model="qemu" version="1"/>',
	);
	const agent = new Agent(qemuHost(), {
		factory,
		stored: storedReader(storage),
		safeStart: native.earlyCrashes() >= SAFE_START_AFTER,
		restarts: native.crashes(),
		build: config,
	});
	new Driver(qemuPlatform(storage), agent).start();
}

main();
