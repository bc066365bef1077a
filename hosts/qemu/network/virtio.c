/*
 * virtio over memory-mapped registers. See virtio.h.
 */
#include "virtio.h"

#include <stddef.h>

#include "board.h"

#define FIRST_BASE 0x10001000u
#define BASE_STEP 0x1000u
#define SLOTS 8u

#define MAGIC 0x74726976u /* "virt" */

enum {
	REGISTER_MAGIC = 0x00,
	REGISTER_VERSION = 0x04,
	REGISTER_KIND = 0x08,
	REGISTER_DEVICE_FEATURES = 0x10,
	REGISTER_DEVICE_FEATURES_PAGE = 0x14,
	REGISTER_DRIVER_FEATURES = 0x20,
	REGISTER_DRIVER_FEATURES_PAGE = 0x24,
	REGISTER_QUEUE = 0x30,
	REGISTER_QUEUE_MAXIMUM = 0x34,
	REGISTER_QUEUE_SIZE = 0x38,
	REGISTER_QUEUE_READY = 0x44,
	REGISTER_NOTIFY = 0x50,
	REGISTER_INTERRUPT = 0x60,
	REGISTER_INTERRUPT_ACKNOWLEDGE = 0x64,
	REGISTER_STATUS = 0x70,
	REGISTER_DESCRIPTORS = 0x80,
	REGISTER_AVAILABLE = 0x90,
	REGISTER_USED = 0xa0,
	REGISTER_CONFIGURATION = 0x100
};

enum {
	STATUS_ACKNOWLEDGE = 1,
	STATUS_DRIVER = 2,
	STATUS_DRIVER_OK = 4,
	STATUS_FEATURES_OK = 8,
	STATUS_FAILED = 128
};

#define FEATURE_VERSION_1 1u /* feature 32 */
#define NO_INTERRUPT 1u

static uint32_t get(uint32_t base, uint32_t offset)
{
	return *board_register(base + offset);
}

static void set(uint32_t base, uint32_t offset, uint32_t value)
{
	*board_register(base + offset) = value;
}

static void fence(void)
{
	__asm__ volatile("fence iorw, iorw" ::: "memory");
}

uint32_t virtio_find(uint32_t kind, uint32_t* irq)
{
	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		uint32_t base = FIRST_BASE + slot * BASE_STEP;
		if (get(base, REGISTER_MAGIC) != MAGIC || get(base, REGISTER_KIND) != kind)
			continue;
		if (get(base, REGISTER_VERSION) != 2)
			continue; /* legacy: QEMU wants -global virtio-mmio.force-legacy=false */
		set(base, REGISTER_STATUS, 0);
		set(base, REGISTER_STATUS, STATUS_ACKNOWLEDGE);
		set(base, REGISTER_STATUS, STATUS_ACKNOWLEDGE | STATUS_DRIVER);
		if (irq != NULL)
			*irq = BOARD_IRQ_VIRTIO + slot;
		return base;
	}
	return 0;
}

bool virtio_negotiate(uint32_t base, uint32_t wanted, uint32_t* accepted)
{
	set(base, REGISTER_DEVICE_FEATURES_PAGE, 0);
	uint32_t features = get(base, REGISTER_DEVICE_FEATURES) & wanted;
	set(base, REGISTER_DRIVER_FEATURES_PAGE, 0);
	set(base, REGISTER_DRIVER_FEATURES, features);
	set(base, REGISTER_DRIVER_FEATURES_PAGE, 1);
	set(base, REGISTER_DRIVER_FEATURES, FEATURE_VERSION_1);
	set(base, REGISTER_STATUS, get(base, REGISTER_STATUS) | STATUS_FEATURES_OK);
	if (accepted != NULL)
		*accepted = features;
	return (get(base, REGISTER_STATUS) & STATUS_FEATURES_OK) != 0;
}

static void set_address(uint32_t base, uint32_t offset, volatile const void* address)
{
	set(base, offset, (uint32_t)(uintptr_t)address);
	set(base, offset + 4, 0);
}

bool virtio_queue_start(virtio_queue* queue, uint32_t base, uint16_t number)
{
	queue->base = base;
	queue->number = number;
	queue->seen = 0;
	set(base, REGISTER_QUEUE, number);
	if (get(base, REGISTER_QUEUE_READY) != 0 || get(base, REGISTER_QUEUE_MAXIMUM) < queue->size)
		return false;
	set(base, REGISTER_QUEUE_SIZE, queue->size);
	set_address(base, REGISTER_DESCRIPTORS, queue->descriptors);
	set_address(base, REGISTER_AVAILABLE, queue->available);
	set_address(base, REGISTER_USED, queue->used);
	set(base, REGISTER_QUEUE_READY, 1);
	return true;
}

void virtio_go(uint32_t base)
{
	set(base, REGISTER_STATUS, get(base, REGISTER_STATUS) | STATUS_DRIVER_OK);
}

void virtio_fail(uint32_t base)
{
	set(base, REGISTER_STATUS, get(base, REGISTER_STATUS) | STATUS_FAILED);
}

void virtio_offer(virtio_queue* queue, uint16_t head)
{
	uint16_t index = queue->available[1];
	queue->available[2 + (index & (queue->size - 1u))] = head;
	fence();
	queue->available[1] = (uint16_t)(index + 1u);
}

void virtio_notify(virtio_queue* queue)
{
	fence();
	set(queue->base, REGISTER_NOTIFY, queue->number);
}

bool virtio_take(virtio_queue* queue, virtio_used_element* element)
{
	if (queue->seen == queue->used[1])
		return false;
	fence();
	const volatile virtio_used_element* elements = (const volatile virtio_used_element*)(queue->used + 2);
	const volatile virtio_used_element* source = &elements[queue->seen & (queue->size - 1u)];
	element->head = source->head;
	element->written = source->written;
	queue->seen++;
	return true;
}

void virtio_interrupts(virtio_queue* queue, bool on)
{
	queue->available[0] = on ? 0 : NO_INTERRUPT;
	fence();
}

uint32_t virtio_acknowledge(uint32_t base)
{
	uint32_t reasons = get(base, REGISTER_INTERRUPT);
	if (reasons != 0)
		set(base, REGISTER_INTERRUPT_ACKNOWLEDGE, reasons);
	return reasons;
}

uint8_t virtio_configuration(uint32_t base, uint32_t offset)
{
	return *(volatile uint8_t*)(uintptr_t)(base + REGISTER_CONFIGURATION + offset);
}
