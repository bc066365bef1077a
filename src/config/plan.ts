/**
 * From the settings in force to the next ones: which parts change, in which order
 * they are put in force, and which of these steps interrupts calls. What does not
 * change has no step and is left alone. Design §5.
 *
 * It must not know how a step is carried out.
 */
import { type Difference, differences } from "../profile/difference.js";
import type { Settings } from "../profile/settings.js";

/** In the order in which steps are carried out. */
export const Part = Object.freeze({
	/** What holds for the next call: behaviour, media, names, servers other than registrars. */
	Telephone: 0,
	/** New accounts, and those whose registrar, proxy, credentials or expiry changed. */
	Register: 1,
	/** Accounts that are gone. */
	Leave: 2,
	/** Users of the device, and so their profile and access subscriptions. */
	Enrol: 3,
	/** VLAN, local port: what the network link stands on. */
	Network: 4,
});
export type Part = (typeof Part)[keyof typeof Part];

export interface Step {
	readonly part: Part;
	/** AoRs, for the parts that are of accounts; of users for `Enrol`. */
	readonly accounts: readonly string[];
	/** Calls that are up would end. */
	readonly interrupts: boolean;
}

export interface Plan {
	/** Paths of the settings that differ. */
	readonly changed: readonly string[];
	readonly steps: readonly Step[];
}

/** An event lists no more paths than these; a first profile changes everything. */
export const MOST_PATHS = 40;

export function plan(before: Settings, after: Settings): Plan {
	const found = differences(before, after);
	const changed: string[] = [];
	let telephone = false;
	let network = false;
	let everyAccount = false;
	let enrol =
		!sameNames(before.users, after.users) ||
		!sameNames(before.accounts, after.accounts);
	const register: string[] = [];
	for (let index = 0; index < found.length; index++) {
		const difference = found[index] as Difference;
		if (changed.length < MOST_PATHS) changed.push(difference.path);
		if (difference.part === "provisioning") enrol = true;
		if (difference.interrupts === "network") network = true;
		else if (difference.interrupts === "enrolment") enrol = true;
		else if (difference.interrupts === "registration") {
			if (difference.account === "") everyAccount = true;
			else include(register, difference.account);
		}
		// A server or name that is no matter of registration matters to the next call all the same.
		telephone = true;
	}
	const enabled = after.accounts.filter((account) => account.enabled);
	const leave: string[] = [];
	let switchedOn = false;
	for (const account of before.accounts)
		if (account.enabled && !enabled.some((other) => other.aor === account.aor))
			leave.push(account.aor);
	for (const account of enabled) {
		const known = before.accounts.some(
			(other) => other.enabled && other.aor === account.aor,
		);
		if (!known) switchedOn = true;
		if (everyAccount || !known) include(register, account.aor);
	}
	const accounts = register.filter((aor) =>
		enabled.some((account) => account.aor === aor),
	);
	// An account that is switched on or off has, or no longer has, an access list.
	if (leave.length > 0 || switchedOn) enrol = true;

	const steps: Step[] = [];
	if (telephone) add(steps, Part.Telephone, NONE);
	if (accounts.length > 0) add(steps, Part.Register, accounts);
	if (leave.length > 0) add(steps, Part.Leave, leave, true);
	if (enrol)
		add(
			steps,
			Part.Enrol,
			after.users.map((user) => user.aor),
		);
	if (network) add(steps, Part.Network, NONE, true);
	return { changed, steps };
}

const NONE: readonly string[] = Object.freeze([]);

function add(
	steps: Step[],
	part: Part,
	accounts: readonly string[],
	interrupts = false,
): void {
	steps.push({ part, accounts, interrupts });
}

function include(list: string[], value: string): void {
	if (!list.includes(value)) list.push(value);
}

function sameNames(
	before: readonly { readonly aor: string }[],
	after: readonly { readonly aor: string }[],
): boolean {
	if (before.length !== after.length) return false;
	for (let index = 0; index < before.length; index++)
		if (before[index]?.aor !== after[index]?.aor) return false;
	return true;
}
