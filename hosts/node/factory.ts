/**
 * The factory partition (design §5) as it lies in a device's flash: "HKFP", length,
 * CRC-32 (32 bits each, little-endian, as the device reads them), document. What
 * makes images writes it; `hosts/qemu/flash/storage.c` on the device, and the Node host, read it.
 */
import { crc32 } from "node:zlib";

const MAGIC = Buffer.from("HKFP");
const HEADER = 12;
/** The partition's size in flash. */
export const FACTORY_PARTITION_SIZE = 65_536;

export function encodeFactoryPartition(document: Uint8Array): Uint8Array {
	if (HEADER + document.length > FACTORY_PARTITION_SIZE)
		throw new RangeError(
			`a factory document of ${document.length} bytes does not fit`,
		);
	const bytes = Buffer.alloc(HEADER + document.length);
	MAGIC.copy(bytes);
	bytes.writeUInt32LE(document.length, 4);
	bytes.writeUInt32LE(crc32(document), 8);
	bytes.set(document, HEADER);
	return new Uint8Array(bytes);
}

/** The document of a partition; undefined when there is none or it is damaged. */
export function decodeFactoryPartition(
	partition: Uint8Array,
): Uint8Array | undefined {
	const bytes = Buffer.from(
		partition.buffer,
		partition.byteOffset,
		partition.length,
	);
	if (bytes.length < HEADER || !bytes.subarray(0, 4).equals(MAGIC))
		return undefined;
	const end = HEADER + bytes.readUInt32LE(4);
	if (end > bytes.length) return undefined;
	const document = partition.subarray(HEADER, end);
	return crc32(document) === bytes.readUInt32LE(8) ? document : undefined;
}

/** A file that holds either a partition or the document alone. */
export function factoryDocument(file: Uint8Array): Uint8Array {
	return decodeFactoryPartition(file) ?? file;
}
