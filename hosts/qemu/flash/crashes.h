/*
 * How often the firmware has crashed, counted on two sectors of NOR flash of its
 * own: it must work when nothing else does, so it shares nothing with the store, and
 * keeps nothing in RAM.
 *
 * A sector: a header with the counts so far, then one word for each event. When it is
 * full, the other sector is erased and goes on; a cut leaves the one before whole.
 */
#ifndef CRASHES_H
#define CRASHES_H

#include "nor.h"

#include <stdbool.h>

#define CRASHES_SIZE (2 * NOR_SECTOR)

struct crashes {
	uint32_t all; /* since the factory */
	uint32_t early; /* the last ones in a row that came soon after their boot */
};

/* Counts what flash holds. Never writes. */
struct crashes crashes_read(const struct nor* nor);
/* A crash; `is_early`: soon after boot. */
struct crashes crashes_count(const struct nor* nor, bool is_early);
/* The firmware has run long enough: the row is over. Writes only when there is one. */
void crashes_clear_early(const struct nor* nor);

#endif
