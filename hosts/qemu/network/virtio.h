/*
 * virtio over memory-mapped registers (virtio 1.1, §4.2, "modern" only) with split
 * queues (§2.6). Owns finding a device and setting it up; what the queues carry is
 * the driver's. Knows nothing of XS or lwIP.
 */
#ifndef VIRTIO_H
#define VIRTIO_H

#include <stdbool.h>
#include <stdint.h>

#define VIRTIO_ETHERNET 1u
#define VIRTIO_ENTROPY 4u

#define VIRTIO_CHAIN_NEXT 1u /* descriptor flag: goes on in `next` */
#define VIRTIO_DEVICE_WRITES 2u

typedef struct {
	uint64_t address;
	uint32_t length;
	uint16_t flags;
	uint16_t next;
} virtio_descriptor;

typedef struct {
	uint32_t head;
	uint32_t written;
} virtio_used_element;

/* A queue's memory is static and named by VIRTIO_QUEUE; `size` is a power of two. */
typedef struct {
	virtio_descriptor* descriptors;
	volatile uint16_t* available; /* flags, index, ring[size] */
	volatile uint16_t* used; /* flags, index, then elements */
	uint32_t base;
	uint16_t number;
	uint16_t size;
	uint16_t seen;
} virtio_queue;

#define VIRTIO_QUEUE(NAME, SIZE) \
	static virtio_descriptor NAME##_descriptors[SIZE] __attribute__((aligned(16))); \
	static volatile uint16_t NAME##_available[2 + (SIZE) + 2] __attribute__((aligned(4))); \
	static volatile uint16_t NAME##_used[2 + 4 * (SIZE) + 2] __attribute__((aligned(4))); \
	static virtio_queue NAME = { \
		.descriptors = NAME##_descriptors, .available = NAME##_available, .used = NAME##_used, .size = (SIZE)}

/* The registers of the device of this kind with the lowest address, reset and acknowledged; 0 when there is none. */
uint32_t virtio_find(uint32_t kind, uint32_t* irq);
/* Takes those of `wanted` (features 0..31) that the device offers; gives false when it can't agree with us at all. */
bool virtio_negotiate(uint32_t base, uint32_t wanted, uint32_t* accepted);
bool virtio_queue_start(virtio_queue* queue, uint32_t base, uint16_t number);
/* After all queues. */
void virtio_go(uint32_t base);
/* Never again: the device could not be set up. */
void virtio_fail(uint32_t base);

/* Hands the chain that starts at descriptor `head` to the device. Make it visible with virtio_notify. */
void virtio_offer(virtio_queue* queue, uint16_t head);
void virtio_notify(virtio_queue* queue);
/* The next chain that the device has finished; false when there is none. */
bool virtio_take(virtio_queue* queue, virtio_used_element* element);
/* Tells the device whether finished chains of this queue shall interrupt. */
void virtio_interrupts(virtio_queue* queue, bool on);

/* Takes back the device's interrupt; gives its reasons (1: queues, 2: configuration). Before looking at the queues. */
uint32_t virtio_acknowledge(uint32_t base);
uint8_t virtio_configuration(uint32_t base, uint32_t offset);

#endif
