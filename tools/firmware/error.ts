/** What stops a firmware build: a sentence, and what the person can do about it. */
export class FirmwareError extends Error {
	override readonly name = "FirmwareError";
	/** What to install or do, where that is known. */
	readonly advice: string;

	constructor(message: string, advice = "") {
		super(advice ? `${message}\n  ${advice}` : message);
		this.advice = advice;
	}
}
