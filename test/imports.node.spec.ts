/** Who may import whom (design §1), checked by reading the imports of every file of `src`, `hosts`, `tools` and `test`. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, posix, relative, sep } from "node:path";

const root = join(import.meta.dirname, "..", "..", "..");

/** What each part of `src` may import besides itself. The leaves are open to all. */
const LEAVES = ["bytes", "errors", "timers", "port", "host"];
const TABLE: Readonly<Record<string, readonly string[]>> = {
	bytes: [],
	errors: [],
	timers: [],
	port: [],
	host: [],
	sip: LEAVES,
	dns: LEAVES,
	http: LEAVES,
	delivery: [...LEAVES, "sip", "dns"],
	event: [...LEAVES, "sip", "delivery"],
	xml: LEAVES,
	profile: [...LEAVES, "xml"],
	access: [...LEAVES, "xml"],
	phone: [...LEAVES, "sip", "event", "access", "delivery"],
	// A document's identity is that of its canonical XML.
	config: [...LEAVES, "profile", "access", "xml"],
	enrol: [...LEAVES, "sip", "dns", "http", "event", "delivery"],
	report: [...LEAVES, "xml", "event"],
	agent: [
		...LEAVES,
		"sip",
		"dns",
		"http",
		"delivery",
		"event",
		"xml",
		"profile",
		"access",
		"phone",
		"config",
		"enrol",
		"report",
	],
};
/** Leaves that other leaves may import for their types alone. */
const TYPES_ONLY = ["port", "host"];

interface Import {
	readonly specifier: string;
	readonly typesOnly: boolean;
}

/** The module specifiers of a TypeScript source: static, re-exported and dynamic. */
function importsOf(source: string): Import[] {
	const code = source
		.replace(/\/\*[\s\S]*?\*\//g, "")
		.replace(/^\s*\/\/.*$/gm, "");
	const found: Import[] = [];
	for (const match of code.matchAll(
		/^\s*(import|export)\s+(type\s+)?(?:[\w*\s{},$]*?\sfrom\s*)?["']([^"']+)["']/gm,
	))
		found.push({
			specifier: match[3] ?? "",
			typesOnly: match[2] !== undefined,
		});
	for (const match of code.matchAll(/\bimport\(\s*["']([^"']+)["']/g))
		found.push({ specifier: match[1] ?? "", typesOnly: false });
	return found;
}

/** What is wrong with an import of `file` (a path from the root), or undefined. */
function fault(
	file: string,
	{ specifier, typesOnly }: Import,
): string | undefined {
	const area = file.split("/")[0] ?? "";
	if (specifier.startsWith("node:"))
		return file.startsWith("hosts/node/") ||
			area === "tools" ||
			area === "bench" ||
			(area === "test" && isNodeTest(file))
			? undefined
			: "node: imports stand only in hosts/node, tools, bench and Node's tests";
	if (specifier.startsWith("embedded:"))
		return area === "hosts" ? undefined : "embedded: imports only in hosts";
	if (!specifier.startsWith(".")) {
		if (area === "src") return "src imports nothing of a platform or package";
		if (area === "test" && !isNodeTest(file))
			return "a portable spec imports only src and test/portable.js";
		return undefined;
	}
	if (!specifier.endsWith(".js")) return "relative imports end in .js";
	const target = posix.join(posix.dirname(file), specifier);
	if (area === "test" && !isNodeTest(file)) {
		if (target.startsWith("src/") || target.startsWith("test/"))
			return undefined;
		// The driver that all hosts share is as portable as the core.
		if (target.startsWith("hosts/") && target.split("/").length === 2)
			return undefined;
		return "a portable spec imports only src, test and the hosts' driver";
	}
	if (area === "hosts" && target.startsWith("tools/"))
		return "hosts import src, not tools";
	if (area !== "src") return undefined;
	if (!target.startsWith("src/")) return "src imports only src";
	const from = partOf(file);
	const to = partOf(target);
	if (from === to) return undefined;
	if (LEAVES.includes(from) && TYPES_ONLY.includes(to) && typesOnly)
		return undefined;
	const allowed = TABLE[from];
	if (allowed === undefined) return `the table does not know ${from}`;
	return allowed.includes(to) ? undefined : `${from} must not import ${to}`;
}

/** "sip" of src/sip/uri.ts, "agent" of src/agent.ts. */
function partOf(path: string): string {
	return (path.split("/")[1] ?? "").replace(/\.(ts|js)$/, "");
}

/** Everything in test/ but the portable specs and what they share. */
function isNodeTest(file: string): boolean {
	if (file.endsWith(".node.spec.ts")) return true;
	return !file.endsWith(".spec.ts") && file !== "test/portable.ts";
}

function sources(folder: string): string[] {
	return readdirSync(join(root, folder), {
		recursive: true,
		withFileTypes: true,
	})
		.filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
		.map((entry) =>
			relative(root, join(entry.parentPath, entry.name)).split(sep).join("/"),
		);
}

describe("imports", () => {
	for (const folder of ["src", "hosts", "tools", "test"]) {
		it(`of ${folder} keep to the table of design §1`, () => {
			const faults: string[] = [];
			for (const file of sources(folder))
				for (const each of importsOf(readFileSync(join(root, file), "utf8"))) {
					const reason = fault(file, each);
					if (reason !== undefined)
						faults.push(`${file}: ${each.specifier}: ${reason}`);
				}
			deepEqual(faults, []);
		});
	}

	it("are found in each form", () => {
		deepEqual(
			importsOf(
				'import type { A } from "./a.js";\nimport {\n\tb,\n} from "./b.js";\nexport * from "./c.js";\nimport "./d.js";\nawait import("./e.js");\n// import "./f.js";\n',
			).map((each) => each.specifier),
			["./a.js", "./b.js", "./c.js", "./d.js", "./e.js"],
		);
	});

	it("that break the table are named", () => {
		const at = (specifier: string) => ({ specifier, typesOnly: false });
		ok(fault("src/sip/uri.ts", at("../profile/decode.js")));
		ok(fault("src/event/notifier.ts", at("../config/journal.js")));
		ok(fault("src/config/plan.ts", at("../sip/uri.js")));
		ok(fault("src/sip/uri.ts", at("node:fs")));
		ok(fault("src/sip/uri.ts", at("embedded:io/socket/udp")));
		ok(fault("src/sip/uri.ts", at("../errors")));
		ok(fault("src/timers.ts", at("./port.js")));
		ok(fault("src/agent.ts", at("../hosts/driver.js")));
		ok(fault("test/sip/uri.spec.ts", at("node:assert")));
		ok(fault("hosts/driver.ts", at("node:dgram")));
		equal(fault("src/sip/uri.ts", at("../errors.js")), undefined);
		equal(fault("src/agent.ts", at("./enrol/enrolment.js")), undefined);
	});
});
