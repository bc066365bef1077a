/**
 * The simulated site: a database with a sample site in it, the profile server, two
 * registrars (the second for the move), and scripted callers. Edits the database
 * as another process would; knows nothing of how phones are run.
 */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { nodeHost } from "../../hosts/node/natives.js";
import { encodeFactory } from "../../src/profile/factory.js";
import { placeCall } from "../registrar/caller.js";
import { ProfileDatabase, type Subject } from "../serve/database.js";
import { assign } from "../serve/edit.js";
import {
	createSampleSite,
	everyone,
	registrarPath,
	type SampleSite,
} from "../serve/sample.js";
import type { SiteNetwork } from "./network.js";
import { type ServerEvent, ServerProcess } from "./server-process.js";

export const DOMAIN = "example.com";
const PORT = 5060;

/** Users of phone 1, 2, …; more phones get `phone12` and so on. */
const NAMES = ["alice", "carol", "dave", "erin", "frank", "grace"];
export const FRIEND = "bob";
export const STRANGER = "mallory";

export interface SiteOptions {
	readonly network: SiteNetwork;
	readonly folder: string;
	readonly devices: number;
	/** Milliseconds: the phones' back-off floor (RFC 6080 §5.3.2 says 32 s). */
	readonly backOffFloor: number;
	readonly onServerEvent: (server: string, event: ServerEvent) => void;
	/** Of the registrars' challenges, for callers that know fewer than ours. */
	readonly algorithms?: readonly string[];
}

export class Site {
	readonly network: SiteNetwork;
	readonly backOffFloor: number;
	readonly databaseFile: string;
	readonly #host = nodeHost();
	readonly #database: ProfileDatabase;
	readonly #sample: SampleSite;
	readonly #profileServer: ServerProcess;
	readonly #registrars: readonly ServerProcess[];
	#registrarAddress: string;

	constructor(options: SiteOptions) {
		const { network, folder, devices, onServerEvent } = options;
		this.network = network;
		this.backOffFloor = options.backOffFloor;
		this.databaseFile = join(folder, "site.db");
		this.#database = new ProfileDatabase(this.databaseFile);
		this.#registrarAddress = network.registrar;
		this.#sample = createSampleSite(this.#host, this.#database, {
			domain: DOMAIN,
			devices: Array.from({ length: devices }, (_, index) => ({
				instance: `urn:uuid:${randomUUID()}`,
				users: [userOf(index + 1)],
			})),
			registrarUri: `sip:${network.registrar}:${PORT}`,
			callers: [FRIEND, STRANGER],
		});
		for (let phone = 1; phone <= devices; phone++)
			this.#rule(STRANGER, "block", phone);
		this.#profileServer = new ServerProcess(
			"profile server",
			[
				"serve",
				"--database",
				this.databaseFile,
				"--listen",
				`${network.profileServer}:${PORT}`,
				"--domain",
				DOMAIN,
			],
			(event) => onServerEvent("profile server", event),
		);
		this.#registrars = [network.registrar, network.secondRegistrar].map(
			(address, index) =>
				new ServerProcess(
					`registrar ${index + 1}`,
					[
						"registrar",
						"--database",
						this.databaseFile,
						"--bindings",
						join(folder, `registrar${index + 1}.db`),
						"--listen",
						`${address}:${PORT}`,
						"--domain",
						DOMAIN,
						...(options.algorithms === undefined
							? []
							: ["--algorithms", ...options.algorithms]),
					],
					(event) => onServerEvent(`registrar ${index + 1}`, event),
				),
		);
	}

	async start(): Promise<void> {
		await this.network.start();
		await Promise.all([
			this.#profileServer.start(),
			...this.#registrars.map((registrar) => registrar.start()),
		]);
	}

	async stop(): Promise<void> {
		await Promise.all(
			[this.#profileServer, ...this.#registrars].map((server) => server.stop()),
		);
		await this.network.stop();
		this.#database.close();
	}

	/** When there is no time for an orderly end. */
	kill(): void {
		for (const server of [this.#profileServer, ...this.#registrars])
			server.kill();
	}

	get profileServerRunning(): boolean {
		return this.#profileServer.running;
	}

	startProfileServer(): Promise<void> {
		return this.#profileServer.start();
	}

	stopProfileServer(): Promise<void> {
		return this.#profileServer.stop();
	}

	/** What the tool that flashes a device writes into its factory partition. */
	factory(phone: number): Uint8Array {
		const device = this.#sample.devices[phone - 1];
		if (device === undefined) throw new RangeError(`no phone ${phone}`);
		return encodeFactory(this.#host, {
			instance: device.instance,
			vendor: "hookswitch.example",
			model: "simulated",
			version: "0.1.0",
			servers: this.network.announcesServer
				? []
				: [`sip:${this.network.profileServer}:${PORT}`],
			credentials: device.credentials.map((credential) => ({
				...credential,
				password: "",
			})),
			trustAnchors: [],
			// Challenges are answered without TLS here; it comes with certificates later.
			trustNetwork: true,
			backOffFloor: this.backOffFloor,
			buildTime: 0,
		});
	}

	/** As a person gives it: checked, and refused with a UsageError that says why. */
	changeUserSetting(path: string, value: string, phone: number): void {
		assign(
			this.#host,
			this.#database,
			userSubject(phone),
			[{ path, value }],
			false,
		);
	}

	/** Gives the time of the commit, on `performance.now()`. */
	setUserSetting(path: string, value: string, phone = 1): number {
		return this.#commit(() =>
			this.#database.set(userSubject(phone), { path, value }),
		);
	}

	unsetUserSetting(path: string, phone = 1): number {
		return this.#commit(() => this.#database.unset(userSubject(phone), path));
	}

	/** A value that no phone takes; checks would keep it out, so it is forced. */
	storeBadValue(path: string, value: string): number {
		return this.#commit(() =>
			this.#database.set(userSubject(1), { path, value, forced: true }),
		);
	}

	moveRegistrar(): number {
		const { registrar, secondRegistrar } = this.network;
		this.#registrarAddress =
			this.#registrarAddress === registrar ? secondRegistrar : registrar;
		return this.#commit(() =>
			this.#database.set(everyone, {
				path: registrarPath,
				value: `sip:${this.#registrarAddress}:${PORT}`,
			}),
		);
	}

	/** Contact rights of the two callers, in one commit. */
	setRules(
		friend: "allow" | "block",
		stranger: "allow" | "block",
		phone = 1,
	): number {
		return this.#commit(() =>
			this.#database.transaction(() => {
				this.#rule(FRIEND, friend, phone);
				this.#rule(STRANGER, stranger, phone);
			}),
		);
	}

	setRule(caller: string, contact: string, phone = 1): number {
		return this.#commit(() => this.#rule(caller, contact, phone));
	}

	/** The caller calls the phone's user through the proxy; the final status. */
	async call(caller: string, phone = 1): Promise<number> {
		const user = this.#sample.users.find(({ name }) => name === caller);
		const result = await placeCall({
			host: this.#host,
			from: `sip:${caller}@${DOMAIN}`,
			to: `sip:${userOf(phone)}@${DOMAIN}`,
			...(user === undefined
				? {}
				: { credentials: { user: caller, password: user.password } }),
			proxy: { host: this.#registrarAddress, port: PORT },
			listen: { host: this.network.caller, port: 0 },
		});
		return result.status;
	}

	/** For callers that are not ours, such as SIPp. The database has only digests of it. */
	passwordOf(caller: string): string {
		const user = this.#sample.users.find(({ name }) => name === caller);
		if (user === undefined) throw new RangeError(`no user ${caller}`);
		return user.password;
	}

	/** Names for the ladder. */
	nameOf(address: string): string {
		const { network } = this;
		switch (address) {
			case network.profileServer:
				return "profile server";
			case network.registrar:
				return "registrar";
			case network.secondRegistrar:
				return "registrar 2";
			case network.caller:
				return "caller";
			default:
				return address;
		}
	}

	#rule(caller: string, contact: string, phone: number): void {
		this.#database.setRule(`sip:${userOf(phone)}@${DOMAIN}`, {
			match: "user",
			value: `sip:${caller}@${DOMAIN}`,
			presence: undefined,
			contact,
		});
	}

	#commit(change: () => unknown): number {
		change();
		return performance.now();
	}
}

export function userOf(phone: number): string {
	return NAMES[phone - 1] ?? `phone${phone}`;
}

function userSubject(phone: number): Subject {
	return { scope: "user", name: `sip:${userOf(phone)}@${DOMAIN}` };
}
