/**
 * What a person is told when a command cannot go on: what and where in `message`,
 * what to do in `hint`. `code` is stable, for programs.
 */
export class UsageError extends Error {
	override readonly name: string = "UsageError";
	/** Kebab-case. */
	readonly code: string;
	readonly hint: string;

	constructor(code: string, message: string, hint: string) {
		super(message);
		this.code = code;
		this.hint = hint;
	}

	/** With the hint: where nobody else puts the two together. */
	override toString(): string {
		const what = `${this.name}: ${this.message}`;
		return this.hint === "" ? what : `${what}\n  ${this.hint}`;
	}
}
