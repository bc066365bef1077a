/**
 * What the servers log: one line for each event, for people or (`--json`) as one
 * JSON object with the fields of the phone's own log: t, level, code, text, data.
 * Nothing secret comes here: no header or body is logged, only start lines.
 */
import process from "node:process";
import type { EventValue } from "../../src/port.js";

export type Level = "info" | "warning" | "error";
export type LogData = Readonly<Record<string, EventValue>>;

export interface Log {
	event(level: Level, code: string, text: string, data?: LogData): void;
}

/**
 * Lines that come together are written together, after the work that they tell of:
 * a pipe whose reader is slow stops the writer. `t` is in milliseconds of the wall
 * clock, so that the logs of several processes can be put in order.
 */
export class LineLog implements Log {
	readonly #json: boolean;
	readonly #write: (lines: string) => void;
	#lines = "";

	constructor(
		json: boolean,
		write: (lines: string) => void = (lines) => {
			process.stdout.write(lines);
		},
	) {
		this.#json = json;
		this.#write = write;
		process.once("exit", () => this.flush());
	}

	event(level: Level, code: string, text: string, data: LogData = {}): void {
		if (this.#lines === "") setImmediate(() => this.flush());
		const t = performance.timeOrigin + performance.now();
		if (this.#json) {
			const time = Math.round(t * 1000) / 1000;
			this.#lines += `${JSON.stringify({ t: time, level, code, text, ...data })}\n`;
		} else {
			const time = new Date(t).toISOString().slice(11, 23);
			const mark = level === "info" ? "" : `${level}: `;
			this.#lines += `${time}  ${mark}${text}\n`;
		}
	}

	flush(): void {
		const lines = this.#lines;
		this.#lines = "";
		if (lines !== "") this.#write(lines);
	}
}

/** Drops them. */
export const silentLog: Log = Object.freeze({ event: () => {} });
