/*
 * What the C side of this host offers its drivers: defining natives, calling back
 * into JavaScript, bytes in and out. Owns nothing; see host.c.
 *
 * A driver NAME is four functions, each of them optional (weak in drivers.c):
 *   void NAME_install(txMachine*)   defines its natives. Runs when the ROM heap is
 *                                   generated, so that they sit in flash: it must not
 *                                   touch hardware nor keep pointers.
 *   void NAME_start(txMachine*)     starts its hardware, at boot, before main.
 *   int NAME_poll(txMachine*)       does what is due; gives whether it did anything.
 *   uint64_t NAME_deadline(void)    board_ticks() value of its next due time, or
 *                                   BOARD_NEVER. An interrupt also ends the sleep.
 *
 * Two rules of XS:
 * - Any allocation (a new slot, buffer or string) may move every buffer: a pointer
 *   from host_bytes is dead after it. Fetch it again, or copy first.
 * - A native that throws leaves by longjmp: hold nothing that must be given back.
 */
#ifndef HOST_H
#define HOST_H

#include "xsAll.h"
#include "board.h"

/* Defines `native[name]`. `name` must be a literal: it stays where it is. */
void host_function(txMachine* the, const char* name, txCallback callback, int length);

/* ---- functions kept by C ---- */

/* A JavaScript function (or undefined) that C holds on to. Lives in static memory, zero at first. */
typedef struct {
	txSlot slot;
	bool remembered;
} host_reference;

void host_keep(txMachine* the, host_reference* reference, txSlot* value);
void host_forget(txMachine* the, host_reference* reference);
bool host_kept(const host_reference* reference);

/* Pushes its arguments with mxPush…, and gives their number. */
typedef int (*host_arguments)(txMachine* the, void* context);

/*
 * Calls a kept function from outside of JavaScript (from a poll), with undefined as
 * `this`, and runs the promise jobs that follow. `arguments` may be NULL. An
 * exception that comes out is a crash: reported, counted, and the device restarts.
 */
void host_call(txMachine* the, host_reference* function, host_arguments arguments, void* context);

/* ---- arguments ---- */

/*
 * The bytes of an ArrayBuffer, typed array or DataView; TypeError for anything else.
 * The pointer lives until the next allocation. `*length` is in bytes.
 */
uint8_t* host_bytes(txMachine* the, txSlot* slot, uint32_t* length);
/*
 * The argument `index` as an integer in [minimum, maximum]; RangeError otherwise,
 * TypeError when it is no number.
 */
int32_t host_integer(txMachine* the, int index, int32_t minimum, int32_t maximum);
/* The bytes of argument 0 and the range of arguments `index`, `index + 1`; RangeError when it is not within them. */
uint8_t* host_range(txMachine* the, int index, uint32_t* start, uint32_t* end);
/* A string argument as XS holds it (zero-terminated); TypeError for anything else. Dead after an allocation, too. */
const char* host_string(txMachine* the, int index);
/* Such a string, which XS holds as CESU-8, as UTF-8 without a zero: never longer. Gives its length. */
uint32_t host_utf8(const char* string, uint8_t* out);
/* Argument `index`, which must be a function; TypeError otherwise. */
txSlot* host_callback(txMachine* the, int index);

/* ---- results ---- */

/* Sets `slot` to a new ArrayBuffer with these bytes (not from an XS buffer: it may move); NULL leaves them zero. */
uint8_t* host_array_buffer(txMachine* the, txSlot* slot, const void* bytes, uint32_t length);
/* Sets `slot` to a new Uint8Array over a new ArrayBuffer. */
uint8_t* host_uint8_array(txMachine* the, txSlot* slot, const void* bytes, uint32_t length);
void host_result_integer(txMachine* the, int32_t value);
void host_result_number(txMachine* the, double value);
void host_result_boolean(txMachine* the, bool value);
/* An ASCII string, copied. */
void host_result_string(txMachine* the, const char* text);

/* ---- the log and the end ---- */

/* A line of the phone's log made by C, `@` + JSON as the driver's. `text` must need no escaping. */
void host_log(const char* level, const char* code, const char* text);

/* Reports what and where, counts it in storage, restarts. `what` is a short stable code. */
void host_crash(txMachine* the, const char* what, const char* text) __attribute__((noreturn));

/* Unpredictable bytes; gives false when there is no entropy device. The network helper's virtio-rng replaces the weak one. */
bool entropy_fill(void* bytes, size_t length);

/* ---- crashes, counted in storage (hosts/qemu/flash replaces the weak ones of drivers.c) ---- */

/* Called once when the firmware crashes: no JavaScript runs any more. Counts it durably; gives the new total. */
int storage_count_crash(void);
/* Crashes in a row that came within a minute of their boot; storage_start has been called. */
int storage_early_crashes(void);
/* All crashes since the factory, for `restarts`. */
int storage_crashes(void);
/* The firmware has run for a minute: the crashes in a row are over. */
void storage_clear_early_crashes(void);

#endif
