/* The store without cuts: limits, contents, a full store, any content of the flash. */
#include "mirror.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static struct model model;
static struct store store;
static struct mirror mirror;

static void make(uint32_t sectors, uint32_t seed)
{
	model_make(&model, sectors, seed);
	mirror_make(&mirror);
	CHECK_EQUAL(store_mount(&store, &model.nor), STORE_OK);
}

static void limits(void)
{
	char key[16];
	make(16, 1);
	CHECK_EQUAL(store_write(&store, "123456789012345", "x", 1), STORE_OK);
	CHECK_EQUAL(store_write(&store, "1234567890123456", "x", 1), STORE_BAD_KEY);
	CHECK_EQUAL(store_write(&store, "", "x", 1), STORE_BAD_KEY);
	CHECK_EQUAL(store_write(&store, "a b", "x", 1), STORE_BAD_KEY);
	CHECK_EQUAL(store_write(&store, "\xc3\xa9", "x", 1), STORE_BAD_KEY);
	CHECK_EQUAL(store_write(&store, "k", mirror_value(1, STORE_VALUE_MAXIMUM + 1), STORE_VALUE_MAXIMUM + 1), STORE_TOO_LARGE);
	CHECK_EQUAL(store_read(&store, "k", key, sizeof(key)), STORE_ABSENT);
	CHECK_EQUAL(store_read(&store, "", key, sizeof(key)), STORE_ABSENT);
	CHECK_EQUAL(store_delete(&store, "k"), STORE_ABSENT);
	CHECK_EQUAL(store_write(&store, "k", "four", 4), STORE_OK);
	CHECK_EQUAL(store_read(&store, "k", key, 3), STORE_TOO_LARGE);
	CHECK_EQUAL(store_write(&store, "k", NULL, 0), STORE_OK);
	CHECK_EQUAL(store_length(&store, "k"), 0);
	store_delete(&store, "k");
	for (int count = 1; count < STORE_KEYS; count++) {
		snprintf(key, sizeof(key), "key%d", count);
		CHECK_EQUAL(store_write(&store, key, &count, sizeof(count)), STORE_OK);
	}
	CHECK_EQUAL(store_write(&store, "onemore", "x", 1), STORE_FULL);
	CHECK_EQUAL(store_write(&store, "key1", "x", 1), STORE_OK);
	CHECK_EQUAL(store_mount(&store, &model.nor), STORE_OK);
	CHECK_EQUAL(store.keys, STORE_KEYS);
	model_make(&model, STORE_SECTORS_MINIMUM - 1, 1);
	CHECK_EQUAL(store_mount(&store, &model.nor), STORE_TOO_SMALL);
	CHECK_EQUAL(store_write(&store, "k", "x", 1), STORE_FULL);
	CHECK_EQUAL(store_length(&store, "k"), STORE_ABSENT);
}

/* Operations at random, the store mounted again now and then, compared with a mirror after each. */
static void random_steps(void)
{
	for (uint32_t seed = 1; seed <= 12; seed++) {
		uint32_t sectors = 6 + seed * seed % 59;
		make(sectors, seed);
		uint32_t largest = sectors < 20 ? 4000 : STORE_VALUE_MAXIMUM;
		for (int count = 0; count < 400; count++) {
			struct step step = step_random(&model, largest);
			int result = step_run(&store, &mirror, &step);
			CHECK(result == STORE_OK || result == STORE_FULL);
			if (count % 8 == 0)
				CHECK_EQUAL(store_mount(&store, &model.nor), STORE_OK);
			mirror_check(&store, &mirror, MIRROR_KEYS);
		}
	}
}

/* The bytes that count are the same whether they are kept while writing or found by mounting. */
static void accounts(void)
{
	struct store_figures kept, found;
	make(12, 3);
	for (int count = 0; count < 600; count++) {
		struct step step = step_random(&model, 5000);
		(void)step_run(&store, &mirror, &step);
		store_inspect(&store, &kept);
		CHECK_EQUAL(store_mount(&store, &model.nor), STORE_OK);
		store_inspect(&store, &found);
		CHECK_EQUAL(kept.live, found.live);
		CHECK_EQUAL(kept.most_erases, found.most_erases);
		CHECK_EQUAL(kept.free, found.free);
	}
}

static void full(void)
{
	make(64, 4);
	int result = STORE_OK;
	uint32_t held = 0;
	for (uint32_t key = 0; key < MIRROR_KEYS && result == STORE_OK; key++) {
		struct step step = { key, 11000 + (int32_t)key * 37, key };
		result = step_run(&store, &mirror, &step);
		held += result == STORE_OK;
	}
	CHECK_EQUAL(result, STORE_FULL);
	/* Three quarters of 256 KB at least. */
	CHECK(held * 11000 > 190000);
	mirror_check(&store, &mirror, MIRROR_KEYS);
	/* Trying again and again does no harm, and hardly any wear. */
	long erasures = model.erasures;
	for (int count = 0; count < 50; count++) {
		struct step step = { 0, 32000, 7 };
		CHECK_EQUAL(step_run(&store, &mirror, &step), STORE_FULL);
	}
	CHECK(model.erasures - erasures < 100);
	mirror_check(&store, &mirror, MIRROR_KEYS);
	CHECK_EQUAL(store_mount(&store, &model.nor), STORE_OK);
	mirror_check(&store, &mirror, MIRROR_KEYS);
	/* Deleting needs no room, and makes some. */
	for (uint32_t key = 0; key < 4; key++) {
		struct step step = { key, -1, 0 };
		CHECK_EQUAL(step_run(&store, &mirror, &step), STORE_OK);
	}
	struct step step = { 0, 20000, 8 };
	CHECK_EQUAL(step_run(&store, &mirror, &step), STORE_OK);
	mirror_check(&store, &mirror, MIRROR_KEYS);
}

/* Everything that can be done with a store, on flash that holds anything. */
static void exercise(void)
{
	static uint8_t bytes[STORE_VALUE_MAXIMUM];
	char key[16];
	model.bytes_read = 0;
	CHECK_EQUAL(store_mount(&store, &model.nor), STORE_OK);
	for (uint32_t index = 0; store_key(&store, index, key) == STORE_OK; index++) {
		key[15] = 0;
		int32_t length = store_read(&store, key, bytes, sizeof(bytes));
		CHECK(length >= 0 || length == STORE_DAMAGED || length == STORE_ABSENT);
	}
	int result = store_write(&store, "new", mirror_value(1, 5000), 5000);
	if (result == STORE_OK) {
		CHECK_EQUAL(store_read(&store, "new", bytes, sizeof(bytes)), 5000);
		CHECK_EQUAL(store_mount(&store, &model.nor), STORE_OK);
		CHECK_EQUAL(store_read(&store, "new", bytes, sizeof(bytes)), 5000);
		CHECK(memcmp(bytes, mirror_value(1, 5000), 5000) == 0);
		CHECK_EQUAL(store_delete(&store, "new"), STORE_OK);
	}
	CHECK(model.bytes_read < 100000000);
}

static void garbage(void)
{
	for (uint32_t seed = 1; seed <= 60; seed++) {
		make(16, seed);
		for (uint32_t at = 0; at < model.nor.size; at++)
			model.bytes[at] = seed % 3 == 0 ? 0 : (uint8_t)model_random(&model, 256);
		exercise();
		CHECK_EQUAL(store_length(&store, "new"), STORE_ABSENT);
	}
}

/* A sound store in which bits have changed, a few or many: what can be read is what was written. */
static void damage(void)
{
	for (uint32_t seed = 1; seed <= 200; seed++) {
		make(16, seed);
		for (int count = 0; count < 60; count++) {
			struct step step = step_random(&model, 4000);
			(void)step_run(&store, &mirror, &step);
		}
		uint32_t flips = 1u << model_random(&model, 12);
		for (uint32_t count = 0; count < flips; count++)
			model.bytes[model_random(&model, model.nor.size)] ^= (uint8_t)(1u << model_random(&model, 8));
		/* Some sectors as they were never written, some a copy of others. */
		if (seed % 4 == 0)
			memcpy(model.bytes + 3 * NOR_SECTOR, model.bytes + 4 * NOR_SECTOR, NOR_SECTOR);
		exercise();
	}
}

/* A damaged value says so, and goes on saying so when its sector is collected. */
static void damaged_value(void)
{
	uint8_t bytes[64];
	make(6, 1);
	CHECK_EQUAL(store_write(&store, "victim", "precious and long enough", 24), STORE_OK);
	CHECK_EQUAL(store_write(&store, "other", "other", 5), STORE_OK);
	for (uint32_t at = 0; at + 8 < model.nor.size; at++)
		if (memcmp(model.bytes + at, "precious", 8) == 0)
			model.bytes[at] = 'P';
	for (int count = 0; count < 100; count++) {
		CHECK_EQUAL(store_read(&store, "victim", bytes, sizeof(bytes)), STORE_DAMAGED);
		CHECK_EQUAL(store_read(&store, "other", bytes, sizeof(bytes)), 5);
		CHECK_EQUAL(store_write(&store, "busy", mirror_value(2, 3000), 3000), STORE_OK);
	}
	CHECK_EQUAL(store_write(&store, "victim", "new", 3), STORE_OK);
	CHECK_EQUAL(store_read(&store, "victim", bytes, sizeof(bytes)), 3);
}

/* What things cost, as JSON. */
static void costs(void)
{
	static uint8_t bytes[4096];
	make(64, 1);
	for (uint32_t key = 0; key < MIRROR_KEYS; key++) {
		struct step step = { key, 7000, key };
		CHECK_EQUAL(step_run(&store, &mirror, &step), STORE_OK);
	}
	long programs = model.programs, erasures = model.erasures;
	const int writes = 1000;
	for (int count = 0; count < writes; count++)
		CHECK_EQUAL(store_write(&store, "document.a", mirror_value((uint32_t)count, 4096), 4096), STORE_OK);
	programs = model.programs - programs;
	erasures = model.erasures - erasures;
	model.bytes_read = 0;
	CHECK_EQUAL(store_mount(&store, &model.nor), STORE_OK);
	long mount = model.bytes_read;
	model.bytes_read = 0;
	CHECK_EQUAL(store_read(&store, "document.a", bytes, sizeof(bytes)), 4096);
	printf("{\"ram\":%zu,\"pages_per_4k_write\":%.1f,\"erasures_per_4k_write\":%.2f,\"bytes_read_by_mount\":%ld,\"bytes_read_by_4k_read\":%ld}\n",
		sizeof(store), (double)programs / writes, (double)erasures / writes, mount, model.bytes_read);
}

const struct test store_tests[] = { { "limits", limits }, { "random steps", random_steps }, { "accounts", accounts }, { "full", full },
	{ "garbage", garbage }, { "damage", damage }, { "damaged value", damaged_value }, { "costs", costs }, { NULL, NULL } };
