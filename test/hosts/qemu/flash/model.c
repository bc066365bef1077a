#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 256u

uint32_t model_random(struct model* model, uint32_t below)
{
	model->random ^= model->random << 13;
	model->random ^= model->random >> 17;
	model->random ^= model->random << 5;
	return model->random % below;
}

static struct model* model_of(const struct nor* nor)
{
	return (struct model*)((char*)(uintptr_t)nor - offsetof(struct model, nor));
}

static bool is_cut(struct model* model)
{
	return ++model->operations == model->cut_at;
}

static void power_off(struct model* model)
{
	model->cut_at = 0;
	longjmp(*model->power, 1);
}

static int model_read(const struct nor* nor, uint32_t offset, void* bytes, uint32_t length)
{
	struct model* model = model_of(nor);
	CHECK(offset <= nor->size && length <= nor->size - offset);
	memcpy(bytes, model->bytes + offset, length);
	model->bytes_read += length;
	return 0;
}

static void program_page(struct model* model, uint32_t offset, const uint8_t* bytes, uint32_t length)
{
	uint8_t* at = model->bytes + offset;
	uint32_t sector = offset / NOR_SECTOR;
	bool is_worn = model->endurance[sector] && model->erases[sector] > model->endurance[sector];
	model->programs++;
	for (uint32_t index = 0; index < length; index++)
		CHECK((at[index] & bytes[index]) == bytes[index]);
	if (!is_cut(model)) {
		for (uint32_t index = 0; index < length; index++)
			at[index] = bytes[index];
		/* A worn sector has a bit that no longer clears. */
		if (is_worn)
			at[length / 2] |= (uint8_t)(1u << model_random(model, 8));
		return;
	}
	for (uint32_t index = 0; index < length; index++) {
		switch (model->cut_mode) {
		case CUT_ALL:
			at[index] = bytes[index];
			break;
		case CUT_SOME_BITS:
			at[index] &= (uint8_t)(bytes[index] | model_random(model, 256));
			break;
		case CUT_FIRST_HALF:
		case CUT_SECOND_HALF:
			if ((index < length / 2) == (model->cut_mode == CUT_FIRST_HALF))
				at[index] = bytes[index];
			break;
		}
	}
	power_off(model);
}

static int model_program(const struct nor* nor, uint32_t offset, const void* bytes, uint32_t length)
{
	const uint8_t* from = bytes;
	CHECK(offset % NOR_WORD == 0 && length % NOR_WORD == 0);
	CHECK(offset <= nor->size && length <= nor->size - offset);
	while (length > 0) {
		uint32_t piece = PAGE - offset % PAGE;
		if (piece > length)
			piece = length;
		program_page(model_of(nor), offset, from, piece);
		offset += piece;
		from += piece;
		length -= piece;
	}
	return 0;
}

static int model_erase(const struct nor* nor, uint32_t offset)
{
	struct model* model = model_of(nor);
	uint8_t* at = model->bytes + offset;
	uint32_t sector = offset / NOR_SECTOR;
	CHECK(offset % NOR_SECTOR == 0 && offset < nor->size);
	model->erasures++;
	if (!is_cut(model)) {
		model->erases[sector]++;
		memset(at, 0xff, NOR_SECTOR);
		/* Long past its endurance it no longer erases either. */
		if (model->endurance[sector] && model->erases[sector] > model->endurance[sector] + 3)
			at[model_random(model, NOR_SECTOR)] = 0;
		return 0;
	}
	model->erases[sector] += model->cut_mode != CUT_NOTHING;
	for (uint32_t index = 0; index < NOR_SECTOR; index++) {
		bool is_first = index < NOR_SECTOR / 2;
		if (model->cut_mode == CUT_ALL || model->cut_mode == (is_first ? CUT_FIRST_HALF : CUT_SECOND_HALF))
			at[index] = 0xff;
		else if (model->cut_mode == CUT_SOME_BITS)
			at[index] |= (uint8_t)model_random(model, 256);
	}
	power_off(model);
	return -1;
}

void model_make(struct model* model, uint32_t sectors, uint32_t seed)
{
	memset(model, 0, sizeof(*model));
	memset(model->bytes, 0xff, sizeof(model->bytes));
	model->nor = (struct nor) { sectors * NOR_SECTOR, model_read, model_program, model_erase };
	model->random = seed * 2654435761u + 1;
}

void model_copy(struct model* to, const struct model* from)
{
	size_t fixed = offsetof(struct model, bytes);
	size_t after = fixed + sizeof(from->bytes);
	memcpy(to, from, fixed + from->nor.size);
	memcpy((char*)to + after, (const char*)from + after, sizeof(*from) - after);
}

void model_cut_at(struct model* model, long operation, int mode, jmp_buf* power)
{
	model->operations = 0;
	model->cut_at = operation;
	model->cut_mode = mode;
	model->power = power;
}

void check(bool condition, const char* text, const char* file, int line)
{
	if (condition)
		return;
	fprintf(stderr, "%s:%d: not so: %s\n", file, line, text);
	abort();
}

void check_equal(long actual, long expected, const char* text, const char* file, int line)
{
	if (actual == expected)
		return;
	fprintf(stderr, "%s:%d: %s is %ld, expected %ld\n", file, line, text, actual, expected);
	abort();
}

int main(int count, char** arguments)
{
	static const struct test* const groups[] = { store_tests, cut_tests, wear_tests, crashes_tests };
	for (size_t group = 0; group < sizeof(groups) / sizeof(groups[0]); group++)
		for (const struct test* test = groups[group]; test->name; test++) {
			if (count < 2)
				printf("%s\n", test->name);
			else if (strcmp(arguments[1], test->name) == 0) {
				test->run();
				return 0;
			}
		}
	return count < 2 ? 0 : 2;
}
