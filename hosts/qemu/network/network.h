/*
 * The network as a whole: one Ethernet interface under lwIP, driven from the main
 * loop (host.h: network_install, _start, _poll, _deadline). Shared by its parts.
 */
#ifndef NETWORK_H
#define NETWORK_H

#include <stdint.h>

#include "lwip/netif.h"

/* In the order of `networkCounterNames` (../counters.ts), after those of ethernet.h. */
typedef struct {
	uint32_t datagrams_received;
	uint32_t datagrams_sent;
	/* For a socket whose queue was full. */
	uint32_t datagrams_dropped;
	/* No lease, no route, no memory. */
	uint32_t datagrams_unsent;
	/* Written while the send heap was full; sent later. */
	uint32_t writes_delayed;
	/* Inbound, for lack of a socket. */
	uint32_t connections_refused;
	uint32_t leases_acknowledged;
} network_counters_t;

extern network_counters_t network_counters;

struct netif* network_interface(void);
/* Unpredictable, if there is a source of entropy. */
uint32_t network_random(void);

#endif
