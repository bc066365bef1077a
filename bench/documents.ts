/** Prints what documents cost on the device's engine: `node build/js/bench/documents.js [--json]`. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildFirmware } from "../tools/firmware/build.js";
import { makeStorageImage, startQemu } from "../tools/qemu.js";
import { projectRoot } from "../tools/setup/root.js";

interface Figure {
	readonly name: string;
	readonly bytes: number;
	readonly instructions: number;
	readonly garbage: number;
	readonly kept: number;
}

const { image } = await buildFirmware({
	target: "qemu",
	manifest: join(projectRoot, "bench/documents/manifest.json"),
});
const folder = mkdtempSync(join(tmpdir(), "hookswitch-bench-"));
const storage = join(folder, "storage.bin");
makeStorageImage(storage, undefined);
const figures: Figure[] = [];
const qemu = startQemu({
	image,
	storage,
	icount: true,
	noReboot: true,
	onLine: (line) => {
		const found = /^#figure (.*)$/.exec(line);
		if (found) figures.push(JSON.parse(found[1] ?? "") as Figure);
		else if (!line.startsWith("#")) console.error(line);
	},
});
await qemu.ended;
rmSync(folder, { recursive: true });
if (process.argv.includes("--json")) console.log(JSON.stringify(figures));
else
	for (const { name, bytes, instructions, garbage, kept } of figures)
		console.log(
			`${name.padEnd(52)} ${String(bytes).padStart(6)} B ${(instructions / 1e6).toFixed(2).padStart(7)} M instructions ${String(garbage).padStart(7)} B allocated ${String(kept).padStart(6)} B kept`,
		);
