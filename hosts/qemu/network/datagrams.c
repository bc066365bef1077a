/*
 * A socket's queue of received datagrams. See datagrams.h.
 */
#include "datagrams.h"

#include <string.h>

typedef struct {
	struct pbuf* next;
	uint32_t address;
	uint16_t port;
} note;

static note note_of(const struct pbuf* packet)
{
	note value;
	memcpy(&value, packet->payload, sizeof(value)); /* no promise about alignment */
	return value;
}

bool datagrams_put(datagram_queue* queue, struct pbuf* packet, uint32_t address, uint16_t port, uint16_t limit)
{
	note value = { .next = NULL, .address = address, .port = port };
	if (queue->count >= limit)
		return false;
	/* Back over the headers. "Force" because lwIP doesn't know that they are there. */
	if (pbuf_header_force(packet, (s16_t)sizeof(note)) != 0)
		return false;
	memcpy(packet->payload, &value, sizeof(value));
	if (queue->last != NULL) {
		note before = note_of(queue->last);
		before.next = packet;
		memcpy(queue->last->payload, &before, sizeof(before));
	}
	else {
		queue->first = packet;
	}
	queue->last = packet;
	queue->count++;
	return true;
}

struct pbuf* datagrams_take(datagram_queue* queue, uint32_t* address, uint16_t* port)
{
	struct pbuf* packet = queue->first;
	if (packet == NULL)
		return NULL;
	note value = note_of(packet);
	pbuf_remove_header(packet, sizeof(note));
	queue->first = value.next;
	if (queue->first == NULL)
		queue->last = NULL;
	queue->count--;
	*address = value.address;
	*port = value.port;
	return packet;
}

void datagrams_clear(datagram_queue* queue)
{
	uint32_t address;
	uint16_t port;
	struct pbuf* packet;
	while ((packet = datagrams_take(queue, &address, &port)) != NULL)
		pbuf_free(packet);
}
