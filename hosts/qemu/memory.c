/*
 * memset, memcpy and memmove by words: picolibc's small ones go byte by byte, and the
 * engine clears and moves slots of 16 bytes all the time.
 */
#include <stddef.h>
#include <stdint.h>

#define WORD sizeof(uint32_t)
#define BLOCK (4 * WORD)

static int is_aligned(uintptr_t address)
{
	return address % WORD == 0;
}

/* The loops below must not be turned into calls of what they are in. */
#pragma GCC optimize("O2", "no-tree-loop-distribute-patterns")

void* memset(void* target, int value, size_t size)
{
	uint8_t* to = target;
	uint32_t word = (uint8_t)value * 0x01010101u;
	for (; size > 0 && !is_aligned((uintptr_t)to); size--)
		*to++ = (uint8_t)value;
	for (; size >= BLOCK; size -= BLOCK, to += BLOCK) {
		uint32_t* words = (uint32_t*)to;
		words[0] = word;
		words[1] = word;
		words[2] = word;
		words[3] = word;
	}
	while (size-- > 0)
		*to++ = (uint8_t)value;
	return target;
}

static void copy_forwards(uint8_t* to, const uint8_t* from, size_t size)
{
	if (is_aligned((uintptr_t)to ^ (uintptr_t)from)) {
		for (; size > 0 && !is_aligned((uintptr_t)to); size--)
			*to++ = *from++;
		for (; size >= BLOCK; size -= BLOCK, to += BLOCK, from += BLOCK) {
			uint32_t* words = (uint32_t*)to;
			const uint32_t* others = (const uint32_t*)from;
			uint32_t first = others[0], second = others[1], third = others[2], fourth = others[3];
			words[0] = first;
			words[1] = second;
			words[2] = third;
			words[3] = fourth;
		}
	}
	while (size-- > 0)
		*to++ = *from++;
}

static void copy_backwards(uint8_t* to, const uint8_t* from, size_t size)
{
	to += size;
	from += size;
	if (is_aligned((uintptr_t)to ^ (uintptr_t)from)) {
		for (; size > 0 && !is_aligned((uintptr_t)to); size--)
			*--to = *--from;
		for (; size >= WORD; size -= WORD) {
			to -= WORD;
			from -= WORD;
			*(uint32_t*)to = *(const uint32_t*)from;
		}
	}
	while (size-- > 0)
		*--to = *--from;
}

void* memcpy(void* restrict target, const void* restrict source, size_t size)
{
	copy_forwards(target, source, size);
	return target;
}

void* memmove(void* target, const void* source, size_t size)
{
	uint8_t* to = target;
	const uint8_t* from = source;
	if (to <= from || to >= from + size)
		copy_forwards(to, from, size);
	else
		copy_backwards(to, from, size);
	return target;
}
