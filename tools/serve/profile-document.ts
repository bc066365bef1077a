/**
 * From the settings of a subject and its groups to one profile document. The most
 * general rows come first: groups by position, then the subject's own; of two rows
 * with the same path the later holds.
 */
import type { Host } from "../../src/host.js";
import type { ProfileDocument } from "../../src/profile/document.js";
import type { ProfileType } from "../../src/profile/field.js";
import { documentFromRows, type Row } from "../../src/profile/path.js";
import { canonical } from "../../src/xml/canonical.js";
import type { ProfileDatabase, Setting, Subject } from "./database.js";

/** A row that is left out of the document, and why. */
export interface RowProblem {
	readonly path: string;
	readonly code: string;
	readonly message: string;
}

export interface FoundDocument {
	readonly document: ProfileDocument;
	/** Rows to be published although they break the rules. */
	readonly forced: readonly Row[];
	readonly problems: readonly RowProblem[];
}

/** The subjects whose rows make the document, from general to specific; undefined when there is no such document. */
export function sources(
	database: ProfileDatabase,
	profile: ProfileType,
	subject: string,
): Subject[] | undefined {
	if (profile === "local-network") {
		const found = ["*", subject].map(
			(name): Subject => ({ scope: "local-network", name }),
		);
		return found.some((source) => database.settings(source).length > 0)
			? found
			: undefined;
	}
	const known =
		profile === "device"
			? database.hasDevice(subject)
			: database.hasUser(subject);
	if (!known) return undefined;
	return [
		...database
			.groupsOf(subject)
			.map((name): Subject => ({ scope: "group", name })),
		{ scope: profile, name: subject },
	];
}

/** The rows that make the document, from general to specific; a device's users first. */
export function rowsOf(
	database: ProfileDatabase,
	profile: ProfileType,
	subject: string,
): { readonly row: Setting; readonly source: Subject }[] | undefined {
	const from = sources(database, profile, subject);
	if (from === undefined) return undefined;
	const rows: { row: Setting; source: Subject }[] = [];
	if (profile === "device")
		for (const aor of database.usersOf(subject))
			rows.push({
				row: { path: `user[${aor}]/@aor`, value: aor },
				source: { scope: "device", name: subject },
			});
	for (const source of from)
		for (const row of database.settings(source)) rows.push({ row, source });
	return rows;
}

export function profileDocument(
	host: Host,
	database: ProfileDatabase,
	profile: ProfileType,
	subject: string,
	version: string,
): FoundDocument | undefined {
	const rows = rowsOf(database, profile, subject);
	if (rows === undefined) return undefined;
	const forced = rows.filter(({ row }) => row.forced).map(({ row }) => row);
	const sound = rows.filter(({ row }) => !row.forced);
	const make = (from: readonly Row[]) =>
		documentFromRows(host, profile, subject, version, from);
	try {
		return {
			document: make(sound.map(({ row }) => row)),
			forced,
			problems: [],
		};
	} catch {
		// Somebody wrote what `hookswitch profile set` would have refused: find which rows.
	}
	const kept: Row[] = [];
	const problems: RowProblem[] = [];
	for (const { row, source } of inOrder(sound)) {
		try {
			make([...kept, row]);
			kept.push(row);
		} catch (error) {
			const { code, message } = error as { code?: string; message: string };
			// A group serves users and devices: what doesn't fit this kind is for the others.
			if (source.scope !== "group" || code === "bad-value")
				problems.push({ path: row.path, code: code ?? "bad-row", message });
		}
	}
	return { document: make(kept), forced, problems };
}

/** An element's required attributes come first, or none of it would stand: those named id, role, aor, realm … are the ones. */
function inOrder<Item extends { readonly row: Setting }>(
	items: readonly Item[],
): Item[] {
	const first = ["@id", "@aor", "@realm", "@role", "@uri"];
	const rank = ({ row }: Item) => {
		const at = first.indexOf(row.path.slice(row.path.lastIndexOf("@")));
		return at < 0 ? first.length : at;
	};
	return [...items].sort((a, b) => rank(a) - rank(b));
}

/**
 * The document with `rows` written into it unchecked, still canonical XML: how a
 * test sends phones what no sane server would.
 */
export function withForced(
	host: Host,
	bytes: Uint8Array,
	rows: readonly Row[],
): Uint8Array {
	if (rows.length === 0) return bytes;
	let text = Buffer.from(bytes).toString("utf8");
	for (const { path, value } of rows) text = force(text, path, value);
	return canonical(host, new TextEncoder().encode(text));
}

function force(text: string, path: string, value: string): string {
	const match = /^(?:.*\/)?([\w-]+)(?:\[([^\]]*)\])?\/@([\w-]+)$/.exec(path);
	if (match === null) return text;
	const [, element = "", key, attribute = ""] = match;
	const written = `${attribute}="${escaped(value)}"`;
	const tags = [
		...text.matchAll(new RegExp(`<${element}(?=[ />])[^>]*>`, "g")),
	];
	const tag = tags.find(
		({ 0: tag }) => key === undefined || tag.includes(`="${escaped(key)}"`),
	)?.[0];
	if (tag === undefined) {
		const added = `<${element} ${written}/>`;
		return text.endsWith("/>")
			? text
			: text.replace(/<\/profile>$/, () => `${added}</profile>`);
	}
	const there = new RegExp(` ${attribute}="[^"]*"`);
	const changed = there.test(tag)
		? tag.replace(there, () => ` ${written}`)
		: tag.replace(/\/?>$/, (end) => ` ${written}${end}`);
	return text.replace(tag, () => changed);
}

function escaped(value: string): string {
	return value
		.replaceAll("&", "&amp;")
		.replaceAll("<", "&lt;")
		.replaceAll('"', "&quot;");
}
