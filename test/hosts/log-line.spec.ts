import { logLine } from "../../hosts/log-line.js";
import type { EventValue } from "../../src/port.js";
import { deepEqual, describe, equal, it } from "../portable.js";

// On XS this object is preloaded into flash only where the module is; frozen is as near as a spec comes.
const FROZEN = Object.freeze({
	list: Object.freeze(["a", 1, true, Object.freeze({ deep: "é\n\u0000" })]),
	number: 1.5,
});

function line(data: Readonly<Record<string, EventValue>>): string {
	return logLine(12, {
		kind: "event",
		level: "warning",
		code: "some-code",
		text: 'says "hello"\\',
		data,
	});
}

describe("hosts: log line", () => {
	it("is an at sign and the event as JSON, members in order", () => {
		equal(
			line({ from: "x", status: 403 }),
			'@{"t":12,"level":"warning","code":"some-code","text":"says \\"hello\\"\\\\","from":"x","status":403}',
		);
	});

	it("data never replaces what the line itself says", () => {
		const back = JSON.parse(line({ code: "other", t: 1 }).slice(1));
		equal(back.code, "some-code");
		equal(back.t, 12);
		equal(back["data.code"], "other");
	});

	it("reads back as what went in, frozen and nested values too", () => {
		const back = JSON.parse(
			line({ value: FROZEN, empty: [], none: {} }).slice(1),
		);
		deepEqual(back.value, FROZEN);
		deepEqual(back.empty, []);
		deepEqual(back.none, {});
	});

	it("has no line end in it, whatever the text", () => {
		equal(line({ text2: "a\r\nb\u2028" }).includes("\n"), false);
	});
});
