/**
 * What differs between two sets of settings, setting by setting: what a plan is
 * made from. Design §5.
 */
import type { ElementValues } from "./element.js";
import { elementPath, keyValue } from "./element.js";
import type { FieldValue, Interruption, Section } from "./field.js";
import {
	ACCOUNT,
	CREDENTIAL,
	SECTIONS,
	SERVER,
	TRUST_ANCHOR,
	USER,
} from "./fields.js";
import type { AccountSettings, ServerSettings, Settings } from "./settings.js";
import { sameValue } from "./value.js";

/** One setting that is not the same in two sets of settings. */
export interface Difference {
	/** As `profile/path.ts` writes it; what an account has otherwise than the phone as a whole stands after `account[id]/`. */
	readonly path: string;
	/** The name of the section, such as `registration`. */
	readonly part: string;
	/** The account's AoR, or empty for the phone as a whole. */
	readonly account: string;
	readonly interrupts: Interruption;
}

/** The sections that are the phone's alone, and those that stand once and that each account has its own of. */
const PHONE_SECTIONS = Object.freeze(
	SECTIONS.filter(
		(section) => !section.perAccount && section.keys.length === 0,
	),
);
const ACCOUNT_SECTIONS = Object.freeze(
	SECTIONS.filter((section) => section.perAccount && section.keys.length === 0),
);

export function differences(
	before: Settings,
	after: Settings,
): readonly Difference[] {
	return new Comparison(before, after).found;
}

class Comparison {
	readonly found: Difference[] = [];
	readonly #after: Settings;

	constructor(before: Settings, after: Settings) {
		this.#after = after;
		for (const section of PHONE_SECTIONS)
			this.#values(section, before as never, after as never, "", "");
		this.#elements(USER as never, before.users, after.users, "", "");
		this.#elements(
			TRUST_ANCHOR as never,
			before.trustAnchors,
			after.trustAnchors,
			"",
			"",
		);
		const keys = SECTIONS.find((section) => section.property === "keys");
		if (keys !== undefined)
			this.#elements(keys, before.keys, after.keys, "", "");
		// What every account shares is told once for each of them, so that each is acted on.
		if (before.accounts.length + after.accounts.length === 0)
			this.#service(before as never, after as never, "", "");
		for (const account of after.accounts) {
			const present = before.accounts.find((other) => isSame(account, other));
			if (present === undefined) this.#account(account);
			else this.#changed(present, account);
		}
		for (const account of before.accounts)
			if (!after.accounts.some((other) => isSame(account, other)))
				this.#account(account);
	}

	#add(
		path: string,
		section: Section,
		account: string,
		interrupts: Interruption,
	): void {
		this.found.push({ path, part: section.name, account, interrupts });
	}

	/** An account that came or went. */
	#account({ id, aor }: AccountSettings): void {
		this.#add(`account[${id}]`, ACCOUNT as never, aor, "registration");
	}

	#changed(before: AccountSettings, after: AccountSettings): void {
		const prefix = `account[${after.id}]`;
		this.#values(
			ACCOUNT as never,
			{ account: before } as never,
			{ account: after } as never,
			after.aor,
			"",
			"account",
			prefix,
		);
		this.#elements(
			CREDENTIAL as never,
			before.credentials,
			after.credentials,
			after.aor,
			`${prefix}/`,
		);
		this.#service(before as never, after as never, after.aor, prefix);
	}

	#service(
		before: ElementValues,
		after: ElementValues,
		account: string,
		prefix: string,
	): void {
		const whole = this.#after as unknown as ElementValues;
		for (const section of ACCOUNT_SECTIONS) {
			const isShared = after[section.property] === whole[section.property];
			this.#values(
				section,
				before,
				after,
				account,
				isShared || prefix === "" ? "" : `${prefix}/`,
			);
		}
		this.#elements(
			SERVER as never,
			before.servers as never,
			after.servers as never,
			account,
			after.servers === whole.servers || prefix === "" ? "" : `${prefix}/`,
		);
	}

	/** A section that stands once. */
	#values(
		section: Section,
		before: ElementValues,
		after: ElementValues,
		account: string,
		prefix: string,
		property = section.property,
		name = section.name,
	): void {
		const old = before[property] as unknown as ElementValues;
		const next = after[property] as unknown as ElementValues;
		if (old === next) return;
		section.rows.forEach((field, index) => {
			const key = section.properties[index] ?? "";
			if (!sameValue(field, old[key] as FieldValue, next[key] as FieldValue))
				this.#add(
					`${prefix}${name}/@${field.name}`,
					section,
					account,
					field.interrupts,
				);
		});
	}

	/** A section that repeats. */
	#elements(
		section: Section,
		before: readonly object[],
		after: readonly object[],
		account: string,
		prefix: string,
	): void {
		if (before === after) return;
		for (const element of after as readonly ElementValues[]) {
			const present = (before as readonly ElementValues[]).find((other) =>
				isKeyed(section, element, other),
			);
			if (present === undefined)
				this.#add(
					prefix + elementPath(section, element),
					section,
					account,
					interruption(section, element),
				);
			else this.#element(section, present, element, account, prefix);
		}
		for (const element of before as readonly ElementValues[])
			if (
				!(after as readonly ElementValues[]).some((other) =>
					isKeyed(section, element, other),
				)
			)
				this.#add(
					prefix + elementPath(section, element),
					section,
					account,
					interruption(section, element),
				);
	}

	#element(
		section: Section,
		before: ElementValues,
		after: ElementValues,
		account: string,
		prefix: string,
	): void {
		section.rows.forEach((field, index) => {
			const key = section.properties[index] ?? "";
			const old = before[key] as FieldValue | undefined;
			if (sameValue(field, old, after[key] as FieldValue | undefined)) return;
			this.#add(
				`${prefix}${elementPath(section, after)}/@${field.name}`,
				section,
				account,
				field.interrupts === "nothing"
					? "nothing"
					: interruption(section, after),
			);
		});
		if (section === (USER as unknown as Section))
			this.#elements(
				CREDENTIAL as never,
				before.credentials as never,
				after.credentials as never,
				account,
				`${prefix}${elementPath(section, after)}/`,
			);
	}
}

function isSame(one: AccountSettings, other: AccountSettings): boolean {
	return one.id === other.id && one.owner === other.owner;
}

function isKeyed(
	section: Section,
	one: ElementValues,
	other: ElementValues,
): boolean {
	return section.keys.every(
		(property) =>
			keyValue(section, one, property) === keyValue(section, other, property),
	);
}

/** What the coming, going or change of an element interrupts. Of servers it depends on the role. */
function interruption(section: Section, element: ElementValues): Interruption {
	if (section === (SERVER as unknown as Section)) {
		const { role } = element as unknown as ServerSettings;
		if (role === "profile") return "enrolment";
		return role === "registrar" || role === "outbound-proxy"
			? "registration"
			: "nothing";
	}
	for (const field of section.rows)
		if (field.interrupts !== "nothing") return field.interrupts;
	return "nothing";
}
