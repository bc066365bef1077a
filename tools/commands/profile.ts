/** `hookswitch profile`: edits and shows the settings in the profile server's database. */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { isSecretPath } from "../../src/profile/path.js";
import { ProfileDatabase, type Subject } from "../serve/database.js";
import {
	assign,
	importProfile,
	parseAssignments,
	unassign,
} from "../serve/edit.js";
import { effectiveSettings, indented, publishedText } from "../serve/show.js";
import { publishedVersions } from "../serve/state.js";
import { UsageError } from "../usage-error.js";
import { act, examples, type Outcome } from "./outcome.js";
import * as members from "./profile-members.js";
import { databaseOption, host, parseSubject, subjectText } from "./subject.js";

interface Options {
	readonly database: string;
	readonly force?: boolean;
	readonly secrets?: boolean;
	readonly effective?: boolean;
	readonly for?: string;
	readonly keep?: boolean;
}

const subjectHelp =
	"local-network[:DOMAIN], group:NAME, urn:uuid:… or sip:user@domain";
const masked = "********";

export function register(program: Command): void {
	const profile = program
		.command("profile")
		.description("edit and show the settings of phones, users and groups");
	examples(
		profile,
		"hookswitch profile set --database site.db sip:alice@example.com registration/@expires 300",
		"hookswitch profile set --database site.db group:sales call/@do-not-disturb=true sessions/@video=false",
		"hookswitch profile show --database site.db sip:alice@example.com --effective",
	);

	const getting = databaseOption(profile.command("get"))
		.description("print what the database says of a subject itself")
		.argument("<subject>", subjectHelp)
		.argument("[path]", "one setting, like registration/@expires")
		.option("--secrets", "print digests and passwords too");
	examples(
		getting,
		"hookswitch profile get --database site.db group:everyone",
		"hookswitch profile get --database site.db local-network network/@language",
	);
	act(getting, get);

	const setting = databaseOption(profile.command("set"))
		.description("set one setting, or several at once, after checking them")
		.argument("<subject>", subjectHelp)
		.argument("<path>", "like registration/@expires; or PATH=VALUE")
		.argument("[values...]", "the path's value; or more PATH=VALUE")
		.option(
			"--force",
			"store and publish it even if it breaks the rules: to test phones",
		);
	examples(
		setting,
		"hookswitch profile set --database site.db group:everyone server[registrar]/@uri sip:192.0.2.4",
		"hookswitch profile set --database site.db sip:bob@example.com account[a1]/@aor=sip:bob@example.com account[a1]/@display-name=Bob",
	);
	act(setting, set);

	const unsetting = databaseOption(profile.command("unset"))
		.description("remove settings: the more general ones hold again")
		.argument("<subject>", subjectHelp)
		.argument("<paths...>", "like registration/@expires");
	examples(
		unsetting,
		"hookswitch profile unset --database site.db sip:alice@example.com registration/@expires",
	);
	act(unsetting, unset);

	const importing = databaseOption(profile.command("import"))
		.description(
			"take the settings of a profile document (XML); all of it or, if it has an error, nothing",
		)
		.argument("<file>", "the document, or - for stdin")
		.option("--for <subject>", "whose settings (default: the document's own)")
		.option("--keep", "keep settings that the document doesn't name");
	examples(
		importing,
		"hookswitch profile import --database site.db alice.xml",
		"hookswitch profile import --database site.db sales.xml --for group:sales --keep",
	);
	act(importing, take);

	const showing = databaseOption(profile.command("show"))
		.description("print the document that phones are sent, groups included")
		.argument("<subject>", subjectHelp)
		.option(
			"--effective",
			"of a user or device: the settings that a phone has in force, and where each comes from",
		)
		.option("--secrets", "print digests and passwords too");
	examples(
		showing,
		"hookswitch profile show --database site.db sip:alice@example.com",
		"hookswitch profile show --database site.db urn:uuid:00000000-0000-1000-8000-000000000001 --effective --json",
	);
	act(showing, show);

	members.register(profile);
}

function open<Result>(
	{ database: file }: Options,
	create: boolean,
	body: (database: ProfileDatabase) => Result,
): Result {
	const database = new ProfileDatabase(file, { create });
	try {
		return body(database);
	} finally {
		database.close();
	}
}

function get(
	subjectOf: string,
	path: string | undefined,
	options: Options,
): Outcome {
	const subject = parseSubject(subjectOf);
	const rows = open(options, false, (database) =>
		database
			.settings(subject)
			.filter((row) => path === undefined || row.path === path),
	);
	if (rows.length === 0 && path !== undefined)
		throw new UsageError(
			"not-set",
			`${subjectText(subject)}: ${path} is not set`,
			"hookswitch profile get without a path lists what is; show --effective says what holds",
		);
	const shown = rows.map(({ path, value }) => ({
		path,
		value: options.secrets || !isSecret(path) ? value : masked,
	}));
	return {
		ok: true,
		text:
			path === undefined
				? shown.map(({ path, value }) => `${path} = ${value}`).join("\n")
				: (shown[0]?.value ?? ""),
		json: {
			subject: subjectText(subject),
			settings: Object.fromEntries(
				shown.map(({ path, value }) => [path, value]),
			),
		},
	};
}

function set(
	subjectOf: string,
	path: string,
	values: readonly string[],
	options: Options,
): Outcome {
	const subject = parseSubject(subjectOf);
	const assignments = parseAssignments(path, values);
	open(options, true, (database) =>
		assign(host, database, subject, assignments, options.force ?? false),
	);
	return done(
		subject,
		assignments.map(
			({ path, value }) => `${path} = ${isSecret(path) ? masked : value}`,
		),
		{ set: assignments.map(({ path }) => path) },
	);
}

function unset(
	subjectOf: string,
	paths: readonly string[],
	options: Options,
): Outcome {
	const subject = parseSubject(subjectOf);
	const removed = open(options, false, (database) =>
		unassign(host, database, subject, paths),
	);
	return done(
		subject,
		removed.map((path) => `${path} removed`),
		{ removed },
	);
}

function take(file: string, options: Options): Outcome {
	let bytes: Uint8Array;
	try {
		bytes = readFileSync(file === "-" ? 0 : file);
	} catch (error) {
		throw new UsageError(
			"unreadable-file",
			`${file}: ${(error as Error).message}`,
			"name a profile document, or - for stdin",
		);
	}
	const taken = open(options, true, (database) =>
		importProfile(host, database, new Uint8Array(bytes), {
			subject:
				options.for === undefined ? undefined : parseSubject(options.for),
			keep: options.keep ?? false,
		}),
	);
	const place = ({ line, column, path, code, message }: Problem) =>
		[`${file}:${line}:${column}`, path, `${code}: ${message}`]
			.filter((part) => part !== "")
			.join(" ");
	if (taken.errors !== undefined)
		return {
			ok: false,
			text: [
				`${file} is refused, nothing was changed:`,
				...taken.errors.map((error) => `  ${place(error)}`),
			].join("\n"),
			json: { file, code: "document-refused", errors: taken.errors },
		};
	const { subject, settings, warnings } = taken;
	return {
		ok: true,
		text: [
			`${subjectText(subject)}: ${settings} settings taken from ${file}`,
			...warnings.map((warning) => `  warning: ${place(warning)}`),
		].join("\n"),
		json: { file, subject: subjectText(subject), settings, warnings },
	};
}

interface Problem {
	readonly line: number;
	readonly column: number;
	readonly path: string;
	readonly code: string;
	readonly message: string;
}

function show(subjectOf: string, options: Options): Outcome {
	const subject = parseSubject(subjectOf);
	const mask = options.secrets ? undefined : masked;
	return open(options, false, (database) => {
		if (options.effective === true) {
			const settings = effectiveSettings(host, database, subject, mask);
			return {
				ok: true,
				text: settings
					.map(({ path, value, origin }) => `${path} = ${value}  (${origin})`)
					.join("\n"),
				json: {
					subject: subjectText(subject),
					settings: Object.fromEntries(
						settings.map(({ path, value, origin }) => [
							path,
							{ value, origin },
						]),
					),
				},
			};
		}
		const { document, problems } = publishedText(
			host,
			database,
			publishedVersions(options.database),
			subject,
			mask,
		);
		return {
			ok: true,
			text: [
				indented(document),
				...problems.map(({ path, message }) => `left out: ${path}: ${message}`),
			].join("\n"),
			json: { subject: subjectText(subject), document, problems },
		};
	});
}

function done(
	subject: Subject,
	lines: readonly string[],
	json: Record<string, unknown>,
): Outcome {
	return {
		ok: true,
		text: [
			`${subjectText(subject)}:`,
			...lines.map((line) => `  ${line}`),
		].join("\n"),
		json: { subject: subjectText(subject), ...json },
	};
}

/** A path that nobody knows (forced) is shown as it is. */
function isSecret(path: string): boolean {
	try {
		return isSecretPath(host, path);
	} catch {
		return false;
	}
}
