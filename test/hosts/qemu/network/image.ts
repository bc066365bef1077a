/**
 * What the specs of the QEMU host's network share: the test image, and what streams
 * carry.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { buildFirmware } from "../../../../tools/firmware/build.js";
import { program } from "../../../../tools/qemu.js";
import { projectRoot } from "../../../../tools/setup/root.js";

export const source = join(projectRoot, "test/hosts/qemu/network");

/** The first of these programs that this machine lacks. */
export function missing(...programs: string[]): string | undefined {
	for (const name of programs) {
		try {
			execFileSync(name, ["--version"], { stdio: "ignore" });
		} catch {
			return name;
		}
	}
	return undefined;
}

/** The image of `main.ts`, or why there is none here. */
export async function testImage(): Promise<
	{ image: string } | { reason: string }
> {
	const lack = missing(program, "riscv64-unknown-elf-gcc");
	if (lack) return { reason: `needs ${lack}` };
	const firmware = await buildFirmware({
		target: "qemu",
		manifest: join(source, "manifest.json"),
	});
	return { image: firmware.image };
}

/** What the guest sends: the same 1,024 octets again and again. */
export function pattern(size: number): Buffer {
	const bytes = Buffer.alloc(size);
	for (let at = 0; at < size; at++) {
		const place = at % 1024;
		bytes[at] = (place * 31 + (place >> 8)) & 0xff;
	}
	return bytes;
}

export function sleep(milliseconds: number): Promise<void> {
	return new Promise((fulfil) => setTimeout(fulfil, milliseconds));
}
