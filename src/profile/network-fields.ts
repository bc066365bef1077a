/** Settings tables: network, security, and the profile's own retry and back-off. Design §3, §4, §6, §7. */
import {
	base64,
	boolean,
	choice,
	identifier,
	integer,
	list,
	section,
	text,
	tokens,
} from "./field.js";

export const NETWORK = section(
	"network",
	"network",
	"The phone on its network.",
	{
		vlan: integer(
			"vlan",
			0,
			0,
			4094,
			"VLAN of the phone's own traffic; 0 for untagged.",
			{ merge: "general", interrupts: "network" },
		),
		vlanPriority: integer(
			"vlan-priority",
			5,
			0,
			7,
			"802.1p priority within that VLAN.",
			{ merge: "general", interrupts: "network" },
		),
		sipPort: integer(
			"sip-port",
			5060,
			1,
			65535,
			"Local port of SIP over UDP and TCP.",
			{ interrupts: "network" },
		),
		sipDscp: integer("sip-dscp", 24, 0, 63, "DSCP of SIP packets.", {
			merge: "general",
		}),
		transports: list(
			"transports",
			["udp", "tcp", "tls"],
			["udp", "tcp", "tls"],
			"Transports to use where a URI and DNS leave the choice, the preferred one first.",
			{ interrupts: "registration" },
		),
		ntp: tokens("ntp", [], "Time servers, in order.", { merge: "general" }),
		timeZone: text("time-zone", "UTC0", "The time zone as a POSIX TZ string."),
		language: text("language", "en", "Language tag (RFC 5646)."),
	},
);

export const SECURITY = section(
	"security",
	"security",
	"What the phone trusts.",
	{
		tls: choice(
			"tls",
			"allowed",
			["allowed", "preferred", "required"],
			"Whether SIP goes over TLS.",
			{ merge: "strictest", interrupts: "registration" },
		),
		tlsVersion: choice(
			"tls-version",
			"1.2",
			["1.2", "1.3"],
			"The lowest version of TLS.",
			{ merge: "strictest", interrupts: "registration" },
		),
		srtp: choice(
			"srtp",
			"off",
			["off", "optional", "required"],
			"Whether media is encrypted.",
			{ merge: "strictest" },
		),
		directCalls: boolean(
			"direct-calls",
			false,
			"Accept requests that do not come from a provisioned server.",
			{ merge: "all" },
		),
		trustFrom: boolean(
			"trust-from",
			false,
			"The proxy authenticates From: an access list may allow by it.",
			{ merge: "all" },
		),
	},
);

export const TRUST_ANCHOR = section(
	"trust-anchor",
	"trustAnchors",
	"A certificate authority that the phone trusts, beside those of the factory.",
	{
		id: identifier("id", "Tells trust anchors apart.", { required: true }),
		certificate: base64(
			"certificate",
			"The X.509 certificate, DER in Base64.",
			{
				required: true,
				interrupts: "registration",
			},
		),
	},
	{ keys: ["id"], most: 8, within: ["device"] },
);

export const PROVISIONING = section(
	"provisioning",
	"provisioning",
	"How the phone keeps itself provisioned (RFC 6080).",
	{
		expires: integer(
			"expires",
			86400,
			60,
			604800,
			"Seconds to ask for in SUBSCRIBE.",
		),
		backOffFloor: integer(
			"back-off-floor",
			32000,
			100,
			600000,
			"Milliseconds until the first retry of a failed enrolment (RFC 6080 §5.3.2); doubled eight times at most.",
		),
		restartSpread: integer(
			"restart-spread",
			0,
			0,
			600000,
			"Milliseconds over which phones spread their enrolment after a power loss.",
		),
		statusReports: boolean(
			"status-reports",
			true,
			"Publish what became of each document.",
		),
		largestDocument: integer(
			"largest-document",
			// With its header it fits the 32 KB that a phone takes for a message.
			30720,
			4096,
			1048576,
			"Bytes of the largest document that is announced and taken.",
			{ merge: "lowest" },
		),
	},
);
