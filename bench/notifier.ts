/**
 * What a change for many costs the notifier: subscriptions in memory, one change for
 * all, each NOTIFY built, its 200 read. `node build/js/bench/notifier.js
 * [subscriptions]`; no sockets, so it is CPU alone. Lines for people, last JSON.
 */
import process from "node:process";
import { nodeHost } from "../hosts/node/natives.js";
import { Notifier } from "../src/event/notifier.js";
import { SipEndpoint } from "../src/sip/endpoint.js";

const count = Number(process.argv[2] ?? 10_000);
const host = nodeHost();
const body = host.encode(
	`<profile xmlns="urn:hookswitch:profile:1" type="user">${"x".repeat(700)}</profile>`,
);

function header(text: string, name: string): string {
	const start = text.indexOf(`\r\n${name}: `);
	return text.slice(start + 2, text.indexOf("\r\n", start + 2));
}

class Server {
	etag = "one";
	readonly endpoint = new SipEndpoint(host, {
		trace: false,
		limits: { transactions: 100_000 },
	});
	readonly notifier = new Notifier(
		host,
		{
			state: () => ({
				type: "application/vnd.hookswitch.profile+xml",
				bytes: body,
				etag: this.etag,
			}),
		},
		{ packages: ["ua-profile"], contact: () => "<sip:192.0.2.2>" },
	);
	notified = 0;

	constructor() {
		this.endpoint.setLocal(0, { host: "192.0.2.2", port: 5060 });
	}

	/** Handles all that comes of an input: what is sent is answered with 200 right away. */
	drain(now: number): void {
		for (;;) {
			const output = this.endpoint.next();
			if (output === undefined) {
				const told = this.notifier.next();
				if (told === undefined) return;
				if (told.kind === "respond")
					this.endpoint.respond(now, told.transaction, told.response);
				else if (told.kind === "request")
					this.endpoint.request(now, told.request, told.target, told.owner);
				continue;
			}
			switch (output.kind) {
				case "datagram": {
					const text = host.text(output.bytes, 0, output.bytes.length);
					if (!text.startsWith("NOTIFY")) break;
					this.notified += 1;
					const fields = ["Via", "From", "To", "Call-ID", "CSeq"].map((name) =>
						header(text, name),
					);
					this.endpoint.datagram(
						now,
						host.encode(
							`SIP/2.0 200 OK\r\n${fields.join("\r\n")}\r\nContent-Length: 0\r\n\r\n`,
						),
						output.to,
					);
					break;
				}
				case "request":
					if (
						this.notifier.subscribe(
							now,
							output.transaction,
							output.message,
							output.source,
						)
					)
						this.notifier.accept(
							now,
							output.transaction,
							output.message,
							output.source,
							{ key: "all" },
						);
					break;
				case "response":
					this.notifier.response(now, output.owner, output.message);
					break;
				default:
			}
		}
	}

	subscribe(now: number, each: number): void {
		this.endpoint.datagram(
			now,
			host.encode(
				[
					`SUBSCRIBE sip:user${each}@example.com SIP/2.0`,
					`Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bK${each};rport`,
					"Max-Forwards: 70",
					`From: <sip:user${each}@example.com>;tag=${each}`,
					`To: <sip:user${each}@example.com>`,
					`Call-ID: ${each}@phone`,
					"CSeq: 1 SUBSCRIBE",
					"Contact: <sip:phone@198.51.100.1>",
					'Event: ua-profile;profile-type=user;vendor="v";model="m";version="1"',
					"Accept: application/vnd.hookswitch.profile+xml, text/xml",
					"Expires: 86400",
					"Content-Length: 0",
					"",
					"",
				].join("\r\n"),
			),
			{ host: "198.51.100.1", port: 5060 },
		);
		this.drain(now);
	}
}

function milliseconds(work: () => void): number {
	const before = process.cpuUsage();
	work();
	const { user, system } = process.cpuUsage(before);
	return (user + system) / 1000;
}

const server = new Server();
const before = process.memoryUsage();
const subscribed = milliseconds(() => {
	for (let each = 0; each < count; each++) server.subscribe(each, each);
});
// Transactions of the SUBSCRIBEs (Timer J) are over.
server.endpoint.timeout(1e6);
server.notifier.timeout(1e6);
server.drain(1e6);
const after = process.memoryUsage();
const bytes = (after.heapUsed - before.heapUsed) / count;
console.log(
	`${count} subscriptions: ${Math.round(subscribed)} ms of CPU, about ${Math.round(bytes)} bytes each`,
);
let best = Number.POSITIVE_INFINITY;
for (let round = 1; round <= 5; round++) {
	server.etag = `round ${round}`;
	server.notified = 0;
	const now = 1e6 + round * 1e5;
	const spent = milliseconds(() => {
		server.notifier.changed(now, "all");
		server.drain(now);
	});
	if (server.notified !== count)
		throw new Error(`${server.notified} of ${count} notified`);
	best = Math.min(best, spent);
	console.log(`change ${round}: ${Math.round(spent)} ms of CPU`);
	server.endpoint.timeout(now + 5e4);
}
console.log(
	JSON.stringify({
		subscriptions: count,
		subscribe_ms: subscribed,
		notify_ms: best,
	}),
);
