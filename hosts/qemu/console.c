/*
 * The console: lines that come in on the UART go to a JavaScript function
 * (`native.console(callback)`), lines that JavaScript logs go out
 * (`native.log(text)`). Also `native.restart()` and `native.memory()`.
 */
#include "platform-internal.h"

#define LINE_SIZE 1024 /* a command with a SIP URI or two */

static host_reference listener;
static char line[LINE_SIZE];
static size_t length;
static bool too_long;

static void native_console(txMachine* the)
{
	host_keep(the, &listener, host_callback(the, 0));
}

static void native_log(txMachine* the)
{
	board_puts(host_string(the, 0));
	board_putc('\n');
}

static void native_restart(txMachine* the)
{
	(void)the;
	board_restart();
}

static void native_exit(txMachine* the)
{
	board_exit(host_integer(the, 0, 0, 255));
}

/* One figure in bytes by its number: see `Memory` in natives.ts. */
static void native_memory(txMachine* the)
{
	int32_t values[] = {
		(int32_t)platform_arena_peak(the),
		(int32_t)(the->arena_end - the->arena_start),
		(int32_t)board_stack_peak(),
		(int32_t)platform_malloc_used(),
		(int32_t)(the->currentHeapCount * (txSize)sizeof(txSlot)),
		(int32_t)the->currentChunksSize,
		(int32_t)(the->peakHeapCount * (txSize)sizeof(txSlot)),
		(int32_t)the->peakChunksSize,
	};
	int index = host_integer(the, 0, 0, (int32_t)(sizeof(values) / sizeof(values[0])) - 1);
	host_result_integer(the, values[index]);
}

static void native_collect(txMachine* the)
{
	fxCollectGarbage(the);
}


static void native_crashes(txMachine* the)
{
	host_result_integer(the, storage_crashes());
}

static void native_early_crashes(txMachine* the)
{
	host_result_integer(the, storage_early_crashes());
}

void console_install(txMachine* the)
{
	host_function(the, "console", native_console, 1);
	host_function(the, "log", native_log, 1);
	host_function(the, "restart", native_restart, 0);
	host_function(the, "exit", native_exit, 1);
	host_function(the, "memory", native_memory, 1);
	host_function(the, "collect", native_collect, 0);
	host_function(the, "crashes", native_crashes, 0);
	host_function(the, "earlyCrashes", native_early_crashes, 0);
}

static int push_line(txMachine* the, void* context)
{
	mxPushStringC((txString)context);
	return 1;
}

/* Only printable ASCII is taken; a line that is too long is dropped as a whole. */
int console_poll(txMachine* the)
{
	int worked = 0;
	for (int character; (character = board_getc()) >= 0;) {
		worked = 1;
		if (character == '\n' || character == '\r') {
			bool usable = length > 0 && !too_long;
			line[length] = 0;
			length = 0;
			if (too_long)
				host_log("warning", "console", "line too long");
			too_long = false;
			if (usable) {
				host_call(the, &listener, push_line, line);
				break;
			}
		}
		else if (character >= 0x20 && character < 0x7f) {
			if (length < sizeof(line) - 1)
				line[length++] = (char)character;
			else
				too_long = true;
		}
	}
	return worked;
}
