/** The sample documents of the site, its addresses, and its people. */
import type { Lease } from "../../src/port.js";
import { utf8 } from "../portable.js";

export const PHONE = "192.0.2.9";
export const SERVER = "192.0.2.2";
export const REGISTRAR = "192.0.2.3";
export const OTHER_REGISTRAR = "192.0.2.4";
export const STRANGER = "203.0.113.7";
export const INSTANCE = "urn:uuid:00000000-0000-1000-8000-0242ac110002";
export const ALICE = "sip:alice@example.com";
export const BOB = "sip:bob@example.com";
export const MALLORY = "sip:mallory@example.net";
export const PASSWORD = "correct-horse";

export const LEASE: Lease = Object.freeze({
	address: PHONE,
	netmask: "255.255.255.0",
	gateway: "192.0.2.254",
	nameServers: Object.freeze([]),
	options: Object.freeze([]),
});

export interface FactoryOptions {
	readonly server?: string;
	readonly backOffFloor?: number;
}

export function factory({
	server = `sip:${SERVER}`,
	backOffFloor = 1_000,
}: FactoryOptions = {}): Uint8Array {
	const named = server === "" ? "" : `<server role="profile" uri="${server}"/>`;
	return utf8(
		`<factory xmlns="urn:hookswitch:factory:1" instance="${INSTANCE}" vendor="hookswitch.example" model="Desk 1" version="1" trust-network="true" back-off-floor="${backOffFloor}">${named}<credential realm="phones" algorithm="MD5" user="device" password="${PASSWORD}"/></factory>`,
	);
}

export function deviceProfile(
	version: number,
	{ users = [ALICE], inside = "" } = {},
): string {
	const named = users.map((aor) => `<user aor="${aor}"/>`).join("");
	return `<profile xmlns="urn:hookswitch:profile:1" type="device" for="${INSTANCE}" version="${version}">${named}${inside}</profile>`;
}

export interface UserParts {
	readonly aor?: string;
	readonly registrar?: string;
	readonly expires?: string;
	readonly displayName?: string;
	/** More attributes of `call`. */
	readonly call?: string;
	readonly inside?: string;
}

export function userProfile(version: number, parts: UserParts = {}): string {
	const { aor = ALICE, registrar = REGISTRAR, expires = "600" } = parts;
	const { displayName = "Alice", call = "", inside = "" } = parts;
	return `<profile xmlns="urn:hookswitch:profile:1" type="user" for="${aor}" version="${version}"><account id="a1" aor="${aor}" display-name="${displayName}"><credential realm="calls" algorithm="MD5" user="alice" password="${PASSWORD}"/></account><server role="registrar" uri="sip:${registrar}"/><registration expires="${expires}"/><call auto-answer="always"${call}/>${inside}</profile>`;
}

/** Who is blocked, and whether the rest may call. */
export function accessList(
	version: number,
	blocked: readonly string[],
	otherwise = "allow",
): string {
	const rules = blocked
		.map((uri) => `<rule match="user" value="${uri}" contact="block"/>`)
		.join("");
	return `<access xmlns="urn:hookswitch:access:1" for="${ALICE}" version="${version}">${rules}<default presence="block" contact="${otherwise}"/></access>`;
}
