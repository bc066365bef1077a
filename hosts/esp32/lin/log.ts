/** The log on the SDK's Linux target: standard output, because its `trace` goes only to xsbug. */
import { File } from "file";

const STANDARD_OUTPUT = "/dev/stdout";

export function openLog(): (line: string) => void {
	// Opened once: a second opening would start at the beginning of a redirected file.
	const output = new File(STANDARD_OUTPUT, true);
	return (line) => output.write(`${line}\n`);
}
