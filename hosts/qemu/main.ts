/** The firmware's main module: the agent on the QEMU board. */
import config from "mc/config";
import { Agent } from "../../src/agent.js";
import { Driver } from "../driver.js";
import { SAFE_START_AFTER, storedReader } from "../platform.js";
import { factoryDocument, open } from "./keyvalue.js";
import { qemuHost, qemuNatives } from "./natives.js";
import { qemuPlatform } from "./platform.js";

function main(): void {
	const native = qemuNatives();
	const storage = open({ path: "storage", format: "buffer" });
	const factory = factoryDocument();
	if (factory === undefined) {
		const event = {
			t: Math.round(native.now()),
			level: "error",
			code: "no-factory",
			text: "the factory partition is empty or damaged: this device does not know who it is",
		};
		native.log(`@${JSON.stringify(event)}`);
		return;
	}
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
