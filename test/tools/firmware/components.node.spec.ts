/** What a build says when it can't get what the image is made of. */
import { equal, rejects } from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
	fetchComponent,
	isOfUpstream,
	readPins,
} from "../../../tools/firmware/components.js";
import { projectRoot } from "../../../tools/setup/root.js";

/** Nobody listens there. */
const nowhere = "http://127.0.0.1:9";

describe("the parts of an image", () => {
	const pins = readPins(join(projectRoot, "hosts/qemu/components.json"));
	const environment = { ...process.env };
	let folder: string;
	let store: string;
	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "hookswitch-"));
		store = join(folder, "store");
	});
	afterEach(() => {
		process.env = { ...environment };
		rmSync(folder, { recursive: true });
	});

	it("that the npm registry can't give: npm's own words, and nothing half-done", async () => {
		process.env.npm_config_registry = nowhere;
		process.env.npm_config_fetch_retries = "0";
		process.env.npm_config_cache = join(folder, "cache");
		await rejects(fetchComponent("xs", pins.xs, store), /ECONNREFUSED/);
		equal(readdirSync(store).length, 0);
	});

	it("that the Debian mirror can't give: apt's own words", async function () {
		this.timeout(30_000);
		process.env.APT_CONFIG = join(folder, "apt.conf");
		writeFileSync(
			process.env.APT_CONFIG,
			["http", "https"]
				.map((scheme) => `Acquire::${scheme}::Proxy "${nowhere}";\n`)
				.concat('Acquire::Retries "0";\n')
				.join(""),
		);
		await rejects(
			fetchComponent("lwip", pins.lwip, store),
			/no source package lwip 2\.1\.3[\s\S]*Failed to fetch/,
		);
		equal(readdirSync(store).length, 0);
	});

	it("may be of any Debian revision of the pinned version, and of no other version", () => {
		equal(isOfUpstream("2.1.3+dfsg1-2", "2.1.3"), true);
		equal(isOfUpstream("2.1.3-1~deb12u1", "2.1.3"), true);
		equal(isOfUpstream("2.1.30-1", "2.1.3"), false);
		equal(isOfUpstream("2.1.3.1-1", "2.1.3"), false);
	});
});
