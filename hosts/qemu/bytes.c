/* Byte work without an engine. See bytes.h. */
#include "bytes.h"

#include <string.h>

/* By half bytes: a table of 64 bytes is enough for what is checked here. */
uint32_t bytes_crc32(uint32_t crc, const void* bytes, uint32_t length)
{
	static const uint32_t table[16] = { 0x00000000u, 0x1db71064u, 0x3b6e20c8u, 0x26d930acu, 0x76dc4190u, 0x6b6b51f4u,
		0x4db26158u, 0x5005713cu, 0xedb88320u, 0xf00f9344u, 0xd6d6a3e8u, 0xcb61b38cu, 0x9b64c2b0u, 0x86d3d2d4u,
		0xa00ae278u, 0xbdbdf21cu };
	const uint8_t* at = bytes;
	crc = ~crc;
	while (length-- > 0) {
		crc ^= *at++;
		crc = (crc >> 4) ^ table[crc & 15u];
		crc = (crc >> 4) ^ table[crc & 15u];
	}
	return ~crc;
}

void bytes_hex(const uint8_t* bytes, uint32_t length, char* text)
{
	static const char digits[] = "0123456789abcdef";
	for (uint32_t at = 0; at < length; at++) {
		*text++ = digits[bytes[at] >> 4];
		*text++ = digits[bytes[at] & 15];
	}
	*text = 0;
}

/* ---- text ---- */

uint32_t bytes_character(const uint8_t* at, const uint8_t* end)
{
	uint32_t left = (uint32_t)(end - at);
	uint8_t first = *at;
	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4 || left < 2 || (at[1] & 0xc0) != 0x80)
		return 0;
	if (first < 0xe0)
		return 2;
	if (left < 3 || (at[2] & 0xc0) != 0x80)
		return 0;
	if (first < 0xf0)
		return (first == 0xe0 && at[1] < 0xa0) || (first == 0xed && at[1] > 0x9f) ? 0 : 3;
	if (left < 4 || (at[3] & 0xc0) != 0x80)
		return 0;
	return (first == 0xf0 && at[1] < 0x90) || (first == 0xf4 && at[1] > 0x8f) ? 0 : 4;
}

uint32_t bytes_valid_utf8(const uint8_t* bytes, uint32_t length)
{
	uint32_t at = 0, size;
	while (at < length && (size = bytes_character(bytes + at, bytes + length)) != 0)
		at += size;
	return at;
}

/* ---- looking and comparing ---- */

static uint8_t lower(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + 0x20) : byte;
}

uint32_t bytes_find(const uint8_t* bytes, uint32_t length, uint8_t byte)
{
	const uint8_t* found = length > 0 ? memchr(bytes, byte, length) : NULL;
	return found ? (uint32_t)(found - bytes) : length;
}

uint32_t bytes_search(const uint8_t* bytes, uint32_t length, const uint8_t* needle, uint32_t needle_length)
{
	uint32_t at = 0;
	if (needle_length == 0)
		return 0;
	while (length - at >= needle_length) {
		const uint8_t* first = memchr(bytes + at, needle[0], length - at - needle_length + 1);
		if (!first)
			break;
		if (memcmp(first, needle, needle_length) == 0)
			return (uint32_t)(first - bytes);
		at = (uint32_t)(first - bytes) + 1;
	}
	return BYTES_ABSENT;
}

uint32_t bytes_span(const uint8_t* bytes, uint32_t length, const uint32_t set[8])
{
	uint32_t at = 0;
	while (at < length && (set[bytes[at] >> 5] >> (bytes[at] & 31) & 1))
		at++;
	return at;
}

int bytes_compare(const uint8_t* one, uint32_t length, const uint8_t* other, uint32_t other_length)
{
	uint32_t shorter = length < other_length ? length : other_length;
	int order = shorter > 0 ? memcmp(one, other, shorter) : 0;
	if (order == 0)
		return length < other_length ? -1 : length > other_length;
	return order < 0 ? -1 : 1;
}

bool bytes_equal_ignoring_case(const uint8_t* one, const uint8_t* other, uint32_t length)
{
	for (uint32_t at = 0; at < length; at++)
		if (lower(one[at]) != lower(other[at]))
			return false;
	return true;
}

bool bytes_are_word(const uint8_t* bytes, uint32_t length, const char* word)
{
	uint32_t at = 0;
	while (at < length && word[at] && lower(bytes[at]) == (uint8_t)word[at])
		at++;
	return at == length && word[at] == 0;
}
