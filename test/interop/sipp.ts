/** SIPp plays a scenario of this folder once. It exits with 0 only when each step came as written. */
import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Address } from "../../src/port.js";
import { projectRoot } from "../../tools/setup/root.js";
import { DOMAIN } from "../../tools/simulate/site.js";

export interface Play {
	/** `sipp-NAME.xml`. */
	readonly scenario: string;
	readonly to: Address;
	/** From this address, on a port that is free. */
	readonly from: string;
	readonly transport?: "udp" | "tcp";
	readonly caller: string;
	readonly callee: string;
	readonly password?: string;
}

const SECONDS = 8;

/** Rejects with what SIPp missed. */
export async function play(options: Play): Promise<void> {
	const { scenario, to, from, transport = "udp", caller, callee } = options;
	const folder = mkdtempSync(join(tmpdir(), "hookswitch-sipp-"));
	try {
		const sipp = spawn(
			"sipp",
			[
				`${to.host}:${to.port}`,
				...["-sf", join(projectRoot, `test/interop/sipp-${scenario}.xml`)],
				...["-i", from, "-t", transport === "udp" ? "u1" : "t1"],
				...["-s", callee, "-key", "caller", caller],
				...["-au", caller, "-ap", options.password ?? "none"],
				// Else it proves that it wanted something else than the Request-URI says.
				...["-auth_uri", `${callee}@${DOMAIN}`],
				...["-m", "1", "-timeout", `${SECONDS}`, "-timeout_error", "-nostdin"],
				...["-trace_err", "-error_file", join(folder, "errors")],
				...["-trace_msg", "-message_file", join(folder, "messages")],
			],
			{ cwd: folder, stdio: "ignore", timeout: (SECONDS + 3) * 1000 },
		);
		const code = await new Promise((resolve) => sipp.once("exit", resolve));
		if (code !== 0) assert.fail(`SIPp ended with ${code}\n${traces(folder)}`);
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

function traces(folder: string): string {
	return readdirSync(folder)
		.map((name) => `${name}:\n${readFileSync(join(folder, name), "utf8")}`)
		.join("\n");
}
