/**
 * A small site for trying things out: a local network, a group with the settings of
 * everybody, devices, their users, and an access list for each user. Used by
 * `hookswitch simulate` and by tests.
 */
import type { Host } from "../../src/host.js";
import { type HashedCredential, hashed } from "./credentials.js";
import type { ProfileDatabase, Subject } from "./database.js";

export interface SampleDevice {
	/** `urn:uuid:…`, lower case. */
	readonly instance: string;
	/** User names in the order of the phone's accounts: `["alice"]`. */
	readonly users: readonly string[];
}

export interface SampleSiteOptions {
	readonly domain: string;
	readonly devices: readonly SampleDevice[];
	/** Where phones register: `sip:127.0.0.3:5060`. */
	readonly registrarUri: string;
	/** Users without a device, who can call: `["bob", "mallory"]`. */
	readonly callers?: readonly string[];
	/** Settings of the group `everyone` beside the usual ones; later ones win. */
	readonly settings?: Readonly<Record<string, string>>;
}

export interface SampleUser {
	readonly name: string;
	readonly aor: string;
	/** For a scripted caller; the database has only digests of it. */
	readonly password: string;
}

export interface SampleSite {
	readonly users: readonly SampleUser[];
	readonly devices: readonly {
		readonly instance: string;
		/** For the factory document: what answers the profile server's challenges. */
		readonly credentials: readonly HashedCredential[];
	}[];
}

/** The group that every user of the sample site belongs to. */
export const everyone: Subject = Object.freeze({
	scope: "group",
	name: "everyone",
});
/** Where the registrar's address stands for all of the site: `database.set(everyone, {path: registrarPath, value})`. */
export const registrarPath = "server[registrar]/@uri";

export function createSampleSite(
	host: Host,
	database: ProfileDatabase,
	options: SampleSiteOptions,
): SampleSite {
	return database.transaction(() => {
		const { domain, devices, callers = [] } = options;
		const localNetwork: Subject = { scope: "local-network", name: "*" };
		set(database, localNetwork, {
			"provider/@name": "Example Telecom",
			"provider/@domain": domain,
			"network/@language": "en",
			"network/@time-zone": "CET-1CEST,M3.5.0,M10.5.0/3",
		});
		set(database, everyone, {
			[registrarPath]: options.registrarUri,
			"sessions/@audio": "true",
			"sessions/@video": "false",
			"audio/@codecs": "PCMA PCMU",
			"registration/@expires": "600",
			// A call is answered by itself: nobody lifts a simulated phone.
			"call/@auto-answer": "always",
			"call/@auto-answer-delay": "20",
			...options.settings,
		});
		const names = new Set([
			...devices.flatMap(({ users }) => users),
			...callers,
		]);
		const users = [...names].map((name) =>
			addUser(host, database, domain, name),
		);
		return {
			users,
			devices: devices.map((device) => ({
				instance: device.instance,
				credentials: addDevice(host, database, domain, device),
			})),
		};
	});
}

function addUser(
	host: Host,
	database: ProfileDatabase,
	domain: string,
	name: string,
): SampleUser {
	const aor = `sip:${name}@${domain}`;
	const password = randomText(host);
	const credentials = hashed(host, name, domain, password);
	for (const { user, realm, algorithm, ha1 } of credentials)
		database.setCredential({
			username: user,
			realm,
			algorithm,
			ha1,
			subject: aor,
		});
	const settings: Record<string, string> = {
		"account[a1]/@aor": aor,
		"account[a1]/@display-name": name.charAt(0).toUpperCase() + name.slice(1),
		"account[a1]/@auth-user": name,
	};
	for (const { realm, algorithm, ha1 } of credentials)
		settings[`account[a1]/credential[${realm},${algorithm}]/@ha1`] = ha1;
	database.addUser(aor);
	set(database, { scope: "user", name: aor }, settings);
	database.join(everyone.name, aor);
	database.setAccessDefault(aor, "block", "allow");
	return { name, aor, password };
}

function addDevice(
	host: Host,
	database: ProfileDatabase,
	domain: string,
	{ instance, users }: SampleDevice,
): HashedCredential[] {
	database.addDevice(instance);
	users.forEach((name, position) => {
		database.assign(instance, `sip:${name}@${domain}`, position);
	});
	const user = `device-${instance.slice(-12)}`;
	const credentials = hashed(host, user, domain, randomText(host));
	for (const { realm, algorithm, ha1 } of credentials)
		database.setCredential({
			username: user,
			realm,
			algorithm,
			ha1,
			subject: instance,
		});
	return credentials;
}

function set(
	database: ProfileDatabase,
	subject: Subject,
	settings: Readonly<Record<string, string>>,
): void {
	for (const [path, value] of Object.entries(settings))
		database.set(subject, { path, value });
}

function randomText(host: Host): string {
	return host.hex(host.random(12), 0, 12);
}
