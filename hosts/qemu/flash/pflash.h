/*
 * The board's second flash: pflash unit 1 of QEMU's "virt" machine, CFI command set
 * 0001, two 16-bit chips side by side on a 32-bit bus, 32 MB at 0x22000000.
 *
 * It stands for the SPI flash of an ESP32, and this driver makes it behave so:
 * - QEMU lets programming set bits. NOR flash does not, so pflash_program refuses.
 * - QEMU's erase block is 256 KB, an ESP32's sector 4 KB. pflash_erase emulates the
 *   erasure of one such sector, by programming 0xFF, which QEMU permits: the one
 *   place that uses the permission. Storage code sees 4 KB sectors and nothing else.
 * What it does not model: the time that real flash takes (an erasure some 45 ms),
 * wear, and words that a power cut leaves half programmed. The model of
 * test/hosts/qemu/flash has the last two.
 */
#ifndef PFLASH_H
#define PFLASH_H

#include "nor.h"

#define PFLASH_BASE 0x22000000u
#define PFLASH_SIZE 0x02000000u

/* A part of the flash. */
struct pflash_partition {
	struct nor nor;
	uint32_t offset;
};

#define PFLASH_PARTITION(start, length) \
	{ { (length), pflash_read, pflash_program, pflash_erase }, (start) }

/* Back to reading, whatever was going on: after a crash within the driver. */
void pflash_reset(void);

int pflash_read(const struct nor* nor, uint32_t offset, void* bytes, uint32_t length);
int pflash_program(const struct nor* nor, uint32_t offset, const void* bytes, uint32_t length);
int pflash_erase(const struct nor* nor, uint32_t offset);

#endif
