/** C sources to objects: as many at once as there are cores, and none twice. */
import {
	existsSync,
	mkdirSync,
	readFileSync,
	renameSync,
	writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { FirmwareError } from "./error.js";
import { inParallel, run } from "./process.js";
import { FileTimes, isCurrent, stampOf, writeStamp } from "./stamp.js";

export interface Unit {
	readonly compiler: string;
	readonly flags: readonly string[];
	readonly source: string;
	readonly object: string;
}

/** Compiles what has changed; gives how many that were. */
export async function compileUnits(
	units: readonly Unit[],
	times: FileTimes,
	onProgress: (done: number, total: number) => void,
): Promise<number> {
	const stale = units.filter(
		(unit) =>
			!isCurrent(
				unit.object,
				stampOf(commandOf(unit), dependencies(unit), times),
			),
	);
	let done = 0;
	if (stale.length > 0) onProgress(0, stale.length);
	await inParallel(stale, async (unit) => {
		await compileUnit(unit);
		done++;
		onProgress(done, stale.length);
	});
	return stale.length;
}

async function compileUnit(unit: Unit): Promise<void> {
	mkdirSync(dirname(unit.object), { recursive: true });
	const temporary = `${unit.object}.${process.pid}.o`;
	const result = await run(unit.compiler, [
		...unit.flags,
		"-MD",
		"-MF",
		`${unit.object}.d`,
		"-c",
		unit.source,
		"-o",
		temporary,
	]);
	if (result.code !== 0)
		throw new FirmwareError(
			`${basename(unit.source)} does not compile:\n${result.stderr.trim()}`,
		);
	renameSync(temporary, unit.object);
	// A file that changes while it is compiled must be compiled again: stat afresh, headers included.
	const stamp = stampOf(commandOf(unit), dependencies(unit), new FileTimes());
	writeStamp(unit.object, stamp);
}

function commandOf(unit: Unit): string[] {
	return [unit.compiler, ...unit.flags, unit.source];
}

/** The source and every header that the compiler met last time. */
function dependencies(unit: Unit): string[] {
	const list = `${unit.object}.d`;
	if (!existsSync(list)) return [unit.source];
	return readFileSync(list, "utf8")
		.replace(/\\\n/g, " ")
		.replace(/^[^:]*:/, "")
		.split(/\s+/)
		.filter((path) => path !== "");
}

/** Object paths that do not collide: by the name of their group and of the file. */
export function objectPath(
	folder: string,
	group: string,
	source: string,
): string {
	const name = join(basename(dirname(source)), basename(source));
	return join(folder, group, `${name.replace(/[/\\]/g, "-")}.o`);
}

/** Writes only when the contents differ, so that what depends on it stays current. */
export function writeIfChanged(path: string, contents: string): void {
	if (existsSync(path) && readFileSync(path, "utf8") === contents) return;
	mkdirSync(dirname(path), { recursive: true });
	writeFileSync(path, contents);
}
