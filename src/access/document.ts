/**
 * An access list as it is written: groups, rules, default. Design §4. Types and
 * words only.
 */
export type PresenceRight = "allow" | "confirm" | "polite-block" | "block";
export type ContactRight = "allow" | "confirm" | "divert" | "block";
export type Match = "user" | "group" | "number" | "domain" | "anonymous";

/** From the laxest to the strictest. */
export const PRESENCE_RIGHTS: readonly PresenceRight[] = Object.freeze([
	"allow",
	"confirm",
	"polite-block",
	"block",
]);
/** From the laxest to the strictest. */
export const CONTACT_RIGHTS: readonly ContactRight[] = Object.freeze([
	"allow",
	"confirm",
	"divert",
	"block",
]);
/** From the most specific to the least. */
export const MATCHES: readonly Match[] = Object.freeze([
	"user",
	"group",
	"number",
	"domain",
	"anonymous",
]);

export interface AccessGroup {
	readonly id: string;
	/** URIs. */
	readonly members: readonly string[];
}
export interface AccessRule {
	readonly match: Match;
	/** A URI, a group's id, a prefix, a domain; empty for anonymous. */
	readonly value: string;
	readonly presence: PresenceRight | undefined;
	readonly contact: ContactRight | undefined;
}
export interface AccessDocument {
	/** The account's AoR. */
	readonly for: string;
	/** For people; what identifies a document is its digest. */
	readonly version: string;
	readonly groups: readonly AccessGroup[];
	readonly rules: readonly AccessRule[];
	/** The list's default; what the settings say where it is undefined. */
	readonly presence: PresenceRight | undefined;
	readonly contact: ContactRight | undefined;
}

export const ACCESS_NAMESPACE = "urn:hookswitch:access:1";
export const ACCESS_TYPE = "application/vnd.hookswitch.access+xml";
