/** What the settings of a subject come to, for people: the published document, or the settings in force on a phone. */
import type { Host } from "../../src/host.js";
import type { EventValue } from "../../src/port.js";
import type { ProfileDocument } from "../../src/profile/document.js";
import { encodeProfile } from "../../src/profile/encode.js";
import type { ProfileType } from "../../src/profile/field.js";
import { documentFromRows, type Row } from "../../src/profile/path.js";
import { redact } from "../../src/profile/redact.js";
import { merge, type Settings } from "../../src/profile/settings.js";
import { UsageError } from "../usage-error.js";
import type { ProfileDatabase, Subject } from "./database.js";
import {
	profileDocument,
	type RowProblem,
	withForced,
} from "./profile-document.js";

function missing(subject: Subject): UsageError {
	return new UsageError(
		"no-such-subject",
		`${subject.name}: the database knows no such ${subject.scope}`,
		"set something for it first: hookswitch profile set",
	);
}

/** As phones are sent it, with `mask` in place of what is secret. */
export function publishedText(
	host: Host,
	database: ProfileDatabase,
	subject: Subject,
	mask: string | undefined,
): { readonly document: string; readonly problems: readonly RowProblem[] } {
	const { scope, name } = subject;
	const found =
		scope === "group"
			? groupDocument(host, database, subject)
			: profileDocument(host, database, scope, name, "0");
	if (found === undefined) throw missing(subject);
	const bytes = withForced(
		host,
		encodeProfile(host, found.document),
		found.forced,
	);
	const text = host.text(bytes, 0, bytes.length);
	return {
		document:
			mask === undefined
				? text
				: text.replace(
						/ (ha1|password)="[^"]*"/g,
						(_, name: string) => ` ${name}="${mask}"`,
					),
		problems: found.problems,
	};
}

/** A group has no document of its own: shown as what a member that has nothing else would get. */
function groupDocument(
	host: Host,
	database: ProfileDatabase,
	subject: Subject,
) {
	const rows = database.settings(subject);
	if (rows.length === 0) return undefined;
	const sound = rows.filter(({ forced }) => !forced);
	for (const type of ["user", "device"] as const)
		try {
			const document = documentFromRows(host, type, subject.name, "0", sound);
			const forced: readonly Row[] = rows.filter(({ forced }) => forced);
			return { document, forced, problems: [] };
		} catch {
			// Then it is a group of the other kind, or nobody's.
		}
	return undefined;
}

export function effectiveSettings(
	host: Host,
	database: ProfileDatabase,
	subject: Subject,
	secrets: boolean,
): {
	readonly settings: { readonly [name: string]: EventValue } | Settings;
	readonly lines: readonly string[];
} {
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
	const merged = merge(
		document("local-network", "*"),
		scope === "device" ? own : undefined,
		users,
	);
	const lines: string[] = [];
	const settings = redact(merged.settings);
	for (const [path, value] of leaves(settings, ""))
		lines.push(`${path} = ${value}`);
	return { settings: secrets ? merged.settings : settings, lines };
}

/** Every plain value with its place. */
function leaves(value: EventValue, path: string): [string, string][] {
	if (Array.isArray(value)) {
		if (value.every((member) => typeof member !== "object"))
			return [[path, value.join(" ")]];
		return value.flatMap((member, at) =>
			leaves(member as EventValue, `${path}[${at + 1}]`),
		);
	}
	if (typeof value === "object")
		return Object.entries(value).flatMap(([name, member]) =>
			leaves(member as EventValue, path === "" ? name : `${path}.${name}`),
		);
	return [[path, String(value)]];
}
