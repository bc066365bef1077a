/*
 * The table of drivers, and what stands in for those that an image lacks. A
 * driver's functions are optional: see host.h.
 */
#include "platform-internal.h"

#define DRIVER_FUNCTIONS(name) \
	extern void name##_install(txMachine*) __attribute__((weak)); \
	extern void name##_start(txMachine*) __attribute__((weak)); \
	extern int name##_poll(txMachine*) __attribute__((weak)); \
	extern uint64_t name##_deadline(void) __attribute__((weak));
#define DRIVER(name) { name##_install, name##_start, name##_poll, name##_deadline },

/* In the order in which they start. `fault` is in test images only. */
#define DRIVERS(each) each(json) each(natives) each(console) each(timer) each(entropy) each(storage) each(network) each(fault)

DRIVERS(DRIVER_FUNCTIONS)

static const struct {
	void (*install)(txMachine*);
	void (*start)(txMachine*);
	int (*poll)(txMachine*);
	uint64_t (*deadline)(void);
} drivers[] = { DRIVERS(DRIVER) };

#define COUNT (sizeof(drivers) / sizeof(drivers[0]))

void drivers_install(txMachine* the)
{
	for (size_t index = 0; index < COUNT; index++)
		if (drivers[index].install)
			drivers[index].install(the);
}

void drivers_start(txMachine* the)
{
	for (size_t index = 0; index < COUNT; index++)
		if (drivers[index].start)
			drivers[index].start(the);
}

int drivers_poll(txMachine* the)
{
	int worked = 0;
	for (size_t index = 0; index < COUNT; index++)
		if (drivers[index].poll)
			worked |= drivers[index].poll(the);
	return worked;
}

uint64_t drivers_deadline(void)
{
	uint64_t earliest = BOARD_NEVER;
	for (size_t index = 0; index < COUNT; index++) {
		uint64_t deadline = drivers[index].deadline ? drivers[index].deadline() : BOARD_NEVER;
		if (deadline < earliest)
			earliest = deadline;
	}
	return earliest;
}

/* ---- without a storage driver, crashes are not remembered ---- */

__attribute__((weak)) int storage_count_crash(void)
{
	return 0;
}

__attribute__((weak)) int storage_early_crashes(void)
{
	return 0;
}

__attribute__((weak)) int storage_crashes(void)
{
	return 0;
}

__attribute__((weak)) void storage_clear_early_crashes(void)
{
}

__attribute__((weak)) bool entropy_fill(void* bytes, size_t length)
{
	(void)bytes;
	(void)length;
	return false;
}
