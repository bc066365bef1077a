/*
 * TCP sockets, connections and listeners, and their natives. Received octets stay
 * within the peer's window until JavaScript has read them.
 */
#include "tcp.h"

#include <string.h>

#include "ethernet.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"
#include "network.h"
#include "sockets.h"

/* Connections that wait for Listener.read; further ones are not answered. */
#define BACKLOG 4u

/* Half-open connections are found after three minutes of silence. */
#define KEEPALIVE_IDLE 120000u
#define KEEPALIVE_INTERVAL 15000u
#define KEEPALIVE_COUNT 4u

/* Buffers of the pool that received octets may hold in all; the rest serves everything else. */
#define HELD_MAXIMUM 20u

static uint32_t held;

static void hold(const struct pbuf* first)
{
	for (; first != NULL; first = first->next)
		held++;
}

static void let_go(socket* socket)
{
	struct pbuf* received = socket->u.tcp.received;
	if (received == NULL)
		return;
	held -= pbuf_clen(received);
	pbuf_free(received);
	socket->u.tcp.received = NULL;
}

/* ---- what lwIP tells ---- */

static void fail(socket* socket, socket_failure failure)
{
	if (socket->failure == FAILURE_NONE || socket->failure == FAILURE_CLOSED)
		socket->failure = (uint8_t)failure;
	socket_tell(socket, 0);
}

static bool is_pool(const struct pbuf* packet)
{
	return pbuf_match_allocsrc(packet, PBUF_POOL) && packet->ref == 1;
}

/*
 * Moves small segments into what the last buffer has left, so that a peer that sends
 * octet by octet can't hold a buffer with each. Gives whether `packet` was used up.
 */
static bool coalesce(struct pbuf* chain, struct pbuf* packet)
{
	struct pbuf* last = chain;
	while (last->next != NULL)
		last = last->next;
	if (!is_pool(last) || packet->next != NULL)
		return false;
	const uint8_t* end = (const uint8_t*)last + LWIP_MEM_ALIGN_SIZE(sizeof(struct pbuf)) + PBUF_POOL_BUFSIZE;
	uint8_t* free = (uint8_t*)last->payload + last->len;
	if (end < free || (size_t)(end - free) < packet->len)
		return false;
	memcpy(free, packet->payload, packet->len);
	uint16_t more = packet->len;
	for (struct pbuf* piece = chain; piece != NULL; piece = piece->next)
		piece->tot_len = (u16_t)(piece->tot_len + more);
	last->len = (u16_t)(last->len + more);
	pbuf_free(packet);
	return true;
}

static err_t received(void* context, struct tcp_pcb* pcb, struct pbuf* packet, err_t error)
{
	socket* socket = context;
	(void)pcb;
	if (packet == NULL) {
		fail(socket, FAILURE_CLOSED);
		return ERR_OK;
	}
	if (error != ERR_OK) {
		pbuf_free(packet);
		return ERR_OK;
	}
	struct pbuf* chain = socket->u.tcp.received;
	if (chain != NULL && coalesce(chain, packet)) {
		socket_tell(socket, NEWS_READABLE);
		return ERR_OK;
	}
	if (held + pbuf_clen(packet) > HELD_MAXIMUM) {
		network_counters.segments_deferred++;
		return ERR_MEM; /* lwIP keeps this one, and offers it again */
	}
	hold(packet);
	if (chain != NULL)
		pbuf_cat(chain, packet);
	else
		socket->u.tcp.received = packet;
	socket_tell(socket, NEWS_READABLE);
	return ERR_OK;
}

static err_t sent(void* context, struct tcp_pcb* pcb, u16_t length)
{
	(void)pcb;
	(void)length;
	socket_tell(context, NEWS_WRITABLE);
	return ERR_OK;
}

/* Twice a second: whether a write that found no memory has a chance now. */
static err_t polled(void* context, struct tcp_pcb* pcb)
{
	socket* socket = context;
	(void)pcb;
	if (socket->wants_memory) {
		socket->wants_memory = false;
		socket_tell(socket, NEWS_WRITABLE);
	}
	return ERR_OK;
}

/* The control block is gone already. */
static void failed(void* context, err_t error)
{
	socket* socket = context;
	socket->pcb.tcp = NULL;
	switch (error) {
	case ERR_RST:
		fail(socket, socket->connected ? FAILURE_RESET : FAILURE_REFUSED);
		break;
	case ERR_CLSD:
		fail(socket, FAILURE_CLOSED);
		break;
	default: /* ERR_ABRT: gave up retransmitting, or keepalive got no answer */
		fail(socket, FAILURE_TIMEOUT);
		break;
	}
}

static err_t connected(void* context, struct tcp_pcb* pcb, err_t error)
{
	socket* socket = context;
	(void)pcb;
	(void)error; /* always ERR_OK */
	socket->connected = true;
	socket_tell(socket, NEWS_WRITABLE);
	return ERR_OK;
}

static void adopt(socket* socket, struct tcp_pcb* pcb)
{
	socket->pcb.tcp = pcb;
	tcp_arg(pcb, socket);
	tcp_recv(pcb, received);
	tcp_sent(pcb, sent);
	tcp_err(pcb, failed);
	tcp_poll(pcb, polled, 1);
	/* Whole messages are written at once: nothing is gained by waiting for more. */
	tcp_nagle_disable(pcb);
	ip_set_option(pcb, SOF_KEEPALIVE);
	pcb->keep_idle = KEEPALIVE_IDLE;
	pcb->keep_intvl = KEEPALIVE_INTERVAL;
	pcb->keep_cnt = KEEPALIVE_COUNT;
}

static void disown(struct tcp_pcb* pcb)
{
	tcp_arg(pcb, NULL);
	tcp_recv(pcb, NULL);
	tcp_sent(pcb, NULL);
	tcp_err(pcb, NULL);
	tcp_poll(pcb, NULL, 0);
}

void tcp_unreachable(const inspect_error* error)
{
	for (struct tcp_pcb* pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next) {
		if (pcb->state != SYN_SENT || pcb->local_port != error->local_port ||
			pcb->remote_port != error->remote_port || ip_2_ip4(&pcb->remote_ip)->addr != error->remote_address ||
			error->sequence != pcb->lastack)
			continue; /* an established one outlives soft errors */
		socket* socket = pcb->callback_arg;
		if (socket == NULL)
			return;
		/* 2 and 3: no such protocol or port there. */
		bool refused = error->code == 2 || error->code == 3;
		disown(pcb);
		tcp_abort(pcb);
		socket->pcb.tcp = NULL;
		fail(socket, refused ? FAILURE_REFUSED : FAILURE_UNREACHABLE);
		return;
	}
}

/* ---- for the table ---- */

uint32_t tcp_readable(const socket* socket)
{
	return socket->u.tcp.received != NULL ? socket->u.tcp.received->tot_len : 0;
}

uint32_t tcp_writable(const socket* socket)
{
	const struct tcp_pcb* pcb = socket->pcb.tcp;
	if (pcb == NULL || !socket->connected || tcp_sndqueuelen(pcb) + 4u > TCP_SND_QUEUELEN)
		return 0;
	return tcp_sndbuf(pcb);
}

static void leave_listener(socket* socket)
{
	struct socket* listener = socket->u.tcp.listener;
	if (listener == NULL)
		return;
	struct socket** link = &listener->u.listener.first;
	while (*link != NULL && *link != socket)
		link = &(*link)->u.tcp.next;
	if (*link == socket) {
		*link = socket->u.tcp.next;
		listener->u.listener.count--;
	}
	socket->u.tcp.listener = NULL;
	if (socket->pcb.tcp != NULL)
		tcp_backlog_accepted(socket->pcb.tcp);
}

void tcp_release(socket* socket)
{
	struct tcp_pcb* pcb = socket->pcb.tcp;
	leave_listener(socket);
	let_go(socket);
	socket->pcb.tcp = NULL;
	if (pcb == NULL)
		return;
	disown(pcb);
	/* What was not read makes it a reset (RFC 2525 §2.17); lwIP sees to that. */
	if (tcp_close(pcb) != ERR_OK)
		tcp_abort(pcb);
}

uint32_t listener_readable(const socket* socket)
{
	return socket->u.listener.count;
}

void listener_release(socket* socket)
{
	struct socket* waiting;
	while ((waiting = socket->u.listener.first) != NULL) {
		tcp_release(waiting);
		socket_free(waiting);
	}
	tcp_arg(socket->pcb.tcp, NULL);
	(void)tcp_close(socket->pcb.tcp); /* never fails for a listener */
}

/* ---- connections ---- */

static void native_tcp_connect(txMachine* the)
{
	ip_addr_t address = socket_address_argument(the, 0);
	uint16_t port = (uint16_t)host_integer(the, 1, 1, UINT16_MAX);
	txSlot* event = host_callback(the, 2);
	socket* socket = socket_new(SOCKET_TCP);
	if (socket == NULL)
		mxRangeError("too many sockets");
	/* What goes wrong from here on is told by the event, as what goes wrong later. */
	struct tcp_pcb* pcb = tcp_new();
	if (pcb == NULL) {
		fail(socket, FAILURE_MEMORY);
	}
	else {
		adopt(socket, pcb);
		err_t error = tcp_connect(pcb, &address, port, connected);
		if (error != ERR_OK) {
			disown(pcb);
			tcp_abort(pcb);
			socket->pcb.tcp = NULL;
			fail(socket, error == ERR_RTE ? FAILURE_UNREACHABLE : FAILURE_MEMORY);
		}
	}
	socket_token(the, socket, event);
}

static void native_tcp_attach(txMachine* the)
{
	socket* socket = socket_argument(the, SOCKET_TCP);
	socket_attach(the, socket, host_callback(the, 1));
	socket_tell(socket, NEWS_READABLE | NEWS_WRITABLE);
}

static void native_tcp_read(txMachine* the)
{
	socket* socket = socket_argument(the, SOCKET_TCP);
	uint32_t count = (uint32_t)host_integer(the, 1, 0, INT32_MAX);
	uint32_t waiting = tcp_readable(socket);
	if (count == 0 || count > waiting)
		count = waiting;
	if (count == 0)
		return;
	uint8_t* bytes = host_array_buffer(the, mxResult, NULL, count);
	pbuf_copy_partial(socket->u.tcp.received, bytes, (u16_t)count, 0);
	held -= pbuf_clen(socket->u.tcp.received);
	socket->u.tcp.received = pbuf_free_header(socket->u.tcp.received, (u16_t)count);
	hold(socket->u.tcp.received);
	if (socket->u.tcp.received == NULL && socket->failure == FAILURE_CLOSED)
		socket_tell(socket, 0); /* that was the last: now the end is told */
	struct tcp_pcb* pcb = socket->pcb.tcp;
	if (pcb == NULL)
		return;
	tcp_recved(pcb, (u16_t)count);
	/* What was put off for lack of buffers need not wait for lwIP's timer. */
	if (pcb->refused_data != NULL)
		tcp_process_refused_data(pcb);
}

static void native_tcp_write(txMachine* the)
{
	socket* socket = socket_argument(the, SOCKET_TCP);
	uint32_t length;
	const uint8_t* bytes = host_bytes(the, mxArgv(1), &length);
	if (length > tcp_writable(socket))
		mxRangeError("more than is writable");
	if (length > 0) {
		struct tcp_pcb* pcb = socket->pcb.tcp;
		err_t error = tcp_write(pcb, bytes, (u16_t)length, TCP_WRITE_FLAG_COPY);
		if (error != ERR_OK) {
			socket->wants_memory = true;
			mxRangeError("no memory to write now");
		}
		(void)tcp_output(pcb); /* what it can't send now, its timer will */
	}
	host_result_integer(the, (int32_t)tcp_writable(socket));
}

/* ---- listeners ---- */

static err_t accepted(void* context, struct tcp_pcb* pcb, err_t error)
{
	socket* listener = context;
	if (pcb == NULL || error != ERR_OK || listener == NULL) {
		network_counters.connections_refused++;
		return ERR_VAL;
	}
	socket* socket = socket_new(SOCKET_TCP);
	if (socket == NULL) {
		network_counters.connections_refused++;
		return ERR_MEM; /* lwIP resets it */
	}
	adopt(socket, pcb);
	socket->connected = true;
	socket->u.tcp.listener = listener;
	tcp_backlog_delayed(pcb);
	struct socket** link = &listener->u.listener.first;
	while (*link != NULL)
		link = &(*link)->u.tcp.next;
	*link = socket;
	listener->u.listener.count++;
	socket_tell(listener, NEWS_READABLE);
	return ERR_OK;
}

static void native_tcp_listen(txMachine* the)
{
	uint16_t port = (uint16_t)host_integer(the, 0, 1, UINT16_MAX);
	txSlot* event = host_callback(the, 1);
	socket* socket = socket_new(SOCKET_LISTENER);
	struct tcp_pcb* pcb = socket != NULL ? tcp_new() : NULL;
	bool bound = pcb != NULL && tcp_bind(pcb, IP_ADDR_ANY, port) == ERR_OK;
	struct tcp_pcb* listening = bound ? tcp_listen_with_backlog(pcb, BACKLOG) : NULL;
	if (listening == NULL) {
		if (pcb != NULL)
			tcp_abort(pcb);
		if (socket != NULL)
			socket_free(socket);
		if (pcb != NULL && !bound)
			mxRangeError("port in use");
		mxRangeError("too many sockets");
	}
	socket->pcb.tcp = listening;
	tcp_arg(listening, socket);
	tcp_accept(listening, accepted);
	socket_token(the, socket, event);
}

static void native_tcp_accept(txMachine* the)
{
	socket* listener = socket_argument(the, SOCKET_LISTENER);
	socket* socket = listener->u.listener.first;
	if (socket == NULL)
		return;
	leave_listener(socket);
	socket_token(the, socket, NULL);
}

void tcp_install(txMachine* the)
{
	host_function(the, "tcpConnect", native_tcp_connect, 3);
	host_function(the, "tcpAttach", native_tcp_attach, 2);
	host_function(the, "tcpRead", native_tcp_read, 2);
	host_function(the, "tcpWrite", native_tcp_write, 2);
	host_function(the, "tcpListen", native_tcp_listen, 2);
	host_function(the, "tcpAccept", native_tcp_accept, 1);
}
