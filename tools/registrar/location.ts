/**
 * REGISTER (RFC 3261 §10.3): who may bind which contact, for how long. Gives the
 * response; authentication has happened.
 */
import type { Host } from "../../src/host.js";
import type { Target } from "../../src/sip/endpoint.js";
import { Header } from "../../src/sip/header.js";
import type { Message } from "../../src/sip/message.js";
import { equalUri, parameter, parseUriText } from "../../src/sip/uri.js";
import type { HeaderField, OutgoingResponse } from "../../src/sip/writer.js";
import type { Binding, Bindings } from "./bindings.js";

/** Seconds. Shorter ones are refused with 423: each costs a request of both sides. */
const shortestExpiry = 30;
const longestExpiry = 7200;
const defaultExpiry = 3600;
/** Contacts of one AoR; a phone that never unregisters old addresses stays within bounds. */
const contactLimit = 10;

export function register(
	host: Host,
	bindings: Bindings,
	request: Message,
	aor: string,
	source: Target,
): OutgoingResponse {
	const wallClock = host.wallClock();
	const before = bindings.of(aor, wallClock);
	const callId = request.callId;
	const cseq = request.cseq.number;
	// A late, reordered REGISTER must not undo a newer one.
	const stale = (binding: Binding) =>
		binding.callId === callId && binding.cseq >= cseq;

	if (request.contactIsStar) {
		if (request.expires !== 0)
			return { status: 400, reason: "Contact * Needs Expires 0" };
		if (before.some(stale)) return { status: 500, reason: "CSeq Out Of Order" };
		bindings.transaction(() => {
			for (const { contact } of before) bindings.remove(aor, contact);
		});
		return { status: 200 };
	}

	const changes: { binding: Binding; previous: Binding | undefined }[] = [];
	for (const contact of request.contacts) {
		const seconds = expiry(request, parameter(contact.parameters, "expires"));
		if (seconds > 0 && seconds < shortestExpiry)
			return {
				status: 423,
				headers: [["Min-Expires", String(shortestExpiry)]],
			};
		const previous = before.find((binding) =>
			equalUri(parseUriText(host, binding.contact), contact.uri),
		);
		if (previous !== undefined && stale(previous))
			return { status: 500, reason: "CSeq Out Of Order" };
		changes.push({
			previous,
			binding: {
				contact: contact.uriText,
				callId,
				cseq,
				expires: wallClock + seconds * 1000,
				updated: wallClock,
				path: request.list(Header.Path),
				transport: source.transport,
				host: source.address.host,
				port: source.address.port,
			},
		});
	}
	if (before.length + changes.length > contactLimit * 2)
		return { status: 403, reason: "Too Many Contacts" };
	bindings.transaction(() => {
		for (const { binding, previous } of changes) {
			if (previous !== undefined) bindings.remove(aor, previous.contact);
			if (binding.expires > wallClock) bindings.put(aor, binding);
		}
		const kept = bindings.of(aor, wallClock);
		for (const { contact } of kept.slice(contactLimit))
			bindings.remove(aor, contact);
	});
	return {
		status: 200,
		headers: answerHeaders(bindings, aor, request, wallClock),
	};
}

function answerHeaders(
	bindings: Bindings,
	aor: string,
	request: Message,
	wallClock: number,
): HeaderField[] {
	const headers: HeaderField[] = bindings
		.of(aor, wallClock)
		.map(({ contact, expires }) => [
			"Contact",
			`<${contact}>;expires=${Math.ceil((expires - wallClock) / 1000)}`,
		]);
	// RFC 3327 §5.3
	for (const path of request.list(Header.Path)) headers.push(["Path", path]);
	headers.push(["Date", new Date(wallClock).toUTCString()]);
	return headers;
}

function expiry(request: Message, own: string | undefined): number {
	const asked =
		own !== undefined && /^\d{1,10}$/.test(own)
			? Number(own)
			: (request.expires ?? defaultExpiry);
	return Math.min(asked, longestExpiry);
}
