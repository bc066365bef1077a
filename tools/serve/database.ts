/**
 * The profile server's database: settings in four scopes, groups, devices and their
 * users, access lists, digest credentials, and the log of what changed. Rows in,
 * rows out: what a path or a value means is `src/profile`'s, which documents follow
 * from a row is `documents.ts`'s.
 */

import { applicationId, migrations } from "./schema.js";
import {
	openSqlite,
	pragmaNumber,
	type Sqlite,
	type Statement,
} from "./sqlite.js";

export type Scope = "local-network" | "group" | "device" | "user";

/** Whose settings: a domain or `*`, a group's name, an instance, an AoR. */
export interface Subject {
	readonly scope: Scope;
	readonly name: string;
}

export interface Setting {
	readonly path: string;
	readonly value: string;
	/** Published even if it breaks the rules: for tests of phones. */
	readonly forced?: boolean;
}

export type Match = "user" | "group" | "number" | "domain" | "anonymous";

export interface AccessRule {
	readonly match: Match;
	/** Empty for `anonymous`. */
	readonly value: string;
	readonly presence: string | undefined;
	readonly contact: string | undefined;
}

export interface AccessRows {
	readonly presence: string;
	readonly contact: string;
	readonly rules: readonly AccessRule[];
	readonly members: readonly { readonly group: string; readonly uri: string }[];
}

export interface Credential {
	readonly username: string;
	readonly realm: string;
	readonly algorithm: string;
	readonly ha1: string;
	/** The instance or AoR that it proves. */
	readonly subject: string;
}

export interface Change {
	readonly kind: Scope | "access";
	readonly subject: string;
	readonly sequence: number;
}

export class ProfileDatabase {
	readonly file: string;
	readonly #sqlite: Sqlite;
	readonly #statements = new Map<string, Statement>();

	/** @param options.create false: a missing file is an error (commands that only look) */
	constructor(file: string, options: { readonly create?: boolean } = {}) {
		this.file = file;
		this.#sqlite = openSqlite(file, {
			...options,
			applicationId,
			migrations,
			durable: true,
		});
	}

	close(): void {
		this.#sqlite.close();
	}

	/** All of `body`'s writes or none. */
	transaction<Result>(body: () => Result): Result {
		return this.#sqlite.transaction(body).immediate();
	}

	/** One look at one moment: what other processes commit meanwhile is not seen by `body`. */
	snapshot<Result>(body: () => Result): Result {
		return this.#sqlite.transaction(body).deferred();
	}

	// Settings

	settings({ scope, name }: Subject): Setting[] {
		return this.#all<[string, string, number]>(
			"SELECT path, value, forced FROM setting WHERE scope = ? AND subject = ? ORDER BY path",
			scope,
			name,
		).map(([path, value, forced]) =>
			forced === 0 ? { path, value } : { path, value, forced: true },
		);
	}

	setting({ scope, name }: Subject, path: string): string | undefined {
		return this.#all<[string]>(
			"SELECT value FROM setting WHERE scope = ? AND subject = ? AND path = ?",
			scope,
			name,
			path,
		)[0]?.[0];
	}

	set(
		{ scope, name }: Subject,
		{ path, value, forced = false }: Setting,
	): void {
		this.#run(
			`INSERT INTO setting (scope, subject, path, value, forced) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET value = excluded.value, forced = excluded.forced`,
			scope,
			name,
			path,
			value,
			forced ? 1 : 0,
		);
	}

	/** Was there one? */
	unset({ scope, name }: Subject, path: string): boolean {
		return (
			this.#run(
				"DELETE FROM setting WHERE scope = ? AND subject = ? AND path = ?",
				scope,
				name,
				path,
			) > 0
		);
	}

	/** Every subject of `scope` that has settings, or is known as a user or device. */
	subjects(scope: Scope): string[] {
		const known =
			scope === "device"
				? " UNION SELECT instance FROM device"
				: scope === "user"
					? " UNION SELECT aor FROM user"
					: scope === "group"
						? " UNION SELECT group_name FROM membership"
						: "";
		return this.#all<[string]>(
			`SELECT DISTINCT subject FROM setting WHERE scope = ?${known} ORDER BY 1`,
			scope,
		).map(([name]) => name);
	}

	// Groups

	/** The groups of a user or device, the strongest last. */
	groupsOf(member: string): string[] {
		return this.#all<[string]>(
			"SELECT group_name FROM membership WHERE member = ? ORDER BY position, group_name",
			member,
		).map(([group]) => group);
	}

	membersOf(group: string): string[] {
		return this.#all<[string]>(
			"SELECT member FROM membership WHERE group_name = ? ORDER BY member",
			group,
		).map(([member]) => member);
	}

	join(group: string, member: string, position = 0): void {
		this.#run(
			`INSERT INTO membership (group_name, member, position) VALUES (?, ?, ?)
			ON CONFLICT DO UPDATE SET position = excluded.position`,
			group,
			member,
			position,
		);
	}

	leave(group: string, member: string): boolean {
		return (
			this.#run(
				"DELETE FROM membership WHERE group_name = ? AND member = ?",
				group,
				member,
			) > 0
		);
	}

	// Devices and users

	hasDevice(instance: string): boolean {
		return (
			this.#all("SELECT 1 FROM device WHERE instance = ?", instance).length > 0
		);
	}

	hasUser(aor: string): boolean {
		return this.#all("SELECT 1 FROM user WHERE aor = ?", aor).length > 0;
	}

	addDevice(instance: string): void {
		this.#run(
			"INSERT INTO device (instance) VALUES (?) ON CONFLICT DO NOTHING",
			instance,
		);
	}

	addUser(aor: string): void {
		this.#run("INSERT INTO user (aor) VALUES (?) ON CONFLICT DO NOTHING", aor);
	}

	/** The users of a device, in the order of its accounts. */
	usersOf(instance: string): string[] {
		return this.#all<[string]>(
			"SELECT aor FROM device_user WHERE instance = ? ORDER BY position, aor",
			instance,
		).map(([aor]) => aor);
	}

	assign(instance: string, aor: string, position = 0): void {
		this.#run(
			`INSERT INTO device_user (instance, aor, position) VALUES (?, ?, ?)
			ON CONFLICT DO UPDATE SET position = excluded.position`,
			instance,
			aor,
			position,
		);
	}

	unassign(instance: string, aor: string): boolean {
		return (
			this.#run(
				"DELETE FROM device_user WHERE instance = ? AND aor = ?",
				instance,
				aor,
			) > 0
		);
	}

	// Access lists

	accessLists(): string[] {
		return this.#all<[string]>("SELECT aor FROM access_list ORDER BY aor").map(
			([aor]) => aor,
		);
	}

	access(aor: string): AccessRows | undefined {
		const [defaults] = this.#all<[string, string]>(
			"SELECT default_presence, default_contact FROM access_list WHERE aor = ?",
			aor,
		);
		if (defaults === undefined) return undefined;
		const [presence, contact] = defaults;
		const rules = this.#all<[Match, string, string | null, string | null]>(
			"SELECT match, value, presence, contact FROM access_rule WHERE aor = ? ORDER BY match, value",
			aor,
		).map(([match, value, presence, contact]) => ({
			match,
			value,
			presence: presence ?? undefined,
			contact: contact ?? undefined,
		}));
		const members = this.#all<[string, string]>(
			"SELECT group_name, uri FROM access_member WHERE aor = ? ORDER BY group_name, uri",
			aor,
		).map(([group, uri]) => ({ group, uri }));
		return { presence, contact, rules, members };
	}

	setAccessDefault(aor: string, presence: string, contact: string): void {
		this.#run(
			`INSERT INTO access_list (aor, default_presence, default_contact) VALUES (?, ?, ?)
			ON CONFLICT DO UPDATE SET default_presence = excluded.default_presence, default_contact = excluded.default_contact`,
			aor,
			presence,
			contact,
		);
	}

	/** Adds or replaces the rule for its match and value; a right that is undefined keeps what the rule says already. */
	setRule(aor: string, rule: AccessRule): void {
		this.#run(
			`INSERT INTO access_rule (aor, match, value, presence, contact) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET presence = coalesce(excluded.presence, presence), contact = coalesce(excluded.contact, contact)`,
			aor,
			rule.match,
			rule.value,
			rule.presence ?? null,
			rule.contact ?? null,
		);
	}

	removeRule(aor: string, match: Match, value: string): boolean {
		return (
			this.#run(
				"DELETE FROM access_rule WHERE aor = ? AND match = ? AND value = ?",
				aor,
				match,
				value,
			) > 0
		);
	}

	/** Removes the list with all that belongs to it. */
	removeAccess(aor: string): boolean {
		return this.transaction(() => {
			this.#run("DELETE FROM access_rule WHERE aor = ?", aor);
			this.#run("DELETE FROM access_member WHERE aor = ?", aor);
			return this.#run("DELETE FROM access_list WHERE aor = ?", aor) > 0;
		});
	}

	addAccessMember(aor: string, group: string, uri: string): void {
		this.#run(
			"INSERT INTO access_member (aor, group_name, uri) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
			aor,
			group,
			uri,
		);
	}

	removeAccessMember(aor: string, group: string, uri: string): boolean {
		return (
			this.#run(
				"DELETE FROM access_member WHERE aor = ? AND group_name = ? AND uri = ?",
				aor,
				group,
				uri,
			) > 0
		);
	}

	// Credentials

	credential(
		username: string,
		realm: string,
		algorithm: string,
	): Credential | undefined {
		const [row] = this.#all<[string, string]>(
			"SELECT ha1, subject FROM credential WHERE username = ? AND realm = ? AND algorithm = ?",
			username,
			realm,
			algorithm,
		);
		return row === undefined
			? undefined
			: { username, realm, algorithm, ha1: row[0], subject: row[1] };
	}

	setCredential(credential: Credential): void {
		this.#run(
			`INSERT INTO credential (username, realm, algorithm, ha1, subject) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET ha1 = excluded.ha1, subject = excluded.subject`,
			credential.username,
			credential.realm,
			credential.algorithm,
			credential.ha1,
			credential.subject,
		);
	}

	// Changes

	/** Changes when another connection has committed; costs microseconds. */
	dataVersion(): number {
		return this.#all<[number]>("PRAGMA data_version")[0]?.[0] ?? 0;
	}

	/** The number of the latest change. */
	lastChange(): number {
		return (
			this.#all<[number | null]>("SELECT max(sequence) FROM change")[0]?.[0] ??
			0
		);
	}

	/** Whose rows changed after change number `sequence`, each subject once, oldest first. */
	changesAfter(sequence: number): Change[] {
		return this.#all<[Change["kind"], string, number]>(
			"SELECT kind, subject, sequence FROM change WHERE sequence > ? ORDER BY sequence",
			sequence,
		).map(([kind, subject, sequence]) => ({ kind, subject, sequence }));
	}

	/** The schema's version, for `--json` output. */
	version(): number {
		return pragmaNumber(this.#sqlite, "user_version");
	}

	#statement(sql: string): Statement {
		let statement = this.#statements.get(sql);
		if (statement === undefined) {
			statement = this.#sqlite.prepare(sql);
			this.#statements.set(sql, statement);
		}
		return statement;
	}

	#all<Row>(sql: string, ...values: (string | number | null)[]): Row[] {
		return this.#statement(sql).raw().all(values) as Row[];
	}

	#run(sql: string, ...values: (string | number | null)[]): number {
		return this.#statement(sql).run(values).changes;
	}
}
