/*
 * The DHCP lease as JavaScript learns of it. See lease.h.
 */
#include "lease.h"

#include <string.h>

#include "lwip/dhcp.h"
#include "lwip/netif.h"
#include "lwip/prot/dhcp.h"
#include "lwip/timeouts.h"
#include "network.h"
#include "options.h"

/* With no answer by then, JavaScript is told that there is no lease (the client goes on asking). */
#define SILENCE 5000u

#define ADDRESSES_TEXT 80u

typedef struct {
	ip4_addr_t address;
	ip4_addr_t netmask;
	ip4_addr_t gateway;
	options_set options;
} lease;

static struct {
	struct netif* interface;
	host_reference listener;
	/* Of the message that is being read; they count when it binds us. */
	options_set collecting;
	bool collecting_begun;
	bool asking; /* since we last were bound */
	lease current;
	bool has_current;
	bool silent; /* SILENCE passed without a lease */
	bool look; /* something may have changed */
	bool news; /* the listener does not know `current` yet */
} dhcp;

/* ---- lwIP's hooks (lwip-hooks.h) ---- */

void lease_append_options(uint8_t* options, uint16_t* length, uint16_t size)
{
	dhcp.asking = true;
	options_request(options, length, size);
}

void lease_parse_option(uint8_t code, uint8_t length, struct pbuf* packet, uint16_t offset)
{
	uint8_t bytes[UINT8_MAX];
	if (!dhcp.collecting_begun)
		options_clear(&dhcp.collecting);
	dhcp.collecting_begun = true;
	if (options_wanted(code) && pbuf_copy_partial(packet, bytes, length, offset) == length)
		options_collect(&dhcp.collecting, code, bytes, length);
}

/* ---- what changed ---- */

void lease_frame_done(void)
{
	const struct dhcp* client = netif_dhcp_data(dhcp.interface);
	bool has_options = dhcp.collecting_begun;
	dhcp.collecting_begun = false;
	/* Only an acknowledgement of what we asked for leads to this state. */
	if (!dhcp.asking || client == NULL || client->state != DHCP_STATE_BOUND)
		return;
	dhcp.asking = false;
	if (!has_options)
		options_clear(&dhcp.collecting);
	network_counters.leases_acknowledged++;
	dhcp.look = true;
	if (dhcp.collecting.too_long != 0)
		host_log("warning", "lease-option-too-long", "a DHCP option was left out because it is too long");
	if (!options_equal(&dhcp.collecting, &dhcp.current.options)) {
		dhcp.current.options = dhcp.collecting;
		dhcp.news = true;
	}
}

void lease_changed(void)
{
	dhcp.look = true;
}

static bool leased(void)
{
	const struct dhcp* client = netif_dhcp_data(dhcp.interface);
	return client != NULL && netif_is_link_up(dhcp.interface) &&
		(client->state == DHCP_STATE_BOUND || client->state == DHCP_STATE_RENEWING ||
			client->state == DHCP_STATE_REBINDING) &&
		!ip4_addr_isany(netif_ip4_addr(dhcp.interface));
}

static void look(void)
{
	bool has = leased();
	dhcp.look = false;
	if (has != dhcp.has_current) {
		dhcp.has_current = has;
		dhcp.news = true;
	}
	if (!has)
		return;
	const struct netif* interface = dhcp.interface;
	lease* current = &dhcp.current;
	if (!ip4_addr_cmp(&current->address, netif_ip4_addr(interface)) ||
		!ip4_addr_cmp(&current->netmask, netif_ip4_netmask(interface)) ||
		!ip4_addr_cmp(&current->gateway, netif_ip4_gw(interface))) {
		current->address = *netif_ip4_addr(interface);
		current->netmask = *netif_ip4_netmask(interface);
		current->gateway = *netif_ip4_gw(interface);
		dhcp.news = true;
	}
}

static void silence(void* context)
{
	(void)context;
	if (dhcp.has_current)
		return;
	dhcp.silent = true;
	dhcp.news = true;
	host_log("warning", "no-lease", "no DHCP server has answered yet; still asking");
}

void lease_start(struct netif* interface)
{
	dhcp.interface = interface;
	sys_timeout(SILENCE, silence, NULL);
	if (dhcp_start(interface) != ERR_OK)
		host_log("error", "no-lease", "the DHCP client could not be started");
}

/* ---- telling ---- */

static void push_address(txMachine* the, const ip4_addr_t* address)
{
	char text[IP4ADDR_STRLEN_MAX] = "";
	if (!ip4_addr_isany(address))
		ip4addr_ntoa_r(address, text, sizeof(text));
	mxPushStringC(text);
}

/* Up to five, with a space between; as many as DHCP clients use. */
static void push_addresses(txMachine* the, const uint8_t* bytes, uint16_t length)
{
	char text[ADDRESSES_TEXT];
	size_t used = 0;
	for (uint16_t at = 0; at + 4u <= length && used + IP4ADDR_STRLEN_MAX + 1u <= sizeof(text); at = (uint16_t)(at + 4u)) {
		ip4_addr_t address;
		memcpy(&address.addr, bytes + at, 4);
		if (used > 0)
			text[used++] = ' ';
		ip4addr_ntoa_r(&address, text + used, (int)(sizeof(text) - used));
		used += strlen(text + used);
	}
	text[used] = 0;
	mxPushStringC(text);
}

static int push_lease(txMachine* the, void* context)
{
	const lease* current = &dhcp.current;
	const uint8_t* bytes;
	uint16_t length;
	uint16_t at = 0;
	uint8_t code;
	int count = 4;
	(void)context;
	if (!dhcp.has_current)
		return 0;
	push_address(the, &current->address);
	push_address(the, &current->netmask);
	push_address(the, &current->gateway);
	bool found = false;
	while (!found && options_next(&current->options, &at, &code, &bytes, &length))
		found = code == OPTION_NAME_SERVERS;
	push_addresses(the, bytes, found ? length : 0);
	at = 0;
	while (options_next(&current->options, &at, &code, &bytes, &length)) {
		if (code == OPTION_NAME_SERVERS)
			continue;
		mxPushInteger(code);
		mxPushUndefined();
		host_array_buffer(the, the->stack, bytes, length);
		count += 2;
	}
	return count;
}

bool lease_pending(void)
{
	return dhcp.look || (dhcp.news && host_kept(&dhcp.listener) && (dhcp.has_current || dhcp.silent));
}

bool lease_deliver(txMachine* the)
{
	if (dhcp.look)
		look();
	if (!lease_pending())
		return false;
	dhcp.news = false;
	dhcp.silent = true; /* from now on, the loss of a lease is news at once */
	host_call(the, &dhcp.listener, push_lease, NULL);
	return true;
}

static void native_lease_listen(txMachine* the)
{
	host_keep(the, &dhcp.listener, host_callback(the, 0));
	dhcp.news = true;
}

void lease_install(txMachine* the)
{
	host_function(the, "leaseListen", native_lease_listen, 1);
}
