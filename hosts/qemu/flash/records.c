/* Records on flash: reading, walking, appending, committing. See store.h. */
#include "store-internal.h"

#include <stddef.h>

static bool is_key(const char* key)
{
	if (key[0] == 0)
		return false;
	for (unsigned index = 0, ended = 0; index <= STORE_KEY_MAXIMUM; index++) {
		if (key[index] == 0)
			ended = 1;
		else if (ended || index == STORE_KEY_MAXIMUM)
			return false;
	}
	return true;
}

/* What a CRC can't tell: that the fields make sense together. */
static bool is_consistent(const struct record* record, uint32_t at)
{
	bool is_last = record->flags == RECORD_LAST;
	return (is_last || record->flags == 0) && record->index < STORE_FRAGMENTS && record->length <= STORE_DATA_MAXIMUM
		&& record->total <= STORE_VALUE_MAXIMUM && is_key(record->key)
		&& (is_last ? record->index * STORE_DATA_MAXIMUM + record->length == record->total : record->length == STORE_DATA_MAXIMUM)
		&& at % NOR_SECTOR + record_size(record) <= NOR_SECTOR;
}

int record_load(const struct store* store, uint32_t at, struct record* record)
{
	if (at % NOR_SECTOR + sizeof(*record) > NOR_SECTOR)
		return 0;
	if (store->nor->read(store->nor, at, record, sizeof(*record)))
		return -1;
	if (record->header_crc == bytes_crc32(0, record, offsetof(struct record, header_crc)) && is_consistent(record, at))
		return 1;
	return nor_is_blank(store->nor, at, sizeof(*record)) ? 0 : -1;
}

void cursor_start(const struct store* store, struct cursor* cursor, uint32_t sector)
{
	(void)store;
	cursor->sector = sector;
	cursor->at = cursor->next = sector * NOR_SECTOR + (uint32_t)sizeof(struct sector_header);
}

/* The mount checked the headers; here only what keeps the walk within its sector. */
bool cursor_next(const struct store* store, struct cursor* cursor)
{
	uint32_t end = cursor->sector * NOR_SECTOR + store->sector[cursor->sector].used;
	cursor->at = cursor->next;
	if (cursor->at + sizeof(cursor->record) > end)
		return false;
	if (store->nor->read(store->nor, cursor->at, &cursor->record, sizeof(cursor->record)))
		return false;
	if (!is_consistent(&cursor->record, cursor->at))
		return false;
	cursor->next = cursor->at + record_size(&cursor->record);
	return cursor->next <= end;
}

bool record_is_sound(const struct store* store, uint32_t at, const struct record* record)
{
	uint8_t piece[64];
	uint32_t crc = 0;
	uint32_t left = record->length;
	at += (uint32_t)sizeof(*record);
	while (left > 0) {
		uint32_t size = left < sizeof(piece) ? left : (uint32_t)sizeof(piece);
		if (store->nor->read(store->nor, at, piece, size))
			return false;
		crc = bytes_crc32(crc, piece, size);
		at += size;
		left -= size;
	}
	return crc == record->data_crc;
}

bool record_is_live(struct store* store, uint32_t at, const struct record* record)
{
	if (store->writing != 0 && record->version == store->writing)
		return true;
	bool is_last = record->flags == RECORD_LAST;
	if (is_last && record->commit != RECORD_COMMITTED)
		return false;
	const struct store_entry* entry = entry_of(store, record->version);
	return entry && (!is_last || entry->at == at);
}

bool record_find_copy(const struct store* store, const struct record* record, uint32_t except, uint32_t* at)
{
	struct cursor cursor;
	for (uint32_t sector = 0; sector < store->sectors; sector++) {
		uint8_t state = store->sector[sector].state;
		if (sector == except || (state != SECTOR_USED && state != SECTOR_FAILED))
			continue;
		cursor_start(store, &cursor, sector);
		while (cursor_next(store, &cursor)) {
			if (!is_same_record(&cursor.record, record))
				continue;
			if (record->flags == RECORD_LAST && cursor.record.commit != RECORD_COMMITTED)
				continue;
			if (!record_is_sound(store, cursor.at, &cursor.record))
				continue;
			*at = cursor.at;
			return true;
		}
	}
	return false;
}

int record_append(struct store* store, struct record* record, uint32_t* at)
{
	struct store_sector* sector = &store->sector[store->active];
	uint32_t size = record_size(record);
	record->header_crc = bytes_crc32(0, record, offsetof(struct record, header_crc));
	record->commit = RECORD_UNCOMMITTED;
	memcpy(store->buffer, record, sizeof(*record));
	*at = (uint32_t)store->active * NOR_SECTOR + sector->used;
	if (nor_program_checked(store->nor, *at, store->buffer, size)) {
		sector_failed(store, (uint32_t)store->active);
		return STORE_WORN;
	}
	sector->used = (uint16_t)(sector->used + size);
	sector->live = (uint16_t)(sector->live + size);
	return STORE_OK;
}

int record_commit(struct store* store, uint32_t at)
{
	uint32_t word = RECORD_COMMITTED;
	if (nor_program_checked(store->nor, at + (uint32_t)offsetof(struct record, commit), &word, sizeof(word))) {
		sector_failed(store, sector_of(at));
		return STORE_WORN;
	}
	return STORE_OK;
}

/* Any other word will do: one cleared bit is enough. */
int record_revoke(struct store* store, uint32_t at)
{
	uint32_t word = RECORD_REVOKED;
	at += (uint32_t)offsetof(struct record, commit);
	(void)store->nor->program(store->nor, at, &word, sizeof(word));
	if (store->nor->read(store->nor, at, &word, sizeof(word)))
		return STORE_WORN;
	return word == RECORD_COMMITTED ? STORE_WORN : STORE_OK;
}
