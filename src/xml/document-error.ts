/**
 * What a reader of documents says about a mistake: where it stands, what it is,
 * and what a person should know about it. Imports nothing.
 */

/** One mistake of a document. */
export interface DocumentError {
	/** From 1. */
	readonly line: number;
	/** From 1, in characters (Unicode code points), as an editor counts them. */
	readonly column: number;
	/** The element or attribute, such as `registration/@expires`; empty where the XML itself is broken. */
	readonly path: string;
	/** Stable, listed in docs/documents.md. */
	readonly code: string;
	/** A sentence for people. Never holds a secret. */
	readonly message: string;
}

/** The most errors, and the most warnings, that are listed for one document. */
export const MOST_ERRORS = 20;

/** What a decoder gives: the document, or every error that refuses it. */
export type Decoded<Document> =
	| {
			readonly document: Document;
			readonly errors?: undefined;
			readonly warnings: readonly DocumentError[];
			/** Were the bytes their own canonical form? If not, `canonical(host, bytes)` makes it. */
			readonly canonical: boolean;
	  }
	| {
			readonly document?: undefined;
			readonly errors: readonly DocumentError[];
			readonly warnings: readonly DocumentError[];
			readonly canonical: boolean;
	  };
