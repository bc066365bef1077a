/**
 * What structured header values decode to. Types only.
 */
import type { Parameter, Uri } from "./uri.js";

/** From, To, Contact, Route, Record-Route, P-Asserted-Identity … (RFC 3261 §20.10). */
export interface NameAddress {
	/** Unquoted; undefined when there is none. */
	readonly display: string | undefined;
	readonly uri: Uri;
	/** The URI as it was written, without angle brackets. */
	readonly uriText: string;
	readonly parameters: readonly Parameter[];
	readonly tag: string | undefined;
}

export interface Via {
	/** Lower case: "udp", "tcp", "tls", …. */
	readonly transport: string;
	readonly host: string;
	readonly port: number | undefined;
	readonly branch: string | undefined;
	readonly parameters: readonly Parameter[];
	/** Was `rport` asked for (RFC 3581)? */
	readonly symmetric: boolean;
}

export interface CSeq {
	readonly number: number;
	readonly method: string;
}

/** RFC 6665 §8.2.1. Event packages are compared without case here: `package` is as written. */
export interface EventPackage {
	readonly package: string;
	readonly parameters: readonly Parameter[];
}

/** RFC 6665 §8.2.3. `state` and `reason` in lower case; times in seconds. */
export interface SubscriptionState {
	readonly state: string;
	readonly expires: number | undefined;
	readonly reason: string | undefined;
	readonly retryAfter: number | undefined;
}

export interface MediaType {
	/** "type/subtype" in lower case. */
	readonly type: string;
	readonly parameters: readonly Parameter[];
}

/** A challenge or a set of credentials (RFC 3261 §20.7, RFC 7235). */
export interface Challenge {
	/** Lower case: "digest". */
	readonly scheme: string;
	readonly parameters: readonly Parameter[];
}
