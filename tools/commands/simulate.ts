/** `hookswitch simulate`: the whole product on one machine, to watch and to check. */
import type { Command } from "commander";
import { type SimulateOptions, simulate } from "../simulate/simulate.js";
import { act, examples, type Outcome, wantsJson } from "./outcome.js";

export function register(program: Command): void {
	const command = program
		.command("simulate")
		.description(
			"build the firmware, boot phones in QEMU, and watch them provision themselves and obey changes",
		)
		.option(
			"--devices <number>",
			"how many phones",
			(text) => Number.parseInt(text, 10),
			1,
		)
		.option("--check", "one full life of a phone without questions, then exit")
		.option(
			"--network <kind>",
			"own: a network namespace with DHCP and DNS (root); user: QEMU's user network (default: own where it is possible)",
		)
		.option(
			"--capture <file>",
			"with --check: write what crosses the phone's network as pcap",
		);
	examples(
		command,
		"npm run simulate",
		"npm run simulate -- --devices 3",
		"npm run simulate -- --check --json",
	);
	act(
		command,
		(options: SimulateOptions): Promise<Outcome | undefined> =>
			simulate(options, wantsJson()),
	);
}
