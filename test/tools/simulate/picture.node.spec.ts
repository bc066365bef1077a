import { deepEqual, equal, ok } from "node:assert/strict";
import type { PhoneEvent } from "../../../tools/simulate/phone.js";
import {
	draw,
	type Paint,
	PhoneState,
	type Picture,
} from "../../../tools/simulate/picture.js";

const plain: Paint = (_style, text) => text;

function event(code: string, data: Record<string, string | number>) {
	return {
		level: "info",
		code,
		text: `text of ${code}`,
		t: 0,
		at: 0,
		...data,
	} as PhoneEvent;
}

function picture(change: Partial<Picture> = {}): Picture {
	return {
		network: "a test network",
		phones: [new PhoneState("phone 1")],
		ladder: [],
		selected: 0,
		keys: "[q] quit",
		notice: "",
		...change,
	};
}

describe("tools/simulate: the picture", () => {
	it("follows a phone from its boot to a call", () => {
		const state = new PhoneState("phone 1");
		equal(state.phase, "off");
		state.see(event("agent-running", {}));
		state.see(event("network-up", { address: "10.77.0.100" }));
		state.see(event("server-found", { server: "10.77.0.2" }));
		equal(state.phase, "enrolling");
		state.see(event("provisioned", {}));
		state.see(
			event("registered", {
				aor: "sip:alice@example.com",
				registrar: "10.77.0.3",
			}),
		);
		state.see(event("call-up", { with: "sip:bob@example.com" }));
		const lines = draw(picture({ phones: [state] }), 100, 24, plain).join("\n");
		for (const text of [
			"phone 1  provisioned  10.77.0.100",
			"sip:alice@example.com at 10.77.0.3",
			"in a call with sip:bob@example.com",
		])
			ok(lines.includes(text), `'${text}' is missing in\n${lines}`);
		state.see(event("access-in-force", { for: "a", version: "7", rules: 1 }));
		equal(state.documents.get("access a"), "version 7, 1 rule");
		state.see(event("stored", { key: "u8af952dfceed" }));
		equal(state.last, "text of access-in-force");
		state.see(event("call-ended", {}));
		equal(state.call, "");
		state.off();
		deepEqual([...state.registrations], []);
	});

	it("shows the newest messages, with what they carry", () => {
		const ladder = Array.from({ length: 50 }, (_, index) => ({
			time: index,
			from: "profile server",
			to: "phone 1",
			line: `NOTIFY sip:${index} SIP/2.0`,
			carries: "user profile, 812 bytes",
		}));
		const lines = draw(picture({ ladder }), 100, 20, plain);
		equal(lines.length, 20);
		ok(
			lines.some((line) =>
				line.includes(
					"profile server → phone 1         NOTIFY sip:49  [user profile, 812 bytes]",
				),
			),
			lines.join("\n"),
		);
		ok(!lines.some((line) => line.includes("NOTIFY sip:0 ")));
	});

	it("fits any terminal: never a line too wide or too many", () => {
		const phones = Array.from(
			{ length: 9 },
			(_, index) => new PhoneState(`phone ${index + 1}`),
		);
		for (const phone of phones) {
			phone.see(event("registered", { aor: "a".repeat(300), registrar: "r" }));
			phone.settings = Array.from({ length: 40 }, (_, row) => `path ${row}`);
		}
		for (const [width, height] of [
			[20, 5],
			[80, 24],
			[300, 100],
		] as const) {
			const lines = draw(picture({ phones }), width, height, plain);
			equal(lines.length, height);
			for (const line of lines) ok([...line].length <= width, line);
		}
	});

	it("shows every key and the whole notice on a small terminal, and still messages", () => {
		const keys = Array.from(
			{ length: 12 },
			(_, key) => `[${key}] what it does`,
		);
		const notice = `audio/@codecs: ${"must be something else ".repeat(6)}END`;
		const phones = Array.from(
			{ length: 30 },
			(_, index) => new PhoneState(`phone ${index + 1}`),
		);
		for (const phone of phones) {
			phone.see(event("registered", { aor: "alice", registrar: "r" }));
			phone.settings = Array.from({ length: 40 }, (_, row) => `path ${row}`);
		}
		const ladder = Array.from({ length: 50 }, (_, index) => ({
			time: index,
			from: "registrar",
			to: "phone 1",
			line: `OPTIONS sip:${index} SIP/2.0`,
			carries: "",
		}));
		for (const selected of [0, 15, 29]) {
			const lines = draw(
				picture({ phones, ladder, notice, selected, keys: keys.join("  ") }),
				80,
				24,
				plain,
			);
			const text = lines.join("\n");
			equal(lines.length, 24);
			for (const key of keys) ok(text.includes(key), `${key} in\n${text}`);
			ok(text.includes("END"), text);
			ok(text.includes(`▸ phone ${selected + 1} `), text);
			ok(text.includes("OPTIONS sip:49"), text);
		}
	});
});
