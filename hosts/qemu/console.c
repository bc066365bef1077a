/*
 * The console: lines that come in go to a JavaScript function
 * (`native.console(callback)`), lines that JavaScript logs go out
 * (`native.log(text)`). Also `native.restart()` and `native.memory()`.
 *
 * A virtio console (virtio 1.1, §5.3) takes a line at once, where the UART costs QEMU
 * some 10 us a character; without one, the UART serves. Crash reports always take
 * the UART: it works when memory is torn.
 */
#include "network/virtio.h"
#include "platform-internal.h"

#define LINE_SIZE 1024 /* a command with a SIP URI or two */
#define INPUT_SIZE 64
#define VIRTIO_CONSOLE 3u
enum { QUEUE_INPUT, QUEUE_OUTPUT };

static host_reference listener;
static char line[LINE_SIZE];
static size_t length;
static bool too_long;

/* ---- the device ---- */

VIRTIO_QUEUE(input_queue, 2);
VIRTIO_QUEUE(output_queue, 2);

static struct {
	uint32_t base; /* 0: only the UART */
	uint32_t count; /* bytes in `input` */
	uint32_t at; /* the next of them */
	char input[INPUT_SIZE];
} console;

static void offer_input(void)
{
	input_queue.descriptors[0] = (virtio_descriptor){
		.address = (uintptr_t)console.input, .length = INPUT_SIZE, .flags = VIRTIO_DEVICE_WRITES};
	virtio_offer(&input_queue, 0);
	virtio_notify(&input_queue);
}

void console_start(txMachine* the)
{
	uint32_t irq;
	uint32_t base = virtio_find(VIRTIO_CONSOLE, &irq);
	(void)the;
	if (base == 0)
		return;
	if (!virtio_negotiate(base, 0, NULL) || !virtio_queue_start(&input_queue, base, QUEUE_INPUT)
		|| !virtio_queue_start(&output_queue, base, QUEUE_OUTPUT)) {
		virtio_fail(base);
		return;
	}
	virtio_interrupts(&output_queue, false);
	virtio_go(base);
	board_interrupt_enable(irq);
	console.base = base;
	offer_input();
}

/* Back only when the device has taken it: `text` may lie anywhere. A reader that does not read holds it up. */
void console_line(const char* text, size_t size)
{
	virtio_used_element element;
	if (console.base == 0 || size == 0) {
		board_write(text, size);
		board_putc('\n');
		return;
	}
	output_queue.descriptors[0] = (virtio_descriptor){
		.address = (uintptr_t)text, .length = size, .flags = VIRTIO_CHAIN_NEXT, .next = 1};
	output_queue.descriptors[1] = (virtio_descriptor){.address = (uintptr_t) "\n", .length = 1};
	virtio_offer(&output_queue, 0);
	virtio_notify(&output_queue);
	while (!virtio_take(&output_queue, &element)) {
	}
}

/* The next character that came in on either device, or -1. */
static int next_character(void)
{
	virtio_used_element element;
	if (console.base != 0) {
		if (console.at < console.count)
			return (unsigned char)console.input[console.at++];
		if (console.count > 0) {
			console.count = 0;
			offer_input();
		}
		virtio_acknowledge(console.base);
		if (virtio_take(&input_queue, &element) && element.written > 0) {
			console.count = element.written < INPUT_SIZE ? element.written : INPUT_SIZE;
			console.at = 1;
			return (unsigned char)console.input[0];
		}
	}
	return board_getc();
}

/* ---- natives ---- */

static void native_console(txMachine* the)
{
	host_keep(the, &listener, host_callback(the, 0));
}

static void native_log(txMachine* the)
{
	const char* text = host_string(the, 0);
	size_t size = strlen(text);
	/* Only surrogates and U+0000, which begin so, are another thing in UTF-8. */
	if (memchr(text, 0xed, size) || memchr(text, 0xc0, size)) {
		char* copy = fxNewChunk(the, (txSize)size);
		size = host_utf8(host_string(the, 0), (uint8_t*)copy);
		text = copy;
	}
	console_line(text, size);
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
		(int32_t)(the->maximumHeapCount * (txSize)sizeof(txSlot)),
		(int32_t)the->maximumChunksSize,
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
	for (int character; (character = next_character()) >= 0;) {
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
