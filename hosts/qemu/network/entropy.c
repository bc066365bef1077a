/*
 * Unpredictable bytes from virtio-rng (virtio 1.1, §5.4). Keeps a small stock, so
 * that a tag or a branch does not wait for the device, and asks for the next one
 * when it is used up.
 */
#include <string.h>

#include "board.h"
#include "host.h"
#include "virtio.h"

#define STOCK 128u
/* The device answers within microseconds; one that doesn't is treated as absent. */
#define PATIENCE (100u * BOARD_TICKS_PER_MILLISECOND)

VIRTIO_QUEUE(requests, 2);

static struct {
	bool looked;
	bool present;
	uint32_t left; /* bytes at the end of `stock` that nobody has had yet */
	uint8_t stock[STOCK];
} entropy;

static void start(void)
{
	entropy.looked = true;
	uint32_t base = virtio_find(VIRTIO_ENTROPY, NULL);
	if (base == 0)
		return;
	if (!virtio_negotiate(base, 0, NULL) || !virtio_queue_start(&requests, base, 0)) {
		virtio_fail(base);
		return;
	}
	virtio_interrupts(&requests, false);
	virtio_go(base);
	entropy.present = true;
}

/* Fills the stock; waits for the device, but not for ever. */
static bool refill(void)
{
	virtio_used_element element;
	requests.descriptors[0] = (virtio_descriptor){
		.address = (uintptr_t)entropy.stock, .length = STOCK, .flags = VIRTIO_DEVICE_WRITES};
	virtio_offer(&requests, 0);
	virtio_notify(&requests);
	uint64_t end = board_ticks() + PATIENCE;
	while (!virtio_take(&requests, &element)) {
		if (board_ticks() >= end) {
			/* It might still write: never offer the buffer again. */
			entropy.present = false;
			return false;
		}
	}
	uint32_t written = element.written < STOCK ? element.written : STOCK;
	/* Used from the end: move what came to the end. */
	memmove(entropy.stock + STOCK - written, entropy.stock, written);
	entropy.left = written;
	return written > 0;
}

bool entropy_fill(void* bytes, size_t length)
{
	uint8_t* out = bytes;
	if (!entropy.looked)
		start();
	while (length > 0) {
		if (entropy.left == 0 && (!entropy.present || !refill()))
			return false;
		size_t count = length < entropy.left ? length : entropy.left;
		uint8_t* from = entropy.stock + STOCK - entropy.left;
		memcpy(out, from, count);
		memset(from, 0, count); /* nobody gets the same bytes, nor finds them in a dump */
		entropy.left -= (uint32_t)count;
		out += count;
		length -= count;
	}
	return true;
}
