/*
 * The natives of src/host.ts, as far as they are the engine's business: the work is
 * in digest.c and bytes.c. Every range is checked; no pointer into a buffer is used
 * after an allocation.
 */
#include "bytes.h"
#include "digest.h"
#include "host.h"

/* ---- arguments ---- */

static int algorithm_argument(txMachine* the, int index)
{
	const char* name = host_string(the, index);
	if (strcmp(name, "MD5") == 0)
		return DIGEST_MD5;
	if (strcmp(name, "SHA-256") == 0)
		return DIGEST_SHA_256;
	if (strcmp(name, "SHA-512-256") == 0)
		return DIGEST_SHA_512_256;
	mxTypeError("unknown digest");
	return 0;
}

/* The items of an array without holes; TypeError for anything else. Dead after an allocation. */
static txSlot* items_argument(txMachine* the, int index, uint32_t* count)
{
	txSlot* slot = index < mxArgc ? mxArgv(index) : NULL;
	if (slot && slot->kind == XS_REFERENCE_KIND) {
		txSlot* instance = slot->value.reference;
		if (instance->ID && the->aliasArray[instance->ID])
			instance = the->aliasArray[instance->ID];
		txSlot* array = instance->next;
		if (array && array->kind == XS_ARRAY_KIND) {
			*count = array->value.array.length;
			if (*count == 0)
				return NULL;
			if (array->value.array.address && fxGetIndexSize(the, array) == *count)
				return array->value.array.address;
		}
	}
	mxTypeError("array expected");
	return NULL;
}

static bool is_string(const txSlot* slot)
{
	return slot->kind == XS_STRING_KIND || slot->kind == XS_STRING_X_KIND;
}

/* ---- digests ---- */

static void native_digest(txMachine* the)
{
	digest_context context;
	uint8_t result[DIGEST_SIZE_MAXIMUM];
	uint32_t count, length;
	int algorithm = algorithm_argument(the, 0);
	txSlot* parts = items_argument(the, 1, &count);
	digest_start(&context, algorithm);
	for (uint32_t index = 0; index < count; index++) {
		const uint8_t* bytes = host_bytes(the, parts + index, &length);
		digest_update(&context, bytes, length);
	}
	digest_finish(&context, result);
	host_uint8_array(the, mxResult, result, (uint32_t)digest_size(algorithm));
}

static void native_hmac(txMachine* the)
{
	hmac_context context;
	uint8_t result[DIGEST_SIZE_MAXIMUM];
	uint32_t count, length;
	int algorithm = algorithm_argument(the, 0);
	if (mxArgc < 2)
		mxTypeError("argument missing");
	const uint8_t* key = host_bytes(the, mxArgv(1), &length);
	hmac_start(&context, algorithm, key, length);
	txSlot* parts = items_argument(the, 2, &count);
	for (uint32_t index = 0; index < count; index++) {
		const uint8_t* bytes = host_bytes(the, parts + index, &length);
		hmac_update(&context, bytes, length);
	}
	hmac_finish(&context, result);
	host_uint8_array(the, mxResult, result, (uint32_t)digest_size(algorithm));
}

static void native_crc32(txMachine* the)
{
	uint32_t start, end;
	const uint8_t* bytes = host_range(the, 1, &start, &end);
	host_result_number(the, bytes_crc32(0, bytes + start, end - start));
}

/* ---- text ---- */

static void native_invalid_utf8(txMachine* the)
{
	uint32_t start, end;
	const uint8_t* bytes = host_range(the, 1, &start, &end);
	host_result_integer(the, (int32_t)(start + bytes_valid_utf8(bytes + start, end - start)));
}

/*
 * XS holds strings as CESU-8: characters beyond U+FFFF as two surrogates of three
 * bytes, U+0000 as c0 80.
 */
static void native_text(txMachine* the)
{
	uint32_t start, end, length, size = 0;
	const uint8_t* bytes = host_range(the, 1, &start, &end);
	for (uint32_t at = start; at < end; at += length) {
		length = bytes_character(bytes + at, bytes + end);
		if (length == 0)
			mxRangeError("not UTF-8");
		size += length == 4 ? 6 : bytes[at] ? length : 2;
	}
	char* text = fxNewChunk(the, (txSize)size + 1);
	mxResult->value.string = text;
	mxResult->kind = XS_STRING_KIND;
	bytes = host_range(the, 1, &start, &end); /* the new chunk may have moved them */
	text[size] = 0;
	if (size == end - start) {
		memcpy(text, bytes + start, size);
		return;
	}
	for (uint32_t at = start; at < end; at += length) {
		length = bytes_character(bytes + at, bytes + end);
		if (length == 4) {
			txInteger character;
			fxUTF8Decode((txString)(bytes + at), &character);
			text = fxCESU8Encode(text, character);
		}
		else if (bytes[at] == 0) {
			*text++ = (char)0xc0;
			*text++ = (char)0x80;
		}
		else {
			memcpy(text, bytes + at, length);
			text += length;
		}
	}
}

/* One character of an XS string as UTF-8; gives its length, and in `*used` the bytes it took. */
static uint32_t encode_character(const uint8_t* at, uint8_t* out, uint32_t* used)
{
	if (at[0] == 0xc0 && at[1] == 0x80) {
		*used = 2;
		out[0] = 0;
		return 1;
	}
	if (at[0] == 0xed && at[1] >= 0xa0) {
		if (at[1] < 0xb0 && at[3] == 0xed && at[4] >= 0xb0) {
			txInteger high, low;
			fxUTF8Decode((txString)at, &high);
			fxUTF8Decode((txString)(at + 3), &low);
			*used = 6;
			fxUTF8Encode((txString)out, 0x10000 + ((high & 0x3ff) << 10) + (low & 0x3ff));
			return 4;
		}
		/* A lone surrogate has no UTF-8: U+FFFD. */
		*used = 3;
		memcpy(out, "\xef\xbf\xbd", 3);
		return 3;
	}
	*used = at[0] < 0x80 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
	memcpy(out, at, *used);
	return *used;
}

uint32_t host_utf8(const char* string, uint8_t* out)
{
	uint32_t used, size = 0;
	for (const uint8_t* at = (const uint8_t*)string; *at; at += used)
		size += encode_character(at, out + size, &used);
	return size;
}

static void native_encode(txMachine* the)
{
	uint8_t character[4];
	uint32_t used, size = 0, length = 0;
	const uint8_t* text = (const uint8_t*)host_string(the, 0);
	while (text[length]) {
		size += encode_character(text + length, character, &used);
		length += used;
	}
	uint8_t* bytes = host_uint8_array(the, mxResult, NULL, size);
	text = (const uint8_t*)host_string(the, 0);
	if (size == length)
		memcpy(bytes, text, size);
	else
		while (*text) {
			bytes += encode_character(text, bytes, &used);
			text += used;
		}
}

static void native_hex(txMachine* the)
{
	uint32_t start, end;
	host_range(the, 1, &start, &end);
	if (end - start > 0x100000)
		mxRangeError("too long");
	char* text = fxNewChunk(the, (txSize)(2 * (end - start) + 1));
	mxResult->value.string = text;
	mxResult->kind = XS_STRING_KIND;
	const uint8_t* bytes = host_range(the, 1, &start, &end);
	bytes_hex(bytes + start, end - start, text);
}

/* ---- bytes ---- */

static void native_find(txMachine* the)
{
	uint32_t start, end;
	const uint8_t* bytes = host_range(the, 2, &start, &end);
	uint8_t byte = (uint8_t)host_integer(the, 1, 0, 255);
	host_result_integer(the, (int32_t)(start + bytes_find(bytes + start, end - start, byte)));
}

static void native_search(txMachine* the)
{
	uint32_t start, end, length;
	const uint8_t* bytes = host_range(the, 2, &start, &end);
	const uint8_t* needle = host_bytes(the, mxArgv(1), &length);
	uint32_t at = bytes_search(bytes + start, end - start, needle, length);
	host_result_integer(the, at == BYTES_ABSENT ? -1 : (int32_t)(start + at));
}

static void native_span(txMachine* the)
{
	uint32_t start, end, count, set[8];
	const uint8_t* bytes = host_range(the, 2, &start, &end);
	txSlot* words = items_argument(the, 1, &count);
	if (count != 8)
		mxTypeError("byte set expected");
	for (int index = 0; index < 8; index++) {
		if (words[index].kind == XS_INTEGER_KIND)
			set[index] = (uint32_t)words[index].value.integer;
		else if (words[index].kind == XS_NUMBER_KIND)
			set[index] = (uint32_t)(int64_t)words[index].value.number;
		else
			mxTypeError("byte set expected");
	}
	host_result_integer(the, (int32_t)(start + bytes_span(bytes + start, end - start, set)));
}

static void native_equal(txMachine* the)
{
	uint32_t start, end, length;
	const uint8_t* bytes = host_range(the, 1, &start, &end);
	if (mxArgc < 4)
		mxTypeError("argument missing");
	const uint8_t* other = host_bytes(the, mxArgv(3), &length);
	host_result_boolean(the, length == end - start && memcmp(bytes + start, other, length) == 0);
}

static void native_equal_ignoring_case(txMachine* the)
{
	uint32_t start, end, length;
	const uint8_t* bytes = host_range(the, 1, &start, &end);
	if (mxArgc < 4)
		mxTypeError("argument missing");
	const uint8_t* other = host_bytes(the, mxArgv(3), &length);
	host_result_boolean(the, length == end - start && bytes_equal_ignoring_case(bytes + start, other, length));
}

static void native_compare(txMachine* the)
{
	uint32_t start, end, length;
	const uint8_t* bytes = host_range(the, 1, &start, &end);
	if (mxArgc < 4)
		mxTypeError("argument missing");
	const uint8_t* other = host_bytes(the, mxArgv(3), &length);
	uint32_t other_end = (uint32_t)host_integer(the, 5, 0, (int32_t)length);
	uint32_t other_start = (uint32_t)host_integer(the, 4, 0, (int32_t)other_end);
	host_result_integer(the, bytes_compare(bytes + start, end - start, other + other_start, other_end - other_start));
}

static void native_index_of_word(txMachine* the)
{
	uint32_t start, end, count;
	const uint8_t* bytes = host_range(the, 1, &start, &end);
	txSlot* words = items_argument(the, 3, &count);
	host_result_integer(the, -1);
	for (uint32_t index = 0; index < count; index++) {
		if (!is_string(words + index))
			mxTypeError("words expected");
		if (bytes_are_word(bytes + start, end - start, words[index].value.string)) {
			host_result_integer(the, (int32_t)index);
			return;
		}
	}
}

static void native_random(txMachine* the)
{
	int32_t length = host_integer(the, 0, 0, 4096);
	uint8_t* bytes = host_uint8_array(the, mxResult, NULL, (uint32_t)length);
	if (!entropy_fill(bytes, (size_t)length))
		mxUnknownError("no entropy");
}

void natives_install(txMachine* the)
{
	host_function(the, "digest", native_digest, 2);
	host_function(the, "hmac", native_hmac, 3);
	host_function(the, "crc32", native_crc32, 3);
	host_function(the, "text", native_text, 3);
	host_function(the, "hex", native_hex, 3);
	host_function(the, "encode", native_encode, 1);
	host_function(the, "invalidUtf8", native_invalid_utf8, 3);
	host_function(the, "find", native_find, 4);
	host_function(the, "search", native_search, 4);
	host_function(the, "span", native_span, 4);
	host_function(the, "equal", native_equal, 4);
	host_function(the, "equalIgnoringCase", native_equal_ignoring_case, 4);
	host_function(the, "compare", native_compare, 6);
	host_function(the, "indexOfWord", native_index_of_word, 4);
	host_function(the, "random", native_random, 1);
}
