/**
 * "Did you mean": the known name that differs from an unknown one by a slip of the
 * hand. Linear in the names' lengths: what is the same at the start and at the end
 * is taken off, and little may be left between.
 */
import type { Host } from "../host.js";

/** A longer name than this is no slip of ours. */
const LONGEST = 40;
/** A wrong, missing, or extra letter, or two that changed places. */
const MOST_LEFT = 2;

/** `; did you mean 'x'?`, or an empty text. */
export function suggestion(
	host: Host,
	bytes: Uint8Array,
	start: number,
	end: number,
	names: readonly string[],
): string {
	if (end - start > LONGEST) return "";
	const unknown = fold(bytes, start, end);
	let best = "";
	let fewest = MOST_LEFT + 1;
	for (const name of names) {
		const encoded = host.encode(name);
		const known = fold(encoded, 0, encoded.length);
		const left = leftBetween(unknown, known);
		if (left < fewest && left < known.length) {
			fewest = left;
			best = name;
		}
	}
	return best === "" ? "" : `; did you mean '${best}'?`;
}

/** Letters in lower case, without `-` and `_`: `displayName` is `display-name`. */
function fold(bytes: Uint8Array, start: number, end: number): number[] {
	const folded: number[] = [];
	for (let at = start; at < end; at++) {
		const byte = bytes[at] ?? 0;
		if (byte === 0x2d || byte === 0x5f) continue;
		folded.push(byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte);
	}
	return folded;
}

function leftBetween(one: readonly number[], other: readonly number[]): number {
	const shorter = Math.min(one.length, other.length);
	const longer = Math.max(one.length, other.length);
	if (longer - shorter > MOST_LEFT) return longer;
	let head = 0;
	while (head < shorter && one[head] === other[head]) head++;
	let tail = 0;
	while (
		tail < shorter - head &&
		one[one.length - 1 - tail] === other[other.length - 1 - tail]
	)
		tail++;
	return longer - head - tail;
}
