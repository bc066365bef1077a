/*
 * The ROM heap: the machine with its built-ins, our natives and our preloaded
 * modules as one image that stays in flash.
 *
 * It is made by the firmware itself: the build starts it once in QEMU with the
 * option "generate". It makes the same machine twice, in two arenas. Words that
 * differ by the arenas' distance are pointers into the arena and are moved to where
 * the image will lie in flash; any other difference is an error. The image goes out
 * as hexadecimal on the UART and the build places it at __rom_heap.
 */
#include "platform-internal.h"

#define MAGIC 0x48534d31u /* "1MSH" */
/* Of the generator run only, which has 16 MiB. */
#define ARENA_SIZE (2u * 1024u * 1024u)
#define ARENA_FIRST ((uint8_t*)0x80900000)
/* Off any power of two, so that a pointer is not taken for a number. */
#define ARENA_SECOND ((uint8_t*)0x80b01230)
#define IMAGE ((uint32_t*)0x80d10000)
#define IMAGE_LIMIT (1024u * 1024u)
#define ALIGN16(value) (((value) + 15u) & ~15u)
#define READ_ONLY (XS_DONT_SET_FLAG | XS_DONT_DELETE_FLAG)

typedef struct {
	uint32_t magic;
	uint32_t size;
	uint32_t code_end; /* of the firmware that it was made with: it holds addresses of functions */
	uint32_t reserved;
	txPreparation preparation;
} rom_header;
#define HEADER_SIZE ALIGN16(sizeof(rom_header))

extern char __rom_heap[], __rodata_start[];

bool rom_generating(void)
{
	char value[4];
	return board_option("generate", value, sizeof(value)) > 0;
}

txPreparation* rom_preparation(void)
{
	rom_header* header = (rom_header*)__rom_heap;
	return header->magic == MAGIC && header->code_end == (uint32_t)(uintptr_t)__rom_heap ? &header->preparation : NULL;
}

/* From the slots' side of the arena, so that the tables become part of the image. */
void* rom_table_new(size_t size)
{
	txMachine* the = platform_machine;
	the->slots_start -= ALIGN16(size);
	memset(the->slots_start, 0, ALIGN16(size));
	return the->slots_start;
}

static void fail(const char* text)
{
	printf("#error %s\n", text);
	board_exit(70);
}

/* ---- one machine ---- */

static void load_modules(txMachine* the)
{
	fxBeginHost(the);
	mxTry(the)
	{
		drivers_install(the);
		for (int index = 0; index < modules_preload_count; index++) {
			mxPushStringC((txString)modules_preload[index]);
			fxAwaitImport(the, XS_IMPORT_NAMESPACE);
			mxPop();
		}
	}
	mxCatch(the)
	{
		platform_crash_exception(the, "preload");
	}
	fxEndHost(the);
	main_run_jobs(the);
}

/*
 * Chunks in flash must not be freed or moved: the engine has kinds for that. And a
 * small value leaves stale bytes in its slot, which would differ between the arenas.
 */
static void settle(txSlot* slot)
{
	txSlot former = *slot;
	switch (slot->kind) {
	case XS_UNDEFINED_KIND:
	case XS_NULL_KIND:
		memset(&slot->value, 0, sizeof(slot->value));
		break;
	case XS_BOOLEAN_KIND:
		memset(&slot->value, 0, sizeof(slot->value));
		slot->value.boolean = former.value.boolean;
		break;
	case XS_INTEGER_KIND:
		memset(&slot->value, 0, sizeof(slot->value));
		slot->value.integer = former.value.integer;
		break;
	case XS_SYMBOL_KIND:
		memset(&slot->value, 0, sizeof(slot->value));
		slot->value.symbol = former.value.symbol;
		break;
	case XS_MODULE_KIND:
		memset(&slot->value, 0, sizeof(slot->value));
		slot->value.module.realm = former.value.module.realm;
		slot->value.module.id = former.value.module.id;
		break;
	case XS_STRING_KIND:
	case XS_STRING_X_KIND:
		memset(&slot->value, 0, sizeof(slot->value));
		slot->value.string = former.value.string;
		slot->kind = XS_STRING_X_KIND;
		break;
	case XS_REFERENCE_KIND:
	case XS_CLOSURE_KIND:
		memset(&slot->value, 0, sizeof(slot->value));
		slot->value.reference = former.value.reference;
		break;
	case XS_BIGINT_KIND:
		slot->kind = XS_BIGINT_X_KIND;
		break;
	case XS_KEY_KIND:
		slot->kind = XS_KEY_X_KIND;
		break;
	case XS_CODE_KIND:
		slot->kind = XS_CODE_X_KIND;
		break;
	}
}

/*
 * Nothing in flash can change, so each object is frozen as deep as the engine
 * knows: an assignment throws instead of making a copy in RAM, and the object
 * costs no entry in the table of such copies.
 */
static void freeze(txMachine* the, txSlot* instance)
{
	instance->flag |= XS_DONT_PATCH_FLAG;
	for (txSlot* property = instance->next; property; property = property->next) {
		property->flag |= property->kind == XS_ACCESSOR_KIND ? XS_DONT_DELETE_FLAG : READ_ONLY;
		if (property->kind == XS_ARRAY_KIND && property->value.array.address) {
			uint32_t count = fxGetIndexSize(the, property);
			for (uint32_t index = 0; index < count; index++)
				property->value.array.address[index].flag |= READ_ONLY;
		}
	}
}

/* The name of a module's function stands for it for good; a `let` stays what it is, at 4 bytes of RAM. */
static void fix_function(txSlot* binding)
{
	if (binding && binding->kind == XS_REFERENCE_KIND && mxIsFunction(binding->value.reference))
		binding->flag |= XS_DONT_SET_FLAG;
}

static const char* mutable_kind(const txSlot* slot)
{
	switch (slot->kind) {
	case XS_MAP_KIND:
		return "Map";
	case XS_SET_KIND:
		return "Set";
	case XS_WEAK_MAP_KIND:
	case XS_WEAK_SET_KIND:
		return "WeakMap or WeakSet";
	case XS_ARRAY_BUFFER_KIND:
		return "ArrayBuffer or typed array";
	case XS_DATE_KIND:
		return "Date";
	case XS_FINALIZATION_REGISTRY_KIND:
		return "FinalizationRegistry";
	}
	return NULL;
}

/* Instances of built-in classes, counted before and after the modules' bodies have run. */
static void check_slots(txMachine* the)
{
	for (txSlot* heap = the->firstHeap; heap; heap = heap->next) {
		for (txSlot* slot = heap + 1; slot < heap->value.reference; slot++) {
			if (slot->kind != XS_INSTANCE_KIND || !slot->next)
				continue;
			const char* kind = mutable_kind(slot->next);
			if (kind && (slot->next->flag & XS_INTERNAL_FLAG) && slot->value.instance.prototype
				&& slot->value.instance.prototype != mxObjectPrototype.value.reference)
				printf("#warning a preloaded module keeps a %s, which cannot change in flash\n", kind);
		}
	}
}

static txMachine* make_machine(uint8_t* arena, bool report)
{
	txCreation creation = {
		.initialChunkSize = 1024,
		.incrementalChunkSize = 256,
		.initialHeapCount = 256,
		.incrementalHeapCount = 32,
		.stackCount = mxGlobalStackIndex + 400,
		.initialKeyCount = XS_ID_COUNT + modules_symbol_count + 512,
		.incrementalKeyCount = 0,
		.nameModulo = 127,
		.symbolModulo = 31,
	};
	memset(arena, 0, ARENA_SIZE);
	platform_next_arena.start = arena;
	platform_next_arena.end = arena + ARENA_SIZE;
	txMachine* the = fxCreateMachine(&creation, "rom", NULL, XS_NO_ID);
	if (!the)
		fail("cannot create the machine");
	load_modules(the);
	if (report)
		check_slots(the);
	txSlot* global = mxGlobal.value.reference;
	if (global->next->kind == XS_GLOBAL_KIND) {
		global->flag &= ~XS_EXOTIC_FLAG;
		global->next = global->next->next;
	}
	fxCollectGarbage(the);
	for (txSlot* heap = the->firstHeap; heap; heap = heap->next)
		for (txSlot* slot = heap + 1; slot < heap->value.reference; slot++)
			if (slot->kind == XS_INSTANCE_KIND && slot != global)
				freeze(the, slot);
			else if (slot->kind == XS_CLOSURE_KIND)
				fix_function(slot->value.closure);
	fxShareMachine(the);

	/* What is free or stale would differ between the arenas. */
	long live = 0;
	for (txSlot *slot = the->freeHeap, *next; slot; slot = next) {
		next = slot->next;
		memset(slot, 0, sizeof(*slot));
		slot->flag = XS_MARK_FLAG;
		live--;
	}
	bool fixed = false;
	for (txSlot* heap = the->firstHeap; heap; heap = heap->next) {
		for (txSlot* slot = heap + 1; slot < heap->value.reference; slot++) {
			live++;
			/* Alias 0 means "not shared" to the engine: whoever has it gets another. */
			if (!fixed && slot->kind == XS_INSTANCE_KIND && slot->ID == 0) {
				the->aliasCount += the->aliasCount == 0;
				slot->ID = the->aliasCount++;
				fixed = true;
			}
			if (slot->kind == XS_ARRAY_KIND && slot->value.array.address) {
				uint32_t count = fxGetIndexSize(the, slot);
				for (uint32_t index = 0; index < count; index++)
					settle(slot->value.array.address + index);
			}
			settle(slot);
		}
	}
	for (txBlock* block = the->firstBlock; block; block = block->nextBlock)
		memset(block->current, 0, (size_t)(block->limit - block->current));
	memset(the->stackBottom, 0, (size_t)((uint8_t*)the->stack - (uint8_t*)the->stackBottom));
	for (txSlot* slot = the->stack; slot < the->stackTop; slot++)
		settle(slot);
	if (report)
		printf("#machine slots=%ld chunks=%ld keys=%d aliases=%d\n", live, (long)the->currentChunksSize, the->keyIndex,
			the->aliasCount);
	return the;
}

/* ---- two machines to one image ---- */

static uint32_t chunks_size, slots_size;

/* Where a pointer into the first arena points once the image is in flash: chunks, then slots and tables. */
static uint32_t relocated(uint32_t address)
{
	uint32_t offset = address - (uint32_t)(uintptr_t)ARENA_FIRST;
	uint32_t base = (uint32_t)(uintptr_t)__rom_heap + HEADER_SIZE;
	if (offset <= chunks_size)
		return base + offset;
	if (offset < ARENA_SIZE - slots_size || offset > ARENA_SIZE)
		fail("a pointer between chunks and slots");
	return base + chunks_size + (offset - (ARENA_SIZE - slots_size));
}

static uint32_t* copy_part(uint32_t* out, uint32_t from, uint32_t size, bool chunks)
{
	const uint32_t* first = (const uint32_t*)(ARENA_FIRST + from);
	const uint32_t* second = (const uint32_t*)(ARENA_SECOND + from);
	uint32_t distance = (uint32_t)(ARENA_SECOND - ARENA_FIRST);
	for (uint32_t index = 0; index < size / 4; index++) {
		if (first[index] == second[index])
			*out++ = first[index];
		else if (second[index] - first[index] == distance
			&& first[index] - (uint32_t)(uintptr_t)ARENA_FIRST <= ARENA_SIZE)
			*out++ = relocated(first[index]);
		else if (chunks) {
			/* Padding behind a string's end was never written: what differs there is nothing. */
			uint32_t same = 0;
			for (int shift = 0; shift < 32; shift += 8)
				if ((((first[index] ^ second[index]) >> shift) & 255u) == 0)
					same |= first[index] & (255u << shift);
			*out++ = same;
		}
		else {
			printf("#word %lu of %lu: %08lx %08lx, before it %08lx %08lx\n", (unsigned long)index,
				(unsigned long)(size / 4), (unsigned long)first[index], (unsigned long)second[index],
				(unsigned long)first[index - 1], (unsigned long)first[index - 2]);
			fail("a word that is neither a constant nor a pointer");
		}
	}
	return out;
}

static void print_image(uint32_t size)
{
	static const char digits[] = "0123456789abcdef";
	static char line[128];
	const uint8_t* bytes = (const uint8_t*)IMAGE;
	for (uint32_t at = 0; at < size; at++) {
		line[2 * at % sizeof(line)] = digits[bytes[at] >> 4];
		line[2 * at % sizeof(line) + 1] = digits[bytes[at] & 15];
		if ((at + 1) % (sizeof(line) / 2) == 0)
			console_line(line, sizeof(line));
	}
	if (2 * size % sizeof(line) != 0)
		console_line(line, 2 * size % sizeof(line));
	snprintf(line, sizeof(line), "#end %lu", (unsigned long)size);
	console_line(line, strlen(line));
}

void rom_generate(void)
{
	board_start();
	console_start(NULL);
	txMachine* first = make_machine(ARENA_FIRST, true);
	txMachine* second = make_machine(ARENA_SECOND, false);
	chunks_size = (uint32_t)(first->chunks_end - first->arena_start);
	slots_size = (uint32_t)(first->arena_end - first->slots_start);
	if (chunks_size != (uint32_t)(second->chunks_end - second->arena_start)
		|| slots_size != (uint32_t)(second->arena_end - second->slots_start))
		fail("two machines differ");
	uint32_t size = HEADER_SIZE + chunks_size + slots_size;
	if (size > IMAGE_LIMIT)
		fail("the ROM heap is too large");

	uint32_t* out = IMAGE + HEADER_SIZE / 4;
	out = copy_part(out, 0, chunks_size, true);
	copy_part(out, ARENA_SIZE - slots_size, slots_size, false);

	rom_header* header = (rom_header*)IMAGE;
	memset(header, 0, HEADER_SIZE);
	header->magic = MAGIC;
	header->size = size;
	header->code_end = (uint32_t)(uintptr_t)__rom_heap;
	txPreparation* preparation = &header->preparation;
#define RELOCATED(pointer) relocated((uint32_t)(uintptr_t)(pointer))
	preparation->version[0] = XS_MAJOR_VERSION;
	preparation->version[1] = XS_MINOR_VERSION;
	preparation->version[2] = XS_PATCH_VERSION;
	preparation->aliasCount = first->aliasCount;
	preparation->heapCount = 1;
	preparation->heap = (txSlot*)RELOCATED(first->firstHeap);
	preparation->stackCount = (txSize)(first->stackTop - first->stack);
	preparation->stack = (txSlot*)RELOCATED(first->stack);
	preparation->keyCount = first->keyIndex;
	preparation->keys = (txSlot**)RELOCATED(first->keyArray);
	preparation->nameModulo = first->nameModulo;
	preparation->names = (txSlot**)RELOCATED(first->nameTable);
	preparation->symbolModulo = first->symbolModulo;
	preparation->symbols = (txSlot**)RELOCATED(first->symbolTable);
	preparation->profileID = first->profileID;

	print_image(size);
	board_exit(0);
}
