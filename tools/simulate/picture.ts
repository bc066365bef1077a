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

/** What is shown elsewhere, or says nothing to a person. */
const QUIET: ReadonlySet<string> = new Set(["message", "settings", "stored"]);

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
					`version ${text("version")}, ${text("rules")} ${event.rules === 1 ? "rule" : "rules"}`,
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
		if (!QUIET.has(event.code)) {
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
	const foot = [
		...wrap(picture.notice, " ", width).map((line) => paint("yellow", line)),
		...wrap(picture.keys, "  ", width).map((line) => paint("dim", line)),
	];
	const lines: string[] = [
		paint("bold", cut(`Hookswitch · ${picture.network}`, width)),
		"",
		...drawPhones(picture, width, height >> 1, paint),
	];
	const room = height - lines.length - foot.length;
	lines.push(...drawSettings(picture, width, Math.floor(room / 3), paint));
	const left = height - lines.length - foot.length - 2;
	lines.push("", paint("bold", "SIP messages"));
	if (left > 0)
		for (const row of picture.ladder.slice(-left))
			lines.push(drawRow(row, width, paint));
	const above = Math.max(0, height - foot.length);
	while (lines.length < above) lines.push("");
	return [...lines.slice(0, above), ...foot].slice(-height);
}

/** The selected one in full, the others in a line each, as many as there is room for. */
function drawPhones(
	{ phones, selected }: Picture,
	width: number,
	most: number,
	paint: Paint,
): string[] {
	const own = phones[selected];
	const full = own === undefined ? [] : drawPhone(own, width, paint);
	const others = Math.max(1, most - full.length);
	// A window of them that the selected one is in.
	const first = Math.max(
		0,
		Math.min(selected - (others >> 1), phones.length - others - 1),
	);
	const shown = phones.slice(first, first + others + 1);
	const lines = shown.flatMap((phone) =>
		phone === own ? full : [drawHead(phone, " ", width, paint)],
	);
	if (shown.length < phones.length)
		lines.push(
			paint("dim", cut(`  … ${phones.length - shown.length} more`, width)),
		);
	return lines;
}

function drawPhone(phone: PhoneState, width: number, paint: Paint): string[] {
	const lines = [drawHead(phone, "▸", width, paint)];
	for (const [aor, where] of phone.registrations)
		lines.push(cut(`    ${aor} at ${where}`, width));
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

function drawHead(
	phone: PhoneState,
	mark: string,
	width: number,
	paint: Paint,
): string {
	const parts = [phone.name, phone.phase, phone.address, phone.call].filter(
		(part) => part !== "",
	);
	return paint(
		phone.phase === "off" ? "dim" : "green",
		cut(`${mark} ${parts.join("  ")}`, width),
	);
}

/** With its title, at most `most` lines; none where they would say nothing. */
function drawSettings(
	{ phones, selected }: Picture,
	width: number,
	most: number,
	paint: Paint,
): string[] {
	const phone = phones[selected];
	if (phone === undefined || phone.settings.length === 0 || most < 3) return [];
	const { settings } = phone;
	const shown = settings.slice(0, most - 2);
	const count =
		shown.length < settings.length
			? ` (${shown.length} of ${settings.length}, newest first)`
			: "";
	return [
		"",
		paint("bold", cut(`Settings in force on ${phone.name}${count}`, width)),
		...shown.map((row) => cut(`  ${row}`, width)),
	];
}

/** The text in as many lines as it takes, broken at `gap`; no line for no text but one. */
function wrap(text: string, gap: string, width: number): string[] {
	const lines: string[] = [];
	let line = "";
	for (const word of text.split(gap)) {
		const longer = line === "" ? word : `${line}${gap}${word}`;
		if (longer.length <= width || line === "") line = longer;
		else {
			lines.push(cut(line, width));
			line = word;
		}
	}
	return [...lines, cut(line, width)];
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
