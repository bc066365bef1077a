/*
 * UDP sockets and their natives. Datagrams are delivered whole or dropped and
 * counted; one that is sent may be lost like any datagram, which is counted, too.
 */
#include "lwip/udp.h"

#include "ethernet.h"
#include "inspect.h"
#include "lwip/igmp.h"
#include "network.h"
#include "sockets.h"

/* Datagrams that wait for one socket; JavaScript normally reads each in the turn in which it came. */
#define WAITING_MAXIMUM 12u

/* An unpredictable port is tried this often before lwIP chooses the next one in its order. */
#define PORT_ATTEMPTS 8

/* The room that lwIP wants before a UDP payload. */
#define HEADROOM (PBUF_TRANSPORT)

static void received(void* context, struct udp_pcb* pcb, struct pbuf* packet, const ip_addr_t* address, u16_t port)
{
	socket* socket = context;
	(void)pcb;
	if (!datagrams_put(&socket->u.udp.queue, packet, ip_2_ip4(address)->addr, port, WAITING_MAXIMUM)) {
		network_counters.datagrams_dropped++;
		pbuf_free(packet);
		return;
	}
	network_counters.datagrams_received++;
	socket_tell(socket, NEWS_READABLE);
}

uint32_t udp_readable(const socket* socket)
{
	return socket->u.udp.queue.count;
}

static void leave(ip4_addr_t* group)
{
	igmp_leavegroup_netif(network_interface(), group);
	ip4_addr_set_zero(group);
}

void udp_release(socket* socket)
{
	for (uint32_t index = 0; index < SOCKET_GROUPS; index++)
		if (!ip4_addr_isany_val(socket->u.udp.groups[index]))
			leave(&socket->u.udp.groups[index]);
	datagrams_clear(&socket->u.udp.queue);
	udp_remove(socket->pcb.udp);
	socket_free(socket);
}

static err_t bind(struct udp_pcb* pcb, uint16_t port)
{
	if (port != 0)
		return udp_bind(pcb, IP_ADDR_ANY, port);
	/* 49152..65535 (RFC 6335): what answers to a DNS query must guess the port, too. */
	for (int attempt = 0; attempt < PORT_ATTEMPTS; attempt++)
		if (udp_bind(pcb, IP_ADDR_ANY, (uint16_t)(0xc000u | (network_random() & 0x3fffu))) == ERR_OK)
			return ERR_OK;
	return udp_bind(pcb, IP_ADDR_ANY, 0);
}

static void native_udp_open(txMachine* the)
{
	uint16_t port = (uint16_t)host_integer(the, 0, 0, UINT16_MAX);
	uint8_t time_to_live = (uint8_t)host_integer(the, 1, 1, UINT8_MAX);
	txSlot* event = host_callback(the, 2);
	socket* socket = socket_new(SOCKET_UDP);
	struct udp_pcb* pcb = socket != NULL ? udp_new() : NULL;
	if (pcb == NULL) {
		if (socket != NULL)
			socket_free(socket);
		mxRangeError("too many sockets");
	}
	if (bind(pcb, port) != ERR_OK) {
		udp_remove(pcb);
		socket_free(socket);
		mxRangeError("port in use");
	}
	socket->pcb.udp = pcb;
	udp_set_multicast_ttl(pcb, time_to_live);
	udp_recv(pcb, received, socket);
	socket_token(the, socket, event);
}

static void native_udp_read(txMachine* the)
{
	socket* socket = socket_argument(the, SOCKET_UDP);
	uint32_t address;
	uint16_t port;
	char text[IP4ADDR_STRLEN_MAX];
	struct pbuf* packet = datagrams_take(&socket->u.udp.queue, &address, &port);
	if (packet == NULL)
		return;
	ip4_addr_t source = { .addr = address };
	ip4addr_ntoa_r(&source, text, sizeof(text));
	/* Memory that is full ends the machine, so that the packet is not lost here by an exception. */
	uint8_t* bytes = host_array_buffer(the, mxResult, NULL, packet->tot_len);
	pbuf_copy_partial(packet, bytes, packet->tot_len, 0);
	pbuf_free(packet);
	mxPushStringC(text);
	mxPushSlot(mxResult);
	fxDefineID(the, fxID(the, (txString) "address"), XS_NO_FLAG, XS_NO_FLAG);
	mxPop();
	mxPushInteger(port);
	mxPushSlot(mxResult);
	fxDefineID(the, fxID(the, (txString) "port"), XS_NO_FLAG, XS_NO_FLAG);
	mxPop();
}

/* Small ones come from the heap in one piece; larger ones in pool buffers, of which there are enough for one. */
static struct pbuf* new_packet(uint32_t length)
{
	pbuf_type type = length > PBUF_POOL_BUFSIZE ? PBUF_POOL : PBUF_RAM;
	for (;;) {
		bool spare = type != PBUF_POOL || length + HEADROOM <= ethernet_spare_buffers() * PBUF_POOL_BUFSIZE;
		struct pbuf* packet = spare ? pbuf_alloc(HEADROOM, (u16_t)length, type) : NULL;
		/* What has been sent may still be held by the device. */
		if (packet != NULL || !ethernet_reclaim())
			return packet;
	}
}

static void native_udp_write(txMachine* the)
{
	socket* socket = socket_argument(the, SOCKET_UDP);
	uint32_t length;
	ip_addr_t address = socket_address_argument(the, 2);
	uint16_t port = (uint16_t)host_integer(the, 3, 1, UINT16_MAX);
	const uint8_t* bytes = host_bytes(the, mxArgv(1), &length);
	if (length > DATAGRAM_MAXIMUM)
		mxRangeError("datagram too long");
	struct pbuf* packet = new_packet(length);
	if (packet == NULL || pbuf_take(packet, bytes, (u16_t)length) != ERR_OK ||
		udp_sendto(socket->pcb.udp, packet, &address, port) != ERR_OK)
		network_counters.datagrams_unsent++;
	else
		network_counters.datagrams_sent++;
	if (packet != NULL)
		pbuf_free(packet);
}

static ip4_addr_t group_argument(txMachine* the)
{
	ip_addr_t address = socket_address_argument(the, 1);
	if (!ip_addr_ismulticast(&address))
		mxRangeError("no multicast group");
	return *ip_2_ip4(&address);
}

/* The place of `group` in the socket's list, or -1. */
static int find_group(const socket* socket, const ip4_addr_t* group)
{
	for (int index = 0; index < (int)SOCKET_GROUPS; index++)
		if (ip4_addr_cmp(&socket->u.udp.groups[index], group))
			return index;
	return -1;
}

static void native_udp_join(txMachine* the)
{
	socket* socket = socket_argument(the, SOCKET_UDP);
	ip4_addr_t group = group_argument(the);
	if (find_group(socket, &group) >= 0)
		return;
	int place = find_group(socket, IP4_ADDR_ANY4);
	if (place < 0 || igmp_joingroup_netif(network_interface(), &group) != ERR_OK)
		mxRangeError("too many groups");
	socket->u.udp.groups[place] = group;
}

static void native_udp_leave(txMachine* the)
{
	socket* socket = socket_argument(the, SOCKET_UDP);
	ip4_addr_t group = group_argument(the);
	int place = find_group(socket, &group);
	if (place >= 0)
		leave(&socket->u.udp.groups[place]);
}

void udp_install(txMachine* the)
{
	host_function(the, "udpOpen", native_udp_open, 3);
	host_function(the, "udpRead", native_udp_read, 1);
	host_function(the, "udpWrite", native_udp_write, 4);
	host_function(the, "udpJoin", native_udp_join, 2);
	host_function(the, "udpLeave", native_udp_leave, 2);
}
