/** `hookswitch firmware`: builds the image of a phone. */
import process from "node:process";
import { type Command, Option } from "commander";
import {
	buildFirmware,
	type Firmware,
	type FirmwareProgress,
} from "../firmware/build.js";
import { act, examples, type Outcome } from "./outcome.js";

interface Options {
	readonly target: "qemu";
	readonly manifest?: string;
	readonly out?: string;
	readonly clean?: boolean;
}

export function register(program: Command): void {
	const command = program
		.command("firmware")
		.description("build the phone's firmware")
		.addOption(
			new Option("--target <target>", "the board it is for")
				.choices(["qemu"])
				.default("qemu"),
		)
		.option(
			"--manifest <file>",
			"what the firmware is made of (default: the project's manifest.json)",
		)
		.option(
			"--out <folder>",
			"where the image goes (default: build/firmware/qemu and the manifest's name)",
		)
		.option("--clean", "build everything again");
	examples(
		command,
		"hookswitch firmware",
		"hookswitch firmware --clean --json",
		"hookswitch firmware --manifest test/xs/manifest.json",
	);
	act(command, build);
}

async function build(options: Options): Promise<Outcome> {
	const progress = firmwareProgress(process.stderr);
	try {
		const built = await buildFirmware({
			target: options.target,
			...(options.manifest ? { manifest: options.manifest } : {}),
			...(options.out ? { out: options.out } : {}),
			clean: options.clean ?? false,
			onProgress: progress.show,
		});
		return { ok: true, text: summary(built), json: { ...built } };
	} finally {
		progress.end();
	}
}

/** One line per stage: rewritten as its count grows on a terminal, written once per stage elsewhere. */
export function firmwareProgress(stream: NodeJS.WriteStream): {
	readonly show: (progress: FirmwareProgress) => void;
	readonly end: () => void;
} {
	let open = "";
	const end = () => {
		if (open && stream.isTTY) stream.write("\n");
		open = "";
	};
	return {
		show: ({ stage, done, total }) => {
			if (open !== stage) {
				end();
				if (!stream.isTTY) stream.write(`firmware: ${stage} (${total})\n`);
			}
			open = stage;
			if (stream.isTTY)
				stream.write(`\r\x1b[Kfirmware: ${stage} ${done}/${total}`);
		},
		end,
	};
}

function summary(built: Firmware): string {
	const kilobytes = (bytes: number) => `${(bytes / 1024).toFixed(0)} KB`;
	const lines = [
		`${built.image}  ${built.built ? "built" : "is current"} in ${(built.milliseconds / 1000).toFixed(1)} s`,
		`flash  ${kilobytes(built.flashBytes)}, of which ROM heap ${kilobytes(built.romHeapBytes)}, ${built.modules} modules ${kilobytes(built.bytecodeBytes)}`,
		`RAM    ${kilobytes(built.ramBytes)}: data ${kilobytes(built.staticBytes)}, C stack ${kilobytes(built.stackBytes)}, XS arena ${kilobytes(built.arenaBytes)}`,
		...built.warnings.map((warning) => `warning: ${warning}`),
	];
	return lines.join("\n");
}
