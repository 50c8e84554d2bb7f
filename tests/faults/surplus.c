/*
 * Hazard: the room that the loader keeps for static TLS of what is loaded later runs
 * out because of the shim (reliability 13, 14). Expected: as many libraries with
 * initial-exec TLS can be loaded as natively. Built twice: with -DPLUGIN -shared, as
 * the library. Arguments: copies of it.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef PLUGIN
__thread char surplus_block[32] __attribute__((tls_model("initial-exec")));

void *
surplus_use(void)
{
	surplus_block[0]++;
	return malloc(32);
}
#else
int
main(int argc, char **argv)
{
	int loaded = 0;

	for (int i = 1; i < argc; i++) {
		void *library = dlopen(argv[i], RTLD_NOW);
		void *(*use)(void) = NULL;

		if (library == NULL)
			break;
		*(void **)&use = dlsym(library, "surplus_use");
		free(use());
		loaded++;
	}
	return printf("%d libraries\n", loaded) < 0;
}
#endif
