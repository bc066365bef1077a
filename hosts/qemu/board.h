/*
 * The board: QEMU's RISC-V "virt" machine. Owns the UART, the clocks, the
 * interrupt controller, ending and restarting the machine. Knows nothing of XS.
 */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BOARD_TICKS_PER_MILLISECOND 10000u /* mtime counts at 10 MHz */
#define BOARD_NEVER UINT64_MAX

/* Interrupt numbers of the PLIC. virtio-mmio slot n (0..7) has BOARD_IRQ_VIRTIO + n. */
#define BOARD_IRQ_VIRTIO 1u
#define BOARD_IRQ_UART 10u

/* One 32-bit register of a device. */
static inline volatile uint32_t* board_register(uint32_t address)
{
	return (volatile uint32_t*)(uintptr_t)address;
}

/* First of all: UART and interrupt controller. */
void board_start(void);

/* Ticks since the machine started, 10 MHz, never going back. */
uint64_t board_ticks(void);
/* The same in milliseconds, as the rest of the firmware counts time. */
static inline uint64_t board_milliseconds(void)
{
	return board_ticks() / BOARD_TICKS_PER_MILLISECOND;
}
/* Nanoseconds since 1970-01-01T00:00:00Z, from the real-time clock. */
uint64_t board_wall_clock(void);

void board_putc(char character);
void board_puts(const char* text);
void board_write(const char* bytes, size_t length);
/* The next character that came in, or -1. */
int board_getc(void);

/* Lets this interrupt end board_wait; the driver's poll serves the device. */
void board_interrupt_enable(uint32_t irq);
/* Takes every pending interrupt off the controller. Call before the drivers are polled. */
void board_interrupts_acknowledge(void);
/* Sleeps (wfi) until an enabled interrupt or until board_ticks() reaches `ticks`. */
void board_wait(uint64_t ticks);

/* Ends QEMU with this exit code. */
void board_exit(int code) __attribute__((noreturn));
/* Resets the machine: the firmware starts from its first instruction. */
void board_restart(void) __attribute__((noreturn));

/* The most bytes of C stack that were ever in use. */
size_t board_stack_peak(void);

/*
 * Options that the build's generator run or a test places beyond the RAM limit
 * ("key=value" lines). Gives the value's length, or -1 when there is none.
 * A product image that is started without them sees none.
 */
int board_option(const char* name, char* value, size_t size);

#endif
