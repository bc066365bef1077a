/**
 * Where a profile may be had: the servers to ask, in the order of design §6 and
 * RFC 6080 §5.1.4. Pure functions of what storage, factory and lease say; asks
 * nobody itself.
 */
import { byteSet } from "../bytes.js";
import type { Host } from "../host.js";
import type { Lease } from "../port.js";

export type Source =
	| "stored"
	| "factory"
	| "dhcp-sip-server"
	| "dhcp-domain"
	| "sipuaconfig"
	/** The server that gave the device profile. */
	| "device-server"
	/** The AoR's own domain. */
	| "aor-domain"
	/** A 3xx of another server. */
	| "redirect";

export interface Candidate {
	/** Request-URI. */
	readonly uri: string;
	/** Where to send it, when that is not the Request-URI. */
	readonly nextHop: string | undefined;
	/** Domain for From. */
	readonly domain: string;
	readonly source: Source;
}

/** DHCP options that matter here. */
const optionDomain = 15;
const optionSipServers = 120;
/** RFC 3361 §3: the first octet of option 120. */
const encodingNames = 0;
const encodingAddresses = 1;
const dot = 0x2e;
/** SIP servers taken from one lease. */
const serverLimit = 4;
const nameBytes = byteSet("-._", [0x30, 0x39], [0x41, 0x5a], [0x61, 0x7a]);

export interface DeviceSources {
	/** `urn:uuid:…` */
	readonly instance: string;
	/** A Subscription URI that worked before. */
	readonly stored: string | undefined;
	/** URIs, in order: with a user part a Subscription URI, without one a server. */
	readonly factory: readonly string[];
	readonly lease: Lease;
}

/** Servers for the device profile, the first to be tried first; no server twice. */
export function deviceCandidates(
	host: Host,
	sources: DeviceSources,
): Candidate[] {
	const candidates: Candidate[] = [];
	const add = (server: string, source: Source) => {
		const uri = subscriptionUri(server, sources.instance);
		for (const each of candidates) if (each.uri === uri) return;
		candidates.push({
			uri,
			nextHop: undefined,
			domain: domainOf(uri),
			source,
		});
	};
	if (sources.stored !== undefined) add(sources.stored, "stored");
	for (const server of sources.factory) add(server, "factory");
	for (const server of sipServers(host, sources.lease))
		add(`sip:${server}`, "dhcp-sip-server");
	const domain = leaseDomain(host, sources.lease);
	if (domain !== undefined) {
		add(`sip:${domain}`, "dhcp-domain");
		add(`sip:_sipuaconfig.${domain}`, "sipuaconfig");
	}
	return candidates;
}

/**
 * Servers for a user's profile or access list. The one that gave the device profile
 * is asked first (as RFC 3261 §8.1.2 lets local policy do: it needs no look-up, and
 * most often it is the right one); then the AoR's own domain.
 */
export function accountCandidates(
	aor: string,
	deviceServer: string | undefined,
): Candidate[] {
	const domain = domainOf(aor);
	const candidates: Candidate[] = [];
	if (deviceServer !== undefined)
		candidates.push({
			uri: aor,
			nextHop: deviceServer,
			domain,
			source: "device-server",
		});
	if (deviceServer === undefined || domainOf(deviceServer) !== domain)
		candidates.push({
			uri: aor,
			nextHop: undefined,
			domain,
			source: "aor-domain",
		});
	return candidates;
}

/** RFC 6080 §5.1.4.1: no user part, and a name of its own under the local domain. */
export function localNetworkCandidates(domain: string): Candidate[] {
	return [
		{
			uri: `sip:_sipuaconfig.${domain}`,
			nextHop: undefined,
			domain,
			source: "sipuaconfig",
		},
	];
}

/** The lease's domain (option 15), without a dot or NUL at its end; undefined when it is missing or no name. */
export function leaseDomain(host: Host, lease: Lease): string | undefined {
	const bytes = option(lease, optionDomain);
	if (bytes === undefined) return undefined;
	let end = bytes.length;
	// Some servers count the NUL of their C string.
	while (end > 0 && (bytes[end - 1] === 0 || bytes[end - 1] === dot)) end -= 1;
	return hostName(host, bytes, 0, end);
}

/** Option 120 (RFC 3361): names or addresses of SIP servers, in order. */
export function sipServers(host: Host, lease: Lease): string[] {
	const bytes = option(lease, optionSipServers);
	const servers: string[] = [];
	if (bytes === undefined) return servers;
	switch (bytes[0]) {
		case encodingAddresses:
			for (
				let at = 1;
				at + 4 <= bytes.length && servers.length < serverLimit;
				at += 4
			)
				servers.push(
					`${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`,
				);
			return servers;
		case encodingNames:
			for (let at = 1; at < bytes.length && servers.length < serverLimit; ) {
				const name = encodedName(host, bytes, at);
				if (name === undefined) return servers;
				if (name.text !== "") servers.push(name.text);
				at = name.end;
			}
			return servers;
		default:
			return servers;
	}
}

/** A name in DNS encoding without compression (RFC 3361 §3.1). */
function encodedName(host: Host, bytes: Uint8Array, start: number) {
	let text = "";
	let at = start;
	for (;;) {
		const length = bytes[at];
		if (length === undefined || length > 63) return undefined;
		if (length === 0) return { text, end: at + 1 };
		const end = at + 1 + length;
		if (end > bytes.length || end - start > 255) return undefined;
		const label = hostName(host, bytes, at + 1, end);
		if (label === undefined) return undefined;
		text = text === "" ? label : `${text}.${label}`;
		at = end;
	}
}

function hostName(
	host: Host,
	bytes: Uint8Array,
	start: number,
	end: number,
): string | undefined {
	if (start >= end || host.span(bytes, nameBytes, start, end) !== end)
		return undefined;
	return host.text(bytes, start, end).toLowerCase();
}

function option(lease: Lease, code: number): Uint8Array | undefined {
	const { options } = lease;
	for (let index = 0; index < options.length; index++)
		if (options[index]?.code === code) return options[index]?.bytes;
	return undefined;
}

/** With a user part it is one already; else the device's own (RFC 6080 §5.1.4.2, §7.1). */
function subscriptionUri(server: string, instance: string): string {
	if (server.includes("@")) return server;
	const colon = server.indexOf(":");
	const user = instance.split(":").join("%3a");
	return `${server.slice(0, colon + 1)}${user}@${server.slice(colon + 1)}`;
}

/** Host of a SIP URI, IPv6 with its brackets, without port and parameters. */
export function domainOf(uri: string): string {
	const server = serverOf(uri);
	let text = server.slice(server.indexOf(":") + 1);
	const semicolon = text.indexOf(";");
	if (semicolon >= 0) text = text.slice(0, semicolon);
	const bracket = text.indexOf("]");
	const colon = text.indexOf(":", Math.max(bracket, 0));
	return (colon < 0 ? text : text.slice(0, colon)).toLowerCase();
}

/** The URI without its user part. */
export function serverOf(uri: string): string {
	const at = uri.indexOf("@");
	return at < 0
		? uri
		: `${uri.slice(0, uri.indexOf(":") + 1)}${uri.slice(at + 1)}`;
}
