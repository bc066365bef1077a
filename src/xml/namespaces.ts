/**
 * Which prefix means which namespace at a point of a document (Namespaces in XML
 * 1.0). Namespaces are small numbers: those that the reader named first, then
 * those that the document declares.
 */
import { HookswitchError } from "../errors.js";
import type { Host } from "../host.js";

/** No namespace. */
export const NO_NAMESPACE = 0;
/** That of the prefix `xml`. */
export const XML_NAMESPACE = 1;
/** That of the prefix `xmlns`, to which nothing else may be bound. */
const XMLNS_NAMESPACE = 2;
/** The number of the reader's first namespace. */
export const FIRST_NAMESPACE = 3;

export const XML_URI = "http://www.w3.org/XML/1998/namespace";
export const XMLNS_URI = "http://www.w3.org/2000/xmlns/";

const STRIDE = 3;

export class Namespaces {
	readonly #host: Host;
	readonly #bytes: Uint8Array;
	readonly #most: number;
	readonly #mostUris: number;
	readonly #uris: string[];
	/** Rows of prefix start, prefix end, namespace; the innermost last. */
	readonly #bindings: number[] = [];

	constructor(
		host: Host,
		bytes: Uint8Array,
		known: readonly string[],
		most: number,
	) {
		this.#host = host;
		this.#bytes = bytes;
		this.#most = most;
		this.#mostUris = FIRST_NAMESPACE + known.length + most;
		this.#uris = ["", XML_URI, XMLNS_URI, ...known];
	}

	/** How many bindings are in scope. */
	get size(): number {
		return this.#bindings.length / STRIDE;
	}

	uri(namespace: number): string {
		return this.#uris[namespace] ?? "";
	}

	prefixStart(binding: number): number {
		return this.#bindings[binding * STRIDE] ?? 0;
	}

	prefixEnd(binding: number): number {
		return this.#bindings[binding * STRIDE + 1] ?? 0;
	}

	namespace(binding: number): number {
		return this.#bindings[binding * STRIDE + 2] ?? 0;
	}

	/** Back to `size` bindings. */
	leave(size: number): void {
		if (this.#bindings.length > size * STRIDE)
			this.#bindings.length = size * STRIDE;
	}

	/** The namespace of a prefix (an empty range: the default one), or -1. Only bindings below `before` count. */
	resolve(start: number, end: number, before = this.size): number {
		const length = end - start;
		for (let binding = before - 1; binding >= 0; binding--) {
			const prefixStart = this.prefixStart(binding);
			const prefixEnd = this.prefixEnd(binding);
			if (prefixEnd - prefixStart !== length) continue;
			if (length === 0 || this.#same(start, end, prefixStart, prefixEnd))
				return this.namespace(binding);
		}
		if (length === 0) return NO_NAMESPACE;
		return this.#isXml(start, end) ? XML_NAMESPACE : -1;
	}

	/** Binds a prefix (an empty range: the default namespace). `from`: the bindings of the same element start there. */
	declare(start: number, end: number, uri: string, from: number): void {
		for (let binding = from; binding < this.size; binding++)
			if (
				this.#same(
					start,
					end,
					this.prefixStart(binding),
					this.prefixEnd(binding),
				)
			)
				throw new HookswitchError(
					"xml-repeated-attribute",
					"the namespace is declared twice on one element",
					start,
				);
		if (this.size >= this.#most) throw this.#tooMany(start);
		let namespace = this.#uris.indexOf(uri);
		const isXml = end - start === 3 && this.#isXml(start, end);
		const isXmlns = end - start === 5 && this.#isXmlns(start, end);
		if (
			isXmlns ||
			namespace === XMLNS_NAMESPACE ||
			isXml !== (namespace === XML_NAMESPACE) ||
			(namespace === NO_NAMESPACE && end > start)
		)
			throw new HookswitchError(
				"xml-namespace",
				"this namespace can't be declared so (Namespaces in XML 1.0, §3 and §5)",
				start,
			);
		if (namespace < 0) {
			// Names that went out of scope are kept: their number is limited as well, or looking them up would not be linear.
			if (this.#uris.length >= this.#mostUris) throw this.#tooMany(start);
			namespace = this.#uris.push(uri) - 1;
		}
		this.#bindings.push(start, end, namespace);
	}

	#tooMany(at: number): HookswitchError {
		return new HookswitchError(
			"xml-too-many-namespaces",
			`more than ${this.#most} namespaces`,
			at,
		);
	}

	#same(start: number, end: number, other: number, otherEnd: number): boolean {
		return (
			end - start === otherEnd - other &&
			this.#host.compare(
				this.#bytes,
				start,
				end,
				this.#bytes,
				other,
				otherEnd,
			) === 0
		);
	}

	#isXml(start: number, end: number): boolean {
		const bytes = this.#bytes;
		return (
			end - start === 3 &&
			bytes[start] === 0x78 &&
			bytes[start + 1] === 0x6d &&
			bytes[start + 2] === 0x6c
		);
	}

	#isXmlns(start: number, end: number): boolean {
		const bytes = this.#bytes;
		return (
			end - start === 5 &&
			this.#isXml(start, start + 3) &&
			bytes[start + 3] === 0x6e &&
			bytes[start + 4] === 0x73
		);
	}
}
