/*
 * What lwIP asks of the compiler and the platform. Included by every lwIP source.
 */
#ifndef HOOKSWITCH_LWIP_CC_H
#define HOOKSWITCH_LWIP_CC_H

#include <stdint.h>
#include <stdlib.h>

#define LWIP_NO_INTTYPES_H 0
#define LWIP_NO_CTYPE_H 0
#define LWIP_PROVIDE_ERRNO 0

/* Debug output is off (LWIP_DEBUG); this keeps printf out of the image. */
#define LWIP_PLATFORM_DIAG(message) \
	do { \
	} while (0)

/* A broken invariant of the stack is a crash like any other: reported, counted, restarted (network.c). */
void network_assertion(const char* text) __attribute__((noreturn));
#define LWIP_PLATFORM_ASSERT(text) network_assertion(text)

/* From virtio-rng (network.c). */
uint32_t network_random(void);
#define LWIP_RAND() network_random()

#endif
