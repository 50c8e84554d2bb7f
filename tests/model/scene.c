#include "tests/model/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "preload/modules.h"

/* More states than that are too many: the scene must be made smaller. */
static const uint64_t SCENE_SMALL = 4000000, SCENE_FULL = 300000000;

uint32_t scene_rest;

/* What the constructor leaves. */
static void
scene_begin(void)
{
	static struct module modules[2] = { [1] = { .id = 1 } };
	struct esc_header *header = (struct esc_header *)MODEL_TRACE;

	modules_table = modules;
	scene_rest = !scene->single ? ESC_EVENT_MAX + 8
	    : scene->slots != 0     ? SLOT - sizeof(struct esc_segment)
				    : CHUNK - sizeof(struct esc_segment);
	ring.base = (uint8_t *)MODEL_TRACE;
	ring.tid_offset = KERNEL_TID;
	ring.header = header;
	ring.size = ESC_HEADER_SIZE + SEGMENTS * CHUNK;
	memset(&ring_self, 0, sizeof(ring_self));
	header->magic = ESC_MAGIC;
	header->version = ESC_VERSION;
	header->endian = ESC_ENDIAN;
	header->header_size = ESC_HEADER_SIZE;
	header->arch = ESC_ARCH_X86_64;
	header->mode = ESC_MODE_FULL;
	header->clock = ESC_CLOCK_TSC;
	header->time_shift = ARCH_TIME_SHIFT;
	header->claimed = ESC_HEADER_SIZE;
	header->flags = ESC_FLAG_STARTED;
	header->sample_interval = 1;
	header->reserved_end = ESC_HEADER_SIZE + scene->segments * CHUNK;
	now.world.file_size = header->reserved_end;
	header->start = (struct esc_moment){ 0 };
	header->last = (struct esc_moment){ MODEL_TIME / 2, MODEL_TIME / 2, MODEL_TIME / 2 };
	if (scene->keeper)
		header->clock = ESC_CLOCK_MONOTONIC; /* it reads the real one's ticks else */
	now.world.shared_locks = 1;
	now.world.ticks = scene->ticks;
	now.world.fail = scene->fail;
	threads.space = 20 << 20;
	if (!thread_start(1, false) || !stacks_start())
		model_fail("the model: no memory for threads");
	if (scene->slots != 0) {
		ring.slot = SLOT;
		ring.size = ESC_HEADER_SIZE + (uint64_t)scene->slots * SLOT;
		header->ring_slot = ring.slot;
		header->ring_size = ring.size;
		header->reserved_end = ring.size;
		now.world.file_size = ring.size;
	}
}

const struct scene scenes[] = {
	{
	    .name = "two writers",
	    .says = "two threads of a process claim and write",
	    .begin = scene_begin,
	    .law = law_trace,
	    .threads = 2,
	    .events = 2,
	    .segments = 6,
	    .seen_self = true,
	},
	{
	    .name = "a kill",
	    .says = "the same, killed at any step",
	    .begin = scene_begin,
	    .law = law_trace,
	    .threads = 2,
	    .events = 2,
	    .kills = 1,
	    .segments = 6,
	    .seen_self = true,
	},
	{
	    .name = "a signal",
	    .says = "a handler allocates at any instruction, from the thread's first call on",
	    .begin = scene_begin,
	    .law = law_trace,
	    .threads = 1,
	    .events = 3,
	    .signals = 1,
	    .segments = 8,
	},
	{
	    .name = "two signals",
	    .says = "the same, nested",
	    .begin = scene_begin,
	    .law = law_trace,
	    .threads = 1,
	    .events = 3,
	    .signals = 2,
	    .segments = 10,
	},
	{
	    .name = "a jump",
	    .says = "a handler allocates, and leaves by longjmp",
	    .begin = scene_begin,
	    .law = law_trace,
	    .threads = 1,
	    .events = 4,
	    .signals = 1,
	    .segments = 8,
	    .jumps = true,
	    .stacks = 2,
	},
	{
	    .name = "a fork",
	    .says = "a process forks after its first event; one stack, which each may define",
	    .begin = scene_begin,
	    .law = law_trace,
	    .threads = 1,
	    .events = 2,
	    .forks = 1,
	    .kills = 1,
	    .segments = 10,
	    .stacks = 2,
	},
	{
	    .name = "a keeper",
	    .says = "makes room for two writers, and closes behind them",
	    .begin = scene_begin,
	    .law = law_trace,
	    .threads = 2,
	    .events = 1,
	    .segments = 2,
	    .keeper = true,
	    .ticks = 1,
	},
	{
	    .name = "a killed keeper",
	    .says = "or a killed program, which it closes behind",
	    .begin = scene_begin,
	    .law = law_trace,
	    .threads = 1,
	    .events = 2,
	    .kills = 1,
	    .segments = 1,
	    .keeper = true,
	    .ticks = 1,
	},
	{
	    .name = "a full disk",
	    .says = "which has room again",
	    .begin = scene_begin,
	    .law = law_trace,
	    .threads = 1,
	    .events = 3,
	    .segments = 1,
	    .keeper = true,
	    .ticks = 3,
	    .fail = 1,
	},
	{
	    .name = "a reader",
	    .full = true,
	    .says = "reads while a thread writes",
	    .begin = scene_begin,
	    .law = law_trace,
	    .threads = 1,
	    .events = 2,
	    .segments = 3,
	    .reader = true,
	    .plain = true,
	    .stacks = 2,
	},
	{
	    .name = "a recorder",
	    .full = true,
	    .says = "two threads go round in six slots",
	    .begin = scene_begin,
	    .law = law_trace,
	    .threads = 2,
	    .events = 4,
	    .slots = 6,
	    .single = true,
	    .seen_self = true,
	},
	{
	    .name = "a recorder of two",
	    .full = true,
	    .says = "a process and its child, and a keeper; any of them is killed",
	    .begin = scene_begin,
	    .law = law_trace,
	    .threads = 1,
	    .events = 4,
	    .slots = 5,
	    .forks = 1,
	    .kills = 1,
	    .single = true,
	    .keeper = true,
	    .ticks = 2,
	},
	{
	    .name = "a jump in a recorder",
	    .full = true,
	    .says = "a handler leaves by longjmp, while another thread goes round",
	    .begin = scene_begin,
	    .law = law_trace,
	    .threads = 2,
	    .events = 3,
	    .slots = 5,
	    .signals = 1,
	    .jumps = true,
	    .single = true,
	},
	{
	    .name = "a recorder is read",
	    .full = true,
	    .says = "while a thread goes round",
	    .begin = scene_begin,
	    .law = law_trace,
	    .threads = 1,
	    .events = 5,
	    .slots = 3,
	    .single = true,
	    .reader = true,
	    .plain = true,
	},
	{
	    .name = "a short read",
	    .says = "a reader and one event",
	    .begin = scene_begin,
	    .law = law_trace,
	    .threads = 1,
	    .events = 1,
	    .segments = 3,
	    .reader = true,
	    .plain = true,
	    .stacks = 1,
	},
	{
	    .name = "a short recorder",
	    .says = "two threads and three slots",
	    .begin = scene_begin,
	    .law = law_trace,
	    .threads = 2,
	    .events = 2,
	    .slots = 3,
	    .single = true,
	},
	{
	    .name = "two buffers",
	    .says = "two threads of a process, whose stores reach memory later, in any order",
	    .begin = scene_begin,
	    .law = law_trace,
	    .threads = 2,
	    .events = 1,
	    .segments = 4,
	    .buffer = 2,
	    .weak = true,
	    .seen_self = true,
	},
	{
	    .name = "a buffer is read",
	    .says = "a reader and one event, the same",
	    .begin = scene_begin,
	    .law = law_trace,
	    .threads = 1,
	    .events = 1,
	    .segments = 3,
	    .buffer = 2,
	    .weak = true,
	    .reader = true,
	    .plain = true,
	},
	{
	    .name = "a longer buffer is read",
	    .full = true,
	    .says = "of three stores, and a stack",
	    .begin = scene_begin,
	    .law = law_trace,
	    .threads = 1,
	    .events = 1,
	    .segments = 3,
	    .buffer = 3,
	    .weak = true,
	    .reader = true,
	    .plain = true,
	    .stacks = 1,
	},
	{
	    .name = "a buffer in any order",
	    .full = true,
	    .says = "two threads and three slots, the same",
	    .begin = scene_begin,
	    .law = law_trace,
	    .threads = 2,
	    .events = 1,
	    .slots = 3,
	    .single = true,
	    .buffer = 2,
	    .weak = true,
	},
	{
	    .name = "a buffer and a keeper",
	    .says = "makes room for a writer with the same",
	    .begin = scene_begin,
	    .law = law_trace,
	    .threads = 1,
	    .events = 1,
	    .segments = 1,
	    .buffer = 2,
	    .weak = true,
	    .keeper = true,
	    .ticks = 1,
	},
	{
	    .name = "a buffer in a recorder",
	    .says = "two threads and three slots, whose stores reach memory later",
	    .begin = scene_begin,
	    .law = law_trace,
	    .threads = 2,
	    .events = 1,
	    .slots = 3,
	    .single = true,
	    .buffer = 2,
	},
	{
	    .name = "a fork of two threads",
	    .says = "the same while another thread is at any step of its own",
	    .begin = scene_begin,
	    .law = law_trace,
	    .threads = 2,
	    .events = 2,
	    .forks = 1,
	    .segments = 10,
	    .stacks = 1,
	    .seen_self = true,
	    .full = true,
	},
	{
	    .name = "a closed trace",
	    .says = "is read while its keeper closes it, and makes the sums",
	    .begin = scene_begin,
	    .law = law_trace,
	    .threads = 1,
	    .events = 1,
	    .segments = 3,
	    .keeper = true,
	    .reader = true,
	    .late = true,
	    .grain = 64,
	    .full = true,
	},
	{
	    .name = "a pid again",
	    .says = "a child that has ended, and one with its number; a recorder's keeper",
	    .begin = scene_begin,
	    .law = law_trace,
	    .threads = 1,
	    .events = 3,
	    .slots = 5,
	    .forks = 2,
	    .again = true,
	    .single = true,
	    .keeper = true,
	},
	{
	    .name = "a fork in a handler",
	    .says = "at any instruction; the child allocates there, and ends",
	    .begin = scene_begin,
	    .law = law_trace,
	    .threads = 1,
	    .events = 3,
	    .signals = 1,
	    .forks = 1,
	    .forks_within = true,
	    .segments = 10,
	    .stacks = 2,
	},
	{
	    .name = "a vfork",
	    .says = "the child allocates in its parent's memory, and ends at any instruction",
	    .begin = scene_begin,
	    .law = law_trace,
	    .threads = 1,
	    .events = 5,
	    .signals = 1,
	    .vforks = true,
	    .segments = 8,
	    .stacks = 2,
	},
};

const unsigned int scene_count = sizeof(scenes) / sizeof(*scenes);

void
scene_body(unsigned int actor)
{
	if (actor == ACTORS - 1)
		view_reader();
	else if (actor == ACTORS - 2)
		kernel_keeper();
	else
		hook_thread();
}

static bool
scene_map(uint64_t at, uint64_t size)
{
	return mmap((void *)at, size, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1,
		   0) == (void *)at;
}

/* Each in a process of its own, which has memory as it was. */
static int
scene_run(const struct scene *what, uint64_t most)
{
	int status;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0)
		_exit(search_run(what, most) ? 0 : 3);
	if (child < 0 || waitpid(child, &status, 0) != child)
		return 99;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

/* model small|full [SCENE] */
int
main(int argc, char **argv)
{
	bool full = argc > 1 && strcmp(argv[1], "full") == 0;
	int status, worst = 0;

	if (!scene_map(MODEL_TRACE, ESC_HEADER_SIZE + SEGMENTS * CHUNK) ||
	    !scene_map(MODEL_PRIVATE, MODEL_PRIVATE_SIZE) ||
	    !scene_map(MODEL_COPY, MODEL_COPY_SIZE) ||
	    !scene_map(MODEL_STACKS, (uint64_t)ACTORS * STACK))
		return 99;
	for (unsigned int i = 0; i < scene_count; i++) {
		if (argc > 2 ? strcmp(argv[2], scenes[i].name) != 0 : scenes[i].full && !full)
			continue;
		status = scene_run(&scenes[i], full ? SCENE_FULL : SCENE_SMALL);
		worst = status > worst ? status : worst;
	}
	return worst;
}
