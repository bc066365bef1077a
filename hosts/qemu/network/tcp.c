/*
 * TCP connections and their natives. Received octets stay within the peer's window
 * until JavaScript has read them. How they are accepted is in listener.c.
 */
#include "tcp.h"

#include <string.h>

#include "ethernet.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"
#include "network.h"
#include "sockets.h"

/* Octets of all connections that may be in the send heap (MEM_SIZE), written and not yet acknowledged. */
#define OUTSTANDING_MAXIMUM (2u * TCP_SND_BUF)
_Static_assert(OUTSTANDING_MAXIMUM + 2048u <= MEM_SIZE, "the send heap needs room for control packets");

#define INITIAL_TIMEOUT 1000

/* A connection that isn't up by then has failed. */
#define CONNECT_HALF_SECONDS 14u

/* Half-open connections are found after three minutes of silence. */
#define KEEPALIVE_IDLE 120000u
#define KEEPALIVE_INTERVAL 15000u
#define KEEPALIVE_COUNT 4u

/* Set by lwIP's callbacks, which must not close connections; done by tcp_poll_unsent. */
static bool flush_later;

static void failed(void* context, err_t error);
static void disown(struct tcp_pcb* pcb);
static void finish(socket* socket);

static void drop_received(socket* socket)
{
	if (socket->u.tcp.received != NULL)
		pbuf_free(socket->u.tcp.received);
	socket->u.tcp.received = NULL;
}

static void drop_unsent(socket* socket)
{
	if (socket->u.tcp.unsent != NULL)
		pbuf_free(socket->u.tcp.unsent);
	socket->u.tcp.unsent = NULL;
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

/*
 * Never refuses: what a stream may hold is bounded by its window, and where buffers
 * are short all the same, the interface drops segments before lwIP sees them. (lwIP
 * ignores even acknowledgements while a refused segment waits.)
 */
static err_t received(void* context, struct tcp_pcb* pcb, struct pbuf* packet, err_t error)
{
	socket* socket = context;
	(void)pcb;
	if (packet == NULL) {
		if (!socket->closing)
			fail(socket, FAILURE_CLOSED);
		return ERR_OK;
	}
	if (error != ERR_OK || socket->closing) {
		pbuf_free(packet); /* not acknowledged to the window: the close will be a reset */
		return ERR_OK;
	}
	struct pbuf* chain = socket->u.tcp.received;
	if (chain != NULL && coalesce(chain, packet)) {
		socket_tell(socket, NEWS_READABLE);
		return ERR_OK;
	}
	if (chain != NULL)
		pbuf_cat(chain, packet);
	else
		socket->u.tcp.received = packet;
	socket_tell(socket, NEWS_READABLE);
	return ERR_OK;
}

/* ---- octets that found no room in the send heap wait in pool buffers ---- */

/*
 * Like tcp_write, but leaves room in the heap: without it no connection could send
 * its acknowledgements and window updates, and all would wait for each other.
 */
static bool write_segment(struct tcp_pcb* pcb, const uint8_t* bytes, uint16_t length)
{
	uint32_t outstanding = length;
	for (const struct tcp_pcb* other = tcp_active_pcbs; other != NULL; other = other->next)
		outstanding += TCP_SND_BUF - (uint32_t)other->snd_buf;
	return outstanding <= OUTSTANDING_MAXIMUM && tcp_write(pcb, bytes, length, TCP_WRITE_FLAG_COPY) == ERR_OK;
}

/* Moves what waits to lwIP, as far as there is room now. */
static void flush(socket* socket)
{
	struct tcp_pcb* pcb = socket->pcb.tcp;
	struct pbuf* first;
	while ((first = socket->u.tcp.unsent) != NULL) {
		if (!write_segment(pcb, first->payload, first->len))
			break;
		socket->u.tcp.unsent = pbuf_free_header(first, first->len);
	}
	(void)tcp_output(pcb); /* what it can't send now, its timer will */
	if (socket->u.tcp.unsent != NULL)
		return;
	if (socket->closing)
		finish(socket);
	else
		socket_tell(socket, NEWS_WRITABLE);
}

/* Room came free: every connection that waits for some gets its turn. */
static void flush_all(void)
{
	struct tcp_pcb* next;
	for (struct tcp_pcb* pcb = tcp_active_pcbs; pcb != NULL; pcb = next) {
		next = pcb->next;
		socket* socket = pcb->errf == failed ? pcb->callback_arg : NULL;
		if (socket != NULL && socket->u.tcp.unsent != NULL)
			flush(socket);
	}
}

static err_t sent(void* context, struct tcp_pcb* pcb, u16_t length)
{
	socket* socket = context;
	(void)pcb;
	(void)length;
	if (!socket->closing)
		socket_tell(socket, NEWS_WRITABLE);
	flush_later = true;
	return ERR_OK;
}

/* Twice a second. */
static err_t polled(void* context, struct tcp_pcb* pcb)
{
	socket* socket = context;
	if (!socket->connected && ++socket->u.tcp.attempts >= CONNECT_HALF_SECONDS) {
		/* lwIP counts only SYNs that went out: not while nobody answers its ARP request. */
		disown(pcb);
		tcp_abort(pcb);
		socket->pcb.tcp = NULL;
		fail(socket, FAILURE_TIMEOUT);
		return ERR_ABRT;
	}
	if (socket->u.tcp.unsent != NULL)
		flush_later = true;
	return ERR_OK;
}

void tcp_poll_unsent(void)
{
	if (!flush_later)
		return;
	flush_later = false;
	flush_all();
}

/* The control block is gone already. */
static void failed(void* context, err_t error)
{
	socket* socket = context;
	socket->pcb.tcp = NULL;
	drop_unsent(socket);
	if (socket->closing) {
		socket_free(socket); /* nobody is left to be told */
		return;
	}
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

void tcp_adopt(socket* socket, struct tcp_pcb* pcb)
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

/* What lwIP has room for. */
static uint32_t room_for(const socket* socket)
{
	const struct tcp_pcb* pcb = socket->pcb.tcp;
	if (pcb == NULL || !socket->connected || socket->u.tcp.unsent != NULL ||
		tcp_sndqueuelen(pcb) + 4u > TCP_SND_QUEUELEN)
		return 0;
	return tcp_sndbuf(pcb);
}

static void finish(socket* socket)
{
	struct tcp_pcb* pcb = socket->pcb.tcp;
	socket->pcb.tcp = NULL;
	disown(pcb);
	/* Where connections are short, those that nobody owns any more give way to new ones. */
	tcp_setprio(pcb, TCP_PRIO_MIN);
	/* What was not read makes it a reset (RFC 2525 §2.17); lwIP sees to that. */
	if (tcp_close(pcb) != ERR_OK)
		tcp_abort(pcb);
	socket_free(socket);
}

/* What has been promised to JavaScript holds, whatever became of lwIP's room since. */
static void refresh_credit(socket* socket)
{
	uint32_t room = room_for(socket);
	if (room > socket->u.tcp.credit)
		socket->u.tcp.credit = (uint16_t)room;
}

uint32_t tcp_promise(socket* socket)
{
	refresh_credit(socket);
	return socket->u.tcp.credit;
}

void tcp_release(socket* socket)
{
	listener_leave(socket);
	drop_received(socket);
	if (socket->pcb.tcp == NULL) {
		drop_unsent(socket);
		socket_free(socket);
		return;
	}
	socket->closing = true;
	if (socket->u.tcp.unsent == NULL)
		finish(socket);
	else
		socket_detach(socket); /* until flush has got the rest out */
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
		tcp_adopt(socket, pcb);
		/* RFC 6298: 1 s before the first retransmission; lwIP's own 3 s is RFC 1122's. */
		pcb->rto = INITIAL_TIMEOUT / TCP_SLOW_INTERVAL;
		pcb->sv = INITIAL_TIMEOUT / TCP_SLOW_INTERVAL;
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
	socket->u.tcp.received = pbuf_free_header(socket->u.tcp.received, (u16_t)count);
	if (socket->u.tcp.received == NULL && socket->failure == FAILURE_CLOSED)
		socket_tell(socket, 0); /* that was the last: now the end is told */
	if (socket->pcb.tcp != NULL)
		tcp_recved(socket->pcb.tcp, (u16_t)count);
}

static bool write_now(socket* socket, const uint8_t* bytes, uint16_t length)
{
	struct tcp_pcb* pcb = socket->pcb.tcp;
	if (pcb == NULL)
		return true; /* the failure is about to be told */
	if (socket->u.tcp.unsent != NULL || !write_segment(pcb, bytes, length))
		return false;
	(void)tcp_output(pcb); /* what it can't send now, its timer will */
	return true;
}

static bool write_later(socket* socket, const uint8_t* bytes, uint16_t length)
{
	/* Not from the reserve: the acknowledgements that make room must still come in. */
	bool spare = length <= ethernet_spare_buffers() * PBUF_POOL_BUFSIZE;
	struct pbuf* waiting = spare ? pbuf_alloc(PBUF_RAW, length, PBUF_POOL) : NULL;
	if (waiting == NULL)
		return false;
	pbuf_take(waiting, bytes, length);
	if (socket->u.tcp.unsent == NULL)
		socket->u.tcp.unsent = waiting;
	else if (!coalesce(socket->u.tcp.unsent, waiting))
		pbuf_cat(socket->u.tcp.unsent, waiting);
	network_counters.writes_delayed++;
	return true;
}

static void native_tcp_write(txMachine* the)
{
	socket* socket = socket_argument(the, SOCKET_TCP);
	uint32_t length;
	const uint8_t* bytes = host_bytes(the, mxArgv(1), &length);
	refresh_credit(socket);
	if (length > socket->u.tcp.credit)
		mxRangeError("more than is writable");
	if (length > 0 && !write_now(socket, bytes, (uint16_t)length) && !write_later(socket, bytes, (uint16_t)length))
		mxRangeError("no memory to write now");
	socket->u.tcp.credit = (uint16_t)(socket->u.tcp.credit - length);
	refresh_credit(socket);
	host_result_integer(the, socket->u.tcp.credit);
}

void tcp_install(txMachine* the)
{
	host_function(the, "tcpConnect", native_tcp_connect, 3);
	host_function(the, "tcpAttach", native_tcp_attach, 2);
	host_function(the, "tcpRead", native_tcp_read, 2);
	host_function(the, "tcpWrite", native_tcp_write, 2);
}
