/**
 * The network of the QEMU host, from outside: test firmware in QEMU (network/main.ts)
 * against Node's sockets over QEMU's user network, and on a private segment with
 * dnsmasq where there are rights for one. And its pure parts under sanitizers.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import {
	type AddressInfo,
	connect,
	createServer,
	type Server,
	type Socket,
} from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildFirmware, root } from "../../../tools/firmware/build.js";
import { program } from "../../../tools/qemu.js";
import { Guest, type Report } from "./network/guest.js";
import { noSegment, Segment } from "./network/segment.js";
import {
	fixHeader,
	fragments,
	ipFrame,
	protocols,
	tcp,
	udp,
	Wire,
} from "./network/wire.js";

const source = join(root, "test/hosts/qemu/network");
/** A loopback net of its own, and a server's address that no phone has. */
const net = `127.${100 + (process.pid % 100)}.${(process.pid >> 7) % 250}`;
const phone = `${net}.1`;
const server = "127.0.0.2";
const megabyte = 1024 * 1024;

function missing(...programs: string[]): string | undefined {
	for (const name of programs) {
		try {
			execFileSync(name, ["--version"], { stdio: "ignore" });
		} catch {
			return name;
		}
	}
	return undefined;
}

/** What the guest sends: the same 1,024 octets again and again. */
function pattern(size: number): Buffer {
	const bytes = Buffer.alloc(size);
	for (let at = 0; at < size; at++) {
		const place = at % 1024;
		bytes[at] = (place * 31 + (place >> 8)) & 0xff;
	}
	return bytes;
}

function sleep(milliseconds: number): Promise<void> {
	return new Promise((fulfil) => setTimeout(fulfil, milliseconds));
}

describe("network of the QEMU host: its pure parts", () => {
	it("hold under the address and undefined-behaviour sanitizers", function () {
		this.timeout(60_000);
		const lack = missing("gcc");
		if (lack) this.skip();
		const folder = mkdtempSync(join(tmpdir(), "hookswitch-parts-"));
		try {
			const network = join(root, "hosts/qemu/network");
			const lwip = join(root, "build/components/lwip-2.1.3/src");
			const program = join(folder, "parts");
			execFileSync("gcc", [
				...["-std=gnu17", "-g", "-O1", "-Wall", "-Wextra", "-Werror"],
				...["-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
				...["-I", network, "-isystem", join(lwip, "include")],
				join(source, "parts.c"),
				...["options", "inspect", "datagrams", "siphash"].map((name) =>
					join(network, `${name}.c`),
				),
				...["pbuf", "mem", "memp", "def", "stats"].map((name) =>
					join(lwip, "core", `${name}.c`),
				),
				...["-o", program],
			]);
			const output = execFileSync(program, { encoding: "utf8" });
			assert.equal(output.match(/^ok /gm)?.length, 5, output);
		} finally {
			rmSync(folder, { recursive: true, force: true });
		}
	});
});

describe("network of the QEMU host", function () {
	this.timeout(15_000);
	let image: string;
	let guest: Guest;

	before(async function () {
		this.timeout(300_000);
		const lack = missing(program, "riscv64-unknown-elf-gcc");
		if (lack) {
			console.log(`    skipped: needs ${lack}`);
			this.skip();
		}
		const firmware = await buildFirmware({
			target: "qemu",
			manifest: join(source, "manifest.json"),
		});
		image = firmware.image;
	});

	afterEach(async function () {
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
			const { readFileSync } = await import("node:fs");
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

	describe("against frames that no honest stack sends", () => {
		const wire = new Wire();
		const option = (code: number, text: string) =>
			Buffer.concat([Buffer.from([code, text.length]), Buffer.from(text)]);
		before(async () => {
			await wire.open();
			// An offer is not a lease; a long option comes in parts (RFC 3396); one is longer than all that we keep.
			wire.offer = option(15, "offered.example.com");
			wire.acknowledgement = Buffer.concat([
				option(66, "http://first."),
				option(15, "example.com"),
				...[1, 2, 3].map(() => option(160, "x".repeat(250))),
				option(66, "half/second"),
				option(120, ""),
			]);
			guest = new Guest(image, wire.network);
		});
		after(async () => {
			await guest?.kill();
			wire.close();
		});

		it("a lease has what was acknowledged, parts joined, and leaves out what is too long", async () => {
			await guest.report("lease-option-too-long");
			const lease = await guest.report("lease");
			assert.equal(lease.address, wire.guest);
			const hex = (text: string) => Buffer.from(text).toString("hex");
			assert.deepEqual(lease.options, [
				[66, hex("http://first.half/second")],
				[15, hex("example.com")],
				[120, ""],
			]);
		});

		it("a lease that comes back without options has none", async () => {
			wire.acknowledgement = Buffer.alloc(0);
			await guest.setLink(false);
			await guest.setLink(true);
			await guest.report("lease", ({ address }) => address === undefined);
			const lease = await guest.report("lease");
			assert.equal(lease.address, wire.guest);
			assert.deepEqual(lease.options, []);
		});

		it("fragments in any order and twice make one datagram; without one of them, none", async () => {
			await guest.ask("echo", "open", { name: "sip", port: 5060 });
			assert.ok(await wire.echoes(5060, "warm"));
			const before = await guest.counters();
			const packet = {
				from: wire.address,
				to: wire.guest,
				protocol: protocols.udp,
				payload: udp(9000, 5060, pattern(6000)),
			};
			const pieces = fragments(packet, 1480, 77);
			const order = [4, 2, 2, 0, 3, 1].map((at) => pieces[at] as Buffer);
			for (const frame of order) wire.send(frame);
			const [, second, third] = fragments(packet, 1480, 78);
			for (const frame of [third, second]) wire.send(frame as Buffer);
			// What is nonsense: a middle piece that is no multiple of 8, and one that overlaps.
			wire.send(
				ipFrame({
					...packet,
					payload: pattern(99),
					more: true,
					identification: 79,
				}),
			);
			wire.send(
				ipFrame({
					...packet,
					payload: pattern(800),
					offset: 1480,
					more: true,
					identification: 78,
				}),
			);
			assert.ok(await wire.echoes(5060, "and on"));
			const after = await guest.counters();
			assert.equal(
				(after.datagramsReceived ?? 0) - (before.datagramsReceived ?? 0),
				2,
			);
		});

		it("5,000 mutated frames and 300 half-open connections later it still answers, and all buffers are back", async function () {
			this.timeout(20_000);
			await guest.ask("listen", "open", { name: "server", port: 5061 });
			const base: Buffer[] = [];
			const { address: from, guest: to } = wire;
			const add = (protocol: number, payload: Buffer) =>
				base.push(ipFrame({ from, to, protocol, payload }));
			add(protocols.udp, udp(9000, 5060, pattern(60)));
			add(protocols.udp, udp(67, 68, Buffer.alloc(300, 0x35)));
			add(
				protocols.icmp,
				Buffer.from(`0800f7ff00000000${"00".repeat(40)}`, "hex"),
			);
			add(
				protocols.icmp,
				Buffer.from(`0301fcfe00000000${"45".repeat(40)}`, "hex"),
			);
			add(protocols.igmp, Buffer.from("1164ee9b00000000", "hex"));
			for (const flags of [1, 2, 4, 0x10, 0x12, 0x18])
				base.push(ipFrame(tcp({ from, to }, 4000, 5061, flags, 1000)));
			let state = 88172645463325252n;
			const random = (below: number) => {
				state ^= (state << 13n) & 0xffffffffffffffffn;
				state ^= state >> 7n;
				state ^= (state << 17n) & 0xffffffffffffffffn;
				return Number(state % BigInt(below));
			};
			for (let count = 0; count < 5000; count++) {
				const frame = Buffer.from(base[random(base.length)] ?? []);
				for (let change = random(5); change >= 0; change--)
					frame[12 + random(frame.length - 12)] = random(256);
				// A changed header is of more use with a right checksum.
				if (random(2) === 0 && frame.length >= 34) fixHeader(frame);
				wire.send(
					random(8) === 0
						? frame.subarray(0, 1 + random(frame.length - 1))
						: frame,
				);
				if (count % 100 === 99) await sleep(4);
			}
			for (let count = 0; count < 300; count++) {
				const source = { from: `10.55.0.${20 + (count % 200)}`, to };
				wire.send(ipFrame(tcp(source, 3000 + count, 5061, 2, count)));
				if (count % 50 === 49) await sleep(4);
			}
			assert.ok(await wire.echoes(5060, "alive", 5));
			// Incomplete datagrams are given up after 3 s.
			let used = 0;
			for (let tries = 0; tries < 60; tries++) {
				used = (await guest.counters()).buffersUsed ?? 0;
				if (used <= 12) break;
				await sleep(100);
			}
			assert.ok(used <= 12, `${used} buffers in use`);
		});
	});

	describe("on a segment of its own", () => {
		let segment: Segment | undefined;
		before(function () {
			const reason = noSegment();
			if (reason) {
				console.log(`      skipped: ${reason}`);
				this.skip();
			}
			segment = new Segment();
		});
		after(async () => {
			await guest.kill();
			segment?.close();
		});
		function here(): Segment {
			assert.ok(segment);
			return segment;
		}
		async function boot(): Promise<void> {
			await guest.kill();
			guest = new Guest(image, here().network, here().namespace);
		}
		function options(lease: Report): Map<number, string> {
			return new Map(
				(lease.options as [number, string][]).map(([code, bytes]) => [
					code,
					Buffer.from(bytes, "hex").toString("latin1"),
				]),
			);
		}

		it("without a DHCP server it says so, goes on asking, and takes the first answer", async function () {
			this.timeout(20_000);
			await here().dhcp(undefined);
			await boot();
			await guest.report("no-lease", undefined, 8000);
			const none = await guest.report("lease");
			assert.equal(none.address, undefined);
			guest.do("connect", { name: "none", address: "10.66.0.1", port: 9 });
			assert.equal((await guest.report("end")).reason, "unreachable");
			await here().dhcp([]);
			const lease = await guest.report("lease", undefined, 10_000);
			assert.equal(String(lease.address).slice(0, 8), "10.66.0.");
		});

		it("a DHCP server without options gives a lease without options", async () => {
			await here().dhcp([]);
			await boot();
			const lease = await guest.report("lease");
			assert.equal(lease.netmask, "255.255.255.0");
			assert.equal(lease.gateway, "10.66.0.1");
			assert.deepEqual(lease.options, []);
		});

		it("it asks for 15, 42, 66, 120 and 160, and shows them as they came", async () => {
			// dnsmasq sends only what was asked for.
			await here().dhcp([
				"6,10.66.0.1,10.66.0.2",
				"15,example.com",
				"42,10.66.0.3,10.66.0.4",
				"66,http://provision.example.com/",
				"120,sip.example.com",
				"160,http://other.example.com/path",
				"43,not for us",
			]);
			await boot();
			const lease = await guest.report("lease");
			assert.deepEqual(lease.nameServers, ["10.66.0.1", "10.66.0.2"]);
			const got = options(lease);
			assert.deepEqual([...got.keys()].sort(), [120, 15, 160, 42, 66].sort());
			assert.equal(got.get(15), "example.com");
			assert.equal(got.get(42), "\x0a\x42\0\x03\x0a\x42\0\x04");
			// dnsmasq ends this one with a NUL.
			assert.equal(
				got.get(66)?.replace(/\0$/, ""),
				"http://provision.example.com/",
			);
			// RFC 3361: encoding 0, then a name as in DNS.
			assert.equal(got.get(120), "\0\x03sip\x07example\x03com\0");
			assert.equal(got.get(160), "http://other.example.com/path");
		});

		it("when the cable is out the lease is gone; when it is back the new options are here", async () => {
			await guest.setLink(false);
			const gone = await guest.report("lease");
			assert.equal(gone.address, undefined);
			await here().dhcp(["15,changed.example.com"]);
			await guest.setLink(true);
			const lease = await guest.report("lease", undefined, 8000);
			assert.equal(options(lease).get(15), "changed.example.com");
		});

		it("multicast reaches a socket only while it is a member", async () => {
			await guest.ask("echo", "open", {
				name: "sip",
				port: 5060,
				timeToLive: 4,
			});
			const ask = () =>
				here().run(`
					import { createSocket } from "node:dgram";
					const socket = createSocket("udp4");
					socket.bind(0, "10.66.0.1", () => {
						socket.setMulticastInterface("10.66.0.1");
						socket.send("hello", 5060, "224.0.1.75");
					});
					setTimeout(() => socket.close(), 250);
					socket.on("message", (m, from) => { console.log(m + " " + from.address); socket.close(); process.exit(); });
				`);
			assert.equal(await ask(), "");
			guest.do("join", { name: "sip", address: "224.0.1.75" });
			await guest.counters();
			assert.match(await ask(), /^hello 10\.66\.0\.\d+\n$/);
			guest.do("leave", { name: "sip", address: "224.0.1.75" });
			await guest.counters();
			assert.equal(await ask(), "");
		});

		it("a connection that fails says how", async function () {
			this.timeout(20_000);
			const ends = async (name: string) =>
				(await guest.report("end", (report) => report.name === name, 12_000))
					.reason;
			// Nobody has this address.
			guest.do("connect", {
				name: "nobody",
				address: "10.66.0.99",
				port: 5060,
			});
			guest.do("connect", { name: "closed", address: "10.66.0.1", port: 1 });
			assert.equal(await ends("closed"), "refused");
			const peer = await here().serve(`
				import { createServer } from "node:net";
				const server = createServer((socket) => {
					socket.on("error", () => {});
					socket.once("data", () => { socket.resetAndDestroy(); server.close(); });
				}).listen(5070, "10.66.0.1", () => console.log("ready"));
			`);
			guest.do("connect", {
				...{
					name: "reset",
					address: "10.66.0.1",
					port: 5070,
					mode: { send: 10 },
				},
			});
			assert.equal(await ends("reset"), "reset");
			peer.kill();
			here().configure("sysctl", "-qw", "net.ipv4.ip_forward=1");
			here().configure("ip", "route", "add", "unreachable", "10.77.0.0/24");
			guest.do("connect", { name: "lost", address: "10.77.0.1", port: 5060 });
			assert.equal(await ends("lost"), "unreachable");
			assert.equal(await ends("nobody"), "timeout");
		});
	});
});
