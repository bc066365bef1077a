/** Settings for eyes: as plain values, every secret replaced. Design §7. */
import type { EventValue } from "../port.js";
import type { Field, Section } from "./field.js";
import { ROOT } from "./fields.js";
import type { Settings } from "./settings.js";

/** What stands in a secret's place: that there is one may be known. */
export const REDACTED = "•••";

interface Plain {
	[name: string]: EventValue;
}

/** The settings as plain values for an event or a screen. What an account shares with the whole phone is not said again. */
export function redact(settings: Settings): {
	readonly [name: string]: EventValue;
} {
	const whole = plain(settings, ROOT.children);
	const { accounts } = settings;
	const section = ROOT.children.find(
		(candidate) => candidate.property === "accounts",
	);
	if (section !== undefined)
		whole.accounts = accounts.map((account) => {
			const own: Plain = { ...fields(account, section), owner: account.owner };
			for (const child of section.children)
				own[child.property] = elements(account, child);
			for (const shared of ROOT.children) {
				const { property } = shared;
				if (!shared.perAccount) continue;
				const value = (account as unknown as Loose)[property];
				if (value !== (settings as unknown as Loose)[property])
					own[property] = ofSection(account, shared);
			}
			return own;
		});
	return whole;
}

type Loose = Readonly<Record<string, unknown>>;

function plain(values: object, sections: readonly Section[]): Plain {
	const result: Plain = {};
	for (const section of sections)
		if ((values as Loose)[section.property] !== undefined)
			result[section.property] = ofSection(values, section);
	return result;
}

function ofSection(values: object, section: Section): EventValue {
	return section.keys.length > 0
		? elements(values, section)
		: fields((values as Loose)[section.property] as object, section);
}

function elements(values: object, section: Section): EventValue {
	const content = (values as Loose)[section.property] as readonly object[];
	return content.map((element) => {
		const result: Plain = fields(element, section);
		for (const child of section.children)
			if ((element as Loose)[child.property] !== undefined)
				result[child.property] = elements(element, child);
		return result;
	});
}

function fields(values: object, section: Section): Plain {
	const result: Plain = {};
	section.rows.forEach((field, index) => {
		const property = section.properties[index] ?? "";
		const value = (values as Loose)[property] as EventValue | undefined;
		if (value !== undefined) result[property] = shown(field, value);
	});
	return result;
}

function shown(field: Field, value: EventValue): EventValue {
	return field.secret && value !== "" ? REDACTED : value;
}
