/*
 * JSON.stringify of what lies in flash. The engine marks the objects it is within, to
 * find cycles, and refuses those that it cannot mark ("read only value"). Here such a
 * refusal is tried again with a replacer that gives copies in RAM. And plain texts
 * take a short way.
 */
#include "host.h"

/* Of an object in flash, by the flag that keeps the collector off it. */
static bool is_read_only(txMachine* the, txSlot* value)
{
	return value->kind == XS_REFERENCE_KIND && (value->value.reference->flag & XS_MARK_FLAG) != 0
		&& !fxIsCallable(the, value);
}

/* (key, value): the value, or a copy of it that can be marked. */
static void copy_read_only(txMachine* the)
{
	txSlot* value = mxArgv(1);
	mxResult->kind = value->kind;
	mxResult->value = value->value;
	if (!is_read_only(the, value))
		return;
	txSlot* first = value->value.reference->next;
	if (first && first->kind == XS_ARRAY_KIND) {
		uint32_t length = first->value.array.length;
		fxNewArray(the, 0);
		mxPullSlot(mxResult);
		for (uint32_t index = 0; index < length; index++) {
			mxPushSlot(mxArgv(1));
			fxGetIndex(the, index);
			mxPushSlot(mxResult);
			fxSetIndex(the, index);
			mxPop();
		}
		return;
	}
	fxNewObject(the);
	mxPullSlot(mxResult);
	for (txSlot* property = first; property; property = property->next) {
		if (property->ID == XS_NO_ID || (property->flag & (XS_INTERNAL_FLAG | XS_DONT_ENUM_FLAG)))
			continue;
		mxPushSlot(mxArgv(1));
		fxGetID(the, property->ID);
		mxPushSlot(mxResult);
		fxSetID(the, property->ID);
		mxPop();
	}
}

/* A text of printable ASCII alone, which most of a log is: the engine's way costs ten times as much. */
static bool quote_plain(txMachine* the)
{
	if (mxArgc != 1 || (mxArgv(0)->kind != XS_STRING_KIND && mxArgv(0)->kind != XS_STRING_X_KIND))
		return false;
	const char* text = mxArgv(0)->value.string;
	txSize length = 0;
	for (; text[length]; length++)
		if (text[length] < 0x20 || text[length] > 0x7e || text[length] == '"' || text[length] == '\\')
			return false;
	char* quoted = fxNewChunk(the, length + 3);
	quoted[0] = '"';
	memcpy(quoted + 1, mxArgv(0)->value.string, (size_t)length); /* the new chunk may have moved it */
	quoted[length + 1] = '"';
	quoted[length + 2] = 0;
	mxResult->value.string = quoted;
	mxResult->kind = XS_STRING_KIND;
	return true;
}

static void json_stringify(txMachine* the)
{
	if (quote_plain(the))
		return;
	mxTry(the)
	{
		fx_JSON_stringify(the);
	}
	mxCatch(the)
	{
		mxPushSlot(&mxException);
		fxGetID(the, mxID(_message));
		bool refused = the->stack->kind == XS_STRING_X_KIND || the->stack->kind == XS_STRING_KIND;
		refused = refused && strcmp(the->stack->value.string, "read only value") == 0;
		mxPop();
		/* With a replacer of its own, the caller can make copies itself. */
		if (!refused || (mxArgc > 1 && mxArgv(1)->kind == XS_REFERENCE_KIND))
			fxJump(the);
		mxPushUndefined();
		fxNewHostFunction(the, fx_JSON_stringify, 3, XS_NO_ID, XS_NO_ID);
		mxCall();
		mxPushSlot(mxArgv(0));
		fxNewHostFunction(the, copy_read_only, 2, XS_NO_ID, XS_NO_ID);
		if (mxArgc > 2)
			mxPushSlot(mxArgv(2));
		else
			mxPushUndefined();
		mxRunCount(3);
		mxPullSlot(mxResult);
	}
}

void json_install(txMachine* the)
{
	mxPush(mxGlobal);
	fxGetID(the, mxID(_JSON));
	txSlot* json = the->stack;
	fxNewHostFunction(the, json_stringify, 3, mxID(_stringify), XS_NO_ID);
	mxPushSlot(json);
	fxDefineID(the, mxID(_stringify), XS_DONT_ENUM_FLAG, XS_DONT_ENUM_FLAG);
	mxPop();
	mxPop();
}
