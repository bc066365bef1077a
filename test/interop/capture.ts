/** What Wireshark's dissectors make of a capture. SIP is looked for on its own port only: Wireshark's guesses are not the phone's faults. */
import { strict as assert } from "node:assert";
import { spawnSync } from "node:child_process";

/** Rows of the packets that `filter` lets through, with these fields of each. */
export function dissect(
	file: string,
	filter: string,
	fields: readonly string[],
): readonly (readonly string[])[] {
	const result = spawnSync(
		"tshark",
		[
			...["-r", file, "-n", "-Y", filter, "-T", "fields"],
			...["-d", "udp.port==5060,sip", "-d", "tcp.port==5060,sip"],
			...fields.flatMap((field) => ["-e", field]),
		],
		{ encoding: "utf8", maxBuffer: 1 << 26 },
	);
	assert.equal(result.status, 0, result.stderr);
	return result.stdout
		.split("\n")
		.filter((line) => line !== "")
		.map((line) => line.split("\t"));
}

export interface SipRow {
	readonly source: string;
	readonly line: string;
}

/** The SIP messages of a capture, in order. */
export function sipMessages(file: string): readonly SipRow[] {
	return dissect(file, "sip", [
		"ip.src",
		"sip.Request-Line",
		"sip.Status-Line",
	]).map(([source = "", request = "", status = ""]) => ({
		source,
		line: request || status,
	}));
}

/**
 * Nothing is malformed, and no dissector reports an error. `from`: only of what this
 * address sent, for captures in which others misbehave on purpose.
 */
export function assertClean(file: string, from?: string): void {
	const complaint = "(_ws.malformed || _ws.expert.severity == error)";
	const complaints = dissect(
		file,
		from === undefined ? complaint : `ip.src == ${from} && ${complaint}`,
		["frame.number", "_ws.col.Info", "_ws.expert.message"],
	);
	assert.deepEqual(complaints, []);
}
