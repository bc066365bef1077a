/**
 * Writes an access list in canonical form. Rules are sorted as the device sorts
 * them when it compiles the list, so that it finds them in order; the order in
 * which somebody typed them has no meaning, and so no part in the identity.
 */
import type { Host } from "../host.js";
import { type AttributeValue, XmlWriter } from "../xml/writer.js";
import {
	ACCESS_NAMESPACE,
	type AccessDocument,
	type AccessRule,
	MATCHES,
} from "./document.js";
import { callerKey, keyText, prefixDigits } from "./key.js";
import { domainKey } from "./list.js";

/** Canonical bytes. */
export function encodeAccess(host: Host, document: AccessDocument): Uint8Array {
	const writer = new XmlWriter(host);
	const version = document.version === "" ? undefined : document.version;
	writer.start(
		"access",
		[
			["for", document.for],
			["version", version],
		],
		ACCESS_NAMESPACE,
	);
	const groups = [...document.groups].sort((one, other) =>
		one.id < other.id ? -1 : 1,
	);
	for (const group of groups) {
		writer.start("group", [["id", group.id]]);
		const members = sortedBy(host, group.members, (uri) => uriKey(host, uri));
		for (const uri of members) writer.element("member", [["uri", uri]]);
		writer.end();
	}
	const rules = sortedBy(host, document.rules, (rule) => ruleKey(host, rule));
	rules.sort(
		(one, other) => MATCHES.indexOf(one.match) - MATCHES.indexOf(other.match),
	);
	for (const rule of rules)
		writer.element("rule", [
			["match", rule.match],
			["value", rule.match === "anonymous" ? undefined : rule.value],
			...rights(rule),
		]);
	if (document.presence !== undefined || document.contact !== undefined)
		writer.element("default", rights(document));
	return writer.finish();
}

function rights(
	holder: Pick<AccessRule, "presence" | "contact">,
): readonly AttributeValue[] {
	return [
		["presence", holder.presence],
		["contact", holder.contact],
	];
}

function uriKey(host: Host, uri: string): Uint8Array {
	const key = callerKey(host, uri);
	return host.encode(key === undefined ? uri : keyText(key));
}

function ruleKey(host: Host, rule: AccessRule): Uint8Array {
	const bytes = host.encode(rule.value);
	switch (rule.match) {
		case "user":
			return uriKey(host, rule.value);
		case "number":
			return host.encode(prefixDigits(host, bytes, 0, bytes.length));
		case "domain":
			return domainKey(host, rule.value.toLowerCase());
		default:
			return bytes;
	}
}

function sortedBy<Item>(
	host: Host,
	items: readonly Item[],
	keyOf: (item: Item) => Uint8Array,
): Item[] {
	return items
		.map((item) => ({ item, key: keyOf(item) }))
		.sort((one, other) =>
			host.compare(one.key, 0, one.key.length, other.key, 0, other.key.length),
		)
		.map(({ item }) => item);
}
