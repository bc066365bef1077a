/** The log of a board: the SDK's `trace`, which goes to the serial port or to xsbug. */
export function openLog(): (line: string) => void {
	return (line) => trace(`${line}\n`);
}
