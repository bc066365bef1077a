/* Wear: spread over the sectors, and sectors that fail. */
#include "mirror.h"

#include <stdio.h>

static struct model model;
static struct store store;
static struct mirror mirror;

/* One value changes all the time, the others never: the flash wears evenly all the same. */
static void spread(void)
{
	struct store_figures figures;
	model_make(&model, 64, 1);
	mirror_make(&mirror);
	CHECK_EQUAL(store_mount(&store, &model.nor), STORE_OK);
	for (uint32_t key = 0; key < MIRROR_KEYS - 1; key++) {
		struct step step = { key, 6000, key };
		CHECK_EQUAL(step_run(&store, &mirror, &step), STORE_OK);
	}
	for (int count = 0; count < 20000; count++) {
		struct step step = { MIRROR_KEYS - 1, 900, (uint32_t)count };
		CHECK_EQUAL(step_run(&store, &mirror, &step), STORE_OK);
		if (count % 500 == 0)
			CHECK_EQUAL(store_mount(&store, &model.nor), STORE_OK);
	}
	mirror_check(&store, &mirror, MIRROR_KEYS);
	uint32_t fewest = UINT32_MAX, most = 0;
	for (uint32_t sector = 0; sector < 64; sector++) {
		if (model.erases[sector] < fewest)
			fewest = model.erases[sector];
		if (model.erases[sector] > most)
			most = model.erases[sector];
	}
	store_inspect(&store, &figures);
	CHECK_EQUAL(figures.most_erases, most);
	CHECK(most - fewest <= STORE_SPREAD + 4);
	/* 20,000 records of 940 bytes fill 5,000 sectors: 78 erasures each, if nothing else were moved. */
	CHECK(most < 120);
	printf("{\"fewest\":%u,\"most\":%u}\n", fewest, most);
}

/* Sectors fail one after the other, until there is no room: nothing is ever lost. */
static void worn(void)
{
	for (uint32_t seed = 1; seed <= 30; seed++) {
		model_make(&model, 16, seed);
		mirror_make(&mirror);
		CHECK_EQUAL(store_mount(&store, &model.nor), STORE_OK);
		for (uint32_t sector = 0; sector < 16; sector++)
			model.endurance[sector] = 1 + model_random(&model, 20);
		int result = STORE_OK;
		int refused = 0;
		for (int count = 0; count < 4000 && refused < 40; count++) {
			struct step step = step_random(&model, 2500);
			step.key %= 12;
			result = step_run(&store, &mirror, &step);
			CHECK(result == STORE_OK || result == STORE_WORN || result == STORE_FULL);
			refused += result == STORE_WORN;
			if (count % 16 == 0)
				CHECK_EQUAL(store_mount(&store, &model.nor), STORE_OK);
			/* A deletion that worn flash refuses leaves the value. */
			mirror_check(&store, &mirror, MIRROR_KEYS);
		}
		CHECK_EQUAL(refused, 40);
		CHECK_EQUAL(store_mount(&store, &model.nor), STORE_OK);
		mirror_check(&store, &mirror, MIRROR_KEYS);
	}
}

const struct test wear_tests[] = { { "wear is spread", spread }, { "worn sectors", worn }, { NULL, NULL } };
