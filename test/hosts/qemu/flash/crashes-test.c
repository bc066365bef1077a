/* The crash counter: counting, going round, cuts. */
#include "crashes.h"
#include "model.h"

static struct model model, before;

static void counting(void)
{
	model_make(&model, 2, 1);
	CHECK_EQUAL(crashes_read(&model.nor).all, 0);
	uint32_t all = 0, early = 0;
	for (int count = 0; count < 5000; count++) {
		switch (model_random(&model, 4)) {
		case 0:
			crashes_clear_early(&model.nor);
			early = 0;
			break;
		case 1:
			crashes_count(&model.nor, false);
			all++;
			early = 0;
			break;
		default:
			all++;
			early++;
			CHECK_EQUAL(crashes_count(&model.nor, true).early, early);
		}
		CHECK_EQUAL(crashes_read(&model.nor).all, all);
		CHECK_EQUAL(crashes_read(&model.nor).early, early);
	}
	CHECK(model.erasures < 8);
	long programs = model.programs;
	crashes_clear_early(&model.nor);
	crashes_clear_early(&model.nor);
	CHECK(model.programs - programs <= 1);
}

/* Each operation of each event is cut: the counts are those before or those after. */
static void cuts(void)
{
	static jmp_buf power;
	/* Static: setjmp leaves automatic variables that changed in doubt. */
	static uint32_t all, events;
	static long operation;
	static int mode;
	model_make(&model, 2, 1);
	all = 0;
	for (events = 0; events < 2200; events++) {
		model_copy(&before, &model);
		for (mode = 0; mode < CUT_MODES; mode++)
			for (operation = 1;; operation++) {
				model_copy(&model, &before);
				model_cut_at(&model, operation, mode, &power);
				if (!setjmp(power)) {
					crashes_count(&model.nor, true);
					break;
				}
				uint32_t counted = crashes_read(&model.nor).all;
				CHECK(counted == all || counted == all + 1);
				CHECK_EQUAL(crashes_count(&model.nor, true).all, counted + 1);
			}
		model_copy(&model, &before);
		model_cut_at(&model, 0, 0, NULL);
		CHECK_EQUAL(crashes_count(&model.nor, true).all, ++all);
	}
}

static void any_content(void)
{
	for (uint32_t seed = 1; seed <= 100; seed++) {
		model_make(&model, 2, seed);
		for (uint32_t at = 0; at < 2 * NOR_SECTOR; at++)
			model.bytes[at] = seed == 1 ? 0 : (uint8_t)model_random(&model, 256);
		CHECK_EQUAL(crashes_read(&model.nor).all, 0);
		CHECK_EQUAL(crashes_count(&model.nor, true).all, 1);
		CHECK_EQUAL(crashes_count(&model.nor, true).early, 2);
	}
}

const struct test crashes_tests[] = { { "crashes are counted", counting }, { "crash counter, cut at each operation", cuts },
	{ "crash counter on flash with any content", any_content }, { NULL, NULL } };
