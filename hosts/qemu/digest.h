/* MD5 (RFC 1321), SHA-256 and SHA-512/256 (FIPS 180-4), and HMAC (RFC 2104). Plain C, no allocation. */
#ifndef DIGEST_H
#define DIGEST_H

#include <stddef.h>
#include <stdint.h>

enum { DIGEST_MD5, DIGEST_SHA_256, DIGEST_SHA_512_256 };
#define DIGEST_SIZE_MAXIMUM 32
#define DIGEST_BLOCK_MAXIMUM 128

typedef struct {
	int algorithm;
	uint64_t length; /* bytes taken */
	union {
		uint32_t words[8];
		uint64_t long_words[8];
	} state;
	uint8_t block[DIGEST_BLOCK_MAXIMUM];
} digest_context;

size_t digest_size(int algorithm);
void digest_start(digest_context* context, int algorithm);
void digest_update(digest_context* context, const void* bytes, size_t length);
/* Writes digest_size bytes. */
void digest_finish(digest_context* context, uint8_t* result);

typedef struct {
	digest_context inner;
	uint8_t outer_key[DIGEST_BLOCK_MAXIMUM];
} hmac_context;

void hmac_start(hmac_context* context, int algorithm, const void* key, size_t length);
void hmac_update(hmac_context* context, const void* bytes, size_t length);
void hmac_finish(hmac_context* context, uint8_t* result);

#endif
