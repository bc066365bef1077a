/*
 * A look at a received frame before lwIP gets it: fragments of datagrams that are
 * larger than we take (RFC 791), and ICMP errors about our TCP connections (RFC 792),
 * which lwIP ignores. Pure: bytes in, verdict out; runs on any computer.
 */
#ifndef INSPECT_H
#define INSPECT_H

#include <stdbool.h>
#include <stdint.h>

/* The largest UDP payload that is received or sent. */
#define DATAGRAM_MAXIMUM 8192u

typedef enum {
	INSPECT_PASS,
	/* A fragment that lies beyond what is reassembled: drop it. */
	INSPECT_TOO_LARGE,
	/* An ICMP "destination unreachable" about a TCP segment of ours; pass it as well. */
	INSPECT_UNREACHABLE
} inspect_verdict;

typedef struct {
	uint8_t code; /* of the ICMP message */
	uint16_t local_port;
	uint16_t remote_port;
	uint32_t remote_address; /* as in memory: network order */
	uint32_t sequence;
} inspect_error;

/* `frame` starts with the Ethernet header; `length` octets of it are at hand, which must hold all headers. */
inspect_verdict inspect_frame(const uint8_t* frame, uint32_t length, inspect_error* error);

/*
 * Is lwIP done with this frame, and its buffer free, as soon as it has seen it? True
 * of ARP, DHCP's answers and TCP segments without payload: those that must come
 * through when buffers are short, because they make others come free.
 */
bool inspect_is_brief(const uint8_t* frame, uint32_t length);

#endif
