/**
 * Reads a document by the sections and rows of a schema: bytes to typed values. It
 * lists every mistake, skips what is in another namespace, and skips, with a
 * warning, what a newer document may hold. It keeps nothing of what it doesn't
 * know: that stays in the document's bytes.
 */
import { HookswitchError } from "../errors.js";
import type { Host } from "../host.js";
import type { Decoded } from "../xml/document-error.js";
import { FIRST_NAMESPACE, NO_NAMESPACE } from "../xml/namespaces.js";
import { Problems } from "../xml/problems.js";
import { Token, XmlScanner } from "../xml/scanner.js";
import { suggestion } from "../xml/suggestion.js";
import {
	type Complainer,
	checkElement,
	type ElementValues,
	elementPath,
	hasSameKeys,
	withinText,
} from "./element.js";
import type { Field, FieldValue, ProfileType, Section } from "./field.js";
import { expectation, parseValue } from "./value.js";

export class SectionReader implements Complainer {
	readonly #host: Host;
	readonly #scanner: XmlScanner;
	readonly #problems: Problems;
	readonly #namespace: string;
	/** The profile's type, once known. */
	#type: FieldValue | undefined;
	/** The section whose elements have come in ascending order of their first keys, all of them so far. */
	#ascending: Section | undefined;
	/** Members of open lists that are not known; reused. */
	readonly #unknown: string[] = [];
	/** Where the current element starts. */
	#start = 0;
	/** Names of the current element's attributes that are given but have no usable value. */
	readonly #bad: string[] = [];

	constructor(host: Host, bytes: Uint8Array, namespace: string) {
		this.#host = host;
		this.#scanner = new XmlScanner(host, bytes, [namespace]);
		this.#problems = new Problems(host, bytes);
		this.#namespace = namespace;
	}

	/** Reads the whole document. Never throws for what is in the bytes. */
	read<Document>(root: Section): Decoded<Document> {
		let values: ElementValues | undefined;
		try {
			values = this.#root(root);
		} catch (error) {
			if (!(error instanceof HookswitchError)) throw error;
			this.#problems.broken(error);
		}
		const warnings = this.#problems.warnings();
		const canonical = this.#scanner.isCanonical;
		if (values === undefined || this.#problems.hasErrors)
			return { errors: this.#problems.errors(), warnings, canonical };
		// The tables made each value; their types are the document's.
		return { document: values as Document, warnings, canonical };
	}

	#root(root: Section): ElementValues | undefined {
		const scanner = this.#scanner;
		let token = scanner.next();
		while (token !== Token.Start) token = scanner.next();
		if (
			scanner.namespace !== FIRST_NAMESPACE ||
			scanner.nameAmong([root.name]) < 0
		) {
			this.#problems.error(
				scanner.start,
				"",
				"wrong-root",
				`the document must be <${root.name} xmlns="${this.#namespace}">`,
			);
			return undefined;
		}
		const values = this.#element(root, true);
		// What follows the root is looked at as well: it must be well-formed.
		while (!this.#problems.isFull && scanner.next() !== Token.Finished);
		return values;
	}

	/** The element whose start tag was read, to its end. Undefined: it is left out. */
	#element(section: Section, isRoot: boolean): ElementValues | undefined {
		const values: ElementValues = {};
		const problems = this.#problems;
		const mark = problems.mark;
		this.#start = this.#scanner.start;
		if (this.#bad.length > 0) this.#bad.length = 0;
		const isUsed = this.#attributes(section, values);
		if (isUsed) checkElement(section, values, this);
		if (isRoot) this.#type = values.type as FieldValue;
		this.#content(section, values);
		if (!isRoot && problems.mark !== mark)
			problems.prefix(mark, elementPath(section, values));
		return isUsed ? values : undefined;
	}

	/** What `checkElement` finds: told, unless the attribute has been complained of already. */
	complain(name: string, code: string, message: string): void {
		if (!this.#bad.includes(name))
			this.#problems.error(this.#start, `@${name}`, code, message);
	}

	/** Is the element to be used? Not when what tells it apart is a member of an open list that is not known. */
	#attributes(section: Section, values: ElementValues): boolean {
		const { attributes } = this.#scanner;
		const { count } = attributes;
		let isUsed = true;
		for (let index = 0; index < count; index++) {
			const namespace = attributes.namespace(index);
			if (namespace !== NO_NAMESPACE && namespace !== FIRST_NAMESPACE) continue;
			const row =
				namespace === NO_NAMESPACE
					? attributes.among(index, section.names)
					: -1;
			if (row < 0) {
				this.#unknownAttribute(index, section);
				continue;
			}
			const field = section.rows[row] as Field;
			const property = section.properties[row] as string;
			if (
				!this.#attribute(index, field, property, values) &&
				section.keys.includes(property)
			)
				isUsed = false;
		}
		return isUsed;
	}

	/** False when the value is not known, and skipped. */
	#attribute(
		index: number,
		field: Field,
		property: string,
		values: ElementValues,
	): boolean {
		const scanner = this.#scanner;
		const unknown = this.#unknown;
		scanner.selectAttribute(index);
		const value = parseValue(
			this.#host,
			field,
			scanner.valueBytes,
			scanner.valueStart,
			scanner.valueEnd,
			unknown,
		);
		if (value !== undefined) values[property] = value;
		if (value !== undefined && unknown.length === 0) return true;
		const at = scanner.attributes.valueStart(index);
		const isUnknown = unknown.length > 0;
		for (const member of unknown)
			this.#problems.warning(
				at,
				`@${field.name}`,
				"unknown-value",
				`'${shorten(member)}' is not known and is skipped${this.#closeTo(member, field.words)}`,
			);
		unknown.length = 0;
		if (value !== undefined) return true;
		this.#bad.push(field.name);
		if (isUnknown) return false;
		this.#problems.error(
			at,
			`@${field.name}`,
			"bad-value",
			`'${field.name}' must be ${expectation(field)}`,
		);
		return true;
	}

	#closeTo(word: string, words: readonly string[]): string {
		const bytes = this.#host.encode(word);
		return suggestion(this.#host, bytes, 0, bytes.length, words);
	}

	#unknownAttribute(index: number, section: Section): void {
		const { attributes, bytes } = this.#scanner;
		const start = attributes.localStart(index);
		const end = attributes.nameEnd(index);
		const name = shorten(this.#scanner.text(start, end));
		this.#problems.warning(
			attributes.nameStart(index),
			`@${name}`,
			"unknown-attribute",
			`'${name}' is no attribute of <${section.name}>${suggestion(this.#host, bytes, start, end, section.names)}`,
		);
	}

	#content(section: Section, values: ElementValues): void {
		const scanner = this.#scanner;
		for (;;) {
			switch (scanner.next()) {
				case Token.End:
					return;
				case Token.Start:
					this.#child(section, values);
					break;
				case Token.Text: {
					const text = scanner.whiteEnd();
					if (text < scanner.end)
						this.#problems.warning(
							text,
							"",
							"unexpected-text",
							"text is not read here; values stand in attributes",
						);
					break;
				}
				default:
			}
			if (this.#problems.isFull) return;
		}
	}

	#child(parent: Section, values: ElementValues): void {
		const scanner = this.#scanner;
		const { namespace, start } = scanner;
		const problems = this.#problems;
		if (namespace !== FIRST_NAMESPACE) {
			if (namespace === NO_NAMESPACE) this.#unknownElement(parent);
			this.#skip();
			return;
		}
		const section = parent.children[scanner.nameAmong(parent.childNames)];
		if (section === undefined) {
			this.#unknownElement(parent);
			this.#skip();
			return;
		}
		const isMisplaced =
			this.#type !== undefined &&
			!section.within.includes(this.#type as ProfileType);
		if (isMisplaced) {
			problems.warning(
				start,
				section.name,
				"misplaced-element",
				`<${section.name}> is read in a ${withinText(section)} profile only, and is skipped here`,
			);
			this.#skip();
			return;
		}
		const child = this.#element(section, false);
		if (child !== undefined) this.#put(section, values, child, start);
	}

	/** Puts a child where its section says. */
	#put(
		section: Section,
		values: ElementValues,
		child: ElementValues,
		start: number,
	): void {
		const { property } = section;
		const present = values[property] as ElementValues[] | ElementValues;
		if (section.keys.length === 0) {
			if (present === undefined) values[property] = child as never;
			else this.#repeated(section, child, start);
			return;
		}
		const siblings = (present ?? []) as ElementValues[];
		if (siblings.length === 0) values[property] = siblings;
		if (siblings.length >= section.most)
			this.#problems.error(
				start,
				elementPath(section, child),
				"too-many-elements",
				`more than ${section.most} <${section.name}>`,
			);
		else if (
			!this.#isAscending(section, siblings, child) &&
			hasSameKeys(section, siblings, child)
		)
			this.#repeated(section, child, start);
		else siblings.push(child);
	}

	/** Do the siblings' first keys ascend, up to this child's? Then none is the same; our server writes them so. */
	#isAscending(
		section: Section,
		siblings: readonly ElementValues[],
		child: ElementValues,
	): boolean {
		if (siblings.length === 0) {
			this.#ascending = section;
			return true;
		}
		if (this.#ascending !== section) return false;
		const key = section.keys[0] as string;
		const last = siblings[siblings.length - 1]?.[key] as string | number;
		if (last < (child[key] as string | number)) return true;
		this.#ascending = undefined;
		return false;
	}

	#repeated(section: Section, child: ElementValues, start: number): void {
		const path = elementPath(section, child);
		this.#problems.error(
			start,
			path,
			"repeated-element",
			`${path} stands twice`,
		);
	}

	#unknownElement(parent: Section): void {
		const { bytes, localStart, nameEnd, start } = this.#scanner;
		const name = shorten(this.#scanner.text(localStart, nameEnd));
		const isOurs = this.#scanner.namespace === FIRST_NAMESPACE;
		this.#problems.warning(
			start,
			name,
			"unknown-element",
			isOurs
				? `<${name}> is not known in <${parent.name}> and is skipped${suggestion(this.#host, bytes, localStart, nameEnd, parent.childNames)}`
				: `<${name}> is in no namespace and is skipped`,
		);
	}

	/** To the end of the element whose start tag was read. */
	#skip(): void {
		const scanner = this.#scanner;
		const { depth } = scanner;
		for (;;)
			if (scanner.next() === Token.End && scanner.depth === depth) return;
	}
}

/** A name for a message: the document can't make the log long. */
function shorten(name: string): string {
	return name.length > 64 ? `${name.slice(0, 64)}…` : name;
}
