/**
 * The canonical form of a document and its identity. The form is Canonical XML 1.0
 * without comments (W3C, 15 March 2001), so any XML tool can recompute it: no
 * declaration, UTF-8, line feeds, empty elements as a pair of tags, values in
 * double quotes, namespace declarations and then attributes sorted, CDATA and
 * references replaced, nothing but processing instructions around the root.
 *
 * A document from our own server is canonical already: the scanner finds that out
 * while it reads, and nothing is copied.
 */
import type { Host } from "../host.js";
import { WHITE } from "./characters.js";
import { XML_LIMITS, type XmlLimits } from "./limits.js";
import { readName } from "./markup.js";
import type { Namespaces } from "./namespaces.js";
import { Token, XmlScanner } from "./scanner.js";
import { ByteWriter } from "./writer.js";

/** The canonical form; `bytes` itself when it is that already. Throws HookswitchError when it is not well-formed. */
export function canonical(
	host: Host,
	bytes: Uint8Array,
	limits: XmlLimits = XML_LIMITS,
): Uint8Array {
	const probe = new XmlScanner(host, bytes, NONE, limits);
	while (probe.next() !== Token.Finished);
	if (probe.isCanonical) return bytes;
	const result = rewrite(host, new XmlScanner(host, bytes, NONE, limits));
	return host.equal(result, 0, result.length, bytes) ? bytes : result;
}

const NONE: readonly string[] = Object.freeze([]);

/** Lower-case hexadecimal SHA-256 of canonical bytes: the document's identity, and its SIP-ETag. */
export function identity(host: Host, canonicalBytes: Uint8Array): string {
	const digest = host.digest("SHA-256", [canonicalBytes]);
	return host.hex(digest, 0, digest.length);
}

function rewrite(host: Host, scanner: XmlScanner): Uint8Array {
	const out = new ByteWriter(host, scanner.bytes.length);
	let isAfterRoot = false;
	for (;;) {
		const token = scanner.next();
		switch (token) {
			case Token.Finished:
				return out.finish();
			case Token.Start:
				writeStart(host, scanner, out);
				break;
			case Token.End:
				out.ascii("</");
				out.range(scanner.bytes, scanner.nameStart, scanner.nameEnd);
				out.ascii(">");
				if (scanner.depth === 1) isAfterRoot = true;
				break;
			case Token.Text:
				if (scanner.depth === 0) break;
				scanner.selectText();
				out.escaped(
					scanner.valueBytes,
					scanner.valueStart,
					scanner.valueEnd,
					false,
				);
				break;
			case Token.Instruction: {
				const isOutside = scanner.depth === 0;
				if (isOutside && isAfterRoot) out.ascii("\n");
				writeInstruction(host, scanner, out);
				if (isOutside && !isAfterRoot) out.ascii("\n");
				break;
			}
			default:
		}
	}
}

function writeStart(host: Host, scanner: XmlScanner, out: ByteWriter): void {
	const { attributes, bytes, namespaces } = scanner;
	out.ascii("<");
	out.range(bytes, scanner.nameStart, scanner.nameEnd);
	const first = scanner.firstBinding;
	for (const binding of sortedBindings(host, bytes, namespaces, first)) {
		const start = namespaces.prefixStart(binding);
		const end = namespaces.prefixEnd(binding);
		const namespace = namespaces.namespace(binding);
		// What an ancestor says already is not said again.
		if (namespaces.resolve(start, end, first) === namespace) continue;
		out.ascii(end > start ? " xmlns:" : " xmlns");
		out.range(bytes, start, end);
		out.ascii('="');
		const uri = host.encode(namespaces.uri(namespace));
		out.escaped(uri, 0, uri.length, true);
		out.ascii('"');
	}
	for (const index of sortedAttributes(host, scanner)) {
		out.ascii(" ");
		out.range(bytes, attributes.nameStart(index), attributes.nameEnd(index));
		out.ascii('="');
		scanner.selectAttribute(index);
		out.escaped(scanner.valueBytes, scanner.valueStart, scanner.valueEnd, true);
		out.ascii('"');
	}
	out.ascii(">");
}

/** By prefix, the default namespace first. */
function sortedBindings(
	host: Host,
	bytes: Uint8Array,
	namespaces: Namespaces,
	first: number,
): number[] {
	const order: number[] = [];
	for (let binding = first; binding < namespaces.size; binding++)
		order.push(binding);
	return order.sort((one, other) =>
		host.compare(
			bytes,
			namespaces.prefixStart(one),
			namespaces.prefixEnd(one),
			bytes,
			namespaces.prefixStart(other),
			namespaces.prefixEnd(other),
		),
	);
}

/** By namespace, then by local name. */
function sortedAttributes(host: Host, scanner: XmlScanner): number[] {
	const { attributes, namespaces } = scanner;
	const order: number[] = [];
	for (let index = 0; index < attributes.count; index++) order.push(index);
	return order.sort((one, other) => {
		const first = attributes.namespace(one);
		const second = attributes.namespace(other);
		if (first === second) return attributes.order(one, other);
		const left = host.encode(namespaces.uri(first));
		const right = host.encode(namespaces.uri(second));
		return host.compare(left, 0, left.length, right, 0, right.length);
	});
}

/** `<?target data?>`, with line ends normalised. */
function writeInstruction(
	host: Host,
	scanner: XmlScanner,
	out: ByteWriter,
): void {
	const { bytes, start, end } = scanner;
	const targetEnd = readName(host, bytes, start + 2, end);
	out.range(bytes, start, targetEnd);
	let at = host.span(bytes, WHITE, targetEnd, end - 2);
	if (at < end - 2) out.ascii(" ");
	while (at < end - 2) {
		const stop = host.find(bytes, 0x0d, at, end - 2);
		out.range(bytes, at, stop);
		if (stop < end - 2) out.ascii("\n");
		at = stop + (bytes[stop + 1] === 0x0a ? 2 : 1);
	}
	out.ascii("?>");
}
