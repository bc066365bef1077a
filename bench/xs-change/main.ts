/**
 * On the device's engine: what a change costs from the NOTIFY's bytes to in force, in
 * instructions (QEMU counts them: 1 ms is 1 M). A phone on the virtual network of
 * `test/flow` is provisioned and then told of changes to its user's profile. The
 * engine has room enough here to collect no garbage meanwhile; how much garbage there
 * is stands beside each figure. `bench/xs-change.ts` prints them.
 */
import {
	memoryFigures,
	qemuHost,
	qemuNatives,
} from "../../hosts/qemu/natives.js";
import { decodeAccessList } from "../../src/access/decode.js";
import { callerKey } from "../../src/access/key.js";
import { plan } from "../../src/config/plan.js";
import type { Address, NetworkOutput, SocketName } from "../../src/port.js";
import { decodeProfile } from "../../src/profile/decode.js";
import type { ProfileDocument } from "../../src/profile/document.js";
import { merge } from "../../src/profile/settings.js";
import { canonical, identity } from "../../src/xml/canonical.js";
import {
	ALICE,
	deviceProfile,
	userProfile,
} from "../../test/flow/documents.js";
import { type Phone, Site } from "../../test/flow/site.js";

const native = qemuNatives();
const host = qemuHost();
const SLOTS = memoryFigures.indexOf("slots");
const CHUNKS = memoryFigures.indexOf("chunks");
const RUNS = 5;
/** First letter of NOTIFY; no other request of these servers begins with it. */
const N = 0x4e;

/** What makes the sample site's profile as large as an ordinary one. */
const INSIDE =
	'<provider help="sip:help@example.com" name="Example Telecom"/><sessions audio="true" message="true" pstn="true" video="false"/><audio codecs="PCMA PCMU" dscp="46" dtmf="rfc4733" ports="10000-10019" ptime="20"/><video enabled="false"/>';

Object.assign(globalThis, { testHost: host });

class Figure {
	readonly #name: string;
	readonly #instructions: number[] = [];
	#garbage = 0;

	constructor(name: string) {
		this.#name = name;
	}

	add(instructions: number, garbage: number): void {
		this.#instructions.push(Math.round(instructions * 1e6));
		this.#garbage = garbage;
	}

	say(): void {
		const sorted = this.#instructions.sort((one, other) => one - other);
		native.log(
			`#figure ${JSON.stringify({ name: this.#name, instructions: sorted[sorted.length >> 1], garbage: this.#garbage })}`,
		);
	}
}

function used(): number {
	return native.memory(SLOTS) + native.memory(CHUNKS);
}

function measure<Result>(name: string, work: (run: number) => Result): Result {
	const figure = new Figure(name);
	let result = work(0);
	for (let run = 1; run <= RUNS; run++) {
		native.collect();
		const before = used();
		const began = native.now();
		result = work(run);
		figure.add(native.now() - began, used() - before);
	}
	figure.say();
	return result;
}

/** Makes the engine's memory grow, once, so that it need not collect while something is measured. */
function makeRoom(): void {
	const slots: object[] = [];
	for (let count = 0; count < 8_000; count++) slots.push({ count });
	slots.push(new Uint8Array(256 * 1024));
	slots.length = 0;
	native.collect();
}

/** Takes the phone's NOTIFYs: from the datagram's arrival to its answer, and to the settings in force. */
class Watch {
	readonly #phone: Phone;
	readonly #waiting: NetworkOutput[] = [];
	readonly answered = new Figure("NOTIFY read and answered");
	readonly whole = new Figure("a change, from the NOTIFY to in force");

	constructor(phone: Phone) {
		this.#phone = phone;
		const next = phone.next.bind(phone);
		phone.datagram = (now, socket, bytes, from) => {
			if (bytes[0] === N) this.#notify(now, socket, bytes, from);
			else phone.agent.datagram(now, socket, bytes, from);
		};
		phone.next = (now) => this.#waiting.shift() ?? next(now);
	}

	#notify(
		now: number,
		socket: SocketName,
		bytes: Uint8Array,
		from: Address,
	): void {
		const { agent } = this.#phone;
		let isAnswered = false;
		native.collect();
		const before = used();
		const began = native.now();
		agent.datagram(now, socket, bytes, from);
		for (;;) {
			const output = agent.next();
			if (output === undefined) return;
			if (output.kind === "event") {
				if (output.code === "settings-in-force")
					this.whole.add(native.now() - began, used() - before);
				this.#phone.events.push(output);
			} else if (output.kind === "store") {
				agent.stored(now, output.key, true);
			} else if (output.kind !== "restart") {
				if (!isAnswered)
					this.answered.add(native.now() - began, used() - before);
				isAnswered = true;
				this.#waiting.push(output);
			}
		}
	}
}

/** As the profile server writes it: canonical. One value differs from version to version. */
function profile(version: number): Uint8Array {
	const displayName = `Alice ${version}`;
	const text = userProfile(version, { displayName, inside: INSIDE });
	return canonical(host, host.encode(text));
}

function change(site: Site, version: number): void {
	const bytes = profile(version);
	const text = host.text(bytes, 0, bytes.length);
	site.server.set(site.now, "user", ALICE, text);
	site.settle();
}

function document(bytes: Uint8Array): ProfileDocument {
	const { document: found } = decodeProfile(host, bytes);
	if (found === undefined) throw new Error("refused");
	return found;
}

function main(): void {
	const site = new Site();
	if (!site.provision()) throw new Error("not provisioned");
	change(site, 2);
	makeRoom();
	const watch = new Watch(site.phone);
	for (let run = 1; run <= RUNS; run++) change(site, 2 + run);
	watch.answered.say();

	const bytes = profile(10);
	const device = document(host.encode(deviceProfile(1)));
	const user = measure(`profile of ${bytes.length} bytes decoded`, () =>
		document(bytes),
	);
	measure("its identity", () => identity(host, bytes));
	const { settings } = measure("merged", () =>
		merge(undefined, device, [user]),
	);
	const next = merge(undefined, device, [document(profile(11))]).settings;
	measure("planned", () => plan(settings, next));
	watch.whole.say();

	const rules = `<access xmlns="urn:hookswitch:access:1" for="${ALICE}" version="1">${Array.from({ length: 100 }, (_, index) => `<rule contact="block" match="user" value="sip:user${index}@example.com"></rule>`).join("")}</access>`;
	const { document: list } = decodeAccessList(host, host.encode(rules));
	measure("access decision among 100 rules", () =>
		list?.decide(callerKey(host, "sip:user50@example.com"), {
			presence: "block",
			contact: "allow",
		}),
	);
}

main();
native.log("#end");
native.exit(0);
