/*
 * Digests: see digest.h. Small rather than fast; they take a few kilobytes at most.
 */
#include "digest.h"

#include <stdbool.h>
#include <string.h>

/* floor(2^32 * |sin(i + 1)|) */
static const uint32_t md5_constants[64] = {
	0xd76aa478u, 0xe8c7b756u, 0x242070dbu, 0xc1bdceeeu, 0xf57c0fafu, 0x4787c62au, 0xa8304613u, 0xfd469501u,
	0x698098d8u, 0x8b44f7afu, 0xffff5bb1u, 0x895cd7beu, 0x6b901122u, 0xfd987193u, 0xa679438eu, 0x49b40821u,
	0xf61e2562u, 0xc040b340u, 0x265e5a51u, 0xe9b6c7aau, 0xd62f105du, 0x02441453u, 0xd8a1e681u, 0xe7d3fbc8u,
	0x21e1cde6u, 0xc33707d6u, 0xf4d50d87u, 0x455a14edu, 0xa9e3e905u, 0xfcefa3f8u, 0x676f02d9u, 0x8d2a4c8au,
	0xfffa3942u, 0x8771f681u, 0x6d9d6122u, 0xfde5380cu, 0xa4beea44u, 0x4bdecfa9u, 0xf6bb4b60u, 0xbebfbc70u,
	0x289b7ec6u, 0xeaa127fau, 0xd4ef3085u, 0x04881d05u, 0xd9d4d039u, 0xe6db99e5u, 0x1fa27cf8u, 0xc4ac5665u,
	0xf4292244u, 0x432aff97u, 0xab9423a7u, 0xfc93a039u, 0x655b59c3u, 0x8f0ccc92u, 0xffeff47du, 0x85845dd1u,
	0x6fa87e4fu, 0xfe2ce6e0u, 0xa3014314u, 0x4e0811a1u, 0xf7537e82u, 0xbd3af235u, 0x2ad7d2bbu, 0xeb86d391u
};

/* The fractions of the cube roots of the first 80 primes; SHA-256 takes the upper halves of the first 64. */
static const uint64_t sha_constants[80] = {
	0x428a2f98d728ae22ull, 0x7137449123ef65cdull, 0xb5c0fbcfec4d3b2full, 0xe9b5dba58189dbbcull,
	0x3956c25bf348b538ull, 0x59f111f1b605d019ull, 0x923f82a4af194f9bull, 0xab1c5ed5da6d8118ull,
	0xd807aa98a3030242ull, 0x12835b0145706fbeull, 0x243185be4ee4b28cull, 0x550c7dc3d5ffb4e2ull,
	0x72be5d74f27b896full, 0x80deb1fe3b1696b1ull, 0x9bdc06a725c71235ull, 0xc19bf174cf692694ull,
	0xe49b69c19ef14ad2ull, 0xefbe4786384f25e3ull, 0x0fc19dc68b8cd5b5ull, 0x240ca1cc77ac9c65ull,
	0x2de92c6f592b0275ull, 0x4a7484aa6ea6e483ull, 0x5cb0a9dcbd41fbd4ull, 0x76f988da831153b5ull,
	0x983e5152ee66dfabull, 0xa831c66d2db43210ull, 0xb00327c898fb213full, 0xbf597fc7beef0ee4ull,
	0xc6e00bf33da88fc2ull, 0xd5a79147930aa725ull, 0x06ca6351e003826full, 0x142929670a0e6e70ull,
	0x27b70a8546d22ffcull, 0x2e1b21385c26c926ull, 0x4d2c6dfc5ac42aedull, 0x53380d139d95b3dfull,
	0x650a73548baf63deull, 0x766a0abb3c77b2a8ull, 0x81c2c92e47edaee6ull, 0x92722c851482353bull,
	0xa2bfe8a14cf10364ull, 0xa81a664bbc423001ull, 0xc24b8b70d0f89791ull, 0xc76c51a30654be30ull,
	0xd192e819d6ef5218ull, 0xd69906245565a910ull, 0xf40e35855771202aull, 0x106aa07032bbd1b8ull,
	0x19a4c116b8d2d0c8ull, 0x1e376c085141ab53ull, 0x2748774cdf8eeb99ull, 0x34b0bcb5e19b48a8ull,
	0x391c0cb3c5c95a63ull, 0x4ed8aa4ae3418acbull, 0x5b9cca4f7763e373ull, 0x682e6ff3d6b2b8a3ull,
	0x748f82ee5defb2fcull, 0x78a5636f43172f60ull, 0x84c87814a1f0ab72ull, 0x8cc702081a6439ecull,
	0x90befffa23631e28ull, 0xa4506cebde82bde9ull, 0xbef9a3f7b2c67915ull, 0xc67178f2e372532bull,
	0xca273eceea26619cull, 0xd186b8c721c0c207ull, 0xeada7dd6cde0eb1eull, 0xf57d4f7fee6ed178ull,
	0x06f067aa72176fbaull, 0x0a637dc5a2c898a6ull, 0x113f9804bef90daeull, 0x1b710b35131c471bull,
	0x28db77f523047d84ull, 0x32caab7b40c72493ull, 0x3c9ebe0a15c9bebcull, 0x431d67c49c100d4cull,
	0x4cc5d4becb3e42b6ull, 0x597f299cfc657e2aull, 0x5fcb6fab3ad6faecull, 0x6c44198c4a475817ull
};

static const uint32_t md5_initial[4] = { 0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u };
static const uint32_t sha_256_initial[8] = { 0x6a09e667u, 0xbb67ae85u, 0x3c6ef372u, 0xa54ff53au, 0x510e527fu, 0x9b05688cu,
	0x1f83d9abu, 0x5be0cd19u };
static const uint64_t sha_512_256_initial[8] = { 0x22312194fc2bf72cull, 0x9f555fa3c84c64c2ull, 0x2393b86b6f53b151ull,
	0x963877195940eabdull, 0x96283ee2a88effe3ull, 0xbe5e1e2553863992ull, 0x2b0199fc2c85b8aaull, 0x0eb72ddc81c52ca2ull };

static uint32_t rotate_left(uint32_t value, int bits)
{
	return (value << bits) | (value >> (32 - bits));
}

static uint32_t rotate_right(uint32_t value, int bits)
{
	return (value >> bits) | (value << (32 - bits));
}

static uint64_t rotate_right_long(uint64_t value, int bits)
{
	return (value >> bits) | (value << (64 - bits));
}

static uint32_t load_big(const uint8_t* bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static uint32_t load_little(const uint8_t* bytes)
{
	return (uint32_t)bytes[3] << 24 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[1] << 8 | bytes[0];
}

static void md5_block(uint32_t* state, const uint8_t* block)
{
	static const uint8_t shifts[16] = { 7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21 };
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
	for (int step = 0; step < 64; step++) {
		uint32_t mixed;
		int word;
		switch (step / 16) {
		case 0:
			mixed = (b & c) | (~b & d);
			word = step;
			break;
		case 1:
			mixed = (d & b) | (~d & c);
			word = (5 * step + 1) % 16;
			break;
		case 2:
			mixed = b ^ c ^ d;
			word = (3 * step + 5) % 16;
			break;
		default:
			mixed = c ^ (b | ~d);
			word = (7 * step) % 16;
		}
		uint32_t next = d;
		d = c;
		c = b;
		b += rotate_left(a + mixed + md5_constants[step] + load_little(block + 4 * word), shifts[step / 16 * 4 + step % 4]);
		a = next;
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
}

static void sha_256_block(uint32_t* state, const uint8_t* block)
{
	uint32_t schedule[16], work[8];
	memcpy(work, state, sizeof(work));
	for (int step = 0; step < 64; step++) {
		uint32_t* word = &schedule[step % 16];
		if (step < 16)
			*word = load_big(block + 4 * step);
		else {
			uint32_t early = schedule[(step + 1) % 16], late = schedule[(step + 14) % 16];
			*word += schedule[(step + 9) % 16]
				+ (rotate_right(early, 7) ^ rotate_right(early, 18) ^ (early >> 3))
				+ (rotate_right(late, 17) ^ rotate_right(late, 19) ^ (late >> 10));
		}
		uint32_t a = work[0], e = work[4];
		uint32_t first = work[7] + (rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25))
			+ ((e & work[5]) ^ (~e & work[6])) + (uint32_t)(sha_constants[step] >> 32) + *word;
		uint32_t second = (rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22))
			+ ((a & work[1]) ^ (a & work[2]) ^ (work[1] & work[2]));
		memmove(work + 1, work, 7 * sizeof(*work));
		work[4] += first;
		work[0] = first + second;
	}
	for (int index = 0; index < 8; index++)
		state[index] += work[index];
}

static void sha_512_block(uint64_t* state, const uint8_t* block)
{
	uint64_t schedule[16], work[8];
	memcpy(work, state, sizeof(work));
	for (int step = 0; step < 80; step++) {
		uint64_t* word = &schedule[step % 16];
		if (step < 16)
			*word = (uint64_t)load_big(block + 8 * step) << 32 | load_big(block + 8 * step + 4);
		else {
			uint64_t early = schedule[(step + 1) % 16], late = schedule[(step + 14) % 16];
			*word += schedule[(step + 9) % 16]
				+ (rotate_right_long(early, 1) ^ rotate_right_long(early, 8) ^ (early >> 7))
				+ (rotate_right_long(late, 19) ^ rotate_right_long(late, 61) ^ (late >> 6));
		}
		uint64_t a = work[0], e = work[4];
		uint64_t first = work[7] + (rotate_right_long(e, 14) ^ rotate_right_long(e, 18) ^ rotate_right_long(e, 41))
			+ ((e & work[5]) ^ (~e & work[6])) + sha_constants[step] + *word;
		uint64_t second = (rotate_right_long(a, 28) ^ rotate_right_long(a, 34) ^ rotate_right_long(a, 39))
			+ ((a & work[1]) ^ (a & work[2]) ^ (work[1] & work[2]));
		memmove(work + 1, work, 7 * sizeof(*work));
		work[4] += first;
		work[0] = first + second;
	}
	for (int index = 0; index < 8; index++)
		state[index] += work[index];
}

static size_t block_size(int algorithm)
{
	return algorithm == DIGEST_SHA_512_256 ? 128 : 64;
}

size_t digest_size(int algorithm)
{
	return algorithm == DIGEST_MD5 ? 16 : 32;
}

void digest_start(digest_context* context, int algorithm)
{
	context->algorithm = algorithm;
	context->length = 0;
	if (algorithm == DIGEST_MD5)
		memcpy(context->state.words, md5_initial, sizeof(md5_initial));
	else if (algorithm == DIGEST_SHA_256)
		memcpy(context->state.words, sha_256_initial, sizeof(sha_256_initial));
	else
		memcpy(context->state.long_words, sha_512_256_initial, sizeof(sha_512_256_initial));
}

static void take_block(digest_context* context, const uint8_t* block)
{
	if (context->algorithm == DIGEST_MD5)
		md5_block(context->state.words, block);
	else if (context->algorithm == DIGEST_SHA_256)
		sha_256_block(context->state.words, block);
	else
		sha_512_block(context->state.long_words, block);
}

void digest_update(digest_context* context, const void* bytes, size_t length)
{
	const uint8_t* from = bytes;
	size_t size = block_size(context->algorithm);
	size_t filled = (size_t)(context->length % size);
	context->length += length;
	while (length > 0) {
		size_t count = size - filled < length ? size - filled : length;
		memcpy(context->block + filled, from, count);
		from += count;
		length -= count;
		filled += count;
		if (filled == size) {
			take_block(context, context->block);
			filled = 0;
		}
	}
}

void digest_finish(digest_context* context, uint8_t* result)
{
	size_t size = block_size(context->algorithm);
	size_t filled = (size_t)(context->length % size);
	uint64_t bits = context->length * 8;
	bool little = context->algorithm == DIGEST_MD5;
	context->block[filled++] = 0x80;
	if (filled > size - size / 8) {
		memset(context->block + filled, 0, size - filled);
		take_block(context, context->block);
		filled = 0;
	}
	/* The length's upper half, where it has 128 bits, is always 0 here. */
	memset(context->block + filled, 0, size - filled);
	for (int index = 0; index < 8; index++)
		context->block[size - 8 + (size_t)index] = (uint8_t)(bits >> (little ? 8 * index : 56 - 8 * index));
	take_block(context, context->block);
	for (size_t index = 0; index < digest_size(context->algorithm); index++) {
		if (little)
			result[index] = (uint8_t)(context->state.words[index / 4] >> (8 * (index % 4)));
		else if (size == 64)
			result[index] = (uint8_t)(context->state.words[index / 4] >> (24 - 8 * (index % 4)));
		else
			result[index] = (uint8_t)(context->state.long_words[index / 8] >> (56 - 8 * (index % 8)));
	}
}

void hmac_start(hmac_context* context, int algorithm, const void* key, size_t length)
{
	uint8_t padded[DIGEST_BLOCK_MAXIMUM] = { 0 };
	size_t size = block_size(algorithm);
	if (length > size) {
		digest_start(&context->inner, algorithm);
		digest_update(&context->inner, key, length);
		digest_finish(&context->inner, padded);
	}
	else
		memcpy(padded, key, length);
	for (size_t index = 0; index < size; index++) {
		context->outer_key[index] = padded[index] ^ 0x5c;
		padded[index] ^= 0x36;
	}
	digest_start(&context->inner, algorithm);
	digest_update(&context->inner, padded, size);
}

void hmac_update(hmac_context* context, const void* bytes, size_t length)
{
	digest_update(&context->inner, bytes, length);
}

void hmac_finish(hmac_context* context, uint8_t* result)
{
	uint8_t inner[DIGEST_SIZE_MAXIMUM];
	int algorithm = context->inner.algorithm;
	digest_finish(&context->inner, inner);
	digest_start(&context->inner, algorithm);
	digest_update(&context->inner, context->outer_key, block_size(algorithm));
	digest_update(&context->inner, inner, digest_size(algorithm));
	digest_finish(&context->inner, result);
}
