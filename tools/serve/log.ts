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

/** `t` is in milliseconds of the wall clock, so that the logs of several processes can be put in order. */
export class LineLog implements Log {
	readonly #json: boolean;
	readonly #write: (line: string) => void;

	constructor(
		json: boolean,
		write: (line: string) => void = (line) => {
			process.stdout.write(line);
		},
	) {
		this.#json = json;
		this.#write = write;
	}

	event(level: Level, code: string, text: string, data: LogData = {}): void {
		const t = performance.timeOrigin + performance.now();
		if (this.#json) {
			this.#write(
				`${JSON.stringify({ t: Math.round(t * 1000) / 1000, level, code, text, ...data })}\n`,
			);
			return;
		}
		const time = new Date(t).toISOString().slice(11, 23);
		const mark = level === "info" ? "" : `${level}: `;
		this.#write(`${time}  ${mark}${text}\n`);
	}
}

/** Counts events in tests, or drops them. */
export const silentLog: Log = Object.freeze({ event: () => {} });
