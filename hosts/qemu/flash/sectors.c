/* Sectors: headers, erasing, retiring, and room at the end of the log. See store.h. */
#include "store-internal.h"

#include <stddef.h>

static uint32_t header_crc(uint32_t erases)
{
	uint32_t words[2] = { SECTOR_MAGIC, erases };
	return bytes_crc32(0, words, sizeof(words));
}

void sector_load(struct store* store, uint32_t number)
{
	struct store_sector* sector = &store->sector[number];
	struct sector_header header;
	memset(sector, 0, sizeof(*sector));
	sector->state = SECTOR_RAW;
	if (store->nor->read(store->nor, number * NOR_SECTOR, &header, sizeof(header)))
		return;
	if (header.mark == SECTOR_RETIRED)
		sector->state = SECTOR_BAD;
	else if (header.magic == SECTOR_MAGIC && header.crc == header_crc(header.erases)) {
		sector->state = SECTOR_FREE;
		sector->erases = header.erases;
		sector->used = sizeof(header);
	}
}

static uint32_t count(const struct store* store, uint8_t first, uint8_t last)
{
	uint32_t total = 0;
	for (uint32_t number = 0; number < store->sectors; number++)
		if (store->sector[number].state >= first && store->sector[number].state <= last)
			total++;
	return total;
}

uint32_t sectors_free(const struct store* store)
{
	return count(store, SECTOR_RAW, SECTOR_FREE);
}

uint32_t sectors_bad(const struct store* store)
{
	return count(store, SECTOR_FAILED, SECTOR_BAD);
}

/*
 * Never used again. Marked, so that the next mount need not find out again; where
 * flash does not take the mark, that does no harm.
 */
static int retire(struct store* store, uint32_t number)
{
	uint32_t at = number * NOR_SECTOR + (uint32_t)offsetof(struct sector_header, mark);
	uint32_t mark = SECTOR_RETIRED;
	store->sector[number].state = SECTOR_BAD;
	store->sector[number].live = 0;
	if (nor_is_blank(store->nor, at, sizeof(mark)))
		(void)store->nor->program(store->nor, at, &mark, sizeof(mark));
	return STORE_WORN;
}

static int write_header(struct store* store, uint32_t number)
{
	struct store_sector* sector = &store->sector[number];
	struct sector_header header = { SECTOR_MAGIC, sector->erases, header_crc(sector->erases), UINT32_MAX };
	if (nor_program_checked(store->nor, number * NOR_SECTOR, &header, sizeof(header)))
		return retire(store, number);
	sector->state = SECTOR_FREE;
	sector->used = sizeof(header);
	sector->live = 0;
	return STORE_OK;
}

int sector_erase(struct store* store, uint32_t number)
{
	struct store_sector* sector = &store->sector[number];
	uint32_t at = number * NOR_SECTOR;
	uint32_t magic = SECTOR_CONDEMNED;
	if (store->active == (int32_t)number)
		store->active = -1;
	/* First its header goes: an erasure that is cut must not leave records that look whole. */
	if (sector->state != SECTOR_RAW && nor_program_checked(store->nor, at, &magic, sizeof(magic)))
		return retire(store, number);
	sector->state = SECTOR_RAW;
	sector->erases++;
	if (store->nor->erase(store->nor, at) || !nor_is_blank(store->nor, at, NOR_SECTOR))
		return retire(store, number);
	return write_header(store, number);
}

void sector_failed(struct store* store, uint32_t number)
{
	store->sector[number].state = SECTOR_FAILED;
	if (store->active == (int32_t)number)
		store->active = -1;
}

/* Makes a free sector ready to be written. */
static int prepare(struct store* store, uint32_t number)
{
	struct store_sector* sector = &store->sector[number];
	uint32_t at = number * NOR_SECTOR;
	uint32_t header = sector->state == SECTOR_FREE ? (uint32_t)sizeof(struct sector_header) : 0;
	if (!nor_is_blank(store->nor, at + header, NOR_SECTOR - header))
		return sector_erase(store, number);
	return header ? STORE_OK : write_header(store, number);
}

/* Makes the least (or the most) worn free sector the one that is written to. */
static int open_sector(struct store* store, bool most_worn)
{
	for (;;) {
		int32_t best = -1;
		for (uint32_t number = 0; number < store->sectors; number++) {
			const struct store_sector* sector = &store->sector[number];
			if (sector->state > SECTOR_FREE)
				continue;
			if (best < 0 || (most_worn ? sector->erases > store->sector[best].erases : sector->erases < store->sector[best].erases))
				best = (int32_t)number;
		}
		if (best < 0)
			return sectors_bad(store) ? STORE_WORN : STORE_FULL;
		/* Each failure retires a sector, so this ends. */
		if (prepare(store, (uint32_t)best))
			continue;
		store->sector[best].state = SECTOR_USED;
		store->active = best;
		return STORE_OK;
	}
}

static bool fits(const struct store* store, uint32_t size)
{
	return store->active >= 0 && store->sector[store->active].used + size <= NOR_SECTOR;
}

int sectors_reserve(struct store* store, uint32_t size)
{
	/* A collection frees more than it wastes, so this ends by itself; the bound is for what nobody thought of. */
	for (uint32_t tries = 0; tries < 2 * store->sectors; tries++) {
		if (fits(store, size))
			return STORE_OK;
		if (sectors_free(store) > STORE_RESERVE) {
			collect_quiet(store);
			if (fits(store, size))
				return STORE_OK;
			if (sectors_free(store) > STORE_RESERVE)
				return open_sector(store, false);
		}
		int result = collect(store);
		if (result)
			return result;
	}
	return STORE_FULL;
}

int sectors_reserve_for_copy(struct store* store, uint32_t size)
{
	return fits(store, size) ? STORE_OK : open_sector(store, false);
}

int sectors_open_most_worn(struct store* store)
{
	return open_sector(store, true);
}
