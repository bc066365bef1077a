/*
 * Timers for JavaScript: a small fixed table. `native.timerSet(callback,
 * milliseconds)` gives a number, `native.timerClear(number)` takes it back. Also
 * the clocks: `native.now()` (monotonic milliseconds) and `native.wallClock()`.
 */
#include "host.h"

#define TIMERS 16

typedef struct {
	host_reference callback;
	uint64_t deadline;
	uint16_t generation; /* so that an old number does not clear a new timer */
} timer;

static timer timers[TIMERS];

static void native_timer_set(txMachine* the)
{
	txSlot* callback = host_callback(the, 0);
	int32_t milliseconds = host_integer(the, 1, 0, INT32_MAX);
	for (int index = 0; index < TIMERS; index++) {
		timer* free = &timers[index];
		if (host_kept(&free->callback))
			continue;
		host_keep(the, &free->callback, callback);
		free->deadline = board_ticks() + (uint64_t)milliseconds * BOARD_TICKS_PER_MILLISECOND;
		free->generation = (uint16_t)((free->generation + 1) & 0x7fff);
		host_result_integer(the, free->generation * TIMERS + index);
		return;
	}
	mxRangeError("too many timers");
}

static void native_timer_clear(txMachine* the)
{
	int32_t number = host_integer(the, 0, 0, INT32_MAX);
	timer* known = &timers[number % TIMERS];
	if (known->generation == number / TIMERS)
		host_forget(the, &known->callback);
}

/* Fractions of a millisecond are kept: some things are measured with it. */
static void native_now(txMachine* the)
{
	host_result_number(the, (double)board_ticks() / BOARD_TICKS_PER_MILLISECOND);
}

static void native_wall_clock(txMachine* the)
{
	host_result_number(the, (double)(board_wall_clock() / 1000000u));
}

void timer_install(txMachine* the)
{
	host_function(the, "timerSet", native_timer_set, 2);
	host_function(the, "timerClear", native_timer_clear, 1);
	host_function(the, "now", native_now, 0);
	host_function(the, "wallClock", native_wall_clock, 0);
}

int timer_poll(txMachine* the)
{
	int worked = 0;
	uint64_t now = board_ticks();
	for (int index = 0; index < TIMERS; index++) {
		timer* due = &timers[index];
		host_reference callback;
		if (!host_kept(&due->callback) || due->deadline > now)
			continue;
		/* Free before the call, which may set it again; the copy on the stack is not collected meanwhile. */
		memset(&callback, 0, sizeof(callback));
		host_keep(the, &callback, &due->callback.slot);
		host_forget(the, &due->callback);
		host_call(the, &callback, NULL, NULL);
		host_forget(the, &callback);
		worked = 1;
	}
	return worked;
}

uint64_t timer_deadline(void)
{
	uint64_t earliest = BOARD_NEVER;
	for (int index = 0; index < TIMERS; index++)
		if (host_kept(&timers[index].callback) && timers[index].deadline < earliest)
			earliest = timers[index].deadline;
	return earliest;
}
