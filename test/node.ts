/** Loaded by mocha before any spec: gives the portable specs Node's host and a storage of their own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open } from "../hosts/node/keyvalue.js";
import { nodeHost } from "../hosts/node/natives.js";

const directory = mkdtempSync(join(tmpdir(), "hookswitch-test-"));
process.on("exit", () => rmSync(directory, { recursive: true, force: true }));

Object.assign(globalThis, {
	testHost: nodeHost(),
	testKeyValue: open({ path: join(directory, "storage"), format: "buffer" }),
});
