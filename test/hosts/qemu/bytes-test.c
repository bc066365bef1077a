/*
 * bytes.c against the plain way to do the same, on buffers of exactly the size that is
 * said: a look past their end is found by the sanitizer.
 */
#include "bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t state = 1;

static uint32_t random_below(uint32_t limit)
{
	state = state * 1664525u + 1013904223u;
	return (state >> 8) % limit;
}

static void must(bool holds, const char* what, uint32_t at)
{
	if (holds)
		return;
	fprintf(stderr, "%s, case %u\n", what, (unsigned)at);
	exit(1);
}

static uint8_t* exactly(const void* bytes, uint32_t length)
{
	uint8_t* copy = malloc(length ? length : 1);
	memcpy(copy, bytes, length);
	return copy;
}

/* One character as RFC 3629's grammar has it: by its value, and not by its bytes. */
static uint32_t plain_character(const uint8_t* bytes, uint32_t length)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t size = bytes[0] < 0x80 ? 1 : bytes[0] >> 5 == 6 ? 2 : bytes[0] >> 4 == 14 ? 3 : bytes[0] >> 3 == 30 ? 4 : 0;
	if (size == 0 || size > length)
		return 0;
	uint32_t value = size == 1 ? bytes[0] : bytes[0] & (0x7fu >> size);
	for (uint32_t at = 1; at < size; at++) {
		if (bytes[at] >> 6 != 2)
			return 0;
		value = value << 6 | (bytes[at] & 0x3fu);
	}
	return value < least[size] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000) ? 0 : size;
}

static void test_utf8(void)
{
	/* All pairs of first bytes, with edges behind them, cut at each length. */
	static const uint8_t edges[] = { 0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff };
	for (uint32_t pair = 0; pair < 0x10000; pair++)
		for (uint32_t edge = 0; edge < sizeof(edges); edge++) {
			uint8_t bytes[4] = { (uint8_t)(pair >> 8), (uint8_t)pair, edges[edge], edges[(edge + pair) % sizeof(edges)] };
			for (uint32_t length = 1; length <= 4; length++) {
				uint8_t* cut = exactly(bytes, length);
				must(bytes_character(cut, cut + length) == plain_character(bytes, length), "character", pair);
				free(cut);
			}
		}
	uint8_t* none = exactly("", 0);
	must(bytes_valid_utf8(none, 0) == 0, "no text", 0);
	free(none);
	uint8_t* text = exactly("a\xc3\xa9\xf0\x9f\x98", 6);
	must(bytes_valid_utf8(text, 6) == 3, "a text that is cut", 0);
	must(bytes_valid_utf8(text, 3) == 3, "a whole text", 0);
	free(text);
}

static void test_search(void)
{
	for (uint32_t round = 0; round < 20000; round++) {
		uint8_t bytes[24], needle[4];
		uint32_t length = random_below(sizeof(bytes) + 1), size = random_below(sizeof(needle) + 1);
		uint32_t set[8] = { 0 };
		for (uint32_t at = 0; at < sizeof(bytes); at++)
			bytes[at] = (uint8_t)(random_below(2) ? 'a' : 0xff);
		for (uint32_t at = 0; at < sizeof(needle); at++)
			needle[at] = (uint8_t)(random_below(2) ? 'a' : 0xff);
		uint8_t* in = exactly(bytes, length);
		uint8_t* of = exactly(needle, size);
		uint32_t expected = BYTES_ABSENT;
		for (uint32_t at = 0; expected == BYTES_ABSENT && at + size <= length; at++)
			if (memcmp(bytes + at, needle, size) == 0)
				expected = at;
		must(bytes_search(in, length, of, size) == expected, "search", round);
		for (expected = 0; expected < length && bytes[expected] != 0xff; expected++) {
		}
		must(bytes_find(in, length, 0xff) == expected, "find", round);
		set['a' / 32] = 1u << ('a' % 32);
		must(bytes_span(in, length, set) == expected, "span", round);
		uint32_t common = 0;
		while (common < length && common < size && bytes[common] == needle[common])
			common++;
		int order = common < length && common < size ? (bytes[common] < needle[common] ? -1 : 1)
			: length < size                          ? -1
													 : length > size;
		must(bytes_compare(in, length, of, size) == order, "compare", round);
		free(in);
		free(of);
	}
}

static void test_words(void)
{
	uint8_t* bytes = exactly("ReGister", 8);
	must(bytes_are_word(bytes, 8, "register"), "word", 0);
	must(!bytes_are_word(bytes, 7, "register"), "word longer than the bytes", 0);
	must(!bytes_are_word(bytes, 8, "registe"), "bytes longer than the word", 0);
	must(bytes_are_word(bytes, 0, ""), "no word", 0);
	free(bytes);
	/* Only letters have a case: what differs by 0x20 alone is not the same. */
	for (uint32_t one = 0; one < 256; one++)
		for (uint32_t other = 0; other < 256; other++) {
			uint8_t left = (uint8_t)one, right = (uint8_t)other;
			bool letters = (one | 0x20) >= 'a' && (one | 0x20) <= 'z' && (one | 0x20) == (other | 0x20) && (one & other & 0x40);
			must(bytes_equal_ignoring_case(&left, &right, 1) == (one == other || letters), "case", one << 8 | other);
		}
}

static void test_sums(void)
{
	char text[9];
	uint8_t* digits = exactly("123456789", 9);
	must(bytes_crc32(0, digits, 9) == 0xcbf43926u, "crc", 0);
	for (uint32_t cut = 0; cut <= 9; cut++)
		must(bytes_crc32(bytes_crc32(0, digits, cut), digits + cut, 9 - cut) == 0xcbf43926u, "crc in parts", cut);
	free(digits);
	uint8_t* bytes = exactly("\x00\xff\x0a\xb1", 4);
	bytes_hex(bytes, 4, text);
	must(strcmp(text, "00ff0ab1") == 0, "hex", 0);
	free(bytes);
}

int main(void)
{
	test_utf8();
	test_search();
	test_words();
	test_sums();
	return 0;
}
