/** Reads a profile document (design §3). */
import type { Host } from "../host.js";
import type { Decoded } from "../xml/document-error.js";
import type { ProfileDocument } from "./document.js";
import { PROFILE_NAMESPACE, ROOT } from "./fields.js";
import { SectionReader } from "./reader.js";

/** Never throws for what is in `bytes`. */
export function decodeProfile(
	host: Host,
	bytes: Uint8Array,
): Decoded<ProfileDocument> {
	return new SectionReader(host, bytes, PROFILE_NAMESPACE).read(ROOT);
}
