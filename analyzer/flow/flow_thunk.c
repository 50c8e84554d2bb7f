#include "analyzer/flow/flow.h"

#include <string.h>

enum {
	OPCODE_CALL = 0xe8,
	CALL_LENGTH = 5,
	STORE_LENGTH = 4,
};

static bool
is_thunk_name(const char *name)
{
	static const char *const prefixes[] = { "__x86_indirect_thunk_", "__llvm_retpoline_" };
	size_t i;

	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	}
	return false;
}

bool
flow_is_thunk(const char *name, const uint8_t *bytes, size_t size)
{
	int32_t distance;

	if (name != NULL)
		return is_thunk_name(name);
	if (size < CALL_LENGTH || bytes[0] != OPCODE_CALL)
		return false;
	memcpy(&distance, bytes + 1, sizeof(distance));
	if (distance < 0 || (size_t)distance > size - CALL_LENGTH ||
	    size - CALL_LENGTH - (size_t)distance < STORE_LENGTH)
		return false;
	/* mov %reg,(%rsp) */
	bytes += CALL_LENGTH + distance;
	return (bytes[0] & 0xfb) == 0x48 && bytes[1] == 0x89 && (bytes[2] & 0xc7) == 0x04 &&
	    bytes[3] == 0x24;
}
