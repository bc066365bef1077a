/** Lives of a phone that several scripts begin with. */
import { ALICE, accessList, MALLORY, type Site, userProfile } from "./site.js";

/** Provisions, then changes the user's profile and list twice; gives the site at rest. */
export function live(site: Site): void {
	site.boot();
	site.settle(5_000);
	change(site, 2);
	change(site, 3);
}

export function change(site: Site, version: number): void {
	const { server } = site;
	server.set(
		site.now,
		"user",
		ALICE,
		userProfile(version, { expires: `${version}00` }),
	);
	server.set(site.now, "access", ALICE, accessList(version, [MALLORY]));
	site.settle(5_000);
}
