#include "analyzer/model/live.h"

#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "analyzer/util/xalloc.h"

/* Without random numbers: where the kernel put us, and when. */
static void
live_draw(struct live *live)
{
	struct timespec now;
	size_t i;

	if (getrandom(live->keys, sizeof(live->keys), GRND_NONBLOCK) !=
	    (ssize_t)sizeof(live->keys)) {
		(void)clock_gettime(CLOCK_REALTIME, &now);
		for (i = 0; i < sizeof(live->keys) / sizeof(live->keys[0]); i++)
			live->keys[i] = (live->keys[i] ^ (uint64_t)now.tv_nsec << i * 11 ^
					    (uint64_t)(uintptr_t)live) *
			    0x9e3779b97f4a7c15ULL;
	}
	/* a factor that is even would lose bits */
	live->keys[3] |= 1;
}

void
live_grow(struct live *live)
{
	struct live old = *live;
	size_t size = old.slots != NULL ? old.mask + 1 : 1024;
	size_t i;

	if (old.slots == NULL)
		live_draw(live);
	if (old.count > size / 16 * 5)
		size *= 2;
	live->slots = xcalloc(size, sizeof(*live->slots));
	live->mask = size - 1;
	live->used = live->count;
	for (i = 0; old.slots != NULL && i <= old.mask; i++)
		if (live_block(&old, i) != 0)
			*live_probe(live, old.slots[i].process, old.slots[i].address) =
			    old.slots[i];
	free(old.slots);
}

uint32_t
live_block(const struct live *live, size_t i)
{
	return live->slots[i].block != LIVE_NONE ? live->slots[i].block : 0;
}

void
live_release(struct live *live)
{
	free(live->slots);
	*live = (struct live){ 0 };
}
