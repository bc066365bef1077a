/*
 * The network as a whole. See network.h.
 */
#include "network.h"

#include <stdio.h>
#include <string.h>

#include "ethernet.h"
#include "lwip-hooks.h"
#include "host.h"
#include "lease.h"
#include "lwip/igmp.h"
#include "lwip/init.h"
#include "lwip/stats.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"
#include "siphash.h"
#include "sockets.h"
#include "tcp.h"

network_counters_t network_counters;

static struct {
	txMachine* machine;
	bool up;
	struct netif interface;
	uint8_t sequence_key[SIPHASH_KEY];
	/* Of what was lost, what the log has been told of, and when it may be told again. */
	uint32_t told_large, told_full;
	uint64_t tell_after;
} network;

/* ---- what lwIP asks (arch/cc.h, lwip-hooks.h) ---- */

uint32_t sys_now(void)
{
	return (uint32_t)board_milliseconds();
}

uint32_t network_random(void)
{
	uint32_t value;
	if (!entropy_fill(&value, sizeof(value))) {
		static uint32_t state;
		/* Better than nothing; main has been told that there is no entropy. */
		state = state * 1664525u + 1013904223u + (uint32_t)board_ticks();
		value = state ^ (state >> 15);
	}
	return value;
}

uint32_t network_initial_sequence(uint32_t local, uint16_t local_port, uint32_t remote, uint16_t remote_port)
{
	uint8_t flow[12];
	memcpy(flow, &local, 4);
	memcpy(flow + 4, &remote, 4);
	memcpy(flow + 8, &local_port, 2);
	memcpy(flow + 10, &remote_port, 2);
	/* RFC 6528 §3: a clock of 4 microseconds plus a keyed hash of the connection's ends. */
	return (uint32_t)(board_ticks() / 40u) + (uint32_t)siphash(network.sequence_key, flow, sizeof(flow));
}

struct netif* network_route(void)
{
	struct netif* interface = &network.interface;
	bool usable = network.up && netif_is_up(interface) && netif_is_link_up(interface) &&
		!ip4_addr_isany_val(*netif_ip4_addr(interface));
	return usable ? interface : NULL;
}

void network_assertion(const char* text)
{
	host_crash(network.machine, "network", text);
}

struct netif* network_interface(void)
{
	return &network.interface;
}

/* ---- start ---- */

static err_t input(struct pbuf* frame, struct netif* interface)
{
	err_t error = ethernet_input(frame, interface);
	lease_frame_done();
	return error;
}

static void address_changed(struct netif* interface)
{
	/* Routers and switches heard of our groups while we had no address: say it again. */
	if (!ip4_addr_isany(netif_ip4_addr(interface)))
		igmp_report_groups(interface);
	lease_changed();
}

static void link_changed(struct netif* interface)
{
	(void)interface;
	lease_changed();
}

static void set_link(void)
{
	/* lwIP asks for the lease again when the link comes back. */
	if (ethernet_link())
		netif_set_link_up(&network.interface);
	else
		netif_set_link_down(&network.interface);
}

void network_start(txMachine* the)
{
	ip4_addr_t none;
	network.machine = the;
	if (!entropy_fill(network.sequence_key, sizeof(network.sequence_key)))
		host_log("error", "no-entropy", "no source of randomness: nothing that needs it is safe");
	lwip_init();
	if (!ethernet_start()) {
		host_log("error", "no-network", "no network interface");
		return;
	}
	ip4_addr_set_zero(&none);
	netif_add(&network.interface, &none, &none, &none, NULL, ethernet_interface, input);
	netif_set_default(&network.interface);
	netif_set_hostname(&network.interface, "hookswitch");
	netif_set_status_callback(&network.interface, address_changed);
	netif_set_link_callback(&network.interface, link_changed);
	network.up = true;
	netif_set_up(&network.interface);
	set_link();
	lease_start(&network.interface);
}

/* ---- what is lost ---- */

/* Input that never reaches the agent is told of here, at most once a second: a flood must not become one of the log. */
static void tell_of_drops(void)
{
	static char text[96];
	uint32_t large = ethernet_counters.dropped_too_large;
	uint32_t full = ethernet_counters.dropped_full + network_counters.datagrams_dropped;
	uint64_t now = board_ticks();
	if ((large == network.told_large && full == network.told_full) || now < network.tell_after)
		return;
	snprintf(text, sizeof(text), "input was dropped: %lu fragments of too large datagrams, %lu without room",
		(unsigned long)(large - network.told_large), (unsigned long)(full - network.told_full));
	host_log("warning", "input-dropped", text);
	network.told_large = large;
	network.told_full = full;
	network.tell_after = now + 1000u * BOARD_TICKS_PER_MILLISECOND;
}

/* ---- main loop ---- */

int network_poll(txMachine* the)
{
	bool link = false;
	bool worked = false;
	if (!network.up)
		return 0;
	worked = ethernet_poll(&network.interface, &link) > 0;
	if (link) {
		/* Told of a change, and up as before: it was down too briefly to be seen. The network may be another. */
		netif_set_link_down(&network.interface);
		set_link();
	}
	sys_check_timeouts();
	tcp_poll_unsent();
	worked |= lease_deliver(the);
	worked |= sockets_deliver(the);
	tell_of_drops();
	return worked;
}

uint64_t network_deadline(void)
{
	if (!network.up)
		return BOARD_NEVER;
	if (sockets_pending() || lease_pending())
		return 0;
	uint32_t sleep = sys_timeouts_sleeptime();
	if (sleep == SYS_TIMEOUTS_SLEEPTIME_INFINITE)
		return BOARD_NEVER;
	return board_ticks() + (uint64_t)sleep * BOARD_TICKS_PER_MILLISECOND;
}

/* ---- counters ---- */

static void native_network_counters(txMachine* the)
{
	const uint32_t counters[] = {
		ethernet_counters.frames_received,
		ethernet_counters.frames_sent,
		ethernet_counters.dropped_full,
		ethernet_counters.dropped_malformed,
		ethernet_counters.dropped_sending,
		ethernet_counters.dropped_too_large,
		/* Given up half-way, for lack of buffers or of the rest. */
		lwip_stats.mib2.ipreasmfails,
		lwip_stats.ip_frag.memerr,
		network_counters.datagrams_received,
		network_counters.datagrams_sent,
		network_counters.datagrams_dropped,
		network_counters.datagrams_unsent,
		network_counters.writes_delayed,
		network_counters.connections_refused,
		network_counters.leases_acknowledged,
		memp_pools[MEMP_PBUF_POOL]->stats->used,
		memp_pools[MEMP_PBUF_POOL]->stats->max,
		lwip_stats.mem.max,
	};
	host_array_buffer(the, mxResult, counters, sizeof(counters));
}

void network_install(txMachine* the)
{
	host_function(the, "networkCounters", native_network_counters, 0);
	lease_install(the);
	sockets_install(the);
}
