/*
 * The Ethernet interface: virtio-net (virtio 1.1, §5.1). Owns the rings and the
 * buffers in them. Gives frames to lwIP and takes lwIP's; nothing is copied on the
 * way, and nothing is dropped without being counted.
 */
#ifndef ETHERNET_H
#define ETHERNET_H

#include <stdbool.h>
#include <stdint.h>

#include "lwip/netif.h"

typedef struct {
	uint32_t frames_received;
	uint32_t frames_sent;
	/* Received while no buffer could be spared. */
	uint32_t dropped_full;
	/* Received, but too short or too long to be one. */
	uint32_t dropped_malformed;
	/* Not to be sent: the device did not take what was before it. */
	uint32_t dropped_sending;
	/* Fragments of datagrams larger than DATAGRAM_MAXIMUM. */
	uint32_t dropped_too_large;
} ethernet_counters_t;

extern ethernet_counters_t ethernet_counters;

/* Pool buffers that are kept for what makes others come free: acknowledgements. */
#define ETHERNET_RESERVE 4u
/* How many pool buffers are free beyond those. */
uint32_t ethernet_spare_buffers(void);

/* Finds and starts the device; gives false when there is none. */
bool ethernet_start(void);
/* For netif_add. */
err_t ethernet_interface(struct netif* interface);
/* Is the cable in? */
bool ethernet_link(void);
/* What came in, up to a ring full; gives how many frames. `*link_changed`: look at ethernet_link. */
int ethernet_poll(struct netif* interface, bool* link_changed);
/* Frees what has been sent; waits some milliseconds for something. False when nothing was freed. */
bool ethernet_reclaim(void);

#endif
