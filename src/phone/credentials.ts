/**
 * What answers digest challenges, out of the settings' credentials. It must not
 * know whose they are. Nothing here is ever written to a log.
 */
import type { DigestAlgorithm, Host } from "../host.js";
import type { Credential, CredentialSource } from "../sip/authentication.js";

/** `profile`'s credential section fits. */
export interface KnownCredential {
	readonly realm: string;
	readonly algorithm: string;
	readonly user: string;
	/** Empty when not given; good for its algorithm alone. */
	readonly ha1: string;
	/** Empty when not given; good for all algorithms. */
	readonly password: string;
}

/** Earlier ones are preferred. */
export class Credentials implements CredentialSource {
	readonly #known: readonly KnownCredential[];

	constructor(known: readonly KnownCredential[]) {
		this.#known = known;
	}

	find(realm: string, algorithm: DigestAlgorithm): Credential | undefined {
		for (const known of this.#known) {
			if (known.realm !== realm) continue;
			if (known.ha1 !== "" && known.algorithm === algorithm)
				return { user: known.user, ha1: known.ha1 };
			if (known.password !== "")
				return { user: known.user, password: known.password };
		}
		return undefined;
	}
}

/** A number that changes when the credentials do, and tells nothing of them. */
export function credentialsMark(
	host: Host,
	known: readonly KnownCredential[],
): number {
	let text = "";
	for (const { realm, algorithm, user, ha1, password } of known)
		text += `${realm}\n${algorithm}\n${user}\n${ha1}\n${password}\n`;
	const bytes = host.encode(text);
	return host.crc32(bytes, 0, bytes.length);
}
