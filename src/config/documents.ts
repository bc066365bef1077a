/**
 * The documents in force, and the settings that they merge to. A document is
 * examined first (decoded, validated whole, told apart by its digest) and changes
 * nothing; `adopt` puts it in force. Design §3, §5.
 *
 * Of a document only what it gives is kept; its bytes live in storage.
 * It must not know storage, subscriptions or the phone.
 */
import { decodeAccessList } from "../access/decode.js";
import type { AccessList } from "../access/list.js";
import type { Host } from "../host.js";
import { decodeProfile } from "../profile/decode.js";
import type { ProfileDocument } from "../profile/document.js";
import { type Merged, merge, type Settings } from "../profile/settings.js";
import { canonical, identity } from "../xml/canonical.js";
import type { DocumentError } from "../xml/document-error.js";

/** What enrolment calls a document: profile types of RFC 6080, and access lists. */
export type DocumentKind = "local-network" | "device" | "user" | "access";

/** A document that may be put in force. */
export interface Candidate {
	readonly kind: "candidate";
	readonly profile: DocumentKind;
	readonly for: string;
	readonly digest: string;
	readonly version: string;
	readonly warnings: readonly DocumentError[];
	/** Canonical. */
	readonly bytes: Uint8Array;
	/** A profile without data: it says that what was there before is to be discarded (RFC 6080 §5.3.2). */
	readonly isEmpty: boolean;
	readonly document: ProfileDocument | undefined;
	readonly list: AccessList | undefined;
}
export type Examination =
	| Candidate
	| { readonly kind: "refused"; readonly errors: readonly DocumentError[] }
	/** It is in force already. */
	| { readonly kind: "same"; readonly digest: string };

interface Held {
	readonly profile: DocumentKind;
	readonly for: string;
	readonly digest: string;
	readonly document: ProfileDocument | undefined;
	readonly list: AccessList | undefined;
}

export class Documents {
	readonly #host: Host;
	#held: Held[] = [];
	#merged: Merged = merge(undefined, undefined, []);

	constructor(host: Host) {
		this.#host = host;
	}

	/** Merged and complete. */
	get settings(): Settings {
		return this.#merged.settings;
	}
	/** Does a document give the setting at this path, or is it the default? */
	gives(path: string): boolean {
		return this.#merged.origin(path) !== "default";
	}
	get count(): number {
		return this.#held.length;
	}

	holds(profile: DocumentKind, name: string): boolean {
		return this.#find(profile, name) !== undefined;
	}

	/** The access list of an account. */
	list(aor: string): AccessList | undefined {
		return this.#find("access", aor)?.list;
	}

	/** `digest`: of bytes that come from our own storage, where it need not be worked out again. */
	examine(
		profile: DocumentKind,
		name: string,
		bytes: Uint8Array,
		digest?: string,
	): Examination {
		const { largestDocument } = this.settings.provisioning;
		if (digest === undefined && bytes.length > largestDocument)
			return { kind: "refused", errors: [tooLarge(largestDocument)] };
		const decoded =
			profile === "access"
				? decodeAccessList(this.#host, bytes)
				: decodeProfile(this.#host, bytes);
		const { document, warnings } = decoded;
		if (document === undefined)
			return { kind: "refused", errors: decoded.errors };
		const isProfile = "type" in document;
		const fault = mismatch(
			profile,
			name,
			document.for,
			isProfile ? document.type : "access",
		);
		if (fault !== undefined) return { kind: "refused", errors: [fault] };
		const whole = decoded.canonical ? bytes : canonical(this.#host, bytes);
		const found = digest ?? identity(this.#host, whole);
		if (this.#find(profile, name)?.digest === found)
			return { kind: "same", digest: found };
		return {
			kind: "candidate",
			profile,
			for: name,
			digest: found,
			version: document.version,
			warnings,
			bytes: whole,
			isEmpty: isProfile && isEmpty(document),
			document: isProfile ? document : undefined,
			list: isProfile ? undefined : document,
		};
	}

	/** Puts a candidate in force. */
	adopt(candidate: Candidate): void {
		const { profile, digest, document, list } = candidate;
		const held: Held = { profile, for: candidate.for, digest, document, list };
		const before = this.#find(profile, candidate.for);
		if (before === undefined) this.#held.push(held);
		else this.#held[this.#held.indexOf(before)] = held;
		if (profile !== "access") this.#merge();
	}

	/** Takes a document out of force, and gives its name; undefined when there was none. */
	drop(profile: DocumentKind, name: string): string | undefined {
		const before = this.#find(profile, name);
		if (before === undefined) return undefined;
		this.#held = this.#held.filter((held) => held !== before);
		if (profile !== "access") this.#merge();
		return before.for;
	}

	/** Drops the profiles of users that the device no longer has, and lists of accounts that are gone; gives them. */
	dropOrphans(): readonly { profile: DocumentKind; for: string }[] {
		const { users } = this.settings;
		const orphans = this.#held.filter((held) => {
			if (held.profile === "user")
				return !users.some((user) => user.aor === held.for);
			if (held.profile !== "access") return false;
			return !this.settings.accounts.some(
				(account) => account.aor === held.for,
			);
		});
		// They are merged into nothing any more: `#merge` goes by the users that the device names.
		this.#held = this.#held.filter((held) => !orphans.includes(held));
		return orphans;
	}

	/** The device is in one network at a time: its profile takes the place of another network's. */
	#find(profile: DocumentKind, name: string): Held | undefined {
		const all = this.#held;
		for (let index = 0; index < all.length; index++) {
			const held = all[index] as Held;
			if (held.profile !== profile) continue;
			if (held.for === name || profile === "local-network") return held;
		}
		return undefined;
	}

	/** Users in the order in which the device names them: the first one's settings are the phone's own. */
	#merge(): void {
		const local = this.#held.find((held) => held.profile === "local-network");
		const device = this.#held.find((held) => held.profile === "device");
		const users: ProfileDocument[] = [];
		for (const { aor } of device?.document?.users ?? []) {
			if (aor === undefined) continue;
			const document = this.#find("user", aor)?.document;
			if (document !== undefined) users.push(document);
		}
		this.#merged = merge(local?.document, device?.document, users);
	}
}

/** Does a profile give nothing but whose it is? */
function isEmpty(document: ProfileDocument): boolean {
	for (const name in document)
		if (name !== "type" && name !== "for" && name !== "version") return false;
	return true;
}

function tooLarge(limit: number): DocumentError {
	return {
		line: 1,
		column: 1,
		path: "",
		code: "xml-too-large",
		message: `the document is longer than the ${limit} bytes of provisioning/@largest-document`,
	};
}

/** A document that is of another kind or of somebody else than was asked for. */
function mismatch(
	profile: DocumentKind,
	name: string,
	whose: string,
	type: string,
): DocumentError | undefined {
	if (type !== profile)
		return {
			line: 1,
			column: 1,
			path: "profile/@type",
			code: "wrong-type",
			message: `a ${profile} profile was asked for`,
		};
	// A site may have one profile for all its devices and networks; users and lists are somebody's.
	const personal = profile === "user" || profile === "access";
	if (personal && whose.toLowerCase() !== name.toLowerCase())
		return {
			line: 1,
			column: 1,
			path: profile === "access" ? "access/@for" : "profile/@for",
			code: "wrong-subject",
			message: `the document of ${name} was asked for`,
		};
	return undefined;
}
