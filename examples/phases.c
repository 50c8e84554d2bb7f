/* What a program may tell esc of itself: its phases, the names of its threads, and what is
 * not to be recorded.
 *
 *	cc -g -O1 -pthread -o phases phases.c && esc run ./phases
 *	esc report --filter=phase=serve
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <esc.h>

enum { ENTRIES = 100, REQUESTS = 1000 };

static char *table[ENTRIES];

static char *
copy(const char *text)
{
	char *made = malloc(strlen(text) + 1);

	return made != NULL ? strcpy(made, text) : NULL;
}

static void
load(void)
{
	char line[32];
	int i;

	for (i = 0; i < ENTRIES; i++) {
		sprintf(line, "entry %d", i);
		table[i] = copy(line);
	}
}

/* The copy never leaves: esc says so, of this phase. */
static size_t
answer(int number)
{
	char *request = copy(table[number % ENTRIES]);
	size_t length = request != NULL ? strlen(request) : 0;

	free(request);
	return length;
}

static void *
serve(void *sum)
{
	int i;

	esc_thread_name("server");
	for (i = 0; i < REQUESTS; i++)
		*(size_t *)sum += answer(i);
	return NULL;
}

int
main(void)
{
	pthread_t server;
	size_t sum = 0;
	int i;

	esc_phase("load");
	load();
	esc_phase("serve");
	if (pthread_create(&server, NULL, serve, &sum) != 0)
		return 1;
	pthread_join(server, NULL);
	esc_phase("end");
	esc_pause();
	for (i = 0; i < ENTRIES; i++)
		free(copy(table[i])); /* counted, not recorded */
	esc_resume();
	for (i = 0; i < ENTRIES; i++)
		free(table[i]);
	printf("%lu\n", (unsigned long)sum);
	return 0;
}
