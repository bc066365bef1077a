import assert from "node:assert/strict";
import { Crashes } from "../../../hosts/node/crashes.js";
import {
	decodeFactoryPartition,
	encodeFactoryPartition,
	factoryDocument,
} from "../../../hosts/node/factory.js";
import { nodePlatform } from "../../../hosts/node/platform.js";
import type { Lease } from "../../../src/port.js";
import { FakePlatform } from "../fakes.js";

describe("hosts/node: platform", () => {
	it("the command line makes the lease", async () => {
		const platform = nodePlatform({
			storage: new FakePlatform().storage,
			address: "127.0.1.1",
			nameServers: ["127.0.0.2"],
			domain: "example.com",
			sipServer: "sip.example.com",
			restart: () => {},
		});
		const lease = await new Promise<Lease | undefined>((resolve) =>
			platform.onLease(resolve),
		);
		assert.equal(lease?.address, "127.0.1.1");
		assert.deepEqual(lease?.nameServers, ["127.0.0.2"]);
		assert.deepEqual(
			lease?.options.map(({ code, bytes }) => [
				code,
				Buffer.from(bytes).toString("latin1"),
			]),
			[
				[15, "example.com"],
				[120, "\0\x03sip\x07example\x03com\0"],
			],
		);
		platform.close();
	});

	it("three early crashes in a row make a safe start; a minute of life ends the row", () => {
		const { storage } = new FakePlatform();
		for (let count = 0; count < 3; count++) {
			assert.equal(new Crashes(storage).isSafeStart, false);
			new Crashes(storage).count(1_000);
		}
		assert.equal(new Crashes(storage).isSafeStart, true);
		assert.equal(new Crashes(storage).all, 3);
		new Crashes(storage).clearEarly();
		assert.equal(new Crashes(storage).isSafeStart, false);
		new Crashes(storage).count(1_000);
		new Crashes(storage).count(1_000);
		new Crashes(storage).count(3_600_000);
		new Crashes(storage).count(1_000);
		assert.equal(new Crashes(storage).isSafeStart, false);
		assert.equal(new Crashes(storage).all, 7);
	});

	it("a factory partition is read back, and a damaged one is none", () => {
		const document = new TextEncoder().encode("<factory/>");
		const partition = encodeFactoryPartition(document);
		assert.equal(
			Buffer.from(partition.subarray(0, 8)).toString("latin1"),
			"HKFP\x0a\0\0\0",
		);
		assert.deepEqual(decodeFactoryPartition(partition), document);
		assert.deepEqual(factoryDocument(partition), document);
		assert.deepEqual(factoryDocument(document), document);
		for (let at = 0; at < partition.length; at++) {
			const damaged = partition.slice();
			damaged[at] = (damaged[at] ?? 0) ^ 1;
			assert.equal(decodeFactoryPartition(damaged), undefined, `byte ${at}`);
		}
		assert.throws(() => encodeFactoryPartition(new Uint8Array(65_536)));
	});
});
