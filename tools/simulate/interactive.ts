/**
 * The live view: phones, their settings and the SIP ladder, and a person who changes
 * things. On a terminal it draws; elsewhere it prints what happens, line by line.
 */
import process from "node:process";
import { UsageError } from "../usage-error.js";
import type { SimulatedPhone } from "./phone.js";
import { draw, type LadderRow, PhoneState } from "./picture.js";
import { paint, Screen } from "./screen.js";
import type { ServerEvent } from "./server-process.js";
import { newestFirst, settingRows } from "./setting-rows.js";
import { DOMAIN, FRIEND, type Site, STRANGER, userOf } from "./site.js";

const LADDER_ROWS = 500;
const KEYS =
	"[s] set  [b] block  [a] allow  [c] call  [p] power  [v] profile server  [r] registrar  [n] next phone  [q] quit";

export class Interactive {
	readonly #site: Site;
	readonly #phones: readonly SimulatedPhone[];
	readonly #states: readonly PhoneState[];
	readonly #ladder: LadderRow[] = [];
	readonly #screen: Screen | undefined;
	readonly #began = performance.now();
	#selected = 0;
	#notice = "";
	#quit: () => void = () => undefined;
	/** One key's work at a time. */
	#busy = false;

	constructor(site: Site, phones: readonly SimulatedPhone[]) {
		this.#site = site;
		this.#phones = phones;
		this.#states = phones.map(({ name }) => new PhoneState(name));
		if (process.stdin.isTTY && process.stdout.isTTY)
			this.#screen = new Screen(
				(width, height) =>
					draw(
						{
							network: site.network.description,
							phones: this.#states,
							ladder: this.#ladder,
							selected: this.#selected,
							keys: KEYS,
							notice: this.#notice,
						},
						width,
						height,
						paint,
					),
				(key) => void this.#key(key),
			);
		phones.forEach((phone, index) => {
			phone.onStop((why) => {
				this.#states[index]?.off();
				this.#say(`${phone.name} stopped by itself: ${why}`);
			});
			phone.onEvent((event) => {
				const state = this.#states[index];
				state?.see(event);
				if (event.code === "settings") this.#settings(index, event);
				if (
					event.code === "settings-in-force" ||
					event.code === "access-in-force"
				)
					phone.command("settings");
				if (event.code !== "message" && event.code !== "settings")
					this.#print(`${phone.name}: ${event.text}`);
				this.#screen?.refresh();
			});
		});
	}

	/** Until the person quits, or this process is told to end. */
	async run(): Promise<void> {
		const over = new Promise<void>((resolve) => {
			this.#quit = resolve;
		});
		this.#screen?.open();
		if (this.#screen === undefined)
			console.log(
				`no terminal: events are printed, Ctrl-C ends it; change something from another shell, for example\n  npx hookswitch profile set --database ${this.#site.databaseFile} sip:${userOf(1)}@${DOMAIN} audio/@codecs PCMU`,
			);
		for (const phone of this.#phones) phone.start();
		await over;
	}

	close(): void {
		this.#screen?.close();
	}

	/** What the servers log: their messages are the ladder. */
	serverEvent(server: string, event: ServerEvent): void {
		if (event.code === "message") {
			const name = (end: unknown) => this.#nameOf(String(end));
			const row: LadderRow = {
				time: performance.now() - this.#began,
				from: name(event.from),
				to: name(event.to),
				line: String(event.line),
				carries: String(event.carries ?? ""),
			};
			this.#ladder.push(row);
			if (this.#ladder.length > LADDER_ROWS) this.#ladder.shift();
			const carries = row.carries === "" ? "" : `  [${row.carries}]`;
			this.#print(`${row.from} → ${row.to}  ${row.line}${carries}`);
		} else if (event.level !== "info") this.#say(`${server}: ${event.text}`);
		this.#screen?.refresh();
	}

	#nameOf(end: string): string {
		const address = end.slice(0, end.lastIndexOf(":"));
		const index = this.#states.findIndex((state) => state.address === address);
		return this.#states[index]?.name ?? this.#site.nameOf(address);
	}

	#settings(index: number, event: Readonly<Record<string, unknown>>): void {
		const state = this.#states[index];
		if (state !== undefined)
			state.settings = newestFirst(settingRows(event.settings), state.settings);
	}

	async #key(key: string): Promise<void> {
		if (key === "quit" || key === "q") {
			this.#quit();
			return;
		}
		if (this.#busy) {
			this.#say("the last key's work is not done yet; q quits all the same");
			return;
		}
		this.#busy = true;
		try {
			await this.#act(key);
		} catch (error) {
			this.#say(sentence(error));
		}
		this.#busy = false;
		this.#screen?.refresh();
	}

	async #act(key: string): Promise<void> {
		const number = this.#selected + 1;
		const phone = this.#phones[this.#selected];
		const state = this.#states[this.#selected];
		if (phone === undefined || state === undefined) return;
		const user = userOf(number);
		switch (key) {
			case "n":
				this.#selected = (this.#selected + 1) % this.#phones.length;
				return;
			case "s":
				return this.#set(number);
			case "b":
			case "a": {
				const caller = await this.#ask(
					`${key === "b" ? "block" : "allow"} which caller for ${user} (${FRIEND}, ${STRANGER}, …)? `,
				);
				if (caller === "") return;
				checkCaller(caller);
				this.#site.setRule(caller, key === "b" ? "block" : "allow", number);
				this.#say(`${user}'s access list is changed; call to see it`);
				return;
			}
			case "c": {
				const caller = await this.#ask(
					`who calls ${user} (${FRIEND}, ${STRANGER})? `,
				);
				if (caller === "") return;
				checkCaller(caller);
				this.#say(`${caller} calls ${user} …`);
				const status = await this.#site.call(caller, number);
				this.#say(`${caller}'s call to ${user} ended with ${status}`);
				return;
			}
			case "p":
				if (state.phase === "off") phone.start();
				else {
					await phone.powerOff();
					state.off();
					this.#say(`${phone.name} has no power; p again gives it back`);
				}
				return;
			case "v":
				if (this.#site.profileServerRunning) {
					await this.#site.stopProfileServer();
					this.#say("the profile server is down; v starts it again");
				} else {
					await this.#site.startProfileServer();
					this.#say("the profile server is up");
				}
				return;
			case "r":
				this.#site.moveRegistrar();
				this.#say("the registrar's address is changed in the database");
				return;
			default:
				return;
		}
	}

	async #set(number: number): Promise<void> {
		const line = await this.#ask(
			`setting and value for ${userOf(number)} (such as: audio/@codecs PCMU): `,
		);
		if (line === "") return;
		const space = line.indexOf(" ");
		if (space < 0)
			throw new UsageError(
				"usage",
				`${line}: no value`,
				"give a setting and its value, such as: audio/@codecs PCMU",
			);
		const path = line.slice(0, space);
		this.#site.changeUserSetting(path, line.slice(space + 1).trim(), number);
		this.#say(`${path} is changed in the database`);
	}

	async #ask(question: string): Promise<string> {
		return (await this.#screen?.ask(question)) ?? "";
	}

	#say(notice: string): void {
		this.#notice = notice;
		this.#print(notice);
		this.#screen?.refresh();
	}

	#print(line: string): void {
		if (this.#screen !== undefined) return;
		const seconds = (performance.now() - this.#began) / 1000;
		console.log(`${seconds.toFixed(3).padStart(9)}  ${line}`);
	}
}

/** A user of the site's domain: what may stand before the @ (RFC 3261 §25.1, without escapes). */
function checkCaller(name: string): void {
	if (!/^[\w.!~*'()&=+$,;?/-]+$/.test(name))
		throw new UsageError(
			"usage",
			`'${name}' can't be a user of ${DOMAIN}`,
			`give the name alone, such as ${FRIEND}`,
		);
}

function sentence(error: unknown): string {
	if (error instanceof UsageError)
		return [error.message, error.hint].filter((text) => text !== "").join("; ");
	return error instanceof Error ? error.message : String(error);
}
