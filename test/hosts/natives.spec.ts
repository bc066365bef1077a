import { byteSet } from "../../src/bytes.js";
import type { DigestAlgorithm } from "../../src/host.js";
import {
	ascii,
	deepEqual,
	describe,
	equal,
	host,
	it,
	utf8,
} from "../portable.js";

function hex(bytes: Uint8Array): string {
	return host().hex(bytes, 0, bytes.length);
}

function throwsRangeError(body: () => unknown): void {
	let thrown: unknown;
	try {
		body();
	} catch (error) {
		thrown = error;
	}
	equal(thrown instanceof RangeError, true, "throws RangeError:");
}

/** Every way a range can be wrong for an array of 4 bytes. */
const badRanges: readonly (readonly [number, number])[] = Object.freeze([
	[0, 5],
	[-1, 2],
	[3, 2],
	[5, 5],
	[Number.NaN, 2],
	[0, Number.POSITIVE_INFINITY],
] as const);

describe("host natives: digests", () => {
	const abc: readonly (readonly [DigestAlgorithm, string])[] = [
		["MD5", "900150983cd24fb0d6963f7d28e17f72"],
		[
			"SHA-256",
			"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		],
		[
			"SHA-512-256",
			"53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23",
		],
	];
	for (const [algorithm, expected] of abc)
		it(`${algorithm} of abc, whole and in parts`, () => {
			equal(hex(host().digest(algorithm, [utf8("abc")])), expected);
			equal(
				hex(host().digest(algorithm, [utf8("a"), utf8(""), utf8("bc")])),
				expected,
			);
		});

	it("digests of nothing", () => {
		equal(hex(host().digest("MD5", [])), "d41d8cd98f00b204e9800998ecf8427e");
		equal(
			hex(host().digest("SHA-256", [])),
			"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		);
	});

	it("digests across block borders equal those of the parts", () => {
		for (let length = 54; length < 132; length++) {
			const bytes = new Uint8Array(length).fill(0x61);
			for (const [algorithm] of abc)
				equal(
					hex(host().digest(algorithm, [bytes])),
					hex(
						host().digest(algorithm, [
							bytes.subarray(0, 50),
							bytes.subarray(50),
						]),
					),
				);
		}
	});

	it("HMAC: RFC 4231 case 2 and RFC 2202 case 2", () => {
		const data = [utf8("what do ya want "), utf8("for nothing?")];
		equal(
			hex(host().hmac("SHA-256", utf8("Jefe"), data)),
			"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
		);
		equal(
			hex(host().hmac("MD5", utf8("Jefe"), data)),
			"750c783e6ab0b503eaa86e310a5db738",
		);
	});

	it("HMAC with a key longer than a block: RFC 4231 case 6", () => {
		equal(
			hex(
				host().hmac("SHA-256", new Uint8Array(131).fill(0xaa), [
					utf8("Test Using Larger Than Block-Size Key - Hash Key First"),
				]),
			),
			"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
		);
	});

	it("CRC-32 is IEEE's and unsigned", () => {
		equal(host().crc32(utf8("x123456789y"), 1, 10), 0xcbf43926);
		equal(host().crc32(utf8(""), 0, 0), 0);
		for (const [start, end] of badRanges)
			throwsRangeError(() => host().crc32(utf8("abcd"), start, end));
	});
});

describe("host natives: text", () => {
	const texts = [
		"",
		"abc",
		"\u00e9",
		"\u20ac",
		"\u{1f600}",
		"a\u0000b",
		"\ufeffx",
	];
	for (const text of texts)
		it(`there and back: ${JSON.stringify(text)}`, () => {
			const bytes = utf8(text);
			equal(host().text(bytes, 0, bytes.length), text);
			equal(host().invalidUtf8(bytes, 0, bytes.length), bytes.length);
		});

	it("UTF-8 has its standard bytes", () => {
		equal(hex(utf8("\u00e9\u20ac\u{1f600}\u0000")), "c3a9e282acf09f988000");
	});

	const invalid: readonly (readonly [string, readonly number[], number])[] = [
		["a lone continuation byte", [0x61, 0x80], 1],
		["an overlong slash", [0xc0, 0xaf], 0],
		["an overlong two-byte form", [0xc1, 0xbf], 0],
		["an overlong three-byte form", [0xe0, 0x9f, 0xbf], 0],
		["an overlong four-byte form", [0xf0, 0x8f, 0xbf, 0xbf], 0],
		["a surrogate", [0x61, 0x62, 0xed, 0xa0, 0x80], 2],
		["above U+10FFFF", [0xf4, 0x90, 0x80, 0x80], 0],
		["byte F5", [0xf5, 0x80, 0x80, 0x80], 0],
		["byte FF", [0xff], 0],
		["cut in two bytes", [0x61, 0xc3], 1],
		["cut in three bytes", [0x61, 0xe2, 0x82], 1],
		["cut in four bytes", [0x61, 0xf0, 0x9f, 0x98], 1],
		["a wrong third byte", [0xe2, 0x82, 0x41], 0],
		["modified NUL", [0xc0, 0x80], 0],
	];
	for (const [title, bytes, at] of invalid)
		it(`not UTF-8: ${title}`, () => {
			const array = new Uint8Array(bytes);
			equal(host().invalidUtf8(array, 0, array.length), at);
			throwsRangeError(() => host().text(array, 0, array.length));
			equal(host().invalidUtf8(array, 0, at), at, "the part before:");
		});

	it("only the range counts", () => {
		const array = new Uint8Array([0xff, 0x61, 0x62, 0xff]);
		equal(host().text(array, 1, 3), "ab");
		equal(host().hex(array, 2, 4), "62ff");
		for (const [start, end] of badRanges) {
			throwsRangeError(() => host().text(array, start, end));
			throwsRangeError(() => host().hex(array, start, end));
			throwsRangeError(() => host().invalidUtf8(array, start, end));
		}
	});

	it("works on a view that does not begin its buffer", () => {
		const view = utf8("xxabcdxx").subarray(2, 6);
		equal(host().text(view, 1, 3), "bc");
		equal(host().hex(view, 0, 1), "61");
		equal(host().find(view, 0x78, 0, 4), 4);
		equal(host().search(view, utf8("d"), 0, 4), 3);
		equal(host().search(view, utf8("dx"), 0, 4), -1);
		equal(host().crc32(view, 0, 4), host().crc32(utf8("abcd"), 0, 4));
		equal(
			hex(host().digest("MD5", [view])),
			hex(host().digest("MD5", [utf8("abcd")])),
		);
	});
});

describe("host natives: finding and comparing", () => {
	it("find gives the first, or the end", () => {
		const bytes = utf8("abcabc");
		equal(host().find(bytes, 0x62, 0, 6), 1);
		equal(host().find(bytes, 0x62, 2, 6), 4);
		equal(host().find(bytes, 0x62, 2, 4), 4);
		equal(host().find(bytes, 0x62, 3, 3), 3);
	});

	it("search gives the first, or -1, and never looks past the end", () => {
		const bytes = utf8("a\r\n\r\nb\r\n\r\n");
		equal(host().search(bytes, utf8("\r\n\r\n"), 0, 10), 1);
		equal(host().search(bytes, utf8("\r\n\r\n"), 2, 10), 6);
		equal(host().search(bytes, utf8("\r\n\r\n"), 2, 9), -1);
		equal(host().search(bytes, utf8("aab"), 0, 10), -1);
		equal(host().search(utf8("aaab"), utf8("aab"), 0, 4), 1);
	});

	it("span stops at the first byte that is not in the set", () => {
		const digits = byteSet("", [0x30, 0x39]);
		equal(host().span(utf8("123a4"), digits, 0, 5), 3);
		equal(host().span(utf8("123a4"), digits, 0, 2), 2);
		equal(host().span(utf8("123a4"), digits, 3, 5), 3);
		const high = byteSet("", [0x80, 0xff]);
		equal(host().span(new Uint8Array([0x80, 0xff, 0x7f]), high, 0, 3), 2);
	});

	it("equal and equalIgnoringCase want the same length", () => {
		const bytes = utf8("xContact");
		equal(host().equal(bytes, 1, 8, utf8("Contact")), true);
		equal(host().equal(bytes, 1, 8, utf8("contact")), false);
		equal(host().equal(bytes, 1, 7, utf8("Contact")), false);
		equal(host().equalIgnoringCase(bytes, 1, 8, utf8("cONTACT")), true);
		equal(host().equalIgnoringCase(bytes, 1, 8, utf8("contac")), false);
		equal(host().equalIgnoringCase(utf8("@["), 0, 2, utf8("`{")), false);
	});

	it("compare is byte order, a prefix first", () => {
		const sign = (a: string, b: string) => {
			const [left, right] = [utf8(a), utf8(b)];
			return Math.sign(
				host().compare(left, 0, left.length, right, 0, right.length),
			);
		};
		deepEqual(
			[
				sign("a", "b"),
				sign("b", "a"),
				sign("a", "a"),
				sign("a", "aa"),
				sign("", ""),
			],
			[-1, 1, 0, -1, 0],
		);
		equal(sign("\u00e9", "z"), 1, "unsigned:");
	});

	it("indexOfWord folds the range, not the words", () => {
		const words = ["via", "to", "t", "call-id"];
		const bytes = utf8("TO Call-ID x");
		equal(host().indexOfWord(bytes, 0, 2, words), 1);
		equal(host().indexOfWord(bytes, 0, 1, words), 2);
		equal(host().indexOfWord(bytes, 3, 10, words), 3);
		equal(host().indexOfWord(bytes, 3, 9, words), -1);
		equal(host().indexOfWord(bytes, 3, 3, words), -1);
	});

	it("bad ranges throw RangeError", () => {
		const bytes = utf8("abcd");
		const set = byteSet("a");
		for (const [start, end] of badRanges) {
			throwsRangeError(() => host().find(bytes, 0x61, start, end));
			throwsRangeError(() => host().search(bytes, utf8("a"), start, end));
			throwsRangeError(() => host().span(bytes, set, start, end));
			throwsRangeError(() => host().equal(bytes, start, end, bytes));
			throwsRangeError(() =>
				host().equalIgnoringCase(bytes, start, end, bytes),
			);
			throwsRangeError(() => host().compare(bytes, start, end, bytes, 0, 4));
			throwsRangeError(() => host().compare(bytes, 0, 4, bytes, start, end));
			throwsRangeError(() => host().indexOfWord(bytes, start, end, ["a"]));
		}
	});
});

describe("host natives: randomness and the clock", () => {
	it("random bytes differ", () => {
		const first = host().random(16);
		equal(first.length, 16);
		equal(hex(first) === hex(host().random(16)), false);
		equal(host().random(0).length, 0);
	});

	it("results are byte arrays whose slices are copies", () => {
		const bytes = utf8("ab");
		bytes.slice(0, 1)[0] = 0x78;
		equal(ascii(bytes), "ab");
	});

	it("the wall clock is in milliseconds since 1970", () => {
		equal(host().wallClock() > 1_600_000_000_000, true);
	});
});
