/**
 * The phone's `settings` event as rows of "path value", by the paths that documents,
 * commands and the database use. What has its default is left out.
 */
import { type ElementValues, elementPath } from "../../src/profile/element.js";
import type { FieldValue, Section } from "../../src/profile/field.js";
import { SECTIONS } from "../../src/profile/fields.js";
import { formatValue } from "../../src/profile/value.js";

export function settingRows(settings: unknown): string[] {
	const rows: string[] = [];
	addSections(rows, SECTIONS, settings, "");
	return rows;
}

/** Rows that were not there before come first, for they are what somebody waits for. */
export function newestFirst(
	rows: readonly string[],
	before: readonly string[],
): string[] {
	const known = new Set(before);
	const now = new Set(rows);
	return [
		...rows.filter((row) => !known.has(row)),
		...before.filter((row) => now.has(row)),
	];
}

function addSections(
	rows: string[],
	sections: readonly Section[],
	values: unknown,
	before: string,
): void {
	for (const section of sections) {
		const content = (values as Readonly<Record<string, unknown>>)[
			section.property
		];
		if (content === undefined) continue;
		const elements = section.keys.length > 0 ? content : [content];
		for (const element of elements as readonly ElementValues[])
			addElement(rows, section, element, before);
	}
}

function addElement(
	rows: string[],
	section: Section,
	element: ElementValues,
	before: string,
): void {
	const path = `${before}${elementPath(section, element)}`;
	const length = rows.length;
	section.rows.forEach((field, index) => {
		const property = section.properties[index] ?? "";
		const value = element[property];
		// Keys stand in the path.
		if (value === undefined || section.keys.includes(property)) return;
		const text = formatValue(field, value as FieldValue);
		if (text !== formatValue(field, field.fallback as FieldValue))
			rows.push(`${path}/@${field.name} ${text}`);
	});
	addSections(rows, section.children, element, `${path}/`);
	if (section.property === "accounts")
		addSections(
			rows,
			SECTIONS.filter(({ perAccount }) => perAccount),
			element,
			`${path}/`,
		);
	// That it is there says something too.
	if (rows.length === length && section.keys.length > 0) rows.push(path);
}
