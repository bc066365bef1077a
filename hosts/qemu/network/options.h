/*
 * DHCP options (RFC 2132, RFC 3396 long ones, RFC 3361 number 120) as bytes: asks
 * for those that a phone wants, and collects what came. Pure: runs on any computer.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum {
	OPTION_NAME_SERVERS = 6,
	OPTION_DOMAIN = 15,
	OPTION_TIME_SERVERS = 42,
	OPTION_REQUEST_LIST = 55,
	OPTION_TFTP_SERVER = 66,
	OPTION_SIP_SERVERS = 120,
	OPTION_PROVISIONING = 160,
	OPTION_END = 255
};

/* Six options of which two or three are URLs or lists of names. */
#define OPTIONS_COUNT 6u
#define OPTIONS_BYTES 512u

typedef struct {
	/* As they came: code, length (two octets, big endian), bytes. */
	uint16_t used;
	/* A bit for each option of ours that did not fit, and was left out whole. */
	uint8_t too_long;
	uint8_t bytes[OPTIONS_BYTES];
} options_set;

bool options_wanted(uint8_t code);

/*
 * Adds what we want to the request list that stands in `options` already (or adds a
 * list). Only *length octets are in use of `size`; leaves all as it is when there is no room.
 */
void options_request(uint8_t* options, uint16_t* length, uint16_t size);

void options_clear(options_set* set);
/* One option, or the next part of one that came in parts (RFC 3396). Others than ours are ignored. */
void options_collect(options_set* set, uint8_t code, const uint8_t* bytes, uint8_t length);
/* Steps through the options: `*at` starts with 0; false at the end. */
bool options_next(const options_set* set, uint16_t* at, uint8_t* code, const uint8_t** bytes, uint16_t* length);
bool options_equal(const options_set* one, const options_set* other);

#endif
