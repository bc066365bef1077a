/** The phone in QEMU as peers see it that nobody here wrote: SIPp and sipsak, with Wireshark looking on. */
import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import type { Address } from "../../src/port.js";
import { FRIEND, STRANGER, userOf } from "../../tools/simulate/site.js";
import { describeWith } from "../skip.js";
import { assertClean, dissect, sipMessages } from "./capture.js";
import { LivePhone, PHONE } from "./live-phone.js";
import { play } from "./sipp.js";

const USER = userOf(1);

describeWith(
	{ packages: ["firmware", "interop"] },
	"the phone in QEMU and other people's SIP",
	function () {
		this.timeout(30_000);
		let live: LivePhone;
		/** The address of a provisioned server, for what is sent to the phone in its name. */
		let server: string;
		let proxy: Address;

		before(async function () {
			this.timeout(300_000);
			live = await LivePhone.start();
			server = live.network.registrar;
			proxy = { host: server, port: 5060 };
		});
		after(() => live?.stop());

		function through(
			scenario: string,
			caller: string,
			transport: "udp" | "tcp" = "udp",
		): Promise<void> {
			return play({
				scenario,
				to: proxy,
				from: live.network.caller,
				transport,
				caller,
				callee: USER,
				password: live.site.passwordOf(caller),
			});
		}

		function direct(
			scenario: string,
			from: string,
			transport: "udp" | "tcp" = "udp",
		): Promise<void> {
			return play({
				scenario,
				to: PHONE,
				from,
				transport,
				caller: FRIEND,
				callee: USER,
			});
		}

		for (const transport of ["udp", "tcp"] as const) {
			it(`a friend who knows the password gets through (${transport} to the proxy)`, async () => {
				const up = live.next("call-up");
				const ended = live.next("call-ended");
				await through("call", FRIEND, transport);
				assert.match(String((await up).with), /bob@example\.com/);
				await ended;
			});

			it(`a stranger who knows the password is refused with 403 (${transport} to the proxy)`, async () => {
				const refused = live.next("call-refused");
				await through("refused", STRANGER, transport);
				assert.equal((await refused).right, "block");
			});

			it(`whoever calls the phone directly is refused with 403 (${transport})`, async () => {
				const refused = live.next("call-refused");
				await direct("direct", live.network.caller, transport);
				assert.equal((await refused).right, "not-from-server");
			});
		}

		it("a call that its caller gives up while it rings ends with 487", async () => {
			await live.set("call/@auto-answer-delay", "20000");
			try {
				const ended = live.next("call-ended");
				await through("cancel", FRIEND);
				assert.equal((await ended).reason, "cancelled");
			} finally {
				await live.set("call/@auto-answer-delay", undefined);
			}
		});

		it("OPTIONS is answered with what the phone can do", () =>
			direct("options", server));

		it("a method without meaning gets 501, one that the phone does not speak 405", () =>
			direct("methods", server));

		it("an INVITE that comes three times is one call, and rings each time", async () => {
			await live.set("call/@auto-answer-delay", "600");
			try {
				const before = live.told("call-incoming").length;
				await direct("repeated", server);
				assert.equal(live.told("call-incoming").length, before + 1);
			} finally {
				await live.set("call/@auto-answer-delay", undefined);
			}
		});

		it("over TCP to its registrar: registered, a friend gets through, a stranger doesn't", async () => {
			const path = "server[registrar]/@uri";
			const registered = live.next("registered");
			live.site.setUserSetting(path, `sip:${server}:5060;transport=tcp`);
			await registered;
			try {
				await through("call", FRIEND);
				await through("refused", STRANGER, "tcp");
			} finally {
				const again = live.next("registered");
				live.site.unsetUserSetting(path);
				await again;
			}
		});

		it("sipsak's OPTIONS is answered", async () => {
			const sipsak = spawn(
				"sipsak",
				["-s", `sip:${USER}@${PHONE.host}:${PHONE.port}`, "-vv"],
				{ timeout: 5000 },
			);
			let said = "";
			for (const stream of [sipsak.stdout, sipsak.stderr])
				stream.on("data", (text) => {
					said += text;
				});
			await new Promise((done) => sipsak.once("close", done));
			// It comes from nobody's address: that it has no business here is an answer.
			assert.match(said, /SIP\/2\.0 403 /);
		});

		it("nothing of it took the phone down, and it is still registered", async () => {
			live.assertNeverRestarted();
			await live.assertTakesCalls();
		});

		it("no log has a password, nor what stands for one", () => {
			live.assertNoSecrets();
		});

		it("Wireshark finds every packet well-formed, and all of it SIP", async () => {
			await live.phone.powerOff();
			assertClean(live.capture);
			const lines = sipMessages(live.capture).map(({ line }) => line);
			for (const expected of [
				/^SUBSCRIBE /,
				/^NOTIFY /,
				/^REGISTER /,
				/^INVITE /,
				/^SIP\/2\.0 180 /,
				/^ACK /,
				/^BYE /,
				/^CANCEL /,
				/^SIP\/2\.0 487 /,
				/^SIP\/2\.0 403 /,
				/^SIP\/2\.0 501 /,
				/^SIP\/2\.0 405 /,
			])
				assert.ok(
					lines.some((line) => expected.test(line)),
					`${expected} in the capture`,
				);
			const rung = 'sip.Via.branch contains "-again" && sip.Status-Code == 180';
			assert.equal(
				dissect(live.capture, `ip.src == ${PHONE.host} && ${rung}`, [
					"frame.number",
				]).length,
				3,
				"each copy of the INVITE gets the response",
			);
			const strange = "(udp.port == 5060 || tcp.port == 5060) && !sip";
			const fields = ["frame.number", "udp.length", "tcp.len"];
			assert.deepEqual(
				dissect(live.capture, strange, fields).filter(
					([, datagram, segment]) => datagram !== "" || segment !== "0",
				),
				[],
			);
		});
	},
);
