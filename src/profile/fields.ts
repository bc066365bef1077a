/**
 * The schema of a profile document: every element and attribute of
 * `urn:hookswitch:profile:1`, assembled from the tables beside this file. Design §3.
 */
import {
	ACCOUNT,
	CREDENTIAL,
	PROVIDER,
	REGISTRATION,
	SERVER,
	SESSIONS,
	USER,
} from "./account-fields.js";
import { ACCESS, CALL, KEY } from "./call-fields.js";
import { choice, PROFILE_TYPES, type Section, section, text } from "./field.js";
import { AUDIO, VIDEO } from "./media-fields.js";
import {
	NETWORK,
	PROVISIONING,
	SECURITY,
	TRUST_ANCHOR,
} from "./network-fields.js";

export {
	ACCESS,
	ACCOUNT,
	AUDIO,
	CALL,
	CREDENTIAL,
	KEY,
	NETWORK,
	PROVIDER,
	PROVISIONING,
	REGISTRATION,
	SECURITY,
	SERVER,
	SESSIONS,
	TRUST_ANCHOR,
	USER,
	VIDEO,
};

export const PROFILE_NAMESPACE = "urn:hookswitch:profile:1";
export const PROFILE_TYPE = "application/vnd.hookswitch.profile+xml";

/** Elements under the root, in the order in which they are written. */
export const SECTIONS: readonly Section[] = Object.freeze([
	USER,
	ACCOUNT,
	SERVER,
	PROVIDER,
	SESSIONS,
	AUDIO,
	VIDEO,
	REGISTRATION,
	CALL,
	KEY,
	NETWORK,
	SECURITY,
	TRUST_ANCHOR,
	ACCESS,
	PROVISIONING,
]);

/** The root element. */
export const ROOT = section(
	"profile",
	"profile",
	"A profile document (RFC 6080, design §3).",
	{
		type: choice(
			"type",
			"device",
			PROFILE_TYPES,
			"Which of RFC 6080's profiles it is.",
			{ required: true },
		),
		for: text(
			"for",
			"",
			"Whose: the user's AoR, the device's instance URN, or the network's domain.",
			{ required: true, least: 1 },
		),
		version: text(
			"version",
			"",
			"For people. What identifies a document is the SHA-256 of its canonical bytes.",
		),
	},
	{ children: SECTIONS },
);
