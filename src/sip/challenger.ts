/**
 * Digest authentication as server (RFC 7616 §3.3, RFC 8760): nonces that carry their
 * time and an HMAC, so that handing one out costs no memory; only nonces in use are
 * kept, for their counts, in a bounded table.
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
import { type HeaderField, quote } from "./writer.js";

export type Verdict =
	| { readonly kind: "accepted"; readonly user: string }
	/** No credentials, or right ones with a nonce that is too old: answer 401 with `challenge(now, stale)`. */
	| { readonly kind: "challenge"; readonly stale: boolean }
	/** Wrong credentials: 401 with a fresh challenge, or 403. */
	| { readonly kind: "refused"; readonly user: string };

export interface ChallengerOptions {
	readonly realm: string;
	/** Best first. Default SHA-256, MD5. */
	readonly algorithms?: readonly DigestAlgorithm[] | undefined;
	/** How long a nonce is good, in ms. */
	readonly lifetime?: number | undefined;
	/** Proxy-Authenticate and 407 in place of WWW-Authenticate and 401. */
	readonly proxy?: boolean | undefined;
	/** Nonces in use at a time whose counts are kept. */
	readonly nonces?: number | undefined;
}

const defaultAlgorithms: readonly DigestAlgorithm[] = Object.freeze([
	"SHA-256",
	"MD5",
] as const);
const defaultLifetime = 300000;
const defaultNonces = 256;
/** Hexadecimal digits of a nonce: time in ms, salt, half an HMAC. */
const timeDigits = 12;
const saltDigits = 16;
const nonceDigits = timeDigits + saltDigits + 32;

export class Challenger {
	readonly #host: Host;
	readonly #realm: string;
	readonly #algorithms: readonly DigestAlgorithm[];
	readonly #lifetime: number;
	readonly #proxy: boolean;
	readonly #limit: number;
	readonly #key: Uint8Array;
	/** Highest count seen, by nonce, oldest nonce first. */
	readonly #counts = new Map<string, number>();
	/** Nonces from before this time may have fallen out of the table: they are stale. */
	#horizon = Number.NEGATIVE_INFINITY;

	constructor(host: Host, options: ChallengerOptions) {
		this.#host = host;
		this.#realm = options.realm;
		this.#algorithms = options.algorithms ?? defaultAlgorithms;
		this.#lifetime = options.lifetime ?? defaultLifetime;
		this.#proxy = options.proxy ?? false;
		this.#limit = options.nonces ?? defaultNonces;
		this.#key = host.random(32);
	}

	/** WWW-Authenticate (or Proxy-Authenticate) headers, one for each algorithm. */
	challenge(now: number, stale = false): readonly HeaderField[] {
		const nonce = this.#nonce(now);
		const name = this.#proxy ? "Proxy-Authenticate" : "WWW-Authenticate";
		const suffix = stale ? ", stale=true" : "";
		return this.#algorithms.map((algorithm) => [
			name,
			`Digest realm=${quote(this.#realm)}, nonce="${nonce}", algorithm=${algorithm}, qop="auth"${suffix}`,
		]);
	}

	verify(
		now: number,
		message: Message,
		lookup: (
			user: string,
			algorithm: DigestAlgorithm,
		) => Credential | undefined,
	): Verdict {
		const given = message.challenges(
			this.#proxy ? Header.ProxyAuthorization : Header.Authorization,
		);
		for (const { scheme, parameters } of given)
			if (scheme === "digest" && parameter(parameters, "realm") === this.#realm)
				return this.#check(now, message, parameters, lookup);
		return { kind: "challenge", stale: false };
	}

	#check(
		now: number,
		message: Message,
		parameters: Challenge["parameters"],
		lookup: (
			user: string,
			algorithm: DigestAlgorithm,
		) => Credential | undefined,
	): Verdict {
		const user = parameter(parameters, "username") ?? "";
		const nonce = parameter(parameters, "nonce") ?? "";
		const uri = parameter(parameters, "uri") ?? "";
		const response = parameter(parameters, "response") ?? "";
		const clientNonce = parameter(parameters, "cnonce") ?? "";
		const countText = parameter(parameters, "nc") ?? "";
		const algorithm = algorithmOf(parameter(parameters, "algorithm") ?? "MD5");
		const refused: Verdict = { kind: "refused", user };
		// qop "auth" is demanded: without a count a replay can't be told.
		if (
			algorithm === undefined ||
			!this.#algorithms.includes(algorithm) ||
			parameter(parameters, "qop")?.toLowerCase() !== "auth" ||
			clientNonce === "" ||
			!/^[0-9a-fA-F]{8}$/.test(countText) ||
			uri !== message.uriText
		)
			return refused;
		const credential = lookup(user, algorithm);
		if (credential === undefined) return refused;
		const expected = digestResponse(
			this.#host,
			algorithm,
			ha1Of(this.#host, algorithm, this.#realm, credential),
			nonce,
			`${countText}:${clientNonce}:auth`,
			message.method,
			uri,
		);
		if (response.toLowerCase() !== expected) return refused;
		// Whoever knows the password may be told that only the nonce is wrong.
		if (!this.#isOurs(now, nonce)) return { kind: "challenge", stale: true };
		const count = Number.parseInt(countText, 16);
		const seen = this.#counts.get(nonce);
		if (count <= (seen ?? 0)) return { kind: "challenge", stale: true };
		if (seen === undefined) this.#makeRoom();
		this.#counts.set(nonce, count);
		return { kind: "accepted", user };
	}

	#nonce(now: number): string {
		const salt = this.#host.hex(
			this.#host.random(saltDigits / 2),
			0,
			saltDigits / 2,
		);
		const text = `${Math.floor(now).toString(16).padStart(timeDigits, "0")}${salt}`;
		return `${text}${this.#code(text)}`;
	}

	#isOurs(now: number, nonce: string): boolean {
		if (nonce.length !== nonceDigits) return false;
		const text = nonce.slice(0, timeDigits + saltDigits);
		if (this.#code(text) !== nonce.slice(timeDigits + saltDigits)) return false;
		const time = Number.parseInt(nonce.slice(0, timeDigits), 16);
		return now - time <= this.#lifetime && time > this.#horizon;
	}

	#code(text: string): string {
		const bytes = this.#host.encode(`${this.#realm}:${text}`);
		const code = this.#host.hmac("SHA-256", this.#key, [bytes]);
		return this.#host.hex(code, 0, 16);
	}

	/** Drops the nonce that came into use first, and with it all that are as old. */
	#makeRoom(): void {
		if (this.#counts.size < this.#limit) return;
		for (const nonce of this.#counts.keys()) {
			const time = Number.parseInt(nonce.slice(0, timeDigits), 16);
			if (time > this.#horizon) this.#horizon = time;
			this.#counts.delete(nonce);
			return;
		}
	}
}
