/** `hookswitch profile join, leave, assign, unassign, password`: who belongs to whom, and who may ask. */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { hashed } from "../serve/credentials.js";
import { ProfileDatabase } from "../serve/database.js";
import { UsageError } from "../usage-error.js";
import { act, examples, type Outcome } from "./outcome.js";
import { databaseOption, host, parseSubject, parseUser } from "./subject.js";

interface Options {
	readonly database: string;
	readonly position?: string;
	readonly user?: string;
	readonly realm: string;
}

export function register(profile: Command): void {
	const joining = databaseOption(profile.command("join"))
		.description("put a user or device into a group")
		.argument("<group>", "its name")
		.argument("<member>", "sip:user@domain or urn:uuid:…")
		.option(
			"--position <n>",
			"of two groups that set the same path, the one with the higher position wins",
			"0",
		);
	examples(
		joining,
		"hookswitch profile join --database site.db sales sip:alice@example.com",
	);
	act(joining, (group: string, member: string, options: Options) =>
		edit(options, (database) => {
			database.join(group, memberName(member), position(options));
			return `${member} is in ${group}`;
		}),
	);

	const leaving = databaseOption(profile.command("leave"))
		.description("take a user or device out of a group")
		.argument("<group>", "its name")
		.argument("<member>", "sip:user@domain or urn:uuid:…");
	examples(
		leaving,
		"hookswitch profile leave --database site.db sales sip:alice@example.com",
	);
	act(leaving, (group: string, member: string, options: Options) =>
		edit(options, (database) => {
			if (!database.leave(group, memberName(member)))
				throw new UsageError(
					"not-a-member",
					`${member} is not in ${group}`,
					`its members: ${database.membersOf(group).join(", ") || "none"}`,
				);
			return `${member} is no longer in ${group}`;
		}),
	);

	const assigning = databaseOption(profile.command("assign"))
		.description("give a device to a user: it enrols for the user's profile")
		.argument("<device>", "urn:uuid:…")
		.argument("<user>", "sip:user@domain")
		.option("--position <n>", "order of the phone's accounts", "0");
	examples(
		assigning,
		"hookswitch profile assign --database site.db urn:uuid:00000000-0000-1000-8000-000000000001 sip:alice@example.com",
	);
	act(assigning, (device: string, user: string, options: Options) =>
		edit(options, (database) => {
			const aor = parseUser(user);
			database.assign(deviceName(device), aor, position(options));
			return `${device} is a phone of ${aor}`;
		}),
	);

	const unassigning = databaseOption(profile.command("unassign"))
		.description("take a device from a user")
		.argument("<device>", "urn:uuid:…")
		.argument("<user>", "sip:user@domain");
	examples(
		unassigning,
		"hookswitch profile unassign --database site.db urn:uuid:00000000-0000-1000-8000-000000000001 sip:alice@example.com",
	);
	act(unassigning, (device: string, user: string, options: Options) =>
		edit(options, (database) => {
			if (!database.unassign(deviceName(device), parseUser(user)))
				throw new UsageError(
					"not-assigned",
					`${device} is not a phone of ${user}`,
					`its users: ${database.usersOf(deviceName(device)).join(", ") || "none"}`,
				);
			return `${device} is no longer a phone of ${user}`;
		}),
	);

	const password = databaseOption(profile.command("password"))
		.description(
			"set what a user or device proves itself with; the password comes on stdin and only its digests are kept",
		)
		.argument("<subject>", "sip:user@domain or urn:uuid:…")
		.requiredOption("--realm <realm>", "the server's realm: its first domain")
		.option(
			"--user <name>",
			"user name (default: the address's user part, or the device's URN)",
		);
	examples(
		password,
		"hookswitch profile password --database site.db sip:alice@example.com --realm example.com < password.txt",
	);
	act(password, (subjectOf: string, options: Options) => {
		const subject = memberName(subjectOf);
		const user =
			options.user ?? /^sips?:([^@]+)@/.exec(subject)?.[1] ?? subject;
		const secret = readFileSync(0, "utf8").replace(/\r?\n$/, "");
		if (secret === "")
			throw new UsageError(
				"no-password",
				"stdin is empty: no password",
				"write it to stdin, as in the example of --help",
			);
		return edit(options, (database) => {
			for (const { algorithm, ha1 } of hashed(
				host,
				user,
				options.realm,
				secret,
			))
				database.setCredential({
					username: user,
					realm: options.realm,
					algorithm,
					ha1,
					subject,
				});
			return `${subject} proves itself as ${user} in ${options.realm}`;
		});
	});
}

function edit(
	{ database: file }: Options,
	body: (database: ProfileDatabase) => string,
): Outcome {
	const database = new ProfileDatabase(file);
	try {
		const text = body(database);
		return { ok: true, text, json: { text } };
	} finally {
		database.close();
	}
}

function memberName(text: string): string {
	const { scope, name } = parseSubject(text);
	if (scope === "user" || scope === "device") return name;
	throw new UsageError(
		"bad-member",
		`${text}: neither a user nor a device`,
		"write it like sip:alice@example.com or urn:uuid:…",
	);
}

function deviceName(text: string): string {
	const { scope, name } = parseSubject(text);
	if (scope === "device") return name;
	throw new UsageError(
		"bad-device",
		`${text}: not a device`,
		"write it like urn:uuid:00000000-0000-1000-8000-000000000001",
	);
}

function position({ position = "0" }: Options): number {
	if (/^-?\d{1,9}$/.test(position)) return Number(position);
	throw new UsageError(
		"bad-position",
		`--position ${position}: not a whole number`,
		"write it like --position 2",
	);
}
