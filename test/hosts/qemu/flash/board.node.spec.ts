/**
 * The storage on the board in QEMU, through the real firmware build: what it costs,
 * and that pulling the plug loses nothing that was written.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildFirmware } from "../../../../tools/firmware/build.js";
import {
	makeStorageImage,
	type Qemu,
	startQemu,
} from "../../../../tools/qemu.js";
import { projectRoot } from "../../../../tools/setup/root.js";

const document = '<factory xmlns="urn:hookswitch:factory:1"/>';

class Board {
	readonly #qemu: Qemu;
	/** The last number that was written, as the phone said. */
	wrote = -1;
	#heard: (line: string) => void = () => {};

	constructor(image: string, storage: string) {
		this.#qemu = startQemu({
			image,
			storage,
			onLine: (line) => {
				if (line.startsWith("#wrote")) this.wrote = Number(line.slice(7));
				if (line.startsWith("#")) this.#heard(line);
			},
		});
	}

	/** The next line of the phone's that begins with `start`. */
	line(start: string): Promise<string> {
		return new Promise((resolve, reject) => {
			this.#heard = (line) => {
				if (line.startsWith(start)) resolve(line.slice(start.length));
			};
			this.#qemu.ended.then(({ stderr }) => reject(new Error(stderr)));
		});
	}

	async ask<T>(command: string): Promise<T> {
		const answer = this.line("#answer ");
		this.#qemu.write(command);
		return JSON.parse(await answer) as T;
	}

	tell(command: string): void {
		this.#qemu.write(command);
	}

	async kill(): Promise<void> {
		this.#qemu.kill();
		await this.#qemu.ended;
	}
}

describe("flash storage, on the board in QEMU", function () {
	this.timeout(180_000);
	let directory: string;
	let storage: string;
	let image: string;
	let board: Board;

	async function boot(): Promise<void> {
		board = new Board(image, storage);
		await board.line("#ready");
	}

	before(async () => {
		directory = mkdtempSync(join(tmpdir(), "hookswitch-board-"));
		({ image } = await buildFirmware({
			target: "qemu",
			manifest: join(projectRoot, "test/hosts/qemu/flash/manifest.json"),
		}));
	});
	beforeEach(async () => {
		storage = join(directory, "flash");
		makeStorageImage(storage, new TextEncoder().encode(document));
		await boot();
	});
	afterEach(() => board.kill());
	after(() => rmSync(directory, { recursive: true, force: true }));

	it("reads the factory partition", async () => {
		assert.equal(await board.ask("factory"), document);
	});

	it("a chip without a factory partition has none", async () => {
		await board.kill();
		makeStorageImage(storage, undefined);
		await boot();
		assert.equal(await board.ask("factory"), null);
	});

	it("holds what it said that it wrote when the plug is pulled", async () => {
		let next = 0;
		for (let round = 0; round < 12; round++) {
			board.tell(`churn ${next}`);
			for (let count = 0; count < 10 + round * 3; count++)
				await board.line("#wrote");
			// Somewhere within a write: the phone does nothing else.
			await new Promise((resolve) => setTimeout(resolve, round % 5));
			await board.kill();
			const { wrote } = board;
			await boot();
			const values = await board.ask<Record<string, number>>("values");
			for (let key = 0; key < 12; key++) {
				const newest = wrote - ((wrote - key + 12) % 12);
				const number = values[`key.${key}`];
				if (newest < 0 && number === undefined) continue;
				if (key === (wrote + 1) % 12 && number === wrote + 1) continue;
				assert.equal(number, newest, `key.${key} after ${wrote}`);
			}
			// The number that may or may not be there is written again: the series stays whole.
			next = wrote + 1;
		}
	});

	it("counts crashes over restarts", async () => {
		assert.deepEqual(await board.ask("crashes"), [0, 0]);
		for (let count = 1; count <= 2; count++) {
			const ready = board.line("#ready");
			board.tell("crash");
			await ready;
			assert.deepEqual(await board.ask("crashes"), [count, count]);
		}
		await board.kill();
		await boot();
		assert.deepEqual(await board.ask("crashes"), [2, 2]);
	});

	it("a full store mounts, and takes a document, as fast as a phone needs", async () => {
		assert.ok((await board.ask<number>("fill")) > 40);
		await board.kill();
		await boot();
		const figures = await board.ask<Record<string, number>>("figures");
		const costs = await board.ask<Record<string, number>>("measure");
		// Orders of magnitude, for a machine that does other things too; bench/ has the figures.
		assert.ok((figures.mountMicroseconds ?? 0) < 100_000);
		assert.ok((costs.write ?? 0) < 200);
	});
});
