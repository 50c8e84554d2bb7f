/*
 * Hazard: one thread allocates inside dl_iterate_phdr while another loads and
 * unloads a library (reliability 38). Expected: no hang, 3000 loads in a few
 * seconds. Argument: the library.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static int stop;
static unsigned long visits;

static int
visit(struct dl_phdr_info *info, size_t size, void *data)
{
	free(malloc(100));
	visits++;
	return info == NULL || size == 0 || data != NULL;
}

static void *
iterate(void *arg)
{
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		dl_iterate_phdr(visit, NULL);
	return arg;
}

int
main(int argc, char **argv)
{
	pthread_t thread[2];
	int loads = 0;

	if (argc != 2)
		return 99;
	for (int i = 0; i < 2; i++)
		pthread_create(&thread[i], NULL, iterate, NULL);
	for (int i = 0; i < 3000; i++) {
		void *library = dlopen(argv[1], RTLD_NOW);
		void *(*make)(int) = NULL;

		if (library == NULL)
			continue;
		*(void **)&make = dlsym(library, "plugin_make");
		if (make != NULL)
			free(make(10));
		loads += dlclose(library) == 0;
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	printf("%d loads, visited %d\n", loads, visits > 0);
	return 0;
}
