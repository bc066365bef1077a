/** How people name subjects on the command line, and the option that every editing command has. */
import { type Command, Option } from "commander";
import { nodeHost } from "../../hosts/node/natives.js";
import { addressOfRecordText } from "../registrar/address.js";
import type { Subject } from "../serve/database.js";
import { UsageError } from "../usage-error.js";

export const host = nodeHost();

export function databaseOption(command: Command): Command {
	return command.addOption(
		new Option(
			"--database <file>",
			"the profile server's database",
		).makeOptionMandatory(),
	);
}

/** `local-network`, `local-network:example.com`, `group:sales`, `urn:uuid:…`, `sip:alice@example.com`. */
export function parseSubject(text: string): Subject {
	if (text === "local-network") return { scope: "local-network", name: "*" };
	const colon = text.indexOf(":");
	const [kind, rest] = [text.slice(0, colon), text.slice(colon + 1)];
	if (rest !== "") {
		if (kind === "local-network")
			return { scope: "local-network", name: rest.toLowerCase() };
		if (kind === "group") return { scope: "group", name: rest };
		if (kind === "urn") return { scope: "device", name: text.toLowerCase() };
		const aor = parseAor(text);
		if (aor !== undefined) return { scope: "user", name: aor };
	}
	throw new UsageError(
		"bad-subject",
		`${text}: not a subject`,
		"name local-network, local-network:DOMAIN, group:NAME, a device (urn:uuid:…) or a user (sip:alice@example.com)",
	);
}

export function parseUser(text: string): string {
	const aor = parseAor(text);
	if (aor !== undefined) return aor;
	throw new UsageError(
		"bad-user",
		`${text}: not a user's address`,
		"write it like sip:alice@example.com",
	);
}

export function subjectText({ scope, name }: Subject): string {
	if (scope === "group") return `group:${name}`;
	if (scope === "local-network")
		return name === "*" ? scope : `${scope}:${name}`;
	return name;
}

/** With a user part; a bare domain is nobody's address. */
function parseAor(text: string): string | undefined {
	const aor = addressOfRecordText(host, text);
	return aor?.includes("@") ? aor : undefined;
}
