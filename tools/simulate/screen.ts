/**
 * The terminal: draws lines over the whole screen, reads keys and now and then a
 * line of text, and leaves the terminal as it was. Knows nothing of phones.
 */
import process from "node:process";
import { createInterface, emitKeypressEvents } from "node:readline";
import { styleText } from "node:util";
import type { Paint } from "./picture.js";

const ALTERNATE_SCREEN = "\x1b[?1049h\x1b[?25l";
const NORMAL_SCREEN = "\x1b[?25h\x1b[?1049l";
const FRAME_MS = 50;

export const paint: Paint = (style, text) => styleText(style, text);

export class Screen {
	readonly #draw: (width: number, height: number) => readonly string[];
	readonly #onKey: (key: string) => void;
	#pending: NodeJS.Timeout | undefined;
	#asking = false;
	#isOpen = false;

	constructor(
		draw: (width: number, height: number) => readonly string[],
		onKey: (key: string) => void,
	) {
		this.#draw = draw;
		this.#onKey = onKey;
	}

	open(): void {
		this.#isOpen = true;
		process.stdout.write(ALTERNATE_SCREEN);
		emitKeypressEvents(process.stdin);
		process.stdin.setRawMode(true);
		process.stdin.resume();
		process.stdin.on("keypress", this.#keypress);
		process.stdout.on("resize", this.#resized);
		this.refresh();
	}

	close(): void {
		if (!this.#isOpen) return;
		this.#isOpen = false;
		clearTimeout(this.#pending);
		process.stdin.off("keypress", this.#keypress);
		process.stdout.off("resize", this.#resized);
		process.stdin.setRawMode(false);
		process.stdin.pause();
		process.stdout.write(NORMAL_SCREEN);
	}

	/** Draws soon; many calls make one frame. */
	refresh(): void {
		if (!this.#isOpen || this.#pending !== undefined) return;
		this.#pending = setTimeout(() => {
			this.#pending = undefined;
			if (!this.#asking) this.#paint();
		}, FRAME_MS);
	}

	/** Asks on the last line; empty when the person gave nothing. */
	ask(question: string): Promise<string> {
		this.#asking = true;
		process.stdin.off("keypress", this.#keypress);
		process.stdout.write(`\x1b[${process.stdout.rows};1H\x1b[2K\x1b[?25h`);
		const line = createInterface({
			input: process.stdin,
			output: process.stdout,
			terminal: true,
		});
		return new Promise((resolve) => {
			const done = (answer: string) => {
				line.close();
				process.stdin.setRawMode(true);
				process.stdin.resume();
				process.stdin.on("keypress", this.#keypress);
				process.stdout.write("\x1b[?25l");
				this.#asking = false;
				this.refresh();
				resolve(answer.trim());
			};
			line.once("SIGINT", () => done(""));
			line.question(question, done);
		});
	}

	readonly #keypress = (
		text: string | undefined,
		key: { readonly name?: string; readonly ctrl?: boolean },
	): void => {
		if (key.ctrl === true && key.name === "c") this.#onKey("quit");
		else this.#onKey(text ?? key.name ?? "");
	};

	readonly #resized = (): void => this.refresh();

	#paint(): void {
		const { columns = 100, rows = 30 } = process.stdout;
		const lines = this.#draw(columns, rows);
		process.stdout.write(
			`\x1b[H${lines.map((line) => `${line}\x1b[K`).join("\r\n")}\x1b[J`,
		);
	}
}
