import { deepEqual, equal, match, ok } from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Address } from "../../../src/port.js";
import { ProfileDatabase } from "../../../tools/serve/database.js";
import { silentLog } from "../../../tools/serve/log.js";
import { createSampleSite, everyone } from "../../../tools/serve/sample.js";
import {
	ProfileServer,
	type ProfileServerOptions,
} from "../../../tools/serve/server.js";
import { ServerState } from "../../../tools/serve/state.js";
import { Transport } from "../../../tools/serve/transport.js";
import { host, Watcher } from "./watcher.js";

const domain = "example.com";

describe("profile server under load", () => {
	let directory: string;
	let database: ProfileDatabase;
	let state: ServerState;
	let server: ProfileServer;
	let transport: Transport;
	let address: Address;

	async function start(
		options: Partial<ProfileServerOptions> = {},
	): Promise<void> {
		server = new ProfileServer(host, {
			database,
			state,
			domains: [domain],
			log: silentLog,
			authenticate: false,
			...options,
		});
		transport = new Transport(server);
		address = await transport.listen({ host: "127.0.0.2", port: 0 });
		transport.act((now) => server.started(now, address));
	}

	beforeEach(() => {
		directory = mkdtempSync(join(tmpdir(), "hookswitch-"));
		database = new ProfileDatabase(join(directory, "site.db"));
		state = new ServerState(join(directory, "state"));
		createSampleSite(host, database, {
			domain,
			devices: [],
			callers: ["alice", "bob"],
			registrarUri: "sip:127.0.0.3",
		});
	});
	afterEach(async () => {
		await transport.close();
		server.stop();
		state.close();
		database.close();
		rmSync(directory, { recursive: true });
	});

	it("tells each of 300 subscribers once", async () => {
		await start();
		const watcher = new Watcher(address);
		await watcher.start();
		const subscribe = (name: string) =>
			watcher.subscribe({ uri: `sip:${name}@${domain}`, profile: "user" });
		const names = Array.from({ length: 300 }, (_, at) =>
			at % 2 === 0 ? "alice" : "bob",
		);
		const responses = await Promise.all(names.map(subscribe));
		ok(responses.every((response) => response?.status === 200));
		for (const _ of names) await watcher.notification();
		database.set(everyone, { path: "call/@ring-time", value: "33" });
		transport.act((now) => server.databaseChanged(now));
		let told = 0;
		for (const _ of names) {
			const { body } = await watcher.notification();
			match(body, /ring-time="33"/);
			told++;
		}
		deepEqual([told, watcher.unread], [300, 0]);
		equal(state.subscriptions().length, 300);
		await watcher.stop();
	});

	it("sends new subscribers away for a while when those before them don't answer", async () => {
		await start({ backlog: 2 });
		const silent = createSocket("udp4");
		const first = await statuses(silent, address, 3);
		deepEqual(
			first.map(({ status }) => status),
			[200, 200, 503],
		);
		const wait = Number(first[2]?.retryAfter);
		ok(wait >= 5 && wait <= 30);
		silent.close();
	});

	it("keeps its database to itself", async () => {
		await start();
		equal(statSync(database.file).mode & 0o077, 0);
	});
});

/** Subscribes without ever answering a NOTIFY; gives the responses in the order of the requests. */
function statuses(
	socket: Socket,
	{ host, port }: Address,
	count: number,
): Promise<{ status: number; retryAfter: string | undefined }[]> {
	const found: { status: number; retryAfter: string | undefined }[] = [];
	let answered = 0;
	return new Promise((done) => {
		socket.on("message", (bytes) => {
			const text = bytes.toString();
			const status = /^SIP\/2\.0 (\d+)/.exec(text)?.[1];
			const request = /^Call-ID: request-(\d+)/m.exec(text)?.[1];
			if (status === undefined || request === undefined) return;
			const retryAfter = /^Retry-After: (\d+)/m.exec(text)?.[1];
			found[Number(request)] = { status: Number(status), retryAfter };
			answered++;
			if (answered === count) done(found);
			else send(answered);
		});
		const send = (request: number) =>
			socket.send(
				[
					`SUBSCRIBE sip:alice@${domain} SIP/2.0`,
					`Via: SIP/2.0/UDP 127.0.0.1:9;rport;branch=z9hG4bK${request}`,
					"Max-Forwards: 70",
					`From: <sip:alice@${domain}>;tag=${request}`,
					`To: <sip:alice@${domain}>`,
					`Call-ID: request-${request}`,
					"CSeq: 1 SUBSCRIBE",
					`Contact: <sip:alice@127.0.0.1:${socket.address().port}>`,
					"Event: ua-profile;profile-type=user",
					"Content-Length: 0",
					"",
					"",
				].join("\r\n"),
				port,
				host,
			);
		socket.bind(0, "127.0.0.1", () => send(0));
	});
}
