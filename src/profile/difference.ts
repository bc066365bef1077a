/**
 * What differs between two sets of settings, setting by setting: what a plan is
 * made from. Design §5.
 */
import type { ElementValues } from "./element.js";
import { elementPath, sameKeys } from "./element.js";
import type { Field, FieldValue, Interruption, Section } from "./field.js";
import {
	ACCOUNT,
	CREDENTIAL,
	KEY,
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
		for (let index = 0; index < PHONE_SECTIONS.length; index++) {
			const section = PHONE_SECTIONS[index] as Section;
			this.#section(section, before as never, after as never, "", "");
		}
		this.#elements(USER as never, before.users, after.users, "", "");
		this.#elements(KEY as never, before.keys, after.keys, "", "");
		this.#elements(
			TRUST_ANCHOR as never,
			before.trustAnchors,
			after.trustAnchors,
			"",
			"",
		);
		// What every account shares is told once for each of them, so that each is acted on.
		if (before.accounts.length + after.accounts.length === 0)
			this.#service(before as never, after as never, "", "");
		this.#accounts(before.accounts, after.accounts);
	}

	#accounts(
		before: readonly AccountSettings[],
		after: readonly AccountSettings[],
	): void {
		for (let index = 0; index < after.length; index++) {
			const account = after[index] as AccountSettings;
			const present = accountAmong(account, before);
			if (present === undefined) this.#account(account);
			else this.#changed(present, account);
		}
		for (let index = 0; index < before.length; index++) {
			const account = before[index] as AccountSettings;
			if (accountAmong(account, after) === undefined) this.#account(account);
		}
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
		const path = `account[${after.id}]`;
		this.#values(
			ACCOUNT as never,
			before as never,
			after as never,
			after.aor,
			path,
		);
		this.#elements(
			CREDENTIAL as never,
			before.credentials,
			after.credentials,
			after.aor,
			`${path}/`,
		);
		this.#service(before as never, after as never, after.aor, `${path}/`);
	}

	/** `prefix`: of paths to what is not the same as the phone's own. */
	#service(
		before: ElementValues,
		after: ElementValues,
		account: string,
		prefix: string,
	): void {
		const whole = this.#after as unknown as ElementValues;
		for (let index = 0; index < ACCOUNT_SECTIONS.length; index++) {
			const section = ACCOUNT_SECTIONS[index] as Section;
			const { property } = section;
			const isShared = after[property] === whole[property];
			this.#section(section, before, after, account, isShared ? "" : prefix);
		}
		this.#elements(
			SERVER as never,
			before.servers as never,
			after.servers as never,
			account,
			after.servers === whole.servers ? "" : prefix,
		);
	}

	/** A section that stands once. */
	#section(
		section: Section,
		before: ElementValues,
		after: ElementValues,
		account: string,
		prefix: string,
	): void {
		const old = before[section.property] as unknown as ElementValues;
		const next = after[section.property] as unknown as ElementValues;
		if (old !== next)
			this.#values(section, old, next, account, prefix + section.name);
	}

	/** The values of one element; `element`: one that repeats, whose path is put after `path`. */
	#values(
		section: Section,
		before: ElementValues,
		after: ElementValues,
		account: string,
		path: string,
		element?: ElementValues,
	): void {
		const { properties, rows } = section;
		for (let index = 0; index < rows.length; index++) {
			const property = properties[index] as string;
			const old = before[property] as FieldValue | undefined;
			const next = after[property] as FieldValue | undefined;
			const field = rows[index] as Field;
			if (old === next || sameValue(field, old, next)) continue;
			const { interrupts } = field;
			const own = element === undefined ? "" : elementPath(section, element);
			this.#add(
				`${path}${own}/@${field.name}`,
				section,
				account,
				element === undefined || interrupts === "nothing"
					? interrupts
					: interruption(section, element),
			);
		}
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
		for (let index = 0; index < after.length; index++) {
			const element = after[index] as ElementValues;
			const present = elementAmong(section, element, before as never, index);
			if (present === undefined) {
				this.#whole(section, element, account, prefix);
				continue;
			}
			this.#values(section, present, element, account, prefix, element);
			if (section === (USER as unknown as Section))
				this.#elements(
					CREDENTIAL as never,
					present.credentials as never,
					element.credentials as never,
					account,
					`${prefix}${elementPath(section, element)}/`,
				);
		}
		for (let index = 0; index < before.length; index++) {
			const element = before[index] as ElementValues;
			if (elementAmong(section, element, after as never, index) === undefined)
				this.#whole(section, element, account, prefix);
		}
	}

	/** An element that came or went. */
	#whole(
		section: Section,
		element: ElementValues,
		account: string,
		prefix: string,
	): void {
		this.#add(
			prefix + elementPath(section, element),
			section,
			account,
			interruption(section, element),
		);
	}
}

function accountAmong(
	account: AccountSettings,
	accounts: readonly AccountSettings[],
): AccountSettings | undefined {
	for (let index = 0; index < accounts.length; index++) {
		const other = accounts[index] as AccountSettings;
		if (account.id === other.id && account.owner === other.owner) return other;
	}
	return undefined;
}

/** The element with the same keys; most often it stands at the same place. */
function elementAmong(
	section: Section,
	element: ElementValues,
	elements: readonly ElementValues[],
	place: number,
): ElementValues | undefined {
	const likely = elements[place];
	if (likely !== undefined && sameKeys(section, element, likely)) return likely;
	for (let index = 0; index < elements.length; index++) {
		const other = elements[index] as ElementValues;
		if (sameKeys(section, element, other)) return other;
	}
	return undefined;
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
