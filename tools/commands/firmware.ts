/** `hookswitch firmware`: builds the image of a phone. */
import { Command, Option } from "commander";
import {
	buildFirmware,
	type Firmware,
	type FirmwareProgress,
} from "../firmware/build.js";

interface Options {
	readonly target: "qemu";
	readonly manifest?: string;
	readonly out?: string;
	readonly clean?: boolean;
	readonly json?: boolean;
}

export function firmwareCommand(): Command {
	return new Command("firmware")
		.description("build the phone's firmware")
		.addOption(
			new Option("--target <target>", "what it is for")
				.choices(["qemu"])
				.default("qemu"),
		)
		.option("--manifest <file>", "the manifest to build", undefined)
		.option("--out <folder>", "where the image goes")
		.option("--clean", "build everything again")
		.option("--json", "print one JSON object")
		.addHelpText(
			"after",
			"\nExamples:\n  hookswitch firmware\n  hookswitch firmware --clean --json\n  hookswitch firmware --manifest test/xs/manifest.json",
		)
		.action(firmware);
}

async function firmware(options: Options): Promise<void> {
	const progress = firmwareProgress(process.stderr);
	const built = await buildFirmware({
		target: options.target,
		...(options.manifest ? { manifest: options.manifest } : {}),
		...(options.out ? { out: options.out } : {}),
		clean: options.clean ?? false,
		onProgress: progress.show,
	});
	progress.end();
	if (options.json) console.log(JSON.stringify(built));
	else console.log(summary(built));
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
