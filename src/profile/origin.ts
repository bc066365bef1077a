/** Where a merged value comes from: for people who ask why a phone does what it does. */
import { HookswitchError } from "../errors.js";
import type { ProfileDocument } from "./document.js";
import type { ElementValues } from "./element.js";
import type { FieldValue, Section } from "./field.js";
import { findElement, type Path, parsePath } from "./path-syntax.js";
import { beats, type Chain, chain } from "./rule.js";

/** `default`, `local-network`, `device`, or `user sip:…`. */
export function originOf(
	localNetwork: ProfileDocument | undefined,
	device: ProfileDocument | undefined,
	users: readonly ProfileDocument[],
	text: string,
): string {
	const path = parsePath(text, true);
	const first = path.steps[0]?.section;
	if (first === undefined)
		throw new HookswitchError("bad-path", "a section is expected", 0);
	if (first.property === "accounts") {
		const owner = chain(localNetwork, device, ...users).find(
			(document) => findElement(document, path.steps.slice(0, 1)) !== undefined,
		);
		if (owner === undefined) return "default";
		const own = path.steps[1]?.section;
		if (own === undefined || own.property === "credentials")
			return givenAt(owner, path) === undefined ? "default" : nameOf(owner);
		return winner(
			owner.type === "user"
				? chain(localNetwork, device, owner)
				: owner.type === "device"
					? chain(localNetwork, device)
					: chain(localNetwork),
			{ steps: path.steps.slice(1), attribute: path.attribute },
		);
	}
	return winner(
		first.perAccount
			? chain(localNetwork, device, users[0])
			: chain(localNetwork, device, ...[...users].reverse()),
		path,
	);
}

function winner(documents: Chain, path: Path): string {
	const section = path.steps[0]?.section;
	const field = path.attribute?.field;
	let origin: ProfileDocument | undefined;
	let best: FieldValue | undefined;
	for (const document of documents) {
		const value = givenAt(document, path);
		if (section?.property === "servers") {
			// The most specific document that names the role gives all its servers.
			if (namesRole(document, section, path))
				origin = value === undefined ? undefined : document;
			continue;
		}
		if (value === undefined) continue;
		if (field !== undefined && best !== undefined && !beats(field, value, best))
			continue;
		best = value;
		origin = document;
	}
	return origin === undefined ? "default" : nameOf(origin);
}

function namesRole(
	document: ProfileDocument,
	section: Section,
	path: Path,
): boolean {
	const servers = (document as unknown as ElementValues)[section.property] as
		| readonly ElementValues[]
		| undefined;
	const role = path.steps[0]?.keys.role;
	return (servers ?? []).some((server) => server.role === role);
}

/** What the document gives at the path; for a whole element, something that is not undefined. */
function givenAt(
	document: ProfileDocument,
	path: Path,
): FieldValue | undefined {
	const element = findElement(document, path.steps);
	if (element === undefined) return undefined;
	return path.attribute === undefined
		? true
		: (element[path.attribute.property] as FieldValue | undefined);
}

function nameOf(document: ProfileDocument): string {
	return document.type === "user" ? `user ${document.for}` : document.type;
}
