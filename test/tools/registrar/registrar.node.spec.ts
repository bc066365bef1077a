import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DigestAlgorithm } from "../../../src/host.js";
import type { Address } from "../../../src/port.js";
import { Header } from "../../../src/sip/header.js";
import { Bindings } from "../../../tools/registrar/bindings.js";
import { placeCall } from "../../../tools/registrar/caller.js";
import { databaseDirectory } from "../../../tools/registrar/directory.js";
import { Registrar } from "../../../tools/registrar/registrar.js";
import { ProfileDatabase } from "../../../tools/serve/database.js";
import { silentLog } from "../../../tools/serve/log.js";
import {
	createSampleSite,
	type SampleUser,
} from "../../../tools/serve/sample.js";
import { Transport } from "../../../tools/serve/transport.js";
import { host, type PhoneOptions, TestPhone } from "./phone.js";

const domain = "example.com";

/** Its exit code: 0 only when it got what it wanted. Not waited for synchronously: the registrar runs in this process. */
function sipsak(...words: string[]): Promise<number | null> {
	const program = spawn("sipsak", words, { stdio: "ignore", timeout: 5000 });
	return new Promise((done) => program.once("exit", done));
}

describe("registrar and proxy", () => {
	let directory: string;
	let database: ProfileDatabase;
	let users: ReadonlyMap<string, SampleUser>;
	let address: Address;
	let stop: () => Promise<void>;
	const phones: TestPhone[] = [];

	/** The process's life: sockets and files, on the same port again after `stop`. */
	async function start(
		port = 0,
		algorithms?: readonly DigestAlgorithm[],
	): Promise<void> {
		const bindings = new Bindings(join(directory, "bindings"));
		const registrar = new Registrar(host, {
			domain,
			bindings,
			directory: databaseDirectory(database, domain),
			log: silentLog,
			...(algorithms && { algorithms }),
		});
		const transport = new Transport(registrar);
		address = await transport.listen({ host: "127.0.0.3", port });
		transport.act((now) => registrar.started(now, address));
		stop = async () => {
			await transport.close();
			bindings.close();
		};
	}

	async function phone(
		name: string,
		options: Partial<PhoneOptions> = {},
	): Promise<TestPhone> {
		const made = new TestPhone({
			name,
			domain,
			password: users.get(name)?.password ?? "",
			registrar: address,
			...options,
		});
		await made.start();
		phones.push(made);
		return made;
	}

	function call(from: string, to: string, options = {}) {
		const user = users.get(from);
		return placeCall({
			host,
			from: user?.aor ?? from,
			to: `sip:${to}@${domain}`,
			...(user && { credentials: { user: from, password: user.password } }),
			proxy: address,
			...options,
		});
	}

	beforeEach(async () => {
		directory = mkdtempSync(join(tmpdir(), "hookswitch-"));
		database = new ProfileDatabase(join(directory, "site.db"));
		const site = createSampleSite(host, database, {
			domain,
			devices: [],
			callers: ["alice", "bob"],
			registrarUri: "sip:127.0.0.3",
		});
		users = new Map(site.users.map((user) => [user.name, user]));
		await start();
	});
	afterEach(async () => {
		for (const each of phones.splice(0)) await each.stop();
		await stop();
		database.close();
		rmSync(directory, { recursive: true });
	});

	describe("REGISTER", () => {
		it("binds a contact for who has the password, and says for how long", async () => {
			const alice = await phone("alice");
			const response = await alice.register(600);
			equal(response?.status, 200);
			equal(response.contacts.length, 1);
			const [contact] = response.contacts;
			equal(contact?.uri.user, "alice");
			deepEqual(contact?.parameters, [{ name: "expires", value: "600" }]);
			equal((await alice.register(0))?.contacts.length, 0);
		});

		it("refuses a wrong password and somebody else's address", async () => {
			const wrong = await phone("alice", { password: "wrong" });
			equal((await wrong.register(600))?.status, 401);
			const bob = await phone("bob");
			const response = await bob.register(600, {
				to: `<sip:alice@${domain}>`,
			});
			equal(response?.status, 403);
		});

		it("refuses what expires too soon with 423, and a star that doesn't expire with 400", async () => {
			const alice = await phone("alice");
			const brief = await alice.register(5);
			equal(brief?.status, 423);
			equal(brief.minExpires, 30);
			equal((await alice.register(600, { contact: "*" }))?.status, 400);
		});

		it("speaks TCP", async () => {
			const alice = await phone("alice", { transport: "tcp" });
			equal((await alice.register(600))?.status, 200);
			const { status, bye } = await call("bob", "alice");
			deepEqual({ status, bye }, { status: 200, bye: 200 });
			await alice.got("BYE");
		});

		it("serves sipsak: OPTIONS, REGISTER with the right and with a wrong password", async () => {
			// It cuts ports of five digits, and stops at an algorithm that it doesn't know.
			await stop();
			await start(5098, ["MD5"]);
			const { host, port } = address;
			equal(await sipsak("-s", `sip:${host}:${port}`), 0);
			const registration = (password: string) =>
				sipsak(
					...["-U", "-s", `sip:alice@${host}:${port}`],
					...["-x", "60", "-u", "alice", "-a", password],
				);
			equal(await registration(users.get("alice")?.password ?? ""), 0);
			notEqual(await registration("wrong"), 0);
		});
	});

	describe("calls", () => {
		it("reach the callee with the caller's identity asserted, and end", async () => {
			const alice = await phone("alice");
			await alice.register(600);
			const result = await call("bob", "alice", {
				headers: [["P-Asserted-Identity", "<sip:boss@example.com>"]],
			});
			equal(result.status, 200);
			ok(result.provisional.includes(180));
			equal(result.answer, "v=0\r\n");
			equal(result.bye, 200);
			const invite = await alice.got("INVITE");
			deepEqual(
				invite
					.addresses(Header.PAssertedIdentity)
					.map(({ uriText }) => uriText),
				["sip:bob@example.com"],
			);
			equal(invite.has(Header.ProxyAuthorization), false);
			const [, callers] = invite.headers(Header.Via);
			match(callers ?? "", /received=127\.0\.0\.1/);
			equal(invite.maxForwards, 69);
			await alice.got("ACK");
			await alice.got("BYE");
		});

		it("from strangers come without the identity that they claim", async () => {
			const alice = await phone("alice");
			await alice.register(600);
			const result = await call("sip:mallory@example.net", "alice", {
				headers: [["P-Asserted-Identity", "<sip:bob@example.com>"]],
			});
			equal(result.status, 200);
			equal((await alice.got("INVITE")).has(Header.PAssertedIdentity), false);
		});

		it("from the domain's users need a password", async () => {
			const alice = await phone("alice");
			await alice.register(600);
			const none = await call("bob", "alice", { credentials: undefined });
			equal(none.status, 407);
			const wrong = await call("bob", "alice", {
				credentials: { user: "bob", password: "wrong" },
			});
			equal(wrong.status, 407);
			const other = await call("bob", "alice", {
				credentials: {
					user: "alice",
					password: users.get("alice")?.password ?? "",
				},
			});
			equal(other.status, 403);
			equal(alice.requests.length, 0);
		});

		it("to nobody get 404, to somebody who is away 480, elsewhere 403 or 404", async () => {
			equal((await call("bob", "nobody")).status, 404);
			equal((await call("bob", "alice")).status, 480);
			const relayed = { to: "sip:x@192.0.2.1" };
			equal((await call("sip:mallory@example.net", "", relayed)).status, 403);
			equal(
				(await call("bob", "", { to: "sip:x@elsewhere.example" })).status,
				404,
			);
		});

		it("carry the callee's refusal back", async () => {
			const alice = await phone("alice", { answers: 403 });
			await alice.register(600);
			equal((await call("bob", "alice")).status, 403);
		});

		it("ring all phones; the first to answer gets the call, the others are cancelled", async () => {
			const desk = await phone("alice", { answers: 0 });
			const mobile = await phone("alice", { listen: "127.0.0.9" });
			await desk.register(600);
			await mobile.register(600);
			equal((await call("bob", "alice")).status, 200);
			await desk.got("INVITE");
			await mobile.got("BYE");
		});

		it("that nobody answers are cancelled when the caller gives up", async () => {
			const alice = await phone("alice", { answers: 0 });
			await alice.register(600);
			const { status } = await call("bob", "alice", { patience: 100 });
			ok(status === 487 || status === 408);
		});

		it("can be ended by the callee", async () => {
			const alice = await phone("alice");
			await alice.register(600);
			const calling = call("bob", "alice", { hold: 5000 });
			await alice.got("ACK");
			alice.hangUp();
			const result = await calling;
			equal(result.status, 200);
			equal(result.bye, undefined);
		});
	});

	it("passes nothing on that has no hops left", async () => {
		const alice = await phone("alice");
		await alice.register(600);
		const { status } = await call("sip:mallory@example.net", "alice", {
			maxForwards: 0,
		});
		equal(status, 483);
		deepEqual(
			alice.requests.map(({ method }) => method),
			[],
		);
	});

	it("outlives a contact that nothing can be sent to", async () => {
		const alice = await phone("alice", { listen: "127.0.0.9" });
		await alice.register(600, { contact: "<sip:alice@127.0.0.9:0>" });
		await call("bob", "alice", { patience: 100 });
		equal((await alice.register(600))?.status, 200);
		equal((await call("bob", "alice")).status, 200);
	});

	it("answers 500 while its database can't be used", async () => {
		const alice = await phone("alice");
		await alice.register(600);
		const { credential } = database;
		database.credential = () => {
			throw new Error("disk I/O error");
		};
		equal((await call("bob", "alice")).status, 500);
		database.credential = credential;
		equal((await call("bob", "alice")).status, 200);
	});

	it("keeps registrations over a restart", async () => {
		const alice = await phone("alice");
		await alice.register(600);
		await stop();
		await start(address.port);
		equal((await call("bob", "alice")).status, 200);
	});
});
