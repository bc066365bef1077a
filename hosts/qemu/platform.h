/*
 * XS's platform header (XSPLATFORM): what the engine asks of its host at compile
 * time. Included by every XS source; must not include anything of ours but types.
 */
#ifndef HOOKSWITCH_PLATFORM_H
#define HOOKSWITCH_PLATFORM_H

#define mxExport extern
#define mxImport extern
#define XS_FUNCTION_NORETURN __attribute__((noreturn))

#include <ctype.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

typedef int txSocket;
#define mxNoSocket -1

/*
 * setjmp by a name that the compiler does not know (the linker makes the two one), for
 * the interpreter alone. In a function that calls setjmp by its own name no variable
 * stays in a register. That is safe to do without in fxRunID: after its setjmp came
 * back a second time it uses only `the`, which never changes, and what it loads from
 * the txJump; all of it is also live on the way of the first return, so no register or
 * stack slot is used for anything else in between. So it is in fxRunScript. Look at
 * both again when the engine's version changes.
 */
extern int platform_setjmp(jmp_buf);

#define mxUnalignedAccess 0
#define mxMisalignedSettersCrash 1

#define C_PATH_MAX 128
#define c_exit board_exit
extern void board_exit(int code) __attribute__((noreturn));
#define realpath(path, resolved) (NULL)

/* Key, name and alias tables: while the ROM heap is generated they must lie in its arena. */
extern void* platform_table_new(size_t size);
extern void platform_table_free(void* table);
#define c_malloc_uint32 platform_table_new
#define c_free_uint32 platform_table_free

/*
 * The arena of one machine: chunk blocks grow up from its start and slot blocks
 * down from its end, so that XS joins each to one block.
 */
#define mxMachinePlatform \
	uint8_t* arena_start; \
	uint8_t* arena_end; \
	uint8_t* chunks_end; \
	uint8_t* slots_start; \
	int promise_jobs; \
	void* waiterCondition; \
	void* waiterData; \
	void* waiterLink;

#define mxUseDefaultSharedChunks 1
#ifdef mxDebug
#define mxUseDefaultDebug 1
#endif

#endif
