/**
 * The one error class of the core. An error has a stable code, a sentence for
 * people, and a place; it is thrown by decoders and caught in one spot by whoever
 * feeds them. Imports nothing.
 */

/** Where: a byte offset in the input. */
export class HookswitchError extends Error {
	// A property of its own: on XS, assigning `this.name` over a frozen prototype throws.
	override readonly name: string = "HookswitchError";
	/** Stable, kebab-case, listed in docs/errors.md. */
	readonly code: string;
	/** Byte offset in the input that was being decoded. */
	readonly at: number;

	constructor(code: string, message: string, at: number) {
		super(message);
		this.code = code;
		this.at = at;
	}
}
