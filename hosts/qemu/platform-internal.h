/* What the files of the platform share: arena, module table, ROM heap, crash. Not for drivers. */
#ifndef PLATFORM_INTERNAL_H
#define PLATFORM_INTERNAL_H

#include "host.h"

/* ---- platform.c ---- */

/* Where the next machine's slots and chunks go. */
typedef struct {
	uint8_t* start;
	uint8_t* end;
} platform_arena;
extern platform_arena platform_next_arena;

/* The most bytes of the arena that were ever reserved: it never shrinks. */
size_t platform_arena_peak(txMachine* the);
size_t platform_malloc_used(void);
/* The one machine, for whoever has no other way to it. */
extern txMachine* platform_machine;
/* Puts some of the JavaScript stack aside, for the RangeError of its overflow. Once, after the machine is made. */
void platform_reserve_stack(txMachine* the);
/* Prints the JavaScript stack. */
void platform_trace(txMachine* the);
/* The end, by mxException. */
void platform_crash_exception(txMachine* the, const char* what) __attribute__((noreturn));
/* Stack text of the exception that ends the machine, or NULL. */
extern const char* platform_crash_stack;

/* ---- modules.c, written by the build: bytecode in flash ---- */

typedef struct {
	const char* name;
	const uint8_t* code;
	uint32_t size;
} modules_module;
extern const modules_module modules_table[]; /* sorted by name */
extern const int modules_count;
extern const char* const modules_symbols[]; /* in the order of their IDs */
extern const int modules_symbol_count;
extern const char* const modules_preload[]; /* in the order to load, dependencies are pulled in */
extern const int modules_preload_count;
extern const char modules_main[];

/* ---- rom.c: the ROM heap ---- */

/* The machine's heap in flash, or NULL when the image has none yet. */
txPreparation* rom_preparation(void);
/* In the build's generator run: makes the heap, prints it, ends QEMU. */
void rom_generate(void) __attribute__((noreturn));
bool rom_generating(void);
void* rom_table_new(size_t size);

/* ---- console.c ---- */

void console_start(txMachine* the);
/* One line for people and tools, its end not included. */
void console_line(const char* text, size_t size);

/* ---- drivers.c ---- */

void drivers_install(txMachine* the);
void drivers_start(txMachine* the);
int drivers_poll(txMachine* the);
uint64_t drivers_deadline(void);

/* ---- main.c ---- */

/* Runs promise jobs until none is left; an unhandled rejection is a crash. */
void main_run_jobs(txMachine* the);

#endif
