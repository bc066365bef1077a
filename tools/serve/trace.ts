/**
 * One SIP message as a line of a ladder: who → whom, start line, what it carries.
 * Headers and bodies stay out of it: they may hold secrets.
 */
import type { Address, Transport } from "../../src/port.js";
import { hostPort } from "../../src/sip/uri.js";
import type { Log } from "./log.js";

/** What an endpoint says of each message that it receives or sends. */
export interface Traced {
	readonly direction: "in" | "out";
	readonly transport: Transport;
	readonly peer: Address;
	readonly line: string;
	readonly bytes: Uint8Array;
}

export function logMessage(log: Log, self: Address, traced: Traced): void {
	const { direction, transport, peer, line, bytes } = traced;
	const [from, to] = direction === "in" ? [peer, self] : [self, peer];
	const carried = carries(bytes);
	log.event(
		"info",
		"message",
		`${text(from)} → ${text(to)} ${transport}  ${line}${carried === "" ? "" : `  [${carried}]`}`,
		{
			direction,
			transport,
			peer: text(peer),
			from: text(from),
			to: text(to),
			line,
			carries: carried,
			size: bytes.length,
		},
	);
}

export function text({ host, port }: Address): string {
	return hostPort(host, port);
}

const shortNames: readonly (readonly [type: string, name: string])[] = [
	["application/vnd.hookswitch.profile+xml", "profile"],
	["application/vnd.hookswitch.access+xml", "access list"],
	["application/sdp", "SDP"],
];

/** `user profile, 812 bytes`; `terminated: noresource`; "" for a message without content. */
export function carries(bytes: Uint8Array): string {
	const message = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
	const end = message.indexOf("\r\n\r\n");
	if (end < 0) return "";
	const head = message.toString("latin1", 0, end);
	const size = bytes.length - end - 4;
	const state =
		/^Subscription-State *: *terminated(?:.*reason=([\w-]+))?/im.exec(head);
	const ended =
		state === null ? "" : `terminated${state[1] ? `: ${state[1]}` : ""}`;
	if (size <= 0) return ended;
	const type = /^(?:Content-Type|c) *: *([^;\s]+)/im.exec(head)?.[1] ?? "?";
	const profile = /^(?:Event|o) *:.*;profile-type="?([\w-]+)/im.exec(head)?.[1];
	const short = shortNames.find(([known]) => known === type.toLowerCase())?.[1];
	const name =
		short === "profile" && profile !== undefined
			? `${profile} profile`
			: (short ?? type);
	return `${name}, ${size} bytes${ended && `, ${ended}`}`;
}
