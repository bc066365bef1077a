/** Starts the board again. */
import System from "embedded:io/system";

export function restart(): void {
	System.restart();
}
