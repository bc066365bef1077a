/* The crash counter. See crashes.h. */
#include "crashes.h"

#include "bytes.h"

#include <stddef.h>

#define MAGIC 0x31434b48u /* "HKC1" */
#define WORD_EARLY 0x0f0f5a5au
#define WORD_LATE 0x0f0fa5a5u
#define WORD_CLEAR 0xf0f03c3cu

struct header {
	uint32_t magic;
	uint32_t sequence;
	uint32_t all;
	uint32_t early;
	uint32_t crc; /* of all before it */
};

struct place {
	int sector; /* 0, 1, or -1: none is valid */
	uint32_t sequence;
	uint32_t next; /* offset of the first blank word, or of the end of the sector */
	struct crashes crashes;
};

static bool load(const struct nor* nor, uint32_t sector, struct header* header)
{
	return nor->read(nor, sector * NOR_SECTOR, header, sizeof(*header)) == 0 && header->magic == MAGIC
		&& header->crc == bytes_crc32(0, header, offsetof(struct header, crc));
}

static struct place find(const struct nor* nor)
{
	struct place place = { -1, 0, 0, { 0, 0 } };
	struct header header;
	for (uint32_t sector = 0; sector < 2; sector++) {
		if (!load(nor, sector, &header) || (place.sector >= 0 && header.sequence < place.sequence))
			continue;
		place.sector = (int)sector;
		place.sequence = header.sequence;
		place.crashes.all = header.all;
		place.crashes.early = header.early;
	}
	if (place.sector < 0)
		return place;
	uint32_t end = ((uint32_t)place.sector + 1) * NOR_SECTOR;
	uint32_t word;
	place.next = end - NOR_SECTOR + (uint32_t)sizeof(header);
	for (; place.next < end; place.next += NOR_WORD) {
		if (nor->read(nor, place.next, &word, sizeof(word)) || word == UINT32_MAX)
			break;
		/* Any other word is one whose programming was cut: it is passed over. */
		if (word == WORD_EARLY) {
			place.crashes.all++;
			place.crashes.early++;
		}
		else if (word == WORD_LATE) {
			place.crashes.all++;
			place.crashes.early = 0;
		}
		else if (word == WORD_CLEAR)
			place.crashes.early = 0;
	}
	return place;
}

/* Starts the other sector with the counts so far. */
static int rotate(const struct nor* nor, struct place* place)
{
	uint32_t sector = place->sector == 0 ? 1 : 0;
	struct header header = { MAGIC, place->sequence + 1, place->crashes.all, place->crashes.early, 0 };
	header.crc = bytes_crc32(0, &header, offsetof(struct header, crc));
	if (!nor_is_blank(nor, sector * NOR_SECTOR, NOR_SECTOR) && nor->erase(nor, sector * NOR_SECTOR))
		return -1;
	if (nor_program_checked(nor, sector * NOR_SECTOR, &header, sizeof(header)))
		return -1;
	place->sector = (int)sector;
	place->next = sector * NOR_SECTOR + (uint32_t)sizeof(header);
	return 0;
}

static struct crashes append(const struct nor* nor, uint32_t word)
{
	struct place place = find(nor);
	bool is_full = place.sector < 0 || place.next >= ((uint32_t)place.sector + 1) * NOR_SECTOR;
	/* What flash does not take is not counted: there is nobody left to tell. */
	if (!is_full || rotate(nor, &place) == 0)
		(void)nor->program(nor, place.next, &word, sizeof(word));
	return crashes_read(nor);
}

struct crashes crashes_read(const struct nor* nor)
{
	return find(nor).crashes;
}

struct crashes crashes_count(const struct nor* nor, bool is_early)
{
	return append(nor, is_early ? WORD_EARLY : WORD_LATE);
}

void crashes_clear_early(const struct nor* nor)
{
	if (crashes_read(nor).early > 0)
		(void)append(nor, WORD_CLEAR);
}
