import assert from "node:assert/strict";
import fc from "fast-check";
import { parseAnswer, RecordType, writeQuery } from "../../src/dns/message.js";
import { Resolver } from "../../src/dns/resolver.js";
import { HookswitchError } from "../../src/errors.js";
import { host } from "../portable.js";
import { answer } from "./packet.js";

const server = { host: "192.0.2.53", port: 53 };

/** Reads, or says in the one way that there is why not. */
function read(bytes: Uint8Array): void {
	try {
		const { records } = parseAnswer(host(), bytes, "a.example", RecordType.A);
		for (const record of records) assert.equal(typeof record.target, "string");
	} catch (error) {
		assert.ok(error instanceof HookswitchError, String(error));
	}
}

describe("DNS answers, property", () => {
	const query = () => writeQuery(host(), 7, "a.example", RecordType.A, true);
	const good = () =>
		answer(query(), {
			answers: [
				{ name: "a.example", data: ["CNAME", "b.example"] },
				{ name: "b.example", data: ["SRV", 1, 2, 3, "c.example"] },
				{ name: "b.example", data: ["NAPTR", 1, 2, "s", "SIP+D2U", "d"] },
				{ name: "b.example", data: ["A", "192.0.2.1"] },
			],
			authority: [{ name: "example", data: ["SOA", 5] }],
		});

	it("any octets are read or refused", () => {
		fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), read));
	});

	it("any octets after a proper question are read or refused", () => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 400 }), (tail) => {
				const bytes = new Uint8Array([...answer(query(), {}), ...tail]);
				bytes[7] = 5;
				bytes[9] = 5;
				read(bytes);
			}),
		);
	});

	it("an answer with octets changed is read or refused, quickly", () => {
		fc.assert(
			fc.property(
				fc.array(fc.tuple(fc.nat(), fc.nat(255)), {
					minLength: 1,
					maxLength: 6,
				}),
				(changes) => {
					const bytes = good();
					for (const [at, value] of changes)
						bytes[12 + (at % (bytes.length - 12))] = value;
					read(bytes);
				},
			),
		);
	});

	it("a resolver ends every question, whatever comes", () => {
		fc.assert(
			fc.property(
				fc.array(
					fc.oneof(
						fc.uint8Array({ maxLength: 100 }),
						fc.constant("good" as const),
						fc.nat(5),
						fc.constant("wait" as const),
					),
					{ maxLength: 20 },
				),
				(script) => {
					const resolver = new Resolver(host());
					resolver.setServers(0, [server]);
					resolver.resolve(0, "a.example", RecordType.A);
					let now = 0;
					let last = query();
					let results = 0;
					const drain = () => {
						for (;;) {
							const output = resolver.next();
							if (output === undefined) return;
							if (output.kind === "datagram") last = output.bytes;
							else results += 1;
						}
					};
					drain();
					for (const step of script) {
						if (step === "wait") {
							const at = resolver.deadline();
							if (at === Number.POSITIVE_INFINITY) continue;
							now = at;
							resolver.timeout(now);
						} else if (step === "good") resolver.datagram(now, good(), server);
						else if (typeof step === "number")
							resolver.datagram(now, answer(last, { code: step }), server);
						else resolver.datagram(now, step, server);
						drain();
					}
					while (resolver.deadline() !== Number.POSITIVE_INFINITY) {
						now = resolver.deadline();
						resolver.timeout(now);
						drain();
					}
					assert.equal(results, 1);
				},
			),
		);
	});
});
