/*
 * The table of sockets. See sockets.h.
 */
#include "sockets.h"

#include <string.h>

#include "lwip/tcp.h"
#include "lwip/udp.h"

static socket table[SOCKETS];
static bool pending;

static const char* const failure_words[] = { NULL, "closed", "refused", "reset", "timeout", "unreachable", "memory" };

socket* socket_new(socket_kind kind)
{
	for (uint32_t index = 0; index < SOCKETS; index++) {
		socket* free = &table[index];
		if (free->kind != SOCKET_FREE)
			continue;
		uint16_t generation = (uint16_t)(free->generation + 1u);
		memset(free, 0, sizeof(*free));
		free->generation = generation;
		free->kind = (uint8_t)kind;
		return free;
	}
	return NULL;
}

/* ---- tokens ---- */

/* Index and generation as host data; never 0, which XS takes for "no data". */
static void* data_of(const socket* socket)
{
	uint32_t index = (uint32_t)(socket - table);
	return (void*)(uintptr_t)(((uint32_t)socket->generation << 8) | (index + 1u));
}

static socket* of_data(const void* data)
{
	uint32_t value = (uint32_t)(uintptr_t)data;
	uint32_t index = (value & 0xffu) - 1u;
	if (index >= SOCKETS || table[index].kind == SOCKET_FREE || table[index].generation != (uint16_t)(value >> 8))
		return NULL;
	return &table[index];
}

/* Runs within a collection, perhaps in the middle of one of our natives: only takes note. */
static void collected(void* data)
{
	socket* socket = of_data(data);
	if (socket != NULL) {
		socket->token = NULL;
		socket->orphan = true;
		pending = true;
	}
}

static txSlot* host_slot(txSlot* token)
{
	return token->next;
}

static txSlot* event_slot(txSlot* token)
{
	return token->next->next;
}

void socket_token(txMachine* the, socket* socket, txSlot* event)
{
	txSlot* instance = fxNewHostObject(the, collected);
	if (event != NULL)
		fxNextSlotProperty(the, host_slot(instance), event, XS_NO_ID, XS_INTERNAL_FLAG);
	else
		fxNextUndefinedProperty(the, host_slot(instance), XS_NO_ID, XS_INTERNAL_FLAG);
	/* From here on a collection of the token closes the socket. */
	host_slot(instance)->value.host.data = data_of(socket);
	socket->token = instance;
	mxPullSlot(mxResult);
}

void socket_attach(txMachine* the, socket* socket, txSlot* event)
{
	(void)the;
	txSlot* slot = event_slot(socket->token);
	slot->kind = event->kind;
	slot->value = event->value;
	/* What has come meanwhile is news to it. */
	pending = true;
}

void socket_detach(socket* socket)
{
	if (socket->token != NULL)
		host_slot(socket->token)->value.host.data = NULL;
	socket->token = NULL;
	socket->orphan = false;
}

void socket_free(socket* socket)
{
	socket_detach(socket);
	socket->kind = SOCKET_FREE;
}

socket* socket_argument_if(txMachine* the)
{
	if (mxArgc > 0 && mxArgv(0)->kind == XS_REFERENCE_KIND) {
		txSlot* slot = mxArgv(0)->value.reference->next;
		if (slot != NULL && slot->kind == XS_HOST_KIND && slot->value.host.variant.destructor == collected)
			return of_data(slot->value.host.data);
	}
	mxTypeError("socket expected");
	return NULL;
}

socket* socket_argument(txMachine* the, socket_kind kind)
{
	socket* socket = socket_argument_if(the);
	if (socket == NULL)
		mxUnknownError("closed");
	if (kind != SOCKET_FREE && socket->kind != kind)
		mxTypeError("another kind of socket");
	return socket;
}

ip_addr_t socket_address_argument(txMachine* the, int index)
{
	ip_addr_t address;
	if (!ipaddr_aton(host_string(the, index), &address))
		mxRangeError("no IPv4 address");
	return address;
}

/* ---- news ---- */

void socket_tell(socket* socket, uint8_t news)
{
	socket->news |= news;
	pending = true;
}

static uint32_t readable(const socket* socket)
{
	switch (socket->kind) {
	case SOCKET_UDP:
		return udp_readable(socket);
	case SOCKET_TCP:
		return tcp_readable(socket);
	default:
		return listener_readable(socket);
	}
}

static void release(socket* socket)
{
	switch (socket->kind) {
	case SOCKET_UDP:
		udp_release(socket);
		break;
	case SOCKET_TCP:
		tcp_release(socket);
		break;
	case SOCKET_LISTENER:
		listener_release(socket);
		break;
	}
}

typedef struct {
	uint32_t readable;
	uint32_t writable;
	const char* failure;
} event_arguments;

static int push_arguments(txMachine* the, void* context)
{
	const event_arguments* event = context;
	mxPushInteger((txInteger)event->readable);
	mxPushInteger((txInteger)event->writable);
	if (event->failure != NULL)
		mxPushStringC((txString)event->failure);
	else
		mxPushUndefined();
	return 3;
}

/* Gives whether JavaScript was called. */
static bool deliver(txMachine* the, socket* socket)
{
	if (socket->token == NULL || event_slot(socket->token)->kind != XS_REFERENCE_KIND)
		return false; /* nobody listens yet: the news wait */
	event_arguments event = { 0, 0, NULL };
	uint32_t waiting = readable(socket);
	if (socket->news & NEWS_READABLE)
		event.readable = waiting;
	if ((socket->news & NEWS_WRITABLE) && socket->kind == SOCKET_TCP && socket->failure == FAILURE_NONE)
		event.writable = tcp_promise(socket);
	socket->news = 0;
	/* The end in order comes after the last octet has been read; every other end at once. */
	if (socket->failure != FAILURE_NONE && (socket->failure != FAILURE_CLOSED || waiting == 0))
		event.failure = failure_words[socket->failure];
	if (event.readable == 0 && event.writable == 0 && event.failure == NULL)
		return false;

	host_reference function;
	memset(&function, 0, sizeof(function));
	host_keep(the, &function, event_slot(socket->token));
	if (event.failure != NULL && event.readable == 0)
		release(socket);
	else if (event.failure != NULL) {
		/* Octets that came before the end may be read in this call; the end is told in the next one. */
		event.failure = NULL;
		pending = true;
	}
	host_call(the, &function, push_arguments, &event);
	host_forget(the, &function);
	return true;
}

bool sockets_deliver(txMachine* the)
{
	bool worked = false;
	if (!pending)
		return false;
	pending = false;
	for (uint32_t index = 0; index < SOCKETS; index++) {
		socket* socket = &table[index];
		if (socket->kind == SOCKET_FREE)
			continue;
		if (socket->orphan) {
			release(socket);
			worked = true;
		}
		else if (socket->news != 0 || socket->failure != FAILURE_NONE)
			worked |= deliver(the, socket);
	}
	return worked;
}

bool sockets_pending(void)
{
	return pending;
}

/* ---- natives for every kind ---- */

static void native_socket_close(txMachine* the)
{
	socket* socket = socket_argument_if(the);
	if (socket != NULL)
		release(socket);
}

static void native_socket_local_port(txMachine* the)
{
	const socket* socket = socket_argument(the, SOCKET_FREE);
	uint16_t port = 0;
	if (socket->kind == SOCKET_UDP)
		port = socket->pcb.udp->local_port;
	else if (socket->pcb.tcp != NULL)
		port = socket->pcb.tcp->local_port;
	host_result_integer(the, port);
}

static void native_socket_remote_address(txMachine* the)
{
	const socket* socket = socket_argument(the, SOCKET_TCP);
	char text[IPADDR_STRLEN_MAX] = "";
	if (socket->pcb.tcp != NULL)
		ipaddr_ntoa_r(&socket->pcb.tcp->remote_ip, text, sizeof(text));
	host_result_string(the, text);
}

static void native_socket_remote_port(txMachine* the)
{
	const socket* socket = socket_argument(the, SOCKET_TCP);
	host_result_integer(the, socket->pcb.tcp != NULL ? socket->pcb.tcp->remote_port : 0);
}

void sockets_install(txMachine* the)
{
	host_function(the, "socketClose", native_socket_close, 1);
	host_function(the, "socketLocalPort", native_socket_local_port, 1);
	host_function(the, "socketRemoteAddress", native_socket_remote_address, 1);
	host_function(the, "socketRemotePort", native_socket_remote_port, 1);
	udp_install(the);
	tcp_install(the);
	listener_install(the);
}
