/**
 * An access list in force: what a caller may do. Design §4: the most specific match
 * decides each right on its own: user, group (of several the strictest), longest
 * number prefix, longest domain, anonymous, default.
 */
import type { Host } from "../host.js";
import {
	CONTACT_RIGHTS,
	type ContactRight,
	PRESENCE_RIGHTS,
	type PresenceRight,
} from "./document.js";
import type { CallerKey } from "./key.js";
import { type AccessTable, Kind } from "./table.js";

export interface Decision {
	readonly presence: PresenceRight;
	readonly contact: ContactRight;
}
export interface Circumstances {
	/** The caller withholds its identity. */
	readonly anonymous?: boolean;
	/** A call back after an emergency call: contact is allowed whatever the list says. */
	readonly emergencyCallBack?: boolean;
}

/** The domain of who withholds its identity (RFC 3323 §4.1.1.3). */
const ANONYMOUS_DOMAIN = "anonymous.invalid";
const NO_RIGHTS = 0;

/** Rights as a byte, as `table.ts` holds them. */
export function rightsByte(
	presence: PresenceRight | undefined,
	contact: ContactRight | undefined,
): number {
	return (
		(presence === undefined ? 0 : PRESENCE_RIGHTS.indexOf(presence) + 1) |
		((contact === undefined ? 0 : CONTACT_RIGHTS.indexOf(contact) + 1) << 4)
	);
}

/** `rights`, with what it leaves open from `others`. */
function completed(rights: number, others: number): number {
	return (
		((rights & 0x0f) === 0 ? others & 0x0f : rights & 0x0f) |
		((rights & 0xf0) === 0 ? others & 0xf0 : rights & 0xf0)
	);
}

function isComplete(rights: number): boolean {
	return (rights & 0x0f) !== 0 && (rights & 0xf0) !== 0;
}

/** What a list is made from, besides its table. */
export interface AccessHead {
	readonly for: string;
	readonly version: string;
	/** How many rules. */
	readonly size: number;
	/** Rights as bytes. */
	readonly anonymous: number;
	readonly otherwise: number;
}

export class AccessList {
	readonly for: string;
	readonly version: string;
	/** How many rules. */
	readonly size: number;
	readonly #host: Host;
	readonly #table: AccessTable;
	readonly #anonymous: number;
	readonly #otherwise: number;

	/** `table` is sealed. */
	constructor(host: Host, table: AccessTable, head: AccessHead) {
		this.#host = host;
		this.#table = table;
		this.for = head.for;
		this.version = head.version;
		this.size = head.size;
		this.#anonymous = head.anonymous;
		this.#otherwise = head.otherwise;
	}

	/** Bytes of the compiled rules. */
	get bytes(): number {
		return this.#table.bytes;
	}

	/** `before`: what holds where the list is silent: the `access` section of the settings. */
	decide(
		caller: CallerKey | undefined,
		before: Decision,
		circumstances?: Circumstances,
	): Decision {
		let rights = NO_RIGHTS;
		if (caller !== undefined) rights = this.#known(caller);
		if (
			caller === undefined ||
			caller.domain === ANONYMOUS_DOMAIN ||
			circumstances?.anonymous === true
		)
			rights = completed(rights, this.#anonymous);
		rights = completed(rights, this.#otherwise);
		return decision(rights, before, circumstances);
	}

	#known(caller: CallerKey): number {
		let rights = this.#exact(Kind.User, caller, NO_RIGHTS);
		if (isComplete(rights)) return rights;
		rights = this.#exact(Kind.Member, caller, rights);
		if (isComplete(rights)) return rights;
		if (caller.digits !== "")
			rights = this.#longest(
				Kind.Number,
				this.#host.encode(caller.digits),
				rights,
			);
		if (isComplete(rights) || caller.domain === "") return rights;
		return this.#longest(
			Kind.Domain,
			domainKey(this.#host, caller.domain),
			rights,
		);
	}

	/** By the number, where the caller has one, then by the address. */
	#exact(kind: Kind, caller: CallerKey, rights: number): number {
		const { address, number } = caller;
		let found = rights;
		if (number !== "") found = this.#row(kind, number, found);
		if (address !== "" && !isComplete(found))
			found = this.#row(kind, address, found);
		return found;
	}

	#row(kind: Kind, key: string, rights: number): number {
		const row = this.#table.find(kind, this.#host.encode(key));
		return row < 0 ? rights : completed(rights, this.#table.rights(row));
	}

	/** From the longest prefix to the shortest, until both rights are decided. */
	#longest(kind: Kind, key: Uint8Array, rights: number): number {
		let found = rights;
		let row = this.#table.findPrefix(kind, key);
		while (row >= 0 && !isComplete(found)) {
			found = completed(found, this.#table.rights(row));
			row = this.#table.parent(row);
		}
		return found;
	}
}

function decision(
	rights: number,
	before: Decision,
	circumstances: Circumstances | undefined,
): Decision {
	return {
		presence: PRESENCE_RIGHTS[(rights & 0x0f) - 1] ?? before.presence,
		contact:
			circumstances?.emergencyCallBack === true
				? "allow"
				: (CONTACT_RIGHTS[(rights >> 4) - 1] ?? before.contact),
	};
}

/** What holds before a first list has come. */
export function decideWithoutList(
	before: Decision,
	circumstances?: Circumstances,
): Decision {
	return decision(NO_RIGHTS, before, circumstances);
}

/** A domain's key: its bytes backwards and a dot, so that its sub-domains' keys start with it. */
export function domainKey(host: Host, domain: string): Uint8Array {
	const bytes = host.encode(`.${domain}`);
	return bytes.reverse();
}
