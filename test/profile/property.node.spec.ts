/** Properties of every document that the tables allow. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { nodeHost } from "../../hosts/node/natives.js";
import { HookswitchError } from "../../src/errors.js";
import { decodeProfile } from "../../src/profile/decode.js";
import { differences } from "../../src/profile/difference.js";
import type { ProfileDocument } from "../../src/profile/document.js";
import { encodeProfile } from "../../src/profile/encode.js";
import {
	type Field,
	Kind,
	type ProfileType,
	type Section,
} from "../../src/profile/field.js";
import { ROOT } from "../../src/profile/fields.js";
import {
	documentFromRows,
	type Row,
	removePath,
	rowsFromDocument,
	setPath,
} from "../../src/profile/path.js";
import { redact } from "../../src/profile/redact.js";
import { merge } from "../../src/profile/settings.js";
import { parseValue } from "../../src/profile/value.js";
import { parseUriText } from "../../src/sip/uri.js";
import { isUri } from "../../src/xml/uri.js";

const host = nodeHost();

/** Numbers from a seed: documents are large, and shrinking them helps nobody. */
class Random {
	#state: number;
	constructor(seed: number) {
		this.#state = seed >>> 0;
	}
	/** From 0 to `most`. */
	below(most: number): number {
		this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
		return Math.floor((this.#state / 0x1_0000_0000) * (most + 1));
	}
	between(least: number, most: number): number {
		return least + this.below(most - least);
	}
	one<Item>(items: readonly Item[] | string): Item {
		return items[this.below(items.length - 1)] as Item;
	}
	text(characters: string, least: number, most: number): string {
		return Array.from({ length: this.between(least, most) }, () =>
			this.one<string>([...characters]),
		).join("");
	}
}

/** A written value that the row allows. */
function value(field: Field, random: Random): string {
	switch (field.kind) {
		case Kind.Boolean:
			return random.one(["true", "false"]);
		case Kind.Integer:
			return String(random.between(field.least, field.most));
		case Kind.Choice:
			return random.one(field.words);
		case Kind.List:
			return field.words
				.filter((_, index) => index === 0 || random.below(1) === 1)
				.join(" ");
		case Kind.Tokens:
			return Array.from({ length: random.below(3) }, () =>
				random.text("az09+é", 1, 5),
			).join(" ");
		case Kind.Ports: {
			const first = random.between(1, 65535);
			return `${first}-${random.between(first, 65535)}`;
		}
		case Kind.Size:
			return `${random.between(16, 8192)}x${random.between(16, 8192)}`;
		case Kind.Uri:
			return `${field.words[0]}:${field.words[0]?.startsWith("http") ? "//" : ""}${random.text("abc", 1, 5)}.example`;
		case Kind.Domain:
			return `${random.text("abc", 1, 5)}.example:5060`;
		case Kind.Hexadecimal:
			return random.text("0123456789abcdef", 64, 64);
		case Kind.Base64:
			return random.text("aA0+/", 4, 4).repeat(random.between(1, 9));
		case Kind.Identifier:
			return random.text("aB3._-", 1, 10);
		default:
			return random.text("aé<>&'\",; [日\u{1F600}/@", 7, 20);
	}
}

const NEEDED: Record<string, Record<string, string>> = {
	account: { aor: "sip:a@b.example" },
	credential: { password: "hunter2" },
	server: { domain: "a.example" },
	"trust-anchor": { certificate: "MIIB" },
};

/** Rows of one element. */
function rowsOf(section: Section, prefix: string, random: Random): Row[] {
	const keys = section.keys.map(
		(property) => section.fields[property] as Field,
	);
	const key = keys.map((field) => value(field, random));
	const path = `${prefix}${section.name}${keys.length === 0 ? "" : `[${key.join(",")}]`}`;
	const rows: Row[] = [];
	if (keys.length > 0)
		rows.push({ path: `${path}/@${keys[0]?.name}`, value: key[0] ?? "" });
	for (const field of section.rows)
		if (
			!keys.includes(field) &&
			!["uri", "domain", "ha1"].includes(field.name) &&
			random.below(1) === 1
		)
			rows.push({
				path: `${path}/@${field.name}`,
				value: value(field, random),
			});
	for (const [name, needed] of Object.entries(NEEDED[section.name] ?? {}))
		rows.push({ path: `${path}/@${name}`, value: needed });
	for (const child of section.children)
		for (let count = random.below(2); count > 0; count--)
			rows.push(...rowsOf(child, `${path}/`, random));
	return rows;
}

function documents(
	type: ProfileType,
	whose: string,
): fc.Arbitrary<ProfileDocument> {
	return fc.integer().map((seed) => {
		const random = new Random(seed);
		const rows: Row[] = [];
		for (const section of ROOT.children)
			if (section.within.includes(type))
				for (
					let count = random.below(section.keys.length > 0 ? 3 : 1);
					count > 0;
					count--
				)
					rows.push(...rowsOf(section, "", random));
		return documentFromRows(host, type, whose, "1", rows);
	});
}

const user = documents("user", "sip:a@b.example");
const otherUser = documents("user", "sip:other@b.example");
const device = documents("device", "urn:uuid:1");
const site = documents("local-network", "b.example");

describe("profile: properties", () => {
	it("encode, decode: the same document, canonical, without a warning", () => {
		fc.assert(
			fc.property(fc.oneof(user, device, site), (document) => {
				const bytes = encodeProfile(host, document);
				const decoded = decodeProfile(host, bytes);
				assert.deepEqual(decoded.errors, undefined);
				assert.deepEqual(decoded.warnings, []);
				assert.equal(decoded.canonical, true);
				assert.deepEqual(
					encodeProfile(host, decoded.document as ProfileDocument),
					bytes,
				);
			}),
			{ numRuns: 200 },
		);
	});

	it("rows, document: the same document", () => {
		fc.assert(
			fc.property(user, fc.infiniteStream(fc.nat()), (document, numbers) => {
				const rows = [...rowsFromDocument(host, document)];
				const shuffled = rows
					.map((row) => ({ row, order: numbers.next().value as number }))
					.sort((one, other) => one.order - other.order);
				const again = documentFromRows(
					host,
					"user",
					document.for,
					document.version,
					shuffled.map(({ row }) => row),
				);
				const plain = documentFromRows(
					host,
					"user",
					document.for,
					document.version,
					rows,
				);
				assert.deepEqual(
					encodeProfile(host, again),
					encodeProfile(host, plain),
				);
				assert.deepEqual(rowsFromDocument(host, plain), rows);
				for (const { path, value } of rows) {
					assert.deepEqual(
						encodeProfile(host, setPath(host, plain, path, value)),
						encodeProfile(host, plain),
					);
					assert.ok(
						rowsFromDocument(host, removePath(host, plain, path)).length <=
							rows.length,
					);
				}
			}),
			{ numRuns: 100 },
		);
	});

	it("merged settings are whole, have no difference from themselves, and redacted hold no secret", () => {
		fc.assert(
			fc.property(
				site,
				device,
				fc.tuple(user, otherUser),
				(network, own, users) => {
					const one = merge(network, own, users);
					const other = merge(network, own, users);
					assert.deepEqual(differences(one.settings, other.settings), []);
					const shown = JSON.stringify(redact(one.settings));
					for (const document of [own, ...users])
						for (const { path, value } of rowsFromDocument(host, document)) {
							assert.equal(typeof one.origin(path), "string");
							if (path.endsWith("/@password") && value.length >= 7)
								assert.ok(!shown.includes(JSON.stringify(value)));
						}
					assert.ok(!shown.includes("undefined"));
				},
			),
			{ numRuns: 100 },
		);
	});

	it("any path and value: a document or an error with a code", () => {
		const part = fc.constantFrom(
			"account",
			"[",
			"]",
			"a1",
			"/",
			"@",
			"aor",
			"server",
			"registrar",
			",",
			"2",
			"uri",
			"credential",
			"sip:a@b",
			"é",
			" ",
			"registration",
			"expires",
		);
		fc.assert(
			fc.property(
				fc.array(part, { maxLength: 8 }),
				fc.string(),
				(parts, value) => {
					try {
						setPath(
							host,
							{ type: "user", for: "x", version: "" },
							parts.join(""),
							value,
						);
					} catch (error) {
						assert.ok(error instanceof HookswitchError, String(error));
					}
				},
			),
			{ numRuns: 2000 },
		);
	});

	it("a value's bytes: a value or undefined, and no secret of its neighbours", () => {
		const rows = ROOT.children.flatMap((section) => section.rows);
		fc.assert(
			fc.property(
				fc.constantFrom(...rows),
				fc.string({ unit: "binary", maxLength: 30 }),
				(field, text) => {
					const bytes = host.encode(`"${text}//]:@[+%41`);
					const value = parseValue(
						host,
						field,
						bytes,
						1,
						bytes.length - 10,
						[],
					);
					const alone = host.encode(text);
					assert.deepEqual(
						parseValue(host, field, alone, 0, alone.length, []),
						value,
					);
				},
			),
			{ numRuns: 2000 },
		);
	});
});

describe("profile: what is accepted here, SIP can use", () => {
	const part = fc.constantFrom(
		"sip:",
		"tel:",
		"sips:",
		"a",
		"@",
		":",
		"5060",
		"0",
		"[",
		"]",
		"::1",
		".",
		"-",
		"_",
		";",
		"=",
		"?",
		"&",
		"%41",
		"%",
		"+",
		"1",
		"example.com",
		"/",
		"~",
		"*",
		"#",
		"é",
		" ",
	);
	it("every URI", () => {
		fc.assert(
			fc.property(
				fc.constantFrom("sip:", "tel:+", "sip:a@", ""),
				fc.array(part, { maxLength: 7 }),
				(scheme, parts) => {
					const text = scheme + parts.join("");
					const bytes = host.encode(text);
					if (isUri(host, bytes, 0, bytes.length, ["sip", "sips", "tel"]))
						parseUriText(host, text);
				},
			),
			{ numRuns: 10000 },
		);
	});
});
