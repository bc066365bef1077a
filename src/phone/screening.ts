/**
 * Who is calling, and what the account's access list lets them do. Design §4.
 *
 * Identity: what a provisioned server asserts (P-Asserted-Identity, RFC 3325) and
 * nothing else; a request from anywhere else asserts nothing. From may only
 * tighten the decision, unless the settings declare that the proxy authenticates
 * it. Without an identity the caller is anonymous.
 *
 * It must not know calls, or what is done about the decision.
 */

import type { ContactRight } from "../access/document.js";
import { type CallerKey, callerKey } from "../access/key.js";
import type { AccessList, Circumstances, Decision } from "../access/list.js";
import { decideWithoutList } from "../access/list.js";
import type { Host } from "../host.js";
import { Header } from "../sip/header.js";
import type { Message } from "../sip/message.js";

export interface ScreeningRules {
	/** Undefined: none has come. */
	readonly list: AccessList | undefined;
	/** What holds where the list is silent. */
	readonly before: Decision;
	/** The request comes from a server that the settings name. */
	readonly trusted: boolean;
	/** The settings declare that the proxy authenticates From. */
	readonly trustFrom: boolean;
	/** An emergency call was made a short while ago. */
	readonly emergency: boolean;
}

export interface Screening {
	readonly right: ContactRight;
	/** The URI of the identity, or From's where there is none. For people. */
	readonly from: string;
}

/** From the mildest to the strictest. */
const STRICTNESS: readonly ContactRight[] = Object.freeze([
	"allow",
	"confirm",
	"divert",
	"block",
]);

export function screen(
	host: Host,
	message: Message,
	rules: ScreeningRules,
): Screening {
	const asserted = rules.trusted
		? message.addresses(Header.PAssertedIdentity)
		: [];
	const from = callerKey(host, message.from.uriText);
	// RFC 7090 marks a call back from an emergency centre; only a server of ours can be believed.
	const emergencyCallBack =
		rules.trusted &&
		(rules.emergency || message.header(Header.Priority) === "psap-callback");
	const anonymous = withholdsIdentity(message);
	const decide = (key: CallerKey | undefined, hidden: boolean) => {
		const circumstances: Circumstances = {
			anonymous: hidden,
			emergencyCallBack,
		};
		const { list, before } = rules;
		return list === undefined
			? decideWithoutList(before, circumstances).contact
			: list.decide(key, before, circumstances).contact;
	};

	let right: ContactRight | undefined;
	let caller: string | undefined;
	for (const { uriText } of asserted) {
		const key = callerKey(host, uriText);
		if (key === undefined) continue;
		caller ??= uriText;
		// A caller with a SIP and a telephone identity is screened by both.
		right = stricter(right, decide(key, anonymous));
	}
	if (right === undefined) {
		const believed = rules.trusted && rules.trustFrom && !anonymous;
		right = believed ? decide(from, false) : decide(undefined, true);
	}
	if (from !== undefined && !anonymous)
		right = stricter(right, decide(from, false));
	return { right, from: caller ?? message.from.uriText };
}

function stricter(a: ContactRight | undefined, b: ContactRight): ContactRight {
	if (a === undefined) return b;
	return STRICTNESS.indexOf(a) > STRICTNESS.indexOf(b) ? a : b;
}

/** RFC 3323: the caller asks for privacy, or From is the anonymous one. */
function withholdsIdentity(message: Message): boolean {
	const { uri } = message.from;
	if (uri.host === "anonymous.invalid") return true;
	for (const line of message.headers(Header.Privacy))
		for (const value of line.toLowerCase().split(";")) {
			const word = value.trim();
			if (word === "id" || word === "user" || word === "header") return true;
		}
	return false;
}
