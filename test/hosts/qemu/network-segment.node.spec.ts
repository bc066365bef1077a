/**
 * The network of the QEMU host on a segment of its own: a namespace with a bridge and
 * dnsmasq, for DHCP with and without options, multicast, and connections that fail as
 * they do on a real network. Needs root.
 */
import assert from "node:assert/strict";
import { Guest, type Report } from "./network/guest.js";
import { testImage } from "./network/image.js";
import { noSegment, Segment } from "./network/segment.js";

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
			await guest?.kill();
			segment?.close();
		});
		function here(): Segment {
			assert.ok(segment);
			return segment;
		}
		async function boot(): Promise<void> {
			await guest?.kill();
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
