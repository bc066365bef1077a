/** What a document's tokens are, as one line of text each: for tables of expectations. */
import { Token, XmlScanner } from "../../src/xml/scanner.js";
import { host, utf8 } from "../portable.js";

/** `<name@namespace attribute="value"`, `>name`, `"text"`, `#comment`, `?target`. */
export function tokens(document: string | Uint8Array): string[] {
	const bytes = typeof document === "string" ? utf8(document) : document;
	const scanner = new XmlScanner(host(), bytes, ["urn:known"]);
	const found: string[] = [];
	for (;;) {
		switch (scanner.next()) {
			case Token.Finished:
				return found;
			case Token.Start:
				found.push(start(scanner));
				break;
			case Token.End:
				found.push(`>${scanner.text(scanner.nameStart, scanner.nameEnd)}`);
				break;
			case Token.Text:
				scanner.selectText();
				found.push(JSON.stringify(scanner.valueText()));
				break;
			case Token.Comment:
				found.push("#");
				break;
			default:
				found.push(scanner.text(scanner.start, scanner.end));
		}
	}
}

function start(scanner: XmlScanner): string {
	const { attributes, namespaces } = scanner;
	const uri = namespaces.uri(scanner.namespace);
	const name = scanner.text(scanner.localStart, scanner.nameEnd);
	const parts = [`<${name}${uri === "" ? "" : `@${uri}`}`];
	for (let index = 0; index < attributes.count; index++) {
		const its = namespaces.uri(attributes.namespace(index));
		scanner.selectAttribute(index);
		parts.push(
			`${scanner.text(attributes.localStart(index), attributes.nameEnd(index))}${its === "" ? "" : `@${its}`}=${JSON.stringify(scanner.valueText())}`,
		);
	}
	return parts.join(" ");
}
