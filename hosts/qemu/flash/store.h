/*
 * A key-value store on NOR flash: a log of records over all sectors of a partition.
 * No memory of its own but `struct store`, no allocation, bounded loops.
 *
 * What holds, whatever happens:
 * - a write is there after a power cut once store_write is back; a cut before that
 *   leaves the old value (or, within the last word, the new one), never a mixture;
 * - a full or worn store refuses, and keeps what it had;
 * - any content of the flash can be mounted: what is not a whole record is not there.
 *
 * On flash. A sector: 16 bytes of header (magic, how often it was erased, CRC), then
 * records without gaps. A record: 40 bytes of header, up to 980 bytes of data, padded
 * to a word; records never cross sectors. A value is one or more records of the same
 * version, a number that goes up with each write; its last record has a commit word,
 * programmed when all else is on flash. When a newer version is committed, the old
 * one's commit word is cleared to 0; deleting is only that.
 *
 * Collection: the sector with the least that counts is copied to the end of the log
 * and erased. Two sectors are kept free for it. A sector that is erased much less
 * than others is collected although all in it counts, so wear spreads evenly.
 *
 * A cut within a collection leaves copies. Mounting finds them: committed ones are
 * told apart, and when free sectors are wanting, a sector all of whose records have a
 * copy elsewhere is erased. So no number of cuts in a row can lock the store up.
 */
#ifndef STORE_H
#define STORE_H

#include "nor.h"

#define STORE_KEY_MAXIMUM 15 /* as NVS on ESP32 */
#define STORE_VALUE_MAXIMUM 32768u /* old and new fit in 256 KB several times over */
#define STORE_KEYS 128 /* 40 documents in two slots, and room; bounds the index in RAM */
#define STORE_SECTORS_MAXIMUM 64u /* 256 KB */
#define STORE_SECTORS_MINIMUM 4u
#define STORE_RESERVE 2u /* sectors kept free for collection: one to copy to, one in case that one fails */
#define STORE_SPREAD 16u /* erasures by which sectors may differ before a quiet one is moved */
#define STORE_DATA_MAXIMUM 980u /* of one record: four fill a sector to the last byte */
#define STORE_FRAGMENTS ((STORE_VALUE_MAXIMUM + STORE_DATA_MAXIMUM - 1) / STORE_DATA_MAXIMUM)
#define STORE_RECORD_MAXIMUM (40u + STORE_DATA_MAXIMUM)

enum {
	STORE_OK = 0,
	STORE_ABSENT = -1, /* no such key */
	STORE_FULL = -2, /* no room for the value, or no room for one more key */
	STORE_WORN = -3, /* no room because sectors have failed, or the flash did not take it */
	STORE_TOO_LARGE = -4,
	STORE_BAD_KEY = -5,
	STORE_DAMAGED = -6, /* the value's bytes are not those that were written */
	STORE_TOO_SMALL = -7 /* the partition */
};

struct store_sector {
	uint32_t erases;
	uint16_t used; /* bytes from its start that are written */
	uint16_t live; /* bytes of records that count */
	uint8_t state;
};

struct store_entry {
	uint32_t version;
	uint32_t at; /* offset of the last record, the one that is committed */
};

struct store {
	const struct nor* nor;
	uint32_t sectors;
	uint32_t version; /* the highest that flash holds */
	uint32_t writing; /* the version whose records are being written, or 0 */
	int32_t active; /* the sector that is written to, or -1 */
	uint32_t keys;
	struct store_sector sector[STORE_SECTORS_MAXIMUM];
	struct store_entry entry[STORE_KEYS];
	uint32_t buffer[STORE_RECORD_MAXIMUM / 4];
};

/* Reads the log. Damage is no error: what is not whole is not there. */
int store_mount(struct store* store, const struct nor* nor);

/* The value's length, or an error (negative). */
int32_t store_length(struct store* store, const char* key);
/* Its bytes, into a buffer of at least that length; `size` is the buffer's. Gives the length, or an error. */
int32_t store_read(struct store* store, const char* key, void* bytes, uint32_t size);
int store_write(struct store* store, const char* key, const void* bytes, uint32_t length);
int store_delete(struct store* store, const char* key);
/* The key number `index` (0 …), into 16 bytes; STORE_ABSENT past the last. Any write or deletion may renumber. */
int store_key(struct store* store, uint32_t index, char* key);
/* What the codes mean, for logs. */
const char* store_error(int code);

struct store_figures {
	uint32_t live; /* bytes of records that count */
	uint32_t capacity; /* bytes for records in all sound sectors but the reserve */
	uint32_t free; /* sectors */
	uint32_t bad; /* sectors */
	uint32_t fewest_erases, most_erases; /* of sound sectors */
};
void store_inspect(const struct store* store, struct store_figures* figures);

#endif
