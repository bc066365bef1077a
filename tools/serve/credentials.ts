/**
 * Digest credentials as the database and documents hold them: H(user:realm:password)
 * for each algorithm (RFC 8760), so that no password is stored.
 */
import type { DigestAlgorithm, Host } from "../../src/host.js";

/** What servers offer, best first: what they can verify. */
export const offeredAlgorithms: readonly DigestAlgorithm[] = Object.freeze([
	"SHA-256",
	"MD5",
]);

export interface HashedCredential {
	readonly realm: string;
	readonly algorithm: DigestAlgorithm;
	readonly user: string;
	readonly ha1: string;
}

export function hashed(
	host: Host,
	user: string,
	realm: string,
	password: string,
): HashedCredential[] {
	return offeredAlgorithms.map((algorithm) => {
		const digest = host.digest(algorithm, [
			host.encode(`${user}:${realm}:${password}`),
		]);
		return { realm, algorithm, user, ha1: host.hex(digest, 0, digest.length) };
	});
}
