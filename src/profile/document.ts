/**
 * A profile document as its reader sees it: just what it gives, typed, without
 * defaults. What we don't know of it stays in its bytes only. Design §3.
 */

import type { Given, ProfileType } from "./field.js";
import type {
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
} from "./fields.js";

export type GivenCredential = Given<typeof CREDENTIAL.fields>;
export type GivenUser = Given<typeof USER.fields> & {
	readonly credentials?: readonly GivenCredential[];
};
export type GivenAccount = Given<typeof ACCOUNT.fields> & {
	readonly credentials?: readonly GivenCredential[];
};
export type GivenServer = Given<typeof SERVER.fields>;
export type GivenKey = Given<typeof KEY.fields>;
export type GivenTrustAnchor = Given<typeof TRUST_ANCHOR.fields>;

export interface ProfileDocument {
	readonly type: ProfileType;
	/** Whose: an AoR, a device's instance URN, or a domain. */
	readonly for: string;
	/** For people; what identifies a document is its digest. */
	readonly version: string;
	readonly users?: readonly GivenUser[];
	readonly accounts?: readonly GivenAccount[];
	readonly servers?: readonly GivenServer[];
	readonly provider?: Given<typeof PROVIDER.fields>;
	readonly sessions?: Given<typeof SESSIONS.fields>;
	readonly audio?: Given<typeof AUDIO.fields>;
	readonly video?: Given<typeof VIDEO.fields>;
	readonly registration?: Given<typeof REGISTRATION.fields>;
	readonly call?: Given<typeof CALL.fields>;
	readonly keys?: readonly GivenKey[];
	readonly network?: Given<typeof NETWORK.fields>;
	readonly security?: Given<typeof SECURITY.fields>;
	readonly trustAnchors?: readonly GivenTrustAnchor[];
	readonly access?: Given<typeof ACCESS.fields>;
	readonly provisioning?: Given<typeof PROVISIONING.fields>;
}
