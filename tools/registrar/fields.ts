/**
 * A received message's header fields in their order, known to the parser or not:
 * a proxy passes on what it does not understand (RFC 3261 §16.6).
 */
import type { Message } from "../../src/sip/message.js";
import type { HeaderField } from "../../src/sip/writer.js";

/** Compact forms (RFC 3261 §7.3.3 and later), for those names that a proxy looks at. */
const compact: Readonly<Record<string, string>> = {
	v: "via",
	f: "from",
	t: "to",
	i: "call-id",
	m: "contact",
	l: "content-length",
	c: "content-type",
};

export function fieldsOf(message: Message): HeaderField[] {
	const { bytes } = message;
	const text = Buffer.from(
		bytes.buffer,
		bytes.byteOffset,
		bytes.length,
	).toString("utf8");
	const end = text.indexOf("\r\n\r\n");
	const lines = text.slice(0, end < 0 ? text.length : end).split("\r\n");
	const fields: HeaderField[] = [];
	for (const line of lines.slice(1)) {
		const colon = line.indexOf(":");
		if (colon <= 0) continue;
		const name = line.slice(0, colon).trim();
		fields.push([
			// Spelled as the writer knows it.
			canonicalName(name) === "record-route" ? "Record-Route" : name,
			line.slice(colon + 1).trim(),
		]);
	}
	return fields;
}

/** The lower-case long form. */
export function canonicalName(name: string): string {
	const lower = name.toLowerCase();
	return compact[lower] ?? lower;
}

/** Those whose names (lower case, long) are not in `dropped`. */
export function fieldsWithout(
	message: Message,
	dropped: readonly string[],
): HeaderField[] {
	return fieldsOf(message).filter(
		([name]) => !dropped.includes(canonicalName(name)),
	);
}
