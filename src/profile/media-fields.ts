/** Settings tables: audio and video. Design §3. */
import {
	boolean,
	choice,
	integer,
	list,
	ports,
	section,
	size,
} from "./field.js";

export const AUDIO = section("audio", "audio", "Audio of calls.", {
	codecs: list(
		"codecs",
		["PCMA", "PCMU"],
		["PCMA", "PCMU", "G722", "G729", "iLBC", "opus", "L16"],
		"Codecs to offer, the preferred one first.",
	),
	ptime: integer("ptime", 20, 10, 60, "Milliseconds of audio in a packet."),
	ports: ports(
		"ports",
		10000,
		10099,
		"Local UDP ports for RTP; even ones carry RTP, the next one RTCP.",
	),
	dscp: integer("dscp", 46, 0, 63, "DSCP of RTP packets.", {
		merge: "general",
	}),
	dtmf: choice(
		"dtmf",
		"rfc4733",
		["rfc4733", "info", "inband"],
		"How keys pressed in a call are sent.",
	),
	comfortNoise: boolean(
		"comfort-noise",
		false,
		"Silence suppression with comfort noise (RFC 3389).",
	),
	jitterLeast: integer(
		"jitter-least",
		20,
		0,
		500,
		"Smallest playout delay, in milliseconds.",
	),
	jitterMost: integer(
		"jitter-most",
		200,
		20,
		2000,
		"Largest playout delay, in milliseconds.",
	),
	volume: integer("volume", 60, 0, 100, "Volume of the handset, per cent."),
	ringVolume: integer(
		"ring-volume",
		70,
		0,
		100,
		"Volume of the ringer, per cent.",
	),
});

export const VIDEO = section("video", "video", "Video of calls.", {
	enabled: boolean("enabled", false, "Offer and accept video."),
	codecs: list(
		"codecs",
		["H264", "VP8"],
		["H264", "VP8", "H265", "VP9", "AV1"],
		"Codecs to offer, the preferred one first.",
	),
	size: size("size", 640, 480, "Largest picture to send."),
	frameRate: integer("frame-rate", 30, 1, 120, "Most pictures a second.", {
		merge: "lowest",
	}),
	bitRate: integer("bit-rate", 1000, 32, 50000, "Most kbit/s to send.", {
		merge: "lowest",
	}),
	ports: ports("ports", 11000, 11099, "Local UDP ports for RTP."),
	dscp: integer("dscp", 34, 0, 63, "DSCP of RTP packets.", {
		merge: "general",
	}),
});
