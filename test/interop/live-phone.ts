/**
 * A phone in QEMU on the user network with the simulator's site around it, for specs
 * that meet it on the wire. Booted once for each spec file. Remembers all that the
 * phone and the servers say.
 */
import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildFirmware } from "../../tools/firmware/build.js";
import { makeStorageImage } from "../../tools/qemu.js";
import { type SiteNetwork, siteNetwork } from "../../tools/simulate/network.js";
import { type PhoneEvent, SimulatedPhone } from "../../tools/simulate/phone.js";
import type { ServerEvent } from "../../tools/simulate/server-process.js";
import { DOMAIN, FRIEND, Site } from "../../tools/simulate/site.js";
import { ask } from "./datagrams.js";
import { secretsOf } from "./secrets.js";

/** Where the first phone of the user network is. */
export const PHONE = { host: "127.1.1.1", port: 5060 } as const;

export class LivePhone {
	readonly folder = mkdtempSync(join(tmpdir(), "hookswitch-interop-"));
	readonly capture = join(this.folder, "capture.pcap");
	readonly network: SiteNetwork = siteNetwork("user", DOMAIN, this.folder);
	readonly site = new Site({
		network: this.network,
		folder: this.folder,
		devices: 1,
		backOffFloor: 1_000,
		// SIPp 3.6 reads nothing but the first challenge, and that only if it is MD5.
		algorithms: ["MD5"],
		onServerEvent: (_, event) => this.serverEvents.push(event),
	});
	readonly serverEvents: ServerEvent[] = [];
	readonly events: PhoneEvent[] = [];
	#phone: SimulatedPhone | undefined;
	#boots = 0;

	/** A provisioned and registered phone. `prepare` may have its storage before it is switched on. */
	static async start(
		prepare: (storage: string) => Promise<void> = async () => {},
	): Promise<LivePhone> {
		const live = new LivePhone();
		try {
			const { image } = await buildFirmware({ target: "qemu" });
			const storage = join(live.folder, "storage");
			makeStorageImage(storage, live.site.factory(1));
			await prepare(storage);
			await live.site.start();
			live.#phone = new SimulatedPhone({
				name: "the phone",
				image,
				storage,
				networkArguments: await live.network.phoneArguments(1),
				capture: live.capture,
			});
			live.#phone.onEvent((event) => live.events.push(event));
			await live.boot("provisioned", "registered", "access-in-force");
			return live;
		} catch (error) {
			await live.stop();
			throw error;
		}
	}

	/** Switches it on (again), and waits until it has said all of these. */
	async boot(...codes: readonly string[]): Promise<void> {
		const said = codes.map((code) => this.next(code));
		this.#boots++;
		this.phone.start();
		await Promise.all(said);
	}

	get phone(): SimulatedPhone {
		assert.ok(this.#phone, "no phone was started");
		return this.#phone;
	}

	next(
		code: string,
		accepts?: (event: PhoneEvent) => boolean,
		timeout = 10_000,
	): Promise<PhoneEvent> {
		return this.phone.next(code, accepts, timeout);
	}

	/** What it answers to a command. */
	async ask(command: string): Promise<PhoneEvent> {
		const answer = this.next(command);
		this.phone.command(command);
		return answer;
	}

	/** The settings in force, to be compared. */
	async settings(): Promise<string> {
		return JSON.stringify((await this.ask("settings")).settings);
	}

	/** Changes the user's settings, and waits until they are in force. */
	async set(path: string, value: string | undefined): Promise<void> {
		const inForce = this.next("settings-in-force");
		if (value === undefined) this.site.unsetUserSetting(path);
		else this.site.setUserSetting(path, value);
		await inForce;
	}

	told(code: string, since = 0): readonly PhoneEvent[] {
		return this.events.slice(since).filter((event) => event.code === code);
	}

	/** It answers on the wire at once, here that a stranger has no business with it. */
	async assertAnswers(): Promise<void> {
		assert.match(await ask(PHONE), /^SIP\/2.0 403 /);
	}

	/** It has not crashed since it was first switched on, nor failed inside. */
	assertNeverRestarted(): void {
		for (const code of ["crash", "internal-error", "endless-output"])
			assert.deepEqual(this.told(code), []);
		const running = this.told("agent-running");
		assert.equal(running.length, this.#boots, "boots");
		for (const { restarts } of running) assert.equal(restarts, 0);
	}

	/** Its registration and its calls work. */
	async assertTakesCalls(): Promise<void> {
		assert.equal(await this.site.call(FRIEND), 200);
	}

	/** No line of a log has a password, or what stands for one. */
	assertNoSecrets(): void {
		const secrets = [
			...secretsOf(this.site.databaseFile),
			this.site.passwordOf(FRIEND),
		];
		for (const event of [...this.events, ...this.serverEvents]) {
			const line = JSON.stringify(event);
			for (const secret of secrets)
				assert.ok(!line.includes(secret), `a secret in ${line}`);
		}
		for (const line of this.phone.console)
			for (const secret of secrets)
				assert.ok(!line.includes(secret), `a secret in ${line}`);
	}

	async stop(): Promise<void> {
		await this.#phone?.powerOff();
		await this.site.stop();
		rmSync(this.folder, { recursive: true, force: true });
	}
}
