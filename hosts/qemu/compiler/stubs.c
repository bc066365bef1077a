/* What the parser and coder of XS call in a whole engine and what this tool gives them instead. */
#include "xsAll.h"
#include "xsScript.h"

void fxAbort(txMachine* the, int status)
{
	(void)the;
	fprintf(stderr, "compiler: engine abort %d\n", status);
	exit(1);
}

txID fxGenerateProfileID(void* console)
{
	(void)console;
	return XS_NO_ID;
}

void fxGenerateTag(void* console, txString buffer, txInteger size, txString path)
{
	static int tag;
	(void)console;
	if (path)
		snprintf(buffer, (size_t)size, "#%d@%s", tag, path);
	else
		snprintf(buffer, (size_t)size, "#%d", tag);
	tag++;
}

txSize fxMultiplyChunkSizes(txMachine* the, txSize a, txSize b)
{
	(void)the;
	return a * b;
}

void* fxNewChunk(txMachine* the, txSize size)
{
	(void)the;
	return malloc((size_t)size);
}

txID fxNewNameC(txMachine* the, txString name)
{
	(void)the;
	(void)name;
	return 0;
}

static void report(txString path, txInteger line, const char* kind, txString format, c_va_list arguments)
{
	fprintf(stderr, "%s:%d: %s: ", path ? path : "?", (int)line, kind);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
}

void fxVReportError(void* console, txString path, txInteger line, txString format, c_va_list arguments)
{
	(void)console;
	report(path, line, "error", format, arguments);
	/* After a syntax error the parser may overrun its tree. */
	exit(1);
}

void fxVReportWarning(void* console, txString path, txInteger line, txString format, c_va_list arguments)
{
	(void)console;
	report(path, line, "warning", format, arguments);
}
