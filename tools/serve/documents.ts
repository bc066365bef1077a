/**
 * From rows to documents: which documents a change of the database concerns, their
 * canonical bytes, their identity, and a version number that counts their changes.
 * A document whose bytes are what they were has not changed.
 */

import { ACCESS_TYPE } from "../../src/access/document.js";
import { encodeAccess } from "../../src/access/encode.js";
import type { Host } from "../../src/host.js";
import { encodeProfile } from "../../src/profile/encode.js";
import type { ProfileType } from "../../src/profile/field.js";
import { PROFILE_TYPE } from "../../src/profile/fields.js";
import { identity } from "../../src/xml/canonical.js";
import { accessDocument } from "./access-document.js";
import type { Change, ProfileDatabase } from "./database.js";
import {
	profileDocument,
	type RowProblem,
	withForced,
} from "./profile-document.js";

export type Profile = ProfileType | "access";

/** What a subscription is for, as one text: the notifier's key. */
export interface DocumentName {
	readonly profile: Profile;
	/** A domain, an instance, an AoR. */
	readonly subject: string;
}

export interface PublishedDocument {
	readonly type: string;
	readonly bytes: Uint8Array;
	readonly etag: string;
	readonly version: number;
}

/** Where version numbers are kept. */
export interface Versions {
	version(
		profile: string,
		subject: string,
	): { readonly content: string; readonly version: number } | undefined;
	setVersion(
		profile: string,
		subject: string,
		to: { readonly content: string; readonly version: number },
	): void;
}

export function keyOf({ profile, subject }: DocumentName): string {
	return `${profile} ${subject}`;
}

export function nameOf(key: string): DocumentName {
	const space = key.indexOf(" ");
	return {
		profile: key.slice(0, space) as Profile,
		subject: key.slice(space + 1),
	};
}

/** The documents that may look different after the changes. For local networks, `*` as subject stands for all of them. */
export function concerned(
	database: ProfileDatabase,
	changes: readonly Change[],
): DocumentName[] {
	const names = new Map<string, DocumentName>();
	const add = (profile: Profile, subject: string) =>
		names.set(keyOf({ profile, subject }), { profile, subject });
	for (const { kind, subject } of changes) {
		if (kind !== "group") add(kind, subject);
		else
			for (const member of database.membersOf(subject))
				add(member.startsWith("urn:") ? "device" : "user", member);
	}
	return [...names.values()];
}

export class Documents {
	readonly #host: Host;
	readonly #database: ProfileDatabase;
	readonly #versions: Versions;
	readonly #problem: (name: DocumentName, problem: RowProblem) => void;
	readonly #published = new Map<string, PublishedDocument>();

	constructor(
		host: Host,
		database: ProfileDatabase,
		versions: Versions,
		problem: (name: DocumentName, problem: RowProblem) => void,
	) {
		this.#host = host;
		this.#database = database;
		this.#versions = versions;
		this.#problem = problem;
	}

	/** As it was published last; read from the database the first time. undefined: there is none. */
	get(name: DocumentName): PublishedDocument | undefined {
		return this.#published.get(keyOf(name)) ?? this.refresh(name).document;
	}

	/** Reads it anew. */
	refresh(name: DocumentName): {
		readonly document: PublishedDocument | undefined;
		readonly changed: boolean;
	} {
		const key = keyOf(name);
		const before = this.#published.get(key);
		const document = this.#database.snapshot(() => this.#read(name));
		if (document === undefined) this.#published.delete(key);
		else this.#published.set(key, document);
		return { document, changed: document?.etag !== before?.etag };
	}

	/** Nobody is subscribed any more. */
	forget(name: DocumentName): void {
		this.#published.delete(keyOf(name));
	}

	#read(name: DocumentName): PublishedDocument | undefined {
		const { profile, subject } = name;
		const encode = this.#encoder(name);
		if (encode === undefined) return undefined;
		const content = identity(this.#host, encode("0"));
		const stored = this.#versions.version(profile, subject);
		const isSame = stored?.content === content;
		const version = (stored?.version ?? 0) + (isSame ? 0 : 1);
		if (!isSame)
			this.#versions.setVersion(profile, subject, { content, version });
		const bytes = encode(String(version));
		return {
			type: profile === "access" ? ACCESS_TYPE : PROFILE_TYPE,
			bytes,
			etag: identity(this.#host, bytes),
			version,
		};
	}

	/** Reads the rows, and gives what writes them as a document of a version. */
	#encoder(name: DocumentName): ((version: string) => Uint8Array) | undefined {
		const { profile, subject } = name;
		const host = this.#host;
		if (profile === "access") {
			const rows = this.#database.access(subject);
			if (rows === undefined) return undefined;
			const document = accessDocument(subject, "0", rows);
			return (version) => encodeAccess(host, { ...document, version });
		}
		const found = profileDocument(host, this.#database, profile, subject, "0");
		if (found === undefined) return undefined;
		const { document, forced, problems } = found;
		for (const problem of problems) this.#problem(name, problem);
		return (version) =>
			withForced(host, encodeProfile(host, { ...document, version }), forced);
	}
}
