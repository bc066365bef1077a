/*
 * The device's storage: what lies where in the second flash, and the natives over
 * it. The store is store.c, the crash counter crashes.c, the driver pflash.c.
 *
 * Partitions (offsets in pflash unit 1):
 *   0x00000   64 KB  factory: "HKFP", length, CRC-32 (little-endian), document. Only read here.
 *   0x10000  256 KB  key-value store
 *   0x50000    8 KB  crash counter
 */
#include "bytes.h"
#include "crashes.h"
#include "host.h"
#include "pflash.h"
#include "store.h"

#include <string.h>

#define FACTORY_MAGIC 0x50464b48u /* "HKFP" */
#define EARLY_MILLISECONDS 60000u /* a crash before that counts against the newest settings */

static const struct pflash_partition factory_partition = PFLASH_PARTITION(0x00000, 0x10000);
static const struct pflash_partition store_partition = PFLASH_PARTITION(0x10000, 0x40000);
static const struct pflash_partition crash_partition = PFLASH_PARTITION(0x50000, CRASHES_SIZE);

static struct {
	struct store store;
	uint64_t mount_ticks;
} storage;

/* ---- the factory partition ---- */

struct factory_header {
	uint32_t magic;
	uint32_t length;
	uint32_t crc;
};

/* The document's bytes, in flash; NULL when there is none or it is damaged. */
static const uint8_t* factory_read(uint32_t* length)
{
	struct factory_header header;
	if (pflash_read(&factory_partition.nor, 0, &header, sizeof(header)) || header.magic != FACTORY_MAGIC
		|| header.length > factory_partition.nor.size - sizeof(header))
		return NULL;
	const uint8_t* bytes = (const uint8_t*)(uintptr_t)(PFLASH_BASE + factory_partition.offset + sizeof(header));
	if (bytes_crc32(0, bytes, header.length) != header.crc)
		return NULL;
	*length = header.length;
	return bytes;
}

/* The factory document, or undefined. */
static void native_factory_read(txMachine* the)
{
	uint32_t length;
	const uint8_t* bytes = factory_read(&length);
	if (bytes)
		host_array_buffer(the, mxResult, bytes, length);
}

/* ---- the key-value store ---- */

/* Throws what the store refused: RangeError for what is the caller's doing. */
static void refuse(txMachine* the, int code)
{
	const char* text = store_error(code);
	if (code == STORE_TOO_LARGE || code == STORE_BAD_KEY)
		mxRangeError("%s", text);
	mxUnknownError("%s", text);
}

/* A key is kept off XS's heap, which moves. */
static void key_argument(txMachine* the, char* key)
{
	const char* text = host_string(the, 0);
	size_t length = strlen(text);
	/* Longer than a key can be: refused as such by the store. */
	if (length > STORE_KEY_MAXIMUM + 1)
		length = STORE_KEY_MAXIMUM + 1;
	memcpy(key, text, length);
	key[length] = 0;
}

/* The value, or undefined. Throws when it is damaged. */
static void native_storage_read(txMachine* the)
{
	char key[STORE_KEY_MAXIMUM + 2];
	key_argument(the, key);
	int32_t length = store_length(&storage.store, key);
	if (length == STORE_ABSENT)
		return;
	if (length < 0)
		refuse(the, length);
	uint8_t* bytes = host_array_buffer(the, mxResult, NULL, (uint32_t)length);
	int32_t result = store_read(&storage.store, key, bytes, (uint32_t)length);
	if (result < 0)
		refuse(the, result);
}

static void native_storage_write(txMachine* the)
{
	char key[STORE_KEY_MAXIMUM + 2];
	uint32_t length;
	key_argument(the, key);
	if (mxArgc < 2)
		mxTypeError("value missing");
	/* Nothing is allocated until the store is done with them. */
	const uint8_t* bytes = host_bytes(the, mxArgv(1), &length);
	int result = store_write(&storage.store, key, bytes, length);
	if (result)
		refuse(the, result);
}

/* Gives whether there was one. */
static void native_storage_delete(txMachine* the)
{
	char key[STORE_KEY_MAXIMUM + 2];
	key_argument(the, key);
	int result = store_delete(&storage.store, key);
	if (result && result != STORE_ABSENT)
		refuse(the, result);
	host_result_boolean(the, result == STORE_OK);
}

/* The key number `index`, or undefined past the last. */
static void native_storage_key(txMachine* the)
{
	char key[STORE_KEY_MAXIMUM + 1];
	if (store_key(&storage.store, (uint32_t)host_integer(the, 0, 0, STORE_KEYS), key) == STORE_OK)
		host_result_string(the, key);
}

/* A figure by its number in `storageFigures` of keyvalue.ts. */
static void native_storage_figure(txMachine* the)
{
	struct store_figures figures;
	store_inspect(&storage.store, &figures);
	const uint32_t values[] = { figures.live, figures.capacity, figures.free, figures.bad, figures.fewest_erases, figures.most_erases,
		(uint32_t)(storage.mount_ticks * 1000 / BOARD_TICKS_PER_MILLISECOND) };
	host_result_number(the, values[host_integer(the, 0, 0, (int32_t)(sizeof(values) / sizeof(values[0])) - 1)]);
}

/* ---- the driver ---- */

void storage_install(txMachine* the)
{
	host_function(the, "factoryRead", native_factory_read, 0);
	host_function(the, "storageRead", native_storage_read, 1);
	host_function(the, "storageWrite", native_storage_write, 2);
	host_function(the, "storageDelete", native_storage_delete, 1);
	host_function(the, "storageKey", native_storage_key, 1);
	host_function(the, "storageFigure", native_storage_figure, 1);
}

void storage_start(txMachine* the)
{
	(void)the;
	uint64_t start = board_ticks();
	pflash_reset();
	(void)store_mount(&storage.store, &store_partition.nor);
	storage.mount_ticks = board_ticks() - start;
}

/* ---- the crash counter: no JavaScript, no heap, and whatever the flash was doing ---- */

int storage_count_crash(void)
{
	pflash_reset();
	return (int)crashes_count(&crash_partition.nor, board_milliseconds() < EARLY_MILLISECONDS).all;
}

int storage_crashes(void)
{
	return (int)crashes_read(&crash_partition.nor).all;
}

int storage_early_crashes(void)
{
	return (int)crashes_read(&crash_partition.nor).early;
}

void storage_clear_early_crashes(void)
{
	crashes_clear_early(&crash_partition.nor);
}
