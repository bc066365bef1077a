/** What stops a document from taking more than its share of a small device. */
export interface XmlLimits {
	/** Bytes of the document. */
	readonly bytes: number;
	/** Elements within elements. */
	readonly depth: number;
	/** Attributes of one element: they are compared pair by pair. */
	readonly attributes: number;
	/** Bytes of one attribute's value as it stands. */
	readonly value: number;
	/** Bytes of one name. */
	readonly name: number;
	/** Namespaces of one document: a prefix is looked for one by one. */
	readonly namespaces: number;
}

/** For documents of our own vocabularies: they nest three deep, and their longest value is a certificate. */
export const XML_LIMITS: XmlLimits = Object.freeze({
	bytes: 1_048_576,
	depth: 32,
	attributes: 64,
	value: 8192,
	name: 256,
	namespaces: 32,
});
