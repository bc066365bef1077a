/*
 * The Ethernet interface: virtio-net. See ethernet.h.
 */
#include "ethernet.h"

#include <string.h>

#include "board.h"
#include "inspect.h"
#include "lwip/etharp.h"
#include "lwip/memp.h"
#include "lwip/pbuf.h"
#include "netif/ethernet.h"
#include "tcp.h"
#include "virtio.h"

#define FEATURE_ADDRESS (1u << 5)
#define FEATURE_STATUS (1u << 16)

/* Every frame has a virtio header of 12 octets before it (§5.1.6); ours says nothing. */
#define HEADER 12u
#define FRAME_MAXIMUM 1514u
/*
 * A receive buffer is a pair of pool buffers. The device writes from the third octet
 * on: then the last two octets of its header are lwIP's padding before the frame
 * (ETH_PAD_SIZE), and IP headers are aligned.
 */
#define SKEW 2u
#define RECEIVE_FRAMES 6u
#define RECEIVE_BUFFERS 2u
#define RECEIVE_QUEUE 16u
_Static_assert(RECEIVE_FRAMES * RECEIVE_BUFFERS <= RECEIVE_QUEUE, "receive ring");
_Static_assert(SKEW + HEADER + FRAME_MAXIMUM <= RECEIVE_BUFFERS * PBUF_POOL_BUFSIZE, "receive buffer");
_Static_assert(SKEW == ETH_PAD_SIZE && HEADER > ETH_PAD_SIZE, "padding");

/* A frame is a descriptor for the header and one for each of its pbufs: 8 KB in 6 fragments need 30. */
#define SEND_QUEUE 64u
#define SEND_PIECES 8u

/* How long a full send ring is waited for. QEMU empties it in some ten microseconds, if its computer lets it. */
#define PATIENCE (20u * BOARD_TICKS_PER_MILLISECOND)

VIRTIO_QUEUE(receive_queue, RECEIVE_QUEUE);
VIRTIO_QUEUE(send_queue, SEND_QUEUE);

ethernet_counters_t ethernet_counters;

static const uint8_t empty_header[HEADER];

static struct {
	uint32_t base;
	uint32_t features;
	struct pbuf* receiving[RECEIVE_FRAMES];
	/* By the first descriptor of the chain. */
	struct pbuf* sending[SEND_QUEUE];
	uint16_t free; /* first of the free send descriptors, chained by `next` */
	uint16_t free_count;
	bool stuck; /* the device took nothing within PATIENCE: don't wait again until it does */
} ethernet;

static uint32_t physical(const void* address)
{
	return (uint32_t)(uintptr_t)address;
}

/* Puts the pair of buffers at `frame` of the ring. */
static void offer_receive(uint16_t frame, struct pbuf* packet)
{
	uint16_t head = (uint16_t)(frame * RECEIVE_BUFFERS);
	virtio_descriptor* descriptor = &receive_queue.descriptors[head];
	ethernet.receiving[frame] = packet;
	descriptor[0] = (virtio_descriptor){.address = physical(packet->payload) + SKEW,
		.length = packet->len - SKEW,
		.flags = VIRTIO_DEVICE_WRITES | VIRTIO_CHAIN_NEXT,
		.next = (uint16_t)(head + 1u)};
	descriptor[1] = (virtio_descriptor){
		.address = physical(packet->next->payload), .length = packet->next->len, .flags = VIRTIO_DEVICE_WRITES};
	virtio_offer(&receive_queue, head);
}

static struct pbuf* new_receive_buffer(void)
{
	return pbuf_alloc(PBUF_RAW, RECEIVE_BUFFERS * PBUF_POOL_BUFSIZE, PBUF_POOL);
}

uint32_t ethernet_spare_buffers(void)
{
	uint32_t used = memp_pools[MEMP_PBUF_POOL]->stats->used;
	return used + ETHERNET_RESERVE < PBUF_POOL_SIZE ? PBUF_POOL_SIZE - ETHERNET_RESERVE - used : 0;
}

bool ethernet_start(void)
{
	uint32_t irq;
	uint32_t base = virtio_find(VIRTIO_ETHERNET, &irq);
	if (base == 0)
		return false;
	if (!virtio_negotiate(base, FEATURE_ADDRESS | FEATURE_STATUS, &ethernet.features) ||
		(ethernet.features & FEATURE_ADDRESS) == 0 || !virtio_queue_start(&receive_queue, base, 0) ||
		!virtio_queue_start(&send_queue, base, 1)) {
		virtio_fail(base);
		return false;
	}
	ethernet.base = base;
	for (uint16_t index = 0; index < SEND_QUEUE; index++)
		send_queue.descriptors[index].next = (uint16_t)(index + 1u);
	ethernet.free = 0;
	ethernet.free_count = SEND_QUEUE;
	virtio_interrupts(&send_queue, false);
	virtio_go(base);
	for (uint16_t frame = 0; frame < RECEIVE_FRAMES; frame++) {
		struct pbuf* packet = new_receive_buffer();
		if (packet == NULL)
			return false; /* cannot be: nothing else has been allocated yet */
		offer_receive(frame, packet);
	}
	virtio_notify(&receive_queue);
	board_interrupt_enable(irq);
	return true;
}

bool ethernet_link(void)
{
	return (ethernet.features & FEATURE_STATUS) == 0 || (virtio_configuration(ethernet.base, 6) & 1u) != 0;
}

/* ---- sending ---- */

static bool reclaim(void)
{
	virtio_used_element element;
	bool any = false;
	while (virtio_take(&send_queue, &element)) {
		uint16_t head = (uint16_t)element.head;
		if (head >= SEND_QUEUE || ethernet.sending[head] == NULL)
			continue; /* the device made it up */
		pbuf_free(ethernet.sending[head]);
		ethernet.sending[head] = NULL;
		uint16_t last = head;
		uint16_t count = 1;
		while (send_queue.descriptors[last].flags & VIRTIO_CHAIN_NEXT) {
			last = send_queue.descriptors[last].next;
			count++;
		}
		send_queue.descriptors[last].next = ethernet.free;
		ethernet.free = head;
		ethernet.free_count = (uint16_t)(ethernet.free_count + count);
		any = true;
	}
	if (any)
		ethernet.stuck = false;
	return any;
}

bool ethernet_reclaim(void)
{
	if (reclaim())
		return true;
	if (ethernet.free_count == SEND_QUEUE || ethernet.stuck)
		return false;
	uint64_t end = board_ticks() + PATIENCE;
	while (board_ticks() < end)
		if (reclaim())
			return true;
	ethernet.stuck = true;
	return false;
}

/* The next free descriptor, made to point at these octets; in the chain after `before`. */
static uint16_t chain(uint16_t before, const void* bytes, uint32_t length)
{
	uint16_t index = ethernet.free;
	virtio_descriptor* descriptor = &send_queue.descriptors[index];
	ethernet.free = descriptor->next;
	ethernet.free_count--;
	*descriptor = (virtio_descriptor){.address = physical(bytes), .length = length};
	if (before != SEND_QUEUE) {
		send_queue.descriptors[before].next = index;
		send_queue.descriptors[before].flags = VIRTIO_CHAIN_NEXT;
	}
	return index;
}

static err_t send_frame(struct netif* interface, struct pbuf* packet)
{
	(void)interface;
	uint16_t pieces = pbuf_clen(packet);
	if (pieces > SEND_PIECES || packet->len <= ETH_PAD_SIZE) {
		ethernet_counters.dropped_sending++;
		return ERR_BUF;
	}
	reclaim();
	while (ethernet.free_count < pieces + 1u) {
		if (!ethernet_reclaim()) {
			ethernet_counters.dropped_sending++;
			return ERR_MEM;
		}
	}
	uint16_t head = chain(SEND_QUEUE, empty_header, HEADER);
	uint16_t last = chain(head, (const uint8_t*)packet->payload + ETH_PAD_SIZE, packet->len - ETH_PAD_SIZE);
	for (const struct pbuf* piece = packet->next; piece != NULL; piece = piece->next)
		last = chain(last, piece->payload, piece->len);
	/* Ours until the device has read it. lwIP looks at the count before it changes a segment again. */
	pbuf_ref(packet);
	ethernet.sending[head] = packet;
	virtio_offer(&send_queue, head);
	virtio_notify(&send_queue);
	ethernet_counters.frames_sent++;
	return ERR_OK;
}

err_t ethernet_interface(struct netif* interface)
{
	interface->name[0] = 'e';
	interface->name[1] = 'n';
	interface->output = etharp_output;
	interface->linkoutput = send_frame;
	interface->mtu = 1500;
	interface->hwaddr_len = 6;
	for (uint8_t index = 0; index < 6; index++)
		interface->hwaddr[index] = virtio_configuration(ethernet.base, index);
	interface->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_IGMP;
	return ERR_OK;
}

/* ---- receiving ---- */

static void deliver(struct netif* interface, struct pbuf* packet, uint32_t written)
{
	inspect_error error;
	pbuf_realloc(packet, (u16_t)(SKEW + written)); /* a short frame gives its second buffer back at once */
	pbuf_remove_header(packet, HEADER); /* leaves the padding and the frame */
	const uint8_t* frame = (const uint8_t*)packet->payload + ETH_PAD_SIZE;
	uint32_t length = packet->len - ETH_PAD_SIZE;
	if (ethernet_spare_buffers() == 0 && !inspect_is_brief(frame, length)) {
		ethernet_counters.dropped_full++;
		pbuf_free(packet);
		return;
	}
	switch (inspect_frame(frame, length, &error)) {
	case INSPECT_TOO_LARGE:
		ethernet_counters.dropped_too_large++;
		pbuf_free(packet);
		return;
	case INSPECT_UNREACHABLE:
		tcp_unreachable(&error);
		break;
	case INSPECT_PASS:
		break;
	}
	if (interface->input(packet, interface) != ERR_OK)
		pbuf_free(packet);
}

int ethernet_poll(struct netif* interface, bool* link_changed)
{
	virtio_used_element element;
	int frames = 0;
	*link_changed = (virtio_acknowledge(ethernet.base) & 2u) != 0;
	reclaim();
	while (frames < (int)RECEIVE_FRAMES && virtio_take(&receive_queue, &element)) {
		uint16_t frame = (uint16_t)(element.head / RECEIVE_BUFFERS);
		if (frame >= RECEIVE_FRAMES || ethernet.receiving[frame] == NULL)
			continue; /* the device made it up */
		frames++;
		ethernet_counters.frames_received++;
		struct pbuf* packet = ethernet.receiving[frame];
		bool usable = element.written >= HEADER + 14u && element.written <= HEADER + FRAME_MAXIMUM;
		struct pbuf* fresh = usable ? new_receive_buffer() : NULL;
		if (fresh == NULL) {
			/* Without a buffer to take its place, the frame's own goes back into the ring. */
			if (usable)
				ethernet_counters.dropped_full++;
			else
				ethernet_counters.dropped_malformed++;
			offer_receive(frame, packet);
			continue;
		}
		offer_receive(frame, fresh);
		deliver(interface, packet, element.written);
	}
	if (frames > 0)
		virtio_notify(&receive_queue);
	return frames;
}
