/*
 * Hazard: constructors and destructors of libraries that start threads, which allocate
 * and are waited for, inside dlopen and dlclose, with the loader's lock held
 * (reliability 39). Expected: no hang. Built twice: with -DPLUGIN -shared, as the
 * library. Argument: the library.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef PLUGIN
static void *
work(void *arg)
{
	for (int i = 0; i < 100; i++)
		free(malloc((size_t)i));
	return arg;
}

static void
start(void)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, work, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}

__attribute__((constructor)) static void
begin(void)
{
	start();
}

__attribute__((destructor)) static void
end(void)
{
	start();
}
#else
int
main(int argc, char **argv)
{
	int loads = 0;

	for (int i = 0; i < 50 && argc > 1; i++) {
		void *library = dlopen(argv[1], RTLD_NOW);

		if (library != NULL)
			loads += dlclose(library) == 0;
	}
	return printf("%d loads\n", loads) < 0;
}
#endif
