/** Properties of the parser, the framer and the endpoint on generated and mutated input. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { HookswitchError } from "../../src/errors.js";
import { SipEndpoint } from "../../src/sip/endpoint.js";
import { Header } from "../../src/sip/header.js";
import { type Message, parseMessage } from "../../src/sip/message.js";
import { Framer } from "../../src/sip/stream.js";
import { formatUri, parseUriText } from "../../src/sip/uri.js";
import { nameAddress, writeRequest } from "../../src/sip/writer.js";
import { host, utf8 } from "../portable.js";
import { notify, ok, register } from "./vectors.js";

const vectors = [register, notify, ok].map((text) => utf8(text));

/** A vector with some bytes replaced, inserted or removed. */
const mutated = fc
	.tuple(
		fc.constantFrom(...vectors),
		fc.array(
			fc.record({
				at: fc.nat(1500),
				remove: fc.nat(3),
				insert: fc.oneof(
					fc.uint8Array({ maxLength: 4 }),
					fc
						.constantFrom(
							"\r\n",
							"\r\n ",
							'"',
							"\\",
							"<",
							">",
							";",
							",",
							"%",
							"=",
							":",
							"@",
							"[",
							"\0",
							" ",
							"\u00e9",
						)
						.map((text) => utf8(text)),
				),
			}),
			{ minLength: 1, maxLength: 6 },
		),
	)
	.map(([vector, changes]) => {
		let bytes = [...vector];
		for (const { at, remove, insert } of changes) {
			const from = at % (bytes.length + 1);
			bytes = [
				...bytes.slice(0, from),
				...insert,
				...bytes.slice(from + remove),
			];
		}
		return new Uint8Array(bytes);
	});

/** Every accessor, so that none throws after the message was accepted. */
function readAll(message: Message): void {
	void [
		message.uriText,
		message.isRequest ? message.uri : undefined,
		message.reason,
		message.startLine,
		message.from,
		message.to,
		message.via,
		message.hasOneVia,
		message.callId,
		message.cseq,
		message.contacts,
		message.contactIsStar,
		message.expires,
		message.minExpires,
		message.retryAfter,
		message.maxForwards,
		message.event,
		message.subscriptionState,
		message.contentType,
		message.routes,
		message.recordRoutes,
		message.viaFrom("192.0.2.1", 1),
		message.headerNamed("x"),
	];
	for (const code of Object.values(Header)) {
		message.header(code);
		message.headers(code);
		message.list(code);
		message.addresses(code);
	}
	for (const code of [
		Header.Authorization,
		Header.WwwAuthenticate,
		Header.ProxyAuthenticate,
		Header.ProxyAuthorization,
	])
		message.challenges(code);
}

describe("sip: properties", () => {
	it("a mutated message is refused with a code and a place within it, or can be read in full", () => {
		fc.assert(
			fc.property(mutated, (bytes) => {
				let message: Message;
				try {
					message = parseMessage(host(), bytes);
				} catch (error) {
					assert.ok(error instanceof HookswitchError, String(error));
					assert.ok(error.at >= 0 && error.at <= bytes.length);
					return;
				}
				readAll(message);
			}),
			{ numRuns: 3000 },
		);
	});

	it("an endpoint takes any datagram without an exception", () => {
		const endpoint = new SipEndpoint(host());
		endpoint.setLocal(0, { host: "192.0.2.9", port: 5060 });
		let now = 0;
		fc.assert(
			fc.property(
				fc.oneof(mutated, fc.uint8Array({ maxLength: 200 })),
				(bytes) => {
					endpoint.datagram(now++, bytes, { host: "192.0.2.1", port: 5060 });
					for (
						let each = endpoint.next();
						each !== undefined;
						each = endpoint.next()
					)
						if (each.kind === "request")
							endpoint.respond(now, each.transaction, { status: 200 });
				},
			),
			{ numRuns: 2000 },
		);
		assert.ok(endpoint.load.servers <= 64);
	});

	it("a stream gives the same however it is split", () => {
		const stream = new Uint8Array([
			...utf8("\r\n\r\n"),
			...(vectors[1] ?? []),
			...utf8("\r\n"),
			...(vectors[0] ?? []),
			...(vectors[2] ?? []),
			...utf8("\r\n\r\n"),
		]);
		const read = (pieces: readonly Uint8Array[]) => {
			const framer = new Framer(host(), 65535);
			const found: unknown[] = [];
			for (const piece of pieces) {
				framer.push(piece);
				for (let item = framer.next(); item !== undefined; item = framer.next())
					found.push(item);
			}
			return found;
		};
		const expected = read([stream]);
		assert.equal(expected.length, 5);
		fc.assert(
			fc.property(
				fc.array(fc.nat(stream.length), { maxLength: 20 }),
				(cuts) => {
					const places = [0, ...cuts.sort((a, b) => a - b), stream.length];
					const pieces = places
						.slice(1)
						.map((end, at) => stream.slice(places[at], end));
					assert.deepEqual(read(pieces), expected);
				},
			),
			{ numRuns: 300 },
		);
	});

	it("a URI that was read is written so that it reads the same", () => {
		const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 });
		fc.assert(
			fc.property(text, text, text, (user, name, value) => {
				const uri = {
					scheme: "sip",
					user,
					host: "example.com",
					port: 5070,
					parameters: [{ name: name.toLowerCase(), value }],
					headers: [],
				};
				const again = parseUriText(host(), formatUri(uri));
				assert.equal(again.user, user);
				assert.equal(again.parameters[0]?.value, value);
				assert.equal(formatUri(again), formatUri(uri));
			}),
		);
	});

	it("whatever a display name holds, a request has the lines that were meant, or is refused", () => {
		fc.assert(
			fc.property(fc.string({ unit: "binary" }), (display) => {
				const request = {
					method: "OPTIONS",
					uri: "sip:b@x",
					route: [],
					from: nameAddress(display, "sip:a@x", "1"),
					to: "<sip:b@x>",
					callId: "c",
					cseq: 1,
					headers: [],
				};
				let bytes: Uint8Array;
				try {
					bytes = writeRequest(host(), request, "SIP/2.0/UDP a", undefined);
				} catch (error) {
					assert.ok(error instanceof HookswitchError);
					// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
					assert.match(display, /[\u0000-\u0008\u000a-\u001f\u007f]/);
					return;
				}
				const { from } = parseMessage(host(), bytes);
				assert.equal(from.tag, "1");
				assert.equal(from.display, display === "" ? undefined : display);
			}),
			{ numRuns: 500 },
		);
	});

	it("hostile shapes of 64 KB take linear time", () => {
		const head = register.slice(0, register.indexOf("Content-Length"));
		const shapes: readonly ((length: number) => string)[] = [
			(length) => `${head}X: ${"a".repeat(length)}\r\n\r\n`,
			(length) =>
				`${head}Contact: ${"<sip:a@b>,".repeat(length / 10)}<sip:a@b>\r\n\r\n`,
			(length) =>
				`${head}Contact: <sip:a@b>${";a=b".repeat(length / 4)}\r\n\r\n`,
			(length) =>
				`${head}Contact: "${'\\"'.repeat(length / 2)}" <sip:a@b>\r\n\r\n`,
			(length) => `${head}Contact: ${'"'.repeat(length)}\r\n\r\n`,
			(length) => `${head}X: ${"\r\n ".repeat(length / 3)}y\r\n\r\n`,
			(length) => `${head}Contact: <sip:${"%41".repeat(length / 3)}@b>\r\n\r\n`,
			(length) => `${head}Contact: ${"<".repeat(length)}\r\n\r\n`,
			(length) => `${head}${"X: y\r\n".repeat(length / 6)}\r\n`,
			(length) => `${"\r\n".repeat(length / 2)}${register}`,
		];
		const time = (bytes: Uint8Array) => {
			const started = performance.now();
			try {
				readAll(parseMessage(host(), bytes));
			} catch (error) {
				assert.ok(error instanceof HookswitchError);
			}
			return performance.now() - started;
		};
		for (const [at, shape] of shapes.entries()) {
			const bytes = utf8(shape(60000));
			const best = Math.min(...[0, 1, 2].map(() => time(bytes)));
			// Quadratic time would be seconds; the bound leaves room for a busy machine.
			assert.ok(best < 500, `shape ${at}: ${best} ms`);
		}
	});
});
