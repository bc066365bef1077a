/**
 * Where a SIP URI leads (RFC 3263 §4): NAPTR, then SRV, then addresses, no further
 * than the URI leaves open. Gives targets in the order in which they are to be
 * tried, and looks up the later ones only when the earlier ones have failed.
 * Sends nothing to a SIP server.
 */
import type { Host } from "../host.js";
import type { Address, NetworkOutput, Transport } from "../port.js";
import { RecordType, type ResourceRecord } from "./message.js";
import type { Resolution, Resolver } from "./resolver.js";

/** What of a URI matters here. */
export interface Where {
	/** Name or numeric address (`maddr` when the URI has one). */
	readonly host: string;
	readonly numeric: boolean;
	readonly port: number | undefined;
	/** The `transport` parameter, lower case. */
	readonly transport: string | undefined;
	/** sips: TLS only. */
	readonly secure: boolean;
}

export interface Located {
	readonly transport: Transport;
	readonly address: Address;
}

export type LocatorOutput =
	| Extract<NetworkOutput, { kind: "datagram" }>
	| {
			readonly kind: "located";
			readonly lookup: number;
			/** Next targets to try; empty: there are none (any more). */
			readonly targets: readonly Located[];
	  };

/** A place that is still to be resolved to addresses. */
interface Place {
	readonly transport: Transport;
	readonly name: string;
	readonly port: number;
}

/** What a lookup waits for. */
const Step = Object.freeze({
	Naptr: 0,
	Service: 1,
	Address: 2,
	Address6: 3,
	Idle: 4,
} as const);

interface Lookup {
	readonly id: number;
	readonly where: Where;
	step: number;
	/** The resolver's number of the question that it waits for. */
	query: number;
	/** Services still to be asked for, in order. */
	services: readonly { readonly transport: Transport; readonly name: string }[];
	/** Of the service asked for now. */
	transport: Transport;
	/** Places still to be resolved, in order. */
	places: Place[];
	/** A service said that it is not offered (RFC 2782: target "."). */
	refused: boolean;
	/** NAPTR said that the name itself has no records. */
	noName: boolean;
}

export class Locator {
	readonly #host: Host;
	readonly #resolver: Resolver;
	readonly #transports: readonly Transport[];
	readonly #outputs: LocatorOutput[] = [];
	readonly #lookups: Lookup[] = [];
	#lastLookup = 0;
	/** The time of the last input, for questions that follow from answers. */
	#now = 0;

	/** `transports`: those that this process speaks, the preferred one first. */
	constructor(
		host: Host,
		resolver: Resolver,
		transports: readonly Transport[],
	) {
		this.#host = host;
		this.#resolver = resolver;
		this.#transports = transports;
	}

	/** The first targets come as `located` with the number returned; `further` asks for more, `drop` forgets it. */
	locate(now: number, where: Where): number {
		this.#now = now;
		this.#lastLookup += 1;
		const lookup: Lookup = {
			id: this.#lastLookup,
			where,
			step: Step.Idle,
			query: 0,
			services: [],
			transport: "udp",
			places: [],
			refused: false,
			noName: false,
		};
		this.#lookups.push(lookup);
		const transport = this.#given(where);
		if (where.numeric || where.port !== undefined) {
			// RFC 3263 §4.2: a numeric host or a port leaves nothing to NAPTR and SRV.
			if (transport === undefined) this.#give(lookup, []);
			else this.#address(lookup, place(transport, where.host, where.port));
		} else if (where.transport !== undefined || where.secure) {
			// §4.1: the transport is known, so NAPTR is not asked.
			if (transport === undefined) this.#give(lookup, []);
			else {
				lookup.services = [service(transport, where.host)];
				this.#nextService(lookup);
			}
		} else {
			lookup.step = Step.Naptr;
			lookup.query = this.#resolver.resolve(now, where.host, RecordType.NAPTR);
		}
		return lookup.id;
	}

	/** All targets given so far failed. */
	further(now: number, id: number): void {
		this.#now = now;
		const lookup = this.#lookups.find((each) => each.id === id);
		if (lookup !== undefined && lookup.step === Step.Idle)
			this.#nextPlace(lookup);
	}

	drop(id: number): void {
		const index = this.#lookups.findIndex((each) => each.id === id);
		if (index >= 0) this.#lookups.splice(index, 1);
	}

	datagram(now: number, bytes: Uint8Array, from: Address): void {
		this.#now = now;
		this.#resolver.datagram(now, bytes, from);
	}

	timeout(now: number): void {
		this.#now = now;
		this.#resolver.timeout(now);
	}

	deadline(): number {
		return this.#resolver.deadline();
	}

	next(): LocatorOutput | undefined {
		for (;;) {
			const output = this.#outputs.shift();
			if (output !== undefined) return output;
			const resolved = this.#resolver.next();
			if (resolved === undefined || resolved.kind === "datagram")
				return resolved;
			for (const lookup of this.#lookups) {
				if (lookup.query !== resolved.query) continue;
				this.#resolved(lookup, resolved.resolution);
				break;
			}
		}
	}

	/** The transport that the URI itself asks for (RFC 3263 §4.1), undefined when we don't speak it. */
	#given(where: Where): Transport | undefined {
		let transport: Transport | undefined;
		if (where.secure) transport = where.transport === "udp" ? undefined : "tls";
		else if (where.transport === undefined) transport = "udp";
		else if (
			where.transport === "udp" ||
			where.transport === "tcp" ||
			where.transport === "tls"
		)
			transport = where.transport;
		return transport !== undefined && this.#transports.includes(transport)
			? transport
			: undefined;
	}

	#resolved(lookup: Lookup, resolution: Resolution): void {
		lookup.query = 0;
		const records = resolution.kind === "records" ? resolution.records : [];
		switch (lookup.step) {
			case Step.Naptr:
				lookup.noName = resolution.kind === "no-name";
				lookup.services =
					resolution.kind === "failed" ? [] : this.#services(lookup, records);
				// No name server answers: asking it more would only take longer.
				if (resolution.kind === "failed") this.#give(lookup, []);
				else this.#nextService(lookup);
				break;
			case Step.Service:
				if (resolution.kind === "failed") this.#give(lookup, []);
				else this.#places(lookup, records);
				break;
			default:
				this.#addresses(lookup, resolution, records);
		}
	}

	/** NAPTR records that lead to a transport of ours, in order; without any, the transports that we prefer. */
	#services(lookup: Lookup, records: readonly ResourceRecord[]) {
		const usable: { record: ResourceRecord; transport: Transport }[] = [];
		for (const record of records) {
			const transport = naptrTransport(record.service);
			if (
				record.flags === "s" &&
				transport !== undefined &&
				this.#transports.includes(transport)
			)
				usable.push({ record, transport });
		}
		usable.sort(
			(a, b) =>
				a.record.priority - b.record.priority ||
				a.record.weight - b.record.weight,
		);
		if (usable.length > 0)
			return usable.map(({ record, transport }) => ({
				transport,
				name: record.target,
			}));
		return this.#transports
			.filter((transport) => transport !== "tls")
			.map((transport) => service(transport, lookup.where.host));
	}

	#nextService(lookup: Lookup): void {
		const [first, ...rest] = lookup.services;
		lookup.services = rest;
		if (first !== undefined) {
			lookup.step = Step.Service;
			lookup.transport = first.transport;
			lookup.query = this.#resolver.resolve(
				this.#now,
				first.name,
				RecordType.SRV,
			);
			return;
		}
		// No SRV at all: the name itself, at the default port (§4.2).
		const transport = this.#given(lookup.where);
		if (lookup.refused || lookup.noName || transport === undefined)
			this.#give(lookup, []);
		else this.#address(lookup, place(transport, lookup.where.host, undefined));
	}

	#places(lookup: Lookup, records: readonly ResourceRecord[]): void {
		if (records.length === 0) {
			this.#nextService(lookup);
			return;
		}
		for (const record of this.#ordered(records)) {
			if (record.target === "") lookup.refused = true;
			else
				lookup.places.push({
					transport: lookup.transport,
					name: record.target,
					port: record.port,
				});
		}
		if (lookup.places.length === 0) this.#nextService(lookup);
		else this.#nextPlace(lookup);
	}

	/** By priority; within one, by lot with the weights as odds (RFC 2782). */
	#ordered(records: readonly ResourceRecord[]): ResourceRecord[] {
		const left = records.slice();
		// Weight 0 stands first, so that it has a small chance of its own.
		left.sort((a, b) => a.priority - b.priority || a.weight - b.weight);
		const ordered: ResourceRecord[] = [];
		while (left.length > 0) {
			const priority = left[0]?.priority ?? 0;
			let total = 0;
			let count = 0;
			for (const record of left) {
				if (record.priority !== priority) break;
				total += record.weight;
				count += 1;
			}
			const lot = count > 1 ? this.#random(total + 1) : 0;
			let sum = 0;
			let chosen = 0;
			for (let index = 0; index < count; index++) {
				sum += left[index]?.weight ?? 0;
				chosen = index;
				if (sum >= lot) break;
			}
			ordered.push(...left.splice(chosen, 1));
		}
		return ordered;
	}

	/** 0 … below - 1. */
	#random(below: number): number {
		const bytes = this.#host.random(4);
		const value =
			((bytes[0] ?? 0) |
				((bytes[1] ?? 0) << 8) |
				((bytes[2] ?? 0) << 16) |
				((bytes[3] ?? 0) << 24)) >>>
			0;
		return value % below;
	}

	#nextPlace(lookup: Lookup): void {
		const next = lookup.places.shift();
		if (next === undefined) this.#give(lookup, []);
		else this.#address(lookup, next);
	}

	#address(lookup: Lookup, next: Place): void {
		if (lookup.where.numeric) {
			this.#give(lookup, [
				{
					transport: next.transport,
					address: { host: next.name, port: next.port },
				},
			]);
			return;
		}
		lookup.places.unshift(next);
		lookup.step = Step.Address;
		lookup.query = this.#resolver.resolve(this.#now, next.name, RecordType.A);
	}

	#addresses(
		lookup: Lookup,
		resolution: Resolution,
		records: readonly ResourceRecord[],
	): void {
		const [here] = lookup.places;
		if (here === undefined) return;
		if (
			records.length === 0 &&
			lookup.step === Step.Address &&
			resolution.kind === "records"
		) {
			lookup.step = Step.Address6;
			lookup.query = this.#resolver.resolve(
				this.#now,
				here.name,
				RecordType.AAAA,
			);
			return;
		}
		lookup.places.shift();
		if (records.length === 0) this.#nextPlace(lookup);
		else
			this.#give(
				lookup,
				records.map((record) => ({
					transport: here.transport,
					address: { host: record.target, port: here.port },
				})),
			);
	}

	#give(lookup: Lookup, targets: readonly Located[]): void {
		lookup.step = Step.Idle;
		this.#outputs.push({ kind: "located", lookup: lookup.id, targets });
	}
}

function place(
	transport: Transport,
	name: string,
	port: number | undefined,
): Place {
	return { transport, name, port: port ?? (transport === "tls" ? 5061 : 5060) };
}

function service(transport: Transport, name: string) {
	if (transport === "tls") return { transport, name: `_sips._tcp.${name}` };
	return { transport, name: `_sip._${transport}.${name}` };
}

function naptrTransport(service: string): Transport | undefined {
	switch (service) {
		case "sip+d2u":
			return "udp";
		case "sip+d2t":
			return "tcp";
		case "sips+d2t":
			return "tls";
		default:
			return undefined;
	}
}
