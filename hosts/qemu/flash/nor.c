/* What all users of NOR flash share: checksum, blank check, checked programming. */
#include "nor.h"

#include <string.h>

#define PIECE 64u

uint32_t nor_crc32(uint32_t crc, const void* bytes, uint32_t length)
{
	/* By half bytes: 64 bytes of table, and flash is not read often. */
	static const uint32_t table[16] = { 0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158,
		0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c };
	const uint8_t* at = bytes;
	crc = ~crc;
	while (length-- > 0) {
		crc ^= *at++;
		crc = (crc >> 4) ^ table[crc & 15u];
		crc = (crc >> 4) ^ table[crc & 15u];
	}
	return ~crc;
}

int nor_is_blank(const struct nor* nor, uint32_t offset, uint32_t length)
{
	uint32_t words[PIECE / 4];
	while (length > 0) {
		uint32_t piece = length < PIECE ? length : PIECE;
		memset(words, 0xff, sizeof(words));
		if (nor->read(nor, offset, words, piece))
			return 0;
		for (uint32_t index = 0; index < PIECE / 4; index++)
			if (words[index] != UINT32_MAX)
				return 0;
		offset += piece;
		length -= piece;
	}
	return 1;
}

int nor_program_checked(const struct nor* nor, uint32_t offset, const void* bytes, uint32_t length)
{
	uint8_t found[PIECE];
	const uint8_t* expected = bytes;
	if (nor->program(nor, offset, bytes, length))
		return -1;
	while (length > 0) {
		uint32_t piece = length < PIECE ? length : PIECE;
		if (nor->read(nor, offset, found, piece) || memcmp(found, expected, piece) != 0)
			return -1;
		offset += piece;
		expected += piece;
		length -= piece;
	}
	return 0;
}
