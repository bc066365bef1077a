/**
 * Collects what is wrong with a document, in the order of its lines, and finds
 * lines and columns only once there is something to say.
 */
import type { HookswitchError } from "../errors.js";
import type { Host } from "../host.js";
import { CHARACTER_START } from "./characters.js";
import { type DocumentError, MOST_ERRORS } from "./document-error.js";

interface Problem {
	readonly at: number;
	path: string;
	readonly code: string;
	readonly message: string;
}

export class Problems {
	readonly #host: Host;
	readonly #bytes: Uint8Array;
	readonly #errors: Problem[] = [];
	readonly #warnings: Problem[] = [];

	constructor(host: Host, bytes: Uint8Array) {
		this.#host = host;
		this.#bytes = bytes;
	}

	get hasErrors(): boolean {
		return this.#errors.length > 0;
	}

	/** Is there no room for another error, so that reading on finds nothing to tell? */
	get isFull(): boolean {
		return this.#errors.length >= MOST_ERRORS;
	}

	error(at: number, path: string, code: string, message: string): void {
		if (this.#errors.length < MOST_ERRORS)
			this.#errors.push({ at, path, code, message });
	}

	warning(at: number, path: string, code: string, message: string): void {
		if (this.#warnings.length < MOST_ERRORS)
			this.#warnings.push({ at, path, code, message });
	}

	/** What the scanner threw. It stands even where there are many others: nothing after it was read. */
	broken(error: HookswitchError): void {
		if (this.isFull) this.#errors.pop();
		this.#errors.push({
			at: error.at,
			path: "",
			code: error.code,
			message: error.message,
		});
	}

	/** How many there are; for `prefix`. */
	get mark(): number {
		return this.#errors.length * (MOST_ERRORS + 1) + this.#warnings.length;
	}

	/** Puts an element's path, known only after its attributes, before the paths of what came after `mark`. */
	prefix(mark: number, path: string): void {
		const errors = Math.floor(mark / (MOST_ERRORS + 1));
		for (let at = errors; at < this.#errors.length; at++)
			prepend(this.#errors[at], path);
		for (let at = mark % (MOST_ERRORS + 1); at < this.#warnings.length; at++)
			prepend(this.#warnings[at], path);
	}

	errors(): DocumentError[] {
		return this.#placed(this.#errors);
	}

	warnings(): DocumentError[] {
		return this.#placed(this.#warnings);
	}

	/** One pass over the document, from problem to problem. */
	#placed(problems: readonly Problem[]): DocumentError[] {
		if (problems.length === 0) return [];
		const host = this.#host;
		const bytes = this.#bytes;
		let line = 1;
		let lineStart = 0;
		let column = 1;
		let counted = 0;
		return [...problems]
			.sort((one, other) => one.at - other.at)
			.map(({ at, path, code, message }) => {
				for (;;) {
					const feed = host.find(bytes, 0x0a, lineStart, at);
					if (feed >= at) break;
					line++;
					lineStart = feed + 1;
					column = 1;
					counted = lineStart;
				}
				column += countCharacters(host, bytes, counted, at);
				counted = at;
				return { line, column, path, code, message };
			});
	}
}

function prepend(problem: Problem | undefined, path: string): void {
	if (problem === undefined) return;
	problem.path = problem.path === "" ? path : `${path}/${problem.path}`;
}

/** Code points from `start` to `end`; the bytes may be no UTF-8 at all. */
function countCharacters(
	host: Host,
	bytes: Uint8Array,
	start: number,
	end: number,
): number {
	let count = 0;
	let at = start;
	while (at < end) {
		const stop = host.span(bytes, CHARACTER_START, at, end);
		count += stop - at;
		// A continuation byte belongs to the character before it.
		at = stop + 1;
	}
	return count;
}
