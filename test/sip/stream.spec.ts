import { Framer } from "../../src/sip/stream.js";
import {
	ascii,
	deepEqual,
	describe,
	equal,
	host,
	it,
	ok,
	utf8,
} from "../portable.js";
import { notify, register } from "./vectors.js";

/** What comes out when the pieces go in: messages as text, "ping", or the code of what broke it. */
function feed(pieces: readonly Uint8Array[]): string[] {
	const framer = new Framer(host(), 65535);
	const found: string[] = [];
	for (const piece of pieces) {
		framer.push(piece);
		for (let item = framer.next(); item !== undefined; item = framer.next())
			found.push(
				item.kind === "message"
					? ascii(item.bytes)
					: item.kind === "broken"
						? item.code
						: item.kind,
			);
	}
	return found;
}

describe("sip/stream", () => {
	const both = utf8(notify + register);

	it("holds no more memory than the longest header and one read, however long a header goes on", () => {
		const limit = 16384;
		const framer = new Framer(host(), 32768);
		const read = utf8("a: b\r\n".repeat(200));
		const start = utf8("OPTIONS sip:a@example.com SIP/2.0\r\n");
		framer.push(start);
		for (let count = 0; count <= limit / read.length; count++) {
			equal(framer.next(), undefined);
			framer.push(read.slice());
			ok(framer.reserved <= limit + read.length, `${framer.reserved} bytes`);
		}
		const item = framer.next();
		equal(item?.kind === "broken" && item.code, "message-too-large");
		equal(framer.reserved, 0);
	});

	it("gives each of several messages in one read", () => {
		deepEqual(feed([both]), [notify, register]);
	});

	it("gives the same when the stream is split at any byte", () => {
		for (let at = 0; at <= both.length; at++)
			deepEqual(
				feed([both.slice(0, at), both.slice(at)]),
				[notify, register],
				`split at ${at}`,
			);
	});

	it("gives the same byte by byte", () => {
		deepEqual(feed([...both].map((byte) => new Uint8Array([byte]))), [
			notify,
			register,
		]);
	});

	it("keeps a message that was given when more bytes come", () => {
		const framer = new Framer(host(), 65535);
		const bytes = utf8(register);
		framer.push(bytes.slice(0, 10));
		framer.push(bytes.slice(10));
		const first = framer.next();
		framer.push(utf8(notify));
		framer.next();
		equal(first?.kind === "message" && ascii(first.bytes), register);
	});

	it("answers pings, however they are split, and passes over lone line breaks", () => {
		deepEqual(feed([utf8(`\r\n\r\n${register}\r\n\r\n`)]), [
			"ping",
			register,
			"ping",
		]);
		deepEqual(feed([..."\r\n\r\n"].map(utf8)), ["ping"]);
		deepEqual(feed([utf8(`\r\n${register}\r\n${register}`)]), [
			register,
			register,
		]);
	});

	it("reads Content-Length in its compact form, folded, and in any case", () => {
		for (const line of [
			"l:4",
			"L : 4 ",
			"content-length:\r\n 4",
			"CONTENT-LENGTH:\t004",
		]) {
			const text = `${register.replace("Content-Length: 0", line)}body`;
			deepEqual(feed([utf8(text + register)]), [text, register], line);
		}
	});

	for (const [name, line] of [
		["without Content-Length", "X: 0"],
		["with a negative Content-Length", "Content-Length: -1"],
		["with two Content-Lengths", "Content-Length: 0\r\nl: 0"],
		["with something after Content-Length", "Content-Length: 0 x"],
		["with an empty Content-Length", "Content-Length:"],
		["with a huge Content-Length", "Content-Length: 99999999999999999999"],
	] as const)
		it(`can't follow a stream ${name}`, () => {
			deepEqual(
				feed([
					utf8(register.replace("Content-Length: 0", line)),
					utf8(register),
				]),
				["content-length"],
			);
		});

	it("can't follow a message that is too large, before it has come whole", () => {
		const text = register.replace("Length: 0", "Length: 70000");
		deepEqual(feed([utf8(text)]), ["message-too-large"]);
		const endless = utf8("X: y\r\n".repeat(200));
		const found = feed([
			utf8("REGISTER sip:x SIP/2.0\r\n"),
			...new Array<Uint8Array>(60).fill(endless),
		]);
		deepEqual(found, ["message-too-large"]);
	});
});
