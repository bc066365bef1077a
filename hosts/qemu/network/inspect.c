/*
 * A look at a received frame before lwIP gets it. See inspect.h.
 */
#include "inspect.h"

#include <string.h>

#define ETHERNET_HEADER 14u
#define IP_HEADER 20u
#define UDP_HEADER 8u
#define ICMP_HEADER 8u

#define PROTOCOL_ICMP 1u
#define PROTOCOL_TCP 6u
#define PROTOCOL_UDP 17u
#define DHCP_CLIENT_PORT 68u
#define ICMP_UNREACHABLE 3u

static uint16_t two(const uint8_t* bytes)
{
	return (uint16_t)((bytes[0] << 8) | bytes[1]);
}

inspect_verdict inspect_frame(const uint8_t* frame, uint32_t length, inspect_error* error)
{
	if (length < ETHERNET_HEADER + IP_HEADER || two(frame + 12) != 0x0800u)
		return INSPECT_PASS;
	const uint8_t* ip = frame + ETHERNET_HEADER;
	length -= ETHERNET_HEADER;
	uint32_t header = (ip[0] & 0x0fu) * 4u;
	if (ip[0] >> 4 != 4u || header < IP_HEADER || header > length)
		return INSPECT_PASS;

	/* Offset and length of a fragment come from the header: the frame may be cut in two buffers. */
	uint32_t total = two(ip + 2);
	uint32_t offset = (two(ip + 6) & 0x1fffu) * 8u;
	uint32_t payload = total > header ? total - header : 0u;
	if (offset + payload > DATAGRAM_MAXIMUM + UDP_HEADER)
		return INSPECT_TOO_LARGE;

	if (ip[9] != PROTOCOL_ICMP || offset != 0 || length < header + ICMP_HEADER + IP_HEADER + 8u)
		return INSPECT_PASS;
	const uint8_t* icmp = ip + header;
	const uint8_t* inner = icmp + ICMP_HEADER;
	uint32_t inner_header = (inner[0] & 0x0fu) * 4u;
	if (icmp[0] != ICMP_UNREACHABLE || inner[0] >> 4 != 4u || inner_header < IP_HEADER ||
		inner[9] != PROTOCOL_TCP || length < header + ICMP_HEADER + inner_header + 8u)
		return INSPECT_PASS;
	const uint8_t* tcp = inner + inner_header;
	error->code = icmp[1];
	memcpy(&error->remote_address, inner + 16, 4);
	error->local_port = two(tcp);
	error->remote_port = two(tcp + 2);
	error->sequence = ((uint32_t)two(tcp + 4) << 16) | two(tcp + 6);
	return INSPECT_UNREACHABLE;
}

bool inspect_is_brief(const uint8_t* frame, uint32_t length)
{
	if (length < ETHERNET_HEADER)
		return true;
	if (two(frame + 12) != 0x0800u)
		return true; /* ARP, or what lwIP drops */
	const uint8_t* ip = frame + ETHERNET_HEADER;
	length -= ETHERNET_HEADER;
	uint32_t header = length < IP_HEADER ? 0 : (ip[0] & 0x0fu) * 4u;
	if (header < IP_HEADER || length < header + 20u || (two(ip + 6) & 0x3fffu) != 0)
		return false; /* a fragment, or too short to tell */
	const uint8_t* inner = ip + header;
	if (ip[9] == PROTOCOL_UDP)
		return two(inner + 2) == DHCP_CLIENT_PORT;
	return ip[9] == PROTOCOL_TCP && two(ip + 2) <= header + (inner[12] >> 4) * 4u;
}
