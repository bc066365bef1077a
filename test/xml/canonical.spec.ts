import { canonical, identity } from "../../src/xml/canonical.js";
import { XmlWriter } from "../../src/xml/writer.js";
import { ascii, describe, equal, host, it, throws, utf8 } from "../portable.js";

/** Document, canonical form. The last ones are those of Canonical XML 1.0 §3, without what needs a DTD. */
const table: readonly (readonly [string, string, string])[] = [
	["empty elements are pairs of tags", "<a/>", "<a></a>"],
	["attributes are sorted", '<a b="1" a="2"/>', '<a a="2" b="1"></a>'],
	["values stand in double quotes", "<a b='\"'/>", '<a b="&quot;"></a>'],
	[
		"declaration, comments and what is around the root go",
		'<?xml version="1.0"?>\n<!-- x -->\n<a><!-- y -->z</a>\n',
		"<a>z</a>",
	],
	[
		"CDATA and references are replaced",
		"<a>&#x41;&#60;<![CDATA[<&>]]>&gt;</a>",
		"<a>A&lt;&lt;&amp;&gt;&gt;</a>",
	],
	[
		"white space in values",
		'<a b="1\t2\n3&#x9;&#10;&#xD;"/>',
		'<a b="1 2 3&#x9;&#xA;&#xD;"></a>',
	],
	["line ends", "<a>1\r\n2\r3&#13;</a>", "<a>1\n2\n3&#xD;</a>"],
	[
		"namespaces before attributes, by prefix",
		'<a z="1" xmlns:c="u" xmlns:b="v" xmlns="w"/>',
		'<a xmlns="w" xmlns:b="v" xmlns:c="u" z="1"></a>',
	],
	[
		"declarations that say nothing new go",
		'<a xmlns="u"><b xmlns="u" xmlns:p="v"><c xmlns:p="v"/></b></a>',
		'<a xmlns="u"><b xmlns:p="v"><c></c></b></a>',
	],
	[
		"an empty default namespace",
		'<a xmlns=""><b xmlns="u"><c xmlns=""/></b></a>',
		'<a><b xmlns="u"><c xmlns=""></c></b></a>',
	],
	[
		"attributes by namespace, then name",
		'<a xmlns:b="u2" xmlns:c="u1" b:a="1" c:z="2" y="3"/>',
		'<a xmlns:b="u2" xmlns:c="u1" y="3" c:z="2" b:a="1"></a>',
	],
	[
		"instructions around the root",
		"<?p  d ?><a/><?q?>",
		"<?p d ?>\n<a></a>\n<?q?>",
	],
	["instructions within", "<a> <?p\td?> </a>", "<a> <?p d?> </a>"],
	[
		"text keeps its white space (§3.2)",
		"<doc>\n   <clean>   </clean>\n   <mixed>\n      A\n   </mixed>\n</doc>",
		"<doc>\n   <clean>   </clean>\n   <mixed>\n      A\n   </mixed>\n</doc>",
	],
	[
		"start and end tags (§3.3)",
		'<doc>\n   <e2   ></e2>\n   <e4 name="elem4"   id="elem4"></e4>\n   <e6 xmlns="" xmlns:a="http://www.w3.org">\n      <e7 xmlns="http://www.ietf.org"/>\n   </e6>\n</doc>',
		'<doc>\n   <e2></e2>\n   <e4 id="elem4" name="elem4"></e4>\n   <e6 xmlns:a="http://www.w3.org">\n      <e7 xmlns="http://www.ietf.org"></e7>\n   </e6>\n</doc>',
	],
	[
		"character references (§3.4)",
		'<doc>\n   <text>First line&#x0d;&#10;Second line</text>\n   <value>&#x32;</value>\n   <compute><![CDATA[value>"0" && value<"10" ?"valid":"error"]]></compute>\n   <compute expr=\'value>"0" &amp;&amp; value&lt;"10" ?"valid":"error"\'>valid</compute>\n</doc>',
		'<doc>\n   <text>First line&#xD;\nSecond line</text>\n   <value>2</value>\n   <compute>value&gt;"0" &amp;&amp; value&lt;"10" ?"valid":"error"</compute>\n   <compute expr="value>&quot;0&quot; &amp;&amp; value&lt;&quot;10&quot; ?&quot;valid&quot;:&quot;error&quot;">valid</compute>\n</doc>',
	],
];

describe("xml/canonical: Canonical XML 1.0 without comments", () => {
	for (const [title, document, expected] of table)
		it(title, () => {
			const bytes = canonical(host(), utf8(document));
			equal(ascii(bytes), expected);
			equal(canonical(host(), bytes), bytes, "canonical bytes are given back:");
		});

	it("what is broken has no canonical form", () => {
		throws(() => canonical(host(), utf8("<a>")), "xml-unfinished");
	});

	it("the identity is the SHA-256 of the canonical bytes", () => {
		equal(
			identity(host(), utf8("<a></a>")),
			"a812a69ba6858a54cefdb2fc3882e7ceb7d66aa1ed792562082872dd6ed4f921",
		);
	});
});

describe("xml/writer: writes canonical XML", () => {
	it("sorts, escapes, closes", () => {
		const writer = new XmlWriter(host());
		writer.start(
			"a",
			[
				["c", "\"<&>\t\n\r'"],
				["b", "é"],
				["d", undefined],
			],
			"urn:x",
		);
		writer.text('<&>\r\n"');
		writer.element("e", []);
		const bytes = writer.finish();
		equal(
			ascii(bytes),
			'<a xmlns="urn:x" b="é" c="&quot;&lt;&amp;>&#x9;&#xA;&#xD;\'">&lt;&amp;&gt;&#xD;\n"<e></e></a>',
		);
		equal(canonical(host(), bytes), bytes);
	});

	it("refuses what XML can't hold", () => {
		const writer = new XmlWriter(host());
		throws(() => writer.start("a", [["b", "\0"]]), "xml-character");
		throws(() => writer.text("\u001f"), "xml-character");
	});
});
