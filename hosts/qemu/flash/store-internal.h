/* What the files of the store share: layout on flash, sectors, records. */
#ifndef STORE_INTERNAL_H
#define STORE_INTERNAL_H

#include "bytes.h"
#include "store.h"

#include <stdbool.h>
#include <string.h>

/* ---- layout ---- */

#define SECTOR_MAGIC 0x31564b48u /* "HKV1" */
#define SECTOR_CONDEMNED 0u /* in place of the magic: about to be erased */
#define SECTOR_RETIRED 0xb0adb10cu /* the mark: does not erase any more */
#define SECTOR_PAYLOAD (NOR_SECTOR - sizeof(struct sector_header))

struct sector_header {
	uint32_t magic;
	uint32_t erases;
	uint32_t crc; /* of SECTOR_MAGIC and `erases` */
	uint32_t mark; /* blank, or SECTOR_RETIRED */
};

#define RECORD_LAST 1u
#define RECORD_UNCOMMITTED UINT32_MAX
#define RECORD_COMMITTED 0x3c5a96c3u
#define RECORD_REVOKED 0u

struct record {
	uint32_t version;
	uint16_t length;
	uint8_t index; /* of the record within its value */
	uint8_t flags;
	char key[STORE_KEY_MAXIMUM + 1]; /* padded with zeros */
	uint32_t total; /* the value's length */
	uint32_t data_crc;
	uint32_t header_crc; /* of all before it */
	uint32_t commit; /* of the last record only; not covered by the CRC */
};

_Static_assert(sizeof(struct sector_header) == 16, "sector header");
_Static_assert(sizeof(struct record) == 40, "record header");
_Static_assert(4 * STORE_RECORD_MAXIMUM == SECTOR_PAYLOAD, "four largest records fill a sector");

/* ---- sectors (sectors.c) ---- */

enum {
	SECTOR_RAW, /* content unknown: erased or to be erased */
	SECTOR_FREE, /* has a header and nothing else */
	SECTOR_USED,
	SECTOR_FAILED, /* did not take a record: read from, never written again */
	SECTOR_BAD /* did not take erasing */
};

/* Reads the header, sets state and erases. */
void sector_load(struct store* store, uint32_t number);
uint32_t sectors_free(const struct store* store);
uint32_t sectors_bad(const struct store* store);
/* Erases it and writes its header; it is FREE then, or BAD. */
int sector_erase(struct store* store, uint32_t number);
/* It did not take a record. */
void sector_failed(struct store* store, uint32_t number);
/* Makes room for a record of `size` bytes at the end of the log, collecting if needed. */
int sectors_reserve(struct store* store, uint32_t size);
/* The same for a copy: takes of the reserve, and never collects. */
int sectors_reserve_for_copy(struct store* store, uint32_t size);
/* The free sector that was erased most becomes the one that is written to: for what will not change soon. */
int sectors_open_most_worn(struct store* store);

/* ---- collection (collect.c) ---- */

/* Frees one sector or more. */
int collect(struct store* store);
/* Moves a quiet sector's records, if wear has become uneven. */
void collect_quiet(struct store* store);
/* After a mount that found too few free sectors: erases those that hold nothing but copies. */
void collect_copies(struct store* store);

/* ---- records (records.c) ---- */

struct cursor {
	uint32_t sector;
	uint32_t at; /* offset in the partition */
	uint32_t next;
	struct record record;
};

static inline uint32_t record_size(const struct record* record)
{
	return (uint32_t)sizeof(struct record) + ((record->length + 3u) & ~3u);
}

static inline uint32_t sector_of(uint32_t at)
{
	return at / NOR_SECTOR;
}

static inline bool is_same_record(const struct record* a, const struct record* b)
{
	return a->version == b->version && a->index == b->index && a->flags == b->flags && memcmp(a->key, b->key, sizeof(a->key)) == 0;
}

/* Reads and checks the record header at `at`: 1 when it is whole, 0 when blank, -1 otherwise. */
int record_load(const struct store* store, uint32_t at, struct record* record);
/* Walks the records of one sector up to what is used. */
void cursor_start(const struct store* store, struct cursor* cursor, uint32_t sector);
bool cursor_next(const struct store* store, struct cursor* cursor);
/* Are the data those that were written? */
bool record_is_sound(const struct store* store, uint32_t at, const struct record* record);
/* Does the record at `at` count? */
bool record_is_live(struct store* store, uint32_t at, const struct record* record);
/* Another sound record with the same content, not in sector `except`; false when there is none. */
bool record_find_copy(const struct store* store, const struct record* record, uint32_t except, uint32_t* at);
/* Where a record's data are put before it is appended: in store->buffer, behind the header. */
static inline uint8_t* record_data(struct store* store)
{
	return (uint8_t*)store->buffer + sizeof(struct record);
}

/* Programs the record at the end of the log, where room was made. Sets its CRC. STORE_WORN: try elsewhere. */
int record_append(struct store* store, struct record* record, uint32_t* at);
/* The last word of a value's last record. */
int record_commit(struct store* store, uint32_t at);
int record_revoke(struct store* store, uint32_t at);

struct store_entry* entry_find(struct store* store, const char* key);
/* Quicker: a version belongs to one write of one key. */
struct store_entry* entry_of(struct store* store, uint32_t version);

#endif
