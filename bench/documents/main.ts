/**
 * On the device's engine: what documents cost, in instructions (QEMU counts them:
 * 1 ms is 1 M) and bytes of the arena. One line each; `bench/documents.ts` prints them.
 */
import {
	memoryFigures,
	qemuHost,
	qemuNatives,
} from "../../hosts/qemu/natives.js";
import { decodeAccessList } from "../../src/access/decode.js";
import { callerKey } from "../../src/access/key.js";
import { decodeProfile } from "../../src/profile/decode.js";
import { differences } from "../../src/profile/difference.js";
import type { ProfileDocument } from "../../src/profile/document.js";
import { encodeProfile } from "../../src/profile/encode.js";
import { merge } from "../../src/profile/settings.js";
import { canonical, identity } from "../../src/xml/canonical.js";
import { Token, XmlScanner } from "../../src/xml/scanner.js";

const native = qemuNatives();
const host = qemuHost();
const SLOTS = memoryFigures.indexOf("slots");
const CHUNKS = memoryFigures.indexOf("chunks");

/** Runs the work once for its result, once measured. */
function figure<Result>(
	name: string,
	bytes: number,
	work: () => Result,
): Result {
	const result = work();
	native.collect();
	const slots = native.memory(SLOTS);
	const chunks = native.memory(CHUNKS);
	const began = native.now();
	const again = work();
	const ended = native.now();
	const garbage = native.memory(SLOTS) + native.memory(CHUNKS) - slots - chunks;
	native.collect();
	const kept = native.memory(SLOTS) + native.memory(CHUNKS) - slots - chunks;
	native.log(
		`#figure ${JSON.stringify({ name, bytes, instructions: Math.round((ended - began) * 1e6), garbage, kept, used: again !== undefined })}`,
	);
	return result;
}

const HA1 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const EXAMPLE = `<profile xmlns="urn:hookswitch:profile:1" type="user" for="sip:alice@example.com" version="42">
  <account id="a1" aor="sip:alice@example.com" display-name="Alice" auth-user="alice">
    <credential realm="example.com" algorithm="SHA-256" ha1="${HA1}"/>
  </account>
  <server role="registrar" uri="sip:example.com;transport=tcp" priority="1"/>
  <provider name="Example Telecom" help="sip:help@example.com"/>
  <sessions audio="true" video="false" message="true" pstn="true"/>
  <audio codecs="PCMA PCMU" ptime="20" ports="10000-10019" dscp="46"/>
  <registration expires="600"/>
</profile>`;

function keys(count: number): string {
	let text = "";
	for (let number = 1; number <= count; number++)
		text += `<key account="a1" label="Colleague ${number}" number="${number}" type="speed-dial" value="sip:colleague${number}@example.com"></key>`;
	return text;
}

function rules(count: number): string {
	let text =
		'<access xmlns="urn:hookswitch:access:1" for="sip:alice@example.com" version="7">';
	for (let number = 0; number < count; number++)
		text += `<rule contact="${number % 2 === 0 ? "block" : "allow"}" match="user" value="sip:user${1000 + number}@example.com"></rule>`;
	return `${text}</access>`;
}

function scan(bytes: Uint8Array): number {
	const scanner = new XmlScanner(host, bytes, ["urn:hookswitch:profile:1"]);
	let count = 0;
	while (scanner.next() !== Token.Finished) count++;
	return count;
}

function document(bytes: Uint8Array): ProfileDocument {
	const { document: found } = decodeProfile(host, bytes);
	if (found === undefined) throw new Error("refused");
	return found;
}

function profiles(title: string, text: string): void {
	const bytes = canonical(host, host.encode(text));
	const { length } = bytes;
	figure(`${title}: scan`, length, () => scan(bytes));
	const first = figure(`${title}: decode`, length, () => document(bytes));
	figure(`${title}: identity`, length, () => identity(host, bytes));
	const before = figure(`${title}: merge`, length, () =>
		merge(undefined, undefined, [first]),
	).settings;
	const changed = { ...first, registration: { expires: 700 } };
	const after = merge(undefined, undefined, [changed]).settings;
	figure(`${title}: differences`, length, () => differences(before, after));
	figure(`${title}: encode`, length, () => encodeProfile(host, first));
	figure(`${title}: all, from bytes to differences`, length, () => {
		const next = document(bytes);
		identity(host, bytes);
		return differences(after, merge(undefined, undefined, [next]).settings);
	});
}

profiles("the design's example", EXAMPLE);
profiles(
	"a profile of 4 KB",
	EXAMPLE.replace("</profile>", `${keys(26)}</profile>`),
);
for (const count of [20, 100]) {
	const bytes = host.encode(rules(count));
	const list = figure(`${count} rules: decode`, bytes.length, () =>
		decodeAccessList(host, bytes),
	).document;
	figure(`${count} rules: decision, with the caller's key`, 0, () =>
		list?.decide(callerKey(host, "sip:user1010@example.com"), {
			presence: "block",
			contact: "allow",
		}),
	);
}
native.log("#end");
native.exit(0);
