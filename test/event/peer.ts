/** The other side of a subscription in scripts: answers and NOTIFYs as messages, made from the request that was given out. */
import { type Message, parseMessage } from "../../src/sip/message.js";
import type { OutgoingRequest } from "../../src/sip/writer.js";
import { host, utf8 } from "../portable.js";

export function message(lines: readonly string[], body = ""): Message {
	return parseMessage(
		host(),
		utf8(
			`${lines.join("\r\n")}\r\nContent-Length: ${utf8(body).length}\r\n\r\n${body}`,
		),
	);
}

/** A response to `request`; `headers` as whole lines. */
export function reply(
	request: OutgoingRequest,
	status: number,
	headers: readonly string[] = [],
	tag = "server",
): Message {
	return message([
		`SIP/2.0 ${status} Reason`,
		"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKtest",
		`From: ${request.from}`,
		`To: ${request.to}${request.to.includes(";tag=") ? "" : `;tag=${tag}`}`,
		`Call-ID: ${request.callId}`,
		`CSeq: ${request.cseq} ${request.method}`,
		"Contact: <sip:server@192.0.2.2>",
		...headers,
	]);
}

export interface Notification {
	readonly cseq?: number;
	readonly tag?: string;
	readonly event?: string;
	/** Value of Subscription-State; "" leaves the header out. */
	readonly state?: string;
	readonly etag?: string;
	readonly type?: string;
	readonly body?: string;
	readonly contact?: string;
}

/** A NOTIFY of the server to the subscription that `request` began. */
export function notify(
	request: OutgoingRequest,
	{
		cseq = 1,
		tag = "server",
		event = "ua-profile",
		state = "active;expires=3600",
		etag,
		type = "text/xml",
		body = "",
		contact = "<sip:server@192.0.2.2>",
	}: Notification = {},
): Message {
	const lines = [
		"NOTIFY sip:phone@192.0.2.1 SIP/2.0",
		"Via: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKnotify",
		"Max-Forwards: 70",
		`From: <sip:server@example.com>;tag=${tag}`,
		`To: ${request.from}`,
		`Call-ID: ${request.callId}`,
		`CSeq: ${cseq} NOTIFY`,
		`Contact: ${contact}`,
	];
	if (event !== "") lines.push(`Event: ${event}`);
	if (state !== "") lines.push(`Subscription-State: ${state}`);
	if (etag !== undefined) lines.push(`SIP-ETag: ${etag}`);
	if (body !== "") lines.push(`Content-Type: ${type}`);
	return message(lines, body);
}

export function header(
	request: OutgoingRequest,
	name: string,
): string | undefined {
	for (const [each, value] of request.headers) if (each === name) return value;
	return undefined;
}
