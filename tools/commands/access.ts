/** `hookswitch access`: edits and shows access lists, who may watch presence and who may make contact. */
import type { Command } from "commander";
import { decodeAccess } from "../../src/access/decode.js";
import { encodeAccess } from "../../src/access/encode.js";
import {
	accessDocument,
	contactRights,
	presenceRights,
} from "../serve/access-document.js";
import {
	type AccessRows,
	type AccessRule,
	type Match,
	ProfileDatabase,
} from "../serve/database.js";
import { UsageError } from "../usage-error.js";
import { act, examples, type Outcome } from "./outcome.js";
import { databaseOption, host, parseUser } from "./subject.js";

interface Options {
	readonly database: string;
	readonly only?: string;
	readonly presence?: string;
	readonly contact?: string;
	readonly xml?: boolean;
}

const userHelp = "whose list: sip:alice@example.com";
const whoHelp =
	"sip:bob@example.com, +44900 (a number's beginning), domain:example.net, group:team or anonymous";

/** What each command gives, of both rights. */
const grants: Readonly<
	Record<
		string,
		{
			readonly presence?: string;
			readonly contact?: string;
			readonly help: string;
		}
	>
> = {
	allow: {
		presence: "allow",
		contact: "allow",
		help: "let somebody watch presence and make contact",
	},
	confirm: {
		presence: "confirm",
		contact: "confirm",
		help: "have the user asked each time",
	},
	divert: { contact: "divert", help: "send somebody's calls to voicemail" },
	"polite-block": {
		presence: "polite-block",
		help: "show somebody a presence that tells nothing",
	},
	block: {
		presence: "block",
		contact: "block",
		help: "keep somebody from both",
	},
};

export function register(program: Command): void {
	const access = program
		.command("access")
		.description("edit and show who may call a user and watch its presence");
	examples(
		access,
		"hookswitch access block --database site.db sip:alice@example.com sip:mallory@example.net",
		"hookswitch access default --database site.db sip:alice@example.com --contact block",
		"hookswitch access show --database site.db sip:alice@example.com",
	);

	for (const [name, { help, ...rights }] of Object.entries(grants)) {
		const granting = databaseOption(access.command(name))
			.description(help)
			.argument("<user>", userHelp)
			.argument("<who>", whoHelp);
		if (rights.presence !== undefined && rights.contact !== undefined)
			granting.option(
				"--only <right>",
				"just one of the two: contact or presence",
			);
		examples(
			granting,
			`hookswitch access ${name} --database site.db sip:alice@example.com sip:bob@example.com`,
			`hookswitch access ${name} --database site.db sip:alice@example.com domain:example.net`,
		);
		act(granting, (user: string, who: string, options: Options) =>
			edit(user, options, (database, aor) => {
				const { only } = options;
				if (only !== undefined && only !== "contact" && only !== "presence")
					throw badRight(`--only ${only}`, ["contact", "presence"]);
				database.setRule(aor, {
					...parseWho(who),
					presence: only === "contact" ? undefined : rights.presence,
					contact: only === "presence" ? undefined : rights.contact,
				});
			}),
		);
	}

	const unsetting = databaseOption(access.command("unset"))
		.description("remove a rule")
		.argument("<user>", userHelp)
		.argument("<who>", whoHelp);
	examples(
		unsetting,
		"hookswitch access unset --database site.db sip:alice@example.com sip:mallory@example.net",
	);
	act(unsetting, (user: string, who: string, options: Options) =>
		edit(user, options, (database, aor) => {
			const { match, value } = parseWho(who);
			if (!database.removeRule(aor, match, value))
				throw new UsageError(
					"no-rule",
					`${aor}: there is no rule for ${who}`,
					"hookswitch access show lists the rules",
				);
		}),
	);

	const defaults = databaseOption(access.command("default"))
		.description("what holds for whom no rule matches")
		.argument("<user>", userHelp)
		.option("--contact <right>", contactRights.join(", "))
		.option("--presence <right>", presenceRights.join(", "));
	examples(
		defaults,
		"hookswitch access default --database site.db sip:alice@example.com --contact allow --presence block",
	);
	act(defaults, (user: string, options: Options) =>
		edit(user, options, (database, aor) => {
			const before = database.access(aor);
			const { presence, contact } = options;
			if (presence === undefined && contact === undefined)
				throw new UsageError(
					"usage",
					"neither --contact nor --presence is given",
					"give one of them or both, for example --contact block",
				);
			if (presence !== undefined && !presenceRights.some((r) => r === presence))
				throw badRight(`--presence ${presence}`, presenceRights);
			if (contact !== undefined && !contactRights.some((r) => r === contact))
				throw badRight(`--contact ${contact}`, contactRights);
			database.setAccessDefault(
				aor,
				presence ?? before?.presence ?? "block",
				contact ?? before?.contact ?? "allow",
			);
		}),
	);

	for (const [name, help] of [
		["add", "put somebody into a group of the list"],
		["remove", "take somebody out of a group of the list"],
	] as const) {
		const grouping = databaseOption(access.command(name))
			.description(help)
			.argument("<user>", userHelp)
			.argument("<group>", "the group's name")
			.argument("<member>", "sip:bob@example.com");
		examples(
			grouping,
			`hookswitch access ${name} --database site.db sip:alice@example.com team sip:bob@example.com`,
		);
		act(
			grouping,
			(user: string, group: string, member: string, options: Options) =>
				edit(user, options, (database, aor) => {
					const uri = parseUser(member);
					if (name === "add") database.addAccessMember(aor, group, uri);
					else if (!database.removeAccessMember(aor, group, uri))
						throw new UsageError(
							"not-a-member",
							`${aor}: ${uri} is not in ${group}`,
							"hookswitch access show lists the groups",
						);
				}),
		);
	}

	const removing = databaseOption(access.command("drop"))
		.description("remove a user's whole list: the phone's settings hold again")
		.argument("<user>", userHelp);
	examples(
		removing,
		"hookswitch access drop --database site.db sip:alice@example.com",
	);
	act(removing, (user: string, options: Options) => {
		const aor = parseUser(user);
		const database = new ProfileDatabase(options.database, { create: false });
		try {
			if (!database.removeAccess(aor)) throw noList(aor);
		} finally {
			database.close();
		}
		return { ok: true, text: `${aor} has no list`, json: { for: aor } };
	});

	const showing = databaseOption(access.command("show"))
		.description("print a user's list, or whose lists there are")
		.argument("[user]", userHelp)
		.option("--xml", "as the document that phones are sent");
	examples(
		showing,
		"hookswitch access show --database site.db",
		"hookswitch access show --database site.db sip:alice@example.com --xml",
	);
	act(showing, show);
}

/** Changes a list, checks the whole, and tells what it says now; an error leaves it as it was. */
function edit(
	user: string,
	{ database: file }: Options,
	change: (database: ProfileDatabase, aor: string) => void,
): Outcome {
	const aor = parseUser(user);
	const database = new ProfileDatabase(file);
	try {
		const rows = database.transaction(() => {
			change(database, aor);
			// A list of groups alone is a list too.
			if (database.access(aor) === undefined)
				database.setAccessDefault(aor, "block", "allow");
			const rows = database.access(aor);
			if (rows === undefined) throw noList(aor);
			check(aor, rows);
			return rows;
		});
		return outcome(aor, rows);
	} finally {
		database.close();
	}
}

function check(aor: string, rows: AccessRows): void {
	const bytes = encodeAccess(host, accessDocument(aor, "0", rows));
	const [error] = decodeAccess(host, bytes).errors ?? [];
	if (error !== undefined)
		throw new UsageError(
			error.code,
			`${error.path}: ${error.message}`,
			"nothing was changed",
		);
}

function show(user: string | undefined, options: Options): Outcome {
	const database = new ProfileDatabase(options.database, { create: false });
	try {
		if (user === undefined) {
			const lists = database.accessLists();
			return { ok: true, text: lists.join("\n"), json: { lists } };
		}
		const aor = parseUser(user);
		const rows = database.access(aor);
		if (rows === undefined) throw noList(aor);
		if (options.xml !== true) return outcome(aor, rows);
		const bytes = encodeAccess(host, accessDocument(aor, "0", rows));
		const document = host.text(bytes, 0, bytes.length);
		return { ok: true, text: document, json: { for: aor, document } };
	} finally {
		database.close();
	}
}

function outcome(aor: string, rows: AccessRows): Outcome {
	const lines = rows.rules.map(
		({ match, value, presence = "-", contact = "-" }) =>
			`  ${`${match} ${value}`.trim().padEnd(40)} presence ${presence.padEnd(13)} contact ${contact}`,
	);
	const groups = new Map<string, string[]>();
	for (const { group, uri } of rows.members)
		groups.set(group, [...(groups.get(group) ?? []), uri]);
	for (const [group, members] of groups)
		lines.push(`  group ${group}: ${members.join(", ")}`);
	lines.push(
		`  ${"everybody else".padEnd(40)} presence ${rows.presence.padEnd(13)} contact ${rows.contact}`,
	);
	return {
		ok: true,
		text: [`${aor}:`, ...lines].join("\n"),
		json: {
			for: aor,
			rules: rows.rules,
			groups: Object.fromEntries(groups),
			default: { presence: rows.presence, contact: rows.contact },
		},
	};
}

function parseWho(text: string): Pick<AccessRule, "match" | "value"> {
	const rule = (match: Match, value: string) => ({ match, value });
	if (text === "anonymous") return rule("anonymous", "");
	if (/^\+?[\d.\-() ]+$/.test(text))
		return rule("number", text.replace(/[.\-() ]/g, ""));
	const [, kind, name = ""] = /^(group|domain|number):(.+)$/.exec(text) ?? [];
	if (kind === "group" || kind === "number") return rule(kind, name);
	if (kind === "domain") return rule("domain", name.toLowerCase());
	if (/^(sips?):/.test(text)) return rule("user", parseUser(text));
	if (/^tel:/.test(text)) return rule("user", text);
	throw new UsageError(
		"bad-caller",
		`${text}: neither a user nor a number, domain or group`,
		`name ${whoHelp}`,
	);
}

function badRight(what: string, rights: readonly string[]): UsageError {
	return new UsageError(
		"bad-right",
		`${what}: no such right`,
		`one of ${rights.join(", ")}`,
	);
}

function noList(aor: string): UsageError {
	return new UsageError(
		"no-list",
		`${aor} has no access list`,
		"hookswitch access allow, block or default begins one",
	);
}
