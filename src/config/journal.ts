/**
 * What the device remembers over a power cut: each document in two slots of the
 * key-value store (`<name>.a`, `<name>.b`), written in turn, so that a cut at any
 * write leaves the one before it whole. Design §5.
 *
 * Rules:
 * - a slot is whole when its magic, format, length and CRC-32 hold; of two whole
 *   slots the higher sequence number counts;
 * - a write goes to the slot that is not in use, one write per document at a time;
 *   a newer save that waits replaces an older one that waits;
 * - a write that fails changes nothing: the slot in use stays in use, and the
 *   settings stay in force in RAM; `retry` writes again what nothing newer replaced;
 * - after three crashes within a minute of boot (`safeStart`) the newest of all
 *   documents is set aside, and that is marked in its slot: where there is a version
 *   before it, that one is used and the newer is condemned: its digest is remembered
 *   until another takes its place. Where there is none it is left out, not
 *   condemned: a device that has nothing else has nothing to lose when the server
 *   sends it again. Three more crashes set the next one aside;
 * - an index lists all names, so that what nothing refers to any more is found and
 *   deleted. A name enters it before the document is written and leaves it after
 *   the document is gone.
 *
 * It must not know what a document says.
 *
 * A slot: "HKJ1", CRC-32 of all that follows, sequence (one count for all
 * documents), body length (32 bits each, big-endian), format, state (8 bits each), label length (16 bits), label, body.
 */
import type { Host } from "../host.js";
import type { StoreOutput } from "../port.js";

const HEADER = 20;
const STATE_AT = 17;
const MAGIC = 0x484b4a31;
const FORMAT = 1;
const COMMITTED = 1;
const CONDEMNED = 2;
const LEFT_OUT = 3;
const INDEX = "index";
/** One local network, one device, eight users and as many lists, and the server, are 19; the rest is room. */
export const MAX_DOCUMENTS = 40;

/** What is stored beside the bytes. No value has a line feed. */
export interface DocumentLabel {
	readonly profile: string;
	readonly for: string;
	/** What identifies the document: the SHA-256 of its canonical bytes. */
	readonly digest: string;
	/** The server's name for it (SIP-ETag), "" when it gave none. */
	readonly etag: string;
	/** Which server it came from. */
	readonly server: string;
	/** Whatever proves that the document still applies: the local network's fingerprint. */
	readonly proof: string;
}

export interface StoredDocument extends DocumentLabel {
	/** A view of the slot's bytes. */
	readonly body: Uint8Array;
}

export interface StoreResult {
	readonly name: string;
	readonly ok: boolean;
}

interface Entry {
	readonly name: string;
	/** The slot in use: 0, 1, or -1 when there is none. */
	slot: number;
	/** Of the newest whole slot, or given to a write; 0: storage has nothing under the name. */
	sequence: number;
	condemned: string | undefined;
	/** The slot that the next write goes to: not the one in use, and not the newest whole one. */
	target: number;
	/** A record that is to be written. */
	waiting: Uint8Array | undefined;
	/** The slot being written, or -1. */
	writing: number;
	/** What is being written, or could not be. */
	written: Uint8Array | undefined;
	/** What the write in flight is: a new version, or the mark on a condemned one. */
	writingState: number;
	/** What `open` read, until `load` hands it over. */
	opened: Slot | undefined;
}

interface Slot {
	readonly sequence: number;
	readonly state: number;
	readonly bytes: Uint8Array;
	readonly bodyStart: number;
}

export const EMPTY_LABEL: DocumentLabel = Object.freeze({
	profile: "",
	for: "",
	digest: "",
	etag: "",
	server: "",
	proof: "",
});

export class Journal {
	readonly #host: Host;
	readonly #read: (key: string) => Uint8Array | undefined;
	/** The highest that any slot holds or a write was given. */
	#sequence = 0;
	readonly #entries: Entry[] = [];
	readonly #index: Entry;
	/** Names that the index in storage lists and that nobody has asked for since the start. */
	#unclaimed: string[];
	#indexChanged = false;
	/** Keys that are to be deleted. */
	readonly #deletes: string[] = [];
	/** Keys of outputs whose results concern nobody any more, oldest first. */
	readonly #ignored: string[] = [];

	constructor(
		host: Host,
		read: (key: string) => Uint8Array | undefined,
		safeStart: boolean,
	) {
		this.#host = host;
		this.#read = read;
		this.#index = this.#open(INDEX);
		const names = this.#document(this.#index)?.proof ?? "";
		this.#unclaimed = names === "" ? [] : names.split(" ");
		if (safeStart) this.#setNewestAside();
	}

	/** The document in use under `name`, read from storage. */
	load(name: string): StoredDocument | undefined {
		return this.#document(this.#entry(name));
	}

	/** The digest of the version that crashed the device, if one did. */
	condemned(name: string): string | undefined {
		return this.#entry(name).condemned;
	}

	/** Queues a write. False when the device holds as many documents as it may. */
	save(name: string, label: DocumentLabel, body: Uint8Array): boolean {
		const entry = this.#entry(name);
		if (entry.sequence === 0) {
			const held = this.#entries.filter(({ sequence }) => sequence > 0);
			if (held.length >= MAX_DOCUMENTS) return false;
			this.#indexChanged = true;
		}
		entry.waiting = this.#record(entry, COMMITTED, label, body);
		return true;
	}

	/** Queues the deletion of both slots. */
	remove(name: string): void {
		const entry = this.#entry(name);
		if (entry.writing >= 0) this.#ignored.push(keyOf(name, entry.writing));
		this.#entries.splice(this.#entries.indexOf(entry), 1);
		if (entry.sequence === 0) return;
		this.#deletes.push(keyOf(name, 0), keyOf(name, 1));
		this.#indexChanged = true;
	}

	/** Deletes what the index lists and nobody has loaded or saved since the start. */
	removeUnclaimed(): void {
		const names = this.#unclaimed;
		this.#unclaimed = [];
		for (const name of names) {
			this.#deletes.push(keyOf(name, 0), keyOf(name, 1));
			this.#indexChanged = true;
		}
	}

	/** The storage's answer to the oldest output for `key` that has none. */
	stored(key: string, ok: boolean): StoreResult | undefined {
		const ignored = this.#ignored.indexOf(key);
		if (ignored >= 0) {
			this.#ignored.splice(ignored, 1);
			return undefined;
		}
		const slot = key.endsWith(".a") ? 0 : 1;
		const name = key.slice(0, -2);
		const entry =
			name === INDEX
				? this.#index
				: this.#entries.find((other) => other.name === name);
		if (entry === undefined || entry.writing !== slot) return undefined;
		entry.writing = -1;
		if (ok) entry.written = undefined;
		if (entry.writingState !== COMMITTED) return undefined;
		if (ok) {
			entry.slot = slot;
			entry.target = 1 - slot;
			entry.condemned = undefined;
		}
		// The index is our own business, unless it can't be stored.
		return ok && name === INDEX ? undefined : { name, ok };
	}

	/** Queues once more what could not be written. */
	retry(): void {
		for (const entry of [this.#index, ...this.#entries])
			if (entry.writing < 0) entry.waiting ??= entry.written;
	}

	next(): StoreOutput | undefined {
		const key = this.#deletes.shift();
		if (key !== undefined) {
			this.#ignored.push(key);
			return { kind: "store", key, bytes: undefined };
		}
		if (this.#indexChanged) {
			this.#indexChanged = false;
			const names = this.#entries
				.filter((entry) => entry.sequence > 0)
				.map((entry) => entry.name);
			const proof = [...names, ...this.#unclaimed].join(" ");
			this.#index.waiting = this.#record(
				this.#index,
				COMMITTED,
				{ ...EMPTY_LABEL, proof },
				new Uint8Array(0),
			);
		}
		const index = this.#write(this.#index);
		if (index !== undefined) return index;
		for (const entry of this.#entries) {
			const output = this.#write(entry);
			if (output !== undefined) return output;
		}
		return undefined;
	}

	#write(entry: Entry): StoreOutput | undefined {
		if (entry.waiting === undefined || entry.writing >= 0) return undefined;
		const bytes = entry.waiting;
		entry.waiting = undefined;
		entry.written = bytes;
		entry.writing = entry.target;
		entry.writingState = bytes[STATE_AT] ?? COMMITTED;
		return { kind: "store", key: keyOf(entry.name, entry.writing), bytes };
	}

	#entry(name: string): Entry {
		const listed = this.#unclaimed.indexOf(name);
		if (listed >= 0) this.#unclaimed.splice(listed, 1);
		const entries = this.#entries;
		for (let index = 0; index < entries.length; index++) {
			const entry = entries[index] as Entry;
			if (entry.name === name) return entry;
		}
		const entry = this.#open(name);
		this.#entries.push(entry);
		return entry;
	}

	/** Reads both slots and decides which is in use. */
	#open(name: string): Entry {
		const entry: Entry = {
			name,
			slot: -1,
			sequence: 0,
			condemned: undefined,
			target: 0,
			waiting: undefined,
			writing: -1,
			written: undefined,
			writingState: COMMITTED,
			opened: undefined,
		};
		const a = this.#slot(name, 0);
		const b = this.#slot(name, 1);
		const newestAt =
			b === undefined || (a !== undefined && a.sequence > b.sequence) ? 0 : 1;
		const newest = newestAt === 0 ? a : b;
		if (newest === undefined) return entry;
		entry.sequence = newest.sequence;
		this.#sequence = Math.max(this.#sequence, newest.sequence);
		if (newest.state === COMMITTED) {
			entry.slot = newestAt;
			entry.target = 1 - newestAt;
			entry.opened = newest;
			return entry;
		}
		// What is set aside is the next to be written over.
		entry.target = newestAt;
		if (newest.state !== CONDEMNED) return entry;
		entry.condemned = this.#label(newest).digest;
		const other = newestAt === 0 ? b : a;
		if (other === undefined || other.state !== COMMITTED) return entry;
		entry.slot = 1 - newestAt;
		entry.opened = other;
		return entry;
	}

	/** A safe start: of all documents that are in use, the one that was written last is not to be used. */
	#setNewestAside(): void {
		let newest: Entry | undefined;
		for (const name of this.#unclaimed) {
			const entry = this.#open(name);
			this.#entries.push(entry);
			const { opened, condemned } = entry;
			// One that went back a version has done its part; without a body there is nothing to crash on.
			if (condemned !== undefined || opened === undefined) continue;
			if (opened.bodyStart === opened.bytes.length) continue;
			if (
				newest === undefined ||
				opened.sequence > (newest.opened?.sequence ?? 0)
			)
				newest = entry;
		}
		const slot = newest?.opened;
		if (newest === undefined || slot === undefined) return;
		const other = this.#slot(newest.name, 1 - newest.slot);
		const hasOther = other !== undefined && other.state === COMMITTED;
		const label = this.#label(slot);
		const body = slot.bytes.subarray(slot.bodyStart);
		const state = hasOther ? CONDEMNED : LEFT_OUT;
		newest.target = newest.slot;
		newest.slot = hasOther ? 1 - newest.slot : -1;
		newest.opened = other;
		if (hasOther) newest.condemned = label.digest;
		newest.waiting = this.#record(newest, state, label, body);
	}

	#document(entry: Entry): StoredDocument | undefined {
		if (entry.slot < 0) return undefined;
		const slot = entry.opened ?? this.#slot(entry.name, entry.slot);
		entry.opened = undefined;
		if (slot === undefined) return undefined;
		const body = slot.bytes.subarray(slot.bodyStart);
		return { ...this.#label(slot), body };
	}

	#slot(name: string, slot: number): Slot | undefined {
		const bytes = this.#read(keyOf(name, slot));
		if (bytes === undefined || bytes.length < HEADER) return undefined;
		const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER);
		if (view.getUint32(0) !== MAGIC || view.getUint8(16) !== FORMAT)
			return undefined;
		const bodyStart = HEADER + view.getUint16(18);
		if (bodyStart + view.getUint32(12) !== bytes.length) return undefined;
		if (this.#host.crc32(bytes, 8, bytes.length) !== view.getUint32(4))
			return undefined;
		const sequence = view.getUint32(8);
		return { sequence, state: view.getUint8(STATE_AT), bytes, bodyStart };
	}

	#label(slot: Slot): DocumentLabel {
		const text = this.#host.text(slot.bytes, HEADER, slot.bodyStart);
		const [
			profile = "",
			name = "",
			digest = "",
			etag = "",
			server = "",
			proof = "",
		] = text.split("\n");
		return { profile, for: name, digest, etag, server, proof };
	}

	#record(
		entry: Entry,
		state: number,
		label: DocumentLabel,
		body: Uint8Array,
	): Uint8Array {
		entry.sequence = ++this.#sequence;
		const text = this.#host.encode(
			`${label.profile}\n${label.for}\n${label.digest}\n${label.etag}\n${label.server}\n${label.proof}`,
		);
		const bytes = new Uint8Array(HEADER + text.length + body.length);
		const view = new DataView(bytes.buffer);
		view.setUint32(0, MAGIC);
		view.setUint32(8, entry.sequence);
		view.setUint32(12, body.length);
		view.setUint8(16, FORMAT);
		view.setUint8(STATE_AT, state);
		view.setUint16(18, text.length);
		bytes.set(text, HEADER);
		bytes.set(body, HEADER + text.length);
		view.setUint32(4, this.#host.crc32(bytes, 8, bytes.length));
		return bytes;
	}
}

function keyOf(name: string, slot: number): string {
	return slot === 0 ? `${name}.a` : `${name}.b`;
}

/** A key for the document of `profile` and `user` that fits the shortest store (NVS: 15 characters with the slot's suffix). */
export function documentName(
	host: Host,
	profile: string,
	user: string,
): string {
	if (profile === "device") return "device";
	if (profile === "local-network") return "local";
	const digest = host.digest("SHA-256", [host.encode(user)]);
	return `${profile === "access" ? "a" : "u"}${host.hex(digest, 0, 6)}`;
}
