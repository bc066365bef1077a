/* Natives that break rules on purpose, for the image of the fault tests only. */
#include "host.h"

static void native_store(txMachine* the)
{
	*(volatile uint32_t*)(uintptr_t)(uint32_t)fxToNumber(the, mxArgv(0)) = 0x12345678u;
}

/* A write that an object in flash takes, as a bug in the engine would do it. */
static void native_store_object(txMachine* the)
{
	mxArgv(0)->value.reference->flag = 0;
}

/* Deeper in C than the stack is. */
static __attribute__((noinline)) uint32_t deeper(volatile uint32_t* above, uint32_t depth)
{
	volatile uint32_t room[64];
	room[0] = above[0] + depth;
	return depth == 0 ? room[0] : deeper(room, depth - 1) + room[0];
}

static void native_recurse(txMachine* the)
{
	volatile uint32_t start = 0;
	host_result_number(the, deeper(&start, (uint32_t)fxToInteger(the, mxArgv(0))));
}

/* A trap on a JavaScript stack that cannot be read any more. */
static void native_tear(txMachine* the)
{
	mxFunction->value.reference = (txSlot*)0x8003c000u;
	*(volatile uint32_t*)0x20000100u = 0;
}

void fault_install(txMachine* the)
{
	host_function(the, "faultStore", native_store, 1);
	host_function(the, "faultStoreObject", native_store_object, 1);
	host_function(the, "faultRecurse", native_recurse, 1);
	host_function(the, "faultTear", native_tear, 0);
}
