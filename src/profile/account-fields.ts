/**
 * Settings tables: who the phone is (users, accounts, credentials) and which
 * servers and provider it deals with. Design §3.
 */
import {
	boolean,
	choice,
	domain,
	hexadecimal,
	identifier,
	integer,
	section,
	text,
	uri,
} from "./field.js";

const SIP = Object.freeze(["sip", "sips"]);

export const CREDENTIAL = section(
	"credential",
	"credentials",
	"What answers a digest challenge (RFC 3261 §22, RFC 8760) of one realm with one algorithm.",
	{
		realm: text(
			"realm",
			"",
			"The realm of the challenge, as the server sends it.",
			{
				required: true,
				least: 1,
				interrupts: "registration",
			},
		),
		algorithm: choice(
			"algorithm",
			"SHA-256",
			["MD5", "SHA-256", "SHA-512-256"],
			"The digest algorithm that `ha1` was made with.",
			{ open: true, interrupts: "registration" },
		),
		user: text(
			"user",
			"",
			"The user name to authenticate with; if empty, the account's `auth-user`, else the user part of the AoR.",
			{ interrupts: "registration" },
		),
		ha1: hexadecimal(
			"ha1",
			"Digest of `user:realm:password` with the algorithm: 32 digits for MD5, else 64.",
			{ secret: true, interrupts: "registration" },
		),
		password: text(
			"password",
			"",
			"The password itself, for a server whose realm is not known in advance. Prefer `ha1`.",
			{ secret: true, interrupts: "registration" },
		),
	},
	{ keys: ["realm", "algorithm"], most: 8 },
);

export const USER = section(
	"user",
	"users",
	"A user of the device: it enrols for this user's profile.",
	{
		aor: uri("aor", SIP, "The user's address of record.", {
			required: true,
			least: 5,
			interrupts: "enrolment",
		}),
	},
	{ keys: ["aor"], most: 16, within: ["device"], children: [CREDENTIAL] },
);

export const ACCOUNT = section(
	"account",
	"accounts",
	"An address of record that the phone registers and calls with.",
	{
		id: identifier("id", "Tells accounts of one document apart.", {
			required: true,
		}),
		aor: uri("aor", SIP, "The address of record.", {
			required: true,
			least: 5,
			interrupts: "registration",
		}),
		displayName: text(
			"display-name",
			"",
			"The name that others see beside the address.",
		),
		authUser: text(
			"auth-user",
			"",
			"The user name for authentication; if empty, the user part of the AoR.",
			{ interrupts: "registration" },
		),
		label: text("label", "", "What the phone writes beside the line's key."),
		enabled: boolean("enabled", true, "Is the account used?", {
			interrupts: "registration",
		}),
		anonymous: boolean(
			"anonymous",
			false,
			"Withhold the caller's identity in calls (RFC 3323).",
		),
	},
	{ keys: ["id"], most: 16, children: [CREDENTIAL] },
);

export const SERVER = section(
	"server",
	"servers",
	"A server by its role. The most specific document that names a role gives all its servers.",
	{
		role: choice(
			"role",
			"registrar",
			[
				"registrar",
				"outbound-proxy",
				"stun",
				"voicemail",
				"conference",
				"presence",
				"profile",
				"emergency",
			],
			"What the server is for.",
			{ required: true, open: true, interrupts: "registration" },
		),
		priority: integer(
			"priority",
			1,
			0,
			65535,
			"Lower is tried first, as in SRV records.",
			{ interrupts: "registration" },
		),
		uri: uri(
			"uri",
			["sip", "sips", "stun", "stuns", "tel"],
			"Its address as a URI. A URI or a domain must be given.",
			{ least: 5, interrupts: "registration" },
		),
		domain: domain("domain", "Its domain, found by RFC 3263.", {
			least: 1,
			interrupts: "registration",
		}),
	},
	{ keys: ["role", "priority"], most: 32, perAccount: true },
);

export const PROVIDER = section(
	"provider",
	"provider",
	"Who gives the service.",
	{
		name: text("name", "", "The provider's name."),
		domain: domain("domain", "The provider's domain."),
		address: text("address", "", "The provider's postal address."),
		help: uri("help", ["sip", "sips", "tel"], "Where the help desk is called."),
		web: uri("web", ["https", "http"], "The provider's page for users."),
	},
	{ perAccount: true },
);

export const SESSIONS = section(
	"sessions",
	"sessions",
	"Which kinds of session are permitted.",
	{
		audio: boolean("audio", true, "Audio calls.", { merge: "all" }),
		video: boolean("video", false, "Video calls and conferences.", {
			merge: "all",
		}),
		message: boolean("message", true, "Instant messages.", { merge: "all" }),
		pstn: boolean("pstn", true, "Calls to the telephone network.", {
			merge: "all",
		}),
		mostCalls: integer(
			"most-calls",
			2,
			1,
			16,
			"How many calls may be up at once.",
			{ merge: "lowest" },
		),
	},
	{ perAccount: true },
);

export const REGISTRATION = section(
	"registration",
	"registration",
	"How accounts register (RFC 3261 §10, RFC 5626).",
	{
		expires: integer(
			"expires",
			3600,
			60,
			86400,
			"Seconds to ask for in REGISTER.",
			{ interrupts: "registration" },
		),
		keepalive: integer(
			"keepalive",
			30,
			0,
			3600,
			"Seconds between keepalives to the registrar (RFC 5626 §3.5); 0 for none.",
		),
		outbound: boolean(
			"outbound",
			false,
			"Register with reg-id and `Supported: outbound` (RFC 5626).",
			{ interrupts: "registration" },
		),
		retryFloor: integer(
			"retry-floor",
			30,
			1,
			3600,
			"Seconds until the first retry of a failed registration (RFC 5626 §4.5).",
		),
		retryCeiling: integer(
			"retry-ceiling",
			1800,
			1,
			86400,
			"Seconds that the pause between retries grows to.",
		),
	},
	{ perAccount: true },
);
