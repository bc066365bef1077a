/*
 * lwIP for a phone with 48 KB to spare for its network. What isn't named here has
 * lwIP's default. Each number has its reason; network.c checks that they fit.
 */
#ifndef HOOKSWITCH_LWIPOPTS_H
#define HOOKSWITCH_LWIPOPTS_H

#define LWIP_HOOK_FILENAME "lwip-hooks.h"

/*
 * Here and not among the other hooks, because ip4.h looks for it. lwIP refuses to
 * route 127/8, which is where QEMU's user network puts a phone that shall have the
 * same address on both sides. There is one interface: with a lease everything goes
 * there, without one nothing does (network.c).
 */
struct netif;
struct netif* network_route(void);
#define LWIP_HOOK_IP4_ROUTE_SRC(source, destination) network_route()

/* One thread: the main loop. */
#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_SOCKET 0
#define LWIP_NETCONN 0
#define LWIP_TIMERS 1

#define LWIP_IPV4 1
#define LWIP_IPV6 0
#define LWIP_ARP 1
#define LWIP_ICMP 1
#define LWIP_IGMP 1
#define LWIP_UDP 1
#define LWIP_TCP 1
#define LWIP_RAW 0
#define LWIP_SINGLE_NETIF 1
#define LWIP_HAVE_LOOPIF 0
#define LWIP_NETIF_STATUS_CALLBACK 1
#define LWIP_NETIF_LINK_CALLBACK 1
#define LWIP_MULTICAST_TX_OPTIONS 1
#define ETH_PAD_SIZE 2

/* DNS is the core's business (src/dns). */
#define LWIP_DNS 0

/* The address check would cost seconds at each boot. */
#define LWIP_DHCP 1
#define LWIP_NETIF_HOSTNAME 1
#define DHCP_DOES_ARP_CHECK 0
#define LWIP_DHCP_BOOTP_FILE 0

#define MEM_ALIGNMENT 4

/*
 * Received frames are never copied: the receive ring is made of pool buffers, two
 * for a full frame (12 octets of virtio header, 1,514 of frame), and what a socket
 * holds comes out of the same pool. 12 buffers stand in the ring; 12 take a datagram
 * of 8 KB in 6 fragments (and no more, so that fragments whose rest never comes leave
 * room); 12 are left for TCP streams that are not read yet, and for UDP; 4 are kept
 * for acknowledgements (ETHERNET_RESERVE).
 */
#define PBUF_POOL_BUFSIZE 768
#define PBUF_POOL_SIZE 40
#define MEMP_NUM_PBUF 4

/* What is sent: two full TCP send buffers, and room for DHCP, ICMP, ARP and headers. */
#define MEM_SIZE 8192

/* Reassembly: whole or not at all. Incomplete ones give their memory back after 3 s. */
#define IP_REASSEMBLY 1
#define IP_REASS_MAX_PBUFS 12
#define IP_REASS_MAXAGE 3
#define IP_REASS_FREE_OLDEST 1
#define MEMP_NUM_REASSDATA 3
/* Sending 8 KB from the pool: 6 fragments, each touching up to 3 buffers. */
#define IP_FRAG 1
#define MEMP_NUM_FRAG_PBUF 20

#define ARP_TABLE_SIZE 8
/* What several connections say at once before the router's address is known: none of it is dropped. */
#define ARP_QUEUEING 1
#define ARP_QUEUE_LEN 8
#define MEMP_NUM_ARP_QUEUE 8
#define ETHARP_SUPPORT_STATIC_ENTRIES 0

/* SIP, DNS, RTP, RTCP, the multicast of SIP PnP, two spare; DHCP's own. */
#define MEMP_NUM_UDP_PCB 8
/* Registrar, profile server, their successors during a change, callers, and those in TIME_WAIT (which give way). */
#define MEMP_NUM_TCP_PCB 8
#define MEMP_NUM_TCP_PCB_LISTEN 2
#define MEMP_NUM_IGMP_GROUP 4
/* lwIP's own plus the one that says that there is no lease. */
#define MEMP_NUM_SYS_TIMEOUT (LWIP_NUM_SYS_TIMEOUT_INTERNAL + 1)

#define TCP_MSS 1460
/* Four accepted connections (the driver's limit) of which nothing is read take 16 buffers: the rest goes on. */
#define TCP_WND (2 * TCP_MSS)
#define TCP_SND_BUF (2 * TCP_MSS)
#define TCP_SND_QUEUELEN 12
#define MEMP_NUM_TCP_SEG 32
#define TCP_QUEUE_OOSEQ 1
#define TCP_OOSEQ_MAX_PBUFS 4
#define TCP_LISTEN_BACKLOG 1
/* A connection attempt ends after 6 SYNs, one each second (tcp.c). */
#define TCP_SYNMAXRTX 5
#define TCP_MAXRTX 8
/* A peer that vanished must not hold one of eight connections for ever. */
#define LWIP_TCP_KEEPALIVE 1

/* What was dropped can be seen. */
#define LWIP_STATS 1
#define LWIP_STATS_LARGE 0
#define LINK_STATS 0
#define ETHARP_STATS 0
#define IP_STATS 1
#define IPFRAG_STATS 1
#define ICMP_STATS 0
#define IGMP_STATS 0
#define UDP_STATS 1
#define TCP_STATS 1
#define MEM_STATS 1
#define MEMP_STATS 1
#define SYS_STATS 0
#define MIB2_STATS 1

#endif
