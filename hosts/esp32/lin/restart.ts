/** The SDK's Linux target can't start itself again: says so, and whoever runs it does. */
export function restart(): void {
	throw new Error("restart asked for: start the program again");
}
