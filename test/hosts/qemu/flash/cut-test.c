/* Power cuts: at each operation, in each way, and many in a row. */
#include "mirror.h"

#include <stdio.h>

static struct model model, before_model, cut_model;
static struct store store, before_store;
static struct mirror mirror;

/* After a cut within `step`: its key holds the old value or the new one, all others hold theirs. */
static void check_after(const struct step* step)
{
	CHECK_EQUAL(store_mount(&store, &model.nor), STORE_OK);
	mirror_check(&store, &mirror, step->key);
	CHECK(mirror_holds(&store, step->key, mirror.length[step->key], mirror.seed[step->key])
		|| mirror_holds(&store, step->key, step->length, step->seed));
}

/* Runs the step with a cut at `operation`; gives whether there was one. */
static bool run_cut(const struct step* step, long operation, int mode)
{
	static jmp_buf power;
	struct mirror scratch = mirror;
	model_cut_at(&model, operation, mode, &power);
	if (setjmp(power))
		return true;
	(void)step_run(&store, &scratch, step);
	model_cut_at(&model, 0, 0, NULL);
	return false;
}

/* Mounts with a cut at `operation`; gives whether there was one. */
static bool mount_cut(long operation, int mode)
{
	static jmp_buf power;
	model_cut_at(&model, operation, mode, &power);
	if (setjmp(power))
		return true;
	CHECK_EQUAL(store_mount(&store, &model.nor), STORE_OK);
	model_cut_at(&model, 0, 0, NULL);
	return false;
}

/* What is deleted stays so: no copy that a cut left behind comes back. */
static void check_deletion(void)
{
	for (uint32_t key = 0; key < MIRROR_KEYS; key++)
		(void)store_delete(&store, mirror_key(key));
	CHECK_EQUAL(store_mount(&store, &model.nor), STORE_OK);
	CHECK_EQUAL(store.keys, 0);
}

static long cuts, mount_cuts;

/* A script over a small, busy store; each step is cut at each of its operations, and mounting after that as well. */
static void script(uint32_t sectors, uint32_t largest, int steps)
{
	model_make(&model, sectors, 11);
	mirror_make(&mirror);
	CHECK_EQUAL(store_mount(&store, &model.nor), STORE_OK);
	for (int count = 0; count < steps; count++) {
		struct step step = step_random(&model, largest);
		step.length = step.length > (int32_t)largest ? step.length % (int32_t)largest : step.length;
		model_copy(&before_model, &model);
		before_store = store;
		for (int mode = 0; mode < CUT_MODES; mode++)
			for (long operation = 1;; operation++) {
				model_copy(&model, &before_model);
				store = before_store;
				if (!run_cut(&step, operation, mode))
					break;
				cuts++;
				model_copy(&cut_model, &model);
				check_after(&step);
				/* It can be written, and holds what was written. */
				struct step next = { (step.key + 1) % MIRROR_KEYS, 100, 77 };
				struct mirror scratch = mirror;
				CHECK_EQUAL(step_run(&store, &scratch, &next), STORE_OK);
				CHECK(mirror_holds(&store, next.key, next.length, next.seed));
				check_deletion();
				for (long again = 1;; again++) {
					model_copy(&model, &cut_model);
					if (!mount_cut(again, (mode + (int)again) % CUT_MODES))
						break;
					mount_cuts++;
					check_after(&step);
				}
			}
		model_copy(&model, &before_model);
		store = before_store;
		int result = step_run(&store, &mirror, &step);
		CHECK(result == STORE_OK || result == STORE_FULL);
	}
}

static void each_operation(void)
{
	script(8, 6000, 100);
	/* Small records: a collection's copies go behind others, and take no free sector. */
	script(6, 700, 120);
	script(7, 400, 120);
	CHECK(cuts > 5000);
	printf("{\"cuts\":%ld,\"cuts_while_mounting\":%ld}\n", cuts, mount_cuts);
}

/* Cuts without a pause: nothing is lost, and the store does not lock up. */
static void in_a_row(void)
{
	for (uint32_t seed = 1; seed <= 8; seed++) {
		model_make(&model, 6 + seed % 4, seed);
		mirror_make(&mirror);
		CHECK_EQUAL(store_mount(&store, &model.nor), STORE_OK);
		/* About half full of what never changes. */
		for (uint32_t key = 0; key < 3; key++) {
			struct step step = { key, 2500, key };
			CHECK_EQUAL(step_run(&store, &mirror, &step), STORE_OK);
		}
		for (int count = 0; count < 1500; count++) {
			struct step step = step_random(&model, 1500);
			step.key = 8 + step.key % 4;
			long operation = 1 + (long)model_random(&model, 20);
			bool is_cut = run_cut(&step, operation, (int)model_random(&model, CUT_MODES));
			(void)is_cut;
			while (mount_cut((long)model_random(&model, 8), (int)model_random(&model, CUT_MODES)))
				;
			check_after(&step);
			if (mirror_holds(&store, step.key, step.length, step.seed)) {
				mirror.length[step.key] = step.length;
				mirror.seed[step.key] = step.seed;
			}
		}
		/* All is well again without further cuts. */
		for (int count = 0; count < 100; count++) {
			struct step step = { 8 + (uint32_t)count % 4, 500, (uint32_t)count };
			CHECK_EQUAL(step_run(&store, &mirror, &step), STORE_OK);
		}
		mirror_check(&store, &mirror, MIRROR_KEYS);
	}
}

/* The same operation cut over and over, at the same place or wandering: a collection that is never allowed to end. */
static void same_place(void)
{
	for (int mode = 0; mode < CUT_MODES; mode++)
		for (long place = 1; place <= 40; place++) {
			model_make(&model, 6, 5);
			mirror_make(&mirror);
			CHECK_EQUAL(store_mount(&store, &model.nor), STORE_OK);
			for (uint32_t key = 0; key < 9; key++) {
				struct step step = { key, 900 + (int32_t)key * 10, key };
				CHECK_EQUAL(step_run(&store, &mirror, &step), STORE_OK);
			}
			for (int count = 0; count < 60; count++) {
				struct step step = { 10, 1900, (uint32_t)count };
				bool is_cut = run_cut(&step, count % 3 == 2 ? 1 + (long)model_random(&model, 60) : place, mode);
				check_after(&step);
				if (mirror_holds(&store, step.key, step.length, step.seed)) {
					mirror.length[step.key] = step.length;
					mirror.seed[step.key] = step.seed;
				}
				(void)is_cut;
			}
			struct step step = { 10, 1900, 1000 };
			CHECK_EQUAL(step_run(&store, &mirror, &step), STORE_OK);
			mirror_check(&store, &mirror, MIRROR_KEYS);
		}
}

/* What is left after a cut and a mount: the less, the nearer to a store that is stuck. */
static uint32_t room_left(void)
{
	uint32_t room = 0;
	for (uint32_t number = 0; number < store.sectors; number++) {
		if (store.sector[number].live == 0)
			room += 10 * NOR_SECTOR;
		room += NOR_SECTOR - store.sector[number].used;
	}
	return room;
}

/* Each cut is the one, of all that are possible, that leaves the least room. */
static void adversary(void)
{
	for (uint32_t seed = 1; seed <= 6; seed++) {
		model_make(&model, 6, seed);
		mirror_make(&mirror);
		CHECK_EQUAL(store_mount(&store, &model.nor), STORE_OK);
		for (uint32_t key = 0; key < 8; key++) {
			struct step step = { key, (int32_t)(seed % 2 ? 600 + 100 * key : 300 + key % 2 * 1500), key };
			CHECK_EQUAL(step_run(&store, &mirror, &step), STORE_OK);
		}
		for (int round = 0; round < 25; round++) {
			struct step step = { 9, 1000, (uint32_t)round };
			uint32_t least = UINT32_MAX;
			model_copy(&before_model, &model);
			for (int mode = 0; mode < CUT_MODES; mode++)
				for (long operation = 1;; operation++) {
					model_copy(&model, &before_model);
					CHECK_EQUAL(store_mount(&store, &model.nor), STORE_OK);
					if (!run_cut(&step, operation, mode))
						break;
					check_after(&step);
					if (room_left() >= least)
						continue;
					least = room_left();
					model_copy(&cut_model, &model);
				}
			model_copy(&model, &cut_model);
			CHECK_EQUAL(store_mount(&store, &model.nor), STORE_OK);
			/* Whatever has been written of it counts from now on. */
			if (mirror_holds(&store, step.key, step.length, step.seed)) {
				mirror.length[step.key] = step.length;
				mirror.seed[step.key] = step.seed;
			}
		}
		for (int count = 0; count < 30; count++) {
			struct step step = { 9, 1000, 1000 + (uint32_t)count };
			CHECK_EQUAL(step_run(&store, &mirror, &step), STORE_OK);
		}
		mirror_check(&store, &mirror, MIRROR_KEYS);
	}
}

const struct test cut_tests[] = { { "cut at each operation", each_operation }, { "cuts in a row", in_a_row },
	{ "cut again and again", same_place }, { "cuts that do the most harm", adversary }, { NULL, NULL } };
