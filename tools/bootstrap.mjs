/**
 * First thing that `npm run simulate` and `npm test` run, on a clone that may have
 * nothing yet: installs the npm packages that the lock file names, compiles, and
 * hands over. Plain JavaScript, because nothing is compiled at this point.
 */
import { spawnSync } from "node:child_process";
import {
	existsSync,
	readdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** Asked at once: it may be gone before everything is compiled. */
const parent = process.ppid;
const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
	console.error(
		`hookswitch: Node.js 20.19 or later is needed, this is ${process.versions.node}. Install a newer one and run the command again.`,
	);
	process.exit(1);
}

/** Standard output stays free for what the command itself prints (`--json`). */
function run(what, command, ...words) {
	const result = spawnSync(command, words, {
		cwd: root,
		stdio: ["ignore", 2, 2],
	});
	if (result.status !== 0) {
		console.error(
			`hookswitch: ${what} failed (${command} ${words.join(" ")}); its own words stand above.`,
		);
		process.exit(1);
	}
}

const [name = "help", ...words] = process.argv.slice(2);
const typescript = join(root, "node_modules/typescript/bin/tsc");
/** npm's own script after `npm ci`, and for `npx hookswitch`: on a bare clone there is nothing to compile with, and that is no failure. */
if (name === "prepare" && !existsSync(typescript)) process.exit(0);

const lock = readFileSync(join(root, "package-lock.json"), "utf8");
const stamp = join(root, "node_modules", ".hookswitch-lock");
const isCurrent = existsSync(stamp) && readFileSync(stamp, "utf8") === lock;
if (name !== "prepare" && !isCurrent) {
	console.error("hookswitch: installing npm packages (once) …");
	run(
		"installing the npm packages",
		"npm",
		"ci",
		"--prefer-offline",
		"--ignore-scripts",
		"--no-audit",
		"--no-fund",
		"--loglevel=error",
	);
	writeFileSync(stamp, lock);
}
run("compiling TypeScript", process.execPath, typescript, "-p", root);

prune(join(root, "build/js"), root);

/** Removes what was compiled from files that are gone: mocha would run specs that nobody has any more. */
function prune(compiled, sources) {
	for (const entry of readdirSync(compiled, { withFileTypes: true })) {
		const path = join(compiled, entry.name);
		if (entry.isDirectory()) prune(path, join(sources, entry.name));
		else if (/\.js(\.map)?$/.test(entry.name)) {
			const source = entry.name.replace(/\.js(\.map)?$/, ".ts");
			if (!existsSync(join(sources, source))) rmSync(path);
		}
	}
}

if (name === "prepare") process.exit(0);
if (process.env.npm_lifecycle_event !== undefined) endWithParent();

/** npm hands most signals on, but cannot when it is killed: then nobody would end this. */
function endWithParent() {
	const look = () => {
		if (process.ppid !== parent) process.kill(process.pid, "SIGTERM");
	};
	setInterval(look, 500).unref();
}

const program = name === "test" ? "test.js" : "hookswitch.js";
process.argv = [
	process.execPath,
	join(root, "build/js/tools", program),
	...(name === "test" ? words : [name, ...words]),
];
await import(join(root, "build/js/tools", program));
