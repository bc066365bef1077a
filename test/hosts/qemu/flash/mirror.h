/* What the store should hold, kept in plain memory, and the operations on both. */
#ifndef MIRROR_H
#define MIRROR_H

#include "model.h"
#include "store.h"

#define MIRROR_KEYS 24u

struct mirror {
	/* A value is told by its length and seed; length -1: absent. */
	int32_t length[MIRROR_KEYS];
	uint32_t seed[MIRROR_KEYS];
};

void mirror_make(struct mirror* mirror);
const char* mirror_key(uint32_t number);
/* Fills in the value's bytes; gives them. */
const uint8_t* mirror_value(uint32_t seed, uint32_t length);
/* Does the store hold this value under this key (length -1: nothing)? */
bool mirror_holds(struct store* store, uint32_t number, int32_t length, uint32_t seed);
/* The store holds what the mirror says, and lists just those keys; `except` may be anything (MIRROR_KEYS: none). */
void mirror_check(struct store* store, const struct mirror* mirror, uint32_t except);

/* One operation, chosen at random. */
struct step {
	uint32_t key;
	int32_t length; /* -1: delete */
	uint32_t seed;
};
struct step step_random(struct model* model, uint32_t largest);
/* Carries it out; the mirror follows when the store took it. */
int step_run(struct store* store, struct mirror* mirror, const struct step* step);

#endif
