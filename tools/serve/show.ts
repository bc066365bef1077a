/** What the settings of a subject come to, for people: the published document, or the settings in force on a phone. */
import type { Host } from "../../src/host.js";
import type { ProfileDocument } from "../../src/profile/document.js";
import type { ElementValues } from "../../src/profile/element.js";
import { encodeProfile } from "../../src/profile/encode.js";
import type {
	Field,
	FieldValue,
	ProfileType,
	Section,
} from "../../src/profile/field.js";
import { SECTIONS } from "../../src/profile/fields.js";
import { documentFromRows } from "../../src/profile/path.js";
import { formatPath, type Step } from "../../src/profile/path-syntax.js";
import { merge } from "../../src/profile/settings.js";
import { formatValue } from "../../src/profile/value.js";
import { UsageError } from "../usage-error.js";
import type { ProfileDatabase, Subject } from "./database.js";
import { Documents, type Versions } from "./documents.js";
import {
	profileDocument,
	type RowProblem,
	rowsOf,
	withForced,
} from "./profile-document.js";

function missing(subject: Subject): UsageError {
	return new UsageError(
		"no-such-subject",
		`${subject.name}: the database knows no such ${subject.scope}`,
		"set something for it first: hookswitch profile set",
	);
}

/** As phones are sent it, with `mask` in place of what is secret. `versions`: of those that were published. */
export function publishedText(
	host: Host,
	database: ProfileDatabase,
	versions: Versions,
	subject: Subject,
	mask: string | undefined,
): { readonly document: string; readonly problems: readonly RowProblem[] } {
	const { scope, name } = subject;
	let bytes: Uint8Array | undefined;
	const problems: RowProblem[] = [];
	if (scope === "group") bytes = groupDocument(host, database, subject);
	else {
		const documents = new Documents(host, database, versions, (_, problem) =>
			problems.push(problem),
		);
		bytes = documents.get({ profile: scope, subject: name })?.bytes;
	}
	if (bytes === undefined) throw missing(subject);
	const text = host.text(bytes, 0, bytes.length);
	return {
		document:
			mask === undefined
				? text
				: text.replace(
						/ (ha1|password)="[^"]*"/g,
						(_, name: string) => ` ${name}="${mask}"`,
					),
		problems,
	};
}

/** A group has no document of its own: shown as what a member that has nothing else would get. */
function groupDocument(
	host: Host,
	database: ProfileDatabase,
	subject: Subject,
): Uint8Array | undefined {
	const rows = database.settings(subject);
	if (rows.length === 0) return undefined;
	const sound = rows.filter(({ forced }) => !forced);
	for (const type of ["user", "device"] as const)
		try {
			const document = documentFromRows(host, type, subject.name, "0", sound);
			const forced = rows.filter(({ forced }) => forced);
			return withForced(host, encodeProfile(host, document), forced);
		} catch {
			// Then it is a group of the other kind, or nobody's.
		}
	return undefined;
}

/** One setting in force on a phone. */
export interface EffectiveSetting {
	readonly path: string;
	readonly value: string;
	/** `default`, `local-network example.com`, `device …`, `user …`, or `group …` where one of theirs says so. */
	readonly origin: string;
}

/**
 * What a phone of the user, or the device, has in force in the network of its (first)
 * user's domain; secrets are `mask` where it is given.
 */
export function effectiveSettings(
	host: Host,
	database: ProfileDatabase,
	subject: Subject,
	mask: string | undefined,
): EffectiveSetting[] {
	const { scope, name } = subject;
	if (scope !== "user" && scope !== "device")
		throw new UsageError(
			"not-effective",
			`${name}: only users and devices have settings in force`,
			"name a device (urn:uuid:…) or a user (sip:alice@example.com)",
		);
	const document = (type: ProfileType, whose: string) =>
		profileDocument(host, database, type, whose, "0")?.document;
	const own = document(scope, name);
	if (own === undefined) throw missing(subject);
	const users =
		scope === "user"
			? [own]
			: database
					.usersOf(name)
					.map((aor) => document("user", aor))
					.filter((found): found is ProfileDocument => found !== undefined);
	const [aor = ""] = scope === "user" ? [name] : database.usersOf(name);
	const { settings, origin } = merge(
		document("local-network", aor.split("@")[1] ?? "*"),
		scope === "device" ? own : undefined,
		users,
	);
	/** Groups are flattened into the documents of their members: whose row is it really? */
	const groupOf = (path: string, from: string): string | undefined => {
		const [type, whose] = from.split(" ", 2);
		if ((type !== "user" && type !== "device") || whose === undefined)
			return undefined;
		const { source } =
			rowsOf(database, type, whose)
				?.filter(({ row }) => row.path === path)
				.at(-1) ?? {};
		return source?.scope === "group" ? `group ${source.name}` : undefined;
	};
	const list: EffectiveSetting[] = [];
	listSections(SECTIONS, settings, [], (steps, property, field, value) => {
		const path = formatPath({ steps, attribute: { property, field, at: 0 } });
		const text = formatValue(field, value);
		list.push({
			path,
			value: field.secret && text !== "" ? (mask ?? text) : text,
			origin: groupOf(path, origin(path)) ?? origin(path),
		});
	});
	return list;
}

type Visit = (
	steps: readonly Step[],
	property: string,
	field: Field,
	value: FieldValue,
) => void;

/** Every value of the settings, in the order of the schema. */
function listSections(
	sections: readonly Section[],
	values: object,
	before: readonly Step[],
	visit: Visit,
): void {
	for (const section of sections) {
		const content = (values as Readonly<Record<string, unknown>>)[
			section.property
		];
		if (content === undefined) continue;
		const elements = section.keys.length > 0 ? content : [content];
		for (const element of elements as readonly ElementValues[]) {
			const keys: Record<string, FieldValue> = {};
			for (const property of section.keys)
				keys[property] = element[property] as FieldValue;
			const steps = [...before, { section, keys, at: 0 }];
			section.rows.forEach((field, index) => {
				const property = section.properties[index] ?? "";
				const value = element[property];
				if (value !== undefined && !section.keys.includes(property))
					visit(steps, property, field, value as FieldValue);
			});
			listSections(section.children, element, steps, visit);
			// What an account shares with the phone stands there already.
			if (section.property === "accounts")
				listSections(
					SECTIONS.filter(
						({ perAccount, property }) =>
							perAccount &&
							(element as Readonly<Record<string, unknown>>)[property] !==
								(values as Readonly<Record<string, unknown>>)[property],
					),
					element,
					steps,
					visit,
				);
		}
	}
}

/** For eyes: an element a line. Our documents have no text between elements. */
export function indented(document: string): string {
	let depth = 0;
	return document
		.replace(/><\/[\w-]+>/g, "/>")
		.split(/(?<=>)(?=<)/)
		.map((tag) => {
			if (tag.startsWith("</")) depth--;
			const line = `${"  ".repeat(depth)}${tag}`;
			if (!tag.startsWith("</") && !tag.endsWith("/>")) depth++;
			return line;
		})
		.join("\n");
}
