import {
	accept,
	answer,
	type Capabilities,
	Direction,
	offer,
	parseSdp,
} from "../../src/phone/sdp.js";
import {
	ascii,
	deepEqual,
	describe,
	equal,
	host,
	it,
	ok,
	throws,
	utf8,
} from "../portable.js";

const OWN: Capabilities = Object.freeze({
	address: "10.0.2.15",
	port: 10_000,
	codecs: Object.freeze(["PCMA", "PCMU"]),
	ptime: 20,
	events: true,
	session: 7,
	version: 1,
});

const SESSION =
	"v=0\r\no=bob 1 1 IN IP4 192.0.2.4\r\ns=-\r\nc=IN IP4 192.0.2.4\r\nt=3034423619 0\r\n";
const AUDIO =
	"m=audio 49170 RTP/AVP 0 8 97 101\r\na=rtpmap:97 opus/48000/2\r\na=rtpmap:101 telephone-event/8000\r\n";

function reply(text: string, own: Capabilities = OWN) {
	return answer(host(), parseSdp(host(), utf8(text)), own);
}

describe("session descriptions", () => {
	it("are answered with the offerer's first codec that we have", () => {
		const { bytes, agreement } = reply(SESSION + AUDIO);
		deepEqual(agreement, {
			remote: { host: "192.0.2.4", port: 49_170 },
			codec: "PCMU",
			payload: 0,
			events: 101,
			direction: Direction.SendReceive,
		});
		equal(
			ascii(bytes),
			"v=0\r\no=- 7 1 IN IP4 10.0.2.15\r\ns=-\r\nc=IN IP4 10.0.2.15\r\nt=3034423619 0\r\nm=audio 10000 RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n",
		);
	});

	it("keep the offer's streams in order and refuse all but one", () => {
		const { bytes } = reply(
			`${SESSION}m=video 5000 RTP/AVP 31\r\nm=audio 6000 RTP/SAVP 0\r\n${AUDIO}m=audio 7000 RTP/AVP 0\r\n`,
		);
		deepEqual(
			ascii(bytes)
				.split("\r\n")
				.filter((line) => line.startsWith("m=")),
			[
				"m=video 0 RTP/AVP 31",
				"m=audio 0 RTP/SAVP 0",
				"m=audio 10000 RTP/AVP 0 101",
				"m=audio 0 RTP/AVP 0",
			],
		);
	});

	it("are answered by the codecs of the settings alone", () => {
		const { agreement } = reply(SESSION + AUDIO, { ...OWN, codecs: ["PCMA"] });
		equal(agreement.codec, "PCMA");
		throws(
			() => reply(SESSION + AUDIO, { ...OWN, codecs: ["G722"] }),
			"sdp-not-acceptable",
		);
	});

	it("take a dynamic payload type by its mapping, and a remapped static one as what it says", () => {
		const { agreement } = reply(
			`${SESSION}m=audio 4000 RTP/AVP 0 96\r\na=rtpmap:0 G726-32/8000\r\na=rtpmap:96 pcma/8000/1\r\n`,
		);
		equal(agreement.codec, "PCMA");
		equal(agreement.payload, 96);
		throws(
			() =>
				reply(
					`${SESSION}m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 PCMA/16000\r\n`,
				),
			"sdp-not-acceptable",
		);
	});

	it("mirror the direction, also when put on hold the old way", () => {
		const direction = (text: string) => reply(text).agreement.direction;
		equal(direction(`${SESSION}${AUDIO}a=sendonly\r\n`), Direction.ReceiveOnly);
		equal(direction(`${SESSION}${AUDIO}a=recvonly\r\n`), Direction.SendOnly);
		equal(direction(`${SESSION}a=inactive\r\n${AUDIO}`), Direction.Inactive);
		equal(
			direction(`${SESSION}a=inactive\r\n${AUDIO}a=sendrecv\r\n`),
			Direction.SendReceive,
		);
		equal(
			direction(`${SESSION}${AUDIO}c=IN IP4 0.0.0.0\r\n`),
			Direction.ReceiveOnly,
		);
	});

	it("refuse a stream that is off, has no address, or is not audio", () => {
		const none = (text: string) =>
			throws(() => reply(text), "sdp-not-acceptable");
		none(`${SESSION}m=audio 0 RTP/AVP 0\r\n`);
		none("v=0\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n");
		none(`${SESSION}m=video 4000 RTP/AVP 0\r\n`);
		none(SESSION);
	});

	it("offer the settings' codecs, and read the answer to it", () => {
		const offered = parseSdp(host(), offer(host(), OWN));
		deepEqual(offered.streams[0]?.formats, ["8", "0", "101"]);
		const other = answer(host(), offered, {
			...OWN,
			address: "2001:db8::7",
			port: 5004,
			codecs: ["PCMU"],
		});
		ok(ascii(other.bytes).includes("c=IN IP6 2001:db8::7\r\n"));
		const agreement = accept(parseSdp(host(), other.bytes), OWN);
		equal(agreement.codec, "PCMU");
		deepEqual(agreement.remote, { host: "2001:db8::7", port: 5004 });
	});

	it("that are broken are refused by a stable code", () => {
		const refused = (text: string, code: string) =>
			throws(() => parseSdp(host(), utf8(text)), code);
		refused("", "sdp-incomplete");
		refused("v=0\r\n", "sdp-incomplete");
		refused("v=1\r\nt=0 0\r\n", "sdp-version");
		refused("v=0\r\nnonsense\r\n", "sdp-line");
		refused("v=0\r\ns=a\rb\r\nt=0 0\r\n", "sdp-line");
		refused("v=0\r\nc=IN IP4\r\n", "sdp-connection");
		refused("v=0\r\nc=ATM NSAP x\r\n", "sdp-connection");
		refused("v=0\r\nt=0 0\r\nm=audio\r\n", "sdp-media");
		refused("v=0\r\nt=0 0\r\nm=audio 70000 RTP/AVP 0\r\n", "sdp-media");
		refused("v=0\r\nt=0 0\r\nm=audio 1.5 RTP/AVP 0\r\n", "sdp-media");
		refused("v=0\r\nt=0 0\r\nm=audio 4000 RTP/AVP  0\r\n", "sdp-media");
		refused(
			`v=0\r\nt=0 0\r\n${"m=audio 4000 RTP/AVP 0\r\n".repeat(9)}`,
			"sdp-streams",
		);
		refused(`v=0\r\ns=${"x".repeat(8192)}\r\n`, "sdp-too-long");
		throws(
			() => parseSdp(host(), new Uint8Array([0x76, 0x3d, 0xff])),
			"sdp-not-utf8",
		);
	});

	it("cut at any byte are answered or refused, never anything else", () => {
		const whole = utf8(SESSION + AUDIO);
		for (let end = 0; end <= whole.length; end++) {
			try {
				const { bytes } = answer(host(), parseSdp(host(), whole, 0, end), OWN);
				parseSdp(host(), bytes);
			} catch (error) {
				ok(
					(error as { code?: string }).code?.startsWith("sdp-"),
					String(error),
				);
			}
		}
	});
});
