/**
 * Which document a SUBSCRIBE to `ua-profile` asks for (RFC 6080 §5.1.4): from the
 * Request-URI and the Event header's profile-type.
 */
import type { Address } from "../../src/port.js";
import type { Message } from "../../src/sip/message.js";
import { isNumeric, parameter, type Uri } from "../../src/sip/uri.js";
import type { OutgoingResponse } from "../../src/sip/writer.js";
import type { DocumentName, Profile } from "./documents.js";

/** In front of the domain in a local network's Request-URI. */
const localNetworkPrefix = "_sipuaconfig.";

/** undefined: a profile type that we don't have. A response: the request isn't for us. */
export function requested(
	message: Message,
	domains: readonly string[],
	local: Address,
): DocumentName | OutgoingResponse | undefined {
	const { uri } = message;
	if (uri.scheme !== "sip" && uri.scheme !== "sips") return { status: 416 };
	if (!isOurs(uri, domains, local)) return { status: 404 };
	const profile = profileType(message);
	const user = uri.user ?? "";
	const host = uri.host.startsWith(localNetworkPrefix)
		? uri.host.slice(localNetworkPrefix.length)
		: uri.host;
	switch (profile) {
		case "local-network":
			return { profile, subject: host };
		case "device":
			return user === "" ? undefined : { profile, subject: user.toLowerCase() };
		case "user":
		case "access":
			return user === ""
				? undefined
				: { profile, subject: `sip:${user}@${domainOf(uri, domains)}` };
		default:
			return undefined;
	}
}

/** Bare `ua-profile` (a phone that met a server without RFC 6080's parameters before): the URI tells. */
function profileType(message: Message): Profile | undefined {
	const given = parameter(
		message.event?.parameters ?? [],
		"profile-type",
	)?.toLowerCase();
	switch (given) {
		case undefined: {
			const { user } = message.uri;
			if (user === undefined) return "local-network";
			return user.toLowerCase().startsWith("urn:") ? "device" : "user";
		}
		case "local-network":
		case "device":
		case "user":
		case "access":
			return given;
		default:
			return undefined;
	}
}

function isOurs(
	{ host }: Uri,
	domains: readonly string[],
	local: Address,
): boolean {
	if (domains.length === 0 || host === local.host) return true;
	// A phone that knows no more than an address (DHCP option 120) names that.
	if (isNumeric(host)) return true;
	return domains.some(
		(domain) => host === domain || host.endsWith(`.${domain}`),
	);
}

/** A user asked for at an address is the first domain's. */
function domainOf({ host }: Uri, domains: readonly string[]): string {
	return isNumeric(host) ? (domains[0] ?? host) : host;
}
