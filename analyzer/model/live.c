#include "analyzer/model/live.h"

#include <stdlib.h>
#include <sys/random.h>

#include "analyzer/util/xalloc.h"

void
live_grow(struct live *live)
{
	struct live old = *live;
	size_t size = old.slots != NULL ? old.mask + 1 : 1024;
	size_t i;

	if (old.slots == NULL && getrandom(&live->seed, sizeof(live->seed), GRND_NONBLOCK) < 0)
		live->seed = (uint64_t)(uintptr_t)live;
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
