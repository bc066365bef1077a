import { deepEqual, ok } from "node:assert/strict";
import { nodeHost } from "../../../hosts/node/natives.js";
import { documentFromRows } from "../../../src/profile/path.js";
import { redact } from "../../../src/profile/redact.js";
import { merge } from "../../../src/profile/settings.js";
import {
	newestFirst,
	settingRows,
} from "../../../tools/simulate/setting-rows.js";

const ALICE = "sip:alice@example.com";
const GIVEN = [
	{ path: "account[a1]/@aor", value: ALICE },
	{ path: "account[a1]/@display-name", value: "Alice" },
	{ path: "account[a1]/credential[example.com]/@password", value: "secret" },
	{ path: "audio/@codecs", value: "PCMU G722" },
	{ path: "audio/@ports", value: "12000-12009" },
	{ path: "audio/@ptime", value: "20" },
	{ path: "server[registrar]/@uri", value: "sip:192.0.2.3" },
];

/** As the phone's log brings them. */
function event(rows: readonly { path: string; value: string }[]): unknown {
	const host = nodeHost();
	const document = documentFromRows(host, "user", ALICE, "1", rows);
	const { settings } = merge(undefined, undefined, [document]);
	return JSON.parse(JSON.stringify(redact(settings)));
}

describe("tools/simulate: the settings as rows", () => {
	it("stand under the paths that people set them by, without defaults and secrets", () => {
		const rows = settingRows(event(GIVEN));
		for (const row of [
			"account[a1]/@display-name Alice",
			"account[a1]/credential[example.com]/@password •••",
			"audio/@codecs PCMU G722",
			"audio/@ports 12000-12009",
			"server[registrar]/@uri sip:192.0.2.3",
		])
			ok(rows.includes(row), `'${row}' is missing in\n${rows.join("\n")}`);
		ok(!rows.some((row) => row.includes("ptime")), "a default");
		ok(!rows.some((row) => row.includes("secret")));
	});

	it("are none when nobody gave any", () => {
		const { settings } = merge(undefined, undefined, []);
		deepEqual(settingRows(redact(settings)), []);
	});

	it("begin with what changed last, until the next change", () => {
		const first = newestFirst(["a 1", "b 1", "c 1"], []);
		const second = newestFirst(["a 1", "b 2", "c 1"], first);
		deepEqual(second, ["b 2", "a 1", "c 1"]);
		deepEqual(newestFirst(["a 1", "b 2", "c 1"], second), second);
		deepEqual(newestFirst(["a 1", "c 2"], second), ["c 2", "a 1"]);
	});
});
