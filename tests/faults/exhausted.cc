/*
 * Hazard: memory is at an end (reliability 48): RLIMIT_AS, operator new that throws and
 * asks a new_handler that gives memory back, and in a noexcept function.
 * Expected: native's behaviour; whatever did not succeed is no event.
 */
#include <cstdio>
#include <cstdlib>
#include <new>
#include <sys/resource.h>
#include <vector>

static void *reserve;
static int asked;

static void
handler()
{
	asked++;
	if (reserve == nullptr)
		throw std::bad_alloc();
	free(reserve);
	reserve = nullptr;
}

static int
until_full()
{
	std::vector<char *> blocks;
	int caught = 0;

	blocks.reserve(4096);
	try {
		for (int i = 0; i < 4096; i++)
			blocks.push_back(new char[16 << 20]);
	} catch (const std::bad_alloc &) {
		caught = 1;
	}
	for (char *block : blocks)
		delete[] block;
	return caught;
}

static int
nothrown() noexcept
{
	int refused = 0;

	for (int i = 0; i < 100; i++) {
		char *block = new (std::nothrow) char[1ULL << 40];

		refused += block == nullptr;
		delete[] block;
	}
	return refused;
}

int
main()
{
	struct rlimit limit;
	getrlimit(RLIMIT_AS, &limit);
	limit.rlim_cur = 1 << 20;
	reserve = malloc(64 << 20);
	setrlimit(RLIMIT_AS, &limit);
	std::set_new_handler(handler);
	printf("caught %d\n", until_full());
	printf("refused %d\n", nothrown());
	printf("asked %d\n", asked);
	for (int i = 0; i < 1000; i++) {
		void *block = malloc(100);

		if (realloc(block, 1ULL << 45) != nullptr)
			return 1;
		free(block);
	}
	puts("done");
	return 0;
}
