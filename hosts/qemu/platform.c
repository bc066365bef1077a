/*
 * What an XS host owes its engine: memory for slots and chunks, keys, modules out
 * of flash, the C-stack limit, and what happens when the engine gives up.
 */
#include "platform-internal.h"

#include <errno.h>

#include "xsScript.h"

/* Kept free of the C stack, so that the RangeError for running out of it can be made. */
#define C_STACK_RESERVE 3072
/* The same of the JavaScript stack, in slots. */
#define STACK_RESERVE 48
/*
 * For malloc: the machine, its tables, number conversion. XS's slots, chunks and
 * stack do not come from here.
 */
#ifndef MALLOC_SIZE
#define MALLOC_SIZE (12 * 1024)
#endif

extern char __arena_start[], __arena_end[], __stack_bottom[];

platform_arena platform_next_arena = { (uint8_t*)__arena_start, (uint8_t*)__arena_end };
txMachine* platform_machine;

/* ---- memory ---- */

static char malloc_pool[MALLOC_SIZE] __attribute__((aligned(16)));
static char* malloc_break = malloc_pool;

void* sbrk(ptrdiff_t difference)
{
	char* former = malloc_break;
	if (difference > malloc_pool + sizeof(malloc_pool) - former || difference < malloc_pool - former) {
		errno = ENOMEM;
		return (void*)-1;
	}
	malloc_break += difference;
	return former;
}

size_t platform_malloc_used(void)
{
	return (size_t)(malloc_break - malloc_pool);
}

void* platform_table_new(size_t size)
{
	return rom_generating() ? rom_table_new(size) : malloc(size);
}

void platform_table_free(void* table)
{
	if (!rom_generating())
		free(table);
}

void fxCreateMachinePlatform(txMachine* the)
{
	the->arena_start = the->chunks_end = platform_next_arena.start;
	the->arena_end = the->slots_start = platform_next_arena.end;
	platform_machine = the;
}

void fxDeleteMachinePlatform(txMachine* the)
{
	(void)the;
}

void* fxAllocateChunks(txMachine* the, txSize size)
{
	uint8_t* block = the->chunks_end;
	size = (size + 15) & ~15;
	if (size < 0 || size > the->slots_start - block)
		return NULL;
	the->chunks_end = block + size;
	return block;
}

void fxFreeChunks(txMachine* the, void* block)
{
	(void)the;
	(void)block;
}

txSlot* fxAllocateSlots(txMachine* the, txSize count)
{
	size_t size = (size_t)count * sizeof(txSlot);
	if (count < 0 || size > (size_t)(the->slots_start - the->chunks_end))
		return NULL;
	the->slots_start -= size;
	return (txSlot*)the->slots_start;
}

void fxFreeSlots(txMachine* the, void* slots)
{
	(void)the;
	(void)slots;
}

size_t platform_arena_peak(txMachine* the)
{
	return (size_t)((the->chunks_end - the->arena_start) + (the->arena_end - the->slots_start));
}

/* XS asks for this on every platform that it does not know; NULL would mean no check. */
char* __wrap_fxCStackLimit(void)
{
	return __stack_bottom + C_STACK_RESERVE;
}

void platform_reserve_stack(txMachine* the)
{
	the->stackBottom += STACK_RESERVE;
}

/* ---- keys and modules ---- */

/* The order gives the IDs that the bytecode compiler has used. */
void fxBuildKeys(txMachine* the)
{
	int index;
	for (index = 0; index < XS_SYMBOL_ID_COUNT; index++) {
		txSlot* description = fxNewSlot(the);
		fxCopyStringC(the, description, gxIDStrings[index]);
		the->keyArray[the->keyIndex++] = description;
	}
	for (; index < XS_ID_COUNT; index++)
		fxNewNameX(the, gxIDStrings[index]);
	for (index = 0; index < modules_symbol_count; index++) {
		if (fxNewNameX(the, (txString)modules_symbols[index]) != XS_ID_COUNT + index)
			host_crash(the, "image", "a symbol of the bytecode has another number");
	}
}

static const modules_module* find_module(const char* name)
{
	int low = 0, high = modules_count - 1;
	while (low <= high) {
		int middle = (low + high) / 2;
		int order = strcmp(modules_table[middle].name, name);
		if (order == 0)
			return &modules_table[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle - 1;
	}
	return NULL;
}

/* Resolves "./x" and "../x" against the importing module's specifier and drops ".js". */
txID fxFindModule(txMachine* the, txSlot* realm, txID module_id, txSlot* specifier)
{
	char name[2 * C_PATH_MAX];
	char wanted[C_PATH_MAX];
	char* rest = wanted;
	char* end = name;
	(void)realm;
	fxToStringBuffer(the, specifier, wanted, sizeof(wanted));
	*name = 0;
	if (wanted[0] == '.' && module_id != XS_NO_ID) {
		char* slash;
		snprintf(name, C_PATH_MAX, "%s", fxGetKeyName(the, module_id));
		slash = strrchr(name, '/');
		end = slash ? slash + 1 : name;
		*end = 0;
		for (;;) {
			if (rest[0] == '.' && rest[1] == '/')
				rest += 2;
			else if (rest[0] == '.' && rest[1] == '.' && rest[2] == '/') {
				rest += 3;
				if (end == name)
					return XS_NO_ID;
				*--end = 0;
				while (end > name && end[-1] != '/')
					*--end = 0;
			}
			else
				break;
		}
	}
	strcpy(end, rest);
	end = name + strlen(name);
	if (end - name > 3 && strcmp(end - 3, ".js") == 0)
		end[-3] = 0;
	const modules_module* module = find_module(name);
	return module ? fxNewNameX(the, (txString)module->name) : XS_NO_ID;
}

void fxLoadModule(txMachine* the, txSlot* module, txID module_id)
{
	const modules_module* found = find_module(fxGetKeyName(the, module_id));
	txScript script;
	if (!found)
		return;
	memset(&script, 0, sizeof(script));
	script.codeBuffer = (txS1*)found->code;
	script.codeSize = (txSize)found->size;
	fxResolveModule(the, module, module_id, &script, NULL, NULL);
}

txScript* fxParseScript(txMachine* the, void* stream, txGetter getter, txUnsigned flags)
{
	(void)stream;
	(void)getter;
	(void)flags;
	mxUnknownError("no parser in the firmware");
	return NULL;
}

void fxQueuePromiseJobs(txMachine* the)
{
	the->promise_jobs = 1;
}

/* ---- when the engine gives up ---- */

static bool in_stack(txMachine* the, const txSlot* slot)
{
	return slot >= the->stackBottom - STACK_RESERVE && slot < the->stackTop;
}

/* The JavaScript stack by function names, read without allocating: the heap may be full or torn. */
void platform_trace(txMachine* the)
{
	txSlot* frame = the ? the->frame : NULL;
	for (int depth = 0; frame && in_stack(the, frame) && depth < 24; depth++, frame = frame->next) {
		txSlot* function = frame + 3;
		const char* name = NULL;
		if (!in_stack(the, function) || function->kind != XS_REFERENCE_KIND)
			continue;
		txSlot* property = function->value.reference ? function->value.reference->next : NULL;
		txSlot* code = property;
		for (int count = 0; property && count < 16; count++, property = property->next) {
			if (property->ID == mxID(_name) && (property->kind == XS_STRING_KIND || property->kind == XS_STRING_X_KIND))
				name = property->value.string;
		}
		if (!name && code && (code->kind == XS_CODE_KIND || code->kind == XS_CODE_X_KIND) && code->ID != XS_NO_ID)
			name = fxGetKeyName(the, code->ID);
		board_puts("    at ");
		board_puts(name && *name ? name : "(anonymous)");
		board_puts("\n");
	}
}

static bool is_collecting(txMachine* the)
{
	/* Marking sets this flag on what it has seen; the global object is always seen first or soon. */
	return mxGlobal.kind == XS_REFERENCE_KIND && (mxGlobal.value.reference->flag & XS_MARK_FLAG) != 0
		&& !rom_generating() && (uint8_t*)mxGlobal.value.reference >= the->arena_start
		&& (uint8_t*)mxGlobal.value.reference < the->arena_end;
}

/* Running out of stack is the program's business: it gets a RangeError, made on the reserve. */
static bool overflowing;

static void throw_stack_overflow(txMachine* the)
{
	char* c_limit = the->stackLimit;
	txSlot* bottom = the->stackBottom;
	overflowing = true;
	the->stackLimit = __stack_bottom + 256;
	the->stackBottom = bottom - STACK_RESERVE;
	mxTry(the)
	{
		fxThrowMessage(the, C_NULL, 0, XS_RANGE_ERROR, "stack overflow");
	}
	mxCatch(the)
	{
		the->stackLimit = c_limit;
		the->stackBottom = bottom;
		overflowing = false;
		fxJump(the);
	}
}

void fxAbort(txMachine* the, int status)
{
	switch (status) {
	case XS_STACK_OVERFLOW_EXIT:
		if (!overflowing && !is_collecting(the) && the->firstJump && !rom_generating())
			throw_stack_overflow(the);
		host_crash(the, "stack-overflow", "out of stack where no exception can be thrown");
	case XS_NOT_ENOUGH_MEMORY_EXIT:
		host_crash(the, "memory-full", "the arena is full");
	case XS_NO_MORE_KEYS_EXIT:
		host_crash(the, "memory-full", "the key table is full");
	case XS_UNHANDLED_EXCEPTION_EXIT:
		platform_crash_exception(the, "exception");
	case XS_UNHANDLED_REJECTION_EXIT:
		platform_crash_exception(the, "rejection");
	default:
		host_crash(the, "engine", "the engine gave up");
	}
}

/* `text` of an exception and its stack, then the end. */
void platform_crash_exception(txMachine* the, const char* what)
{
	char text[160] = "?";
	static bool again;
	if (!again) {
		again = true; /* making the text may itself throw or run out of memory */
		mxTry(the)
		{
			mxPushSlot(&mxException);
			snprintf(text, sizeof(text), "%s", fxToString(the, the->stack));
			mxPop();
			if (mxException.kind == XS_REFERENCE_KIND) {
				mxPushSlot(&mxException);
				fxGetID(the, mxID(_stack));
				if (the->stack->kind == XS_STRING_KIND || the->stack->kind == XS_STRING_X_KIND)
					platform_crash_stack = fxToString(the, the->stack);
			}
		}
		mxCatch(the)
		{
		}
	}
	host_crash(the, what, text);
}
