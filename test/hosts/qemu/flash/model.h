/*
 * A model of NOR flash for the storage code's tests: programming only clears bits
 * (anything else aborts), erasing sets those of a 4 KB sector, power can be cut at any
 * operation, sectors can wear out. One operation is one page of at most 256 bytes, as
 * SPI flash programs it, or one erasure.
 */
#ifndef MODEL_H
#define MODEL_H

#include "nor.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>

#define MODEL_SECTORS_MAXIMUM 64u

/* What a cut operation leaves behind. */
enum { CUT_NOTHING, CUT_ALL, CUT_SOME_BITS, CUT_FIRST_HALF, CUT_SECOND_HALF, CUT_MODES };

struct model {
	struct nor nor;
	uint8_t bytes[MODEL_SECTORS_MAXIMUM * NOR_SECTOR];
	uint32_t erases[MODEL_SECTORS_MAXIMUM];
	uint32_t endurance[MODEL_SECTORS_MAXIMUM]; /* erasures after which bits stick; 0: never */
	long programs, erasures, bytes_read;
	long operations; /* programs and erasures since the last model_cut_at */
	long cut_at; /* the operation that is cut, 1 …; 0: none */
	int cut_mode;
	uint32_t random;
	jmp_buf* power; /* where a cut goes */
};

/* All blank. */
void model_make(struct model* model, uint32_t sectors, uint32_t seed);
/* Its state, to come back to. */
void model_copy(struct model* to, const struct model* from);
/* The operation number `operation` from now will be cut; 0 switches that off. */
void model_cut_at(struct model* model, long operation, int mode, jmp_buf* power);
uint32_t model_random(struct model* model, uint32_t below);

/* ---- checks, and the tests by name ---- */

#define CHECK(condition) check(condition, #condition, __FILE__, __LINE__)
#define CHECK_EQUAL(actual, expected) check_equal((long)(actual), (long)(expected), #actual, __FILE__, __LINE__)
void check(bool condition, const char* text, const char* file, int line);
void check_equal(long actual, long expected, const char* text, const char* file, int line);

struct test {
	const char* name;
	void (*run)(void);
};
extern const struct test store_tests[], cut_tests[], wear_tests[], crashes_tests[];

#endif
