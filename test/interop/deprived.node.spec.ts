/**
 * The phone in QEMU without what it counts on: no room in its storage, no DHCP server,
 * a DHCP server that tells nothing. It says so, does what it can, and never restarts.
 */
import { strict as assert } from "node:assert";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { nodeHost } from "../../hosts/node/natives.js";
import { encodeFactory } from "../../src/profile/factory.js";
import { buildFirmware } from "../../tools/firmware/build.js";
import {
	makeStorageImage,
	program,
	qemuArguments,
	startQemu,
} from "../../tools/qemu.js";
import { projectRoot } from "../../tools/setup/root.js";
import { Segment } from "../hosts/qemu/network/segment.js";
import { describeWith } from "../skip.js";
import { LivePhone } from "./live-phone.js";

/** Fills a phone's storage to the brim, with a firmware that does nothing else. */
async function fill(storage: string): Promise<void> {
	const { image } = await buildFirmware({
		target: "qemu",
		manifest: join(projectRoot, "test/hosts/qemu/flash/manifest.json"),
	});
	let heard: (line: string) => void = () => {};
	const line = (start: string) =>
		new Promise<string>((resolve) => {
			heard = (line) => {
				if (line.startsWith(start)) resolve(line.slice(start.length));
			};
		});
	const ready = line("#ready");
	const qemu = startQemu({ image, storage, onLine: (line) => heard(line) });
	await ready;
	const answer = line("#answer ");
	qemu.write("brim");
	assert.ok(Number(await answer) > 40, "values that fill it");
	qemu.kill();
	await qemu.ended;
}

describeWith(
	{ packages: ["firmware", "interop"] },
	"the phone in QEMU with a full storage",
	function () {
		this.timeout(60_000);
		let live: LivePhone;
		before(async function () {
			this.timeout(300_000);
			live = await LivePhone.start(fill);
		});
		after(() => live?.stop());

		it("is provisioned, registered and takes calls, and says what could not be stored", async () => {
			await live.assertTakesCalls();
			const failed = live.told("storage-failed").map(({ key }) => key);
			assert.ok(failed.length > 0);
			// Something small may still have found its place.
			for (const { key } of live.told("stored"))
				assert.ok(!failed.includes(key), String(key));
			live.assertNeverRestarted();
		});

		it("obeys a change, and says that it is not stored", async () => {
			const before = live.told("storage-failed").length;
			const failed = live.next("storage-failed");
			await live.set("provider/@name", "Full Telecom");
			await failed;
			assert.match(await live.settings(), /Full Telecom/);
			assert.ok(live.told("storage-failed").length > before);
			live.assertNeverRestarted();
		});
	},
);

describeWith(
	{ packages: ["firmware", "network"], ownNetwork: true },
	"the phone in QEMU on a network that tells it nothing",
	function () {
		this.timeout(30_000);
		const folder = mkdtempSync(join(tmpdir(), "hookswitch-deprived-"));
		const events: { code: string; [name: string]: unknown }[] = [];
		let wake: () => void = () => {};
		let segment: Segment;
		let phone: ChildProcess | undefined;

		before(async function () {
			this.timeout(300_000);
			const { image } = await buildFirmware({ target: "qemu" });
			const storage = join(folder, "storage");
			makeStorageImage(
				storage,
				encodeFactory(nodeHost(), {
					instance: "urn:uuid:00000000-0000-1000-8000-0242ac110002",
					vendor: "hookswitch.example",
					model: "deprived",
					version: "1",
					servers: [],
					credentials: [],
					trustAnchors: [],
					trustNetwork: true,
					backOffFloor: 1_000,
					buildTime: 0,
				}),
			);
			segment = new Segment();
			phone = segment.start(
				program,
				qemuArguments({ image, storage, arguments: segment.network }),
			);
			assert.ok(phone.stdout);
			createInterface({ input: phone.stdout }).on("line", (line) => {
				if (line.startsWith("@{")) events.push(JSON.parse(line.slice(1)));
				wake();
			});
		});
		after(async () => {
			if (phone !== undefined && phone.exitCode === null) {
				const gone = new Promise((resolve) => phone?.once("close", resolve));
				phone.kill("SIGKILL");
				await gone;
			}
			segment?.close();
			rmSync(folder, { recursive: true, force: true });
		});

		async function said(code: string) {
			for (;;) {
				const event = events.find((event) => event.code === code);
				if (event !== undefined) return event;
				await new Promise<void>((resolve) => {
					wake = resolve;
				});
			}
		}

		function assertUnharmed(): void {
			const running = events.filter(({ code }) => code === "agent-running");
			assert.deepEqual(
				running.map(({ restarts }) => restarts),
				[0],
			);
			for (const code of ["crash", "internal-error"])
				assert.ok(!events.some((event) => event.code === code), code);
		}

		it("without a DHCP server it runs, answers its console, and waits", async () => {
			await said("agent-running");
			phone?.stdin?.write("settings\n");
			await said("settings");
			await said("no-lease");
			assert.ok(!events.some(({ code }) => code === "network-up"));
			assertUnharmed();
		});

		it("with a lease that has no options it says that it finds no server", async () => {
			// 3 and 6 empty: neither router nor name server.
			await segment.dhcp(["3", "6"]);
			await said("network-up");
			const { reason, retryIn } = await said("enrolment-failed");
			assert.equal(reason, "no-server");
			assert.ok(Number(retryIn) >= 1_000);
			assertUnharmed();
		});
	},
);
