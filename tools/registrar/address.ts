/** Addresses of record (RFC 3261 §10.3 step 5): scheme, user and host, nothing else. */
import type { Host } from "../../src/host.js";
import { parseUriText, type Uri } from "../../src/sip/uri.js";

export function addressOfRecord({ user, host }: Uri): string {
	return user === undefined ? `sip:${host}` : `sip:${user}@${host}`;
}

/** The same from text; undefined when it is no SIP URI. */
export function addressOfRecordText(
	host: Host,
	uri: string,
): string | undefined {
	try {
		const parsed = parseUriText(host, uri);
		return parsed.scheme === "sip" || parsed.scheme === "sips"
			? addressOfRecord(parsed)
			: undefined;
	} catch {
		return undefined;
	}
}
