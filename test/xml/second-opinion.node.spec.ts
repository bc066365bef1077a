/**
 * fast-xml-parser reads the same documents: whatever one makes otherwise than the
 * other is a finding. And properties of all documents: canonical form, hostile input.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { XMLParser } from "fast-xml-parser";
import { nodeHost } from "../../hosts/node/natives.js";
import { HookswitchError } from "../../src/errors.js";
import type { Host } from "../../src/host.js";
import { canonical } from "../../src/xml/canonical.js";
import { Token, XmlScanner } from "../../src/xml/scanner.js";

const host = nodeHost();
const runs = { numRuns: 300 };

interface Element {
	readonly name: string;
	readonly attributes: readonly (readonly [string, string])[];
	readonly children: readonly (Element | string)[];
}

const name = fc
	.stringMatching(/^[A-Za-zé日_][A-Za-z0-9é·._-]{0,8}$/)
	.filter((text) => !/^xml/i.test(text));
const text = fc.string({ unit: "binary", maxLength: 12 }).map((value) =>
	// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML forbids
	value.replace(/[\u0000-\u0008\u000b-\u001f\ud800-\udfff\ufffe\uffff]/g, ""),
);
const { element } = fc.letrec<{ element: Element }>((tie) => ({
	element: fc.record({
		name,
		attributes: fc.uniqueArray(fc.tuple(name, text), {
			maxLength: 4,
			selector: ([key]) => key,
		}),
		children: fc.array(
			fc.oneof(
				{ depthSize: "small", withCrossShrink: true },
				text.filter((value) => value.trim() !== ""),
				tie("element"),
			),
			{ maxLength: 3 },
		),
	}),
}));

/** How a document may be written: each choice takes the next number. */
class Style {
	readonly #numbers: readonly number[];
	#at = 0;
	constructor(numbers: readonly number[]) {
		this.#numbers = numbers;
	}
	choose<Option>(...options: readonly Option[]): Option {
		const number = this.#numbers[this.#at++ % this.#numbers.length] ?? 0;
		return options[number % options.length] as Option;
	}
}

function escaped(value: string, style: Style, quote: string): string {
	let result = "";
	for (const character of value) {
		const code = character.codePointAt(0) ?? 0;
		if (character === "&") result += style.choose("&amp;", "&#38;", "&#x26;");
		else if (character === "<") result += style.choose("&lt;", "&#60;");
		else if (character === quote) result += `&#${code};`;
		else if (character === ">")
			result += quote === "" ? "&gt;" : style.choose(">", "&gt;");
		else if (code < 0x20) result += `&#x${code.toString(16)};`;
		else
			result += style.choose(
				character,
				character,
				character,
				`&#x${code.toString(16).toUpperCase()};`,
			);
	}
	return result;
}

function written(node: Element, style: Style): string {
	const attributes = node.attributes.map(([key, value]) => {
		const quote = style.choose('"', "'");
		return `${style.choose(" ", "\n", "  ")}${key}${style.choose("=", " = ")}${quote}${escaped(value, style, quote)}${quote}`;
	});
	const tag = `<${node.name}${attributes.join("")}${style.choose("", " ")}`;
	if (node.children.length === 0 && style.choose(true, false))
		return `${tag}/>`;
	const content = node.children.map((child) => {
		const noise = style.choose("", "", "<!-- & -->");
		if (typeof child !== "string") return noise + written(child, style);
		return (
			noise +
			(child.includes("]]>")
				? escaped(child, style, "")
				: style.choose(
						escaped(child, style, ""),
						escaped(child, style, ""),
						`<![CDATA[${child}]]>`,
					))
		);
	});
	return `${tag}>${content.join("")}</${node.name}${style.choose("", " ")}>`;
}

const style = fc.array(fc.nat(12), { minLength: 40, maxLength: 40 });
const document = fc.tuple(element, style).map(([root, numbers]) => {
	const choices = new Style(numbers);
	return {
		root,
		text:
			choices.choose("", '<?xml version="1.0"?>\n', "<!-- -->") +
			written(root, choices) +
			choices.choose("", "\n"),
	};
});

/** Neighbouring texts joined, empty ones gone. */
function joined(children: readonly (Element | string)[]): (Element | string)[] {
	const result: (Element | string)[] = [];
	for (const child of children) {
		const last = result.at(-1);
		if (typeof child === "string") {
			if (typeof last === "string") result[result.length - 1] = last + child;
			else if (child !== "") result.push(child);
		} else
			result.push({
				...child,
				attributes: [...child.attributes].sort(([a], [b]) => (a < b ? -1 : 1)),
				children: joined(child.children),
			});
	}
	return result;
}

function ours(bytes: Uint8Array): Element | undefined {
	const scanner = new XmlScanner(host, bytes, []);
	const open: {
		name: string;
		attributes: [string, string][];
		children: (Element | string)[];
	}[] = [];
	let root: Element | undefined;
	for (;;) {
		const token = scanner.next();
		if (token === Token.Finished) return root;
		if (token === Token.Start) {
			const attributes: [string, string][] = [];
			for (let index = 0; index < scanner.attributes.count; index++) {
				scanner.selectAttribute(index);
				attributes.push([
					scanner.text(
						scanner.attributes.nameStart(index),
						scanner.attributes.nameEnd(index),
					),
					scanner.valueText(),
				]);
			}
			const node = {
				name: scanner.text(scanner.nameStart, scanner.nameEnd),
				attributes,
				children: [],
			};
			open.at(-1)?.children.push(node);
			root ??= node;
			open.push(node);
		} else if (token === Token.End) open.pop();
		else if (token === Token.Text && open.length > 0) {
			scanner.selectText();
			open.at(-1)?.children.push(scanner.valueText());
		}
	}
}

const parser = new XMLParser({
	preserveOrder: true,
	ignoreAttributes: false,
	attributeNamePrefix: "",
	parseTagValue: false,
	parseAttributeValue: false,
	trimValues: false,
	htmlEntities: true,
	processEntities: {
		enabled: true,
		maxTotalExpansions: 1_000_000,
		maxExpandedLength: 1_000_000,
	},
});

type Parsed = Record<string, unknown>;
function theirs(nodes: readonly Parsed[]): (Element | string)[] {
	return nodes.flatMap((node): (Element | string)[] => {
		if ("#text" in node) return [String(node["#text"])];
		const [key] = Object.keys(node).filter((each) => each !== ":@");
		if (key === undefined || key.startsWith("?")) return [];
		return [
			{
				name: key,
				attributes: Object.entries(
					(node[":@"] ?? {}) as Record<string, string>,
				),
				children: theirs(node[key] as Parsed[]),
			},
		];
	});
}

describe("xml: a second opinion", () => {
	it("the scanner gives the tree that was written", () => {
		fc.assert(
			fc.property(document, ({ root, text: source }) => {
				const tree = ours(host.encode(source));
				assert.ok(tree);
				assert.deepEqual(joined([tree]), joined([root]));
			}),
			runs,
		);
	});

	it("fast-xml-parser reads the same tree", () => {
		fc.assert(
			fc.property(document, ({ text: source }) => {
				// Known difference: it leaves white space of values and line ends as they are (XML 1.0 §2.11, §3.3.3); none is generated.
				const tree = ours(host.encode(source));
				assert.ok(tree);
				const other = theirs(parser.parse(source) as Parsed[]).filter(
					(node) => typeof node !== "string",
				);
				assert.deepEqual(joined(other), joined([tree]));
			}),
			runs,
		);
	});

	it("canonical form: idempotent, the same for all ways of writing, and known while scanning", () => {
		fc.assert(
			fc.property(element, style, style, (root, one, other) => {
				const first = canonical(
					host,
					host.encode(written(root, new Style(one))),
				);
				const second = canonical(
					host,
					host.encode(written(root, new Style(other))),
				);
				assert.deepEqual(first, second);
				assert.equal(canonical(host, first), first);
				const scanner = new XmlScanner(host, first, []);
				while (scanner.next() !== Token.Finished);
				assert.equal(scanner.isCanonical, true);
				assert.deepEqual(joined([ours(first) as Element]), joined([root]));
			}),
			runs,
		);
	});

	it("changed bytes: an error with a code or another tree, never anything else", () => {
		fc.assert(
			fc.property(
				document,
				fc.array(fc.tuple(fc.nat(), fc.nat(255)), {
					minLength: 1,
					maxLength: 4,
				}),
				({ text: source }, changes) => {
					const bytes = host.encode(source);
					for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
					try {
						ours(bytes);
						const form = canonical(host, bytes);
						assert.equal(canonical(host, form), form);
					} catch (error) {
						assert.ok(error instanceof HookswitchError, String(error));
						assert.ok(error.at >= 0 && error.at <= bytes.length);
					}
				},
			),
			{ numRuns: 1000 },
		);
	});
});

/** Counts what natives touch: a measure of work that has no clock in it. */
function counting(): { readonly host: Host; work(): number } {
	let work = 0;
	const wrapped: Host = {
		...host,
		find: (bytes, byte, start, end) => {
			const at = host.find(bytes, byte, start, end);
			work += at - start + 1;
			return at;
		},
		span: (bytes, set, start, end) => {
			const at = host.span(bytes, set, start, end);
			work += at - start + 1;
			return at;
		},
		compare: (bytes, start, end, other, otherStart, otherEnd) => {
			work += end - start + 1;
			return host.compare(bytes, start, end, other, otherStart, otherEnd);
		},
		text: (bytes, start, end) => {
			work += end - start + 1;
			return host.text(bytes, start, end);
		},
		invalidUtf8: (bytes, start, end) => {
			work += end - start;
			return host.invalidUtf8(bytes, start, end);
		},
		indexOfWord: (bytes, start, end, words) => {
			work += end - start + words.length;
			return host.indexOfWord(bytes, start, end, words);
		},
	};
	return { host: wrapped, work: () => work };
}

describe("xml: work grows with the length, not faster", () => {
	const hostile: Record<string, (size: number) => string> = {
		"one long value": (size) => `<a b="${"x".repeat(size)}"/>`,
		"one long text": (size) => `<a>${"x".repeat(size)}</a>`,
		"'>' alone": (size) => `<a>${"> ".repeat(size / 2)}</a>`,
		brackets: (size) => `<a>${"]]".repeat(size / 2)}</a>`,
		references: (size) => `<a>${"&lt;".repeat(size / 4)}</a>`,
		"'&' that starts no reference": (size) => `<a>&${"a".repeat(size)}</a>`,
		"hyphens in a comment": (size) => `<a><!--${"- ".repeat(size / 2)}--></a>`,
		"a comment that does not end": (size) => `<a><!--${"- ".repeat(size / 2)}`,
		"an instruction that does not end": (size) => `<a><?p ${">".repeat(size)}`,
		"CDATA that does not end": (size) => `<a><![CDATA[${"]>".repeat(size / 2)}`,
		"many elements": (size) => `<a>${"<b/>".repeat(size / 4)}</a>`,
		"many attributes": (size) =>
			`<a>${`<b ${Array.from({ length: 64 }, (_, index) => `c${99 - index}=""`).join(" ")}/>`.repeat(size / 500)}</a>`,
		"deep elements": (size) =>
			`${"<a>".repeat(31)}${`${"<b>"}${"</b>"}`.repeat(size / 7)}`,
		"many namespaces": (size) =>
			`<a>${`<b ${Array.from({ length: 31 }, (_, index) => `xmlns:c${index}="u"`).join(" ")}/>`.repeat(size / 500)}</a>`,
		"new namespaces all the time": (size) =>
			`<a>${Array.from({ length: size / 20 }, (_, index) => `<b xmlns="u${index}"/>`).join("")}</a>`,
		"U+FFxx": (size) => `<a>${"\uff01".repeat(size / 3)}</a>`,
		"names beyond ASCII": (size) => `<a>${"<éééééé/>".repeat(size / 15)}</a>`,
	};
	for (const [title, make] of Object.entries(hostile))
		it(title, () => {
			const cost = (size: number) => {
				const counter = counting();
				const scanner = new XmlScanner(
					counter.host,
					host.encode(make(size)),
					[],
				);
				try {
					while (scanner.next() !== Token.Finished);
				} catch (error) {
					assert.ok(error instanceof HookswitchError, String(error));
				}
				return counter.work();
			};
			const small = cost(16_000);
			const large = cost(128_000);
			assert.ok(
				large <= small * 8.8 + 100,
				`${small} for 16,000 bytes, ${large} for 128,000`,
			);
		});
});
