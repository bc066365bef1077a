/**
 * The settings in force: what the documents give, merged field by field, with
 * every default filled in. Typed, so nothing downstream checks again. Design §3.
 */

import type { Values } from "./field.js";
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
	VIDEO,
} from "./fields.js";

/** `user` is filled in: from the account's `auth-user`, else its AoR's user part. `ha1` and `password`: empty when not given; one of them is. */
export type CredentialSettings = Values<typeof CREDENTIAL.fields>;
export interface UserSettings {
	readonly aor: string;
	readonly credentials: readonly CredentialSettings[];
}
export type ServerRole = Values<typeof SERVER.fields>["role"];
/** `uri` is always there: a server given by `domain` has `sip:domain`. */
export interface ServerSettings {
	readonly role: ServerRole;
	readonly uri: string;
	readonly priority: number;
}
export type ProviderSettings = Values<typeof PROVIDER.fields>;
export type SessionSettings = Values<typeof SESSIONS.fields>;
export type AudioSettings = Values<typeof AUDIO.fields>;
export type VideoSettings = Values<typeof VIDEO.fields>;
export type RegistrationSettings = Values<typeof REGISTRATION.fields>;
export type CallSettings = Values<typeof CALL.fields>;
export type KeySettings = Values<typeof KEY.fields>;
export type NetworkSettings = Values<typeof NETWORK.fields>;
export type SecuritySettings = Values<typeof SECURITY.fields>;
export type TrustAnchorSettings = Values<typeof TRUST_ANCHOR.fields>;
export type AccessSettings = Values<typeof ACCESS.fields>;
export type ProvisioningSettings = Values<typeof PROVISIONING.fields>;

/** What an account or the phone itself has its own of. Servers are sorted by role, then priority. */
export interface Service {
	readonly servers: readonly ServerSettings[];
	readonly provider: ProviderSettings;
	readonly sessions: SessionSettings;
	readonly registration: RegistrationSettings;
	readonly call: CallSettings;
	readonly access: AccessSettings;
}
/** An account, with the service that its own user's document and the more general ones give it. */
export type AccountSettings = Values<typeof ACCOUNT.fields> &
	Service & {
		/** `for` of the document that holds the account: the user's AoR, or the device. */
		readonly owner: string;
		readonly credentials: readonly CredentialSettings[];
	};
/** The service at the top is the phone's own (that of the local-network and device documents, and of the first user). */
export interface Settings extends Service {
	readonly users: readonly UserSettings[];
	readonly accounts: readonly AccountSettings[];
	readonly audio: AudioSettings;
	readonly video: VideoSettings;
	readonly keys: readonly KeySettings[];
	readonly network: NetworkSettings;
	readonly security: SecuritySettings;
	readonly trustAnchors: readonly TrustAnchorSettings[];
	readonly provisioning: ProvisioningSettings;
}
/** What the documents make together. */
export interface Merged {
	readonly settings: Settings;
	/**
	 * Where the value at a path comes from: `default`, `local-network`, `device`,
	 * `user sip:…`. An account's own service stands after its element:
	 * `account[a1]/registration/@expires`.
	 */
	origin(path: string): string;
}

export { merge } from "./merge.js";
