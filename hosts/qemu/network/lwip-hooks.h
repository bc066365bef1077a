/*
 * The places where lwIP lets us in, without a patch: LWIP_HOOK_FILENAME.
 */
#ifndef HOOKSWITCH_LWIP_HOOKS_H
#define HOOKSWITCH_LWIP_HOOKS_H

#include <stdint.h>

struct dhcp;
struct dhcp_msg;
struct pbuf;

/* RFC 6528: initial sequence numbers that nobody outside can predict (network.c). */
uint32_t network_initial_sequence(uint32_t local, uint16_t local_port, uint32_t remote, uint16_t remote_port);
#define LWIP_HOOK_TCP_ISN(local, local_port, remote, remote_port) \
	network_initial_sequence(ip_2_ip4(local)->addr, local_port, ip_2_ip4(remote)->addr, remote_port)

/* DHCP options that lwIP doesn't know (lease.c). */
void lease_append_options(uint8_t* options, uint16_t* length, uint16_t size);
#define LWIP_HOOK_DHCP_APPEND_OPTIONS(netif, dhcp, state, message, type, length) \
	lease_append_options((message)->options, length, DHCP_OPTIONS_LEN)
void lease_parse_option(uint8_t code, uint8_t length, struct pbuf* packet, uint16_t offset);
#define LWIP_HOOK_DHCP_PARSE_OPTION(netif, dhcp, state, message, type, code, length, packet, offset) \
	do { \
		(void)(state); \
		(void)(message); \
		lease_parse_option(code, length, packet, offset); \
	} while (0)

#endif
