/*
 * The table of sockets: what JavaScript's tokens stand for. Owns their life: a
 * token is made with a socket, and when it is closed, fails, or is collected, the
 * socket goes. Tokens hold an index and a generation; the table refers to them
 * weakly. Also the one place that calls JavaScript back, from the main loop only.
 */
#ifndef SOCKETS_H
#define SOCKETS_H

#include <stdbool.h>
#include <stdint.h>

#include "datagrams.h"
#include "host.h"
#include "lwip/ip_addr.h"

/* As many as lwIP has control blocks (lwipopts.h), less DHCP's. */
#define SOCKETS 16u

typedef enum {
	SOCKET_FREE = 0,
	SOCKET_UDP,
	SOCKET_TCP,
	SOCKET_LISTENER
} socket_kind;

typedef enum {
	FAILURE_NONE = 0,
	FAILURE_CLOSED,
	FAILURE_REFUSED,
	FAILURE_RESET,
	FAILURE_TIMEOUT,
	FAILURE_UNREACHABLE,
	FAILURE_MEMORY
} socket_failure;

#define NEWS_READABLE 1u
#define NEWS_WRITABLE 2u

#define SOCKET_GROUPS 2u

typedef struct socket {
	uint8_t kind;
	uint8_t news; /* that JavaScript hasn't been told yet */
	uint8_t failure;
	bool orphan; /* the token was collected: close when lwIP is not at work */
	bool connected;
	bool closing; /* JavaScript has closed it; what it wrote is on its way out */
	uint16_t generation;
	/* The instance of the token; NULL for a connection that nobody has accepted yet. */
	txSlot* token;
	union {
		struct udp_pcb* udp;
		struct tcp_pcb* tcp;
	} pcb;
	union {
		struct {
			datagram_queue queue;
			ip4_addr_t groups[SOCKET_GROUPS];
		} udp;
		struct {
			struct pbuf* received;
			struct pbuf* unsent; /* written, but there was no room in the send heap */
			uint16_t credit; /* that JavaScript may still write */
			uint8_t attempts; /* half seconds that connecting has taken */
			struct socket* listener; /* in whose queue it waits */
			struct socket* next; /* behind it there */
		} tcp;
		struct {
			struct socket* first;
			uint16_t count;
		} listener;
	} u;
} socket;

/* A free entry made one of `kind`, or NULL. */
socket* socket_new(socket_kind kind);
/* The opposite; the token, if there is one, is closed from then on. What lwIP holds has been given back before. */
void socket_free(socket* socket);
/* Only the token is closed; the socket goes on until its kind frees it. */
void socket_detach(socket* socket);
/* Leaves a new token with `event` (or undefined) in mxResult. */
void socket_token(txMachine* the, socket* socket, txSlot* event);
/* Gives a token that has none yet its event function. */
void socket_attach(txMachine* the, socket* socket, txSlot* event);
/* The socket of argument 0; throws unless it is open and of this kind (SOCKET_FREE: of any). */
socket* socket_argument(txMachine* the, socket_kind kind);
/* The same, NULL when it is closed. */
socket* socket_argument_if(txMachine* the);
/* Argument `index` as a numeric IPv4 address; RangeError otherwise. */
ip_addr_t socket_address_argument(txMachine* the, int index);
/* Sets news; they are delivered by sockets_deliver. */
void socket_tell(socket* socket, uint8_t news);

/* Calls back whoever has news; closes what was collected. Gives whether it did anything. */
bool sockets_deliver(txMachine* the);
/* Is there something to deliver? */
bool sockets_pending(void);

/* ---- what each kind does (udp.c, tcp.c, listener.c) ---- */

/* `release` gives back what lwIP holds, and frees the socket. */
uint32_t udp_readable(const socket* socket);
void udp_release(socket* socket);

uint32_t tcp_readable(const socket* socket);
/* How many octets JavaScript may write from now on; a promise. */
uint32_t tcp_promise(socket* socket);
/* Gives the connection up in order: octets already written are still delivered. */
void tcp_release(socket* socket);
/* The control block tells `socket` from now on. */
void tcp_adopt(socket* socket, struct tcp_pcb* pcb);

uint32_t listener_readable(const socket* socket);
void listener_release(socket* socket);
/* Out of the queue of its listener, if it stands in one. */
void listener_leave(socket* socket);

void udp_install(txMachine* the);
void tcp_install(txMachine* the);
void listener_install(txMachine* the);
void sockets_install(txMachine* the);

#endif
