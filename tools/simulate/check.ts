/**
 * One full life of a phone, without questions: boot, provisioning, changes, calls
 * screened, power cut, profile server down and up, a bad profile. Each step holds
 * or the check fails; each has its time. Knows the phone only by its log and by
 * what it answers on the wire.
 */

import type { PhoneEvent, SimulatedPhone } from "./phone.js";
import { FRIEND, type Site, STRANGER } from "./site.js";

/** What `simulate --check --json` prints as its last line; times in ms. */
export interface CheckResult {
	ok: boolean;
	/** The steps that did not hold. */
	failures: string[];
	network: string;
	boot_ms?: number;
	provisioned_ms?: number;
	registered_ms?: number;
	change_applied_ms?: number;
	changes?: number;
	new_registrar_ms?: number;
	blocked_status?: number;
	allowed_status?: number;
	flipped_blocked_status?: number;
	flipped_allowed_status?: number;
	access_applied_ms?: number;
	offline_boot_ms?: number;
	offline_blocked_status?: number;
	offline_allowed_status?: number;
	reenrol_ms?: number;
	bad_profile?: string;
	bad_profile_line?: number;
	bad_profile_column?: number;
	ram_bytes?: number;
	xs_arena_peak_bytes?: number;
	flash_bytes?: number;
	instructions_boot?: number;
	back_off_floor_ms?: number;
}

const CHANGES = 20;
const BAD_VALUE = ["registration/@expires", "soon"] as const;

export interface CheckOptions {
	readonly site: Site;
	readonly phone: SimulatedPhone;
	readonly ramBytes: number;
	readonly flashBytes: number;
	/** For people: a line for each step. */
	readonly say: (line: string) => void;
}

export async function runCheck(options: CheckOptions): Promise<CheckResult> {
	const { site, phone } = options;
	const result: CheckResult = {
		ok: false,
		failures: [],
		network: site.network.description,
		ram_bytes: options.ramBytes,
		flash_bytes: options.flashBytes,
		back_off_floor_ms: site.backOffFloor,
	};
	const life = new Life(options, result);
	try {
		await life.firstBoot();
		await life.changes();
		await life.newRegistrar();
		await life.screening();
		await life.offline();
		await life.profileServerReturns();
		await life.badProfile();
		await life.memory();
		await life.countedBoot();
	} catch (error) {
		life.fail(error instanceof Error ? error.message : String(error));
	}
	await phone.powerOff();
	result.ok = result.failures.length === 0;
	return result;
}

class Life {
	readonly #site: Site;
	readonly #phone: SimulatedPhone;
	readonly #result: CheckResult;
	readonly #say: (line: string) => void;

	constructor({ site, phone, say }: CheckOptions, result: CheckResult) {
		this.#site = site;
		this.#phone = phone;
		this.#result = result;
		this.#say = say;
	}

	fail(why: string): void {
		this.#result.failures.push(why);
		this.#say(`  FAILED: ${why}`);
	}

	#expect(holds: boolean, why: string): void {
		if (!holds) this.fail(why);
	}

	#sinceStart(event: PhoneEvent): number {
		return rounded(event.at - this.#phone.startedAt);
	}

	/** Out of the box: empty storage, so every setting comes over the wire. */
	async firstBoot(): Promise<void> {
		const running = this.#phone.next("agent-running");
		const provisioned = this.#phone.next("provisioned");
		const registered = this.#phone.next("registered");
		// The access list is what the calls below are screened by.
		const accessInForce = this.#phone.next("access-in-force");
		this.#phone.start();
		const result = this.#result;
		result.boot_ms = this.#sinceStart(await running);
		this.#say(`booted: the agent runs after ${result.boot_ms} ms`);
		result.provisioned_ms = this.#sinceStart(await provisioned);
		this.#say(`provisioned after ${result.provisioned_ms} ms`);
		result.registered_ms = this.#sinceStart(await registered);
		this.#say(`registered after ${result.registered_ms} ms`);
		await accessInForce;
	}

	/** From the commit to the phone's word that it is in force. */
	async changes(): Promise<void> {
		const times: number[] = [];
		for (let change = 0; change < CHANGES; change++) {
			const name = `Provider ${change + 1}`;
			const inForce = this.#phone.next(
				"settings-in-force",
				({ changed }) => JSON.stringify(changed)?.includes("provider") ?? false,
			);
			const committed = this.#site.setUserSetting("provider/@name", name);
			times.push((await inForce).at - committed);
		}
		times.sort((a, b) => a - b);
		this.#result.changes = times.length;
		this.#result.change_applied_ms = rounded(median(times));
		this.#say(
			`${CHANGES} changes: in force ${this.#result.change_applied_ms} ms after the commit (median; slowest ${rounded(times.at(-1) ?? 0)} ms)`,
		);
	}

	async newRegistrar(): Promise<void> {
		const address = this.#site.network.secondRegistrar;
		const registered = this.#phone.next("registered", ({ registrar }) =>
			String(registrar).includes(address),
		);
		const committed = this.#site.moveRegistrar();
		this.#result.new_registrar_ms = rounded((await registered).at - committed);
		this.#say(
			`registered at the new registrar ${this.#result.new_registrar_ms} ms after the change`,
		);
	}

	/** A stranger is refused, a friend gets through; the rule flips, and so do the calls. */
	async screening(): Promise<void> {
		const result = this.#result;
		result.blocked_status = await this.#site.call(STRANGER);
		result.allowed_status = await this.#site.call(FRIEND);
		this.#say(
			`calls: stranger ${result.blocked_status}, friend ${result.allowed_status}`,
		);
		this.#expect(result.blocked_status === 403, "the stranger got through");
		this.#expect(result.allowed_status === 200, "the friend was refused");
		const inForce = this.#phone.next("access-in-force");
		const stored = this.#phone.next("stored");
		const committed = this.#site.setRules("block", "allow");
		result.access_applied_ms = rounded((await inForce).at - committed);
		result.flipped_allowed_status = await this.#site.call(STRANGER);
		result.flipped_blocked_status = await this.#site.call(FRIEND);
		this.#say(
			`after the rules flip (in force after ${result.access_applied_ms} ms): stranger ${result.flipped_allowed_status}, friend ${result.flipped_blocked_status}`,
		);
		this.#expect(
			result.flipped_allowed_status === 200 &&
				result.flipped_blocked_status === 403,
			"the access rule's change did not show",
		);
		await stored;
	}

	/** A power cut, and nobody to provision it: what is stored must do. */
	async offline(): Promise<void> {
		const result = this.#result;
		await this.#phone.powerOff();
		await this.#site.stopProfileServer();
		const registered = this.#phone.next("registered");
		this.#phone.start();
		result.offline_boot_ms = this.#sinceStart(await registered);
		result.offline_allowed_status = await this.#site.call(STRANGER);
		result.offline_blocked_status = await this.#site.call(FRIEND);
		this.#say(
			`profile server down, power cut: registered on stored settings after ${result.offline_boot_ms} ms; still screens: ${result.offline_allowed_status}, ${result.offline_blocked_status}`,
		);
		this.#expect(
			result.offline_allowed_status === 200 &&
				result.offline_blocked_status === 403,
			"the phone did not screen calls by its stored list",
		);
	}

	async profileServerReturns(): Promise<void> {
		const enrolled = this.#phone.next(
			"enrolled",
			({ profile }) => profile === "user",
			60_000,
		);
		await this.#site.startProfileServer();
		const ready = performance.now();
		this.#result.reenrol_ms = rounded((await enrolled).at - ready);
		this.#say(
			`profile server up: enrolled again after ${this.#result.reenrol_ms} ms (the check's back-off floor: ${this.#site.backOffFloor} ms)`,
		);
	}

	/** A bad value is refused with its place, and what was in force stays. */
	async badProfile(): Promise<void> {
		const before = await this.#settings();
		const refused = this.#phone.next("document-refused");
		this.#site.storeBadValue(...BAD_VALUE);
		const [first] = (await refused).errors as unknown as {
			line: number;
			column: number;
			code: string;
		}[];
		this.#expect(
			first !== undefined && first.line > 0 && first.column > 0,
			"the refusal has no place",
		);
		const after = await this.#settings();
		this.#expect(before === after, "a refused profile changed the settings");
		if (first !== undefined) {
			this.#result.bad_profile = first.code;
			this.#result.bad_profile_line = first.line;
			this.#result.bad_profile_column = first.column;
			this.#say(
				`bad profile refused: ${first.code} at ${first.line}:${first.column}; the old one stays in force`,
			);
		}
		this.#site.unsetUserSetting(BAD_VALUE[0]);
	}

	async #settings(): Promise<string> {
		const answer = this.#phone.next("settings");
		this.#phone.command("settings");
		const { at: _at, t: _t, ...settings } = await answer;
		return JSON.stringify(settings);
	}

	async memory(): Promise<void> {
		const answer = this.#phone.next("memory");
		this.#phone.command("memory");
		const { arena_peak: peak } = await answer;
		this.#expect(
			typeof peak === "number",
			"the phone does not tell its arena's peak",
		);
		this.#result.xs_arena_peak_bytes = Number(peak);
		this.#say(
			`memory: ${this.#result.ram_bytes} bytes of RAM, arena's peak ${this.#result.xs_arena_peak_bytes} bytes, image ${this.#result.flash_bytes} bytes`,
		);
	}

	/** With -icount each instruction is one nanosecond of the phone's clock. */
	async countedBoot(): Promise<void> {
		await this.#phone.powerOff();
		const running = this.#phone.next("agent-running", undefined, 60_000);
		this.#phone.start({ icount: true });
		this.#result.instructions_boot = Math.round((await running).t * 1e6);
		this.#say(
			`instructions from reset to the running agent: ${(this.#result.instructions_boot / 1e6).toFixed(1)} M`,
		);
	}
}

function median(sorted: readonly number[]): number {
	const middle = sorted.length >> 1;
	return sorted.length % 2 === 1
		? (sorted[middle] ?? 0)
		: ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

function rounded(milliseconds: number): number {
	return Math.round(milliseconds * 10) / 10;
}
