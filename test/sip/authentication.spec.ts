import type { DigestAlgorithm } from "../../src/host.js";
import {
	AuthenticationState,
	answer,
	authorize,
	Challenger,
	type CredentialSource,
} from "../../src/sip/authentication.js";
import { digestResponse, ha1Of } from "../../src/sip/digest.js";
import { parseMessage } from "../../src/sip/message.js";
import {
	type HeaderField,
	type OutgoingRequest,
	writeRequest,
} from "../../src/sip/writer.js";
import { deepEqual, describe, equal, host, it, ok, utf8 } from "../portable.js";
import { sip } from "./vectors.js";

const source: CredentialSource = {
	find: (realm) =>
		realm === "example.com" ? { user: "alice", password: "secret" } : undefined,
};

const request = (change: Partial<OutgoingRequest> = {}): OutgoingRequest => ({
	method: "REGISTER",
	uri: "sip:example.com",
	route: [],
	from: "<sip:alice@example.com>;tag=1",
	to: "<sip:alice@example.com>",
	callId: "c",
	cseq: 1,
	headers: [],
	credentials: source,
	...change,
});

const refusal = (fields: readonly HeaderField[], status = 401) =>
	parseMessage(
		host(),
		utf8(
			sip([
				`SIP/2.0 ${status} Unauthorized`,
				"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1",
				"From: <sip:alice@example.com>;tag=1",
				"To: <sip:alice@example.com>;tag=2",
				"Call-ID: c",
				"CSeq: 1 REGISTER",
				...fields.map(([name, value]) => `${name}: ${value}`),
			]),
		),
	);
const www = (value: string): HeaderField => ["WWW-Authenticate", value];
const sha =
	'Digest realm="example.com", nonce="n1", algorithm=SHA-256, qop="auth"';
const md5 = 'Digest realm="example.com", nonce="n1", algorithm=MD5, qop="auth"';

/** What the server sees of a request with these headers. */
const received = (given: OutgoingRequest) =>
	parseMessage(
		host(),
		writeRequest(host(), given, "SIP/2.0/UDP a;branch=z9hG4bK1", undefined),
	);

describe("sip/authentication: the digest", () => {
	// RFC 7616 §3.9.1, one vector for each algorithm.
	const nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
	const cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
	const vectors: readonly (readonly [DigestAlgorithm, string])[] = [
		["MD5", "8ca523f5e9506fed4657c9700eebdbec"],
		[
			"SHA-256",
			"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
		],
	];
	for (const [algorithm, expected] of vectors)
		it(`is RFC 7616's by ${algorithm}`, () => {
			const realm = "http-auth@example.org";
			const ha1 = ha1Of(host(), algorithm, realm, {
				user: "Mufasa",
				password: "Circle of Life",
			});
			equal(
				digestResponse(
					host(),
					algorithm,
					ha1,
					nonce,
					`00000001:${cnonce}:auth`,
					"GET",
					"/dir/index.html",
				),
				expected,
			);
		});

	it("is RFC 2617's without a count", () => {
		const ha1 = ha1Of(host(), "MD5", "testrealm@host.com", {
			user: "Mufasa",
			password: "CircleOfLife",
		});
		// RFC 2069 §2.4 as corrected by its erratum.
		equal(
			digestResponse(
				host(),
				"MD5",
				ha1,
				"dcd98b7102dd2f0e8b11d0f600bfb0c093",
				undefined,
				"GET",
				"/dir/index.html",
			),
			"1949323746fe6a43ef61f9606e7febea",
		);
	});
});

describe("sip/authentication: client", () => {
	const respond = (
		fields: readonly HeaderField[],
		state = new AuthenticationState(),
		given = request(),
	) => answer(host(), given, refusal(fields), state);
	const algorithm = (headers: readonly HeaderField[] | undefined) =>
		/algorithm=([^,]+)/.exec(headers?.[0]?.[1] ?? "")?.[1];

	it("answers the topmost challenge that it can", () => {
		equal(algorithm(respond([www(sha), www(md5)])), "SHA-256");
		equal(algorithm(respond([www(md5), www(sha)])), "MD5");
		equal(
			algorithm(respond([www(sha.replace("SHA-256", "SHA3-512")), www(md5)])),
			"MD5",
		);
		equal(respond([www(sha), www(md5)])?.length, 1);
	});

	it("answers the algorithm that it has a digest for", () => {
		const some: CredentialSource = {
			find: (_realm, wanted) =>
				wanted === "MD5" ? { user: "alice", ha1: "00" } : undefined,
		};
		equal(
			algorithm(
				respond(
					[www(sha), www(md5)],
					undefined,
					request({ credentials: some }),
				),
			),
			"MD5",
		);
	});

	for (const [name, fields] of [
		[
			"a realm without credentials",
			[www(sha.replace("example.com", "x.example"))],
		],
		["Basic", [www('Basic realm="example.com"')]],
		["an algorithm that it doesn't know", [www(sha.replace("SHA-256", "X"))]],
		["qop without auth", [www(sha.replace('"auth"', '"auth-int"'))]],
		["a challenge without a nonce", [www('Digest realm="example.com"')]],
		["no challenge", []],
	] as const)
		it(`has no answer to ${name}`, () => {
			equal(respond(fields), undefined);
		});

	it("has no answer without credentials", () => {
		equal(
			respond([www(sha)], undefined, request({ credentials: undefined })),
			undefined,
		);
	});

	it("answers a proxy and a server, each in its header", () => {
		const headers = respond([["Proxy-Authenticate", sha], www(sha)]);
		deepEqual(
			headers?.map(([name]) => name),
			["Authorization", "Proxy-Authorization"],
		);
	});

	it("never answers the same realm again, but once when the nonce was stale", () => {
		const state = new AuthenticationState();
		ok(respond([www(sha)], state) !== undefined);
		equal(respond([www(sha)], state), undefined);
		equal(respond([www(sha.replace("n1", "n2"))], state), undefined);
		equal(respond([www(`${sha}, stale=true`)], state), undefined, "same nonce");
		const stale = (nonce: string) =>
			www(`${sha.replace("n1", nonce)}, stale=TRUE`);
		ok(respond([stale("n3")], state) !== undefined);
		equal(respond([stale("n4")], state), undefined);
	});

	it("does not fall back to a weaker algorithm after a refusal", () => {
		const state = new AuthenticationState();
		ok(respond([www(sha), www(md5)], state) !== undefined);
		equal(respond([www(sha), www(md5)], state), undefined);
	});

	it("counts when it uses a nonce again", () => {
		const state = new AuthenticationState();
		const first = respond([www(`${sha}, opaque="o\\"p"`)], state);
		equal(first?.[0]?.[1].includes("nc=00000001"), true);
		equal(first?.[0]?.[1].includes('opaque="o\\"p"'), true);
		const [next] = authorize(host(), request(), state);
		equal(next?.[1].includes("nc=00000002"), true);
	});
});

describe("sip/authentication: server", () => {
	const lookup = (user: string) =>
		user === "alice" ? { user, password: "secret" } : undefined;

	function signed(
		challenger: Challenger,
		now: number,
		change: Partial<OutgoingRequest> = {},
		state = new AuthenticationState(),
	) {
		const given = request(change);
		const headers = answer(
			host(),
			given,
			refusal(challenger.challenge(now)),
			state,
		);
		return { ...given, headers: headers ?? [] };
	}

	for (const algorithm of ["MD5", "SHA-256", "SHA-512-256"] as const)
		it(`accepts our client by ${algorithm}`, () => {
			const challenger = new Challenger(host(), {
				realm: "example.com",
				algorithms: [algorithm],
			});
			deepEqual(challenger.verify(0, received(signed(challenger, 0)), lookup), {
				kind: "accepted",
				user: "alice",
			});
		});

	it("asks with the best algorithm first", () => {
		const challenger = new Challenger(host(), { realm: 'a "b"' });
		const [first, second] = challenger.challenge(0);
		equal(first?.[1].includes("algorithm=SHA-256"), true);
		equal(first?.[1].includes('realm="a \\"b\\""'), true);
		equal(second?.[1].includes("algorithm=MD5"), true);
	});

	it("challenges what has no credentials, or those of another realm", () => {
		const challenger = new Challenger(host(), { realm: "example.com" });
		deepEqual(challenger.verify(0, received(request()), lookup), {
			kind: "challenge",
			stale: false,
		});
		const other = received(
			request({ headers: [["Authorization", "NoOneKnowsThisScheme x=y"]] }),
		);
		deepEqual(challenger.verify(0, other, lookup), {
			kind: "challenge",
			stale: false,
		});
	});

	it("refuses a wrong password, user, method or URI", () => {
		const challenger = new Challenger(host(), { realm: "example.com" });
		const wrong: CredentialSource = {
			find: () => ({ user: "alice", password: "guess" }),
		};
		const kind = (given: OutgoingRequest) =>
			challenger.verify(0, received(given), lookup).kind;
		equal(kind(signed(challenger, 0, { credentials: wrong })), "refused");
		const mallory: CredentialSource = {
			find: () => ({ user: "mallory", password: "secret" }),
		};
		equal(kind(signed(challenger, 0, { credentials: mallory })), "refused");
		equal(kind({ ...signed(challenger, 0), method: "BYE" }), "refused");
		equal(kind({ ...signed(challenger, 0), uri: "sip:x" }), "refused");
	});

	it("calls a replay, an old nonce and another server's nonce stale", () => {
		const challenger = new Challenger(host(), {
			realm: "example.com",
			lifetime: 1000,
		});
		const given = received(signed(challenger, 0));
		const stale = { kind: "challenge", stale: true };
		equal(challenger.verify(0, given, lookup).kind, "accepted");
		deepEqual(challenger.verify(0, given, lookup), stale);
		deepEqual(
			challenger.verify(1001, received(signed(challenger, 0)), lookup),
			stale,
		);
		const restarted = new Challenger(host(), { realm: "example.com" });
		deepEqual(
			restarted.verify(0, received(signed(challenger, 0)), lookup),
			stale,
		);
		equal(challenger.challenge(0, true)[0]?.[1].endsWith("stale=true"), true);
	});

	it("takes a nonce again with a higher count", () => {
		const challenger = new Challenger(host(), { realm: "example.com" });
		const state = new AuthenticationState();
		const first = signed(challenger, 0, {}, state);
		equal(challenger.verify(0, received(first), lookup).kind, "accepted");
		const headers = authorize(host(), request(), state);
		const second = received(request({ headers }));
		equal(challenger.verify(0, second, lookup).kind, "accepted");
	});

	it("keeps a bounded number of counts, and nothing replays past it", () => {
		const challenger = new Challenger(host(), {
			realm: "example.com",
			nonces: 2,
		});
		const given = [1, 2, 3].map((now) => received(signed(challenger, now)));
		for (const each of given)
			equal(challenger.verify(5, each, lookup).kind, "accepted");
		for (const each of given)
			equal(challenger.verify(5, each, lookup).kind, "challenge");
	});
});
