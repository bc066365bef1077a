/*
 * Host tool: ES modules to XS bytecode that is executed in place from flash.
 *
 *   compile [-d] OUTPUT_DIRECTORY NAME=FILE…
 *
 * Writes OUTPUT_DIRECTORY/N.xsb for the N-th module (from 0), and `symbols`, each
 * zero-terminated, in the order of their IDs behind the engine's own. IDs are settled
 * here; code and string literals get the opcodes whose operands stay where they are
 * ("archive"). -d keeps file names and lines, for debug builds. Must be built
 * without mx32bitID: the device's IDs have 16 bits.
 */
#include "xsAll.h"
#include "xsScript.h"

static char** symbols;
static int symbol_count, symbol_room;

static txID symbol_id(const char* name)
{
	for (int id = XS_SYMBOL_ID_COUNT; id < XS_ID_COUNT; id++)
		if (strcmp(gxIDStrings[id], name) == 0)
			return (txID)id;
	for (int index = 0; index < symbol_count; index++)
		if (strcmp(symbols[index], name) == 0)
			return (txID)(XS_ID_COUNT + index);
	if (symbol_count == symbol_room) {
		symbol_room = symbol_room * 2 + 256;
		symbols = realloc(symbols, (size_t)symbol_room * sizeof(*symbols));
	}
	if (XS_ID_COUNT + symbol_count >= 0x7fff) {
		fprintf(stderr, "compiler: too many symbols\n");
		exit(1);
	}
	symbols[symbol_count] = strdup(name);
	return (txID)(XS_ID_COUNT + symbol_count++);
}

typedef struct {
	const unsigned char* at;
	const unsigned char* end;
} source;

static int source_get(void* stream)
{
	source* from = stream;
	return from->at < from->end ? *from->at++ : C_EOF;
}

static unsigned char* read_file(const char* path, size_t* size)
{
	FILE* file = fopen(path, "rb");
	if (!file || fseek(file, 0, SEEK_END)) {
		perror(path);
		exit(1);
	}
	*size = (size_t)ftell(file);
	rewind(file);
	unsigned char* bytes = malloc(*size + 1);
	if (fread(bytes, 1, *size, file) != *size) {
		perror(path);
		exit(1);
	}
	fclose(file);
	return bytes;
}

/* Rewrites one code buffer: symbols to IDs, literals to the opcodes for code in flash. */
static void settle(txScript* script)
{
	txByte* at = script->symbolsBuffer;
	txID count, id;
	mxDecodeID(at, count);
	txID* ids = calloc((size_t)count + 1, sizeof(txID));
	for (txID index = 1; index < count; index++) {
		ids[index] = symbol_id((char*)at);
		at += strlen((char*)at) + 1;
	}
	txByte* end = script->codeBuffer + script->codeSize;
	for (at = script->codeBuffer; at < end;) {
		txU1 code = *(txU1*)at;
		txS1 size = gxCodeSizes[code];
		if (code == XS_CODE_CODE_1 || code == XS_CODE_CODE_2 || code == XS_CODE_CODE_4)
			*(txU1*)at = (txU1)(code + (XS_CODE_CODE_ARCHIVE_1 - XS_CODE_CODE_1));
		else if (code == XS_CODE_STRING_1 || code == XS_CODE_STRING_2 || code == XS_CODE_STRING_4)
			*(txU1*)at = (txU1)(code + (XS_CODE_STRING_ARCHIVE_1 - XS_CODE_STRING_1));
		if (size > 0)
			at += size;
		else if (size == 0) { /* an ID */
			memcpy(&id, at + 1, sizeof(id));
			if (id != XS_NO_ID) {
				id = ids[id];
				memcpy(at + 1, &id, sizeof(id));
			}
			at += 1 + sizeof(id);
		}
		else if (size == -1)
			at += 2 + *(txU1*)(at + 1);
		else if (size == -2) {
			txU2 length;
			memcpy(&length, at + 1, sizeof(length));
			at += 3 + length;
		}
		else {
			txS4 length;
			memcpy(&length, at + 1, sizeof(length));
			at += 5 + length;
		}
	}
	free(ids);
}

static void write_file(const char* directory, const char* name, const void* bytes, size_t size)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	FILE* file = fopen(path, "wb");
	if (!file || fwrite(bytes, 1, size, file) != size || fclose(file)) {
		perror(path);
		exit(1);
	}
}

static void compile(const char* directory, int index, char* name, const char* path, bool debug)
{
	size_t size;
	unsigned char* text = read_file(path, &size);
	source from = { text, text + size };
	txParser parser_storage;
	txParser* parser = &parser_storage;
	txParserJump jump;
	txScript* script = NULL;
	fxInitializeParser(parser, NULL, 1024 * 1024, 1993);
	parser->firstJump = &jump;
	if (c_setjmp(jump.jmp_buf) == 0) {
		parser->path = fxNewParserSymbol(parser, name);
		fxParserTree(parser, &from, source_get, debug ? mxDebugFlag : 0, NULL);
		fxParserHoist(parser);
		fxParserBind(parser);
		script = fxParserCode(parser);
	}
	if (!script || parser->errorCount) {
		fprintf(stderr, "%s: cannot be compiled\n", path);
		exit(1);
	}
	settle(script);
	char file[32];
	snprintf(file, sizeof(file), "%d.xsb", index);
	write_file(directory, file, script->codeBuffer, (size_t)script->codeSize);
	fxTerminateParser(parser);
	free(text);
}

int main(int count, char** arguments)
{
	bool debug = false;
	int at = 1;
	if (at < count && strcmp(arguments[at], "-d") == 0) {
		debug = true;
		at++;
	}
	if (at >= count) {
		fprintf(stderr, "usage: compile [-d] DIRECTORY NAME=FILE...\n");
		return 2;
	}
	const char* directory = arguments[at++];
	for (int index = 0; at < count; at++, index++) {
		char* path = strchr(arguments[at], '=');
		if (!path) {
			fprintf(stderr, "compiler: NAME=FILE expected: %s\n", arguments[at]);
			return 2;
		}
		*path++ = 0;
		compile(directory, index, arguments[at], path, debug);
	}
	size_t size = 0;
	for (int index = 0; index < symbol_count; index++)
		size += strlen(symbols[index]) + 1;
	char* list = malloc(size + 1);
	size = 0;
	for (int index = 0; index < symbol_count; index++)
		size += (size_t)sprintf(list + size, "%s", symbols[index]) + 1;
	/* Zero-terminated, not by lines: a property name may hold anything. */
	write_file(directory, "symbols", list, size);
	return 0;
}
