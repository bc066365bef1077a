/**
 * A log event as one line: `@` and a JSON object. Written here because XS's
 * `JSON.stringify` marks the objects it is in, and so throws on those that lie in
 * flash: settings hold defaults from the frozen field tables.
 */
import type { EventOutput, EventValue } from "../src/port.js";

/** `t` in milliseconds. */
export function logLine(t: number, event: EventOutput): string {
	const { level, code, text, data } = event;
	const head = `@{"t":${json(t)},"level":"${level}","code":"${code}","text":${json(text)}`;
	const members = [head];
	for (const name of Object.keys(data))
		members.push(`${JSON.stringify(name)}:${json(data[name])}`);
	return `${members.join(",")}}`;
}

function json(value: EventValue | undefined): string {
	if (value === undefined) return "null";
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
