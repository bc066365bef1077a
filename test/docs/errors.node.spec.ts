/** docs/errors.md lists what the sources can say, and its examples are what a device prints. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { nodeHost } from "../../hosts/node/natives.js";
import { decodeAccess } from "../../src/access/decode.js";
import type { HookswitchError } from "../../src/errors.js";
import { decodeProfile } from "../../src/profile/decode.js";
import { statusOf } from "../../src/sip/fault.js";
import { parseMessage } from "../../src/sip/message.js";
import {
	codesIn,
	codesOf,
	root,
	rowsBelow,
	type Shape,
	Shapes,
} from "./codes.js";

const page = readFileSync(new URL("docs/errors.md", root), "utf8");
const host = nodeHost();

interface Section {
	readonly title: string;
	readonly paths: readonly string[];
	readonly shapes: readonly Shape[];
}

const sections: readonly Section[] = [
	{
		title: "The phone's log",
		paths: ["src/", "hosts/"],
		shapes: Shapes.event,
	},
	{
		title: "Why there is no subscription",
		paths: ["src/enrol/profile-enrolment.ts"],
		shapes: Shapes.explained,
	},
	{
		title: "Why a call ended",
		paths: ["src/phone/call.ts"],
		shapes: Shapes.callEnd,
	},
	{
		title: "Crashes of the QEMU board",
		paths: ["hosts/qemu/"],
		shapes: Shapes.crash,
	},
	{
		title: "SIP messages",
		paths: ["src/sip/", "src/delivery.ts"],
		shapes: Shapes.fault,
	},
	{
		title: "Session descriptions",
		paths: ["src/phone/"],
		shapes: Shapes.fault,
	},
	{ title: "DNS answers", paths: ["src/dns/"], shapes: Shapes.fault },
	{
		title: "Documents",
		paths: [
			"src/xml/",
			"src/profile/",
			"src/access/",
			"src/config/",
			"src/agent.ts",
		],
		shapes: Shapes.document,
	},
	{
		title: "The storage file of the Node host",
		paths: ["hosts/node/"],
		shapes: Shapes.fault,
	},
	{ title: "Commands", paths: ["tools/"], shapes: Shapes.command },
	{
		title: "The servers' logs",
		paths: ["tools/"],
		shapes: Shapes.event,
	},
];

describe("docs/errors.md", () => {
	for (const { title, paths, shapes } of sections)
		it(`'${title}' lists the codes of its sources, and no other`, () => {
			const listed = rowsBelow(page, title).flatMap(({ codes }) => codes);
			assert.deepEqual([...new Set(listed)].sort(), codesIn(paths, shapes));
		});

	it("shows what a device prints of each example", () => {
		let count = 0;
		for (const { cells, codes } of rowsBelow(page, "Documents")) {
			const [, example = "", printed = ""] = cells;
			if (!isQuoted(example)) continue;
			count++;
			assert.equal(`\`${check(unquoted(example))}\``, printed, codes[0]);
		}
		assert.ok(count > 25);
	});

	it("shows which SIP message has which fault, where, and how it is answered", () => {
		let count = 0;
		for (const { cells, codes } of rowsBelow(page, "SIP messages")) {
			const [, , , answer = "", example = ""] = cells;
			if (/^\d/.test(answer) || answer === "none")
				assert.equal(
					statusOf(codes[0] ?? ""),
					answer === "none" ? 0 : Number(answer),
					codes[0],
				);
			if (!isQuoted(example)) continue;
			count++;
			assert.equal(fault(unquoted(example)), codes[0]);
		}
		assert.ok(count >= 8);
	});
});

describe("the shapes that make codes", () => {
	it("are found over lines, behind other arguments, in either branch", () => {
		const text = `throw new UsageError(\n\t"no-rule",\n\t\`\${a(b, "c")}\`);
			this.#blame(byte === "x-y" ? "line-end" : "control", at);
			this.error(start(1, 2), path("a", ")"), "bad-value", "text");`;
		const found = (call: string, index: number) =>
			codesOf(text, { call, index });
		assert.deepEqual(found("UsageError", 0), ["no-rule"]);
		assert.deepEqual(found("#blame", 0), ["line-end", "control"]);
		assert.deepEqual(found("error", 2), ["bad-value"]);
		assert.deepEqual(found("error", 4), []);
	});
});

/** An example to try; anything else is words. */
function isQuoted(cell: string): boolean {
	return /^`[^`]+`$/.test(cell);
}

function unquoted(cell: string): string {
	return cell.slice(1, -1);
}

/** The first error, or warning, of a document, or of one with this content on line 2. */
function check(example: string): string {
	const whole = /^(?:<\?xml|<!DOCTYPE|<profile|<settings|[^<])/.test(example);
	const isAccess = /^<(?:rule|group|default)/.test(example);
	const document = whole ? example : inside(isAccess, example);
	const decode = isAccess ? decodeAccess : decodeProfile;
	const { errors = [], warnings } = decode(host, host.encode(document));
	const [error] = [...errors, ...warnings];
	if (error === undefined) return "nothing";
	const { line, column, path, code, message } = error;
	return [`${line}:${column}`, path, code, message]
		.filter((part) => part !== "")
		.join(" ");
}

function inside(isAccess: boolean, content: string): string {
	const [name, more] = isAccess ? ["access", ""] : ["profile", 'type="user" '];
	return `<${name} xmlns="urn:hookswitch:${name}:1" ${more}for="sip:alice@example.com">\n${content}\n</${name}>`;
}

/** A sound request, but for one line that is replaced or, if there is none of its name, added. */
function fault(line: string): string {
	const lines = [
		"OPTIONS sip:alice@example.com SIP/2.0",
		"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1",
		"Max-Forwards: 70",
		"From: <sip:bob@example.com>;tag=1",
		"To: <sip:alice@example.com>",
		"Call-ID: 1",
		"CSeq: 1 OPTIONS",
	];
	const colon = line.indexOf(": ");
	const name = line.slice(0, colon + 2);
	const at = colon < 0 ? 0 : lines.findIndex((each) => each.startsWith(name));
	if (at < 0) lines.push(line);
	else lines[at] = line;
	try {
		const message = `${lines.join("\r\n")}\r\n\r\n`.replaceAll("␀", "\0");
		parseMessage(host, host.encode(message));
		return "none";
	} catch (error) {
		return (error as HookswitchError).code;
	}
}
