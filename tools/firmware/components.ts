/**
 * The foreign parts of an image: fetched once, checked against the pins in
 * `hosts/qemu/components.json`, unpacked below `build/components`. No third-party
 * code is in the repository.
 */
import { createHash } from "node:crypto";
import {
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { FirmwareError } from "./error.js";
import { run, runOrFail } from "./process.js";

export interface ComponentPin {
	readonly name: string;
	readonly version: string;
	readonly licence: string;
	readonly npm?: string;
	readonly sha512?: string;
	readonly debian?: string;
	readonly sha256?: string;
	/** Folder in the unpacked archive that the others are relative to. */
	readonly root: string;
	readonly includes: readonly string[];
	readonly sourceFolder: string;
	readonly sources: readonly string[];
	readonly compilerSources?: readonly string[];
}
/** A component that is there. */
export interface Component extends ComponentPin {
	readonly id: string;
	readonly folder: string;
	/** As the package manager names it: a Debian revision may be newer than the pin. */
	readonly exactVersion: string;
}

export function readPins(path: string): Record<string, ComponentPin> {
	return JSON.parse(readFileSync(path, "utf8")) as Record<string, ComponentPin>;
}

export async function fetchComponent(
	id: string,
	pin: ComponentPin | undefined,
	store: string,
): Promise<Component> {
	if (!pin)
		throw new FirmwareError(
			`components.json does not know a component "${id}"`,
		);
	const folder = join(store, `${id}-${pin.version}`);
	const record = join(folder, ".component.json");
	const checksum = pin.sha512 ?? pin.sha256 ?? "";
	const known = readRecord(record);
	if (known?.checksum !== checksum) {
		mkdirSync(store, { recursive: true });
		const work = join(store, `.${id}-${process.pid}`);
		rmSync(work, { recursive: true, force: true });
		mkdirSync(work, { recursive: true });
		try {
			const exactVersion = pin.npm
				? await fetchFromNpm(pin, work)
				: await fetchFromDebian(pin, work);
			writeFileSync(
				join(work, "unpacked", ".component.json"),
				JSON.stringify({ checksum, exactVersion }),
			);
			rmSync(folder, { recursive: true, force: true });
			renameSync(join(work, "unpacked"), folder);
		} finally {
			rmSync(work, { recursive: true, force: true });
		}
	}
	const exactVersion = readRecord(record)?.exactVersion ?? pin.version;
	return { ...pin, id, folder: join(folder, pin.root), exactVersion };
}

function readRecord(
	path: string,
): { checksum: string; exactVersion: string } | undefined {
	if (!existsSync(path)) return undefined;
	return JSON.parse(readFileSync(path, "utf8")) as {
		checksum: string;
		exactVersion: string;
	};
}

/** The tarball only: none of the package's scripts runs. */
async function fetchFromNpm(pin: ComponentPin, work: string): Promise<string> {
	const advice = `it needs the npm registry: npm pack ${pin.npm}@${pin.version}`;
	await runOrFail(
		"npm",
		[
			"pack",
			`${pin.npm}@${pin.version}`,
			"--ignore-scripts",
			"--loglevel=error",
			"--pack-destination",
			work,
		],
		{ cwd: work, advice },
	);
	const tarball = oneFile(work, ".tgz");
	check(tarball, "sha512", pin.sha512);
	await unpack(["-xzf", tarball], work, "package");
	return pin.version;
}

async function unpack(
	args: readonly string[],
	work: string,
	inside: string,
): Promise<void> {
	await runOrFail("tar", [...args, "-C", work]);
	renameSync(join(work, inside), join(work, "unpacked"));
}

/**
 * As any user, without touching the system's lists: a private apt state, whose
 * deb-src entries come from the mirrors that the system is configured with.
 */
async function fetchFromDebian(
	pin: ComponentPin,
	work: string,
): Promise<string> {
	const source = pin.debian ?? "";
	const folder = (name: string) => {
		const path = join(work, "apt", name);
		mkdirSync(path, { recursive: true });
		return path;
	};
	const lists = folder("lists");
	folder("lists/partial");
	const cache = folder("cache");
	folder("cache/archives/partial");
	const parts = folder("etc");
	writeFileSync(join(parts, "source.list"), await sourceEntries());
	const options = [
		"Dir::Etc::sourcelist=/dev/null",
		`Dir::Etc::sourceparts=${parts}`,
		`Dir::State::Lists=${lists}`,
		`Dir::Cache=${cache}`,
		`APT::Sandbox::User=${userInfo().username}`,
		"Debug::NoLocking=true",
		"Acquire::Languages=none",
	].flatMap((option) => ["-o", option]);
	const advice =
		"it needs the Debian mirror that this system is configured with";
	// A mirror of somebody else's that fails is no reason to stop: apt-get says so and exits with 0.
	const updated = await run("apt-get", [...options, "-qq", "update"]);
	const download = folder("source");
	const newest = await newestOfUpstream(options, source, pin.version);
	if (newest === undefined)
		throw new FirmwareError(
			`apt has no source package ${source} ${pin.version}\n${updated.stderr}`.trim(),
			`${advice}; Debian 12 has it`,
		);
	await runOrFail(
		"apt-get",
		[...options, "-qq", "source", "--download-only", `${source}=${newest}`],
		{ cwd: download, advice },
	);
	const names = readdirSync(download);
	const original = names.find((name) => name.includes(".orig.tar."));
	const description = names.find((name) => name.endsWith(".dsc"));
	if (!original || !description)
		throw new FirmwareError(`Debian's source package ${source} is incomplete`);
	check(join(download, original), "sha256", pin.sha256);
	await runOrFail("dpkg-source", [
		"--no-check",
		"-x",
		join(download, description),
		join(work, "unpacked"),
	]);
	return description.slice(source.length + 1, -".dsc".length);
}

/** The newest Debian revision of the pinned upstream version: a security update takes its predecessor away. */
async function newestOfUpstream(
	options: readonly string[],
	source: string,
	upstream: string,
): Promise<string | undefined> {
	const shown = await run("apt-cache", [...options, "showsrc", source]);
	let newest: string | undefined;
	for (const [, version = ""] of shown.stdout.matchAll(/^Version: (.+)$/gm)) {
		if (!isOfUpstream(version, upstream)) continue;
		const isNewer =
			newest === undefined ||
			(await run("dpkg", ["--compare-versions", version, "gt", newest]))
				.code === 0;
		if (isNewer) newest = version;
	}
	return newest;
}

/** Is `2.1.3+dfsg1-2` a Debian revision of 2.1.3? (2.1.30-1 and 2.1.3.1-1 are not.) */
export function isOfUpstream(version: string, upstream: string): boolean {
	return (
		version.startsWith(upstream) &&
		/^[-+~]/.test(version.slice(upstream.length))
	);
}

/** apt does not tell which keys a configured source is signed with; Debian's own are here. */
const archiveKeys = "/usr/share/keyrings/debian-archive-keyring.gpg";

async function sourceEntries(): Promise<string> {
	const targets = await runOrFail("apt-get", [
		"indextargets",
		"--format",
		"$(REPO_URI)\t$(RELEASE)\t$(COMPONENT)",
		"Created-By: Packages",
	]);
	const entries = new Set<string>();
	const signed = existsSync(archiveKeys) ? `[signed-by=${archiveKeys}] ` : "";
	for (const line of targets.split("\n")) {
		const [uri, release, component] = line.split("\t");
		if (uri && component === "main")
			entries.add(`deb-src ${signed}${uri} ${release} main`);
	}
	if (entries.size === 0)
		throw new FirmwareError(
			"apt knows no Debian mirror on this system",
			"configure one in /etc/apt/sources.list.d",
		);
	return `${[...entries].join("\n")}\n`;
}

function oneFile(folder: string, extension: string): string {
	const name = readdirSync(folder).find((each) => each.endsWith(extension));
	if (!name) throw new FirmwareError(`no ${extension} file was downloaded`);
	return join(folder, name);
}

function check(
	path: string,
	algorithm: "sha256" | "sha512",
	expected: string | undefined,
): void {
	const actual = createHash(algorithm).update(readFileSync(path)).digest("hex");
	if (actual !== expected)
		throw new FirmwareError(
			`${path}: ${algorithm} is ${actual}, pinned is ${expected}`,
			"the download is damaged, or the registry gives something else than it did",
		);
}
