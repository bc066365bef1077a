/**
 * How fast a change travels: from a commit by another process to the NOTIFY at the
 * subscriber, and to all of many subscribers. `node build/js/bench/profile-server.js
 * [subscribers]`; prints a line for people for each figure and, last, JSON.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import Libsql from "libsql";
import { nodeHost } from "../hosts/node/natives.js";
import { Watcher } from "../test/tools/serve/watcher.js";
import { ProfileDatabase } from "../tools/serve/database.js";
import { createSampleSite } from "../tools/serve/sample.js";

const domain = "example.com";
const changes = 300;
const host = nodeHost();

/** The clock that both processes read, in milliseconds. */
function clock(): number {
	return performance.timeOrigin + performance.now();
}

/** The other process: plain SQL, one commit for each line of stdin, and when it began and was done. */
async function write(file: string): Promise<void> {
	const database = new Libsql(file, { timeout: 5000 });
	for await (const statement of createInterface({ input: process.stdin })) {
		const begun = clock();
		database.exec(statement);
		console.log(JSON.stringify({ begun, done: clock() }));
	}
}

interface Lines {
	readonly process: ChildProcess;
	next(): Promise<Record<string, number | string>>;
}

function start(words: readonly string[]): Lines {
	const child = spawn(process.execPath, words, {
		stdio: ["pipe", "pipe", "inherit"],
	});
	const lines: string[] = [];
	let wake: (() => void) | undefined;
	// Read at once, whether somebody waits or not: a full pipe would stop the child.
	createInterface({ input: child.stdout }).on("line", (line) => {
		lines.push(line);
		wake?.();
	});
	return {
		process: child,
		async next() {
			while (lines.length === 0)
				await new Promise<void>((done) => {
					wake = done;
				});
			return JSON.parse(lines.shift() ?? "");
		},
	};
}

function quantile(values: readonly number[], part: number): number {
	const sorted = [...values].sort((a, b) => a - b);
	return sorted[Math.floor(part * (sorted.length - 1))] ?? Number.NaN;
}

async function measure(subscribers: number): Promise<void> {
	const directory = mkdtempSync(join(tmpdir(), "hookswitch-bench-"));
	const file = join(directory, "site.db");
	const database = new ProfileDatabase(file);
	createSampleSite(host, database, {
		domain,
		devices: [],
		callers: ["alice"],
		registrarUri: "sip:127.0.0.3",
	});
	const program = new URL("../tools/hookswitch.js", import.meta.url);
	const server = start([
		fileURLToPath(program),
		...["serve", "--database", file, "--listen", "127.0.0.2:0"],
		...["--domain", domain, "--no-authentication", "--json"],
	]);
	let port = 0;
	while (port === 0) {
		const event = await server.next();
		if (event.code === "ready")
			port = Number(String(event.listen).split(":")[1]);
	}
	const writer = start([fileURLToPath(import.meta.url), "--write", file]);
	const watcher = new Watcher({ host: "127.0.0.2", port });
	await watcher.start();
	const set = (value: number) => {
		writer.process.stdin?.write(
			`INSERT OR REPLACE INTO setting (scope, subject, path, value) VALUES ('user', 'sip:alice@${domain}', 'call/@ring-time', '${value}')\n`,
		);
		return writer.next();
	};

	const alice = { uri: `sip:alice@${domain}`, profile: "user" };
	await watcher.subscribe(alice);
	await watcher.notification();
	const fromBegin: number[] = [];
	const fromDone: number[] = [];
	for (let change = 0; change < changes; change++) {
		const written = await set(20 + (change % 100));
		const { at } = await watcher.notification();
		const arrived = performance.timeOrigin + at;
		fromBegin.push(arrived - Number(written.begun));
		fromDone.push(arrived - Number(written.done));
		await new Promise((done) => setTimeout(done, 5));
	}

	const begun = clock();
	for (let made = 1; made < subscribers; ) {
		const batch = Math.min(100, subscribers - made);
		await Promise.all(
			Array.from({ length: batch }, () => watcher.subscribe(alice)),
		);
		made += batch;
	}
	for (let told = 1; told < subscribers; told++) await watcher.notification();
	const subscribed = clock() - begun;
	const all: number[] = [];
	for (let change = 0; change < 5; change++) {
		const written = await set(200 + change);
		let last = 0;
		for (let told = 0; told < subscribers; told++)
			last = Math.max(last, (await watcher.notification()).at);
		all.push(performance.timeOrigin + last - Number(written.done));
	}

	await watcher.stop();
	writer.process.stdin?.end();
	server.process.kill("SIGTERM");
	database.close();
	rmSync(directory, { recursive: true });
	const figures = {
		changes,
		notify_after_commit_ms: {
			median: round(quantile(fromDone, 0.5)),
			p99: round(quantile(fromDone, 0.99)),
		},
		notify_after_statement_begun_ms: {
			median: round(quantile(fromBegin, 0.5)),
			p99: round(quantile(fromBegin, 0.99)),
		},
		subscribers,
		subscribed_ms: round(subscribed),
		all_notified_ms: round(quantile(all, 0.5)),
	};
	console.log(
		`commit in another process → NOTIFY at the subscriber: ${figures.notify_after_commit_ms.median} ms median, ${figures.notify_after_commit_ms.p99} ms p99 (from before the statement: ${figures.notify_after_statement_begun_ms.median}, ${figures.notify_after_statement_begun_ms.p99})`,
	);
	console.log(
		`${subscribers} subscribers: subscribed in ${figures.subscribed_ms} ms, all told of a change ${figures.all_notified_ms} ms after its commit (Kamailio 5.6 presence: 2,000 in 180 ms, 10,000 in 3,200–4,000 ms)`,
	);
	console.log(JSON.stringify(figures));
}

function round(value: number): number {
	return Math.round(value * 100) / 100;
}

const [first, second] = process.argv.slice(2);
if (first === "--write") await write(second ?? "");
else await measure(Number(first ?? 1000));
