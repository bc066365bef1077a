/**
 * The tables of the profile server's database and how older files grow into them.
 *
 * Each change of a row is logged by a trigger, so that plain SQL written by any
 * program counts as a change. The log keeps one row for each subject, with the
 * number of its latest change; its statements cannot conflict, because SQLite
 * passes the outer statement's OR IGNORE or OR REPLACE on to triggers.
 */

/** "HSWD": tells a Hookswitch database from somebody else's SQLite file. */
export const applicationId = 0x48535744;

const tables = `
CREATE TABLE device (
	instance TEXT PRIMARY KEY NOT NULL           -- urn:uuid:…, lower case
) WITHOUT ROWID;

CREATE TABLE user (
	aor TEXT PRIMARY KEY NOT NULL                -- sip:alice@example.com
) WITHOUT ROWID;

-- Whose phone it is; the order is that of the phone's accounts.
CREATE TABLE device_user (
	instance TEXT NOT NULL,
	aor      TEXT NOT NULL,
	position INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (instance, aor)
) WITHOUT ROWID;

-- One row for each setting: registration/@expires = 600.
CREATE TABLE setting (
	scope   TEXT NOT NULL CHECK (scope IN ('local-network', 'group', 'device', 'user')),
	subject TEXT NOT NULL,                       -- domain or '*', group name, instance, AoR
	path    TEXT NOT NULL,
	value   TEXT NOT NULL,
	forced  INTEGER NOT NULL DEFAULT 0,          -- 1: published even if it breaks the rules (for tests)
	PRIMARY KEY (scope, subject, path)
) WITHOUT ROWID;

-- A member is a user's AoR or a device's instance. Where two groups set the same path, the higher position wins.
CREATE TABLE membership (
	group_name TEXT NOT NULL,
	member     TEXT NOT NULL,
	position   INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (group_name, member)
) WITHOUT ROWID;
CREATE INDEX membership_by_member ON membership (member, position, group_name);

-- An access list exists where this table has a row for it.
CREATE TABLE access_list (
	aor              TEXT PRIMARY KEY NOT NULL,
	default_presence TEXT NOT NULL DEFAULT 'block',
	default_contact  TEXT NOT NULL DEFAULT 'allow'
) WITHOUT ROWID;

CREATE TABLE access_rule (
	aor      TEXT NOT NULL,
	match    TEXT NOT NULL CHECK (match IN ('user', 'group', 'number', 'domain', 'anonymous')),
	value    TEXT NOT NULL DEFAULT '',           -- empty for anonymous
	presence TEXT,
	contact  TEXT,
	PRIMARY KEY (aor, match, value)
) WITHOUT ROWID;

CREATE TABLE access_member (
	aor        TEXT NOT NULL,
	group_name TEXT NOT NULL,
	uri        TEXT NOT NULL,
	PRIMARY KEY (aor, group_name, uri)
) WITHOUT ROWID;

-- Digest credentials, never passwords: ha1 = H(username ":" realm ":" password), RFC 8760.
CREATE TABLE credential (
	username  TEXT NOT NULL,
	realm     TEXT NOT NULL,
	algorithm TEXT NOT NULL CHECK (algorithm IN ('MD5', 'SHA-256', 'SHA-512-256')),
	ha1       TEXT NOT NULL,
	subject   TEXT NOT NULL,                     -- the instance or AoR that it proves
	PRIMARY KEY (username, realm, algorithm)
) WITHOUT ROWID;

CREATE TABLE change (
	kind     TEXT NOT NULL,                      -- local-network, group, device, user, access
	subject  TEXT NOT NULL,
	sequence INTEGER NOT NULL,
	PRIMARY KEY (kind, subject)
) WITHOUT ROWID;
CREATE INDEX change_by_sequence ON change (sequence);
`;

interface Logged {
	readonly table: string;
	readonly kind: string;
	readonly subject: string;
	readonly columns: readonly string[];
}

const logged: readonly Logged[] = [
	{ table: "device", kind: "'device'", subject: "$.instance", columns: [] },
	{ table: "user", kind: "'user'", subject: "$.aor", columns: [] },
	{
		table: "device_user",
		kind: "'device'",
		subject: "$.instance",
		columns: ["aor", "position"],
	},
	{
		table: "setting",
		kind: "$.scope",
		subject: "$.subject",
		columns: ["path", "value", "forced"],
	},
	{
		table: "membership",
		kind: "CASE WHEN $.member LIKE 'urn:%' THEN 'device' ELSE 'user' END",
		subject: "$.member",
		columns: ["group_name", "position"],
	},
	{
		table: "access_list",
		kind: "'access'",
		subject: "$.aor",
		columns: ["default_presence", "default_contact"],
	},
	{
		table: "access_rule",
		kind: "'access'",
		subject: "$.aor",
		columns: ["match", "value", "presence", "contact"],
	},
	{
		table: "access_member",
		kind: "'access'",
		subject: "$.aor",
		columns: ["group_name", "uri"],
	},
];

/** Two statements without a conflict between them; see the head of the file. */
function log({ kind, subject }: Logged, row: "NEW" | "OLD"): string {
	const kindOf = kind.replaceAll("$", row);
	const subjectOf = subject.replaceAll("$", row);
	const next = "(SELECT coalesce(max(sequence), 0) + 1 FROM change)";
	return `
	UPDATE change SET sequence = ${next} WHERE kind = ${kindOf} AND subject = ${subjectOf};
	INSERT INTO change (kind, subject, sequence) SELECT ${kindOf}, ${subjectOf}, ${next}
		WHERE NOT EXISTS (SELECT 1 FROM change WHERE kind = ${kindOf} AND subject = ${subjectOf});`;
}

function triggers(of: Logged): string {
	const changed = [...of.columns, ...identity(of)]
		.map((column) => `OLD.${column} IS NOT NEW.${column}`)
		.join(" OR ");
	return `
CREATE TRIGGER ${of.table}_added AFTER INSERT ON ${of.table} BEGIN${log(of, "NEW")}
END;
CREATE TRIGGER ${of.table}_removed AFTER DELETE ON ${of.table} BEGIN${log(of, "OLD")}
END;
CREATE TRIGGER ${of.table}_changed AFTER UPDATE ON ${of.table} WHEN ${changed} BEGIN${log(of, "OLD")}${log(of, "NEW")}
END;`;
}

/** The columns that `kind` and `subject` are made of. */
function identity({ kind, subject }: Logged): string[] {
	return [...`${kind} ${subject}`.matchAll(/\$\.(\w+)/g)].map(
		(match) => match[1] ?? "",
	);
}

/** Whoever is mentioned exists: plain SQL need not know that there are tables of users, devices and lists. */
const mentioned = `
CREATE TRIGGER setting_names_user AFTER INSERT ON setting WHEN NEW.scope = 'user' BEGIN
	INSERT INTO user (aor) SELECT NEW.subject WHERE NOT EXISTS (SELECT 1 FROM user WHERE aor = NEW.subject);
END;
CREATE TRIGGER setting_names_device AFTER INSERT ON setting WHEN NEW.scope = 'device' BEGIN
	INSERT INTO device (instance) SELECT NEW.subject WHERE NOT EXISTS (SELECT 1 FROM device WHERE instance = NEW.subject);
END;
CREATE TRIGGER device_user_names_device AFTER INSERT ON device_user BEGIN
	INSERT INTO device (instance) SELECT NEW.instance WHERE NOT EXISTS (SELECT 1 FROM device WHERE instance = NEW.instance);
	INSERT INTO user (aor) SELECT NEW.aor WHERE NOT EXISTS (SELECT 1 FROM user WHERE aor = NEW.aor);
END;
CREATE TRIGGER access_rule_names_list AFTER INSERT ON access_rule BEGIN
	INSERT INTO access_list (aor) SELECT NEW.aor WHERE NOT EXISTS (SELECT 1 FROM access_list WHERE aor = NEW.aor);
END;
`;

/** Migration n brings a file of version n to version n + 1. A released one is never edited. */
export const migrations: readonly string[] = [
	`${tables}${logged.map(triggers).join("")}${mentioned}`,
];
