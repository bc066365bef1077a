/**
 * Edits of the settings, checked before they are stored: the rows of a subject must
 * make a sound document, together with those of its groups.
 */
import type { Host } from "../../src/host.js";
import { decodeProfile } from "../../src/profile/decode.js";
import type { ProfileDocument } from "../../src/profile/document.js";
import type { ProfileType } from "../../src/profile/field.js";
import {
	documentFromRows,
	normalisePath,
	type Row,
	rowsFromDocument,
	setPath,
} from "../../src/profile/path.js";
import type { DocumentError } from "../../src/xml/document-error.js";
import { UsageError } from "../usage-error.js";
import type { ProfileDatabase, Setting, Subject } from "./database.js";
import { rowsOf } from "./profile-document.js";

/** A device's users have a table of their own. */
const userPath = /^user\[([^\]]+)\]\/@aor$/;

/** `PATH VALUE`, or several `PATH=VALUE`. */
export function parseAssignments(
	path: string,
	values: readonly string[],
): Row[] {
	const [value] = values;
	if (values.length === 1 && value !== undefined && !assignment.test(path))
		return [{ path, value }];
	return [path, ...values].map((text) => {
		const [, path, value] = assignment.exec(text) ?? [];
		if (path === undefined || value === undefined)
			throw new UsageError(
				"bad-assignment",
				`${text}: not PATH=VALUE`,
				"write registration/@expires=300, or one path and its value as two words",
			);
		return { path, value };
	});
}
const assignment = /^(.*@[\w-]+)=(.*)$/s;

/** Stores the rows, or throws and stores none. `forced`: unchecked, and published as they are. */
export function assign(
	host: Host,
	database: ProfileDatabase,
	subject: Subject,
	rows: readonly Row[],
	forced: boolean,
): void {
	database.transaction(() => {
		for (const { path, value } of rows) {
			const known = forced ? path : checkedPath(host, path);
			if (!forced) checkValue(host, subject, known, value);
			const user = userPath.exec(known)?.[1];
			if (user !== undefined && subject.scope === "device" && !forced)
				database.assign(subject.name, user);
			else database.set(subject, { path: known, value, forced });
		}
		// After storing, inside the transaction: what the database gives is what is checked.
		if (!forced) check(host, database, subject);
	});
}

/** Removes what stands at the paths; gives the paths. A path without @attribute removes the whole element. */
export function unassign(
	host: Host,
	database: ProfileDatabase,
	subject: Subject,
	paths: readonly string[],
): string[] {
	return database.transaction(() => {
		const rows = database.settings(subject);
		const removed: string[] = [];
		for (const path of paths) {
			const at = new Set(
				rows
					.map((row) => row.path)
					.filter((there) => there === path || there.startsWith(`${path}/`)),
			);
			const user = userPath.exec(path)?.[1];
			if (user !== undefined && database.unassign(subject.name, user))
				removed.push(path);
			// `server[registrar]` and `server[registrar,1]` are one element.
			if (at.size === 0) at.add(normalised(host, path));
			const found = [...at].filter((there) => database.unset(subject, there));
			if (found.length === 0 && user === undefined)
				throw new UsageError(
					"not-set",
					`${subject.name}: ${path} is not set`,
					"hookswitch profile get lists what is",
				);
			removed.push(...found);
		}
		check(host, database, subject);
		return removed;
	});
}

export interface Imported {
	readonly errors?: undefined;
	readonly subject: Subject;
	readonly settings: number;
	readonly warnings: readonly DocumentError[];
}
export interface ImportRefused {
	readonly errors: readonly DocumentError[];
}

/** Takes a document's settings, all or none. */
export function importProfile(
	host: Host,
	database: ProfileDatabase,
	bytes: Uint8Array,
	options: { readonly subject: Subject | undefined; readonly keep: boolean },
): Imported | ImportRefused {
	const decoded = decodeProfile(host, bytes);
	if (decoded.document === undefined) return { errors: decoded.errors };
	const { document, warnings } = decoded;
	const subject = options.subject ?? subjectOf(document);
	const rows = rowsFromDocument(host, document);
	database.transaction(() => {
		if (!options.keep) {
			for (const { path } of database.settings(subject))
				database.unset(subject, path);
			if (subject.scope === "device")
				for (const aor of database.usersOf(subject.name))
					database.unassign(subject.name, aor);
		}
		if (subject.scope === "device") database.addDevice(subject.name);
		if (subject.scope === "user") database.addUser(subject.name);
		let position = 0;
		for (const row of rows) {
			const user = userPath.exec(row.path)?.[1];
			if (user !== undefined && subject.scope === "device")
				database.assign(subject.name, user, position++);
			else database.set(subject, row);
		}
		check(host, database, subject);
	});
	return { subject, settings: rows.length, warnings };
}

function subjectOf(document: ProfileDocument): Subject {
	return { scope: document.type, name: document.for };
}

function check(host: Host, database: ProfileDatabase, subject: Subject): void {
	if (subject.scope === "group") {
		checkGroup(host, database.settings(subject));
		return;
	}
	const rows = rowsOf(database, subject.scope, subject.name) ?? [];
	const own = rows.filter(
		({ source, row }) => source.scope !== "group" && !row.forced,
	);
	// A group's rows may be for the other kind of member; the publisher sorts them.
	sound(
		host,
		subject.scope,
		subject.name,
		own.map(({ row }) => row),
	);
}

/** Each row must fit the documents of users or of devices. */
function checkGroup(host: Host, settings: readonly Setting[]): void {
	const rows = settings.filter(({ forced }) => !forced);
	const tried = (["user", "device"] as const).map((type) => {
		try {
			sound(
				host,
				type,
				type === "user" ? "sip:a@example.invalid" : "urn:uuid:0",
				rows,
			);
			return undefined;
		} catch (error) {
			return error as Error;
		}
	});
	const [asUser, asDevice] = tried;
	if (asUser !== undefined && asDevice !== undefined) throw asUser;
}

function sound(
	host: Host,
	type: ProfileType,
	subject: string,
	rows: readonly Row[],
): void {
	try {
		documentFromRows(host, type, subject, "0", rows);
	} catch (error) {
		throw refusal(error);
	}
}

/** Of one row by itself, so that the error can name it. */
function checkValue(
	host: Host,
	{ scope }: Subject,
	path: string,
	value: string,
): void {
	const types: ProfileType[] = scope === "group" ? ["user", "device"] : [scope];
	let refused: unknown;
	for (const type of types)
		try {
			setPath(host, { type, for: "", version: "" }, path, value);
			return;
		} catch (error) {
			refused ??= error;
		}
	throw refusal(refused, path);
}

function checkedPath(host: Host, path: string): string {
	try {
		return normalisePath(host, path);
	} catch (error) {
		throw refusal(error, path);
	}
}

function normalised(host: Host, path: string): string {
	try {
		return normalisePath(host, path);
	} catch {
		return path;
	}
}

function refusal(error: unknown, path = ""): UsageError {
	const { code, message } = error as { code?: string; message: string };
	if (code === undefined) throw error;
	return new UsageError(
		code,
		path === "" || message.includes(path) ? message : `${path}: ${message}`,
		"nothing was changed; docs/settings.md lists every setting with its limits (--force stores it all the same, to test phones)",
	);
}
