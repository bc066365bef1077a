/* Collection: getting sectors back, and spreading wear. See store.h. */
#include "store-internal.h"

/*
 * A sector with more than this that counts is not worth collecting: less than one
 * largest record would be gained, and the copy might waste as much.
 */
#define LIVE_MAXIMUM (SECTOR_PAYLOAD - STORE_RECORD_MAXIMUM)

/* Copies one record to the end of the log; a committed one then counts there. */
static int copy_record(struct store* store, const struct cursor* cursor)
{
	struct record record = cursor->record;
	bool is_committed = record.flags == RECORD_LAST && record.commit == RECORD_COMMITTED;
	/* A sector that fails is taken out, so this ends. */
	for (;;) {
		uint32_t at;
		int result = sectors_reserve_for_copy(store, record_size(&record));
		if (result)
			return result;
		memset(store->buffer, 0xff, sizeof(store->buffer));
		if (store->nor->read(store->nor, cursor->at + (uint32_t)sizeof(record), record_data(store), record.length))
			return STORE_WORN;
		if (record_append(store, &record, &at))
			continue;
		if (!is_committed)
			return STORE_OK;
		if (record_commit(store, at) == STORE_OK) {
			entry_of(store, record.version)->at = at;
			return STORE_OK;
		}
	}
}

/* Takes back what an unfinished move has copied: the originals' commit words. */
static void revoke_moved(struct store* store, uint32_t number)
{
	struct cursor cursor;
	cursor_start(store, &cursor, number);
	while (cursor_next(store, &cursor)) {
		if (cursor.record.flags != RECORD_LAST || cursor.record.commit != RECORD_COMMITTED)
			continue;
		const struct store_entry* entry = entry_of(store, cursor.record.version);
		if (entry && entry->at != cursor.at)
			(void)record_revoke(store, cursor.at);
	}
}

/* Copies all that counts out of a sector and erases it. */
static int move(struct store* store, uint32_t number)
{
	struct cursor cursor;
	uint32_t copy;
	if (store->active == (int32_t)number)
		store->active = -1;
	cursor_start(store, &cursor, number);
	while (cursor_next(store, &cursor)) {
		if (!record_is_live(store, cursor.at, &cursor.record))
			continue;
		/*
		 * Damaged data help nobody: the value's reader will find them missing. A cut may
		 * have left a copy already. The last record goes along in any case, for the key.
		 */
		if (cursor.record.flags != RECORD_LAST
			&& (!record_is_sound(store, cursor.at, &cursor.record) || record_find_copy(store, &cursor.record, number, &copy)))
			continue;
		int result = copy_record(store, &cursor);
		if (result) {
			revoke_moved(store, number);
			return result;
		}
	}
	/* A failed erasure retires the sector: nothing is gained, nothing lost. */
	if (sector_erase(store, number))
		revoke_moved(store, number);
	return STORE_OK;
}

int collect(struct store* store)
{
	int32_t best = -1;
	for (uint32_t number = 0; number < store->sectors; number++) {
		const struct store_sector* sector = &store->sector[number];
		if (sector->state == SECTOR_FAILED && sector->live == 0) {
			/* Nothing in it counts any more: it is never used again. */
			store->sector[number].state = SECTOR_BAD;
			continue;
		}
		if (sector->state == SECTOR_USED && (best < 0 || sector->live < store->sector[best].live))
			best = (int32_t)number;
	}
	if (best < 0 || store->sector[best].live > LIVE_MAXIMUM)
		return sectors_bad(store) ? STORE_WORN : STORE_FULL;
	return move(store, (uint32_t)best);
}

void collect_quiet(struct store* store)
{
	int32_t quietest = -1;
	uint32_t most = 0;
	for (uint32_t number = 0; number < store->sectors; number++) {
		const struct store_sector* sector = &store->sector[number];
		if (sector->state == SECTOR_BAD || sector->state == SECTOR_FAILED)
			continue;
		if (sector->erases > most)
			most = sector->erases;
		if (sector->state == SECTOR_USED && store->active != (int32_t)number
			&& (quietest < 0 || sector->erases < store->sector[quietest].erases))
			quietest = (int32_t)number;
	}
	if (quietest < 0 || most - store->sector[quietest].erases <= STORE_SPREAD)
		return;
	/* What has been quiet goes where it spares the most worn sector. */
	if (sectors_open_most_worn(store) == STORE_OK)
		(void)move(store, (uint32_t)quietest);
}

/* Has each record that counts in this sector a sound copy elsewhere? Then lets those count. */
static bool is_copied(struct store* store, uint32_t number)
{
	struct cursor cursor;
	uint32_t copy;
	for (int is_sure = 0; is_sure < 2; is_sure++) {
		cursor_start(store, &cursor, number);
		while (cursor_next(store, &cursor)) {
			struct store_entry* entry = entry_of(store, cursor.record.version);
			if (!entry)
				continue;
			bool is_last = cursor.record.flags == RECORD_LAST;
			if (is_last && cursor.record.commit != RECORD_COMMITTED)
				continue;
			if (!record_find_copy(store, &cursor.record, number, &copy)) {
				/* Bytes that are damaged everywhere are no reason to keep a sector, their record's key is. */
				if (is_last || record_is_sound(store, cursor.at, &cursor.record))
					return false;
			}
			else if (is_sure && is_last && sector_of(entry->at) == number)
				entry->at = copy;
		}
	}
	return true;
}

void collect_copies(struct store* store)
{
	for (uint32_t number = 0; number < store->sectors && sectors_free(store) < STORE_RESERVE; number++)
		if (store->sector[number].state == SECTOR_USED && is_copied(store, number))
			(void)sector_erase(store, number);
}
