/*
 * DHCP options as bytes. See options.h.
 */
#include "options.h"

#include <stddef.h>
#include <string.h>

#define HEADER 3u

static const uint8_t wanted[OPTIONS_COUNT] = { OPTION_NAME_SERVERS, OPTION_DOMAIN, OPTION_TIME_SERVERS, OPTION_TFTP_SERVER,
	OPTION_SIP_SERVERS, OPTION_PROVISIONING };

bool options_wanted(uint8_t code)
{
	return memchr(wanted, code, sizeof(wanted)) != NULL;
}

/* The bit of one that is wanted. */
static uint8_t bit_of(uint8_t code)
{
	const uint8_t* place = memchr(wanted, code, sizeof(wanted));
	return (uint8_t)(1u << (place - wanted));
}

void options_request(uint8_t* options, uint16_t* length, uint16_t size)
{
	uint32_t at = 0;
	uint32_t end = *length;
	if (end > size)
		return;
	/* No pads here: the list is written by our own DHCP client. */
	while (at + 2 <= end && options[at] != OPTION_REQUEST_LIST)
		at += 2u + options[at + 1];
	if (at > end)
		return;
	bool found = at + 2 <= end;
	uint32_t insert = found ? at + 2u + options[at + 1] : end;
	uint32_t more = sizeof(wanted) + (found ? 0u : 2u);
	/* One octet is left for the end mark. */
	if (insert > end || end + more + 1u > size || (found && options[at + 1] + sizeof(wanted) > UINT8_MAX))
		return;
	memmove(options + insert + more, options + insert, end - insert);
	if (found) {
		options[at + 1] = (uint8_t)(options[at + 1] + sizeof(wanted));
	}
	else {
		options[insert++] = OPTION_REQUEST_LIST;
		options[insert++] = sizeof(wanted);
	}
	memcpy(options + insert, wanted, sizeof(wanted));
	*length = (uint16_t)(end + more);
}

void options_clear(options_set* set)
{
	set->used = 0;
	set->too_long = 0;
}

static uint16_t length_at(const options_set* set, uint16_t at)
{
	return (uint16_t)((set->bytes[at + 1] << 8) | set->bytes[at + 2]);
}

/* Where the option stands, or `used`. */
static uint16_t find(const options_set* set, uint8_t code)
{
	uint16_t at = 0;
	while (at < set->used && set->bytes[at] != code)
		at = (uint16_t)(at + HEADER + length_at(set, at));
	return at;
}

static void put_header(options_set* set, uint16_t at, uint8_t code, uint16_t length)
{
	set->bytes[at] = code;
	set->bytes[at + 1] = (uint8_t)(length >> 8);
	set->bytes[at + 2] = (uint8_t)length;
}

static void remove_option(options_set* set, uint16_t at)
{
	uint16_t next = (uint16_t)(at + HEADER + length_at(set, at));
	memmove(set->bytes + at, set->bytes + next, (size_t)(set->used - next));
	set->used = (uint16_t)(set->used - (next - at));
}

void options_collect(options_set* set, uint8_t code, const uint8_t* bytes, uint8_t length)
{
	if (!options_wanted(code))
		return;
	uint16_t at = find(set, code);
	bool first = at == set->used;
	uint32_t need = length + (first ? HEADER : 0u);
	if (set->too_long & bit_of(code))
		return; /* the rest of one that was given up */
	if (set->used + need > OPTIONS_BYTES) {
		/* Half an option is worse than none: take back the parts that fitted. */
		set->too_long |= bit_of(code);
		if (!first)
			remove_option(set, at);
		return;
	}
	if (first) {
		put_header(set, at, code, 0);
		set->used = (uint16_t)(set->used + HEADER);
	}
	uint16_t had = length_at(set, at);
	uint16_t end = (uint16_t)(at + HEADER + had);
	memmove(set->bytes + end + length, set->bytes + end, (size_t)(set->used - end));
	memcpy(set->bytes + end, bytes, length);
	put_header(set, at, code, (uint16_t)(had + length));
	set->used = (uint16_t)(set->used + length);
}

bool options_next(const options_set* set, uint16_t* at, uint8_t* code, const uint8_t** bytes, uint16_t* length)
{
	if (*at >= set->used)
		return false;
	*code = set->bytes[*at];
	*length = length_at(set, *at);
	*bytes = set->bytes + *at + HEADER;
	*at = (uint16_t)(*at + HEADER + *length);
	return true;
}

bool options_equal(const options_set* one, const options_set* other)
{
	return one->used == other->used && memcmp(one->bytes, other->bytes, one->used) == 0;
}
