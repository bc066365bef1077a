/**
 * Whom the registrar knows: users and their digest credentials, read from the
 * profile server's database (the file, not the process: it may be down).
 */
import type { DigestAlgorithm } from "../../src/host.js";
import type { ProfileDatabase } from "../serve/database.js";

export interface Identity {
	readonly ha1: string;
	/** The AoR that these credentials prove. */
	readonly aor: string;
}

export interface Directory {
	find(username: string, algorithm: DigestAlgorithm): Identity | undefined;
	/** Is there such a user, registered or not? */
	knows(aor: string): boolean;
}

export function databaseDirectory(
	database: ProfileDatabase,
	realm: string,
): Directory {
	return {
		find(username, algorithm) {
			const found = database.credential(username, realm, algorithm);
			return found === undefined
				? undefined
				: { ha1: found.ha1, aor: found.subject };
		},
		knows: (aor) => database.hasUser(aor),
	};
}
