/**
 * The portable specs on XS: builds one image that holds them all, runs them in
 * QEMU one after the other, and gives what became of each test. A spec that takes
 * the phone down (or hangs) fails, and the others go on in a fresh one.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildFirmware, type FirmwareProgress } from "./firmware/build.js";
import { readManifest } from "./firmware/manifest.js";
import { makeStorageImage, type Qemu, startQemu } from "./qemu.js";
import { projectRoot } from "./setup/root.js";

export interface XsTest {
	/** Titles of the describes around it, and its own. */
	readonly path: readonly string[];
	readonly error: string | undefined;
	readonly milliseconds: number;
}
export interface XsSpec {
	readonly specifier: string;
	readonly tests: readonly XsTest[];
	/** Why the spec as a whole did not end well: it did not load, or QEMU died. */
	readonly error: string | undefined;
}
interface XsSpecsOptions {
	/** Only specs whose specifier contains this. */
	readonly filter?: string;
	readonly onProgress?: (progress: FirmwareProgress) => void;
	/** A spec that says nothing for this long is taken to hang. */
	readonly patience?: number;
}

/** A test may do heavy work; QEMU on a busy machine is slow. */
const defaultPatience = 30_000;

export async function runXsSpecs(
	options: XsSpecsOptions = {},
): Promise<XsSpec[]> {
	const manifest = join(projectRoot, "test/xs/manifest.json");
	const { entries } = readManifest(manifest);
	const { image } = await buildFirmware({
		target: "qemu",
		manifest,
		...(options.onProgress ? { onProgress: options.onProgress } : {}),
	});
	const specifiers = entries.filter((specifier) =>
		specifier.includes(options.filter ?? ""),
	);
	const folder = mkdtempSync(join(tmpdir(), "hookswitch-xs-"));
	const storage = join(folder, "storage.bin");
	makeStorageImage(storage, undefined);
	const session = new Session(
		image,
		storage,
		options.patience ?? defaultPatience,
	);
	try {
		const specs: XsSpec[] = [];
		for (const specifier of specifiers)
			specs.push(await session.run(specifier));
		return specs;
	} finally {
		await session.end();
		rmSync(folder, { recursive: true });
	}
}

/** A phone that runs specs until it dies, and then its successor. */
class Session {
	readonly #image: string;
	readonly #storage: string;
	readonly #patience: number;
	#qemu: Qemu | undefined;
	#onLine: (line: string) => void = () => {};

	constructor(image: string, storage: string, patience: number) {
		this.#image = image;
		this.#storage = storage;
		this.#patience = patience;
	}

	async run(specifier: string): Promise<XsSpec> {
		const qemu = await this.#running();
		const tests: XsTest[] = [];
		const other: string[] = [];
		let begun: readonly string[] | undefined;
		let error: string | undefined;
		const done = new Promise<void>((resolve) => {
			this.#onLine = (line) => {
				const [kind, data] = parse(line);
				if (kind === "start") begun = data.path;
				else if (kind === "test") {
					begun = undefined;
					tests.push({
						path: data.path ?? [],
						error: data.error,
						milliseconds: data.milliseconds ?? 0,
					});
				} else if (kind === "failed") error = data.error;
				else if (kind === "done") resolve();
				else other.push(line);
			};
		});
		qemu.write(`run ${specifier}`);
		const how = await Promise.race([
			done.then(() => "done"),
			qemu.ended.then(() => "QEMU ended"),
			this.#silence(tests, () => begun),
		]);
		if (how !== "done") {
			const last = other.slice(-30).join("\n");
			error = `${how}${begun ? ` in: ${begun.join(" › ")}` : ""}\n${last}`;
			if (begun) tests.push({ path: begun, error, milliseconds: 0 });
			await this.end();
		}
		return { specifier, tests, error };
	}

	async end(): Promise<void> {
		this.#qemu?.kill();
		await this.#qemu?.ended;
		this.#qemu = undefined;
	}

	async #running(): Promise<Qemu> {
		if (this.#qemu) return this.#qemu;
		let end = "";
		const ready = new Promise<boolean>((resolve) => {
			this.#onLine = (line) => {
				if (line.startsWith("#ready")) resolve(true);
				else end += `${line}\n`;
			};
		});
		const qemu = startQemu({
			image: this.#image,
			storage: this.#storage,
			onLine: (line) => this.#onLine(line),
			noReboot: true,
		});
		const started = await Promise.race([
			ready,
			qemu.ended.then(({ stderr }) => {
				end += stderr;
				return false;
			}),
		]);
		if (!started) throw new Error(`the test image does not start:\n${end}`);
		this.#qemu = qemu;
		return qemu;
	}

	/** Settles when neither a test has ended nor another begun for too long. */
	#silence(
		tests: readonly XsTest[],
		begun: () => readonly string[] | undefined,
	): Promise<string> {
		return new Promise((resolve) => {
			let seen = -1;
			let running: readonly string[] | undefined;
			const timer = setInterval(() => {
				if (tests.length === seen && begun() === running) {
					clearInterval(timer);
					resolve("it hangs");
				}
				seen = tests.length;
				running = begun();
			}, this.#patience);
			timer.unref();
		});
	}
}

interface Said {
	readonly path?: readonly string[];
	readonly error?: string;
	readonly milliseconds?: number;
}

function parse(line: string): [string, Said] {
	const match = /^#(\w+) (\{.*\})$/.exec(line);
	if (!match) return ["", {}];
	try {
		return [match[1] ?? "", JSON.parse(match[2] ?? "") as Said];
	} catch {
		return ["", {}];
	}
}
