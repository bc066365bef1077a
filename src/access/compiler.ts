/**
 * Makes a list from groups and rules as they come, in any order, and says what is
 * wrong with them together: a match given twice, a group that isn't there.
 */
import type { Host } from "../host.js";
import { hostPartEnd } from "../xml/uri.js";
import { domainAt, keyBytes, prefixDigits } from "./key.js";
import { type AccessHead, AccessList, domainKey } from "./list.js";
import { AccessTable, Kind, MOST_KEY, MOST_ROWS } from "./table.js";

/** Told of what is wrong: where, the path, the code, the sentence. */
export type AccessComplaint = (
	at: number,
	path: string,
	code: string,
	message: string,
) => void;

interface Group {
	readonly id: string;
	rights: number;
	isRuled: boolean;
}
/** A rule of a group that may come later. */
interface GroupRule {
	readonly id: string;
	readonly rights: number;
	readonly at: number;
	readonly ordinal: number;
}

/** The most groups of a list: their numbers fit two bytes, and they are looked up one by one. */
export const MOST_GROUPS = 256;

export class AccessCompiler {
	readonly #host: Host;
	readonly #complain: AccessComplaint;
	readonly #table: AccessTable;
	readonly #groups: Group[] = [];
	readonly #groupRules: GroupRule[] = [];
	/** Of each row of the table: where it stands, and the rule's ordinal. */
	readonly #places: number[] = [];
	#anonymous = -1;
	#rules = 0;
	#members = 0;

	constructor(host: Host, complain: AccessComplaint) {
		this.#host = host;
		this.#complain = complain;
		this.#table = new AccessTable(host);
	}

	/** Members follow. */
	group(id: string, at: number): void {
		this.#members = 0;
		const path = `group[${id}]`;
		if (this.#groups.length >= MOST_GROUPS)
			this.#complain(
				at,
				path,
				"too-many-elements",
				`more than ${MOST_GROUPS} groups`,
			);
		else if (this.#groups.some((group) => group.id === id))
			this.#complain(at, path, "repeated-element", `${path} stands twice`);
		this.#groups.push({ id, rights: 0, isRuled: false });
	}

	/** A member of the last group: a URI. */
	member(bytes: Uint8Array, start: number, end: number, at: number): void {
		this.#members++;
		const key = keyBytes(this.#host, bytes, start, end);
		const group = this.#groups.length - 1;
		if (key === undefined) {
			this.#complain(
				at,
				`group[${this.#groups[group]?.id}]/member[${this.#members}]/@uri`,
				"bad-value",
				"'uri' must be a sip, sips or tel URI",
			);
			return;
		}
		this.#add(Kind.Member, key, 0, at, 0, group);
	}

	/** `match` is a number of `MATCHES`; a rule without rights says nothing. */
	rule(
		match: number,
		bytes: Uint8Array,
		start: number,
		end: number,
		rights: number,
		at: number,
	): void {
		const ordinal = ++this.#rules;
		const host = this.#host;
		switch (match) {
			case 0: {
				const key = keyBytes(host, bytes, start, end);
				if (key === undefined) this.#bad(at, ordinal, "a sip, sips or tel URI");
				else this.#add(Kind.User, key, rights, at, ordinal, 0);
				return;
			}
			case 1:
				this.#groupRules.push({
					id: host.text(bytes, start, end),
					rights,
					at,
					ordinal,
				});
				return;
			case 2: {
				const digits = prefixDigits(host, bytes, start, end);
				if (digits === "")
					this.#bad(at, ordinal, "the digits that a number starts with");
				else
					this.#add(Kind.Number, host.encode(digits), rights, at, ordinal, 0);
				return;
			}
			case 3: {
				if (hostPartEnd(host, bytes, start, end) !== end) {
					this.#bad(at, ordinal, "a domain name");
					return;
				}
				const domain = domainAt(host, bytes, start, end);
				this.#add(Kind.Domain, domainKey(host, domain), rights, at, ordinal, 0);
				return;
			}
			default:
				if (this.#anonymous >= 0) this.#repeated(at, ordinal);
				else this.#anonymous = rights;
		}
	}

	/** The list; its rules hold once nothing was complained of. */
	finish(whose: string, version: string, otherwise: number): AccessList {
		for (const { id, rights, at, ordinal } of this.#groupRules) {
			const group = this.#groups.find((candidate) => candidate.id === id);
			if (group === undefined)
				this.#complain(
					at,
					`rule[${ordinal}]/@value`,
					"unknown-group",
					`there is no group '${id}'`,
				);
			else if (group.isRuled) this.#repeated(at, ordinal);
			else {
				group.rights = rights;
				group.isRuled = true;
			}
		}
		this.#table.seal(
			this.#groups.map((group) => group.rights),
			(row) =>
				this.#repeated(
					this.#places[row * 2] ?? 0,
					this.#places[row * 2 + 1] ?? 0,
				),
		);
		const head: AccessHead = {
			for: whose,
			version,
			size: this.#rules,
			anonymous: Math.max(this.#anonymous, 0),
			otherwise,
		};
		return new AccessList(this.#host, this.#table, head);
	}

	#add(
		kind: Kind,
		key: Uint8Array,
		rights: number,
		at: number,
		ordinal: number,
		group: number,
	): void {
		const path = `rule[${ordinal}]/@value`;
		if (key.length > MOST_KEY) {
			this.#complain(at, path, "bad-value", "the value is too long");
			return;
		}
		if (this.#table.add(kind, key, rights, group) < 0) {
			this.#complain(
				at,
				path,
				"too-many-rules",
				`more than ${MOST_ROWS} rules and members`,
			);
			return;
		}
		this.#places.push(at, ordinal);
	}

	#bad(at: number, ordinal: number, expected: string): void {
		this.#complain(
			at,
			`rule[${ordinal}]/@value`,
			"bad-value",
			`'value' must be ${expected}`,
		);
	}

	#repeated(at: number, ordinal: number): void {
		this.#complain(
			at,
			`rule[${ordinal}]`,
			"repeated-rule",
			"the same match was given before",
		);
	}
}
