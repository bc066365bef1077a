/**
 * One SIP message as a line of the phone's log: who, which way, the first line, and
 * what it carries. Tools draw their ladder from it. It never shows a body or a
 * header that may hold a secret, and must not know what messages mean.
 */
import type { Host } from "../host.js";
import type { EventOutput, Transport } from "../port.js";

export interface TracedMessage {
	readonly direction: "in" | "out";
	readonly transport: Transport;
	/** The start line. */
	readonly line: string;
	readonly bytes: Uint8Array;
}

/** A media type is no longer than this; the rest would be somebody's joke. */
const LONGEST_TYPE = 80;

/** `peer`: its address and port, for people. */
export function ladderEvent(
	host: Host,
	message: TracedMessage,
	peer: string,
): EventOutput {
	const { direction, transport, line, bytes } = message;
	return {
		kind: "event",
		level: "info",
		code: "message",
		text: `${direction === "in" ? "←" : "→"} ${peer} ${line}`,
		data: {
			direction,
			transport,
			peer,
			line,
			carries: mediaType(host, bytes),
			size: bytes.length,
		},
	};
}

/** The value of Content-Type without parameters, or "". A header spelt in an unusual way is not found: this is for eyes. */
function mediaType(host: Host, bytes: Uint8Array): string {
	for (const name of NAMES) {
		const at = host.search(bytes, host.encode(name), 0, bytes.length);
		if (at < 0) continue;
		let start = at + name.length;
		if (bytes[start] === 0x20) start++;
		const limit = Math.min(start + LONGEST_TYPE, bytes.length);
		const end = Math.min(
			host.find(bytes, 0x0d, start, limit),
			host.find(bytes, 0x3b, start, limit),
		);
		if (host.invalidUtf8(bytes, start, end) !== end) return "";
		return host.text(bytes, start, end);
	}
	return "";
}

const NAMES = Object.freeze(["\r\nContent-Type:", "\r\nc:"]);
