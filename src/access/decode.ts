/**
 * Reads an access list (design §4). `decodeAccess` gives what is written, for who
 * edits it; `decodeAccessList` gives the compiled list and keeps nothing else, for
 * the device. Both list every mistake, with the same codes.
 */
import { HookswitchError } from "../errors.js";
import type { Host } from "../host.js";
import { nameAmong } from "../xml/attributes.js";
import type { Decoded } from "../xml/document-error.js";
import { FIRST_NAMESPACE, NO_NAMESPACE } from "../xml/namespaces.js";
import { Problems } from "../xml/problems.js";
import { Token, XmlScanner } from "../xml/scanner.js";
import { suggestion } from "../xml/suggestion.js";
import { AccessCompiler } from "./compiler.js";
import {
	ACCESS_NAMESPACE,
	type AccessDocument,
	type AccessRule,
	CONTACT_RIGHTS,
	type ContactRight,
	MATCHES,
	PRESENCE_RIGHTS,
	type PresenceRight,
} from "./document.js";
import { type AccessList, rightsByte } from "./list.js";

/** Never throws for what is in `bytes`. */
export function decodeAccess(
	host: Host,
	bytes: Uint8Array,
): Decoded<AccessDocument> {
	const reader = new AccessReader(host, bytes, true);
	return reader.read(() => reader.document);
}

/** The same, compiled. */
export function decodeAccessList(
	host: Host,
	bytes: Uint8Array,
): Decoded<AccessList> {
	const reader = new AccessReader(host, bytes, false);
	return reader.read((list) => list);
}

/** Names of attributes, by element; the indices are the cases of the reader. */
const ROOT: readonly string[] = Object.freeze(["access"]);
const ROOT_NAMES: readonly string[] = Object.freeze(["for", "version"]);
const ELEMENTS: readonly string[] = Object.freeze(["group", "rule", "default"]);
const GROUP_NAMES: readonly string[] = Object.freeze(["id"]);
const MEMBERS: readonly string[] = Object.freeze(["member"]);
const MEMBER_NAMES: readonly string[] = Object.freeze(["uri"]);
const RULE_NAMES: readonly string[] = Object.freeze([
	"match",
	"value",
	"presence",
	"contact",
]);
const DEFAULT_NAMES: readonly string[] = Object.freeze(["presence", "contact"]);
const NO_NAMES: readonly string[] = Object.freeze([]);
const GROUP = 0;
const RULE = 1;
const ANONYMOUS = 4;

class AccessReader {
	readonly #host: Host;
	readonly #scanner: XmlScanner;
	readonly #problems: Problems;
	readonly #compiler: AccessCompiler;
	/** Is what is written wanted, besides the compiled list? */
	readonly #keeps: boolean;
	readonly #groups: { id: string; members: string[] }[] = [];
	readonly #rules: AccessRule[] = [];
	/** Indices of the current element's attributes by their place in its names; -1 for none. */
	readonly #found: number[] = [];
	#for = "";
	#version = "";
	#presence: PresenceRight | undefined;
	#contact: ContactRight | undefined;
	#hasDefault = false;
	#ruleCount = 0;
	/** The element whose attributes are being read. */
	#current = "access";

	constructor(host: Host, bytes: Uint8Array, keeps: boolean) {
		this.#host = host;
		this.#scanner = new XmlScanner(host, bytes, [ACCESS_NAMESPACE]);
		const problems = new Problems(host, bytes);
		this.#problems = problems;
		this.#compiler = new AccessCompiler(host, (at, path, code, message) =>
			problems.error(at, path, code, message),
		);
		this.#keeps = keeps;
	}

	get document(): AccessDocument {
		return {
			for: this.#for,
			version: this.#version,
			groups: this.#groups,
			rules: this.#rules,
			presence: this.#presence,
			contact: this.#contact,
		};
	}

	read<Result>(result: (list: AccessList) => Result): Decoded<Result> {
		let list: AccessList | undefined;
		try {
			if (this.#root())
				list = this.#compiler.finish(
					this.#for,
					this.#version,
					rightsByte(this.#presence, this.#contact),
				);
		} catch (error) {
			if (!(error instanceof HookswitchError)) throw error;
			this.#problems.broken(error);
		}
		const warnings = this.#problems.warnings();
		const canonical = this.#scanner.isCanonical;
		if (list === undefined || this.#problems.hasErrors)
			return { errors: this.#problems.errors(), warnings, canonical };
		return { document: result(list), warnings, canonical };
	}

	#root(): boolean {
		const scanner = this.#scanner;
		let token = scanner.next();
		while (token !== Token.Start) token = scanner.next();
		const { start } = scanner;
		if (scanner.namespace !== FIRST_NAMESPACE || scanner.nameAmong(ROOT) < 0) {
			this.#problems.error(
				start,
				"",
				"wrong-root",
				`the document must be <access xmlns="${ACCESS_NAMESPACE}">`,
			);
			return false;
		}
		this.#find("access", ROOT_NAMES);
		this.#for = this.#text(0) ?? "";
		if (this.#for === "")
			this.#problems.error(
				start,
				"@for",
				"missing-attribute",
				"'for' must be given",
			);
		this.#version = this.#text(1) ?? "";
		this.#children("access", ELEMENTS, (element) => this.#element(element));
		while (!this.#problems.isFull && scanner.next() !== Token.Finished);
		return true;
	}

	#element(element: number): void {
		if (element === GROUP) this.#group();
		else if (element === RULE) this.#rule();
		else this.#default();
	}

	#group(): void {
		const { start } = this.#scanner;
		this.#find("group", GROUP_NAMES);
		const id = this.#text(0) ?? "";
		if (id === "")
			this.#problems.error(
				start,
				"group/@id",
				"missing-attribute",
				"'id' must be given",
			);
		else this.#compiler.group(id, start);
		const members: string[] = [];
		if (this.#keeps) this.#groups.push({ id, members });
		this.#children("group", MEMBERS, () => this.#member(members));
	}

	#member(members: string[]): void {
		const scanner = this.#scanner;
		const { start } = scanner;
		this.#find("member", MEMBER_NAMES);
		if (this.#select(0)) {
			this.#compiler.member(
				scanner.valueBytes,
				scanner.valueStart,
				scanner.valueEnd,
				this.#valueAt(0),
			);
			if (this.#keeps) members.push(scanner.valueText());
		} else
			this.#problems.error(
				start,
				"group/member/@uri",
				"missing-attribute",
				"'uri' must be given",
			);
		this.#children("member", NO_NAMES, nothing);
	}

	#rule(): void {
		const scanner = this.#scanner;
		const { start } = scanner;
		this.#ruleCount++;
		this.#find("rule", RULE_NAMES);
		const match = this.#word(0, MATCHES, "match");
		const presence = this.#word(2, PRESENCE_RIGHTS, "presence");
		const contact = this.#word(3, CONTACT_RIGHTS, "contact");
		const hasValue = this.#select(1);
		if (match === -1)
			this.#problems.error(
				start,
				this.#path("match"),
				"missing-attribute",
				"'match' must be given",
			);
		else if (match >= 0 && match !== ANONYMOUS && !hasValue)
			this.#problems.error(
				start,
				this.#path("value"),
				"missing-attribute",
				"'value' must be given",
			);
		else if (match === ANONYMOUS && hasValue)
			this.#problems.error(
				this.#valueAt(1),
				this.#path("value"),
				"bad-value",
				"who is anonymous has no 'value'",
			);
		else if (match >= 0) {
			if (presence === -1 && contact === -1)
				this.#problems.warning(
					start,
					`rule[${this.#ruleCount}]`,
					"rule-without-right",
					"the rule gives neither 'presence' nor 'contact'",
				);
			this.#compiler.rule(
				match,
				scanner.valueBytes,
				scanner.valueStart,
				scanner.valueEnd,
				rightsByte(PRESENCE_RIGHTS[presence], CONTACT_RIGHTS[contact]),
				hasValue ? this.#valueAt(1) : start,
			);
			if (this.#keeps)
				this.#rules.push({
					match: MATCHES[match] ?? "user",
					value: hasValue ? scanner.valueText() : "",
					presence: PRESENCE_RIGHTS[presence],
					contact: CONTACT_RIGHTS[contact],
				});
		}
		this.#children("rule", NO_NAMES, nothing);
	}

	#default(): void {
		const { start } = this.#scanner;
		this.#find("default", DEFAULT_NAMES);
		if (this.#hasDefault)
			this.#problems.error(
				start,
				"default",
				"repeated-element",
				"default stands twice",
			);
		this.#hasDefault = true;
		this.#presence =
			PRESENCE_RIGHTS[this.#word(0, PRESENCE_RIGHTS, "presence")];
		this.#contact = CONTACT_RIGHTS[this.#word(1, CONTACT_RIGHTS, "contact")];
		this.#children("default", NO_NAMES, nothing);
	}

	/** Finds the current element's attributes by name, and warns of others. */
	#find(element: string, names: readonly string[]): void {
		const { attributes, bytes } = this.#scanner;
		this.#current = element;
		const found = this.#found;
		for (let index = 0; index < names.length; index++) found[index] = -1;
		for (let index = 0; index < attributes.count; index++) {
			const namespace = attributes.namespace(index);
			if (namespace !== NO_NAMESPACE && namespace !== FIRST_NAMESPACE) continue;
			const name =
				namespace === NO_NAMESPACE ? attributes.among(index, names) : -1;
			if (name >= 0) {
				found[name] = index;
				continue;
			}
			const start = attributes.localStart(index);
			const end = attributes.nameEnd(index);
			const text = this.#scanner.text(start, end).slice(0, 64);
			this.#problems.warning(
				attributes.nameStart(index),
				this.#path(text),
				"unknown-attribute",
				`'${text}' is no attribute of <${element}>${suggestion(this.#host, bytes, start, end, names)}`,
			);
		}
	}

	/** The path of an attribute of the current element. */
	#path(name: string): string {
		switch (this.#current) {
			case "access":
				return `@${name}`;
			case "rule":
				return `rule[${this.#ruleCount}]/@${name}`;
			case "member":
				return `group/member/@${name}`;
			default:
				return `${this.#current}/@${name}`;
		}
	}

	/** Selects the value of the attribute at that place of the names; false when it isn't given. */
	#select(name: number): boolean {
		const index = this.#found[name] ?? -1;
		if (index < 0) return false;
		this.#scanner.selectAttribute(index);
		return true;
	}

	#valueAt(name: number): number {
		return this.#scanner.attributes.valueStart(this.#found[name] ?? 0);
	}

	#text(name: number): string | undefined {
		return this.#select(name) ? this.#scanner.valueText() : undefined;
	}

	/** The index among `words`, -1 when it isn't given, -2 when it is wrong. */
	#word(index: number, words: readonly string[], name: string): number {
		if (!this.#select(index)) return -1;
		const { valueBytes, valueStart, valueEnd } = this.#scanner;
		const found = nameAmong(
			this.#host,
			valueBytes,
			valueStart,
			valueEnd,
			words,
		);
		if (found >= 0) return found;
		this.#problems.error(
			this.#valueAt(index),
			this.#path(name),
			"bad-value",
			`'${name}' must be one of ${words.join(", ")}`,
		);
		return -2;
	}

	/** To the end of the element whose start tag was read. */
	#children(
		parent: string,
		names: readonly string[],
		read: (element: number) => void,
	): void {
		const scanner = this.#scanner;
		for (;;) {
			const token = scanner.next();
			if (token === Token.End) return;
			if (token === Token.Text && scanner.whiteEnd() < scanner.end)
				this.#problems.warning(
					scanner.whiteEnd(),
					parent,
					"unexpected-text",
					"text is not read here; values stand in attributes",
				);
			if (token === Token.Start) {
				const element =
					scanner.namespace === FIRST_NAMESPACE ? scanner.nameAmong(names) : -1;
				if (element >= 0) read(element);
				else this.#unknown(parent, names);
			}
			if (this.#problems.isFull) return;
		}
	}

	#unknown(parent: string, names: readonly string[]): void {
		const scanner = this.#scanner;
		const { bytes, depth, localStart, nameEnd, namespace } = scanner;
		if (namespace === FIRST_NAMESPACE || namespace === NO_NAMESPACE) {
			const name = scanner.text(localStart, nameEnd).slice(0, 64);
			this.#problems.warning(
				scanner.start,
				name,
				"unknown-element",
				namespace === NO_NAMESPACE
					? `<${name}> is in no namespace and is skipped`
					: `<${name}> is not known in <${parent}> and is skipped${suggestion(this.#host, bytes, localStart, nameEnd, names)}`,
			);
		}
		for (;;)
			if (scanner.next() === Token.End && scanner.depth === depth) return;
	}
}

function nothing(): void {}
