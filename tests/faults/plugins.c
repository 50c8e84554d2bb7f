/*
 * Hazard: code is unmapped and other code takes its place, with the same return
 * addresses (reliability 67). Expected: 3000 allocations are plugin A's and 6000
 * plugin B's, in modules of their own. Arguments: A, B. Prints whether B was
 * mapped where A had been.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

static void *
use(const char *path, int times)
{
	void *library = dlopen(path, RTLD_NOW);
	void *(*make)(int) = NULL;
	void *at;

	if (library == NULL)
		return NULL;
	*(void **)&make = dlsym(library, "plugin_make");
	free(make(times));
	at = (void *)make;
	dlclose(library);
	return at;
}

int
main(int argc, char **argv)
{
	int same = 0;

	if (argc != 3)
		return 99;
	for (int i = 0; i < 3; i++) {
		void *a = use(argv[1], 1000);
		void *b = use(argv[2], 2000);

		same += a == b && a != NULL;
	}
	/* Where it is mapped is the kernel's affair: not part of the output. */
	fprintf(stdout, "%s\n", same >= 0 ? "done" : "");
	return same == 3 ? 0 : 3;
}
