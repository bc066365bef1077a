/*
 * The board: QEMU's RISC-V "virt" machine. See board.h. Also what picolibc asks
 * of a system: the standard streams, the time of day, memory for malloc.
 */
#include "board.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

#define UART 0x10000000u
#define UART_RECEIVED 0x01u
#define UART_EMPTY 0x20u
#define FINISHER 0x00100000u
#define REAL_TIME_CLOCK 0x00101000u
#define TIMER_COMPARE 0x02004000u
#define TIMER_TIME 0x0200bff8u
#define PLIC 0x0c000000u
#define PLIC_ENABLE (PLIC + 0x2000u)
#define PLIC_THRESHOLD (PLIC + 0x200000u)
#define PLIC_CLAIM (PLIC + 0x200004u)

/* Options lie in the page behind the RAM limit, where QEMU's loader device puts them. */
#define OPTIONS_SIZE 4096u
#define OPTIONS_MAGIC "hookswitch-options\n"

extern bool board_memory_locked(void); /* start.S */
extern char __stack_bottom[], __stack_top[], __ram_end[];

static uint8_t uart_read(uint32_t offset)
{
	return *(volatile uint8_t*)(uintptr_t)(UART + offset);
}

static void uart_write(uint32_t offset, uint8_t value)
{
	*(volatile uint8_t*)(uintptr_t)(UART + offset) = value;
}

void board_start(void)
{
	*board_register(PLIC_THRESHOLD) = 0;
	uart_write(2, 0x07); /* FIFOs on, cleared */
	uart_write(1, 0x01); /* interrupt when something came in */
	board_interrupt_enable(BOARD_IRQ_UART);
	/* wfi ends on the timer and on external interrupts; mstatus.MIE stays 0, so none is taken. */
	__asm__ volatile(".option push\n.option arch, +zicsr\ncsrw mie, %0\n.option pop" ::"r"((1u << 7) | (1u << 11)));
}

uint64_t board_ticks(void)
{
	uint32_t high, low;
	do {
		high = *board_register(TIMER_TIME + 4);
		low = *board_register(TIMER_TIME);
	} while (high != *board_register(TIMER_TIME + 4));
	return ((uint64_t)high << 32) | low;
}

uint64_t board_wall_clock(void)
{
	uint32_t low = *board_register(REAL_TIME_CLOCK); /* latches the high half */
	uint32_t high = *board_register(REAL_TIME_CLOCK + 4);
	return ((uint64_t)high << 32) | low;
}

void board_putc(char character)
{
	while (!(uart_read(5) & UART_EMPTY)) {
	}
	uart_write(0, (uint8_t)character);
}

void board_write(const char* bytes, size_t length)
{
	while (length--)
		board_putc(*bytes++);
}

void board_puts(const char* text)
{
	board_write(text, strlen(text));
}

int board_getc(void)
{
	return (uart_read(5) & UART_RECEIVED) ? uart_read(0) : -1;
}

void board_interrupt_enable(uint32_t irq)
{
	*board_register(PLIC + 4 * irq) = 1;
	*board_register(PLIC_ENABLE + 4 * (irq / 32)) |= 1u << (irq % 32);
}

void board_interrupts_acknowledge(void)
{
	uint32_t irq;
	while ((irq = *board_register(PLIC_CLAIM)) != 0)
		*board_register(PLIC_CLAIM) = irq;
}

void board_wait(uint64_t ticks)
{
	*board_register(TIMER_COMPARE + 4) = UINT32_MAX;
	*board_register(TIMER_COMPARE) = (uint32_t)ticks;
	*board_register(TIMER_COMPARE + 4) = (uint32_t)(ticks >> 32);
	__asm__ volatile("wfi");
}

static void finish(uint32_t value)
{
	*board_register(FINISHER) = value;
	for (;;)
		__asm__ volatile("wfi");
}

void board_exit(int code)
{
	finish(code ? ((uint32_t)code << 16) | 0x3333u : 0x5555u);
	__builtin_unreachable();
}

void board_restart(void)
{
	finish(0x7777u);
	__builtin_unreachable();
}

size_t board_stack_peak(void)
{
	const uint32_t* word = (const uint32_t*)__stack_bottom;
	while (word < (const uint32_t*)__stack_top && *word == 0xa5a5a5a5u)
		word++;
	return (size_t)(__stack_top - (const char*)word);
}

/*
 * The page is copied at boot, before the memory beyond the limit is locked. Only
 * as much is kept as the longest set of options needs.
 */
static char options[192];

void board_options_read(void)
{
	const char* page = __ram_end;
	size_t skip = sizeof(OPTIONS_MAGIC) - 1;
	if (board_memory_locked())
		return;
	if (memcmp(page, OPTIONS_MAGIC, skip) != 0)
		return;
	size_t length = strnlen(page + skip, OPTIONS_SIZE - skip);
	if (length >= sizeof(options))
		length = sizeof(options) - 1;
	memcpy(options, page + skip, length);
}

int board_option(const char* name, char* value, size_t size)
{
	size_t length = strlen(name);
	const char* line = options;
	while (*line) {
		size_t end = strcspn(line, "\n");
		if (end > length && line[length] == '=' && memcmp(line, name, length) == 0) {
			size_t count = end - length - 1;
			if (count >= size)
				count = size - 1;
			memcpy(value, line + length + 1, count);
			value[count] = 0;
			return (int)count;
		}
		line += line[end] ? end + 1 : end;
	}
	return -1;
}

/* ---- picolibc ---- */

static int stream_put(char character, FILE* file)
{
	(void)file;
	board_putc(character);
	return (unsigned char)character;
}

static FILE stream = FDEV_SETUP_STREAM(stream_put, NULL, NULL, _FDEV_SETUP_WRITE);
FILE* const stdin = &stream;
FILE* const stdout = &stream;
FILE* const stderr = &stream;

int gettimeofday(struct timeval* value, void* zone)
{
	uint64_t nanoseconds = board_wall_clock();
	(void)zone;
	value->tv_sec = (time_t)(nanoseconds / 1000000000u);
	value->tv_usec = (suseconds_t)(nanoseconds % 1000000000u / 1000u);
	return 0;
}

void _exit(int code)
{
	board_exit(code);
}
