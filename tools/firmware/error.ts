/** What stops a firmware build: a sentence, and what the person can do about it. */
import { UsageError } from "../usage-error.js";

export class FirmwareError extends UsageError {
	override readonly name = "FirmwareError";

	/** `advice`: what to install or do, where that is known. */
	constructor(message: string, advice = "") {
		super("firmware", message, advice);
	}
}
