/**
 * Finds the stable codes in the sources by the shapes that make them, and those
 * that docs/errors.md lists. Knows nothing of what they mean.
 */
import { readdirSync, readFileSync } from "node:fs";

/** build/js/test/docs/codes.js → the project. */
export const root = new URL("../../../../", import.meta.url);

const CODE = /^[a-z]+[a-z0-9]*(?:-[a-z0-9]+)*$/;
const LEVELS = ["info", "warning", "error"];

/** A call that takes a code as its argument `index`, or the text around a code. */
export type Shape =
	| { readonly call: string; readonly index: number }
	| { readonly around: RegExp };

export const Shapes = Object.freeze({
	/** Events: methods that take the level or go without. */
	event: [
		{ call: "event", index: 0 },
		{ call: "event", index: 1 },
		{ call: "#event", index: 0 },
		{ call: "#event", index: 1 },
		{ call: "#notice", index: 0 },
		{ around: /level: "\w+",\s*code: "([^"]+)"/g },
		{ call: "host_log", index: 1 },
		{ around: /\\"code\\":\\"([a-z-]+)\\"/g },
	],
	crash: [
		{ call: "host_crash", index: 1 },
		{ call: "platform_crash_exception", index: 1 },
	],
	fault: [
		{ call: "HookswitchError", index: 0 },
		{ call: "StorageError", index: 0 },
		{ call: "fail", index: 0 },
		{ call: "#blame", index: 0 },
		{ call: "#break", index: 0 },
		{ around: /\bconst code = "([^"]+)"/g },
		{ around: /\bcode: "([^"]+)",\s*at: /g },
	],
	document: [
		{ call: "HookswitchError", index: 0 },
		{ call: "error", index: 2 },
		{ call: "warning", index: 2 },
		{ call: "#complain", index: 2 },
		{ call: "complain", index: 1 },
		{ around: /\bcode: "([^"]+)",\s*message: /g },
	],
	command: [
		{ call: "UsageError", index: 0 },
		{ call: "super", index: 0 },
		{ call: "printFailure", index: 0 },
		{ around: /json: \{[^}]*\bcode: "([^"]+)"/g },
	],
	callEnd: [
		{ call: "#end", index: 0 },
		{ call: "#bye", index: 0 },
	],
	/** A code and the sentence for it. */
	explained: [{ around: /case "([^"]+)":\s*return "\w+ /g }],
} as const satisfies Record<string, readonly Shape[]>);

/** The sources below `paths` (files or folders), with their text. */
function sources(paths: readonly string[]): string[] {
	return paths.flatMap((path) => {
		if (!path.endsWith("/")) return [readFileSync(new URL(path, root), "utf8")];
		return readdirSync(new URL(path, root), { recursive: true })
			.map(String)
			.filter((name) => /\.(?:ts|c)$/.test(name) && !name.endsWith(".d.ts"))
			.map((name) => readFileSync(new URL(`${path}${name}`, root), "utf8"));
	});
}

export function codesIn(
	paths: readonly string[],
	shapes: readonly Shape[],
): string[] {
	const found = new Set<string>();
	for (const text of sources(paths))
		for (const shape of shapes)
			for (const code of codesOf(text, shape))
				if (CODE.test(code) && !LEVELS.includes(code)) found.add(code);
	return [...found].sort();
}

/** What `shape` finds in `text`. */
export function codesOf(text: string, shape: Shape): string[] {
	if ("around" in shape)
		return [...text.matchAll(new RegExp(shape.around, "g"))].map(
			([, code]) => code ?? "",
		);
	const { call, index } = shape;
	const begin = new RegExp(`(?<![\\w#])${call}\\(`, "g");
	return [...text.matchAll(begin)].flatMap((match) =>
		literals(argument(text, match.index + match[0].length, index)),
	);
}

/** The argument `index` of the call whose parenthesis ends at `start`; "" where there are fewer. */
function argument(text: string, start: number, index: number): string {
	let depth = 0;
	let number = 0;
	let from = start;
	for (let at = start; at < text.length; at++) {
		const character = text.charAt(at);
		if (`"'\``.includes(character)) at = literalEnd(text, at);
		else if ("([{".includes(character)) depth++;
		else if (")]}".includes(character)) {
			if (depth === 0) return number === index ? text.slice(from, at) : "";
			depth--;
		} else if (character === "," && depth === 0) {
			if (number === index) return text.slice(from, at);
			number++;
			from = at + 1;
		}
	}
	return "";
}

function literalEnd(text: string, start: number): number {
	let at = start + 1;
	while (at < text.length && text[at] !== text[start])
		at += text[at] === "\\" ? 2 : 1;
	return at;
}

/** Those that an argument may be; what it is compared with is not. */
function literals(argument: string): string[] {
	if (/^\s*[\w#]+: /.test(argument)) return []; // A parameter: the declaration, not a call.
	return [...argument.matchAll(/([=!]== )?"([^"\\]*)"/g)].flatMap(
		([, comparison, text]) => (comparison || !text ? [] : [text]),
	);
}

export interface Row {
	/** Without its bars; the first one holds the code, or several. */
	readonly cells: readonly string[];
	readonly codes: readonly string[];
}

/** The rows of the tables below the heading `title`, whatever its level. */
export function rowsBelow(page: string, title: string): Row[] {
	const lines = page.split("\n");
	const first = lines.findIndex(
		(line) => /^#+ /.test(line) && line.replace(/^#+ /, "") === title,
	);
	if (first < 0) return [];
	const rows: Row[] = [];
	for (const line of lines.slice(first + 1)) {
		if (/^#/.test(line)) break;
		if (!line.startsWith("| `")) continue;
		const cells = line
			.slice(1, -1)
			.split(/(?<!\\)\|/)
			.map((cell) => cell.trim());
		const codes = [...(cells[0] ?? "").matchAll(/`([^`]+)`/g)].map(
			([, code]) => code ?? "",
		);
		rows.push({ cells, codes });
	}
	return rows;
}
