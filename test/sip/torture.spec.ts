import { SipEndpoint } from "../../src/sip/endpoint.js";
import { Header } from "../../src/sip/header.js";
import { type Message, parseMessage } from "../../src/sip/message.js";
import {
	ascii,
	deepEqual,
	describe,
	equal,
	host,
	it,
	ok,
	throws,
	utf8,
} from "../portable.js";
import { torture } from "./torture.js";

function bytesOf(name: string): Uint8Array {
	const row = torture.find((each) => each.name === name);
	ok(row !== undefined);
	const text = utf8(row.message);
	const bytes = new Uint8Array(text.length + (row.binary?.length ?? 0));
	bytes.set(text);
	bytes.set(row.binary ?? [], text.length);
	return bytes;
}

/** What an endpoint makes of it as a datagram: the kind of its output, or the status that it answers. */
function outcome(name: string): string {
	const endpoint = new SipEndpoint(host(), { trace: false });
	endpoint.setLocal(0, { host: "192.0.2.99", port: 5060 });
	endpoint.datagram(0, bytesOf(name), { host: "203.0.113.1", port: 5060 });
	const outputs: string[] = [];
	for (let each = endpoint.next(); each !== undefined; each = endpoint.next())
		outputs.push(
			each.kind === "datagram" ? ascii(each.bytes).slice(8, 11) : each.kind,
		);
	return outputs.join(" ");
}

describe("sip/torture: RFC 4475", () => {
	equal(torture.length, 49);
	for (const row of torture) {
		const title = `${row.section} ${row.name}: ${row.code ?? "accepted"}${row.gap === undefined ? "" : ` (gap: ${row.gap})`}`;
		it(title, () => {
			const bytes = bytesOf(row.name);
			if (row.code !== undefined) {
				throws(() => parseMessage(host(), bytes), row.code);
				equal(
					outcome(row.name),
					row.answer === undefined ? "malformed" : `malformed ${row.answer}`,
				);
				return;
			}
			const message = parseMessage(host(), bytes);
			equal(message.isRequest ? message.method : message.status, row.accepted);
			// A response that we did not ask for goes no further.
			equal(outcome(row.name), message.isRequest ? "request" : "malformed");
		});
	}

	const details: Readonly<Record<string, (message: Message) => void>> = {
		wsinv: (message) => {
			equal(message.from.display, 'J Rosenberg \\"');
			equal(message.to.tag, "1918181833n");
			deepEqual(message.cseq, { number: 9, method: "INVITE" });
			equal(message.via.branch, "390skdjuw");
			equal(message.maxForwards, 68);
			equal(message.contacts[0]?.display, 'Quoted string ""');
			equal(message.header(Header.Subject), "");
			equal(message.headerNamed("unknownheaderwithunusualvalue"), ";;,,;;,;");
		},
		intmeth: (message) => {
			equal(message.to.display, "BEL:\x07 NUL:\x00 DEL:\x7f");
			equal(message.from.tag, "_token~1'+`*%!-.");
			equal(message.uri.host, "example.com");
		},
		esc01: (message) => {
			equal(message.uri.user, "sips:user@example.com");
			equal(message.to.uri.user, "user");
			const parameters = message.contacts[0]?.uri.parameters;
			deepEqual(parameters, [
				{ name: "lr", value: undefined },
				{ name: "name", value: "value%41" },
			]);
		},
		escnull: (message) => {
			deepEqual(
				message.contacts.map(({ uri }) => uri.user),
				["\0", "\0\0"],
			);
		},
		esc02: (message) => {
			equal(message.to.display, "%Z%45");
			equal(message.contacts.length, 1);
		},
		lwsdisp: (message) => equal(message.from.display, "caller"),
		semiuri: (message) => equal(message.uri.user, "user;par=u@example.net"),
		mpart01: (message) => {
			equal(message.body.length, 8);
			equal(message.contentType?.type, "multipart/mixed");
		},
		unreason: (message) => equal(message.reason.startsWith("= 2**3"), true),
		noreason: (message) => equal(message.reason, ""),
		dblreq: (message) => equal(message.body.length, 0),
		bcast: (message) => equal(message.hasOneVia, false),
		unkscm: (message) => equal(message.uri.scheme, "nobodyknowsthisscheme"),
		bext01: (message) => equal(message.list(Header.Require).length, 2),
		cparam01: (message) =>
			deepEqual(message.contacts[0]?.parameters, [
				{ name: "unknownparam", value: undefined },
			]),
		cparam02: (message) => deepEqual(message.contacts[0]?.parameters, []),
		regescrt: (message) =>
			deepEqual(message.contacts[0]?.uri.headers, [
				{ name: "route", value: "<sip:sip.example.com>" },
			]),
		inv2543: (message) => equal(message.via.branch, undefined),
	};
	for (const name of Object.keys(details))
		it(`${name}: its values`, () => {
			details[name]?.(parseMessage(host(), bytesOf(name)));
		});
});
