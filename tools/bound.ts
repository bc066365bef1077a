/**
 * Programs that must not outlive this one, whatever ends it: the kernel sends them
 * SIGKILL when their parent is gone, even when nobody could clean up (SIGKILL).
 */
import { isThere } from "./setup/packages.js";

/** The command that runs `program` bound to this process; to be given to spawn. */
export function bound(
	program: string,
	words: readonly string[],
): [program: string, words: string[]] {
	// From util-linux, which every Debian has. It replaces itself: the process id is the program's.
	return isThere("setpriv")
		? ["setpriv", ["--pdeathsig", "KILL", program, ...words]]
		: [program, [...words]];
}
