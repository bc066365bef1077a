/**
 * Digest authentication as client (RFC 3261 §22, RFC 7616, RFC 8760): which
 * challenges are answered, and how. Knows nothing of how requests are sent again.
 */
import type { DigestAlgorithm, Host } from "../host.js";
import {
	algorithmOf,
	type Credential,
	digestResponse,
	ha1Of,
} from "./digest.js";
import { Header } from "./header.js";
import type { Message } from "./message.js";
import { parameter } from "./uri.js";
import type { Challenge } from "./value.js";
import { type HeaderField, type OutgoingRequest, quote } from "./writer.js";

export {
	Challenger,
	type ChallengerOptions,
	type Verdict,
} from "./challenger.js";
export type { Credential } from "./digest.js";

export interface CredentialSource {
	/** undefined: this realm (with this algorithm) gets no answer. */
	find(realm: string, algorithm: DigestAlgorithm): Credential | undefined;
}

/** One realm's nonce, as far as we have used it. */
interface Session {
	readonly proxy: boolean;
	readonly realm: string;
	readonly algorithm: DigestAlgorithm;
	/** Was the algorithm named, so that we name it too? */
	readonly named: boolean;
	readonly nonce: string;
	readonly opaque: string | undefined;
	/** qop "auth"; without it the server is of RFC 2069. */
	readonly counted: boolean;
	count: number;
	/** Answers so far: the first, and one more to `stale`. */
	attempts: number;
}

/** A realm that answers twice is tried twice; more realms than this are no proxies of ours. */
const maximumSessions = 4;

/**
 * What is remembered of challenges: of one request and its repetitions, so that none
 * is answered twice; and once the server has taken the credentials, for `authorize`.
 */
export class AuthenticationState {
	readonly sessions: Session[] = [];
}

/**
 * Credentials for the challenges of a 401 or 407, or undefined when none can be met
 * (no credentials for the realm, no algorithm that we know, already refused).
 * The caller sends the request again with CSeq + 1, these headers added, and those
 * of an earlier answer removed.
 */
export function answer(
	host: Host,
	request: OutgoingRequest,
	response: Message,
	state: AuthenticationState,
): readonly HeaderField[] | undefined {
	const fresh: Session[] = [];
	collect(response, false, request, state, fresh);
	collect(response, true, request, state, fresh);
	if (fresh.length === 0) return undefined;
	return authorize(host, request, state);
}

/** Credentials ahead of any challenge, from the nonces that are known; empty when there are none. */
export function authorize(
	host: Host,
	request: OutgoingRequest,
	state: AuthenticationState,
): readonly HeaderField[] {
	const headers: HeaderField[] = [];
	for (const session of state.sessions) {
		const { realm, algorithm } = session;
		const credential = request.credentials?.find(realm, algorithm);
		if (credential === undefined) continue;
		headers.push([
			session.proxy ? "Proxy-Authorization" : "Authorization",
			credentials(host, request, session, credential),
		]);
	}
	return headers;
}

/** Takes up the challenges of one header that can be answered: for each realm the topmost (RFC 8760 §2.4). */
function collect(
	response: Message,
	proxy: boolean,
	request: OutgoingRequest,
	state: AuthenticationState,
	fresh: Session[],
): void {
	const { credentials: source } = request;
	if (source === undefined) return;
	const challenges = response.challenges(
		proxy ? Header.ProxyAuthenticate : Header.WwwAuthenticate,
	);
	for (const challenge of challenges) {
		const session = sessionOf(challenge, proxy);
		if (session === undefined) continue;
		const same = (each: Session) =>
			each.proxy === proxy && each.realm === session.realm;
		if (fresh.some(same)) continue;
		const at = state.sessions.findIndex(same);
		const earlier = state.sessions[at];
		if (earlier !== undefined && earlier.attempts > 0) {
			// Refused, unless the server says that only the nonce was too old; once.
			const stale = parameter(challenge.parameters, "stale")?.toLowerCase();
			if (
				stale !== "true" ||
				earlier.attempts > 1 ||
				earlier.nonce === session.nonce
			)
				continue;
		}
		if (source.find(session.realm, session.algorithm) === undefined) continue;
		session.attempts = (earlier?.attempts ?? 0) + 1;
		if (earlier !== undefined) state.sessions[at] = session;
		else if (state.sessions.length < maximumSessions)
			state.sessions.push(session);
		else continue;
		fresh.push(session);
	}
}

/** undefined: a challenge that we can't answer. */
function sessionOf(challenge: Challenge, proxy: boolean): Session | undefined {
	const { scheme, parameters } = challenge;
	if (scheme !== "digest") return undefined;
	const realm = parameter(parameters, "realm");
	const nonce = parameter(parameters, "nonce");
	const name = parameter(parameters, "algorithm");
	const algorithm = algorithmOf(name ?? "MD5");
	const qop = parameter(parameters, "qop");
	if (realm === undefined || nonce === undefined || algorithm === undefined)
		return undefined;
	if (qop !== undefined && !qop.toLowerCase().split(/[, ]+/).includes("auth"))
		return undefined;
	return {
		proxy,
		realm,
		algorithm,
		named: name !== undefined,
		nonce,
		opaque: parameter(parameters, "opaque"),
		counted: qop !== undefined,
		count: 0,
		attempts: 0,
	};
}

function credentials(
	host: Host,
	request: OutgoingRequest,
	session: Session,
	credential: Credential,
): string {
	const { realm, nonce, algorithm, opaque } = session;
	const { method, uri } = request;
	session.count++;
	const count = session.count.toString(16).padStart(8, "0");
	const clientNonce = session.counted ? host.hex(host.random(8), 0, 8) : "";
	const response = digestResponse(
		host,
		algorithm,
		ha1Of(host, algorithm, realm, credential),
		nonce,
		session.counted ? `${count}:${clientNonce}:auth` : undefined,
		method,
		uri,
	);
	const parts = [
		`Digest username=${quote(credential.user)}, realm=${quote(realm)}, nonce=${quote(nonce)}, uri="${uri}", response="${response}"`,
	];
	if (session.named) parts.push(`, algorithm=${algorithm}`);
	if (opaque !== undefined) parts.push(`, opaque=${quote(opaque)}`);
	if (session.counted)
		parts.push(`, qop=auth, nc=${count}, cnonce="${clientNonce}"`);
	return parts.join("");
}
