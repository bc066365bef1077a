/*
 * TCP listeners and their natives: connections that peers open wait here until
 * JavaScript takes them.
 */
#include "lwip/tcp.h"

#include "network.h"
#include "sockets.h"
#include "tcp.h"

/* Connections that wait for Listener.read; further ones are not answered. */
#define BACKLOG 4u

void listener_leave(socket* socket)
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

uint32_t listener_readable(const socket* socket)
{
	return socket->u.listener.count;
}

void listener_release(socket* socket)
{
	struct socket* waiting;
	while ((waiting = socket->u.listener.first) != NULL)
		tcp_release(waiting);
	tcp_arg(socket->pcb.tcp, NULL);
	(void)tcp_close(socket->pcb.tcp); /* never fails for a listener */
	socket_free(socket);
}

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
	tcp_adopt(socket, pcb);
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
	listener_leave(socket);
	socket_token(the, socket, NULL);
}

void listener_install(txMachine* the)
{
	host_function(the, "tcpListen", native_tcp_listen, 2);
	host_function(the, "tcpAccept", native_tcp_accept, 1);
}
