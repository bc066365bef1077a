/**
 * What one row of a field table says about a setting: its type, limits, default,
 * and what a change of it means. The tables themselves are `*-fields.ts`; whoever
 * decodes, encodes, merges, plans or documents settings reads these rows and
 * nothing else, so a setting is added in one place.
 *
 * Rows are deep-frozen and hold only plain values: they live in flash.
 */
/** How a value is written. Small integers, because decoders switch on them. */
export const Kind = Object.freeze({
	/** Any text up to `most` bytes. */
	Text: 0,
	/** `true` or `false`. */
	Boolean: 1,
	/** Decimal, from `least` to `most`. */
	Integer: 2,
	/** One of `words`. */
	Choice: 3,
	/** Some of `words`, space-separated, in order of preference. */
	List: 4,
	/** `first-last`, two ports, ascending. */
	Ports: 5,
	/** A URI with one of the schemes in `words`. */
	Uri: 6,
	/** A domain name or address, with or without a port. */
	Domain: 7,
	/** Hexadecimal digits. */
	Hexadecimal: 8,
	/** Base64 (RFC 4648 §4). */
	Base64: 9,
	/** Space-separated tokens of any value. */
	Tokens: 10,
	/** `width` `x` `height`, pixels. */
	Size: 11,
	/** A name for reference: letters, digits and `-._`. */
	Identifier: 12,
});
export type Kind = (typeof Kind)[keyof typeof Kind];

/**
 * Which value holds when several documents give one.
 * - `specific`: the most specific document's (user, device, local-network)
 * - `general`: the most general document's: the site knows its network best
 * - `lowest`, `highest`: the strictest of a limit
 * - `all`: true only if no document says false; `any`: true if one says true
 * - `strictest`: of a choice, the one furthest to the right in `words`
 */
export type MergeRule =
	| "specific"
	| "general"
	| "lowest"
	| "highest"
	| "all"
	| "any"
	| "strictest";

/** What a change of the setting interrupts while it is applied. */
export type Interruption =
	| "nothing"
	| "registration"
	| "calls"
	| "enrolment"
	| "network";

export interface PortRange {
	readonly first: number;
	readonly last: number;
}
export interface PictureSize {
	readonly width: number;
	readonly height: number;
}

/** Any decoded value. */
export type FieldValue =
	| string
	| number
	| boolean
	| readonly string[]
	| PortRange
	| PictureSize;

/** One row. `Value` is the type that the merged settings have, `undefined` in it when there is no default. */
export interface Field<Value = unknown> {
	/** The attribute's name in a document. */
	readonly name: string;
	readonly kind: Kind;
	readonly fallback: Value;
	/** Integer: the smallest value. Else the smallest length in bytes. */
	readonly least: number;
	/** Integer: the largest value. Else the largest length in bytes. */
	readonly most: number;
	/** Choice and List: the members, as written. Uri: the schemes. */
	readonly words: readonly string[];
	/** The same in lower case, for `Host.indexOfWord`. */
	readonly folded: readonly string[];
	/** An open list: a member that we don't know is skipped with a warning. */
	readonly open: boolean;
	/** An element without it is refused. */
	readonly required: boolean;
	readonly secret: boolean;
	readonly interrupts: Interruption;
	readonly merge: MergeRule;
	readonly description: string;
}

/** What most rows leave out. */
export interface FieldOptions {
	readonly required?: boolean;
	readonly secret?: boolean;
	readonly interrupts?: Interruption;
	readonly merge?: MergeRule;
	readonly open?: boolean;
	readonly least?: number;
	readonly most?: number;
}

const NONE: readonly string[] = Object.freeze([]);

function row<Value>(
	name: string,
	kind: Kind,
	fallback: Value,
	least: number,
	most: number,
	words: readonly string[],
	description: string,
	options: FieldOptions,
): Field<Value> {
	return Object.freeze({
		name,
		kind,
		fallback,
		least: options.least ?? least,
		most: options.most ?? most,
		words: words.length === 0 ? NONE : Object.freeze([...words]),
		folded:
			words.length === 0
				? NONE
				: Object.freeze(words.map((word) => word.toLowerCase())),
		open: options.open ?? false,
		required: options.required ?? false,
		secret: options.secret ?? false,
		interrupts: options.interrupts ?? "nothing",
		merge: options.merge ?? "specific",
		description,
	});
}

const DEFAULTS: FieldOptions = Object.freeze({});

/** The longest text of a setting that is not a certificate: it has to be held, logged and shown. */
export const LONGEST_TEXT = 255;
/** The longest certificate: an RSA-4096 one is about 2.7 KB in Base64. */
export const LONGEST_CERTIFICATE = 4096;

/** Text with a default, or (below) with none. */
export function text(
	name: string,
	fallback: string,
	description: string,
	options: FieldOptions = DEFAULTS,
): Field<string> {
	return row(
		name,
		Kind.Text,
		fallback,
		0,
		LONGEST_TEXT,
		NONE,
		description,
		options,
	);
}

export function identifier(
	name: string,
	description: string,
	options: FieldOptions = DEFAULTS,
): Field<string> {
	return row(name, Kind.Identifier, "", 1, 64, NONE, description, options);
}

export function boolean(
	name: string,
	fallback: boolean,
	description: string,
	options: FieldOptions = DEFAULTS,
): Field<boolean> {
	return row(name, Kind.Boolean, fallback, 4, 5, NONE, description, options);
}

export function integer(
	name: string,
	fallback: number,
	least: number,
	most: number,
	description: string,
	options: FieldOptions = DEFAULTS,
): Field<number> {
	return row(
		name,
		Kind.Integer,
		fallback,
		least,
		most,
		NONE,
		description,
		options,
	);
}

export function choice<const Word extends string>(
	name: string,
	fallback: Word,
	words: readonly Word[],
	description: string,
	options: FieldOptions = DEFAULTS,
): Field<Word> {
	return row(name, Kind.Choice, fallback, 1, 64, words, description, options);
}

/** An open list of known members. */
export function list<const Word extends string>(
	name: string,
	fallback: readonly NoInfer<Word>[],
	words: readonly Word[],
	description: string,
	options: FieldOptions = DEFAULTS,
): Field<readonly Word[]> {
	return row(
		name,
		Kind.List,
		Object.freeze([...fallback]),
		0,
		LONGEST_TEXT,
		words,
		description,
		{ open: true, ...options },
	);
}

export function tokens(
	name: string,
	fallback: readonly string[],
	description: string,
	options: FieldOptions = DEFAULTS,
): Field<readonly string[]> {
	return row(
		name,
		Kind.Tokens,
		Object.freeze([...fallback]),
		0,
		LONGEST_TEXT,
		NONE,
		description,
		options,
	);
}

export function ports(
	name: string,
	first: number,
	last: number,
	description: string,
	options: FieldOptions = DEFAULTS,
): Field<PortRange> {
	return row(
		name,
		Kind.Ports,
		Object.freeze({ first, last }),
		1,
		65535,
		NONE,
		description,
		options,
	);
}

export function size(
	name: string,
	width: number,
	height: number,
	description: string,
	options: FieldOptions = DEFAULTS,
): Field<PictureSize> {
	return row(
		name,
		Kind.Size,
		Object.freeze({ width, height }),
		16,
		8192,
		NONE,
		description,
		options,
	);
}

/** A URI; the empty string where there is none. */
export function uri(
	name: string,
	schemes: readonly string[],
	description: string,
	options: FieldOptions = DEFAULTS,
): Field<string> {
	return row(
		name,
		Kind.Uri,
		"",
		0,
		LONGEST_TEXT,
		schemes,
		description,
		options,
	);
}

/** A domain name or address, with or without a port; the empty string where there is none. */
export function domain(
	name: string,
	description: string,
	options: FieldOptions = DEFAULTS,
): Field<string> {
	return row(
		name,
		Kind.Domain,
		"",
		0,
		LONGEST_TEXT,
		NONE,
		description,
		options,
	);
}

export function hexadecimal(
	name: string,
	description: string,
	options: FieldOptions = DEFAULTS,
): Field<string> {
	return row(name, Kind.Hexadecimal, "", 2, 128, NONE, description, options);
}

export function base64(
	name: string,
	description: string,
	options: FieldOptions = DEFAULTS,
): Field<string> {
	return row(
		name,
		Kind.Base64,
		"",
		4,
		LONGEST_CERTIFICATE,
		NONE,
		description,
		options,
	);
}

/** A table of rows by the property that a decoded value has. */
export type FieldTable = Readonly<Record<string, Field>>;

/** The values of a table, each given or by default. */
export type Values<Table extends FieldTable> = {
	readonly [Key in keyof Table]: Table[Key] extends Field<infer Value>
		? Value
		: never;
};
/** What a document gives of a table. */
export type Given<Table extends FieldTable> = Partial<Values<Table>>;

/** RFC 6080's profile types that carry settings. */
export type ProfileType = "local-network" | "device" | "user";
export const PROFILE_TYPES: readonly ProfileType[] = Object.freeze([
	"local-network",
	"device",
	"user",
]);

/** One element of a document. */
export interface Section<Table extends FieldTable = FieldTable> {
	/** The element's name. */
	readonly name: string;
	/** The property that holds its values; for elements that repeat, an array. */
	readonly property: string;
	readonly fields: Table;
	/** The table's properties, rows and attribute names, in one order, so that a decoder can index them. */
	readonly properties: readonly string[];
	readonly rows: readonly Field[];
	readonly names: readonly string[];
	/** Indices of the rows that must be given, and of those that are not merged by `specific`. */
	readonly required: readonly number[];
	readonly ruled: readonly number[];
	/** Elements that repeat are told apart by these properties (one document holds each combination once); empty for an element that stands once. */
	readonly keys: readonly string[];
	/** Does their order mean something? If not, they are written sorted by their keys. */
	readonly isOrdered: boolean;
	/** The most elements of the kind in one document; 1 when it stands once. */
	readonly most: number;
	/** The documents it makes sense in. */
	readonly within: readonly ProfileType[];
	/** Does each account have its own value of it (from its user's document)? */
	readonly perAccount: boolean;
	readonly children: readonly Section[];
	readonly childNames: readonly string[];
	readonly description: string;
}

export interface SectionOptions {
	readonly keys?: readonly string[];
	readonly isOrdered?: boolean;
	readonly most?: number;
	readonly within?: readonly ProfileType[];
	readonly perAccount?: boolean;
	readonly children?: readonly Section[];
}

export function section<const Table extends FieldTable>(
	name: string,
	property: string,
	description: string,
	fields: Table,
	options: SectionOptions = Object.freeze({}),
): Section<Table> {
	const properties = Object.freeze(Object.keys(fields));
	const rows = Object.freeze(Object.values(fields));
	const children = Object.freeze([...(options.children ?? [])]);
	return Object.freeze({
		name,
		property,
		fields: Object.freeze(fields),
		properties,
		rows,
		names: Object.freeze(rows.map((field) => field.name)),
		required: indicesOf(rows, (field) => field.required),
		ruled: indicesOf(rows, (field) => field.merge !== "specific"),
		keys: Object.freeze([...(options.keys ?? [])]),
		isOrdered: options.isOrdered ?? false,
		most: options.most ?? 1,
		within: Object.freeze(options.within ?? PROFILE_TYPES),
		perAccount: options.perAccount ?? false,
		children,
		childNames: Object.freeze(children.map((child) => child.name)),
		description,
	});
}

function indicesOf(
	rows: readonly Field[],
	is: (field: Field) => boolean,
): readonly number[] {
	return Object.freeze(
		rows
			.map((field, index) => (is(field) ? index : -1))
			.filter((index) => index >= 0),
	);
}
