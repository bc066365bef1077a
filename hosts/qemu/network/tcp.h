/*
 * What the rest of the network tells the TCP sockets. Their natives are in tcp.c.
 */
#ifndef NETWORK_TCP_H
#define NETWORK_TCP_H

#include "inspect.h"

/* ICMP says that a segment of ours went nowhere: a connection that is being opened fails (RFC 1122 §4.2.3.9). */
void tcp_unreachable(const inspect_error* error);

/* From the main loop: sends what had to wait for room. */
void tcp_poll_unsent(void);

#endif
