/* The driver of the board's second flash. See pflash.h. */
#include "pflash.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Commands and status of CFI 0001 (Intel), for both chips at once. */
#define BOTH(value) ((uint32_t)(value) << 16 | (uint32_t)(value))
#define COMMAND_READ BOTH(0xff)
#define COMMAND_CLEAR_STATUS BOTH(0x50)
#define COMMAND_BUFFERED BOTH(0xe8)
#define COMMAND_CONFIRM BOTH(0xd0)
#define STATUS_READY BOTH(0x80)
#define STATUS_ERRORS BOTH(0x7e)

/* The chips' write buffers; a buffered program stays within one block of this size. */
#define BUFFER 2048u
/* QEMU's flash is ready at once; one that is not after so many looks is broken. */
#define PATIENCE 1000000u

static volatile uint32_t* word_at(uint32_t address)
{
	return (volatile uint32_t*)(uintptr_t)(PFLASH_BASE + address);
}

static uint32_t address_of(const struct nor* nor, uint32_t offset)
{
	const struct pflash_partition* partition = (const struct pflash_partition*)((const char*)nor - offsetof(struct pflash_partition, nor));
	return partition->offset + offset;
}

static bool is_within(const struct nor* nor, uint32_t offset, uint32_t length)
{
	return offset <= nor->size && length <= nor->size - offset;
}

void pflash_reset(void)
{
	*word_at(0) = COMMAND_CLEAR_STATUS;
	*word_at(0) = COMMAND_READ;
}

int pflash_read(const struct nor* nor, uint32_t offset, void* bytes, uint32_t length)
{
	if (!is_within(nor, offset, length))
		return -1;
	memcpy(bytes, (const void*)(uintptr_t)(PFLASH_BASE + address_of(nor, offset)), length);
	return 0;
}

static int wait_ready(uint32_t address)
{
	for (uint32_t look = 0; look < PATIENCE; look++) {
		uint32_t status = *word_at(address);
		if ((status & STATUS_READY) == STATUS_READY)
			return status & STATUS_ERRORS ? -1 : 0;
	}
	return -1;
}

/* One buffered program of whole words within one block; NULL programs 0xFF. */
static int program_buffer(uint32_t address, const uint8_t* bytes, uint32_t length)
{
	uint32_t words = length / 4;
	*word_at(address) = COMMAND_BUFFERED;
	int result = wait_ready(address);
	if (result == 0) {
		*word_at(address) = BOTH(words - 1);
		for (uint32_t index = 0; index < words; index++) {
			uint32_t word = UINT32_MAX;
			if (bytes)
				memcpy(&word, bytes + 4 * index, 4);
			*word_at(address + 4 * index) = word;
		}
		*word_at(address) = COMMAND_CONFIRM;
		result = wait_ready(address);
	}
	return result;
}

/* Changing between reading and programming is what costs time in QEMU: once for all pieces. */
static int program(uint32_t address, const uint8_t* bytes, uint32_t length)
{
	int result = 0;
	while (result == 0 && length > 0) {
		uint32_t piece = BUFFER - address % BUFFER;
		if (piece > length)
			piece = length;
		result = program_buffer(address, bytes, piece);
		address += piece;
		length -= piece;
		if (bytes)
			bytes += piece;
	}
	pflash_reset();
	return result;
}

int pflash_program(const struct nor* nor, uint32_t offset, const void* bytes, uint32_t length)
{
	const uint8_t* from = bytes;
	if (!is_within(nor, offset, length) || offset % NOR_WORD || length % NOR_WORD)
		return -1;
	uint32_t address = address_of(nor, offset);
	/* NOR: a bit that is 0 stays 0 until its sector is erased. */
	for (uint32_t index = 0; index < length; index += 4) {
		uint32_t wanted;
		memcpy(&wanted, from + index, 4);
		if ((*word_at(address + index) & wanted) != wanted)
			return -1;
	}
	return program(address, from, length);
}

int pflash_erase(const struct nor* nor, uint32_t offset)
{
	if (offset % NOR_SECTOR || !is_within(nor, offset, NOR_SECTOR))
		return -1;
	return program(address_of(nor, offset), NULL, NOR_SECTOR);
}
