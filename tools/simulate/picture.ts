/**
 * What a person sees of the simulation, as lines of text: the phones' state, the
 * settings in force, and the SIP messages as a ladder. Pure: state in, lines out.
 */
import type { PhoneEvent } from "./phone.js";

export interface LadderRow {
	/** Milliseconds since the simulation began. */
	readonly time: number;
	readonly from: string;
	readonly to: string;
	/** The message's first line. */
	readonly line: string;
	/** What its body is, or "". */
	readonly carries: string;
}

/** One phone as its log tells. */
export class PhoneState {
	readonly name: string;
	phase = "off";
	address = "";
	server = "";
	/** "sip:alice@example.com at 10.77.0.3" … */
	readonly registrations = new Map<string, string>();
	/** Profile or access list and its version. */
	readonly documents = new Map<string, string>();
	call = "";
	/** The last thing worth a person's eye, with its level. */
	last = "";
	lastLevel: PhoneEvent["level"] = "info";
	/** Rows of "path value" that are in force. */
	settings: readonly string[] = [];

	constructor(name: string) {
		this.name = name;
	}

	off(): void {
		this.phase = "off";
		this.address = "";
		this.call = "";
		this.registrations.clear();
	}

	see(event: PhoneEvent): void {
		const text = (name: string) => String(event[name] ?? "");
		switch (event.code) {
			case "agent-running":
				this.phase = "running";
				break;
			case "network-up":
				this.address = text("address");
				break;
			case "server-found":
				this.server = text("server");
				this.phase = "enrolling";
				break;
			case "provisioned":
				this.phase = "provisioned";
				break;
			case "settings-in-force":
				this.documents.set(
					`${text("profile")} ${text("for")}`,
					`version ${text("version")}`,
				);
				break;
			case "access-in-force":
				this.documents.set(
					`access ${text("for")}`,
					`version ${text("version")}, ${text("rules")} rules`,
				);
				break;
			case "registered":
				this.registrations.set(text("aor"), text("registrar"));
				break;
			case "registration-failed":
				this.registrations.set(
					text("aor"),
					`not registered: ${text("status")} ${text("reason")}`,
				);
				break;
			case "call-incoming":
				this.call = `ringing: ${text("from")}`;
				break;
			case "call-up":
				this.call = `in a call with ${text("with")}`;
				break;
			case "call-ended":
				this.call = "";
				break;
		}
		if (event.code !== "message" && event.code !== "settings") {
			this.last = event.text;
			this.lastLevel = event.level;
		}
	}
}

export interface Picture {
	readonly network: string;
	readonly phones: readonly PhoneState[];
	readonly ladder: readonly LadderRow[];
	/** The phone whose settings are shown. */
	readonly selected: number;
	readonly keys: string;
	/** An answer to the person's last key. */
	readonly notice: string;
}

type Style = "bold" | "dim" | "red" | "yellow" | "green" | "cyan";
export type Paint = (style: Style, text: string) => string;

/** The picture as exactly `height` lines of at most `width` columns. */
export function draw(
	picture: Picture,
	width: number,
	height: number,
	paint: Paint,
): string[] {
	const lines: string[] = [
		paint("bold", cut(`Hookswitch · ${picture.network}`, width)),
		"",
	];
	picture.phones.forEach((phone, index) => {
		lines.push(...drawPhone(phone, index === picture.selected, width, paint));
	});
	const settings = picture.phones[picture.selected]?.settings ?? [];
	const room = Math.max(0, height - lines.length - 6);
	const shown = settings.slice(0, Math.min(settings.length, room >> 1));
	if (shown.length > 0) {
		lines.push(
			"",
			paint(
				"bold",
				`Settings in force on ${picture.phones[picture.selected]?.name}`,
			),
		);
		for (const row of shown) lines.push(cut(`  ${row}`, width));
		if (shown.length < settings.length)
			lines.push(paint("dim", `  … ${settings.length - shown.length} more`));
	}
	lines.push("", paint("bold", "SIP messages"));
	const left = Math.max(1, height - lines.length - 3);
	for (const row of picture.ladder.slice(-left))
		lines.push(drawRow(row, width, paint));
	while (lines.length < height - 2) lines.push("");
	lines.length = Math.max(0, height - 2);
	lines.push(
		paint("yellow", cut(picture.notice, width)),
		paint("dim", cut(picture.keys, width)),
	);
	return lines;
}

function drawPhone(
	phone: PhoneState,
	selected: boolean,
	width: number,
	paint: Paint,
): string[] {
	const head = `${selected ? "▸" : " "} ${phone.name}  ${phone.phase}  ${phone.address}${phone.call === "" ? "" : `  ${phone.call}`}`;
	const lines = [
		paint(phone.phase === "off" ? "dim" : "green", cut(head, width)),
	];
	for (const [aor, where] of phone.registrations)
		lines.push(cut(`    ${aor} at ${where}`, width));
	if (selected)
		for (const [document, version] of phone.documents)
			lines.push(paint("dim", cut(`    ${document}: ${version}`, width)));
	if (phone.last !== "") {
		const color =
			phone.lastLevel === "error"
				? "red"
				: phone.lastLevel === "warning"
					? "yellow"
					: "dim";
		lines.push(paint(color, cut(`    ${phone.last}`, width)));
	}
	return lines;
}

const NAME_WIDTH = 14;

function drawRow(row: LadderRow, width: number, paint: Paint): string {
	const time = (row.time / 1000).toFixed(3).padStart(8);
	const ends = `${row.from.padStart(NAME_WIDTH)} → ${row.to.padEnd(NAME_WIDTH)}`;
	const carries = row.carries === "" ? "" : `  [${row.carries}]`;
	const line = cut(
		`${time} ${ends}  ${row.line.replace(" SIP/2.0", "")}${carries}`,
		width,
	);
	const refusal = /^SIP\/2\.0 [3-6]/.test(row.line);
	return refusal
		? paint("yellow", line)
		: row.carries === ""
			? line
			: paint("cyan", line);
}

function cut(text: string, width: number): string {
	return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}
