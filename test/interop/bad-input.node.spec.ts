/**
 * The phone in QEMU among people who mean it no good: one row for each hostile input,
 * and after each the same: the log says what was wrong, the wire has the right answer,
 * the settings in force are what they were, it has not restarted, and it answers.
 */
import { strict as assert } from "node:assert";
import { describeWith } from "../skip.js";
import { assertClean } from "./capture.js";
import { ask, Line, NOBODY, request } from "./datagrams.js";
import { HostileServer, type Notification } from "./hostile-server.js";
import { LivePhone, PHONE } from "./live-phone.js";

const REFUSED = /^SIP\/2\.0 403 /;
const ALICE = "sip:alice@example.com";

/** One input, and what it deserves. */
interface Row {
	readonly title: string;
	/** Gives all that came back; "" is silence. */
	readonly input: () => Promise<string>;
	readonly answer: RegExp;
	/** `error` of the event `input-refused`; undefined: nothing was wrong with it. */
	readonly error?: string;
}

const SILENCE = /^$/;

/** Over TCP: sends, and gives what came back until the phone closed, or something matched. */
async function overTcp(
	bytes: string | Uint8Array,
	until: (line: Line) => boolean = (line) => line.closed,
): Promise<string> {
	const line = await Line.open(PHONE);
	try {
		line.send(bytes);
		assert.ok(await line.until(until, 3000), `said: ${line.received}`);
		return line.received;
	} finally {
		line.close();
	}
}

function bytes(text: string): Uint8Array {
	return Buffer.from(text, "latin1");
}

const udp = (
	title: string,
	input: () => string | Uint8Array,
	answer: RegExp,
	error?: string,
): Row => ({
	title: `UDP: ${title}`,
	input: () =>
		ask(PHONE, input(), {
			patience: answer === SILENCE ? 150 : 3000,
		}),
	answer,
	...(error === undefined ? {} : { error }),
});

const tcp = (
	title: string,
	input: () => string | Uint8Array,
	answer: RegExp,
	error: string,
): Row => ({
	title: `TCP: ${title}`,
	input: () => overTcp(input()),
	answer,
	error,
});

const tcpRequest = (lines: readonly string[] = []): string =>
	request("OPTIONS", lines, { transport: "TCP" });

const manyHeaders = (count: number): string[] =>
	Array.from({ length: count }, () => "a:b");

const ROWS: readonly Row[] = [
	udp("another protocol", () => "GET / HTTP/1.1\r\n\r\n", SILENCE, "not-sip"),
	udp("noise", () => Buffer.alloc(1000, 0xa5), SILENCE, "not-sip"),
	udp("NUL bytes alone", () => Buffer.alloc(600), SILENCE, "not-sip"),
	udp(
		"a body that is shorter than it says",
		() => request().replace("Content-Length: 0", "Content-Length: 100"),
		/^SIP\/2\.0 400 /,
		"truncated",
	),
	udp(
		"the first half of a header",
		() => request().slice(0, 120),
		/^SIP\/2\.0 400 /,
		"truncated",
	),
	udp(
		"bytes that are not UTF-8",
		() => bytes(request("OPTIONS", ["Subject: \xff\xfe\xc0\x80"])),
		/^SIP\/2\.0 400 /,
		"not-utf8",
	),
	udp(
		"NUL in a header",
		() => request("OPTIONS", ["Subject: a\0b"]),
		/^SIP\/2\.0 400 /,
		"control-character",
	),
	udp(
		"a version from the future",
		() => request().replace("SIP/2.0", "SIP/3.0"),
		/^SIP\/2\.0 505 /,
		"sip-version",
	),
	udp(
		"garbage after a valid message",
		() => `${request()}\0\xff garbage`,
		REFUSED,
	),
	udp(
		"7 KB of headers, in fragments",
		() => request("OPTIONS", manyHeaders(1400)),
		/^SIP\/2\.0 400 /,
		"too-many-headers",
	),
	udp(
		"7 KB of body, in fragments",
		() => request("OPTIONS", [], { body: "x".repeat(7_000) }),
		REFUSED,
	),
	udp("64 KB in fragments", () => Buffer.alloc(65_000, 0x41), SILENCE),
	udp(
		"NOTIFY outside of a dialog",
		() =>
			request(
				"NOTIFY",
				["Event: ua-profile", "Subscription-State: active;expires=600"],
				{ to: ";tag=guess", body: "<profile/>" },
			),
		/^SIP\/2\.0 481 /,
	),
	udp(
		"a response out of nowhere",
		() =>
			[
				"SIP/2.0 200 OK",
				`Via: SIP/2.0/UDP ${PHONE.host}:5060;branch=z9hG4bK-nobody`,
				"From: <sip:a@example.com>;tag=1",
				"To: <sip:b@example.com>;tag=2",
				`Call-ID: nowhere@${NOBODY}`,
				"CSeq: 1 REGISTER",
				"Content-Length: 0",
				"",
				"",
			].join("\r\n"),
		SILENCE,
		"stray-response",
	),
	tcp("another protocol", () => "GET / HTTP/1.1\r\n\r\n", SILENCE, "not-sip"),
	tcp(
		"no length",
		() => tcpRequest().replace("Content-Length: 0\r\n", ""),
		/^SIP\/2\.0 400 /,
		"content-length",
	),
	tcp(
		"a length below zero",
		() => tcpRequest().replace("Content-Length: 0", "Content-Length: -1"),
		/^SIP\/2\.0 400 /,
		"content-length",
	),
	tcp(
		"a body of 64 KB",
		() =>
			tcpRequest().replace(
				"Content-Length: 0\r\n\r\n",
				`Content-Length: 65536\r\n\r\n${"x".repeat(65_536)}`,
			),
		/^SIP\/2\.0 513 /,
		"message-too-large",
	),
	tcp(
		"10,000 headers",
		() => tcpRequest(manyHeaders(10_000)),
		/^SIP\/2\.0 513 /,
		"message-too-large",
	),
	tcp(
		"64 KB without an end of the header",
		() => `OPTIONS ${ALICE} SIP/2.0\r\n${"a: b\r\n".repeat(11_000)}`,
		/^(SIP\/2\.0 513 |$)/,
		"message-too-large",
	),
	tcp(
		"garbage after a valid message",
		() => `${tcpRequest()}\0\xff garbage\r\n\r\n`,
		// The connection is gone before there is an answer, or not.
		/^(SIP\/2\.0 403 |$)/,
		"not-sip",
	),
	{
		title: "TCP: a header line of 12 KB",
		input: () =>
			overTcp(tcpRequest([`Subject: ${"x".repeat(12_000)}`]), (line) =>
				line.received.includes("\r\n\r\n"),
			),
		answer: REFUSED,
	},
	{
		title: "TCP: a request in drops",
		input: async () => {
			const line = await Line.open(PHONE);
			try {
				for (const part of tcpRequest().match(/[\s\S]{1,16}/g) ?? []) {
					line.send(part);
					await new Promise((resolve) => setTimeout(resolve, 5));
				}
				await line.until(({ received }) => received.includes("\r\n\r\n"));
				return line.received;
			} finally {
				line.close();
			}
		},
		answer: REFUSED,
	},
	{
		title: "UDP: 100 requests at once, each a transaction to be remembered",
		input: async () => {
			const answers: string[] = [];
			for (let count = 0; count < 4; count++)
				answers.push(
					...(await Promise.all(
						Array.from({ length: 25 }, () =>
							ask(PHONE, request(), { patience: 3000 }),
						),
					)),
				);
			return (
				answers.find((answer) => !REFUSED.test(answer)) ?? answers[0] ?? ""
			);
		},
		answer: REFUSED,
	},
	{
		title: "TCP: connections beyond its limit that say nothing, or never end",
		input: async () => {
			const lines: Line[] = [];
			try {
				// Not all at once: SYNs that find no room come again after seconds.
				for (let count = 0; count < 12; count++) {
					const line = await Line.open(PHONE);
					if (count % 2 === 1) line.send(tcpRequest().slice(0, 60));
					lines.push(line);
					await new Promise((resolve) => setTimeout(resolve, 30));
				}
				// There is room for one more, whoever holds on.
				return await overTcp(tcpRequest(), ({ received }) =>
					received.includes("\r\n\r\n"),
				);
			} finally {
				for (const line of lines) line.close();
			}
		},
		answer: REFUSED,
	},
];

const profile = (inside = "", attributes = `for="${ALICE}"`): string =>
	`<profile xmlns="urn:hookswitch:profile:1" type="user" ${attributes} version="99">${inside}</profile>`;

/** A NOTIFY of the server that the phone has subscribed to. */
interface Tale {
	readonly title: string;
	readonly tells: () => Notification;
	readonly status: number;
	/** `code` of the first error in `document-refused`; undefined: it never became a document. */
	readonly refused?: string;
	/** `error` of `input-refused`. */
	readonly error?: string;
}

const tale = (
	title: string,
	body: string | Uint8Array,
	refused: string,
): Tale => ({ title, tells: () => ({ body }), status: 200, refused });

const TALES: readonly Tale[] = [
	tale(
		"broken XML",
		'<profile xmlns="urn:hookswitch:profile:1" type=',
		"xml-unfinished",
	),
	tale("an element that is not closed", profile("<provider>"), "xml-end-tag"),
	tale(
		"a document type",
		`<!DOCTYPE profile SYSTEM "file:///etc/passwd">${profile()}`,
		"xml-document-type",
	),
	tale(
		"an entity bomb",
		`<!DOCTYPE p [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>${profile("<provider name='&b;'/>")}`,
		"xml-document-type",
	),
	tale(
		"an entity that nobody defined",
		profile("<provider name='&b;'/>"),
		"xml-entity",
	),
	tale(
		"10,000 elements within one another",
		profile("<a>".repeat(10_000)),
		"xml-too-deep",
	),
	tale(
		"an attribute twice",
		profile('<provider name="a" name="b"/>'),
		"xml-repeated-attribute",
	),
	tale(
		"an attribute of 20 KB",
		profile(`<provider name="${"x".repeat(20_000)}"/>`),
		"xml-value-too-long",
	),
	tale(
		"3,000 attributes",
		profile(
			`<provider ${Array.from({ length: 3_000 }, (_, n) => `a${n}=""`).join(" ")}/>`,
		),
		"xml-too-many-attributes",
	),
	tale(
		"another user's profile",
		profile("", 'for="sip:eve@example.com"'),
		"wrong-subject",
	),
	tale(
		"a device's profile",
		profile().replace('"user"', '"device"'),
		"wrong-type",
	),
	tale(
		"another vocabulary",
		"<html xmlns='http://www.w3.org/1999/xhtml'/>",
		"wrong-root",
	),
	tale("nothing but white space", " \r\n ", "xml-unfinished"),
	tale(
		"bytes that are not UTF-8",
		bytes(profile("<provider name='\xff\xfe'/>")),
		"xml-encoding",
	),
	tale("UTF-16", Buffer.from(profile(), "utf16le"), "xml-character"),
	tale("NUL bytes", Buffer.alloc(500), "xml-character"),
	tale(
		"bad values",
		profile('<registration expires="soon"/><audio ptime="-5"/>'),
		"bad-value",
	),
	{
		title: "a content type that the phone did not ask for",
		tells: () => ({ body: profile(), contentType: "text/html" }),
		status: 415,
	},
	{
		title: "a body of 60 KB",
		tells: () => ({ body: profile(" ".repeat(60_000)) }),
		status: 513,
		error: "message-too-large",
	},
	{
		title: "no Subscription-State",
		tells: () => ({ headers: [["Event", "ua-profile"]], body: profile() }),
		status: 400,
	},
	{
		title: "another event package",
		tells: () => ({
			headers: [
				["Event", "presence"],
				["Subscription-State", "active"],
			],
			body: profile(),
		}),
		status: 489,
	},
	{
		title: "a sequence number of the past",
		tells: () => ({ cseq: 0, body: profile() }),
		status: 500,
	},
	{
		title: "a dialog that there never was",
		tells: () => ({ callId: "never-was", body: profile() }),
		status: 481,
	},
];

describeWith(
	{ packages: ["firmware", "interop"] },
	"the phone in QEMU and bad input",
	function () {
		this.timeout(15_000);
		let live: LivePhone;
		let server: HostileServer;
		let settings: string;
		let vanished: Promise<unknown>;

		before(async function () {
			this.timeout(300_000);
			live = await LivePhone.start();
			settings = await live.settings();
			// From here on its profile server is not what it was.
			await live.phone.powerOff();
			await live.site.stopProfileServer();
			server = await HostileServer.start(
				{ host: live.network.profileServer, port: 5060 },
				PHONE,
				["access"],
			);
			const asked = server.asked("access");
			await live.boot("registered");
			await asked;
			vanished = live.next(
				"enrolment-failed",
				({ profile }) => profile === "access",
				45_000,
			);
		});
		after(async () => {
			await server?.stop();
			await live?.stop();
		});

		async function assertUnharmed(): Promise<void> {
			assert.equal(await live.settings(), settings, "settings in force");
			await live.assertAnswers();
			live.assertNeverRestarted();
		}

		describe("from anybody", () => {
			for (const { title, input, answer, error } of ROWS)
				it(title, async () => {
					const since = live.events.length;
					assert.match(await input(), answer);
					await assertUnharmed();
					const refused = live.told("input-refused", since);
					assert.deepEqual(
						refused.map((event) => event.error),
						error === undefined ? [] : [error],
					);
				});
		});

		describe("from its profile server", () => {
			for (const { title, tells, status, refused, error } of TALES)
				it(title, async () => {
					const since = live.events.length;
					assert.equal(await server.notify("user", tells()), status);
					await assertUnharmed();
					const errors = live
						.told("document-refused", since)
						.map((event) => event.errors as unknown as { code: string }[])
						.map(([first]) => first?.code);
					assert.deepEqual(errors, refused === undefined ? [] : [refused]);
					assert.deepEqual(
						live.told("input-refused", since).map((event) => event.error),
						error === undefined ? [] : [error],
					);
					assert.deepEqual(live.told("settings-in-force", since), []);
				});

			it("silence between SUBSCRIBE and NOTIFY: it is told of, and tried again later", async function () {
				this.timeout(60_000);
				const { reason, retryIn } = (await vanished) as {
					reason: string;
					retryIn: number;
				};
				assert.ok(["timer-n", "unknown-host"].includes(reason), reason);
				assert.ok(retryIn > 0);
				await assertUnharmed();
			});
		});

		describe("afterwards", () => {
			it("the phone takes calls, and does what a better server says", async () => {
				await live.assertTakesCalls();
				await server.stop();
				await live.phone.powerOff();
				await live.site.startProfileServer();
				const enrolled = live.next(
					"enrolled",
					({ profile }) => profile === "access",
				);
				await live.boot("registered");
				await enrolled;
				await live.set("provider/@name", "Better Telecom");
				assert.notEqual(await live.settings(), settings);
				live.assertNeverRestarted();
			});

			it("what the phone itself said is well-formed, all of it", async () => {
				await live.phone.powerOff();
				assertClean(live.capture, PHONE.host);
			});
		});
	},
);
