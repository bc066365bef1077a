/*
 * The natives of src/host.ts for the Moddable SDK, by its public C interface
 * (xsmc.h). Every range is checked; no pointer into a buffer is used after an
 * allocation. natives.ts binds them; the work is done in
 * digest.c and bytes.c of the bare-metal host.
 */
#include "xsmc.h"
#include "mc.xs.h"

#include <string.h>

#include "bytes.h"
#include "digest.h"

typedef struct {
	const uint8_t* bytes; /* from the start on */
	uint32_t start, length;
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
	const uint8_t* bytes = readable(the, &xsArg(index), &length);
	uint32_t end = offset_argument(the, first + 1, length);
	result.start = offset_argument(the, first, end);
	result.length = end - result.start;
	result.bytes = bytes + result.start;
	return result;
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
	xsmcSetNumber(xsResult, (xsNumberValue)bytes_crc32(0, of.bytes, of.length));
}

/* ---- text ---- */

void xs_hookswitch_hex(xsMachine* the)
{
	range of = range_argument(the, 0, 1);
	xsmcSetStringBuffer(xsResult, NULL, (xsIntegerValue)(2 * of.length));
	of = range_argument(the, 0, 1); /* the new string may have moved them */
	bytes_hex(of.bytes, of.length, xsmcToString(xsResult));
}

void xs_hookswitch_invalidUtf8(xsMachine* the)
{
	range of = range_argument(the, 0, 1);
	xsmcSetInteger(xsResult, (xsIntegerValue)(of.start + bytes_valid_utf8(of.bytes, of.length)));
}

/* ---- bytes ---- */

void xs_hookswitch_find(xsMachine* the)
{
	range in = range_argument(the, 0, 2);
	uint8_t byte = (uint8_t)offset_argument(the, 1, 255);
	xsmcSetInteger(xsResult, (xsIntegerValue)(in.start + bytes_find(in.bytes, in.length, byte)));
}

void xs_hookswitch_search(xsMachine* the)
{
	range in = range_argument(the, 0, 2);
	uint32_t length;
	const uint8_t* needle = readable(the, &xsArg(1), &length);
	uint32_t at = bytes_search(in.bytes, in.length, needle, length);
	xsmcSetInteger(xsResult, at == BYTES_ABSENT ? -1 : (xsIntegerValue)(in.start + at));
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
	xsmcSetInteger(xsResult, (xsIntegerValue)(in.start + bytes_span(in.bytes, in.length, set)));
}

void xs_hookswitch_equal(xsMachine* the)
{
	range of = range_argument(the, 0, 1);
	uint32_t length;
	const uint8_t* other = readable(the, &xsArg(3), &length);
	xsmcSetBoolean(xsResult, length == of.length && memcmp(of.bytes, other, length) == 0);
}

void xs_hookswitch_equalIgnoringCase(xsMachine* the)
{
	range of = range_argument(the, 0, 1);
	uint32_t length;
	const uint8_t* other = readable(the, &xsArg(3), &length);
	xsmcSetBoolean(xsResult, length == of.length && bytes_equal_ignoring_case(of.bytes, other, length));
}

void xs_hookswitch_compare(xsMachine* the)
{
	range here = range_argument(the, 0, 1);
	range there = range_argument(the, 3, 4);
	xsmcSetInteger(xsResult, bytes_compare(here.bytes, here.length, there.bytes, there.length));
}

void xs_hookswitch_indexOfWord(xsMachine* the)
{
	xsmcVars(1);
	uint32_t count = array_length(the, &xsArg(3));
	xsmcSetInteger(xsResult, -1);
	for (uint32_t index = 0; index < count; index++) {
		xsmcGetIndex(xsVar(0), xsArg(3), index);
		const char* word = xsmcToString(xsVar(0));
		range of = range_argument(the, 0, 1);
		if (bytes_are_word(of.bytes, of.length, word)) {
			xsmcSetInteger(xsResult, (xsIntegerValue)index);
			return;
		}
	}
}
