/*
 * The parts of the device's network that are pure C, on the computer that builds it,
 * under sanitizers: DHCP options, frames, queues of datagrams, SipHash. Prints "ok"
 * lines; ends with 1 at the first thing that does not hold.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "datagrams.h"
#include "inspect.h"
#include "lwip/mem.h"
#include "lwip/memp.h"
#include "lwip/pbuf.h"
#include "lwip/priv/tcp_priv.h"
#include "options.h"
#include "siphash.h"

#define CHECK(condition) \
	do { \
		if (!(condition)) { \
			printf("%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
			exit(1); \
		} \
	} while (0)

/* ---- what lwIP's pbuf.c asks for ---- */

struct tcp_pcb* tcp_active_pcbs;

void tcp_free_ooseq(struct tcp_pcb* pcb)
{
	(void)pcb;
}

void network_assertion(const char* text)
{
	printf("assertion: %s\n", text);
	exit(1);
}

uint32_t network_random(void)
{
	return 4;
}

/* ---- a generator that gives the same in every run ---- */

static uint32_t state = 2463534242u;

static uint32_t next_random(void)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

/* A copy whose end is the end of its memory, so that the sanitizer sees a read behind it. */
static uint8_t* exact(const uint8_t* bytes, size_t length)
{
	uint8_t* copy = malloc(length ? length : 1);
	memcpy(copy, bytes, length);
	return copy;
}

/* ---- DHCP options ---- */

static void request_lists(void)
{
	/* As lwIP writes them: message type, maximum size, request list, and behind it something else. */
	uint8_t options[68] = { 53, 1, 1, 57, 2, 5, 220, 55, 3, 1, 3, 28, 12, 2, 'a', 'b' };
	uint16_t length = 16;
	options_request(options, &length, sizeof(options));
	const uint8_t expected[] = { 53, 1, 1, 57, 2, 5, 220, 55, 9, 1, 3, 28, 6, 15, 42, 66, 120, 160, 12, 2, 'a', 'b' };
	CHECK(length == sizeof(expected) && memcmp(options, expected, length) == 0);

	uint8_t none[68] = { 53, 1, 1 };
	length = 3;
	options_request(none, &length, sizeof(none));
	const uint8_t added[] = { 53, 1, 1, 55, 6, 6, 15, 42, 66, 120, 160 };
	CHECK(length == sizeof(added) && memcmp(none, added, length) == 0);

	/* No room, with the end mark: nothing changes. */
	for (uint16_t size = 3; size < 12; size++) {
		uint8_t small[12] = { 53, 1, 1 };
		uint8_t* copy = exact(small, size);
		length = 3;
		options_request(copy, &length, size);
		CHECK(length == 3 && copy[1] == 1);
		free(copy);
	}
	/* Whatever stands there, nothing is written or read outside. */
	for (int round = 0; round < 20000; round++) {
		uint8_t bytes[68];
		for (size_t index = 0; index < sizeof(bytes); index++)
			bytes[index] = (uint8_t)(next_random() % 4 ? next_random() % 60 : next_random());
		uint16_t size = (uint16_t)(next_random() % (sizeof(bytes) + 1));
		uint8_t* copy = exact(bytes, size);
		length = (uint16_t)(next_random() % (size + 2u));
		options_request(copy, &length, size);
		free(copy);
	}
	printf("ok request list\n");
}

static bool get(const options_set* set, uint8_t wanted, const uint8_t** bytes, uint16_t* length)
{
	uint16_t at = 0;
	uint8_t code;
	while (options_next(set, &at, &code, bytes, length))
		if (code == wanted)
			return true;
	return false;
}

static void collected_options(void)
{
	options_set set;
	const uint8_t* bytes;
	uint16_t length;
	options_clear(&set);
	options_collect(&set, 15, (const uint8_t*)"example.com", 11);
	options_collect(&set, 43, (const uint8_t*)"not ours", 8);
	options_collect(&set, 160, (const uint8_t*)"http://one", 10);
	options_collect(&set, 42, (const uint8_t*)"", 0);
	CHECK(get(&set, 15, &bytes, &length) && length == 11 && memcmp(bytes, "example.com", 11) == 0);
	CHECK(get(&set, 42, &bytes, &length) && length == 0);
	CHECK(!get(&set, 43, &bytes, &length));

	/* RFC 3396: parts are one option, in order, and what stands between stays whole. */
	options_collect(&set, 15, (const uint8_t*)".more", 5);
	CHECK(get(&set, 15, &bytes, &length) && length == 16 && memcmp(bytes, "example.com.more", 16) == 0);
	CHECK(get(&set, 160, &bytes, &length) && length == 10 && memcmp(bytes, "http://one", 10) == 0);

	/* One that is too long in all is left out whole, and the others stay. */
	uint8_t big[255];
	memset(big, 'x', sizeof(big));
	options_collect(&set, 66, big, 255);
	CHECK(get(&set, 66, &bytes, &length) && length == 255 && set.too_long == 0);
	options_collect(&set, 66, big, 255);
	CHECK(set.too_long != 0 && !get(&set, 66, &bytes, &length));
	options_set two = set;
	options_collect(&set, 66, big, 5);
	CHECK(!get(&set, 66, &bytes, &length));
	/* Two of them: the rest of neither is taken for an option of its own. */
	options_collect(&two, 120, big, 255);
	options_collect(&two, 120, big, 255);
	options_collect(&two, 66, big, 5);
	options_collect(&two, 120, big, 5);
	CHECK(!get(&two, 66, &bytes, &length) && !get(&two, 120, &bytes, &length));
	CHECK(get(&set, 15, &bytes, &length) && length == 16);
	CHECK(get(&set, 160, &bytes, &length) && length == 10);

	options_set copy = set;
	CHECK(options_equal(&set, &copy));
	options_collect(&copy, 6, (const uint8_t*)"\1\2\3\4", 4);
	CHECK(!options_equal(&set, &copy));

	const uint8_t codes[] = { 6, 15, 42, 66, 120, 160, 1, 255 };
	for (int round = 0; round < 20000; round++) {
		options_clear(&set);
		size_t sum = 0;
		for (uint32_t part = next_random() % 12; part > 0; part--) {
			uint8_t count = (uint8_t)(next_random() % 3 ? next_random() % 40 : next_random());
			uint8_t* piece = exact(big, count);
			options_collect(&set, codes[next_random() % sizeof(codes)], piece, count);
			free(piece);
		}
		uint16_t at = 0;
		uint8_t code;
		while (options_next(&set, &at, &code, &bytes, &length)) {
			CHECK(options_wanted(code) && bytes + length <= set.bytes + set.used);
			sum += length + 3u;
		}
		CHECK(sum == set.used && set.used <= OPTIONS_BYTES);
	}
	printf("ok collected options\n");
}

/* ---- frames ---- */

static void frames(void)
{
	inspect_error error;
	uint8_t frame[80] = { 0 };
	frame[12] = 8;
	uint8_t* ip = frame + 14;
	ip[0] = 0x45;
	ip[9] = 17;
	/* A whole datagram of 100 octets; the last fragment that just fits; one octet more. */
	ip[3] = 100;
	CHECK(inspect_frame(frame, 60, &error) == INSPECT_PASS);
	uint32_t offset = 5 * 1480; /* the sixth fragment */
	uint32_t rest = DATAGRAM_MAXIMUM + 8 - offset;
	ip[6] = (uint8_t)(offset / 8 >> 8);
	ip[7] = (uint8_t)(offset / 8);
	ip[2] = (uint8_t)((20 + rest) >> 8);
	ip[3] = (uint8_t)(20 + rest);
	CHECK(inspect_frame(frame, 60, &error) == INSPECT_PASS);
	ip[3]++;
	CHECK(inspect_frame(frame, 60, &error) == INSPECT_TOO_LARGE);

	/* ICMP: host unreachable about our SYN to 10.1.2.3:80 from port 50000. */
	memset(ip, 0, 66);
	ip[0] = 0x45;
	ip[3] = 56;
	ip[9] = 1;
	ip[20] = 3;
	ip[21] = 1;
	uint8_t* inner = ip + 28;
	inner[0] = 0x45;
	inner[9] = 6;
	memcpy(inner + 16, "\x0a\x01\x02\x03", 4);
	memcpy(inner + 20, "\xc3\x50\x00\x50\x01\x02\x03\x04", 8);
	CHECK(inspect_frame(frame, 14 + 56, &error) == INSPECT_UNREACHABLE);
	CHECK(error.code == 1 && error.local_port == 50000 && error.remote_port == 80 && error.sequence == 0x01020304 &&
		memcmp(&error.remote_address, "\x0a\x01\x02\x03", 4) == 0);
	for (uint32_t length = 0; length < 14 + 56; length++) {
		uint8_t* copy = exact(frame, length);
		CHECK(inspect_frame(copy, length, &error) == INSPECT_PASS);
		free(copy);
	}
	for (int round = 0; round < 200000; round++) {
		uint8_t bytes[80];
		memcpy(bytes, frame, sizeof(bytes));
		for (uint32_t change = next_random() % 6; change > 0; change--)
			bytes[12 + next_random() % 60] = (uint8_t)next_random();
		uint32_t length = next_random() % (sizeof(bytes) + 1);
		uint8_t* copy = exact(bytes, length);
		(void)inspect_frame(copy, length, &error);
		(void)inspect_is_brief(copy, length);
		free(copy);
	}
	/* What may pass when buffers are short. */
	uint8_t segment[80] = { 0 };
	segment[12] = 8;
	segment[14] = 0x45;
	segment[14 + 9] = 6;
	segment[14 + 3] = 52; /* 20 of IP, 32 of TCP with options: an acknowledgement */
	segment[14 + 20 + 12] = 0x80;
	CHECK(inspect_is_brief(segment, 66));
	segment[14 + 3] = 53;
	CHECK(!inspect_is_brief(segment, 67));
	segment[14 + 9] = 17;
	CHECK(!inspect_is_brief(segment, 67));
	segment[14 + 23] = 68;
	CHECK(inspect_is_brief(segment, 67));
	segment[14 + 6] = 0x20; /* more fragments */
	CHECK(!inspect_is_brief(segment, 67));
	segment[13] = 6;
	CHECK(inspect_is_brief(segment, 67));
	printf("ok frames\n");
}

/* ---- queues of datagrams ---- */

#define HEADERS 28 /* IP and UDP */

static struct pbuf* packet_of(uint8_t fill, uint16_t length)
{
	uint8_t bytes[3000];
	struct pbuf* packet = pbuf_alloc(PBUF_RAW, (u16_t)(HEADERS + length), PBUF_POOL);
	CHECK(packet != NULL);
	memset(bytes, fill, sizeof(bytes));
	pbuf_take(packet, bytes, (u16_t)(HEADERS + length));
	pbuf_remove_header(packet, HEADERS);
	return packet;
}

static void queues(void)
{
	datagram_queue queue = { 0 };
	uint32_t address;
	uint16_t port;
	CHECK(datagrams_take(&queue, &address, &port) == NULL);
	uint32_t put = 0, taken = 0;
	uint16_t lengths[65536];
	for (int round = 0; round < 100000; round++) {
		if (next_random() % 2) {
			uint16_t length = (uint16_t)(next_random() % 3 ? next_random() % 100 : next_random() % 2000);
			struct pbuf* packet = packet_of((uint8_t)put, length);
			uint16_t waiting = queue.count;
			if (datagrams_put(&queue, packet, put, (uint16_t)put, 8)) {
				CHECK(waiting < 8);
				lengths[put++ & 0xffff] = length;
			}
			else {
				CHECK(waiting == 8);
				pbuf_free(packet);
			}
		}
		else {
			struct pbuf* packet = datagrams_take(&queue, &address, &port);
			if (packet == NULL) {
				CHECK(put == taken);
				continue;
			}
			CHECK(address == taken && port == (uint16_t)taken && packet->tot_len == lengths[taken & 0xffff]);
			for (uint16_t at = 0; at < packet->tot_len; at++)
				CHECK(pbuf_get_at(packet, at) == (uint8_t)taken);
			taken++;
			pbuf_free(packet);
		}
	}
	datagrams_clear(&queue);
	CHECK(queue.count == 0 && queue.first == NULL && queue.last == NULL);
	CHECK(memp_pools[MEMP_PBUF_POOL]->stats->used == 0);
	CHECK(put > 10000 && memp_pools[MEMP_PBUF_POOL]->stats->max > 8);
	printf("ok queues\n");
}

static void hashes(void)
{
	/* From the paper's appendix: key 00..0f, input 00..0e. */
	uint8_t key[16], input[15];
	for (uint8_t index = 0; index < 16; index++)
		key[index] = index;
	for (uint8_t index = 0; index < 15; index++)
		input[index] = index;
	CHECK(siphash(key, input, 15) == 0xa129ca6149be45e5u);
	CHECK(siphash(key, input, 0) == 0x726fdb47dd0e0e31u);
	printf("ok siphash\n");
}

int main(void)
{
	mem_init();
	memp_init();
	request_lists();
	collected_options();
	frames();
	queues();
	hashes();
	return 0;
}
