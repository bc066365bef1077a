/**
 * The text paths that people and databases name settings by:
 * `registration/@expires`, `server[registrar,2]/@uri`,
 * `account[a1]/credential[example.com]/@ha1`. A path names one attribute, or
 * without `/@…` a whole element. Keys stand in brackets, in the order of the
 * section's; those at the end that have their default may be left out.
 */
import { HookswitchError } from "../errors.js";
import type { ProfileDocument } from "./document.js";
import type { ElementValues } from "./element.js";
import { type Field, type FieldValue, Kind, type Section } from "./field.js";
import { ROOT, SECTIONS } from "./fields.js";
import { formatValue } from "./value.js";

export interface Step {
	readonly section: Section;
	/** By property; complete, as typed values. Empty for a section that stands once. */
	readonly keys: Readonly<ElementValues>;
	/** Offset of the step in the path. */
	readonly at: number;
}
export interface Path {
	readonly steps: readonly Step[];
	readonly attribute: PathAttribute | undefined;
}
export interface PathAttribute {
	readonly property: string;
	readonly field: Field;
	readonly at: number;
}

/** No path of ours is longer: two keys of 255 bytes, and names. */
const LONGEST_PATH = 1024;

/** `merged`: in merged settings an account has its own service, `account[a1]/registration/@expires`. */
export function parsePath(text: string, merged = false): Path {
	if (text.length > LONGEST_PATH)
		throw new HookswitchError("bad-path", "the path is too long", LONGEST_PATH);
	const steps: Step[] = [];
	let sections: readonly Section[] = ROOT.children;
	let at = 0;
	while (at < text.length) {
		if (text.startsWith("@", at)) {
			const section = steps.at(-1)?.section;
			if (section === undefined)
				throw new HookswitchError(
					"bad-path",
					"an attribute of the document itself can't be set; name a section first",
					at,
				);
			return { steps, attribute: attributeOf(section, text.slice(at + 1), at) };
		}
		const step = stepAt(text, at, sections);
		steps.push(step.step);
		sections = childrenOf(step.step.section, merged && steps.length === 1);
		at = step.end;
		if (at < text.length && !text.startsWith("/", at))
			throw new HookswitchError("bad-path", "'/' is expected here", at);
		at++;
		if (at === text.length)
			throw new HookswitchError("bad-path", "the path ends with '/'", at - 1);
	}
	if (steps.length === 0)
		throw new HookswitchError("bad-path", "the path is empty", 0);
	return { steps, attribute: undefined };
}

function childrenOf(section: Section, merged: boolean): readonly Section[] {
	if (!merged || section.property !== "accounts") return section.children;
	return [
		...section.children,
		...SECTIONS.filter((candidate) => candidate.perAccount),
	];
}

function stepAt(
	text: string,
	at: number,
	sections: readonly Section[],
): { step: Step; end: number } {
	const rest = text.slice(at);
	const length = rest.search(/[/[@]/);
	const name = length < 0 ? rest : rest.slice(0, length);
	const end = at + name.length;
	const section = sections.find((candidate) => candidate.name === name);
	if (section === undefined)
		throw new HookswitchError(
			"unknown-element",
			`'${name}' is no section here${meant(
				name,
				sections.map((candidate) => candidate.name),
			)}`,
			at,
		);
	if (!text.startsWith("[", end)) {
		if (section.keys.length > 0)
			throw new HookswitchError(
				"bad-path",
				`'${name}' needs its ${keyNames(section)} in brackets: ${name}[…]`,
				end,
			);
		return { step: { section, keys: {}, at }, end };
	}
	// A key may hold brackets (an IPv6 address): it ends before '/' or the path's end.
	let close = text.indexOf("]/", end);
	if (close < 0) close = text.endsWith("]") ? text.length - 1 : -1;
	if (close < 0 || section.keys.length === 0)
		throw new HookswitchError(
			"bad-path",
			close < 0 ? "']' is missing" : `'${name}' stands once and has no key`,
			end,
		);
	const keys = keysOf(section, text.slice(end + 1, close), end + 1);
	return { step: { section, keys, at }, end: close + 1 };
}

function keyNames(section: Section): string {
	return section.keys
		.map((property) => section.fields[property]?.name ?? "")
		.join(",");
}

/** The first key may hold commas; the ones after it can't. */
function keysOf(section: Section, text: string, at: number): ElementValues {
	const keys: ElementValues = {};
	const parts = split(section, text);
	section.keys.forEach((property, index) => {
		const field = section.fields[property] as Field;
		const part = parts[index];
		const value = part === undefined ? field.fallback : keyOf(field, part);
		if (value === undefined || part === "")
			throw new HookswitchError(
				"bad-value",
				`'${part}' is no ${field.name} of <${section.name}>${meant(part ?? "", field.words)}`,
				at,
			);
		keys[property] = value as FieldValue;
	});
	return keys;
}

function split(section: Section, text: string): readonly string[] {
	const comma = text.lastIndexOf(",");
	const last = section.fields[section.keys[1] ?? ""];
	if (comma < 0 || last === undefined) return [text];
	const tail = text.slice(comma + 1);
	// A comma of the first key itself: what follows is no second key.
	if (keyOf(last, tail) === undefined && section.keys[0] === "realm")
		return [text];
	return [text.slice(0, comma), tail];
}

/** Keys are texts, choices and numbers; full validation follows when the element is set. */
function keyOf(field: Field, text: string): FieldValue | undefined {
	if (field.kind === Kind.Integer) {
		if (!/^[0-9]{1,10}$/.test(text)) return undefined;
		const value = Number(text);
		return value >= field.least && value <= field.most ? value : undefined;
	}
	if (field.kind === Kind.Choice)
		return field.words.includes(text) ? text : undefined;
	return text.length > field.most ? undefined : text;
}

function attributeOf(
	section: Section,
	name: string,
	at: number,
): PathAttribute {
	const index = section.names.indexOf(name);
	const field = section.rows[index];
	const property = section.properties[index];
	if (field === undefined || property === undefined)
		throw new HookswitchError(
			"unknown-attribute",
			`'${name}' is no attribute of <${section.name}>${meant(name, section.names)}`,
			at,
		);
	return { property, field, at };
}

/** "; did you mean": for paths, which are short and read on a computer. */
function meant(text: string, names: readonly string[]): string {
	const folded = text.toLowerCase().replaceAll("_", "-");
	const near = names.find(
		(name) =>
			name === folded ||
			(folded.length > 2 &&
				(name.startsWith(folded) || folded.startsWith(name))) ||
			distance(name, folded) <= (folded.length > 4 ? 2 : 1),
	);
	return near === undefined ? "" : `; did you mean '${near}'?`;
}

/** Letters that differ when equal heads and tails are taken off. */
function distance(one: string, other: string): number {
	const shorter = Math.min(one.length, other.length);
	let head = 0;
	while (head < shorter && one[head] === other[head]) head++;
	let tail = 0;
	while (tail < shorter - head && one.at(-1 - tail) === other.at(-1 - tail))
		tail++;
	return Math.max(one.length, other.length) - head - tail;
}

/** The element that the steps lead to, or undefined. */
export function findElement(
	document: ProfileDocument,
	steps: readonly Step[],
): ElementValues | undefined {
	let values: ElementValues | undefined = document as unknown as ElementValues;
	for (const step of steps) {
		const content: ElementValues[string] = values?.[step.section.property];
		if (content === undefined) return undefined;
		values =
			step.section.keys.length === 0
				? (content as unknown as ElementValues)
				: (content as readonly ElementValues[]).find((element) =>
						matches(step, element),
					);
	}
	return values;
}

/** Has the element the step's keys? */
export function matches(step: Step, element: ElementValues): boolean {
	return step.section.keys.every((property) => {
		const fallback = step.section.fields[property]?.fallback;
		return (element[property] ?? fallback) === step.keys[property];
	});
}

/** The path as it is written in full. */
export function formatPath(path: Path): string {
	const steps = path.steps.map(({ section, keys }) => {
		if (section.keys.length === 0) return section.name;
		const parts = section.keys.map((property) => {
			const field = section.fields[property] as Field;
			return formatValue(field, keys[property] as FieldValue);
		});
		while (parts.length > 1) {
			const last = section.fields[section.keys[parts.length - 1] ?? ""];
			if (
				last === undefined ||
				parts.at(-1) !== formatValue(last, last.fallback as FieldValue)
			)
				break;
			parts.pop();
		}
		return `${section.name}[${parts.join(",")}]`;
	});
	if (path.attribute !== undefined) steps.push(`@${path.attribute.field.name}`);
	return steps.join("/");
}
