/* What all users of NOR flash share: blank check, checked programming. */
#include "nor.h"

#include <string.h>

#define PIECE 64u

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
