import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Address } from "../../../src/port.js";
import { Header } from "../../../src/sip/header.js";
import { ProfileDatabase } from "../../../tools/serve/database.js";
import {
	createSampleSite,
	everyone,
	registrarPath,
	type SampleSite,
} from "../../../tools/serve/sample.js";
import { host, type Subscription, Watcher } from "./watcher.js";

const program = fileURLToPath(
	new URL("../../../tools/hookswitch.js", import.meta.url),
);
const domain = "example.com";
const instance = "urn:uuid:00000000-0000-1000-8000-000000000001";
const escaped = encodeURIComponent(instance).toLowerCase();
const alice = "sip:alice@example.com";

/** The server as a process, as people run it. */
class ServerProcess {
	readonly process: ChildProcess;
	readonly events: Record<string, unknown>[] = [];
	readonly #ready: Promise<Address>;

	constructor(file: string, port: number, ...words: string[]) {
		this.process = spawn(
			process.execPath,
			[
				program,
				"serve",
				...["--database", file, "--listen", `127.0.0.2:${port}`],
				...["--domain", domain, "--json", ...words],
			],
			{ stdio: ["ignore", "pipe", "inherit"] },
		);
		this.#ready = new Promise((done) => {
			const { stdout } = this.process;
			if (stdout === null) return;
			createInterface({ input: stdout }).on("line", (line) => {
				const event = JSON.parse(line) as Record<string, unknown>;
				this.events.push(event);
				if (event.code !== "ready") return;
				const [host = "", port] = String(event.listen).split(":");
				done({ host, port: Number(port) });
			});
		});
	}

	ready(): Promise<Address> {
		return this.#ready;
	}

	codes(): unknown[] {
		return this.events.map(({ code }) => code);
	}

	async end(signal: NodeJS.Signals): Promise<number | null> {
		if (this.process.exitCode !== null || this.process.signalCode !== null)
			return this.process.exitCode;
		this.process.kill(signal);
		await once(this.process, "close");
		return this.process.exitCode;
	}
}

describe("profile server", () => {
	let directory: string;
	let file: string;
	let database: ProfileDatabase;
	let site: SampleSite;
	let server: ServerProcess;
	let address: Address;
	let watcher: Watcher;

	const sql = (statements: string) =>
		execFileSync("sqlite3", [file, `PRAGMA busy_timeout=2000;${statements}`]);

	const deviceCredentials = {
		find: (_realm: string, algorithm: string) =>
			site.devices[0]?.credentials.find((each) => each.algorithm === algorithm),
	};
	const device: Subscription = {
		uri: `sip:${escaped}@${domain}`,
		profile: "device",
		credentials: deviceCredentials,
	};
	const user: Subscription = {
		uri: alice,
		profile: "user",
		credentials: deviceCredentials,
	};
	const access: Subscription = { ...user, profile: "access" };

	async function start(port = 0, ...words: string[]): Promise<void> {
		server = new ServerProcess(file, port, ...words);
		address = await server.ready();
	}

	before(async () => {
		directory = mkdtempSync(join(tmpdir(), "hookswitch-"));
		file = join(directory, "site.db");
		database = new ProfileDatabase(file);
		site = createSampleSite(host, database, {
			domain,
			devices: [{ instance, users: ["alice"] }],
			callers: ["bob"],
			registrarUri: "sip:127.0.0.3",
		});
		await start();
	});
	after(async () => {
		await server.end("SIGTERM");
		database.close();
		rmSync(directory, { recursive: true });
	});
	beforeEach(async () => {
		watcher = new Watcher(address);
		await watcher.start();
	});
	afterEach(() => watcher.stop());

	describe("serves", () => {
		it("the local network's profile without asking who it is for", async () => {
			const response = await watcher.subscribe({
				uri: `sip:_sipuaconfig.${domain}`,
				profile: "local-network",
			});
			equal(response?.status, 200);
			equal(response.expires, 3600);
			const { state, type, body } = await watcher.notification();
			equal(state, "active");
			equal(type, "application/vnd.hookswitch.profile+xml");
			match(body, /type="local-network"/);
			match(body, /for="example\.com"/);
			match(body, /Example Telecom/);
		});

		it("a device's profile, which names its users", async () => {
			equal((await watcher.subscribe(device))?.status, 200);
			const { body, etag } = await watcher.notification();
			match(body, new RegExp(`for="${instance}"`));
			match(body, /<user aor="sip:alice@example\.com"/);
			const digest = host.digest("SHA-256", [host.encode(body)]);
			equal(etag, host.hex(digest, 0, 32), "the tag is the body's SHA-256");
		});

		it("a user's profile with the settings of its groups, over TCP", async () => {
			const response = await watcher.subscribe({ ...user, transport: "tcp" });
			equal(response?.status, 200);
			const { body } = await watcher.notification();
			match(body, /role="registrar"/);
			match(body, /uri="sip:127\.0\.0\.3"/);
			match(body, /ha1="/);
		});

		it("an access list", async () => {
			equal((await watcher.subscribe(access))?.status, 200);
			const { body, type } = await watcher.notification();
			equal(type, "application/vnd.hookswitch.access+xml");
			match(body, /<default /);
		});

		it("bare ua-profile by what the URI says", async () => {
			const { profile: _, ...bare } = user;
			equal((await watcher.subscribe(bare))?.status, 200);
			match((await watcher.notification()).body, /type="user"/);
		});

		it("a document once: Expires 0", async () => {
			equal((await watcher.subscribe({ ...user, expires: 0 }))?.status, 200);
			equal((await watcher.notification()).state, "terminated");
		});

		it("nothing again to who has it (RFC 5839)", async () => {
			await watcher.subscribe(user);
			const { etag } = await watcher.notification();
			const headers = [
				["Event", "ua-profile;profile-type=user"],
				["Expires", "3600"],
				["Suppress-If-Match", etag ?? ""],
			] as const;
			const response = await watcher.subscribe({
				...user,
				changes: { headers },
			});
			ok(response?.status === 204 || response?.status === 200);
			if (response.status === 200)
				equal((await watcher.notification()).body, "");
		});
	});

	describe("refuses", () => {
		const status = async (subscription: Subscription) =>
			(await watcher.subscribe(subscription))?.status;

		it("who has no or wrong credentials with 401, offering SHA-256 before MD5", async () => {
			const response = await watcher.subscribe({
				...user,
				credentials: undefined,
			});
			equal(response?.status, 401);
			const algorithms = response
				.headers(Header.WwwAuthenticate)
				.map((value) => /algorithm=([\w-]+)/.exec(value)?.[1]);
			deepEqual(algorithms, ["SHA-256", "MD5"]);
			const wrong = { find: () => ({ user: "alice", password: "wrong" }) };
			equal(await status({ ...user, credentials: wrong }), 401);
		});

		it("somebody else's profile with 403", async () => {
			const bob = site.users.find(({ name }) => name === "bob");
			const credentials = {
				find: () => ({ user: "bob", password: bob?.password ?? "" }),
			};
			equal(await status({ ...user, credentials }), 403);
			equal(await status({ ...device, credentials }), 403);
			equal(
				await status({ ...user, uri: "sip:bob@example.com", credentials }),
				200,
			);
		});

		it("what it does not have with 404", async () => {
			equal(await status({ ...user, profile: "token" }), 404);
			equal(await status({ ...user, uri: "sip:alice@example.net" }), 404);
			sql("INSERT INTO user VALUES ('sip:carol@example.com')");
			sql(
				`INSERT INTO device_user VALUES ('${instance}', 'sip:carol@example.com', 1)`,
			);
			equal(await status({ ...access, uri: "sip:carol@example.com" }), 404);
			sql("DELETE FROM user WHERE aor = 'sip:carol@example.com'");
			sql("DELETE FROM device_user WHERE aor = 'sip:carol@example.com'");
		});

		it("another event package with 489 and the one that it has", async () => {
			const response = await watcher.subscribe({
				...user,
				changes: { headers: [["Event", "presence"]] },
			});
			equal(response?.status, 489);
			equal(response.header(Header.AllowEvents), "ua-profile");
		});

		it("who doesn't read its documents with 406, what is too brief with 423", async () => {
			const headers = [
				["Event", "ua-profile;profile-type=user"],
				["Accept", "text/plain"],
			] as const;
			equal(await status({ ...user, changes: { headers } }), 406);
			equal(await status({ ...user, expires: 5 }), 423);
		});

		it("other methods properly", async () => {
			const request = (method: string) =>
				watcher.send({
					method,
					uri: `sip:${domain}`,
					route: [],
					from: "<sip:a@example.net>;tag=1",
					to: `<sip:${domain}>`,
					callId: `${method}@test`,
					cseq: 1,
					contact: "<sip:a@127.0.0.1>",
					headers: [],
				});
			const status = async (method: string) => (await request(method))?.status;
			equal(await status("OPTIONS"), 200);
			equal(await status("NOTIFY"), 481);
			equal(await status("REGISTER"), 405);
			equal(await status("PUBLISH"), 405);
			equal(await status("FROBNICATE"), 501);
		});

		it("input that is no SIP without stopping", async () => {
			const { createSocket } = await import("node:dgram");
			const socket = createSocket("udp4");
			for (const bytes of [
				Buffer.alloc(60_000, 0x41),
				Buffer.from("SUBSCRIBE sip:x SIP/2.0\r\n"),
				Buffer.from([0xff, 0xfe, 0, 0]),
			])
				await new Promise((done) =>
					socket.send(bytes, address.port, address.host, done),
				);
			socket.close();
			equal(await status({ ...user, expires: 0 }), 200);
		});
	});

	describe("tells of a change", () => {
		it("that another process makes with plain SQL, whole, with a new tag and version", async () => {
			await watcher.subscribe(user);
			const first = await watcher.notification();
			sql(
				`INSERT OR REPLACE INTO setting (scope, subject, path, value) VALUES ('user', '${alice}', 'registration/@expires', '300')`,
			);
			const second = await watcher.notification();
			match(second.body, /<registration expires="300"/);
			notEqual(second.etag, first.etag);
			const version = (body: string) =>
				Number(/ version="(\d+)"/.exec(body)?.[1]);
			equal(version(second.body), version(first.body) + 1);
		});

		it("of a group to its members, of an access list, of the local network", async () => {
			for (const subscription of [
				user,
				access,
				{ uri: `sip:_sipuaconfig.${domain}`, profile: "local-network" },
			]) {
				await watcher.subscribe(subscription);
				await watcher.notification();
			}
			database.set(everyone, { path: registrarPath, value: "sip:127.0.0.4" });
			match((await watcher.notification()).body, /sip:127\.0\.0\.4/);
			database.setRule(alice, {
				match: "user",
				value: "sip:mallory@example.net",
				presence: undefined,
				contact: "block",
			});
			match((await watcher.notification()).body, /mallory/);
			database.set(
				{ scope: "local-network", name: "*" },
				{ path: "network/@language", value: "de" },
			);
			match((await watcher.notification()).body, /language="de"/);
		});

		it("only to those whose document is another", async () => {
			await watcher.subscribe(user);
			await watcher.notification();
			database.set(
				{ scope: "user", name: alice },
				{ path: "registration/@expires", value: "120" },
			);
			await watcher.notification();
			// Overridden by the user's own setting: the group's changes nothing for alice.
			database.set(everyone, { path: "registration/@expires", value: "900" });
			database.set(
				{ scope: "user", name: "sip:bob@example.com" },
				{ path: "call/@waiting", value: "false" },
			);
			database.set(
				{ scope: "user", name: alice },
				{ path: "registration/@expires", value: "180" },
			);
			match((await watcher.notification()).body, /expires="180"/);
			equal(watcher.unread, 0);
		});

		it("and publishes a forced bad value, but leaves out what plain SQL broke", async () => {
			await watcher.subscribe(user);
			await watcher.notification();
			const subject = { scope: "user", name: alice } as const;
			database.set(subject, { path: "audio/@ptime", value: "soon" });
			database.set(subject, { path: "call/@waiting", value: "true" });
			const cautious = (await watcher.notification()).body;
			match(cautious, /waiting="true"/);
			ok(!cautious.includes("soon"));
			ok(server.codes().includes("setting-left-out"));
			database.set(subject, {
				path: "audio/@ptime",
				value: "soon",
				forced: true,
			});
			match((await watcher.notification()).body, /ptime="soon"/);
			database.unset(subject, "audio/@ptime");
			ok(!(await watcher.notification()).body.includes("ptime"));
		});

		it("to all others, when one document can't be made", async () => {
			await watcher.subscribe(access);
			await watcher.notification();
			await watcher.subscribe(user);
			await watcher.notification();
			const broken = `access_rule WHERE value = 'sip:' || char(1) || '@x'`;
			sql(
				`INSERT INTO access_rule (aor, match, value, contact) VALUES ('${alice}', 'user', 'sip:' || char(1) || '@x', 'block')`,
			);
			database.set(
				{ scope: "user", name: alice },
				{ path: "call/@ring-time", value: "51" },
			);
			await watcher.notificationWith(/ring-time="51"/);
			ok(server.codes().includes("document-unusable"));
			sql(`DELETE FROM ${broken}`);
		});

		it("that restoring a backup makes", async () => {
			const backup = join(directory, "backup.db");
			execFileSync("sqlite3", [file, `.backup ${backup}`]);
			await watcher.subscribe(user);
			const { etag } = await watcher.notification();
			database.set(
				{ scope: "user", name: alice },
				{ path: "call/@ring-time", value: "52" },
			);
			await watcher.notificationWith(/ring-time="52"/);
			execFileSync("sqlite3", [file, `.restore ${backup}`]);
			const restored = await watcher.notification();
			ok(!restored.body.includes('ring-time="52"'));
			notEqual(restored.etag, etag, "the version counts on");
		});

		it("that there is no document any more", async () => {
			await watcher.subscribe(access);
			await watcher.notification();
			database.removeAccess(alice);
			const { state, reason } = await watcher.notification();
			deepEqual(
				{ state, reason },
				{ state: "terminated", reason: "noresource" },
			);
			database.setAccessDefault(alice, "block", "allow");
		});
	});

	describe("lives on", () => {
		it("after SIGKILL: subscriptions go on, and hear of what changed meanwhile", async () => {
			await watcher.subscribe(user);
			const first = await watcher.notification();
			await watcher.subscribe(device);
			await watcher.notification();
			await server.end("SIGKILL");
			database.set(
				{ scope: "user", name: alice },
				{ path: "call/@ring-time", value: "77" },
			);
			await start(address.port);
			const told = await watcher.notificationWith(/ring-time="77"/);
			ok(told.cseq > first.cseq);
			database.set(
				{ scope: "user", name: alice },
				{ path: "call/@ring-time", value: "78" },
			);
			await watcher.notificationWith(/ring-time="78"/);
		});

		it("and ends cleanly with SIGTERM, saying what it keeps", async () => {
			await watcher.subscribe(user);
			await watcher.notification();
			equal(await server.end("SIGTERM"), 0);
			const last = server.events.at(-1);
			equal(last?.ok, true);
			ok(Number(last.subscriptions) > 0);
			await start(address.port, "--trace");
			await watcher.subscribe({ ...user, expires: 0 });
			const lines = server.events
				.filter(({ code }) => code === "message")
				.map(({ line }) => String(line));
			ok(lines.some((line) => line.startsWith("SUBSCRIBE sip:alice@")));
			ok(
				!JSON.stringify(server.events).includes("ha1"),
				"nothing secret is logged",
			);
		});
	});
});
