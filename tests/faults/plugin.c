/*
 * Hazard: another plugin mapped where one was (reliability 67). Compiled twice,
 * as plugin A (PLUGIN_BYTES 100) and B (200): they allocate, and nothing else.
 */
#include <stdlib.h>

#ifndef PLUGIN_BYTES
#define PLUGIN_BYTES 100
#endif

void *plugin_make(int times);

__attribute__((noinline)) static void *
plugin_one(void *before)
{
	void *volatile block = malloc(PLUGIN_BYTES);

	free(before);
	return block;
}

void *
plugin_make(int times)
{
	void *block = NULL;

	for (int i = 0; i < times; i++)
		block = plugin_one(block);
	return block;
}
