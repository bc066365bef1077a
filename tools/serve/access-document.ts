/**
 * From an access list's rows to the document. A right that the rules of the format
 * do not know was written by plain SQL; the strictest stands in for it.
 */
import type {
	AccessDocument,
	ContactRight,
	PresenceRight,
} from "../../src/access/document.js";
import type { AccessRows } from "./database.js";

export const presenceRights: readonly PresenceRight[] = Object.freeze([
	"allow",
	"confirm",
	"polite-block",
	"block",
]);
export const contactRights: readonly ContactRight[] = Object.freeze([
	"allow",
	"confirm",
	"divert",
	"block",
]);

export function accessDocument(
	aor: string,
	version: string,
	rows: AccessRows,
): AccessDocument {
	const groups = new Map<string, string[]>();
	for (const { group, uri } of rows.members) {
		const members = groups.get(group);
		if (members === undefined) groups.set(group, [uri]);
		else members.push(uri);
	}
	// A rule may name a group that has no members left.
	for (const { match, value } of rows.rules)
		if (match === "group" && !groups.has(value)) groups.set(value, []);
	return {
		for: aor,
		version,
		groups: [...groups].map(([id, members]) => ({ id, members })),
		rules: rows.rules.map(({ match, value, presence, contact }) => ({
			match,
			value,
			presence: known(presenceRights, presence),
			contact: known(contactRights, contact),
		})),
		presence: known(presenceRights, rows.presence),
		contact: known(contactRights, rows.contact),
	};
}

function known<Right extends string>(
	rights: readonly Right[],
	written: string | undefined,
): Right | undefined {
	if (written === undefined) return undefined;
	return rights.find((right) => right === written) ?? rights[rights.length - 1];
}
