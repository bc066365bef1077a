/**
 * Specs that need more than Node: programs of other people, root, a network of their
 * own. Where something is missing they are skipped, and the reason is in their title.
 */
import { missingPackages, type Purpose } from "../tools/setup/packages.js";
import { ownNetworkObstacle } from "../tools/simulate/namespace.js";

export interface Needs {
	/** Groups of Debian packages of the project's own set-up. */
	readonly packages?: readonly Purpose[];
	/** Root, and a kernel that gives namespaces, bridges and taps. */
	readonly ownNetwork?: boolean;
}

/** What is missing here, for people; undefined: nothing. */
export function obstacle(needs: Needs): string | undefined {
	const missing = missingPackages(needs.packages ?? []);
	if (missing.length > 0)
		return `not installed: ${missing.map(({ name }) => name).join(", ")}`;
	return needs.ownNetwork === true ? ownNetworkObstacle() : undefined;
}

/** A `describe` that is skipped as a whole where something is missing. */
export function describeWith(
	needs: Needs,
	title: string,
	body: (this: Mocha.Suite) => void,
): void {
	const why = obstacle(needs);
	if (why === undefined) describe(title, body);
	else describe.skip(`${title} (skipped: ${why})`, body);
}
