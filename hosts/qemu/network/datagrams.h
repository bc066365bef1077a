/*
 * A socket's queue of received datagrams. What must be known of each (whom it is
 * from, what follows it) is kept in its own buffer, where its IP and UDP headers
 * were, so that a queue costs nothing. Needs lwIP's pbuf, knows nothing of XS.
 */
#ifndef DATAGRAMS_H
#define DATAGRAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "lwip/pbuf.h"

typedef struct {
	struct pbuf* first;
	struct pbuf* last;
	uint16_t count;
} datagram_queue;

/*
 * Takes the packet, whose IP and UDP headers (28 octets) stood before its payload in
 * its first buffer. Gives false, and takes nothing, when `limit` of them wait.
 */
bool datagrams_put(datagram_queue* queue, struct pbuf* packet, uint32_t address, uint16_t port, uint16_t limit);
/* The oldest; its length is its tot_len. The caller frees it. NULL when there is none. */
struct pbuf* datagrams_take(datagram_queue* queue, uint32_t* address, uint16_t* port);
void datagrams_clear(datagram_queue* queue);

#endif
