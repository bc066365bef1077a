/*
 * NOR flash as the storage code sees it: bytes that can be read anywhere, bits that
 * programming only clears, sectors whose erasing sets all bits. Implemented by
 * pflash.c on the board and by the model of test/hosts/qemu/flash.
 */
#ifndef NOR_H
#define NOR_H

#include <stdint.h>

#define NOR_SECTOR 4096u /* the smallest erasable unit, as on ESP32 */
#define NOR_WORD 4u /* what is programmed at least, and aligned to */

struct nor {
	uint32_t size; /* bytes, a multiple of NOR_SECTOR */
	/* Each gives 0, or -1 when the flash did not do it. Offsets are from the partition's start. */
	int (*read)(const struct nor* nor, uint32_t offset, void* bytes, uint32_t length);
	/* Offset and length are multiples of NOR_WORD. Refuses to set a bit. */
	int (*program)(const struct nor* nor, uint32_t offset, const void* bytes, uint32_t length);
	/* The sector that begins at `offset`. */
	int (*erase)(const struct nor* nor, uint32_t offset);
};

/* Is the range erased? */
int nor_is_blank(const struct nor* nor, uint32_t offset, uint32_t length);
/* Programs and reads back: 0 when the flash holds what was to be programmed. */
int nor_program_checked(const struct nor* nor, uint32_t offset, const void* bytes, uint32_t length);

#endif
