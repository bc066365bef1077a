/**
 * `hookswitch simulate`, top to bottom: set-up, firmware, network, site, phones, and
 * then either the check or the person. Removes the folder with all that it writes at
 * the end.
 */
import { rmSync } from "node:fs";
import { cpus, freemem } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { firmwareProgress } from "../commands/firmware.js";
import type { Outcome } from "../commands/outcome.js";
import { buildFirmware, type Firmware } from "../firmware/build.js";
import { makeStorageImage } from "../qemu.js";
import { ensurePackages } from "../setup/packages.js";
import { UsageError } from "../usage-error.js";
import { type CheckResult, runCheck } from "./check.js";
import { Interactive } from "./interactive.js";
import {
	type Inside,
	inside,
	onLeashEnd,
	ownNetworkObstacle,
	runInside,
} from "./namespace.js";
import { type NetworkKind, type SiteNetwork, siteNetwork } from "./network.js";
import { SimulatedPhone } from "./phone.js";
import { DOMAIN, Site } from "./site.js";

export interface SimulateOptions {
	readonly devices: number;
	readonly check?: boolean;
	readonly network?: string;
	readonly capture?: string;
}

/** Host memory of one QEMU with its code cache, measured on x86-64. */
const PHONE_MEMORY = 120 * 1024 * 1024;
/** RFC 6080's floor of 32 s is too long to watch or to test. */
const BACK_OFF_FLOOR = 1_000;

export async function simulate(
	options: SimulateOptions,
	json: boolean,
): Promise<Outcome | undefined> {
	// With --json stdout is for programs.
	const say = (line: string) =>
		json ? console.error(line) : console.log(line);
	checkOptions(options);
	const place = inside();
	if (place !== undefined) return new Simulation(options, place, say).run();
	ensurePackages(["firmware"], say);
	await build();
	process.exitCode = await runInside(chooseNetwork(options, say));
	return undefined;
}

function checkOptions({ devices, network }: SimulateOptions): void {
	const most = Math.floor(freemem() / PHONE_MEMORY);
	if (!(Number.isInteger(devices) && devices >= 1))
		throw new UsageError(
			"usage",
			"--devices takes a whole number from 1",
			"for example --devices 3",
		);
	if (devices > most)
		throw new UsageError(
			"too-many-devices",
			`${devices} phones need ${Math.ceil((devices * PHONE_MEMORY) / 2 ** 30)} GiB of free memory`,
			`this machine has room for ${most} now`,
		);
	if (network !== undefined && network !== "own" && network !== "user")
		throw new UsageError(
			"usage",
			`--network ${network} is not known`,
			"own or user",
		);
}

function chooseNetwork(
	{ network }: SimulateOptions,
	say: (line: string) => void,
): NetworkKind {
	if (network === "user") return "user";
	if (process.getuid?.() === 0)
		try {
			ensurePackages(["network"], say);
		} catch (error) {
			// The obstacle names what is missing; this is how to get it.
			if (!(error instanceof UsageError) || network === "own") throw error;
			say(`${error.message}\n  ${error.hint}`);
		}
	const obstacle = ownNetworkObstacle();
	if (obstacle === undefined) return "own";
	if (network === "own")
		throw new UsageError(
			"no-own-network",
			`phones can't have a network of their own here: ${obstacle}`,
			"run it as root, or use --network user",
		);
	say(
		`phones can't have a network of their own here (${obstacle}), so they use QEMU's user network`,
	);
	return "user";
}

async function build(): Promise<Firmware> {
	const progress = firmwareProgress(process.stderr);
	const firmware = await buildFirmware({
		target: "qemu",
		onProgress: progress.show,
	});
	progress.end();
	return firmware;
}

class Simulation {
	readonly #options: SimulateOptions;
	readonly #say: (line: string) => void;
	readonly #folder: string;
	readonly #network: SiteNetwork;
	#site: Site | undefined;
	#phones: SimulatedPhone[] = [];
	#interactive: Interactive | undefined;

	constructor(
		options: SimulateOptions,
		{ kind, folder }: Inside,
		say: (line: string) => void,
	) {
		this.#options = options;
		// Each phone has one for this process's exit.
		process.setMaxListeners(options.devices + process.getMaxListeners());
		this.#folder = folder;
		this.#network = siteNetwork(kind, DOMAIN, folder);
		this.#say = say;
	}

	async run(): Promise<Outcome | undefined> {
		const interrupted = this.#interruption();
		try {
			return await Promise.race([this.#live(), interrupted]);
		} finally {
			this.#interactive?.close();
			await Promise.all(this.#phones.map((phone) => phone.powerOff()));
			await this.#site?.stop();
			rmSync(this.#folder, { recursive: true, force: true });
		}
	}

	async #live(): Promise<Outcome | undefined> {
		const firmware = await build();
		const network = this.#network;
		if (this.#options.devices > network.capacity)
			throw new UsageError(
				"too-many-devices",
				`this network has addresses for ${network.capacity} phones`,
				`for example --devices ${network.capacity}`,
			);
		this.#say(`network: ${network.description}`);
		const site = new Site({
			network,
			folder: this.#folder,
			devices: this.#options.devices,
			backOffFloor: BACK_OFF_FLOOR,
			onServerEvent: (server, event) =>
				this.#interactive?.serverEvent(server, event),
		});
		this.#site = site;
		await site.start();
		this.#say("the profile server and two registrars run");
		for (let number = 1; number <= this.#options.devices; number++)
			this.#phones.push(await this.#phone(site, number, firmware.image));
		const [first] = this.#phones;
		if (first === undefined) return undefined;

		if (this.#options.check) {
			for (const phone of this.#phones.slice(1)) phone.start();
			const result = await runCheck({
				site,
				phone: first,
				ramBytes: firmware.ramBytes,
				flashBytes: firmware.flashBytes,
				say: this.#say,
			});
			return outcome(result);
		}
		this.#interactive = new Interactive(site, this.#phones);
		await this.#interactive.run();
		return undefined;
	}

	async #phone(
		site: Site,
		number: number,
		image: string,
	): Promise<SimulatedPhone> {
		const storage = join(this.#folder, `phone${number}.flash`);
		await makeStorageImage(storage, site.factory(number));
		const { capture } = this.#options;
		// A file of an earlier run would be continued.
		if (capture !== undefined && number === 1) rmSync(capture, { force: true });
		return new SimulatedPhone({
			name: `phone ${number}`,
			image,
			storage,
			networkArguments: await site.network.phoneArguments(number),
			capture: number === 1 ? capture : undefined,
		});
	}

	/** Rejects when somebody wants this to end. */
	#interruption(): Promise<never> {
		return new Promise((_, reject) => {
			const stop = () =>
				reject(
					new UsageError(
						"interrupted",
						"stopped before the end",
						"run it again",
					),
				);
			process.once("SIGINT", stop);
			process.once("SIGTERM", stop);
			process.once("SIGHUP", stop);
			onLeashEnd(stop);
			process.once("exit", () => {
				this.#site?.kill();
				rmSync(this.#folder, { recursive: true, force: true });
			});
		});
	}
}

function outcome(result: CheckResult): Outcome {
	const { ok, failures, ...figures } = result;
	const text = ok
		? "every step held"
		: `${failures.length} of the check's steps did not hold:\n  ${failures.join("\n  ")}`;
	return {
		ok,
		text,
		json: {
			failures,
			...figures,
			cores: cpus().length,
		},
	};
}
