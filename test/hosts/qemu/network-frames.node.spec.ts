/**
 * The network of the QEMU host against what no honest stack sends: its pure parts
 * under sanitizers, and test firmware in QEMU whose Ethernet cable ends in this
 * process (network/wire.ts). Needs no rights.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectRoot } from "../../../tools/setup/root.js";
import { Guest } from "./network/guest.js";
import { missing, pattern, sleep, source, testImage } from "./network/image.js";
import {
	fixHeader,
	fragments,
	ipFrame,
	protocols,
	tcp,
	udp,
	Wire,
} from "./network/wire.js";

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

	it("its pure parts hold under the address and undefined-behaviour sanitizers", function () {
		this.timeout(60_000);
		const lack = missing("gcc");
		if (lack) this.skip();
		const folder = mkdtempSync(join(tmpdir(), "hookswitch-parts-"));
		try {
			const network = join(projectRoot, "hosts/qemu/network");
			const lwip = join(projectRoot, "build/components/lwip-2.1.3/src");
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
			// Too brief for the phone to see it down: its network may be another all the same.
			await guest.setLink(false, true);
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
});
