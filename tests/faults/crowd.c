/*
 * Hazard: very many of what the shim keeps something for each (reliability 14, 16, 67).
 * Expected: all is recorded, nothing is slower than by a factor.
 *
 *   threads N     N threads that are all alive at once, each allocates before, while and
 *                 after the others do
 *   plugins N     ./crowdN.so, of which each allocates in its constructor, and is called
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_barrier_t all;

static void *
one_thread(void *arg)
{
	char *volatile first = malloc(100);
	char *volatile second;

	pthread_barrier_wait(&all);
	second = malloc(200);
	free(first);
	pthread_barrier_wait(&all);
	free(second);
	return arg;
}

static int
threads(unsigned count)
{
	pthread_t *list = malloc(count * sizeof(*list));
	pthread_attr_t attr;
	unsigned i;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	pthread_barrier_init(&all, NULL, count);
	for (i = 0; i < count; i++)
		if (pthread_create(&list[i], &attr, one_thread, NULL) != 0)
			return 77;
	for (i = 0; i < count; i++)
		pthread_join(list[i], NULL);
	free(list);
	return printf("%u threads\n", count) < 0;
}

static int
plugins(int count)
{
	char path[32];
	int called = 0;

	for (int i = 0; i < count; i++) {
		void *library, *(*make)(int);

		snprintf(path, sizeof(path), "./crowd%d.so", i);
		library = dlopen(path, RTLD_NOW);
		if (library == NULL)
			return 2;
		*(void **)&make = dlsym(library, "plugin_make");
		free(make(3));
		called++;
		/* every other one goes again */
		if (i % 2 == 1)
			dlclose(library);
	}
	return printf("%d plugins\n", called) < 0;
}

int
main(int argc, char **argv)
{
	if (argc != 3)
		return 99;
	return strcmp(argv[1], "threads") == 0 ? threads((unsigned)atoi(argv[2]))
					       : plugins(atoi(argv[2]));
}
