/**
 * What a change, an access decision and a boot cost on the device's engine, in
 * instructions that QEMU counts, with the budget of each beside it:
 *
 *   node build/js/bench/xs-change.js [--json]
 *
 * The phases of a change are measured on their own as well; what is left of the
 * whole is transactions, subscriptions and applying. On 2 cores of 2020 QEMU carries
 * out some 300 M instructions a second.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildFirmware } from "../tools/firmware/build.js";
import { makeStorageImage, startQemu } from "../tools/qemu.js";
import { projectRoot } from "../tools/setup/root.js";

interface Figure {
	readonly name: string;
	readonly instructions: number;
	/** Bytes that the work leaves behind for the collector. */
	readonly garbage?: number;
}

/** M instructions; by the beginning of a figure's name. */
const BUDGETS: readonly (readonly [name: string, budget: number])[] = [
	["NOTIFY", 1],
	["profile", 1.5],
	["its identity", 0.25],
	["merged", 0.5],
	["planned", 0.5],
	["a change", 4],
	["access", 0.25],
	["boot", 5],
];

const FACTORY =
	'<factory xmlns="urn:hookswitch:factory:1" instance="urn:uuid:00000000-0000-4000-8000-000000000001" vendor="hookswitch.example" model="Desk 1" version="1"><server role="profile" uri="sip:192.0.2.1"/><credential realm="phones" algorithm="MD5" user="device" password="secret"/></factory>';

const folder = mkdtempSync(join(tmpdir(), "hookswitch-bench-"));
const storage = join(folder, "storage.bin");
const figures: Figure[] = [];
try {
	await phases();
	await boot();
} finally {
	rmSync(folder, { recursive: true });
}
if (process.argv.includes("--json")) console.log(JSON.stringify(figures));
else for (const figure of figures) console.log(row(figure));

async function phases(): Promise<void> {
	const { image } = await buildFirmware({
		target: "qemu",
		manifest: join(projectRoot, "bench/xs-change/manifest.json"),
	});
	makeStorageImage(storage, undefined);
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
}

/** The product's own image, from its first instruction. */
async function boot(): Promise<void> {
	const { image } = await buildFirmware({ target: "qemu" });
	makeStorageImage(storage, Buffer.from(FACTORY));
	const milliseconds = await new Promise<number>((resolve, reject) => {
		const qemu = startQemu({
			image,
			storage,
			icount: true,
			noReboot: true,
			onLine: (line) => {
				if (!line.includes('"code":"agent-running"')) return;
				resolve((JSON.parse(line.slice(1)) as { t: number }).t);
				qemu.kill();
			},
		});
		qemu.ended.then(() => reject(new Error("QEMU ended")));
	});
	figures.push({
		name: "boot to agent-running, to the next ms",
		instructions: milliseconds * 1e6,
	});
}

function row({ name, instructions, garbage }: Figure): string {
	const budget = BUDGETS.find(([start]) => name.startsWith(start))?.[1];
	return [
		name.padEnd(40),
		`${(instructions / 1e6).toFixed(2).padStart(6)} M instructions`,
		budget === undefined ? "" : `  budget ${budget.toFixed(2)} M`,
		garbage === undefined ? "" : `${String(garbage).padStart(8)} B allocated`,
	].join("");
}
