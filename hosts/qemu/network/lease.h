/*
 * The DHCP lease as JavaScript learns of it. lwIP's client does the protocol
 * (RFC 2131); this collects the options that it ignores, notices what changed, and
 * says so once.
 */
#ifndef LEASE_H
#define LEASE_H

#include "host.h"

struct netif;

void lease_install(txMachine* the);
/* The client starts asking, and goes on with lwIP's back-off for ever. */
void lease_start(struct netif* interface);
/* After every frame: an acknowledgement may have been among its options. */
void lease_frame_done(void);
/* Something about the interface changed: address or link. */
void lease_changed(void);
/* Tells JavaScript what it doesn't know yet; gives whether it did. */
bool lease_deliver(txMachine* the);
bool lease_pending(void);

#endif
