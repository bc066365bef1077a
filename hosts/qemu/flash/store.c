/* The key-value store's operations. See store.h. */
#include "store-internal.h"

#include <stddef.h>

#define WRITE_TRIES 3 /* each time that flash does not take a commit word, its sector is given up */
#define UNCOMMITTED 1 /* no result for callers: the flash did not take the commit word */

/* ---- the index ---- */

static bool has_key(const struct store* store, const struct store_entry* entry, const char* key)
{
	char found[STORE_KEY_MAXIMUM + 1];
	uint32_t at = entry->at + (uint32_t)offsetof(struct record, key);
	return store->nor->read(store->nor, at, found, sizeof(found)) == 0 && strncmp(found, key, sizeof(found)) == 0;
}

struct store_entry* entry_find(struct store* store, const char* key)
{
	for (uint32_t index = 0; index < store->keys; index++)
		if (has_key(store, &store->entry[index], key))
			return &store->entry[index];
	return NULL;
}

struct store_entry* entry_of(struct store* store, uint32_t version)
{
	for (uint32_t index = 0; index < store->keys; index++)
		if (store->entry[index].version == version)
			return &store->entry[index];
	return NULL;
}

/* Records that belonged to a version stop counting. */
static void forget_version(struct store* store, uint32_t version)
{
	struct cursor cursor;
	for (uint32_t number = 0; number < store->sectors; number++) {
		struct store_sector* sector = &store->sector[number];
		if (sector->state != SECTOR_USED && sector->state != SECTOR_FAILED)
			continue;
		cursor_start(store, &cursor, number);
		while (cursor_next(store, &cursor)) {
			if (cursor.record.version != version)
				continue;
			uint32_t size = record_size(&cursor.record);
			sector->live = (uint16_t)(sector->live > size ? sector->live - size : 0);
		}
	}
}

/* ---- mounting ---- */

/* A committed record was found: it counts, unless a newer one of its key does. Those that do not are revoked in the end (account). */
static void index_record(struct store* store, const struct cursor* cursor)
{
	struct store_entry* entry = entry_find(store, cursor->record.key);
	if (!entry) {
		if (store->keys < STORE_KEYS) /* more were never written by a store of ours */
			store->entry[store->keys++] = (struct store_entry) { cursor->record.version, cursor->at };
	}
	else if (cursor->record.version > entry->version)
		*entry = (struct store_entry) { cursor->record.version, cursor->at };
}

/* Walks a sector as found on flash; sets what is used, and gives whether it may be written further. */
static void scan(struct store* store, uint32_t number)
{
	struct store_sector* sector = &store->sector[number];
	struct cursor cursor;
	int found;
	cursor_start(store, &cursor, number);
	do {
		found = record_load(store, cursor.next, &cursor.record);
		if (found != 1)
			break;
		cursor.at = cursor.next;
		cursor.next += record_size(&cursor.record);
		if (cursor.record.version > store->version)
			store->version = cursor.record.version;
		if (cursor.record.flags == RECORD_LAST && cursor.record.commit == RECORD_COMMITTED)
			index_record(store, &cursor);
	} while (cursor.next % NOR_SECTOR != 0);
	sector->used = (uint16_t)(cursor.next - number * NOR_SECTOR);
	if (sector->used > sizeof(struct sector_header) || found < 0)
		sector->state = SECTOR_USED;
}

/* Which bytes count; a commit word that does not count is revoked: a cut has kept that from being done, or left a copy. */
static void account(struct store* store)
{
	struct cursor cursor;
	for (uint32_t number = 0; number < store->sectors; number++) {
		struct store_sector* sector = &store->sector[number];
		if (sector->state != SECTOR_USED)
			continue;
		sector->live = 0;
		cursor_start(store, &cursor, number);
		while (cursor_next(store, &cursor)) {
			if (record_is_live(store, cursor.at, &cursor.record))
				sector->live = (uint16_t)(sector->live + record_size(&cursor.record));
			else if (cursor.record.flags == RECORD_LAST && cursor.record.commit == RECORD_COMMITTED)
				(void)record_revoke(store, cursor.at);
		}
	}
}

/* The sector with the most room behind its records is written further, if that room is blank: nothing can follow a record that was cut. */
static void choose_active(struct store* store)
{
	uint8_t is_refused[STORE_SECTORS_MAXIMUM] = { 0 };
	for (;;) {
		int32_t best = -1;
		for (uint32_t number = 0; number < store->sectors; number++)
			if (store->sector[number].state == SECTOR_USED && !is_refused[number]
				&& (best < 0 || store->sector[number].used < store->sector[best].used))
				best = (int32_t)number;
		if (best < 0 || store->sector[best].used + sizeof(struct record) > NOR_SECTOR)
			return;
		const struct store_sector* sector = &store->sector[best];
		if (nor_is_blank(store->nor, (uint32_t)best * NOR_SECTOR + sector->used, NOR_SECTOR - sector->used)) {
			store->active = best;
			return;
		}
		is_refused[best] = 1;
	}
}

int store_mount(struct store* store, const struct nor* nor)
{
	uint32_t most = 0;
	memset(store, 0, sizeof(*store));
	store->nor = nor;
	store->active = -1;
	store->sectors = nor->size / NOR_SECTOR;
	if (store->sectors > STORE_SECTORS_MAXIMUM)
		store->sectors = STORE_SECTORS_MAXIMUM;
	if (store->sectors < STORE_SECTORS_MINIMUM) {
		store->sectors = 0;
		return STORE_TOO_SMALL;
	}
	for (uint32_t number = 0; number < store->sectors; number++) {
		sector_load(store, number);
		if (store->sector[number].erases > most)
			most = store->sector[number].erases;
		if (store->sector[number].state == SECTOR_FREE)
			scan(store, number);
	}
	/* A count that a cut has lost is taken to be the highest: too much is safe. */
	for (uint32_t number = 0; number < store->sectors; number++)
		if (store->sector[number].state == SECTOR_RAW)
			store->sector[number].erases = most;
	collect_copies(store);
	account(store);
	choose_active(store);
	return STORE_OK;
}

/* ---- reading ---- */

static int check_key(const char* key)
{
	uint32_t length = 0;
	while (key[length] != 0) {
		if (key[length] <= ' ' || key[length] > '~' || ++length > STORE_KEY_MAXIMUM)
			return STORE_BAD_KEY;
	}
	return length == 0 ? STORE_BAD_KEY : STORE_OK;
}

int32_t store_length(struct store* store, const char* key)
{
	struct record record;
	const struct store_entry* entry = check_key(key) ? NULL : entry_find(store, key);
	if (!entry)
		return STORE_ABSENT;
	if (store->nor->read(store->nor, entry->at, &record, sizeof(record)) || record.total > STORE_VALUE_MAXIMUM)
		return STORE_DAMAGED;
	return (int32_t)record.total;
}

/* Where the value's records are, by their index; 0 where there is none. */
static void find_records(const struct store* store, uint32_t version, uint32_t* at)
{
	struct cursor cursor;
	for (uint32_t number = 0; number < store->sectors; number++) {
		uint8_t state = store->sector[number].state;
		if (state != SECTOR_USED && state != SECTOR_FAILED)
			continue;
		cursor_start(store, &cursor, number);
		while (cursor_next(store, &cursor)) {
			uint32_t* place = &at[cursor.record.index];
			/* Of a copy and its original, one may be cut short. */
			if (cursor.record.version == version && cursor.record.flags == 0
				&& (*place == 0 || record_is_sound(store, cursor.at, &cursor.record)))
				*place = cursor.at;
		}
	}
}

int32_t store_read(struct store* store, const char* key, void* bytes, uint32_t size)
{
	uint32_t at[STORE_FRAGMENTS] = { 0 };
	struct record record;
	const struct store_entry* entry = check_key(key) ? NULL : entry_find(store, key);
	if (!entry)
		return STORE_ABSENT;
	if (record_load(store, entry->at, &record) != 1)
		return STORE_DAMAGED;
	uint32_t total = record.total;
	uint32_t last = record.index;
	if (total > size)
		return STORE_TOO_LARGE;
	if (last > 0)
		find_records(store, entry->version, at);
	at[last] = entry->at;
	for (uint32_t index = 0; index <= last; index++) {
		uint8_t* target = (uint8_t*)bytes + index * STORE_DATA_MAXIMUM;
		if (at[index] == 0 || record_load(store, at[index], &record) != 1 || record.index != index || record.total != total)
			return STORE_DAMAGED;
		if (store->nor->read(store->nor, at[index] + (uint32_t)sizeof(record), target, record.length)
			|| bytes_crc32(0, target, record.length) != record.data_crc)
			return STORE_DAMAGED;
	}
	return (int32_t)total;
}

int store_key(struct store* store, uint32_t index, char* key)
{
	struct record record;
	if (index >= store->keys)
		return STORE_ABSENT;
	if (store->nor->read(store->nor, store->entry[index].at, &record, sizeof(record)))
		return STORE_DAMAGED;
	memcpy(key, record.key, sizeof(record.key));
	return STORE_OK;
}

/* ---- writing ---- */

static int append_part(struct store* store, struct record* record, const uint8_t* data, uint32_t* at)
{
	record->data_crc = bytes_crc32(0, data, record->length);
	/* A sector that fails is taken out, so this ends. */
	for (;;) {
		int result = sectors_reserve(store, record_size(record));
		if (result)
			return result;
		memset(store->buffer, 0xff, sizeof(store->buffer));
		if (record->length > 0)
			memcpy(record_data(store), data, record->length);
		if (record_append(store, record, at) == STORE_OK)
			return STORE_OK;
	}
}

/* All records of a value and its commit word; gives where the last is. */
static int write_value(struct store* store, const char* key, const uint8_t* bytes, uint32_t length, uint32_t* at)
{
	struct record record = { .version = store->writing, .total = length };
	strncpy(record.key, key, STORE_KEY_MAXIMUM);
	uint32_t offset = 0;
	do {
		uint32_t left = length - offset;
		record.flags = left <= STORE_DATA_MAXIMUM ? RECORD_LAST : 0;
		record.length = (uint16_t)(record.flags ? left : STORE_DATA_MAXIMUM);
		int result = append_part(store, &record, bytes + offset, at);
		if (result)
			return result;
		offset += record.length;
		record.index++;
	} while (record.flags == 0);
	return record_commit(store, *at) ? UNCOMMITTED : STORE_OK;
}

/* No sector would be gained by trying: spares the flash the wear of a write that can't fit. */
static int check_room(const struct store* store, uint32_t length)
{
	struct store_figures figures;
	uint32_t records = length / STORE_DATA_MAXIMUM + 1;
	store_inspect(store, &figures);
	if (figures.live + length + records * sizeof(struct record) <= figures.capacity)
		return STORE_OK;
	return figures.bad ? STORE_WORN : STORE_FULL;
}

int store_write(struct store* store, const char* key, const void* bytes, uint32_t length)
{
	uint32_t at = 0;
	int result = check_key(key);
	if (result)
		return result;
	if (length > STORE_VALUE_MAXIMUM)
		return STORE_TOO_LARGE;
	if (!entry_find(store, key) && store->keys == STORE_KEYS)
		return STORE_FULL;
	result = check_room(store, length);
	if (result)
		return result;
	result = UNCOMMITTED;
	for (int tries = 0; tries < WRITE_TRIES && result == UNCOMMITTED; tries++) {
		store->writing = ++store->version;
		result = write_value(store, key, bytes, length, &at);
		if (result)
			forget_version(store, store->writing);
	}
	uint32_t version = store->writing;
	store->writing = 0;
	if (result)
		return result == UNCOMMITTED ? STORE_WORN : result;

	/* Looked up only now: a collection may have moved it. */
	struct store_entry* entry = entry_find(store, key);
	if (!entry) {
		store->entry[store->keys++] = (struct store_entry) { version, at };
		return STORE_OK;
	}
	struct store_entry old = *entry;
	*entry = (struct store_entry) { version, at };
	/* If flash does not take this, the version numbers still tell which one counts. */
	(void)record_revoke(store, old.at);
	forget_version(store, old.version);
	return STORE_OK;
}

int store_delete(struct store* store, const char* key)
{
	struct store_entry* entry = check_key(key) ? NULL : entry_find(store, key);
	if (!entry)
		return STORE_ABSENT;
	if (record_revoke(store, entry->at))
		return STORE_WORN;
	uint32_t version = entry->version;
	*entry = store->entry[--store->keys];
	forget_version(store, version);
	return STORE_OK;
}

/* ---- telling ---- */

const char* store_error(int code)
{
	switch (code) {
	case STORE_OK: return "done";
	case STORE_ABSENT: return "no such key";
	case STORE_FULL: return "storage is full";
	case STORE_WORN: return "storage is worn out";
	case STORE_TOO_LARGE: return "value is too large";
	case STORE_BAD_KEY: return "not a key";
	case STORE_DAMAGED: return "value is damaged";
	case STORE_TOO_SMALL: return "partition is too small";
	default: return "unknown error";
	}
}

void store_inspect(const struct store* store, struct store_figures* figures)
{
	memset(figures, 0, sizeof(*figures));
	figures->fewest_erases = UINT32_MAX;
	figures->free = sectors_free(store);
	figures->bad = sectors_bad(store);
	for (uint32_t number = 0; number < store->sectors; number++) {
		const struct store_sector* sector = &store->sector[number];
		figures->live += sector->live;
		if (sector->state >= SECTOR_FAILED)
			continue;
		if (sector->erases < figures->fewest_erases)
			figures->fewest_erases = sector->erases;
		if (sector->erases > figures->most_erases)
			figures->most_erases = sector->erases;
	}
	uint32_t sound = store->sectors - figures->bad;
	figures->capacity = sound > STORE_RESERVE ? (sound - STORE_RESERVE) * (uint32_t)SECTOR_PAYLOAD : 0;
}
