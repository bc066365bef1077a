/*
 * SipHash-2-4. See siphash.h.
 */
#include "siphash.h"

static uint64_t rotate(uint64_t value, unsigned bits)
{
	return (value << bits) | (value >> (64u - bits));
}

static uint64_t eight(const uint8_t* bytes)
{
	uint64_t value = 0;
	for (unsigned index = 0; index < 8; index++)
		value |= (uint64_t)bytes[index] << (8u * index);
	return value;
}

static void rounds(uint64_t v[4], unsigned count)
{
	while (count-- > 0) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] = rotate(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] = rotate(v[2], 32);
	}
}

uint64_t siphash(const uint8_t key[SIPHASH_KEY], const uint8_t* bytes, size_t length)
{
	const uint64_t k0 = eight(key);
	const uint64_t k1 = eight(key + 8);
	uint64_t v[4] = { k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du, k0 ^ 0x6c7967656e657261u,
		k1 ^ 0x7465646279746573u };
	size_t at = 0;
	for (; at + 8 <= length; at += 8) {
		uint64_t word = eight(bytes + at);
		v[3] ^= word;
		rounds(v, 2);
		v[0] ^= word;
	}
	uint64_t last = (uint64_t)length << 56;
	for (unsigned index = 0; at + index < length; index++)
		last |= (uint64_t)bytes[at + index] << (8u * index);
	v[3] ^= last;
	rounds(v, 2);
	v[0] ^= last;
	v[2] ^= 0xffu;
	rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
