/**
 * The network of the QEMU host, from outside: test firmware in QEMU (network/main.ts)
 * against Node's sockets over QEMU's user network. Needs no rights.
 */
import assert from "node:assert/strict";
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import {
	type AddressInfo,
	connect,
	createServer,
	type Server,
	type Socket,
} from "node:net";
import { Guest } from "./network/guest.js";
import { pattern, sleep, testImage } from "./network/image.js";

/** A loopback net of its own, and a server's address that no phone has. */
const net = `127.${100 + (process.pid % 100)}.${(process.pid >> 7) % 250}`;
const phone = `${net}.1`;
const server = "127.0.0.2";
const megabyte = 1024 * 1024;

describe("network of the QEMU host", function () {
	this.timeout(30_000);
	let image: string;
	let guest: Guest;

	before(async function () {
		this.timeout(300_000);
		const made = await testImage();
		if ("reason" in made) {
			console.log(`    skipped: ${made.reason}`);
			this.skip();
		}
		image = made.image;
	});

	afterEach(function () {
		if (this.currentTest?.state === "failed")
			console.log(guest?.lines.slice(-8).join("\n"));
	});

	describe("over QEMU's user network", () => {
		before(async () => {
			const user = [
				`user,id=n,net=${net}.0/24,host=${net}.254,dns=${net}.253,dhcpstart=${phone}`,
				"domainname=example.com,tftp-server-name=http://provision.example.com/",
				`hostfwd=udp:${phone}:5060-${phone}:5060,hostfwd=udp:${phone}:5062-${phone}:5062`,
				`hostfwd=tcp:${phone}:5060-${phone}:5060`,
			].join(",");
			guest = new Guest(image, [
				...["-netdev", user, "-device", "virtio-net-device,netdev=n"],
			]);
		});
		after(() => guest?.kill());

		it("a lease tells address, netmask, router, name servers and options", async () => {
			const lease = await guest.report("lease");
			assert.equal(lease.address, phone);
			assert.equal(lease.netmask, "255.255.255.0");
			assert.equal(lease.gateway, `${net}.254`);
			assert.deepEqual(lease.nameServers, [`${net}.253`]);
			const options = new Map(lease.options as [number, string][]);
			const text = (code: number) =>
				Buffer.from(options.get(code) ?? "", "hex").toString();
			assert.equal(text(15), "example.com");
			assert.equal(text(66), "http://provision.example.com/");
		});

		describe("UDP", () => {
			let socket: UdpSocket;
			before(async () => {
				await guest.ask("echo", "open", { name: "sip", port: 5060 });
				socket = createSocket("udp4");
				socket.bind(0, server);
				await once(socket, "listening");
			});
			after(() => socket.close());

			async function roundTrip(bytes: Buffer): Promise<Buffer | undefined> {
				socket.send(bytes, 5060, phone);
				return Promise.race([
					once(socket, "message").then(([message]) => message as Buffer),
					sleep(500).then(() => undefined),
				]);
			}

			it("datagrams of 0 to 8,192 octets arrive whole", async () => {
				for (const size of [
					0, 1, 2, 100, 708, 709, 710, 1000, 1471, 1472, 1473, 2000, 2953, 4096,
					7000, 8191, 8192,
				]) {
					const bytes = pattern(size);
					const echo = await roundTrip(bytes);
					assert.ok(echo?.equals(bytes), `${size}: ${echo?.length}`);
				}
			});

			it("larger ones are dropped and counted, never cut, and the next one arrives", async () => {
				const before = await guest.counters();
				const told = guest.report("input-dropped");
				for (const size of [8_193, 9_000, 17_000, 65_000]) {
					socket.send(pattern(size), 5060, phone);
					const next = await roundTrip(pattern(300));
					assert.equal(next?.length, 300, `after ${size}`);
				}
				const after = await guest.counters();
				const dropped =
					(after.fragmentsDroppedTooLarge ?? 0) -
					(before.fragmentsDroppedTooLarge ?? 0);
				assert.ok(dropped >= 4, `${dropped} fragments`);
				assert.equal(
					(after.datagramsReceived ?? 0) - (before.datagramsReceived ?? 0),
					4,
				);
				assert.match(String((await told).text), /of too large datagrams/);
				// What was begun makes room for what can be finished.
				const whole = await roundTrip(pattern(8_000));
				assert.equal(whole?.length, 8_000);
			});

			it("a burst of 500 is received, each one read or counted as dropped", async () => {
				await guest.ask("deaf", "open", { name: "deaf", port: 5062 });
				const before = await guest.counters();
				const bytes = pattern(200);
				for (let count = 0; count < 500; count++) {
					socket.send(bytes, 5062, phone);
					// The kernel's own queue is not what is tested here.
					if (count % 50 === 49) await sleep(5);
				}
				let got = 0;
				let dropped = 0;
				for (let tries = 0; got + dropped < 500 && tries < 40; tries++) {
					await sleep(25);
					const now = await guest.counters();
					got = (now.datagramsReceived ?? 0) - (before.datagramsReceived ?? 0);
					dropped =
						(now.datagramsDropped ?? 0) - (before.datagramsDropped ?? 0);
				}
				assert.equal(got + dropped, 500);
				assert.equal(got, 12);
				const drained = await guest.ask("drain", "drained", { name: "deaf" });
				assert.equal(drained.count, 12);
				assert.equal(drained.octets, 12 * 200);
				guest.do("close", { name: "deaf" });
			});

			it("a burst of 500 is answered in full by a socket that reads", async () => {
				const before = await guest.counters();
				let echoes = 0;
				const count = () => {
					echoes++;
				};
				socket.on("message", count);
				for (let sent = 0; sent < 500; sent++) {
					socket.send(pattern(100 + sent), 5060, phone);
					// Neither queue of the kernel is what is tested here.
					if (sent % 25 === 24) await sleep(3);
				}
				for (let tries = 0; echoes < 500 && tries < 40; tries++)
					await sleep(25);
				socket.off("message", count);
				const after = await guest.counters();
				for (const name of [
					"datagramsDropped",
					"framesDroppedFull",
					"datagramsUnsent",
					"framesDroppedSending",
				])
					assert.equal(after[name], before[name], name);
				assert.equal(echoes, 500);
			});

			it("a round trip from the phone takes about a millisecond", async () => {
				const echo = createSocket("udp4");
				echo.on("message", (message, from) =>
					echo.send(message, from.port, from.address),
				);
				echo.bind(0, server);
				await once(echo, "listening");
				const trips = await guest.ask("round-trips", "round-trips", {
					address: server,
					port: (echo.address() as AddressInfo).port,
					size: 500,
					count: 200,
				});
				echo.close();
				console.log(
					`        UDP round trip ${Number(trips.median).toFixed(2)} ms median, ${Number(trips.highest).toFixed(2)} ms highest`,
				);
				assert.ok(Number(trips.median) < 100);
			});

			it("misuse is an error in words", async () => {
				for (const [words, message] of [
					[{ do: "echo", name: "again", port: 5060 }, "port in use"],
					[{ do: "echo", name: "again", port: 70_000 }, "number out of range"],
					[
						{
							do: "send",
							name: "sip",
							address: "example.com",
							port: 1,
							size: 1,
						},
						"no IPv4 address",
					],
					[
						{ do: "send", name: "sip", address: server, port: 1, size: 8_193 },
						"datagram too long",
					],
					[{ do: "join", name: "sip", address: server }, "no multicast group"],
				] as const) {
					const threw = await guest.ask(words.do, "threw", words);
					assert.ok(
						String(threw.message).includes(message),
						`${threw.message}`,
					);
				}
			});
		});

		describe("TCP", () => {
			let listening: Server;
			let port: number;
			let accept: (socket: Socket) => void;
			before(async () => {
				listening = createServer((socket) => {
					socket.on("error", () => {});
					accept(socket);
				});
				listening.listen(0, server);
				await once(listening, "listening");
				port = (listening.address() as AddressInfo).port;
			});
			after(() => listening.close());

			function speed(bytes: number, began: number): string {
				const seconds = (performance.now() - began) / 1000;
				return `${(bytes / megabyte / seconds).toFixed(1)} MB/s`;
			}

			/** As main.ts sums up what it received. */
			async function collect(socket: Socket): Promise<Buffer> {
				const parts: Buffer[] = [];
				for await (const part of socket) parts.push(part as Buffer);
				return Buffer.concat(parts);
			}

			it("the phone sends 1 MB", async () => {
				const began = performance.now();
				const received = new Promise<Buffer>((fulfil) => {
					accept = (socket) => {
						let octets = 0;
						const parts: Buffer[] = [];
						socket.on("data", (part) => {
							parts.push(part);
							octets += part.length;
							if (octets === megabyte) {
								console.log(
									`        TCP from the phone ${speed(megabyte, began)}`,
								);
								socket.end();
								fulfil(Buffer.concat(parts));
							}
						});
					};
				});
				guest.do("connect", {
					...{ name: "send", address: server, port, mode: { send: megabyte } },
				});
				assert.ok((await received).equals(pattern(megabyte)));
				const end = await guest.report("end", ({ name }) => name === "send");
				assert.equal(end.reason, "closed");
				assert.equal(end.sent, megabyte);
			});

			it("the phone sends 1 MB to a slow reader, and holds no more than its buffer", async () => {
				const whole = new Promise<Buffer>((fulfil) => {
					accept = async (socket) => {
						const parts: Buffer[] = [];
						let octets = 0;
						socket.pause();
						while (octets < megabyte) {
							await sleep(2);
							const part = socket.read(8192) ?? socket.read();
							if (part === null) continue;
							parts.push(part as Buffer);
							octets += (part as Buffer).length;
						}
						socket.end();
						fulfil(Buffer.concat(parts));
					};
				});
				guest.do("connect", {
					...{ name: "slow", address: server, port, mode: { send: megabyte } },
				});
				assert.ok((await whole).equals(pattern(megabyte)));
				await guest.report("end", ({ name }) => name === "slow");
			});

			it("the phone receives 1 MB", async () => {
				const bytes = pattern(megabyte);
				const began = performance.now();
				accept = (socket) => socket.end(bytes);
				guest.do("connect", { name: "receive", address: server, port });
				const end = await guest.report("end", ({ name }) => name === "receive");
				console.log(`        TCP to the phone ${speed(megabyte, began)}`);
				assert.equal(end.reason, "closed");
				assert.equal(end.received, megabyte);
			});

			it("a slow phone holds the sender back, and loses nothing", async () => {
				// 200 KB: 1,000 octets each 2 ms. What the network on the way can hold is a part of it.
				const bytes = pattern(200_000);
				accept = (socket) => socket.end(bytes);
				guest.do("connect", {
					...{ name: "sips", address: server, port, mode: { slow: true } },
				});
				const end = guest.report("end", ({ name }) => name === "sips", 10_000);
				const { received, reason, checksum } = await end;
				const peak = (await guest.counters()).buffersUsedPeak ?? 0;
				assert.equal(received, bytes.length);
				assert.equal(reason, "closed");
				assert.ok(peak <= 40);
				// It read pieces of 1,000 octets, but for where segments ended: only the sum is checked.
				assert.ok(Number(checksum) > 0);
			});

			it("a listener serves several connections, each echoing 100 KB whole", async () => {
				await guest.ask("listen", "open", {
					...{ name: "server", port: 5060, mode: { echo: true } },
				});
				const bytes = pattern(100_000);
				const echoes = await Promise.all(
					[1, 2, 3, 4].map(async () => {
						const socket = connect(5060, phone);
						await once(socket, "connect");
						socket.write(bytes);
						const parts: Buffer[] = [];
						let octets = 0;
						for await (const part of socket) {
							parts.push(part as Buffer);
							octets += (part as Buffer).length;
							if (octets >= bytes.length) break;
						}
						socket.destroy();
						return Buffer.concat(parts);
					}),
				);
				for (const echo of echoes) assert.ok(echo.equals(bytes));
				for (let ended = 0; ended < 4; ended++)
					await guest.report("end", ({ name }) =>
						String(name).startsWith("server-"),
					);
			});

			it("one after the other, forty connections find a place", async () => {
				for (let count = 0; count < 40; count++) {
					const socket = connect(5060, phone);
					await once(socket, "connect");
					socket.write("hello");
					const [echo] = await once(socket, "data");
					assert.equal(String(echo), "hello");
					socket.end();
					await collect(socket);
				}
				guest.do("close", { name: "server" });
			});

			it("a refused connection says so", async () => {
				const closed = createServer();
				closed.listen(0, server);
				await once(closed, "listening");
				const free = (closed.address() as AddressInfo).port;
				closed.close();
				await once(closed, "close");
				guest.do("connect", { name: "refused", address: server, port: free });
				const end = await guest.report("end", ({ name }) => name === "refused");
				assert.equal(end.reason, "refused");
			});

			it("what is in nobody's hands is closed when it is collected", async () => {
				const opened: Socket[] = [];
				accept = (socket) => opened.push(socket);
				const before = guest.reports.length;
				for (let round = 0; round < 6; round++) {
					// More in all than there are places.
					guest.do("leak", { address: server, port, count: 5 });
					guest.do("collect");
					await guest.counters();
				}
				const threw = guest.reports
					.slice(before)
					.filter(({ event }) => event === "threw");
				assert.deepEqual(threw, []);
				assert.ok(opened.length >= 10);
				for (const socket of opened) socket.destroy();
			});
		});

		it("an idle phone takes next to no time of the processor", async function () {
			if (process.platform !== "linux") this.skip();
			const used = () => {
				const fields = readFileSync(`/proc/${guest.processId}/stat`, "utf8")
					.split(") ")[1]
					?.split(" ");
				return Number(fields?.[11]) + Number(fields?.[12]);
			};
			const before = used();
			await sleep(2000);
			const percent = ((used() - before) / 200) * 100;
			console.log(`        idle: ${percent.toFixed(1)} % of a core`);
			assert.ok(percent < 20);
		});
	});
});
