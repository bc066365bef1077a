import { HookswitchError } from "../../src/errors.js";
import { XML_LIMITS } from "../../src/xml/limits.js";
import { Token, XmlScanner } from "../../src/xml/scanner.js";
import {
	deepEqual,
	describe,
	equal,
	host,
	it,
	ok,
	throws,
	utf8,
} from "../portable.js";
import { tokens } from "./tokens.js";

type Accepted = readonly [
	title: string,
	document: string,
	tokens: readonly string[],
];

const accepted: readonly Accepted[] = [
	["an element", "<a></a>", ["<a", ">a"]],
	["an empty-element tag", "<a/>", ["<a", ">a"]],
	["white space in tags", "<a\n b = '1'\t></a >", ['<a b="1"', ">a"]],
	["text", "<a>x<b/>y</a>", ["<a", '"x"', "<b", ">b", '"y"', ">a"]],
	[
		"a declaration",
		'<?xml version="1.0" encoding="utf-8" standalone=\'yes\' ?><a/>',
		["<a", ">a"],
	],
	[
		"version 1.1, read as 1.0 (fifth edition, §2.8)",
		'<?xml version="1.1"?><a/>',
		["<a", ">a"],
	],
	["a byte order mark", "\ufeff<a/>", ["<a", ">a"]],
	[
		"comments",
		"<!-- -a- --><a><!----></a><!-- & < -->",
		["#", "<a", "#", ">a", "#"],
	],
	[
		"processing instructions",
		"<?p d?><a><?q?></a>\n<?r >? ?>",
		["<?p d?>", "<a", "<?q?>", ">a", '"\\n"', "<?r >? ?>"],
	],
	[
		"a CDATA section",
		"<a><![CDATA[<b>&amp;]]]]></a>",
		["<a", '"<b>&amp;]]"', ">a"],
	],
	[
		"the five entities",
		`<a b="&lt;&gt;&amp;&quot;&apos;">&lt;&gt;&amp;&quot;&apos;</a>`,
		[`<a b="<>&\\"'"`, `"<>&\\"'"`, ">a"],
	],
	[
		"character references",
		'<a b="&#x41;&#66;&#x1F600;&#9;">&#x20AC;&#0000000065;</a>',
		['<a b="AB\u{1F600}\\t"', '"€A"', ">a"],
	],
	[
		"line ends (§2.11)",
		"<a b='1\r\n2\r3\n4\t5'>1\r\n2\r3\n</a>",
		['<a b="1 2 3 4 5"', '"1\\n2\\n3\\n"', ">a"],
	],
	[
		"line ends in CDATA, where references are text",
		"<a><![CDATA[&lt;\r\n\r]]></a>",
		["<a", '"&lt;\\n\\n"', ">a"],
	],
	[
		"names beyond ASCII",
		"<é ñ·='1'><日本/></é>",
		['<é ñ·="1"', "<日本", ">日本", ">é"],
	],
	[
		"a default namespace",
		'<a xmlns="u"><b c="1" xmlns=""/><d/></a>',
		["<a@u", '<b c="1"', ">b", "<d@u", ">d", ">a"],
	],
	[
		"prefixes",
		'<p:a p:b="1" b="2" xmlns:p="urn:known" xml:lang="en"/>',
		[
			'<a@urn:known b@urn:known="1" b="2" lang@http://www.w3.org/XML/1998/namespace="en"',
			">p:a",
		],
	],
	[
		"a prefix bound anew within",
		'<p:a xmlns:p="u"><p:b xmlns:p="v"/><p:c/></p:a>',
		["<a@u", "<b@v", ">p:b", "<c@u", ">p:c", ">p:a"],
	],
	[
		"references in a namespace's name",
		'<a xmlns="u&amp;v"/>',
		["<a@u&v", ">a"],
	],
	[
		"'>' in text and values",
		'<a b=">">]]x>]></a>',
		['<a b=">"', '"]]x>]>"', ">a"],
	],
];

type Refused = readonly [
	title: string,
	document: string,
	code: string,
	at: number,
];

const refused: readonly Refused[] = [
	["nothing", "", "xml-unfinished", 0],
	["white space alone", " \n", "xml-unfinished", 2],
	["a comment alone", "<!-- -->", "xml-unfinished", 8],
	["text alone", "a", "xml-text-outside", 0],
	["text after the root", "<a/> x", "xml-text-outside", 5],
	["a reference outside the root", "<a/>&#32;", "xml-text-outside", 4],
	["CDATA outside the root", "<![CDATA[]]><a/>", "xml-text-outside", 0],
	["a second root", "<a/><b/>", "xml-second-root", 4],
	["an element that does not end", "<a><b></b>", "xml-unfinished", 10],
	["the wrong end tag", "<a></b>", "xml-end-tag", 3],
	["a longer name in the end tag", "<a></ab>", "xml-end-tag", 3],
	["a shorter name in the end tag", "<abcdefgh></a>", "xml-end-tag", 10],
	["an end tag in another spelling", "<a></A>", "xml-end-tag", 3],
	["an end tag alone", "<a/></a>", "xml-end-tag", 4],
	["attributes of an end tag", "<a></a b=''>", "xml-end-tag", 3],
	["'/' within a tag", "<a / >", "xml-tag", 4],
	["a tag without a name", "<>", "xml-name", 1],
	["a space before the name", "< a/>", "xml-name", 1],
	["a digit at a name's start", "<1/>", "xml-name", 1],
	["a name's character that can't start one", "<·/>", "xml-name", 1],
	["a character that no name has", "<a×/>", "xml-name", 2],
	["two colons", "<a:b:c xmlns:a='u'/>", "xml-attribute", 4],
	["a colon at a name's start", "<:a/>", "xml-name", 1],
	["a colon at a name's end", "<a: xmlns:a='u'/>", "xml-name", 3],
	["an attribute without a value", "<a b/>", "xml-attribute", 4],
	["a value without quotes", "<a b=c/>", "xml-attribute", 5],
	["no space between attributes", "<a b='1'c='2'/>", "xml-attribute", 8],
	["'<' in a value", "<a b='<'/>", "xml-attribute", 6],
	[
		"a repeated attribute",
		"<a b='1' c='' b='2'/>",
		"xml-repeated-attribute",
		14,
	],
	[
		"a repeated attribute, side by side",
		"<a b='1' b='2'/>",
		"xml-repeated-attribute",
		9,
	],
	[
		"the same attribute by two prefixes",
		"<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>",
		"xml-repeated-attribute",
		35,
	],
	[
		"a namespace declared twice",
		"<a xmlns='u' xmlns='v'/>",
		"xml-repeated-attribute",
		18,
	],
	[
		"a prefix declared twice",
		"<a xmlns:p='u' xmlns:p='v'/>",
		"xml-repeated-attribute",
		21,
	],
	["an element's prefix that is not declared", "<p:a/>", "xml-prefix", 1],
	[
		"an attribute's prefix that is not declared",
		"<a p:b=''/>",
		"xml-prefix",
		3,
	],
	["a prefix out of scope", "<a><b xmlns:p='u'/><p:c/></a>", "xml-prefix", 20],
	["the prefix xmlns", "<xmlns:a/>", "xml-prefix", 1],
	["a prefix without a namespace", "<a xmlns:p=''/>", "xml-namespace", 9],
	["the prefix xmlns declared", "<a xmlns:xmlns='u'/>", "xml-namespace", 9],
	[
		"the prefix xml declared as another",
		"<a xmlns:xml='u'/>",
		"xml-namespace",
		9,
	],
	[
		"xml's namespace by another prefix",
		"<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>",
		"xml-namespace",
		9,
	],
	[
		"a document type declaration",
		"<!DOCTYPE a []><a/>",
		"xml-document-type",
		0,
	],
	[
		"an entity bomb",
		`<?xml version="1.0"?><!DOCTYPE l [<!ENTITY l "lol"><!ENTITY m "&l;&l;&l;">]><l>&m;</l>`,
		"xml-document-type",
		21,
	],
	[
		"an external entity",
		`<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>`,
		"xml-document-type",
		0,
	],
	["an unknown entity", "<a>&nbsp;</a>", "xml-entity", 3],
	["an entity in another spelling", "<a>&LT;</a>", "xml-entity", 3],
	["'&' alone", "<a>b & c</a>", "xml-reference", 5],
	["'&' without ';'", "<a b='&lt'/>", "xml-reference", 6],
	["a reference to no character", "<a>&#0;</a>", "xml-character-reference", 3],
	[
		"a reference to a surrogate",
		"<a>&#xD800;</a>",
		"xml-character-reference",
		3,
	],
	[
		"a reference beyond Unicode",
		"<a>&#x110000;</a>",
		"xml-character-reference",
		3,
	],
	[
		"a reference of a hundred digits",
		`<a>&#${"9".repeat(100)};</a>`,
		"xml-character-reference",
		3,
	],
	["an empty reference", "<a>&#;</a>", "xml-character-reference", 3],
	[
		"a reference with a capital X",
		"<a>&#X41;</a>",
		"xml-character-reference",
		3,
	],
	["']]>' in text", "<a>x]]></a>", "xml-text", 4],
	["'--' in a comment", "<!-- -- --><a/>", "xml-comment", 5],
	["'--->' at a comment's end", "<!-- a---><a/>", "xml-comment", 6],
	["an instruction called XML", "<a><?XML d?></a>", "xml-declaration", 3],
	[
		"a declaration that is not first",
		" <?xml version='1.0'?><a/>",
		"xml-declaration",
		1,
	],
	[
		"a declaration without a version",
		"<?xml encoding='UTF-8'?><a/>",
		"xml-declaration",
		6,
	],
	["version 2.0", "<?xml version='2.0'?><a/>", "xml-declaration", 15],
	[
		"a declaration with more",
		"<?xml version='1.0' more='1'?><a/>",
		"xml-declaration",
		20,
	],
	[
		"a declaration in the wrong order",
		"<?xml version='1.0' standalone='no' encoding='UTF-8'?><a/>",
		"xml-declaration",
		36,
	],
	[
		"standalone maybe",
		"<?xml version='1.0' standalone='maybe'?><a/>",
		"xml-declaration",
		32,
	],
	[
		"another encoding",
		"<?xml version='1.0' encoding='ISO-8859-1'?><a/>",
		"xml-encoding",
		30,
	],
	[
		"no space after an instruction's target",
		"<?a:b c?><a/>",
		"xml-processing-instruction",
		3,
	],
	["other markup", "<a><!ELEMENT a ANY></a>", "xml-tag", 3],
	["a control character", "<a>\u0001</a>", "xml-character", 3],
	["U+FFFE", "<a>\ufffe</a>", "xml-character", 3],
	[
		"10,000 elements within each other",
		"<a>".repeat(10_000),
		"xml-too-deep",
		96,
	],
	[
		"65 attributes",
		`<a${Array.from({ length: 65 }, (_, index) => ` b${index}=''`).join("")}/>`,
		"xml-too-many-attributes",
		2 + 10 * 6 + 54 * 7 + 1,
	],
	["a name of 257 bytes", `<${"a".repeat(257)}/>`, "xml-name-too-long", 1],
	[
		"a value of 8,193 bytes",
		`<a b="${"c".repeat(8193)}"/>`,
		"xml-value-too-long",
		6,
	],
	[
		"33 namespaces",
		`<a${Array.from({ length: 33 }, (_, index) => ` xmlns:p${index}='u'`).join("")}/>`,
		"xml-too-many-namespaces",
		2 + 10 * 13 + 22 * 14 + 7,
	],
];

describe("xml/scanner: what is well-formed gives its tokens", () => {
	for (const [title, document, expected] of accepted)
		it(title, () => deepEqual(tokens(document), expected));
});

describe("xml/scanner: what is not well-formed has a code and a place", () => {
	for (const [title, document, code, at] of refused)
		it(title, () => {
			const error = throws(() => tokens(document), code);
			equal((error as HookswitchError).at, at, "offset:");
		});

	it("bytes that are no UTF-8", () => {
		const bytes = utf8("<a>xx</a>");
		bytes[3] = 0xc3;
		equal(
			(throws(() => tokens(bytes), "xml-encoding") as HookswitchError).at,
			3,
		);
	});

	it("UTF-16", () => {
		throws(
			() => tokens(Uint8Array.from([0xff, 0xfe, 0x3c, 0, 0x61, 0])),
			"xml-encoding",
		);
	});

	it("a document over the limit", () => {
		const limits = { ...XML_LIMITS, bytes: 6 };
		throws(
			() => new XmlScanner(host(), utf8("<a></a>"), [], limits).next(),
			"xml-too-large",
		);
		equal(
			new XmlScanner(host(), utf8("<a ></a>".slice(0, 4)), [], limits).next(),
			Token.Start,
		);
	});
});

describe("xml/scanner: cut and extended documents", () => {
	it("a document cut at any byte is refused, and nothing else happens", () => {
		for (const [title, document] of accepted) {
			const bytes = utf8(document);
			for (let length = 0; length < bytes.length; length++) {
				const cut = bytes.slice(0, length);
				let code = "";
				try {
					tokens(cut);
				} catch (error) {
					if (!(error instanceof HookswitchError)) throw error;
					code = error.code;
				}
				// What follows the root may be missing.
				if (code === "")
					ok(
						/<\/?[^>]*>\s*(<[!?].*)?$/s.test(document.slice(0, length)),
						`accepted: ${title} at ${length}`,
					);
			}
		}
	});

	it("anything but white space, comments and instructions after the root is refused", () => {
		for (const [, document] of accepted) {
			throws(() => tokens(`${document}x`), "xml-text-outside");
			throws(() => tokens(`${document}<z/>`), "xml-second-root");
			throws(() => tokens(`${document}\0`), "xml-character");
			ok(tokens(`${document} \r\n`).length > 0);
		}
	});
});
