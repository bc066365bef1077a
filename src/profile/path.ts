/**
 * Settings by path: what the command line and the profile server's database hold.
 * Changes make a new document; the one that was given stays as it is. Every value
 * is checked by the row that also checks a document, with the same codes.
 */
import { HookswitchError } from "../errors.js";
import type { Host } from "../host.js";
import type { ProfileDocument } from "./document.js";
import { checkElement, type ElementValues, withinText } from "./element.js";
import {
	type Field,
	type FieldValue,
	Kind,
	type ProfileType,
	type Section,
} from "./field.js";
import { ROOT } from "./fields.js";
import {
	findElement,
	formatPath,
	matches,
	type Path,
	parsePath,
	type Step,
} from "./path-syntax.js";
import { expectation, formatValue, parseValue, sameValue } from "./value.js";

/** A setting as the profile server stores it and people write it. */
export interface Row {
	readonly path: string;
	readonly value: string;
}

/** The document with the setting changed. Throws HookswitchError (`unknown-element`, `unknown-attribute`, `bad-value`, `bad-path`, `misplaced-element`; `at` is the offset in the path). */
export function setPath(
	host: Host,
	document: ProfileDocument,
	path: string,
	value: string,
): ProfileDocument {
	const {
		steps,
		property,
		value: typed,
	} = assignmentOf(host, document.type, path, value);
	return changed(document, steps, 0, (element) => ({
		...element,
		[property]: typed,
	})) as unknown as ProfileDocument;
}

/** A path and a value, checked. */
interface Assignment {
	readonly steps: readonly Step[];
	readonly property: string;
	readonly value: FieldValue;
}

function assignmentOf(
	host: Host,
	type: ProfileType,
	path: string,
	value: string,
): Assignment {
	const parsed = parsePath(path);
	const { attribute, steps } = parsed;
	if (attribute === undefined)
		throw new HookswitchError(
			"bad-path",
			"the path names a whole element; name an attribute: …/@name",
			path.length,
		);
	checkPlace(type, parsed);
	for (const step of steps) checkKeys(host, step);
	const typed = typedValue(host, attribute.field, value, attribute.at);
	const { section, keys } = steps.at(-1) as Step;
	if (
		section.keys.includes(attribute.property) &&
		!sameValue(attribute.field, typed, keys[attribute.property] as FieldValue)
	)
		throw new HookswitchError(
			"bad-path",
			`'${attribute.field.name}' tells <${section.name}> elements apart: name it in the brackets, and remove the other element`,
			attribute.at,
		);
	return { steps, property: attribute.property, value: typed };
}

/** The element that the steps lead to, made where it isn't there: for a document that nobody else holds yet. */
function place(root: ElementValues, steps: readonly Step[]): ElementValues {
	let values = root;
	for (const step of steps) {
		const { property, keys } = step.section;
		const content = values[property];
		if (keys.length === 0) {
			values[property] ??= {} as never;
			values = values[property] as unknown as ElementValues;
			continue;
		}
		const elements = (content ?? []) as ElementValues[];
		if (content === undefined) values[property] = elements;
		let element = elements.find((candidate) => matches(step, candidate));
		if (element === undefined) {
			element = givenKeys(step);
			elements.push(element);
		}
		values = element;
	}
	return values;
}

/** The value as written, or undefined where the document doesn't give it. */
export function getPath(
	_host: Host,
	document: ProfileDocument,
	path: string,
): string | undefined {
	const { steps, attribute } = parsePath(path);
	const element = findElement(document, steps);
	if (element === undefined) return undefined;
	if (attribute === undefined) return "";
	const value = element[attribute.property] as FieldValue | undefined;
	return value === undefined ? undefined : formatValue(attribute.field, value);
}

/** Without an attribute, the path removes the whole element. Gives the same document when there is nothing to remove. */
export function removePath(
	_host: Host,
	document: ProfileDocument,
	path: string,
): ProfileDocument {
	const { steps, attribute } = parsePath(path);
	const element = findElement(document, steps);
	if (element === undefined) return document;
	if (attribute === undefined)
		return changed(document, steps, 0, () => undefined) as never;
	if (element[attribute.property] === undefined) return document;
	return changed(document, steps, 0, (values) => {
		const { [attribute.property]: _, ...rest } = values;
		// An element without anything says nothing.
		return Object.keys(rest).length === 0 ? undefined : rest;
	}) as never;
}

/** The path as rows hold it: keys in full, but for defaults at their end. */
export function normalisePath(host: Host, path: string): string {
	const parsed = parsePath(path);
	for (const step of parsed.steps) checkKeys(host, step);
	return formatPath(parsed);
}

/** Is the setting at the path secret? A whole element is when one of its attributes is. */
export function isSecretPath(_host: Host, path: string): boolean {
	const { steps, attribute } = parsePath(path);
	if (attribute !== undefined) return attribute.field.secret;
	return (steps.at(-1) as Step).section.rows.some((field) => field.secret);
}

/** What the document gives, one row for each attribute, in a fixed order; keys stand in the paths. */
export function rowsFromDocument(
	_host: Host,
	document: ProfileDocument,
): readonly Row[] {
	const rows: Row[] = [];
	addRows(rows, ROOT, document as unknown as ElementValues, []);
	return rows;
}

function addRows(
	rows: Row[],
	parent: Section,
	values: ElementValues,
	before: readonly Step[],
): void {
	for (const section of parent.children) {
		const content = values[section.property];
		if (content === undefined) continue;
		const elements = (
			section.keys.length === 0 ? [content] : content
		) as readonly ElementValues[];
		for (const element of elements) {
			const keys: ElementValues = {};
			for (const property of section.keys)
				keys[property] =
					element[property] ??
					(section.fields[property]?.fallback as FieldValue);
			const steps = [...before, { section, keys, at: 0 }];
			const count = rows.length;
			section.rows.forEach((field, index) => {
				const property = section.properties[index] ?? "";
				if (section.keys.includes(property)) return;
				addRow(rows, steps, property, field, element);
			});
			addRows(rows, section, element, steps);
			// An element that is only its key: a row of its own.
			const [first] = section.keys;
			const field = section.fields[first ?? ""];
			if (rows.length === count && first !== undefined && field !== undefined)
				addRow(rows, steps, first, field, element);
		}
	}
}

function addRow(
	rows: Row[],
	steps: readonly Step[],
	property: string,
	field: Field,
	element: ElementValues,
): void {
	const value = element[property] as FieldValue | undefined;
	if (value !== undefined)
		rows.push({
			path: formatPath({ steps, attribute: { property, field, at: 0 } }),
			value: formatValue(field, value),
		});
}

/** The document that the rows make, in any order of rows; a later row of the same path wins. Throws as `setPath`, and as a document's decoder for what is missing. */
export function documentFromRows(
	host: Host,
	type: ProfileType,
	whose: string,
	version: string,
	rows: readonly Row[],
): ProfileDocument {
	for (const [field, text] of [
		[ROOT.fields.type, type],
		[ROOT.fields.for, whose],
		[ROOT.fields.version, version],
	] as const)
		typedValue(host, field, text, 0);
	const document: ProfileDocument = { type, for: whose, version };
	for (const { path, value } of rows) {
		const assignment = assignmentOf(host, type, path, value);
		const element = place(document as never, assignment.steps);
		element[assignment.property] = assignment.value;
	}
	checkDocument(document);
	return document;
}

/** Throws for the first thing that the document lacks or contradicts, as its decoder would. */
export function checkDocument(document: ProfileDocument): void {
	checkWhole(ROOT, document as unknown as ElementValues, []);
}

function checkWhole(
	section: Section,
	values: ElementValues,
	steps: readonly Step[],
): void {
	checkElement(section, values, {
		complain: (name, code, message) => {
			const path = [formatPath({ steps, attribute: undefined }), `@${name}`];
			throw new HookswitchError(
				code,
				`${path.filter((part) => part !== "").join("/")}: ${message}`,
				0,
			);
		},
	});
	for (const child of section.children) {
		const content = values[child.property];
		if (content === undefined) continue;
		if (child.keys.length === 0) {
			checkWhole(child, content as unknown as ElementValues, [
				...steps,
				{ section: child, keys: {}, at: 0 },
			]);
			continue;
		}
		const elements = content as readonly ElementValues[];
		if (elements.length > child.most)
			throw new HookswitchError(
				"too-many-elements",
				`more than ${child.most} <${child.name}>`,
				0,
			);
		for (const element of elements) {
			const keys: ElementValues = {};
			for (const property of child.keys)
				keys[property] =
					element[property] ?? (child.fields[property]?.fallback as FieldValue);
			checkWhole(child, element, [...steps, { section: child, keys, at: 0 }]);
		}
	}
}

function checkPlace(type: ProfileType, path: Path): void {
	for (const { section, at } of path.steps)
		if (!section.within.includes(type))
			throw new HookswitchError(
				"misplaced-element",
				`<${section.name}> belongs in a ${withinText(section)} profile, this is a ${type} one`,
				at,
			);
}

/** Keys stand in the path as people wrote them: they are values like any other. */
function checkKeys(host: Host, step: Step): void {
	for (const property of step.section.keys) {
		const field = step.section.fields[property] as Field;
		// `parsePath` has looked at these.
		if (field.kind === Kind.Choice || field.kind === Kind.Integer) continue;
		typedValue(
			host,
			field,
			formatValue(field, step.keys[property] as FieldValue),
			step.at,
		);
	}
}

function typedValue(
	host: Host,
	field: Field,
	text: string,
	at: number,
): FieldValue {
	const bytes = host.encode(text);
	const unknown: string[] = [];
	const value = parseValue(host, field, bytes, 0, bytes.length, unknown);
	if (value === undefined || unknown.length > 0)
		throw new HookswitchError(
			"bad-value",
			`'${field.name}' must be ${expectation(field)}`,
			at,
		);
	return value;
}

/** A copy of `values` in which the element that the steps lead to is what `change` makes of it; undefined removes it. */
function changed(
	values: object,
	steps: readonly Step[],
	index: number,
	change: (element: ElementValues) => ElementValues | undefined,
): ElementValues | undefined {
	const step = steps[index];
	const present = values as ElementValues;
	if (step === undefined) return change(present);
	const { property, keys } = step.section;
	const within = (element: ElementValues) =>
		changed(element, steps, index + 1, change);
	const content = present[property];
	let next: ElementValues[string];
	if (keys.length === 0)
		next = within((content ?? {}) as ElementValues) as never;
	else {
		const elements = [...((content ?? []) as readonly ElementValues[])];
		const at = elements.findIndex((element) => matches(step, element));
		const element = within(elements[at] ?? { ...givenKeys(step) });
		if (element === undefined) elements.splice(at, at < 0 ? 0 : 1);
		else if (at < 0) elements.push(element);
		else elements[at] = element;
		next = elements.length === 0 ? undefined : elements;
	}
	if (next !== undefined) return { ...present, [property]: next };
	const { [property]: _, ...rest } = present;
	return rest;
}

/** The keys that a new element gets; a default is left out, as the path leaves it out. */
function givenKeys(step: Step): ElementValues {
	const given: ElementValues = {};
	for (const property of step.section.keys) {
		const field = step.section.fields[property];
		const value = step.keys[property];
		if (
			field?.required ||
			field?.kind === Kind.Text ||
			value !== field?.fallback
		)
			given[property] = value;
	}
	return given;
}
