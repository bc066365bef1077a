/**
 * Merges documents field by field, by the rule that each field's row states. What
 * no document gives has the row's default. Design §3.
 *
 * A chain of documents runs from the general to the specific: local-network,
 * device, user. Sections that each account has its own of follow the chain of the
 * account's owner; all others follow one chain with every user in it, in which the
 * first user has the last word.
 */
import type { GivenServer, ProfileDocument } from "./document.js";
import type { ElementValues } from "./element.js";
import { sameKeys } from "./element.js";
import type {
	Field,
	FieldTable,
	FieldValue,
	Section,
	Values,
} from "./field.js";
import {
	ACCESS,
	ACCOUNT,
	AUDIO,
	CALL,
	CREDENTIAL,
	KEY,
	NETWORK,
	PROVIDER,
	PROVISIONING,
	REGISTRATION,
	SECTIONS,
	SECURITY,
	SERVER,
	SESSIONS,
	TRUST_ANCHOR,
	VIDEO,
} from "./fields.js";
import { originOf } from "./origin.js";
import { beats, type Chain, chain } from "./rule.js";
import type {
	AccountSettings,
	CredentialSettings,
	Merged,
	ServerSettings,
	Service,
	Settings,
	UserSettings,
} from "./settings.js";

/** Every section's defaults, in the order of `SECTIONS`, made once and shared by all settings. */
const DEFAULTS: readonly Readonly<ElementValues>[] = Object.freeze(
	SECTIONS.map(defaultsOf),
);

function defaultsOf(section: Section): Readonly<ElementValues> {
	const values: ElementValues = {};
	section.rows.forEach((field, index) => {
		values[section.properties[index] ?? ""] = field.fallback as FieldValue;
	});
	return Object.freeze(values);
}

/** The merged and complete settings. `users` in the order in which the device names them. */
export function merge(
	localNetwork: ProfileDocument | undefined,
	device: ProfileDocument | undefined,
	users: readonly ProfileDocument[],
): Merged {
	const common = chain(localNetwork, device);
	const whole = chain(localNetwork, device, ...[...users].reverse());
	const service = serviceOf(chain(localNetwork, device, users[0]));
	const accounts: AccountSettings[] = [];
	if (localNetwork !== undefined)
		addAccounts(accounts, localNetwork, serviceOf([localNetwork]));
	if (device !== undefined)
		addAccounts(
			accounts,
			device,
			users.length === 0 ? service : serviceOf(common),
		);
	for (let index = 0; index < users.length; index++) {
		const user = users[index] as ProfileDocument;
		addAccounts(
			accounts,
			user,
			index === 0 ? service : serviceOf([...common, user]),
		);
	}
	const settings: Settings = {
		...service,
		users: (device?.users ?? []).map(userSettings),
		accounts,
		audio: mergeSection(AUDIO, whole),
		video: mergeSection(VIDEO, whole),
		keys: mergeElements(KEY, whole),
		network: mergeSection(NETWORK, whole),
		security: mergeSection(SECURITY, whole),
		trustAnchors: mergeElements(TRUST_ANCHOR, whole),
		provisioning: mergeSection(PROVISIONING, whole),
	};
	return {
		settings,
		origin: (path) => originOf(localNetwork, device, users, path),
	};
}

function serviceOf(documents: Chain): Service {
	return {
		servers: mergeServers(documents),
		provider: mergeSection(PROVIDER, documents),
		sessions: mergeSection(SESSIONS, documents),
		registration: mergeSection(REGISTRATION, documents),
		call: mergeSection(CALL, documents),
		access: mergeSection(ACCESS, documents),
	};
}

/** One section's values, shared with the defaults where no document gives any. */
function mergeSection<Table extends FieldTable>(
	section: Section<Table>,
	documents: Chain,
): Values<Table> {
	const anySection = section as unknown as Section;
	let merged = DEFAULTS[SECTIONS.indexOf(anySection)] ?? {};
	let givers = 0;
	for (let index = 0; index < documents.length; index++) {
		const given = givenOf(anySection, documents[index] as ProfileDocument);
		if (given === undefined) continue;
		// The specific comes last and wins; other rules are seen to below.
		merged = { ...merged, ...given };
		givers++;
	}
	if (givers > 1) mergeByRules(anySection, documents, merged as ElementValues);
	return merged as Values<Table>;
}

/** What a document gives of a section that stands once. */
function givenOf(
	section: Section,
	document: ProfileDocument,
): ElementValues | undefined {
	return (document as unknown as ElementValues)[section.property] as
		| ElementValues
		| undefined;
}

/** What a document gives of a section that repeats. */
function elementsOf(
	section: Section,
	document: ProfileDocument,
): readonly ElementValues[] {
	return ((document as unknown as ElementValues)[section.property] ??
		NONE) as readonly ElementValues[];
}
const NONE: readonly ElementValues[] = Object.freeze([]);

function mergeByRules(
	section: Section,
	documents: Chain,
	merged: ElementValues,
): void {
	const { ruled } = section;
	for (let index = 0; index < ruled.length; index++) {
		const row = ruled[index] as number;
		const field = section.rows[row] as Field;
		const property = section.properties[row] as string;
		let winner: FieldValue | undefined;
		for (let at = 0; at < documents.length; at++) {
			const value = givenOf(section, documents[at] as ProfileDocument)?.[
				property
			] as FieldValue | undefined;
			if (value === undefined) continue;
			if (winner === undefined || beats(field, value, winner)) winner = value;
		}
		if (winner !== undefined) merged[property] = winner;
	}
}

/** Elements that repeat: one with the same keys replaces the more general one. */
function mergeElements<Table extends FieldTable>(
	section: Section<Table>,
	documents: Chain,
): readonly Values<Table>[] {
	const anySection = section as unknown as Section;
	const defaults = DEFAULTS[SECTIONS.indexOf(anySection)];
	const merged: ElementValues[] = [];
	for (let at = 0; at < documents.length; at++) {
		const given = elementsOf(anySection, documents[at] as ProfileDocument);
		// A document holds each combination of keys once.
		const before = merged.length;
		for (let index = 0; index < given.length; index++) {
			const element = given[index] as ElementValues;
			const complete = { ...defaults, ...element };
			let same = 0;
			while (
				same < before &&
				!sameKeys(anySection, merged[same] as ElementValues, element)
			)
				same++;
			if (same < before) merged[same] = complete;
			else merged.push(complete);
		}
	}
	return merged as unknown as readonly Values<Table>[];
}

const NO_SERVERS: readonly GivenServer[] = Object.freeze([]);

/** The most specific document that names a role gives all servers of that role. */
function mergeServers(documents: Chain): readonly ServerSettings[] {
	const servers: ServerSettings[] = [];
	for (let index = documents.length - 1; index >= 0; index--) {
		const taken = servers.length;
		const all = documents[index]?.servers ?? NO_SERVERS;
		for (let at = 0; at < all.length; at++) {
			const given = all[at] as GivenServer;
			const role = given.role ?? "registrar";
			let isTaken = false;
			for (let other = 0; other < taken; other++)
				isTaken ||= servers[other]?.role === role;
			if (isTaken) continue;
			servers.push({
				role,
				uri:
					given.uri ??
					`${role === "stun" ? "stun" : "sip"}:${given.domain ?? ""}`,
				priority: given.priority ?? SERVER.fields.priority.fallback,
			});
		}
	}
	if (servers.length < 2) return servers;
	const { words } = SERVER.fields.role;
	return servers.sort(
		(one, other) =>
			words.indexOf(one.role) - words.indexOf(other.role) ||
			one.priority - other.priority,
	);
}

function userSettings(
	user: NonNullable<ProfileDocument["users"]>[number],
): UserSettings {
	const aor = user.aor ?? "";
	return {
		aor,
		credentials: (user.credentials ?? []).map((given) =>
			credentialSettings(given, userPart(aor)),
		),
	};
}

const ACCOUNT_DEFAULTS = defaultsOf(ACCOUNT as unknown as Section);
const CREDENTIAL_DEFAULTS = defaultsOf(CREDENTIAL as unknown as Section);

function addAccounts(
	accounts: AccountSettings[],
	document: ProfileDocument,
	service: Service,
): void {
	for (const given of document.accounts ?? []) {
		const user = given.authUser || userPart(given.aor ?? "");
		accounts.push({
			...(ACCOUNT_DEFAULTS as unknown as Values<typeof ACCOUNT.fields>),
			...given,
			...service,
			authUser: user,
			owner: document.for,
			credentials: (given.credentials ?? []).map((credential) =>
				credentialSettings(credential, user),
			),
		});
	}
}

function credentialSettings(
	given: object & { readonly user?: string },
	user: string,
): CredentialSettings {
	return {
		...(CREDENTIAL_DEFAULTS as unknown as CredentialSettings),
		...given,
		user: given.user || user,
	};
}

/** The user part of an AoR, unescaped; empty when it has none. */
export function userPart(aor: string): string {
	const end = aor.indexOf("@");
	if (end < 0) return "";
	const user = aor.slice(aor.indexOf(":") + 1, end).split(":")[0] ?? "";
	if (!user.includes("%")) return user;
	try {
		return decodeURIComponent(user);
	} catch {
		// Escapes that make no UTF-8: taken as they are written.
		return user;
	}
}
