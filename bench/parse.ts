/**
 * How many messages a second our parser reads on Node, each with the values that the
 * stack asks for: `node build/js/bench/parse.js`. Counted by processor time, so that
 * a busy machine does not show in the figure.
 */
import { nodeHost } from "../hosts/node/natives.js";
import { type Message, parseMessage } from "../src/sip/message.js";
import { notify, register, sip } from "../test/sip/vectors.js";

const description = [
	"v=0",
	"o=alice 2890844526 2890844526 IN IP4 192.0.2.7",
	"s=-",
	"c=IN IP4 192.0.2.7",
	"t=0 0",
	"m=audio 10000 RTP/AVP 8 0 101",
	"a=rtpmap:8 PCMA/8000",
	"a=rtpmap:0 PCMU/8000",
	"a=rtpmap:101 telephone-event/8000",
	"a=sendrecv",
	"",
].join("\r\n");
const invite = sip(
	[
		"INVITE sip:bob@example.com SIP/2.0",
		"Via: SIP/2.0/UDP 192.0.2.7:5060;rport;branch=z9hG4bK776asdhds",
		"Max-Forwards: 70",
		'From: "Alice" <sip:alice@example.com>;tag=1928301774',
		"To: <sip:bob@example.com>",
		"Call-ID: a84b4c76e66710",
		"CSeq: 314159 INVITE",
		"Contact: <sip:alice@192.0.2.7:5060>",
		"Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, NOTIFY",
		"Supported: path, gruu",
		"Content-Type: application/sdp",
		`Content-Length: ${description.length}`,
	],
	description,
);

/** What a dialog, a subscription and a transaction look at. */
function use(message: Message): void {
	void [
		message.method,
		message.via.branch,
		message.callId,
		message.cseq.number,
		message.from.tag,
		message.to.tag,
		message.contacts[0]?.uriText,
		message.event?.package,
		message.subscriptionState?.state,
		message.contentType?.type,
		message.body,
	];
}

const host = nodeHost();
const spans = 5;
const milliseconds = 400;
for (const [name, text] of [
	["REGISTER", register],
	["NOTIFY", notify],
	["INVITE", invite],
] as const) {
	const bytes = host.encode(text);
	let best = 0;
	for (let span = 0; span < spans; span++) {
		const before = process.cpuUsage();
		const end = performance.now() + milliseconds;
		let count = 0;
		while (performance.now() < end) {
			for (let turn = 0; turn < 100; turn++) use(parseMessage(host, bytes));
			count += 100;
		}
		const { user, system } = process.cpuUsage(before);
		best = Math.max(best, (count / (user + system)) * 1e6);
	}
	console.log(
		`${name.padEnd(9)}${String(bytes.length).padStart(5)} bytes ${Math.round(best).toLocaleString("en").padStart(9)} messages a second of processor time`,
	);
}
