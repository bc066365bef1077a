#include "mirror.h"

#include <string.h>

static uint8_t value[STORE_VALUE_MAXIMUM + 1];
static uint8_t found[STORE_VALUE_MAXIMUM];

void mirror_make(struct mirror* mirror)
{
	for (uint32_t number = 0; number < MIRROR_KEYS; number++)
		mirror->length[number] = -1;
}

const char* mirror_key(uint32_t number)
{
	static char key[16];
	/* Of all lengths, and beginning alike. */
	uint32_t length = number * STORE_KEY_MAXIMUM / MIRROR_KEYS;
	memcpy(key, "document.name.x", length);
	key[length] = (char)('A' + number);
	key[length + 1] = 0;
	return key;
}

const uint8_t* mirror_value(uint32_t seed, uint32_t length)
{
	uint32_t state = seed * 747796405u + 1;
	for (uint32_t index = 0; index < length; index++) {
		state = state * 1664525u + 1013904223u;
		/* Some values have long runs of blank bytes: those must not be taken for the end. */
		value[index] = seed % 5 == 0 ? 0xff : (uint8_t)(state >> 24);
	}
	return value;
}

bool mirror_holds(struct store* store, uint32_t number, int32_t length, uint32_t seed)
{
	int32_t size = store_length(store, mirror_key(number));
	if (length < 0)
		return size == STORE_ABSENT;
	if (size != length || store_read(store, mirror_key(number), found, sizeof(found)) != length)
		return false;
	return length == 0 || memcmp(found, mirror_value(seed, (uint32_t)length), (size_t)length) == 0;
}

void mirror_check(struct store* store, const struct mirror* mirror, uint32_t except)
{
	uint32_t keys = 0;
	for (uint32_t number = 0; number < MIRROR_KEYS; number++) {
		if (number == except)
			continue;
		CHECK(mirror_holds(store, number, mirror->length[number], mirror->seed[number]));
		keys += mirror->length[number] >= 0;
	}
	char key[16];
	uint32_t listed = 0;
	for (uint32_t index = 0; store_key(store, index, key) == STORE_OK; index++)
		listed += except == MIRROR_KEYS || strcmp(key, mirror_key(except)) != 0;
	CHECK_EQUAL(listed, keys);
}

struct step step_random(struct model* model, uint32_t largest)
{
	struct step step = { model_random(model, MIRROR_KEYS), 0, model_random(model, 1000000) };
	switch (model_random(model, 8)) {
	case 0:
		step.length = -1;
		break;
	case 1:
		step.length = (int32_t)model_random(model, 8);
		break;
	case 2:
		step.length = (int32_t)model_random(model, largest + 1);
		break;
	default:
		step.length = (int32_t)model_random(model, 1200);
	}
	return step;
}

int step_run(struct store* store, struct mirror* mirror, const struct step* step)
{
	int result;
	if (step->length < 0) {
		result = store_delete(store, mirror_key(step->key));
		if (mirror->length[step->key] < 0) {
			CHECK_EQUAL(result, STORE_ABSENT);
			return STORE_OK;
		}
	}
	else
		result = store_write(store, mirror_key(step->key), mirror_value(step->seed, (uint32_t)step->length), (uint32_t)step->length);
	if (result == STORE_OK) {
		mirror->length[step->key] = step->length;
		mirror->seed[step->key] = step->seed;
	}
	return result;
}
