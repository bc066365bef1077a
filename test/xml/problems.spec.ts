import { HookswitchError } from "../../src/errors.js";
import { MOST_ERRORS } from "../../src/xml/document-error.js";
import { Problems } from "../../src/xml/problems.js";
import { suggestion } from "../../src/xml/suggestion.js";
import { deepEqual, describe, equal, host, it, utf8 } from "../portable.js";

describe("xml/problems: lines and columns", () => {
	const text = "ab\ncé\u{1F600}d\r\n\nx";
	const at = (part: string) => utf8(text.slice(0, text.indexOf(part))).length;
	const places: readonly (readonly [string, number, number, number])[] = [
		["the first byte", 0, 1, 1],
		["within the first line", 1, 1, 2],
		["the line feed itself", 2, 1, 3],
		["the next line", 3, 2, 1],
		["after characters of two and four bytes", at("d"), 2, 4],
		["after an empty line", at("x"), 4, 1],
		["the end", utf8(text).length, 4, 2],
	];
	for (const [title, offset, line, column] of places)
		it(title, () => {
			const problems = new Problems(host(), utf8(text));
			problems.error(offset, "p", "c", "m");
			deepEqual(problems.errors(), [
				{ line, column, path: "p", code: "c", message: "m" },
			]);
		});

	it("all of them in one pass, sorted by place", () => {
		const problems = new Problems(host(), utf8(text));
		for (const [title, offset] of [...places].reverse())
			problems.warning(offset, title, "c", "m");
		deepEqual(
			problems.warnings().map(({ line, column }) => [line, column]),
			places.map(([, , line, column]) => [line, column]),
		);
		equal(problems.hasErrors, false);
	});

	it("a path put before those that came after a mark", () => {
		const problems = new Problems(host(), utf8(text));
		problems.error(0, "@a", "c", "m");
		const mark = problems.mark;
		problems.error(0, "@b", "c", "m");
		problems.warning(0, "", "c", "m");
		problems.prefix(mark, "e");
		deepEqual(
			problems.errors().map((error) => error.path),
			["@a", "e/@b"],
		);
		deepEqual(
			problems.warnings().map((error) => error.path),
			["e"],
		);
	});

	it("the twenty-first error is not kept, but a broken document is told of", () => {
		const problems = new Problems(host(), utf8(text));
		for (let index = 0; index < MOST_ERRORS + 5; index++)
			problems.error(0, "", "c", "m");
		equal(problems.isFull, true);
		problems.broken(new HookswitchError("xml-tag", "m", 3));
		const errors = problems.errors();
		equal(errors.length, MOST_ERRORS);
		deepEqual(errors.at(-1), {
			line: 2,
			column: 1,
			path: "",
			code: "xml-tag",
			message: "m",
		});
	});
});

describe("xml/suggestion: did you mean", () => {
	const names = ["display-name", "id", "aor", "auth-user", "expires"];
	const meant = (text: string) => {
		const bytes = utf8(text);
		return suggestion(host(), bytes, 0, bytes.length, names).replace(
			/.*'(.*)'.*/,
			"$1",
		);
	};
	const table: readonly (readonly [string, string])[] = [
		["displayName", "display-name"],
		["display_name", "display-name"],
		["Expires", "expires"],
		["expire", "expires"],
		["expries", "expires"],
		["expirres", "expires"],
		["auth-usr", "auth-user"],
		["ix", "id"],
		["x", ""],
		["registrar", ""],
		["", ""],
		["e".repeat(1000), ""],
	];
	for (const [text, expected] of table)
		it(`${text.slice(0, 20)}: ${expected || "nothing"}`, () =>
			equal(meant(text), expected));
});
