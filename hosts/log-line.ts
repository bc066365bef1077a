/**
 * A log event as one line: `@` and a JSON object. Written here because XS's
 * `JSON.stringify` marks the objects it is in, and so throws on those that lie in
 * flash: settings hold defaults from the frozen field tables.
 */
import type { EventOutput, EventValue } from "../src/port.js";

/** What every line has; an event's data never replaces it. */
const ENVELOPE: readonly string[] = Object.freeze([
	"t",
	"level",
	"code",
	"text",
]);

/** `t` in milliseconds. A member of the data that is named as one of the line's own is written as `data.NAME`. */
export function logLine(t: number, event: EventOutput): string {
	const { level, code, text, data } = event;
	const head = `@{"t":${json(t)},"level":"${level}","code":"${code}","text":${json(text)}`;
	const members = [head];
	for (const name of Object.keys(data))
		members.push(`${JSON.stringify(memberName(name))}:${json(data[name])}`);
	return `${members.join(",")}}`;
}

function memberName(name: string): string {
	return ENVELOPE.includes(name) ? `data.${name}` : name;
}

function json(value: EventValue | undefined): string {
	if (value === undefined) return "null";
	// As JSON.stringify would, in a tenth of its time on XS.
	if (typeof value === "boolean" || Number.isInteger(value)) return `${value}`;
	if (typeof value !== "object") return JSON.stringify(value);
	if (isArray(value)) return `[${value.map(json).join(",")}]`;
	const members: string[] = [];
	for (const name of Object.keys(value))
		members.push(`${JSON.stringify(name)}:${json(value[name])}`);
	return `{${members.join(",")}}`;
}

/** `Array.isArray` does not narrow read-only arrays. */
function isArray(value: EventValue): value is readonly EventValue[] {
	return Array.isArray(value);
}
