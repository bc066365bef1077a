/**
 * Writes docs/settings.md from the field tables: what a profile may hold, for the
 * people who fill it. `node build/js/tools/settings-page.js > docs/settings.md`, or
 * with `--check` compares and exits with 1 where the page is old.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
	type Field,
	type FieldValue,
	type MergeRule,
	PROFILE_TYPES,
	type Section,
} from "../src/profile/field.js";
import { PROFILE_NAMESPACE, ROOT } from "../src/profile/fields.js";
import { expectation, formatValue } from "../src/profile/value.js";

const PREFACE = `# Settings

<!-- Written by tools/settings-page.ts from the tables in src/profile/*-fields.ts: change those, then run \`node build/js/tools/settings-page.js > docs/settings.md\`. -->

A profile is a document in the namespace \`${PROFILE_NAMESPACE}\`. Each section below is an element under its root \`<profile>\`, each row an attribute of it. On the command line and in the database a setting is named by its path: \`registration/@expires\`; an element that repeats has its keys in brackets: \`server[registrar]/@uri\`, \`server[registrar,2]/@uri\`, \`account[a1]/credential[example.com]/@ha1\`. Keys at the end that have their default may be left out.

A phone has up to three kinds of profile: local-network, device, and one for each user. They are merged setting by setting, by the rule in the column *merge*:

| merge | which value holds |
|-|-|
| specific | the user's, else the device's, else the local network's |
| general | the local network's, else the device's, else the user's |
| lowest, highest | the strictest of all that are given |
| all | false as soon as one document says false |
| any | true as soon as one document says true |
| strictest | of all that are given, the one furthest to the right in the list of values |

What no document gives has its default. A section that says *for each account* is merged for every account on its own, with the document of the account's user; all users' documents take part in the others, and the first user has the last word.

A value that its row does not allow refuses the whole document. Members of an *open* list that a phone does not know are skipped with a warning, as are elements and attributes that it does not know. A *secret* is never shown, logged, or reported.
`;

/** The whole page. */
export function settingsPage(): string {
	const parts = [PREFACE, "## profile", table(ROOT)];
	for (const section of ROOT.children) addSection(parts, section, []);
	return `${parts.join("\n\n").replaceAll(/\n{3,}/g, "\n\n")}\n`;
}

function addSection(
	parts: string[],
	section: Section,
	parents: readonly string[],
): void {
	const names = [...parents, section.name];
	parts.push(`## ${names.join("/")}`, paragraph(section), table(section));
	for (const child of section.children) addSection(parts, child, names);
}

function paragraph(section: Section): string {
	const notes = [section.description];
	if (section.keys.length > 0) {
		const keys = section.keys.map(
			(property) => `\`${section.fields[property]?.name}\``,
		);
		notes.push(
			`Repeats, at most ${section.most} times; told apart by ${keys.join(" and ")}.`,
		);
	}
	if (section.perAccount) notes.push("For each account.");
	if (section.within.length < PROFILE_TYPES.length)
		notes.push(`In a ${section.within.join(" or ")} profile only.`);
	return notes.join(" ");
}

function table(section: Section): string {
	const lines = [
		"| attribute | value | default | merge | a change interrupts | |",
		"|-|-|-|-|-|-|",
	];
	for (const field of section.rows)
		lines.push(
			`| ${[
				`\`${field.name}\``,
				cell(value(field)),
				field.required ? "must be given" : fallback(field),
				merge(section, field.merge),
				field.interrupts,
				cell(field.description),
			].join(" | ")} |`,
		);
	return lines.join("\n");
}

function value(field: Field): string {
	const notes = [expectation(field)];
	if (field.open) notes.push("open");
	if (field.secret) notes.push("secret");
	return notes.join("; ");
}

function fallback(field: Field): string {
	const text = formatValue(field, field.fallback as FieldValue);
	return text === "" ? "" : `\`${text}\``;
}

/** Elements that repeat are merged as a whole, by their own rule. */
function merge(section: Section, rule: MergeRule): string {
	return section.keys.length > 0 || section === ROOT ? "" : rule;
}

function cell(text: string): string {
	return text.replaceAll("|", "\\|");
}

function main(): void {
	const page = settingsPage();
	if (!process.argv.includes("--check")) {
		process.stdout.write(page);
		return;
	}
	const root = new URL("../../../", import.meta.url);
	const present = readFileSync(new URL("docs/settings.md", root), "utf8");
	if (present === page) return;
	process.stderr.write(
		"docs/settings.md is old: run node build/js/tools/settings-page.js > docs/settings.md\n",
	);
	process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
