/**
 * What a portable spec may use: it runs under mocha on Node and under the small
 * runner of `test/xs` on the device's engine. Whoever loads the specs first sets
 * the globals named here (`test/node.ts`, `test/xs/main.ts`).
 */
import type { Host } from "../src/host.js";

interface Globals {
	describe(title: string, body: () => void): void;
	it(title: string, body: () => void): void;
	testHost: Host;
}
const globals = globalThis as unknown as Globals;

export function describe(title: string, body: () => void): void {
	globals.describe(title, body);
}

export function it(title: string, body: () => void): void {
	globals.it(title, body);
}

/** The natives of the host that the specs run on. */
export function host(): Host {
	return globals.testHost;
}

export function utf8(text: string): Uint8Array {
	return globals.testHost.encode(text);
}

/** The bytes as text, for readable comparisons. */
export function ascii(bytes: Uint8Array): string {
	return globals.testHost.text(bytes, 0, bytes.length);
}

export class AssertionError extends Error {
	override readonly name: string = "AssertionError";
}

export function ok(value: unknown, message = "is not truthy"): asserts value {
	if (!value) throw new AssertionError(`${show(value)} ${message}`);
}

export function equal(actual: unknown, expected: unknown, message = ""): void {
	if (!Object.is(actual, expected))
		throw new AssertionError(
			`${message} got ${show(actual)}, expected ${show(expected)}`.trim(),
		);
}

/** Structural equality of plain values, arrays, byte arrays and objects' own enumerable properties. */
export function deepEqual(
	actual: unknown,
	expected: unknown,
	message = "",
): void {
	if (!same(actual, expected))
		throw new AssertionError(
			`${message} got ${show(actual)}, expected ${show(expected)}`.trim(),
		);
}

/** `body` throws an error whose `code` (or, where it has none, message) is `code`; gives the error. */
export function throws(body: () => unknown, code: string): unknown {
	try {
		body();
	} catch (error) {
		const { code: actual, message } = error as {
			code?: string;
			message?: string;
		};
		equal(actual ?? message, code, `thrown error (${message}):`);
		return error;
	}
	throw new AssertionError(`did not throw ${code}`);
}

function same(a: unknown, b: unknown): boolean {
	if (Object.is(a, b)) return true;
	if (
		typeof a !== "object" ||
		typeof b !== "object" ||
		a === null ||
		b === null
	)
		return false;
	if (a instanceof Uint8Array || b instanceof Uint8Array) {
		if (!(a instanceof Uint8Array && b instanceof Uint8Array)) return false;
		return a.length === b.length && a.every((byte, at) => byte === b[at]);
	}
	if (Array.isArray(a) !== Array.isArray(b)) return false;
	const left = a as Record<string, unknown>;
	const right = b as Record<string, unknown>;
	const keys = Object.keys(left);
	return (
		keys.length === Object.keys(right).length &&
		keys.every(
			(key) => Object.hasOwn(right, key) && same(left[key], right[key]),
		)
	);
}

function show(value: unknown): string {
	if (value instanceof Uint8Array) return `bytes ${[...value].join(" ")}`;
	if (value === undefined) return "undefined";
	if (typeof value === "function") return "a function";
	return JSON.stringify(value) ?? String(value);
}
