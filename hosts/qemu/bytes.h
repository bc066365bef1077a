/*
 * The byte work of src/host.ts that is too slow in interpreted code. Pure: no engine,
 * no memory of its own. The natives of this host and of hosts/esp32 check arguments
 * and call this; flash storage has its CRC from here.
 */
#ifndef BYTES_H
#define BYTES_H

#include <stdbool.h>
#include <stdint.h>

#define BYTES_ABSENT UINT32_MAX

/* CRC-32 (IEEE 802.3) of bytes that follow what has given `crc` (0 at first). */
uint32_t bytes_crc32(uint32_t crc, const void* bytes, uint32_t length);
/* Two lower-case digits for each byte, and a zero. */
void bytes_hex(const uint8_t* bytes, uint32_t length, char* text);

/* Length of the valid UTF-8 character (RFC 3629) at `at`, or 0. There is at least one byte before `end`. */
uint32_t bytes_character(const uint8_t* at, const uint8_t* end);
/* Where UTF-8 ends that is valid: `length` when all of it is. */
uint32_t bytes_valid_utf8(const uint8_t* bytes, uint32_t length);

/* Where the byte is, or `length`. */
uint32_t bytes_find(const uint8_t* bytes, uint32_t length, uint8_t byte);
/* Where the needle begins, or BYTES_ABSENT; an empty one is at 0. */
uint32_t bytes_search(const uint8_t* bytes, uint32_t length, const uint8_t* needle, uint32_t needle_length);
/* How many bytes from the first on are in the set, a bit for each value. */
uint32_t bytes_span(const uint8_t* bytes, uint32_t length, const uint32_t set[8]);
/* -1, 0 or 1; what begins with the other comes after it. */
int bytes_compare(const uint8_t* one, uint32_t length, const uint8_t* other, uint32_t other_length);
/* ASCII letters in either case are the same. */
bool bytes_equal_ignoring_case(const uint8_t* one, const uint8_t* other, uint32_t length);
/* Are they this word? It is in lower case, they need not be. */
bool bytes_are_word(const uint8_t* bytes, uint32_t length, const char* word);

#endif
