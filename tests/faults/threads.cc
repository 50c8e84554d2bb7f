/*
 * Hazard: 10,000 short threads, and thread_local destructors that allocate when
 * the thread is almost gone (reliability 15, 16). Expected: every event; memory
 * within 64 MiB of native's; a file below 64 MB; thread numbers are never
 * reused though the kernel's are. The file
 * PEAK_FILE gets the peak resident size, in KiB.
 */
#include <cstdio>
#include <cstdlib>
#include <pthread.h>
#include <string>
#include <sys/resource.h>
#include <vector>

struct last {
	std::string text;
	~last()
	{
		for (int i = 0; i < 3; i++)
			text += std::string(40, 'x');
		free(malloc(text.size()));
	}
};

static thread_local last words;
static pthread_key_t key;

static void
destroy(void *block)
{
	static thread_local std::vector<int> again;

	again.push_back(1);
	free(block);
	free(malloc(11));
}

static void *
work(void *arg)
{
	words.text = "a text that is too long for the string itself";
	pthread_setspecific(key, malloc(33));
	for (int i = 0; i < 10; i++)
		free(malloc(i * 10));
	return arg;
}

int
main()
{
	struct rusage usage;
	int made = 0;

	pthread_key_create(&key, destroy);
	for (int i = 0; i < 2500; i++) {
		pthread_t thread[4];
		int k;

		for (k = 0; k < 4; k++)
			made += pthread_create(&thread[k], nullptr, work, nullptr) == 0;
		while (k-- > 0)
			pthread_join(thread[k], nullptr);
	}
	getrusage(RUSAGE_SELF, &usage);
	printf("%d threads\n", made);
	if (getenv("PEAK_FILE") != nullptr) {
		FILE *file = fopen(getenv("PEAK_FILE"), "w");

		fprintf(file, "%ld\n", usage.ru_maxrss);
		fclose(file);
	}
	return 0;
}
