/* The system calls of the model. */
#include "tests/model/model.h"

#include <string.h>
#include <sys/syscall.h>

long
arch_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	long at = (long)(MODEL_PRIVATE + now.world.arena);

	(void)a, (void)c, (void)d, (void)e, (void)f;
	if (nr != SYS_mmap)
		return 0;
	if (now.world.arena + (uint64_t)b > MODEL_PRIVATE_SIZE)
		return -12;
	now.world.arena += ((uint64_t)b + 4095) & ~4095ULL;
	return at;
}

/* The child goes on where the parent is about to. */
void
kernel_fork(unsigned int child)
{
	struct actor *parent = &now.actors[acting], *actor = &now.actors[child];
	unsigned int process = 1;

	while (now.world.shared_locks >> process & 1)
		process++;
	*actor = *parent;
	actor->code = 1;
	actor->process = (uint8_t)process;
	actor->tls = thread_tls;
	memset(&actor->local, 0, sizeof(actor->local));
	actor->local.number = (uint8_t)child;
	memcpy(now.private[process], now.private[parent->process], sizeof(now.private[process]));
	now.private[process][memory_place(&ring_self)] = 0; /* MADV_WIPEONFORK */
	now.world.shared_locks |= (uint8_t)(1U << process);
}

/* Its locks go with the last of a process's actors. */
void
kernel_die(struct state *state, unsigned int process)
{
	for (unsigned int i = 0; i < ACTORS; i++)
		if (state->actors[i].process == process && state->actors[i].status == STATUS_READY)
			return;
	state->world.shared_locks &= (uint8_t) ~(1U << process);
	if (process == KEEPER_PROCESS)
		state->world.exclusive = 0;
}

/* What a pause waits for: the header, or the process's page. */
uint64_t
kernel_seen(const struct state *state, unsigned int process)
{
	return state->shared[0] + ((uint64_t)state->shared[1] << 20) +
	    ((uint64_t)state->private[process][memory_place(&ring_self)] << 40);
}

bool
kernel_ready(const struct state *state, unsigned int i)
{
	const struct actor *actor = &state->actors[i];

	switch ((enum pending)actor->pending) {
	case PENDING_PAUSE: return kernel_seen(state, actor->process) != actor->seen;
	default: return true;
	}
}

void
kernel_keeper(void)
{
}

void
kernel_reader(void)
{
}
