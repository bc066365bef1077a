/**
 * The command line of the agent as a Linux process: its help, its options and the
 * files that they name. What can't be used is a StartError, which says what, where
 * and what to do. Must not know how the agent is run.
 */
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { parseArgs } from "node:util";
import type { Host } from "../../src/host.js";
import { decodeFactory } from "../../src/profile/factory.js";
import type { KeyValue } from "../platform.js";
import { sipServerOption } from "../sip-server-option.js";
import { factoryDocument } from "./factory.js";
import { open, StorageError } from "./keyvalue.js";

export const HELP = `Usage: node build/js/hosts/node/main.js --factory FILE --storage FILE [options]

A phone's agent as a Linux process: it finds its profile server, provisions itself,
registers, and takes calls (without audio).

Options:
  --factory FILE          its factory document (XML), or the image of a factory
                          partition: who it is, and where known its server
  --storage FILE          what it keeps over restarts; made where there is none
  --address ADDRESS       local address to use (default: the first that is not a
                          loopback's, watched for changes)
  --port NUMBER           for SIP over UDP and TCP (default: 5060)
  --name-server ADDRESS   DNS server; more than once for more (default: none)
  --domain NAME           what DHCP option 15 would say: where to look for a server
  --sip-server ADDRESS|NAME
                          what DHCP option 120 would say: the server
  --help                  this

The log goes to standard output, events as '@' and JSON (docs/errors.md lists them).
Commands come from standard input, a line each: call URI, answer, hangup, settings,
memory, trace on|off.

Exit codes: 0 after SIGINT or SIGTERM; 64 when the command line or a file can't be
used; 70 after a crash, which the storage counts. A service manager restarts on 70.

Examples:
  node build/js/hosts/node/main.js --factory phone.xml --storage phone.store \\
    --address 192.0.2.20 --sip-server 192.0.2.10
  node build/js/hosts/node/main.js --factory phone.xml --storage phone.store \\
    --name-server 192.0.2.53 --domain example.com

A factory document for a try, with its server's address instead of DHCP:
  <factory xmlns="urn:hookswitch:factory:1" vendor="hookswitch" model="node" version="1"
    instance="urn:uuid:00000000-0000-4000-8000-000000000001">
    <server uri="sip:192.0.2.10"/>
  </factory>
`;

/** What keeps the agent from starting; `hint`: what to do. */
export class StartError extends Error {
	override readonly name: string = "StartError";
	readonly hint: string;

	constructor(message: string, hint: string) {
		super(message);
		this.hint = hint;
	}
}

export interface CommandLine {
	readonly factory: string;
	readonly storage: string;
	readonly address: string | undefined;
	readonly port: number;
	readonly nameServers: readonly string[];
	readonly domain: string | undefined;
	readonly sipServer: string | undefined;
}

/** Undefined: help is asked for. Throws StartError. */
export function parseCommandLine(
	words: readonly string[],
): CommandLine | undefined {
	const values = valuesOf(words);
	if (values.help) return undefined;
	const { factory, storage, address, domain } = values;
	if (factory === undefined)
		throw new StartError(
			"--factory is missing",
			"name the file with the device's factory document; --help shows one",
		);
	if (storage === undefined)
		throw new StartError(
			"--storage is missing",
			"name the file in which the agent keeps its settings; it is made where there is none",
		);
	const port = Number(values.port);
	if (!Number.isInteger(port) || port < 1 || port > 65_535)
		throw new StartError(
			`--port ${values.port}: not a port`,
			"give a number from 1 to 65535, such as --port 5060",
		);
	const { "name-server": nameServers, "sip-server": sipServer } = values;
	if (address !== undefined) checkAddress("--address", address);
	for (const each of nameServers) checkAddress("--name-server", each);
	if (sipServer !== undefined) checkServer(sipServer);
	return {
		factory,
		storage,
		address,
		port,
		nameServers,
		domain,
		sipServer,
	};
}

function valuesOf(words: readonly string[]) {
	try {
		return parseArgs({
			args: [...words],
			options: {
				factory: { type: "string" },
				storage: { type: "string" },
				address: { type: "string" },
				port: { type: "string", default: "5060" },
				"name-server": { type: "string", multiple: true, default: [] },
				domain: { type: "string" },
				"sip-server": { type: "string" },
				help: { type: "boolean", short: "h", default: false },
			},
		}).values;
	} catch (error) {
		// The first sentence; the rest is about words that begin with '-'.
		const [what = ""] = (error as Error).message.split(/\.(?: |\n|$)/);
		throw new StartError(what, "--help lists the options, with examples");
	}
}

function checkAddress(option: string, text: string): void {
	if (isIP(text) === 0)
		throw new StartError(
			`${option} ${text}: not an address`,
			`write it in numbers, such as ${option} 192.0.2.20`,
		);
}

function checkServer(text: string): void {
	try {
		sipServerOption(text);
	} catch {
		throw new StartError(
			`--sip-server ${text}: neither an IPv4 address nor a name`,
			"write it like 192.0.2.10 or sip.example.com",
		);
	}
}

/** The factory document in a file, checked. Throws StartError. */
export function readFactory(host: Host, path: string): Uint8Array {
	let document: Uint8Array;
	try {
		document = factoryDocument(new Uint8Array(readFileSync(path)));
	} catch (error) {
		throw new StartError(
			`--factory ${path}: ${reasonOf(error)}`,
			"name a factory document (XML) that this user may read; --help shows one",
		);
	}
	const [error] = decodeFactory(host, document).errors ?? [];
	if (error === undefined) return document;
	const { line, column, code, message } = error;
	const place = [`${path}:${line}:${column}`, error.path, code]
		.filter((part) => part !== "")
		.join(" ");
	throw new StartError(
		`${place}: ${message}`,
		"correct the factory document; docs/errors.md says more of each code",
	);
}

/** Opens or makes the storage. Throws StartError. */
export function openStorage(path: string): KeyValue {
	try {
		return open({ path, format: "buffer" });
	} catch (error) {
		throw new StartError(
			error instanceof StorageError
				? `--storage ${error.message}`
				: `--storage ${path}: ${reasonOf(error)}`,
			"name another file, in a folder that this user may write; it is made where there is none",
		);
	}
}

/** `ENOENT: no such file or directory, open '…'` without what the caller says anyway. */
function reasonOf(error: unknown): string {
	const { message } = error as Error;
	return message.replace(/^E[A-Z]+: /, "").replace(/, \w+(?: '.*')?$/, "");
}
