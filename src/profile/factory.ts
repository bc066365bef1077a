/**
 * The factory document: what a device is told before it leaves the bench. Settings
 * that arrive later may add to it, never unlock it. Design §5.
 */
import type { Host } from "../host.js";
import type { Decoded } from "../xml/document-error.js";
import type { ElementValues } from "./element.js";
import { encodeSection } from "./encode.js";
import { boolean, type Given, integer, section, text, uri } from "./field.js";
import { CREDENTIAL, TRUST_ANCHOR } from "./fields.js";
import { SectionReader } from "./reader.js";
import type { CredentialSettings } from "./settings.js";

export const FACTORY_NAMESPACE = "urn:hookswitch:factory:1";

const SERVER = section(
	"server",
	"servers",
	"Where the profile server is.",
	{
		uri: uri("uri", ["sip", "sips"], "Its address.", {
			required: true,
			least: 5,
		}),
	},
	{ keys: ["uri"], most: 8, isOrdered: true },
);

const FACTORY = section(
	"factory",
	"factory",
	"The factory document.",
	{
		instance: uri(
			"instance",
			["urn"],
			"The device's instance id (RFC 5626 §4.1), `urn:uuid:…`.",
			{ required: true, least: 45, most: 45 },
		),
		vendor: text("vendor", "", "The vendor, preferably its domain.", {
			required: true,
			least: 1,
		}),
		model: text("model", "", "The model.", { required: true, least: 1 }),
		version: text("version", "", "The version that was installed.", {
			required: true,
			least: 1,
		}),
		trustNetwork: boolean(
			"trust-network",
			false,
			"Answer digest challenges without TLS.",
		),
		backOffFloor: integer(
			"back-off-floor",
			0,
			100,
			600000,
			"Milliseconds until the first retry of a failed enrolment, until a profile says otherwise.",
		),
		buildTime: integer(
			"build-time",
			0,
			0,
			9999999999,
			"Seconds since 1970: the clock is never earlier.",
		),
	},
	{ children: [SERVER, CREDENTIAL, TRUST_ANCHOR] },
);

export interface FactoryDocument {
	/** `urn:uuid:…`, lower case. */
	readonly instance: string;
	readonly vendor: string;
	readonly model: string;
	readonly version: string;
	/** Where the profile server is, by URI, in order; may be empty. */
	readonly servers: readonly string[];
	readonly credentials: readonly CredentialSettings[];
	readonly trustAnchors: readonly {
		readonly id: string;
		readonly certificate: string;
	}[];
	/** Answer challenges without TLS. */
	readonly trustNetwork: boolean;
	/** Milliseconds; stands for the default of `provisioning/@back-off-floor` until a profile says otherwise. Undefined: not given. */
	readonly backOffFloor: number | undefined;
	/** Milliseconds since 1970: the clock is never earlier. 0 when not given. */
	readonly buildTime: number;
}

/** What the reader makes of the document. */
type GivenFactory = Given<typeof FACTORY.fields> & {
	readonly servers?: readonly Given<typeof SERVER.fields>[];
	readonly credentials?: readonly Given<typeof CREDENTIAL.fields>[];
	readonly trustAnchors?: readonly Given<typeof TRUST_ANCHOR.fields>[];
};

/** Never throws for what is in `bytes`. */
export function decodeFactory(
	host: Host,
	bytes: Uint8Array,
): Decoded<FactoryDocument> {
	const reader = new SectionReader(host, bytes, FACTORY_NAMESPACE);
	const decoded = reader.read<GivenFactory>(FACTORY);
	if (decoded.document === undefined) return decoded;
	const { document: given, warnings, canonical } = decoded;
	const document: FactoryDocument = {
		instance: (given.instance ?? "").toLowerCase(),
		vendor: given.vendor ?? "",
		model: given.model ?? "",
		version: given.version ?? "",
		servers: (given.servers ?? []).map((server) => server.uri ?? ""),
		credentials: (given.credentials ?? []).map((credential) => ({
			realm: credential.realm ?? "",
			algorithm: credential.algorithm ?? "SHA-256",
			user: credential.user ?? "",
			ha1: credential.ha1 ?? "",
			password: credential.password ?? "",
		})),
		trustAnchors: (given.trustAnchors ?? []).map((anchor) => ({
			id: anchor.id ?? "",
			certificate: anchor.certificate ?? "",
		})),
		trustNetwork: given.trustNetwork ?? false,
		backOffFloor: given.backOffFloor,
		buildTime: (given.buildTime ?? 0) * 1000,
	};
	return { document, warnings, canonical };
}

/** Canonical bytes. */
export function encodeFactory(
	host: Host,
	factory: FactoryDocument,
): Uint8Array {
	const values: ElementValues = {
		instance: factory.instance,
		vendor: factory.vendor,
		model: factory.model,
		version: factory.version,
		trustNetwork: factory.trustNetwork,
		backOffFloor: factory.backOffFloor,
		buildTime: Math.floor(factory.buildTime / 1000),
		servers: factory.servers.map((server) => ({ uri: server })),
		credentials: factory.credentials.map((credential) => ({
			realm: credential.realm,
			algorithm: credential.algorithm,
			user: given(credential.user),
			ha1: given(credential.ha1),
			password: given(credential.password),
		})),
		trustAnchors: factory.trustAnchors.map(({ id, certificate }) => ({
			id,
			certificate,
		})),
	};
	return encodeSection(host, FACTORY, values, FACTORY_NAMESPACE);
}

function given(value: string): string | undefined {
	return value === "" ? undefined : value;
}
