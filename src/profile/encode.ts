/**
 * Writes documents by the sections and rows of a schema, in canonical form: the same
 * settings make the same bytes, whatever order they were given in.
 */
import type { Host } from "../host.js";
import { type AttributeValue, XmlWriter } from "../xml/writer.js";
import type { ProfileDocument } from "./document.js";
import { type ElementValues, keyValue } from "./element.js";
import { type FieldValue, Kind, type Section } from "./field.js";
import { PROFILE_NAMESPACE, ROOT } from "./fields.js";
import { formatValue } from "./value.js";

/** Canonical bytes. */
export function encodeProfile(
	host: Host,
	document: ProfileDocument,
): Uint8Array {
	return encodeSection(
		host,
		ROOT,
		document as unknown as ElementValues,
		PROFILE_NAMESPACE,
	);
}

/** A whole document: `section` is its root. */
export function encodeSection(
	host: Host,
	section: Section,
	values: ElementValues,
	namespace: string,
): Uint8Array {
	const writer = new XmlWriter(host);
	writeSection(writer, section, values, namespace);
	return writer.finish();
}

function writeSection(
	writer: XmlWriter,
	section: Section,
	values: ElementValues,
	namespace?: string,
): void {
	const attributes: AttributeValue[] = [];
	section.rows.forEach((field, index) => {
		const value = values[section.properties[index] ?? ""];
		if (value !== undefined)
			attributes.push([field.name, formatValue(field, value as FieldValue)]);
	});
	writer.start(section.name, attributes, namespace);
	for (const child of section.children) {
		const content = values[child.property];
		if (content === undefined) continue;
		if (child.keys.length === 0)
			writeSection(writer, child, content as unknown as ElementValues);
		else
			for (const element of sorted(child, content as readonly ElementValues[]))
				writeSection(writer, child, element);
	}
	writer.end();
}

/** By keys: a database's order of rows must not change a document's identity. */
function sorted(
	section: Section,
	elements: readonly ElementValues[],
): readonly ElementValues[] {
	if (section.isOrdered) return elements;
	return [...elements].sort((one, other) => {
		for (const property of section.keys) {
			const left = keyValue(section, one, property);
			const right = keyValue(section, other, property);
			if (left === right) continue;
			if (section.fields[property]?.kind === Kind.Integer)
				return Number(left) - Number(right);
			return left < right ? -1 : 1;
		}
		return 0;
	});
}
