/*
 * The natives of src/host.ts for the Moddable SDK, by its public C interface
 * (xsmc.h). Every range is checked; no pointer into a buffer is used after an
 * allocation. natives.ts binds them; the digests are the bare-metal host's.
 */
#include "xsmc.h"
#include "mc.xs.h"

#include <string.h>

#include "digest.h"

typedef struct {
	const uint8_t* bytes;
	uint32_t start, end;
} range;

static const uint8_t* readable(xsMachine* the, xsSlot* slot, uint32_t* length)
{
	void* data;
	xsUnsignedValue count;
	_xsmcGetBuffer(the, slot, &data, &count, 0);
	*length = count;
	return data;
}

static uint32_t offset_argument(xsMachine* the, int index, uint32_t maximum)
{
	xsNumberValue value = xsmcToNumber(xsArg(index));
	if (!(value >= 0 && value <= maximum))
		xsRangeError("out of range");
	return (uint32_t)value;
}

/* Bytes in argument `index`, and their range in arguments `first` and `first + 1`. */
static range range_argument(xsMachine* the, int index, int first)
{
	range result;
	uint32_t length;
	result.bytes = readable(the, &xsArg(index), &length);
	result.end = offset_argument(the, first + 1, length);
	result.start = offset_argument(the, first, result.end);
	return result;
}

static uint8_t lower(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + 0x20) : byte;
}

static uint32_t array_length(xsMachine* the, xsSlot* array)
{
	xsmcGet(xsResult, *array, xsID_length);
	return (uint32_t)xsmcToInteger(xsResult);
}

static int algorithm_argument(xsMachine* the, int index)
{
	return (int)offset_argument(the, index, DIGEST_SHA_512_256);
}

/* ---- digests ---- */

void xs_hookswitch_digest(xsMachine* the)
{
	digest_context context;
	uint8_t result[DIGEST_SIZE_MAXIMUM];
	uint32_t length;
	xsmcVars(1);
	int algorithm = algorithm_argument(the, 0);
	uint32_t count = array_length(the, &xsArg(1));
	digest_start(&context, algorithm);
	for (uint32_t index = 0; index < count; index++) {
		xsmcGetIndex(xsVar(0), xsArg(1), index);
		const uint8_t* bytes = readable(the, &xsVar(0), &length);
		digest_update(&context, bytes, length);
	}
	digest_finish(&context, result);
	xsmcSetArrayBuffer(xsResult, result, (xsIntegerValue)digest_size(algorithm));
}

void xs_hookswitch_hmac(xsMachine* the)
{
	hmac_context context;
	uint8_t result[DIGEST_SIZE_MAXIMUM];
	uint32_t length;
	xsmcVars(1);
	int algorithm = algorithm_argument(the, 0);
	uint32_t count = array_length(the, &xsArg(2));
	const uint8_t* key = readable(the, &xsArg(1), &length);
	hmac_start(&context, algorithm, key, length);
	for (uint32_t index = 0; index < count; index++) {
		xsmcGetIndex(xsVar(0), xsArg(2), index);
		const uint8_t* bytes = readable(the, &xsVar(0), &length);
		hmac_update(&context, bytes, length);
	}
	hmac_finish(&context, result);
	xsmcSetArrayBuffer(xsResult, result, (xsIntegerValue)digest_size(algorithm));
}

void xs_hookswitch_crc32(xsMachine* the)
{
	range of = range_argument(the, 0, 1);
	uint32_t crc = 0xffffffffu;
	for (uint32_t at = of.start; at < of.end; at++) {
		crc ^= of.bytes[at];
		for (int bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ (0xedb88320u & (0u - (crc & 1u)));
	}
	xsmcSetNumber(xsResult, (xsNumberValue)(crc ^ 0xffffffffu));
}

/* ---- text ---- */

void xs_hookswitch_hex(xsMachine* the)
{
	static const char digits[] = "0123456789abcdef";
	range of = range_argument(the, 0, 1);
	xsmcSetStringBuffer(xsResult, NULL, (xsIntegerValue)(2 * (of.end - of.start)));
	of = range_argument(the, 0, 1); /* the new string may have moved them */
	char* text = xsmcToString(xsResult);
	for (uint32_t at = of.start; at < of.end; at++) {
		*text++ = digits[of.bytes[at] >> 4];
		*text++ = digits[of.bytes[at] & 15];
	}
	*text = 0;
}

/* Length of the valid UTF-8 character (RFC 3629) at `at`, or 0. */
static uint32_t character_length(const uint8_t* at, const uint8_t* end)
{
	uint32_t left = (uint32_t)(end - at);
	uint8_t first = *at;
	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4 || left < 2 || (at[1] & 0xc0) != 0x80)
		return 0;
	if (first < 0xe0)
		return 2;
	if (left < 3 || (at[2] & 0xc0) != 0x80)
		return 0;
	if (first < 0xf0)
		return (first == 0xe0 && at[1] < 0xa0) || (first == 0xed && at[1] > 0x9f) ? 0 : 3;
	if (left < 4 || (at[3] & 0xc0) != 0x80)
		return 0;
	return (first == 0xf0 && at[1] < 0x90) || (first == 0xf4 && at[1] > 0x8f) ? 0 : 4;
}

void xs_hookswitch_invalidUtf8(xsMachine* the)
{
	range of = range_argument(the, 0, 1);
	uint32_t at = of.start, length;
	while (at < of.end && (length = character_length(of.bytes + at, of.bytes + of.end)) != 0)
		at += length;
	xsmcSetInteger(xsResult, (xsIntegerValue)at);
}

/* ---- bytes ---- */

void xs_hookswitch_find(xsMachine* the)
{
	range in = range_argument(the, 0, 2);
	int byte = (int)offset_argument(the, 1, 255);
	const uint8_t* found = in.start < in.end ? memchr(in.bytes + in.start, byte, in.end - in.start) : NULL;
	xsmcSetInteger(xsResult, (xsIntegerValue)(found ? (uint32_t)(found - in.bytes) : in.end));
}

void xs_hookswitch_search(xsMachine* the)
{
	range in = range_argument(the, 0, 2);
	uint32_t length;
	const uint8_t* needle = readable(the, &xsArg(1), &length);
	xsmcSetInteger(xsResult, length == 0 ? (xsIntegerValue)in.start : -1);
	while (length != 0 && in.end - in.start >= length) {
		const uint8_t* first = memchr(in.bytes + in.start, needle[0], in.end - in.start - length + 1);
		if (first == NULL)
			return;
		if (memcmp(first, needle, length) == 0) {
			xsmcSetInteger(xsResult, (xsIntegerValue)(first - in.bytes));
			return;
		}
		in.start = (uint32_t)(first - in.bytes) + 1;
	}
}

void xs_hookswitch_span(xsMachine* the)
{
	uint32_t set[8];
	xsmcVars(1);
	for (uint32_t index = 0; index < 8; index++) {
		xsmcGetIndex(xsVar(0), xsArg(1), index);
		set[index] = (uint32_t)xsmcToInteger(xsVar(0));
	}
	range in = range_argument(the, 0, 2);
	while (in.start < in.end && (set[in.bytes[in.start] >> 5] >> (in.bytes[in.start] & 31) & 1))
		in.start++;
	xsmcSetInteger(xsResult, (xsIntegerValue)in.start);
}

void xs_hookswitch_equal(xsMachine* the)
{
	range of = range_argument(the, 0, 1);
	uint32_t length;
	const uint8_t* other = readable(the, &xsArg(3), &length);
	xsmcSetBoolean(xsResult, length == of.end - of.start && memcmp(of.bytes + of.start, other, length) == 0);
}

void xs_hookswitch_equalIgnoringCase(xsMachine* the)
{
	range of = range_argument(the, 0, 1);
	uint32_t length;
	const uint8_t* other = readable(the, &xsArg(3), &length);
	int same = length == of.end - of.start;
	for (uint32_t index = 0; same && index < length; index++)
		same = lower(of.bytes[of.start + index]) == lower(other[index]);
	xsmcSetBoolean(xsResult, same);
}

void xs_hookswitch_compare(xsMachine* the)
{
	range here = range_argument(the, 0, 1);
	range there = range_argument(the, 3, 4);
	uint32_t left = here.end - here.start, right = there.end - there.start;
	int order = memcmp(here.bytes + here.start, there.bytes + there.start, left < right ? left : right);
	if (order == 0)
		order = left < right ? -1 : left > right;
	xsmcSetInteger(xsResult, order < 0 ? -1 : order > 0);
}

void xs_hookswitch_indexOfWord(xsMachine* the)
{
	xsmcVars(1);
	uint32_t count = array_length(the, &xsArg(3));
	xsmcSetInteger(xsResult, -1);
	for (uint32_t index = 0; index < count; index++) {
		xsmcGetIndex(xsVar(0), xsArg(3), index);
		const uint8_t* word = (const uint8_t*)xsmcToString(xsVar(0));
		range of = range_argument(the, 0, 1);
		uint32_t length = of.end - of.start, at = 0;
		while (at < length && word[at] && lower(of.bytes[of.start + at]) == word[at])
			at++;
		if (at == length && word[at] == 0) {
			xsmcSetInteger(xsResult, (xsIntegerValue)index);
			return;
		}
	}
}
