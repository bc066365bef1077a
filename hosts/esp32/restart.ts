/** Starts the board again. */

/** The SDK's `modules/io/system` puts it on the global object; its typings name a module that does not exist. */
declare const System: { restart(): void };

export function restart(): void {
	System.restart();
}
