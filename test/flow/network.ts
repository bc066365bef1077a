/**
 * A network in memory with a clock of its own: machines of the core stand on it as on
 * a real one, and every run with the same seed is the same. UDP with latency, loss,
 * duplication and reordering; TCP with splitting, refusal and reset. Portable.
 */
import type {
	Address,
	ConnectionId,
	NetworkOutput,
	SocketName,
} from "../../src/port.js";

/** What a node needs to be; `SipEndpoint` and `Agent` nearly are (see `EndpointNode`). */
export interface NetworkNode {
	datagram(
		now: number,
		socket: SocketName,
		bytes: Uint8Array,
		from: Address,
	): void;
	accepted(now: number, connection: ConnectionId, from: Address): void;
	connected(now: number, connection: ConnectionId): void;
	received(now: number, connection: ConnectionId, bytes: Uint8Array): void;
	closed(now: number, connection: ConnectionId): void;
	timeout(now: number): void;
	deadline(): number;
	/** Takes the next output; outputs that are not the network's are the node's to handle: it gives undefined only when nothing is left. */
	next(now: number): NetworkOutput | undefined;
}

export interface NetworkOptions {
	readonly seed?: number;
	/** One way, in ms; jitter is added at random, which reorders datagrams. */
	readonly latency?: number;
	readonly jitter?: number;
	/** Probabilities from 0 to 1, of datagrams. */
	readonly loss?: number;
	readonly duplication?: number;
	/** Largest piece in which TCP delivers; 0: as it was sent. */
	readonly split?: number;
}

export interface PlaceOptions {
	/** Ports on which UDP datagrams for each socket arrive. */
	readonly sip?: number;
	readonly dns?: number;
	/** Does it accept TCP on the port of `sip`? Default true. */
	readonly listens?: boolean;
}

/** What passed, for tests that look at the wire. */
export interface Passage {
	readonly at: number;
	readonly transport: "udp" | "tcp";
	readonly from: string;
	readonly to: string;
	readonly bytes: Uint8Array;
	readonly lost: boolean;
}

interface Place {
	readonly host: string;
	readonly node: NetworkNode | undefined;
	readonly service:
		| ((bytes: Uint8Array, from: Address) => Uint8Array | undefined)
		| undefined;
	readonly sip: number;
	readonly dns: number;
	listens: boolean;
	/** Cut off: nothing comes or goes. */
	down: boolean;
	readonly ends: Map<ConnectionId, End>;
	nextAccepted: number;
	nextPort: number;
}

interface End {
	readonly place: Place;
	readonly id: ConnectionId;
	peer: End | undefined;
	/** Bytes arrive in order: not before this. */
	arrival: number;
}

interface Happening {
	readonly at: number;
	readonly order: number;
	readonly run: () => void;
}

export class Network {
	now = 0;
	latency: number;
	jitter: number;
	loss: number;
	duplication: number;
	split: number;
	readonly passed: Passage[] = [];
	readonly #places = new Map<string, Place>();
	#happenings: Happening[] = [];
	#order = 0;
	#random: number;

	constructor(options: NetworkOptions = {}) {
		this.latency = options.latency ?? 1;
		this.jitter = options.jitter ?? 0;
		this.loss = options.loss ?? 0;
		this.duplication = options.duplication ?? 0;
		this.split = options.split ?? 0;
		this.#random = (options.seed ?? 1) | 0;
	}

	/** Puts a node at an address. Also starts it again after `remove`. */
	add(host: string, node: NetworkNode, options: PlaceOptions = {}): void {
		this.#place(host, node, undefined, options);
		this.drain(host);
	}

	/** A UDP server without state, for example a name server on port 53: gives the answer, or undefined. */
	serve(
		host: string,
		port: number,
		service: (bytes: Uint8Array, from: Address) => Uint8Array | undefined,
	): void {
		this.#place(host, undefined, service, { sip: port, listens: false });
	}

	/** Power off: its connections are reset as soon as somebody writes; here, after the latency. */
	remove(host: string): void {
		const place = this.#places.get(host);
		if (place === undefined) return;
		this.#places.delete(host);
		for (const end of place.ends.values()) this.#hangUp(end);
	}

	/** The cable is out, or in again. Connections stand still meanwhile and lose what is sent. */
	cut(host: string, down = true): void {
		const place = this.#places.get(host);
		if (place !== undefined) place.down = down;
	}

	/** From now on connections are refused, or accepted. */
	listen(host: string, listens: boolean): void {
		const place = this.#places.get(host);
		if (place !== undefined) place.listens = listens;
	}

	/** A number from 0 to 1 (mulberry32). */
	random(): number {
		this.#random = (this.#random + 0x6d2b79f5) | 0;
		let mixed = Math.imul(
			this.#random ^ (this.#random >>> 15),
			1 | this.#random,
		);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
	}

	/** Something that happens later: a person, a database, a server that comes back. */
	at(time: number, run: () => void): void {
		this.#happenings.push({ at: time, order: this.#order++, run });
	}

	/** Carries out what a node's methods, called from outside, have put out. */
	drain(host: string): void {
		const place = this.#places.get(host);
		const node = place?.node;
		if (place === undefined || node === undefined) return;
		for (;;) {
			const output = node.next(this.now);
			if (output === undefined) return;
			this.#carry(place, output);
		}
	}

	/** Runs until `until` (a time, or a condition), at most until `limit`; false when the condition did not come true. */
	run(until: number | (() => boolean), limit = this.now + 3600000): boolean {
		const end = typeof until === "number" ? until : limit;
		for (;;) {
			for (const host of this.#places.keys()) this.drain(host);
			if (typeof until === "function" && until()) return true;
			const next = this.#earliest();
			if (next > end) break;
			this.now = Math.max(this.now, next);
			this.#step();
		}
		if (end < Number.POSITIVE_INFINITY) this.now = Math.max(this.now, end);
		return typeof until === "number";
	}

	#place(
		host: string,
		node: NetworkNode | undefined,
		service: Place["service"],
		options: PlaceOptions,
	): void {
		this.#places.set(host, {
			host,
			node,
			service,
			sip: options.sip ?? 5060,
			dns: options.dns ?? 40053,
			listens: options.listens ?? true,
			down: false,
			ends: new Map(),
			nextAccepted: 1,
			nextPort: 49152,
		});
	}

	#earliest(): number {
		let earliest = Number.POSITIVE_INFINITY;
		for (const { at } of this.#happenings) earliest = Math.min(earliest, at);
		for (const { node } of this.#places.values())
			if (node !== undefined) earliest = Math.min(earliest, node.deadline());
		return earliest;
	}

	/** What is due now happens in the order of its time, then the machines' timers. */
	#step(): void {
		const due = this.#happenings.filter(({ at }) => at <= this.now);
		if (due.length > 0) {
			this.#happenings = this.#happenings.filter(({ at }) => at > this.now);
			due.sort((a, b) => a.at - b.at || a.order - b.order);
			for (const { run } of due) {
				run();
				for (const host of this.#places.keys()) this.drain(host);
			}
			return;
		}
		for (const { host, node } of [...this.#places.values()])
			if (node !== undefined && node.deadline() <= this.now) {
				node.timeout(this.now);
				this.drain(host);
			}
	}

	#carry(place: Place, output: NetworkOutput): void {
		switch (output.kind) {
			case "datagram":
				this.#datagram(place, output.socket, output.to, output.bytes);
				return;
			case "connect":
				this.#connect(place, output.connection, output.to);
				return;
			case "send":
				this.#send(place.ends.get(output.connection), output.bytes);
				return;
			case "close": {
				const end = place.ends.get(output.connection);
				if (end === undefined) return;
				place.ends.delete(output.connection);
				this.#hangUp(end);
				return;
			}
		}
	}

	#datagram(
		place: Place,
		socket: SocketName,
		to: Address,
		bytes: Uint8Array,
	): void {
		const from: Address = {
			host: place.host,
			port: socket === "sip" ? place.sip : place.dns,
		};
		const copies = this.random() < this.duplication ? 2 : 1;
		for (let copy = 0; copy < copies; copy++) {
			const lost =
				place.down ||
				this.#places.get(to.host)?.down === true ||
				this.random() < this.loss;
			this.#note("udp", from, to, bytes, lost);
			if (lost) continue;
			this.at(this.now + this.#delay(), () => this.#arrive(from, to, bytes));
		}
	}

	#arrive(from: Address, to: Address, bytes: Uint8Array): void {
		const place = this.#places.get(to.host);
		if (place === undefined) return;
		const { node, service } = place;
		if (service !== undefined && to.port === place.sip) {
			const answer = service(bytes, from);
			if (answer === undefined) return;
			this.#note("udp", to, from, answer, false);
			this.at(this.now + this.#delay(), () => this.#arrive(to, from, answer));
			return;
		}
		// A copy each: what one machine does to its bytes is not the other's matter.
		if (to.port === place.sip)
			node?.datagram(this.now, "sip", bytes.slice(), from);
		else if (to.port === place.dns)
			node?.datagram(this.now, "dns", bytes.slice(), from);
	}

	#connect(place: Place, id: ConnectionId, to: Address): void {
		const mine: End = { place, id, peer: undefined, arrival: 0 };
		place.ends.set(id, mine);
		const from: Address = { host: place.host, port: place.nextPort++ };
		this.at(this.now + this.#delay(), () => {
			const other = this.#places.get(to.host);
			if (place.down || other?.down === true) return;
			const { node } = other ?? {};
			if (
				other === undefined ||
				node === undefined ||
				!other.listens ||
				to.port !== other.sip
			) {
				this.at(this.now + this.#delay(), () => this.#end(mine));
				return;
			}
			const theirs: End = {
				place: other,
				id: other.nextAccepted,
				peer: mine,
				arrival: 0,
			};
			other.nextAccepted += 2;
			other.ends.set(theirs.id, theirs);
			mine.peer = theirs;
			node.accepted(this.now, theirs.id, from);
			this.at(this.now + this.#delay(), () => {
				if (place.ends.get(id) === mine) place.node?.connected(this.now, id);
			});
		});
	}

	#send(end: End | undefined, bytes: Uint8Array): void {
		if (end === undefined) return;
		const { peer, place } = end;
		if (peer === undefined) return;
		const lost = place.down || peer.place.down;
		this.#note(
			"tcp",
			{ host: place.host, port: end.id },
			{ host: peer.place.host, port: peer.id },
			bytes,
			lost,
		);
		if (lost) return;
		let at = 0;
		while (at < bytes.length) {
			const size =
				this.split > 0
					? 1 + Math.floor(this.random() * this.split)
					: bytes.length;
			const piece = bytes.slice(at, at + size);
			at += size;
			// Not before what was sent earlier: the order of the queue does the rest.
			peer.arrival = Math.max(peer.arrival, this.now + this.#delay());
			this.at(peer.arrival, () => {
				if (peer.place.ends.get(peer.id) === peer)
					peer.place.node?.received(this.now, peer.id, piece);
			});
		}
	}

	#hangUp(end: End): void {
		const { peer } = end;
		if (peer === undefined) return;
		peer.arrival = Math.max(peer.arrival, this.now + this.#delay());
		this.at(peer.arrival, () => this.#end(peer));
	}

	#end(end: End): void {
		if (end.place.ends.get(end.id) !== end) return;
		end.place.ends.delete(end.id);
		end.place.node?.closed(this.now, end.id);
	}

	#delay(): number {
		return this.latency + Math.floor(this.random() * (this.jitter + 1));
	}

	#note(
		transport: "udp" | "tcp",
		from: Address,
		to: Address,
		bytes: Uint8Array,
		lost: boolean,
	): void {
		this.passed.push({
			at: this.now,
			transport,
			from: from.host,
			to: to.host,
			bytes,
			lost,
		});
	}
}
