/*
 * What the C side offers its drivers (host.h): natives, callbacks, bytes, crashes.
 */
#include "platform-internal.h"

void host_function(txMachine* the, const char* name, txCallback callback, int length)
{
	txID native = fxNewNameX(the, (txString) "native");
	txID id = fxNewNameX(the, (txString)name);
	mxPushSlot(&mxGlobal);
	if (!fxHasID(the, native)) { /* takes the object off the stack */
		fxNewObject(the);
		mxPushSlot(&mxGlobal);
		fxDefineID(the, native, XS_DONT_ENUM_FLAG, XS_DONT_ENUM_FLAG);
		mxPop();
	}
	fxNewHostFunction(the, callback, length, id, XS_NO_ID);
	mxPushSlot(&mxGlobal);
	fxGetID(the, native);
	fxDefineID(the, id, XS_NO_FLAG, XS_NO_FLAG);
	mxPop();
}

/* ---- functions kept by C ---- */

void host_keep(txMachine* the, host_reference* reference, txSlot* value)
{
	reference->slot.kind = value->kind;
	reference->slot.value = value->value;
	if (!reference->remembered) {
		reference->remembered = true;
		fxRemember(the, &reference->slot);
	}
}

void host_forget(txMachine* the, host_reference* reference)
{
	if (reference->remembered) {
		reference->remembered = false;
		fxForget(the, &reference->slot);
	}
	reference->slot.kind = XS_UNDEFINED_KIND;
}

bool host_kept(const host_reference* reference)
{
	return reference->remembered && reference->slot.kind == XS_REFERENCE_KIND;
}

void host_call(txMachine* the, host_reference* function, host_arguments arguments, void* context)
{
	if (!host_kept(function))
		return;
	fxBeginHost(the);
	mxTry(the)
	{
		mxPushUndefined();
		mxPushSlot(&function->slot);
		mxCall();
		int count = arguments ? arguments(the, context) : 0;
		mxRunCount(count);
		mxPop();
	}
	mxCatch(the)
	{
		platform_crash_exception(the, "exception");
	}
	fxEndHost(the);
	main_run_jobs(the);
}

/* ---- arguments ---- */

uint8_t* host_bytes(txMachine* the, txSlot* slot, uint32_t* length)
{
	if (slot->kind == XS_REFERENCE_KIND) {
		txSlot* first = slot->value.reference->next;
		if (first && first->kind == XS_ARRAY_BUFFER_KIND) {
			if (!first->value.arrayBuffer.address)
				mxTypeError("detached buffer");
			*length = (uint32_t)first->next->value.bufferInfo.length;
			return (uint8_t*)first->value.arrayBuffer.address;
		}
		txSlot* view = first && first->kind == XS_TYPED_ARRAY_KIND ? first->next : first;
		if (view && view->kind == XS_DATA_VIEW_KIND && view->next && view->next->kind == XS_REFERENCE_KIND) {
			txSlot* buffer = view->next->value.reference->next;
			if (buffer && buffer->kind == XS_ARRAY_BUFFER_KIND && buffer->value.arrayBuffer.address) {
				int32_t available = buffer->next->value.bufferInfo.length;
				int32_t offset = view->value.dataView.offset;
				int32_t size = view->value.dataView.size < 0 ? available - offset : view->value.dataView.size;
				if (offset < 0 || size < 0 || offset > available || size > available - offset)
					mxTypeError("view out of its buffer");
				*length = (uint32_t)size;
				return (uint8_t*)buffer->value.arrayBuffer.address + offset;
			}
		}
	}
	mxTypeError("bytes expected");
	return NULL;
}

static txSlot* argument(txMachine* the, int index)
{
	if (index >= mxArgc)
		mxTypeError("argument missing");
	return mxArgv(index);
}

int32_t host_integer(txMachine* the, int index, int32_t minimum, int32_t maximum)
{
	txSlot* slot = argument(the, index);
	int32_t value = 0;
	if (slot->kind == XS_INTEGER_KIND)
		value = slot->value.integer;
	else if (slot->kind == XS_NUMBER_KIND) {
		double number = slot->value.number;
		if (!(number >= minimum && number <= maximum && number == (double)(int32_t)number))
			mxRangeError("number out of range");
		value = (int32_t)number;
	}
	else
		mxTypeError("number expected");
	if (value < minimum || value > maximum)
		mxRangeError("number out of range");
	return value;
}

uint8_t* host_range(txMachine* the, int index, uint32_t* start, uint32_t* end)
{
	uint32_t length;
	uint8_t* bytes = host_bytes(the, argument(the, 0), &length);
	*end = (uint32_t)host_integer(the, index + 1, 0, (int32_t)length);
	*start = (uint32_t)host_integer(the, index, 0, (int32_t)*end);
	return bytes;
}

const char* host_string(txMachine* the, int index)
{
	txSlot* slot = argument(the, index);
	if (slot->kind != XS_STRING_KIND && slot->kind != XS_STRING_X_KIND)
		mxTypeError("string expected");
	return slot->value.string;
}

txSlot* host_callback(txMachine* the, int index)
{
	txSlot* slot = argument(the, index);
	if (!fxIsCallable(the, slot))
		mxTypeError("function expected");
	return slot;
}

/* ---- results ---- */

uint8_t* host_array_buffer(txMachine* the, txSlot* slot, const void* bytes, uint32_t length)
{
	if (length > INT32_MAX)
		mxRangeError("too long");
	return fxArrayBuffer(the, slot, (void*)bytes, (txInteger)length, -1);
}

uint8_t* host_uint8_array(txMachine* the, txSlot* slot, const void* bytes, uint32_t length)
{
	uint32_t made;
	mxPushUndefined();
	txSlot* buffer = the->stack;
	host_array_buffer(the, buffer, bytes, length);
	mxPush(mxGlobal);
	fxGetID(the, mxID(_Uint8Array));
	mxNew();
	mxPushSlot(buffer);
	mxRunCount(1);
	slot->kind = the->stack->kind;
	slot->value = the->stack->value;
	mxPop();
	mxPop();
	return host_bytes(the, slot, &made);
}

void host_result_integer(txMachine* the, int32_t value)
{
	mxResult->value.integer = value;
	mxResult->kind = XS_INTEGER_KIND;
}

void host_result_number(txMachine* the, double value)
{
	mxResult->value.number = value;
	mxResult->kind = XS_NUMBER_KIND;
}

void host_result_boolean(txMachine* the, bool value)
{
	mxResult->value.boolean = value;
	mxResult->kind = XS_BOOLEAN_KIND;
}

void host_result_string(txMachine* the, const char* text)
{
	fxString(the, mxResult, (txString)text);
}

/* ---- the log and the end ---- */

void host_log(const char* level, const char* code, const char* text)
{
	char event[256];
	snprintf(event, sizeof(event), "@{\"t\":%lu,\"level\":\"%s\",\"code\":\"%s\",\"text\":\"%s\"}",
		(unsigned long)board_milliseconds(), level, code, text);
	console_line(event, strlen(event));
}

const char* platform_crash_stack;

/* The least time between two boots, in milliseconds. */
#define RESTART_INTERVAL 300u

static void put_escaped(const char* text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			board_putc('\\');
		board_putc((unsigned char)*text < 0x20 ? ' ' : *text);
	}
}

void host_crash(txMachine* the, const char* what, const char* text)
{
	static bool again;
	char milliseconds[12];
	if (rom_generating()) {
		printf("#error %s: %s\n", what, text);
		platform_trace(the);
		board_exit(70);
	}
	if (again) {
		board_puts("crashed while crashing\n");
		board_restart();
	}
	again = true;
	/* board_puts, not printf: as little as possible must work here. */
	char* digit = milliseconds + sizeof(milliseconds);
	uint32_t now = (uint32_t)board_milliseconds();
	*--digit = 0;
	do
		*--digit = (char)('0' + now % 10);
	while ((now /= 10) != 0);
	board_puts("@{\"t\":");
	board_puts(digit);
	board_puts(",\"level\":\"error\",\"code\":\"crash\",\"text\":\"");
	put_escaped(text);
	board_puts("\",\"reason\":\"");
	board_puts(what);
	board_puts("\"}\n");
	/* Before the stack, whose reading may itself trap: what is not counted crashes for ever. */
	storage_count_crash();
	if (platform_crash_stack) {
		board_puts(platform_crash_stack);
		board_puts("\n");
	}
	else
		platform_trace(the);
	/* A crash at each boot must not keep a core busy nor flood the log. */
	while (board_milliseconds() < RESTART_INTERVAL)
		board_wait((uint64_t)RESTART_INTERVAL * BOARD_TICKS_PER_MILLISECOND);
	board_restart();
}
