/**
 * The sums of digest authentication (RFC 7616 §3.4, RFC 8760), which client and
 * server share.
 */
import type { DigestAlgorithm, Host } from "../host.js";

export interface Credential {
	readonly user: string;
	/** Hexadecimal digest of user:realm:password by the algorithm that was asked for. */
	readonly ha1?: string | undefined;
	readonly password?: string | undefined;
}

export function algorithmOf(name: string): DigestAlgorithm | undefined {
	switch (name.toUpperCase()) {
		case "MD5":
			return "MD5";
		case "SHA-256":
			return "SHA-256";
		case "SHA-512-256":
			return "SHA-512-256";
		default:
			return undefined;
	}
}

/** H(user ":" realm ":" password), in hexadecimal: what a server keeps in place of a password. */
export function ha1Of(
	host: Host,
	algorithm: DigestAlgorithm,
	realm: string,
	credential: Credential,
): string {
	return (
		credential.ha1?.toLowerCase() ??
		digestText(
			host,
			algorithm,
			`${credential.user}:${realm}:${credential.password ?? ""}`,
		)
	);
}

/** RFC 7616 §3.4.1. `counted`: `nc:cnonce:qop`, undefined for RFC 2069. */
export function digestResponse(
	host: Host,
	algorithm: DigestAlgorithm,
	ha1: string,
	nonce: string,
	counted: string | undefined,
	method: string,
	uri: string,
): string {
	const ha2 = digestText(host, algorithm, `${method}:${uri}`);
	return digestText(
		host,
		algorithm,
		counted === undefined
			? `${ha1}:${nonce}:${ha2}`
			: `${ha1}:${nonce}:${counted}:${ha2}`,
	);
}

function digestText(
	host: Host,
	algorithm: DigestAlgorithm,
	text: string,
): string {
	const digest = host.digest(algorithm, [host.encode(text)]);
	return host.hex(digest, 0, digest.length);
}
