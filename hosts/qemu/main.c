/*
 * The firmware's main: makes the machine from the ROM heap, imports the main
 * module, then runs jobs, polls the drivers, and sleeps until something is due.
 */
#include "platform-internal.h"

#define EARLY (60u * 1000u) /* milliseconds: a crash before that counts against the newest settings */
#define IDLE 2u /* milliseconds: a collection takes less, and nothing is due before */
#define GARBAGE_SLOTS 256 /* in use beyond what the last collection left: worth one */
#define GARBAGE_CHUNKS (4 * 1024)

/*
 * The arena at start: what the agent keeps, and as much again as one input makes and
 * drops, because a collection costs some 0.2 M instructions. It grows in these steps,
 * and only after a collection did not help.
 */
static txCreation creation = {
	.initialChunkSize = 36 * 1024,
	.incrementalChunkSize = 2 * 1024,
	.initialHeapCount = 3840,
	.incrementalHeapCount = 128,
	.stackCount = 768, /* the data path of the agent is deep */
	.initialKeyCount = 64,
	.incrementalKeyCount = 32,
};

extern char __ram_end[];
extern void board_lock_memory(char* start);
extern void board_options_read(void);

void main_run_jobs(txMachine* the)
{
	do {
		while (the->promise_jobs) {
			the->promise_jobs = 0;
			fxRunPromiseJobs(the);
		}
		fxEndJob(the);
	} while (the->promise_jobs);
	/* As in Node: a rejection that nobody handles by the end of the jobs is an error of the program. */
	fxCheckUnhandledRejections(the, 1);
}

static void import_main(txMachine* the)
{
	fxBeginHost(the);
	mxTry(the)
	{
		txSlot* realm = mxModuleInstanceInternal(mxProgram.value.reference)->value.module.realm;
		mxPushStringC((txString)modules_main);
		fxRunImport(the, realm, XS_NO_ID);
		mxPop(); /* the promise: a rejection without a handler is reported */
	}
	mxCatch(the)
	{
		platform_crash_exception(the, "exception");
	}
	fxEndHost(the);
	main_run_jobs(the);
}

/*
 * Collects what the last inputs left behind while there is nothing else to do, so
 * that the next input finds room and is answered without a collection.
 */
static void collect_while_idle(txMachine* the, uint64_t deadline)
{
	static txSize slots, chunks; /* what was in use after the last one */
	if (slots > the->currentHeapCount)
		slots = the->currentHeapCount;
	if (chunks > the->currentChunksSize)
		chunks = the->currentChunksSize;
	if (the->currentHeapCount - slots < GARBAGE_SLOTS && the->currentChunksSize - chunks < GARBAGE_CHUNKS)
		return;
	if (deadline < board_ticks() + IDLE * BOARD_TICKS_PER_MILLISECOND)
		return;
	fxCollectGarbage(the);
	slots = the->currentHeapCount;
	chunks = the->currentChunksSize;
}

int main(void)
{
	board_options_read();
	if (rom_generating())
		rom_generate();
	board_lock_memory(__ram_end);
	board_start();

	txPreparation* preparation = rom_preparation();
	if (!preparation)
		host_crash(NULL, "image", "no ROM heap in the image");
	creation.nameModulo = preparation->nameModulo;
	creation.symbolModulo = preparation->symbolModulo;
	txMachine* the = fxPrepareMachine(&creation, preparation, "hookswitch", NULL, NULL);
	if (!the)
		host_crash(NULL, "image", "the ROM heap is of another version of XS");
	platform_reserve_stack(the);
	drivers_start(the);
	import_main(the);

	bool early = true;
	for (;;) {
		board_interrupts_acknowledge();
		if (drivers_poll(the))
			continue;
		uint64_t deadline = drivers_deadline();
		if (early) {
			uint64_t end = (uint64_t)EARLY * BOARD_TICKS_PER_MILLISECOND;
			if (board_ticks() >= end) {
				early = false;
				storage_clear_early_crashes();
				continue;
			}
			if (deadline > end)
				deadline = end;
		}
		collect_while_idle(the, deadline);
		board_wait(deadline);
	}
}

/* A trap: the processor refused an instruction. Runs on the emptied stack. */
void board_trap(uint32_t cause, uint32_t pc, uint32_t value, uint32_t return_address, uint32_t stack)
{
	static const char* const causes[] = { "instruction misaligned", "instruction access fault", "illegal instruction",
		"breakpoint", "load misaligned", "load access fault", "store misaligned", "store access fault" };
	char text[128];
	snprintf(text, sizeof(text), "%s at pc 0x%08lx, address 0x%08lx, ra 0x%08lx, sp 0x%08lx",
		cause < 8 ? causes[cause] : "trap", (unsigned long)pc, (unsigned long)value, (unsigned long)return_address,
		(unsigned long)stack);
	host_crash(platform_machine, "trap", text);
}
