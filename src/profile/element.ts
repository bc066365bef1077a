/**
 * What one element of a document may hold beyond the types of its attributes: how
 * it is named in paths, what must be there, and what must fit together. Decoding
 * from XML and building from paths ask the same questions here.
 */
import { type FieldValue, PROFILE_TYPES, type Section } from "./field.js";
import { CREDENTIAL, SERVER } from "./fields.js";
import { formatValue } from "./value.js";

/** Decoded values of one element by property; children by their section's property. */
export type ElementValues = {
	[property: string]: FieldValue | readonly ElementValues[] | undefined;
};

/** What an element lacks or contradicts: `name` is the attribute concerned. */
export interface Complainer {
	complain(name: string, code: string, message: string): void;
}

/** The value of a key: as given, or the row's default. */
export function keyValue(
	section: Section,
	values: ElementValues,
	property: string,
): string {
	const field = section.fields[property];
	if (field === undefined) return "";
	const value = values[property] ?? field.fallback;
	return formatValue(field, value as FieldValue);
}

/**
 * How the element is written in a path: `registration`, `server[registrar]`,
 * `server[registrar,2]`. Keys at the end that have their default are left out.
 */
export function elementPath(section: Section, values: ElementValues): string {
	const [first] = section.keys;
	if (first === undefined || values[first] === undefined) return section.name;
	const parts: string[] = [];
	let used = 0;
	const { keys } = section;
	for (let index = 0; index < keys.length; index++) {
		const property = keys[index] as string;
		const text = keyValue(section, values, property);
		parts.push(text);
		const field = section.fields[property];
		if (
			parts.length === 1 ||
			field === undefined ||
			text !== formatValue(field, field.fallback as FieldValue)
		)
			used = parts.length;
	}
	return `${section.name}[${parts.slice(0, used).join(",")}]`;
}

/** Do two elements of the section have the same keys? */
export function sameKeys(
	section: Section,
	one: ElementValues,
	other: ElementValues,
): boolean {
	const { keys } = section;
	for (let index = 0; index < keys.length; index++) {
		const property = keys[index] as string;
		const first = one[property];
		const second = other[property];
		if (first === second) continue;
		const fallback = section.fields[property]?.fallback;
		if ((first ?? fallback) !== (second ?? fallback)) return false;
	}
	return true;
}

/** Has one of the elements the same keys as this one? */
export function hasSameKeys(
	section: Section,
	elements: readonly ElementValues[],
	element: ElementValues,
): boolean {
	for (let index = 0; index < elements.length; index++)
		if (sameKeys(section, elements[index] as ElementValues, element))
			return true;
	return false;
}

/** What is missing, and what doesn't fit together. */
export function checkElement(
	section: Section,
	values: ElementValues,
	complainer: Complainer,
): void {
	const { required } = section;
	for (let index = 0; index < required.length; index++) {
		const row = required[index] as number;
		if (values[section.properties[row] as string] !== undefined) continue;
		const name = section.names[row] as string;
		complainer.complain(name, "missing-attribute", `'${name}' must be given`);
	}
	if (section === (CREDENTIAL as Section)) checkCredential(values, complainer);
	else if (section === (SERVER as Section)) checkServer(values, complainer);
}

function checkCredential(values: ElementValues, complainer: Complainer): void {
	const { ha1, password } = values;
	if (ha1 === undefined && password === undefined)
		complainer.complain(
			"ha1",
			"missing-attribute",
			"'ha1' or 'password' must be given",
		);
	const digits = (values.algorithm ?? "SHA-256") === "MD5" ? 32 : 64;
	if (typeof ha1 === "string" && ha1.length !== digits)
		complainer.complain(
			"ha1",
			"bad-value",
			`with this algorithm, 'ha1' has ${digits} hexadecimal digits`,
		);
}

function checkServer(values: ElementValues, complainer: Complainer): void {
	const { role, uri, domain } = values;
	if ((uri === undefined) === (domain === undefined))
		complainer.complain(
			"uri",
			uri === undefined ? "missing-attribute" : "bad-value",
			"either 'uri' or 'domain' must be given",
		);
	if (
		typeof uri === "string" &&
		uri.toLowerCase().startsWith("stun") !== (role === "stun")
	)
		complainer.complain(
			"uri",
			"bad-value",
			"a STUN server has a stun or stuns URI, any other server none",
		);
}

/** `local-network or device`, for messages. */
export function withinText(section: Section): string {
	return PROFILE_TYPES.filter((type) => section.within.includes(type)).join(
		" or ",
	);
}
