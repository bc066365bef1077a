/**
 * Session descriptions (RFC 4566 as far as a telephone needs them) and the offer
 * and answer of RFC 3264 over one audio stream: PCMA, PCMU and telephone-event
 * (RFC 4733), at 8,000 Hz.
 *
 * What media does not do yet: nothing is sent or received on the port that is
 * named here; it is reserved (`ports.ts`) so that two calls never name the same.
 * No RTCP attributes, no SRTP, no ICE, no video: such streams are refused with
 * port 0, and an offer that leaves no audio is not acceptable.
 *
 * It must not know SIP.
 */
import { HookswitchError } from "../errors.js";
import type { Host } from "../host.js";
import type { Address } from "../port.js";

/** A description of a call with a dozen streams is 3 KB; what is longer is not for a telephone. */
const MAX_BYTES = 8_192;
const MAX_STREAMS = 8;
const MAX_FORMATS = 40;

export const Direction = Object.freeze({
	SendReceive: 0,
	SendOnly: 1,
	ReceiveOnly: 2,
	Inactive: 3,
});
const DIRECTION_NAMES = Object.freeze([
	"sendrecv",
	"sendonly",
	"recvonly",
	"inactive",
]);
/** What the other side's direction means for ours (RFC 3264 §6.1). */
const MIRRORED = Object.freeze([0, 2, 1, 3]);

/** The codecs that can be negotiated; static payload types of RFC 3551. */
const CODEC_NAMES = Object.freeze(["PCMU", "PCMA"]);
const CODEC_PAYLOADS = Object.freeze([0, 8]);
/** The payload type that our own offers give to telephone-event. */
const EVENT_PAYLOAD = 101;

export interface Stream {
	/** "audio", "video" … as written. */
	media: string;
	port: number;
	protocol: string;
	/** The formats as written, in order of preference. */
	formats: readonly string[];
	/** "0 PCMU/8000" and the like. */
	mappings: string[];
	/** Numeric address or name; undefined when neither stream nor session gives one. */
	address: string | undefined;
	direction: number;
}

export interface SessionDescription {
	/** The value of the first `t=` line, which an answer repeats. */
	readonly time: string;
	readonly streams: readonly Stream[];
}

/** What this phone offers and accepts. */
export interface Capabilities {
	readonly address: string;
	readonly port: number;
	/** Names in order of preference; unknown ones are passed over. */
	readonly codecs: readonly string[];
	readonly ptime: number;
	/** telephone-event is offered and accepted. */
	readonly events: boolean;
	/** Identifies the session in `o=`; the version rises with each description. */
	readonly session: number;
	readonly version: number;
}

/** What was agreed on. */
export interface Agreement {
	readonly remote: Address;
	readonly codec: string;
	readonly payload: number;
	/** The payload type of telephone-event, or -1. */
	readonly events: number;
	/** From our side. */
	readonly direction: number;
}

/** Throws `sdp-…` errors, all of which deserve a 400 or 488. */
export function parseSdp(
	host: Host,
	bytes: Uint8Array,
	start = 0,
	end = bytes.length,
): SessionDescription {
	if (end - start > MAX_BYTES)
		throw new HookswitchError("sdp-too-long", "description too long", start);
	if (host.invalidUtf8(bytes, start, end) !== end)
		throw new HookswitchError("sdp-not-utf8", "description not UTF-8", start);
	const streams: Stream[] = [];
	let address: string | undefined;
	let direction: number = Direction.SendReceive;
	let time: string | undefined;
	let version = false;
	let stream: Stream | undefined;
	for (let at = start; at < end; ) {
		const lineEnd = host.find(bytes, 0x0a, at, end);
		const cr = lineEnd > at && bytes[lineEnd - 1] === 0x0d;
		const valueEnd = cr ? lineEnd - 1 : lineEnd;
		const lineStart = at;
		at = lineEnd + 1;
		if (valueEnd === lineStart) continue;
		if (
			valueEnd - lineStart < 2 ||
			bytes[lineStart + 1] !== 0x3d ||
			host.find(bytes, 0x0d, lineStart, valueEnd) !== valueEnd
		)
			throw new HookswitchError("sdp-line", "not a line of SDP", lineStart);
		const value = host.text(bytes, lineStart + 2, valueEnd);
		switch (bytes[lineStart]) {
			case 0x76: // v
				if (value !== "0")
					throw new HookswitchError("sdp-version", "not SDP 0", lineStart);
				version = true;
				break;
			case 0x63: {
				// c
				const connection = connectionAddress(value, lineStart);
				if (stream === undefined) address = connection;
				else stream.address ??= connection;
				break;
			}
			case 0x74: // t
				time ??= value;
				break;
			case 0x6d: // m
				if (streams.length === MAX_STREAMS)
					throw new HookswitchError(
						"sdp-streams",
						"too many streams",
						lineStart,
					);
				stream = mediaLine(value, lineStart);
				stream.direction = direction;
				streams.push(stream);
				break;
			case 0x61: {
				// a
				const found = DIRECTION_NAMES.indexOf(value);
				if (found >= 0) {
					if (stream === undefined) direction = found;
					else stream.direction = found;
				} else if (stream !== undefined && value.startsWith("rtpmap:")) {
					if (stream.mappings.length < MAX_FORMATS)
						stream.mappings.push(value.slice(7));
				}
				break;
			}
		}
	}
	if (!version || time === undefined)
		throw new HookswitchError("sdp-incomplete", "no v= or t= line", start);
	for (const each of streams) each.address ??= address;
	return { time, streams };
}

/** RFC 3264 §5: our own offer. */
export function offer(host: Host, own: Capabilities): Uint8Array {
	const payloads: string[] = [];
	let attributes = "";
	for (const codec of own.codecs) {
		const known = CODEC_NAMES.indexOf(codec);
		if (known < 0) continue;
		payloads.push(String(CODEC_PAYLOADS[known]));
		attributes += `a=rtpmap:${CODEC_PAYLOADS[known]} ${codec}/8000\r\n`;
	}
	if (own.events) {
		payloads.push(String(EVENT_PAYLOAD));
		attributes += eventLines(EVENT_PAYLOAD);
	}
	return host.encode(
		`${sessionLines(own, "0 0")}m=audio ${own.port} RTP/AVP ${payloads.join(" ")}\r\n${attributes}a=ptime:${own.ptime}\r\na=sendrecv\r\n`,
	);
}

/**
 * RFC 3264 §6: the answer to an offer: the first audio stream that has one of our
 * codecs, in the offerer's order of preference; every other stream refused.
 * Throws `sdp-not-acceptable` (488) when there is none.
 */
export function answer(
	host: Host,
	offered: SessionDescription,
	own: Capabilities,
): { readonly bytes: Uint8Array; readonly agreement: Agreement } {
	let agreement: Agreement | undefined;
	let lines = "";
	for (const stream of offered.streams) {
		const agreed = agreement === undefined ? agree(stream, own) : undefined;
		if (agreed === undefined) {
			lines += `m=${stream.media} 0 ${stream.protocol} ${stream.formats.join(" ")}\r\n`;
			continue;
		}
		agreement = agreed;
		const payloads =
			agreed.events < 0
				? `${agreed.payload}`
				: `${agreed.payload} ${agreed.events}`;
		const events = agreed.events < 0 ? "" : eventLines(agreed.events);
		lines += `m=audio ${own.port} RTP/AVP ${payloads}\r\na=rtpmap:${agreed.payload} ${agreed.codec}/8000\r\n${events}a=ptime:${own.ptime}\r\na=${DIRECTION_NAMES[agreed.direction]}\r\n`;
	}
	if (agreement === undefined)
		throw new HookswitchError("sdp-not-acceptable", "no common audio", 0);
	const bytes = host.encode(sessionLines(own, offered.time) + lines);
	return { bytes, agreement };
}

/** The answer to our own offer (which had one stream). Throws `sdp-not-acceptable`. */
export function accept(
	answered: SessionDescription,
	own: Capabilities,
): Agreement {
	const stream = answered.streams[0];
	const agreement = stream === undefined ? undefined : agree(stream, own);
	if (agreement === undefined)
		throw new HookswitchError("sdp-not-acceptable", "no common audio", 0);
	return agreement;
}

function agree(stream: Stream, own: Capabilities): Agreement | undefined {
	const { address, port } = stream;
	if (stream.media !== "audio" || port === 0 || address === undefined)
		return undefined;
	if (stream.protocol !== "RTP/AVP") return undefined;
	let codec: string | undefined;
	let payload = -1;
	let events = -1;
	for (const format of stream.formats) {
		const number = Number(format);
		if (!(Number.isInteger(number) && number >= 0 && number <= 127)) continue;
		const name = formatName(stream, format, number);
		if (name === "TELEPHONE-EVENT") {
			if (own.events && events < 0) events = number;
		} else if (codec === undefined && name !== undefined) {
			if (CODEC_NAMES.includes(name) && own.codecs.includes(name)) {
				codec = name;
				payload = number;
			}
		}
	}
	if (codec === undefined) return undefined;
	// The hold of RFC 2543: no address to send to.
	const held = address === "0.0.0.0" || address === "::";
	const mirrored = MIRRORED[stream.direction] ?? Direction.Inactive;
	const direction =
		held && mirrored === Direction.SendReceive
			? Direction.ReceiveOnly
			: mirrored;
	return { remote: { host: address, port }, codec, payload, events, direction };
}

/** The upper-case encoding name at 8,000 Hz of a payload type. */
function formatName(
	stream: Stream,
	format: string,
	number: number,
): string | undefined {
	for (const mapping of stream.mappings) {
		const space = mapping.indexOf(" ");
		if (space < 0 || mapping.slice(0, space) !== format) continue;
		const [name = "", rate, channels = "1"] = mapping
			.slice(space + 1)
			.split("/");
		return rate === "8000" && channels === "1" ? name.toUpperCase() : undefined;
	}
	return CODEC_NAMES[CODEC_PAYLOADS.indexOf(number)];
}

function sessionLines(own: Capabilities, time: string): string {
	const family = own.address.includes(":") ? "IP6" : "IP4";
	return `v=0\r\no=- ${own.session} ${own.version} IN ${family} ${own.address}\r\ns=-\r\nc=IN ${family} ${own.address}\r\nt=${time}\r\n`;
}

function eventLines(payload: number): string {
	return `a=rtpmap:${payload} telephone-event/8000\r\na=fmtp:${payload} 0-15\r\n`;
}

function connectionAddress(value: string, at: number): string {
	const [network, family, address = ""] = value.split(" ");
	if (
		network !== "IN" ||
		(family !== "IP4" && family !== "IP6") ||
		address === ""
	)
		throw new HookswitchError("sdp-connection", "not a c= line", at);
	// A multicast address may carry a time to live.
	const slash = address.indexOf("/");
	return slash < 0 ? address : address.slice(0, slash);
}

function mediaLine(value: string, at: number): Stream {
	const [media = "", portText = "", protocol = "", ...formats] =
		value.split(" ");
	// "49170/2": the number of ports does not matter to us.
	const slash = portText.indexOf("/");
	const port = Number(slash < 0 ? portText : portText.slice(0, slash));
	const whole = Number.isInteger(port) && port >= 0 && port <= 65_535;
	if (
		media === "" ||
		portText === "" ||
		!whole ||
		formats.length === 0 ||
		formats.length > MAX_FORMATS ||
		formats.includes("")
	)
		throw new HookswitchError("sdp-media", "not an m= line", at);
	return {
		media,
		port,
		protocol,
		formats,
		mappings: [],
		address: undefined,
		direction: Direction.SendReceive,
	};
}
