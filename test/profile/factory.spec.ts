import {
	decodeFactory,
	encodeFactory,
	type FactoryDocument,
} from "../../src/profile/factory.js";
import { canonical } from "../../src/xml/canonical.js";
import { deepEqual, describe, equal, host, it, utf8 } from "../portable.js";
import { HA1 } from "./samples.js";

const UUID = "urn:uuid:00000000-0000-1000-8000-00ff8d82edcb";
const factory: FactoryDocument = Object.freeze({
	instance: UUID,
	vendor: "example.com",
	model: "desk",
	version: "1.0",
	servers: ["sip:z.example.com", "sip:a.example.com"],
	credentials: [
		{
			realm: "r",
			algorithm: "SHA-256" as const,
			user: "u",
			ha1: HA1,
			password: "",
		},
	],
	trustAnchors: [{ id: "ca", certificate: "MIIB" }],
	trustNetwork: true,
	backOffFloor: 200,
	buildTime: 1_700_000_000_000,
});

describe("profile/factory: what a device is told before it leaves the bench", () => {
	it("is the same when it is read again, servers in their order", () => {
		const bytes = encodeFactory(host(), factory);
		equal(canonical(host(), bytes), bytes);
		deepEqual(decodeFactory(host(), bytes).document, factory);
	});

	it("what is not given has defaults that unlock nothing", () => {
		const text = `<factory xmlns="urn:hookswitch:factory:1" instance="${UUID.toUpperCase().replace("URN:UUID", "urn:uuid")}" vendor="v" model="m" version="1"/>`;
		deepEqual(decodeFactory(host(), utf8(text)).document, {
			instance: UUID,
			vendor: "v",
			model: "m",
			version: "1",
			servers: [],
			credentials: [],
			trustAnchors: [],
			trustNetwork: false,
			backOffFloor: undefined,
			buildTime: 0,
		});
	});

	it("mistakes are listed as those of a profile", () => {
		const { errors } = decodeFactory(
			host(),
			utf8(
				`<factory xmlns="urn:hookswitch:factory:1" instance="urn:uuid:1" vendor="v" trust-network="yes"><server/></factory>`,
			),
		);
		deepEqual(errors?.map(({ path, code }) => `${path} ${code}`).sort(), [
			"@instance bad-value",
			"@model missing-attribute",
			"@trust-network bad-value",
			"@version missing-attribute",
			"server/@uri missing-attribute",
		]);
		equal(
			decodeFactory(host(), new Uint8Array(0)).errors?.[0]?.code,
			"xml-unfinished",
		);
		equal(
			decodeFactory(host(), new Uint8Array(100).fill(0xff)).errors?.[0]?.code,
			"xml-encoding",
		);
	});
});
