#include "keeper/pause.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "preload/record.h"

const struct esc_header *
pause_first(const char *path, const struct esc_header *own)
{
	int fd = path != NULL ? open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;
	const struct esc_header *header;
	struct stat status;
	void *pages = MAP_FAILED;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size >= ESC_HEADER_SIZE)
		pages = mmap(NULL, ESC_HEADER_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	(void)close(fd);
	if (pages == MAP_FAILED)
		return NULL;
	header = pages;
	if (header->magic == ESC_MAGIC && own->session != 0 && header->session == own->session)
		return header;
	(void)munmap(pages, ESC_HEADER_SIZE);
	return NULL;
}

static uint32_t
pause_why(const struct esc_gate *gate, const struct esc_gate *asked, uint64_t now)
{
	uint32_t why = 0;

	if (now < gate->begin_at)
		why |= ESC_GATE_BEFORE;
	if (gate->end_at != 0 && now >= gate->end_at)
		why |= ESC_GATE_BEHIND;
	if (__atomic_load_n(&asked->asked, __ATOMIC_RELAXED) == ESC_PAUSE_ASKED)
		why |= ESC_GATE_ASKED;
	return why;
}

void
pause_follow(struct esc_header *own, const struct esc_header *first, uint64_t now)
{
	struct esc_gate *gate = &own->gate;
	uint32_t old = gate->closed, why;

	if ((__atomic_load_n(&own->flags, __ATOMIC_ACQUIRE) & ESC_FLAG_STARTED) == 0)
		return;
	why = pause_why(gate, first != NULL ? &first->gate : gate, now);
	if (why == old)
		return;
	if (old == 0) {
		gate->since = now;
		gate->pauses++;
	} else if (why == 0) {
		gate->paused += now > gate->since ? now - gate->since : 0;
		gate->since = 0;
	}
	__atomic_store_n(&gate->closed, why, __ATOMIC_RELEASE);
}

int
pause_wait(const struct esc_header *own, uint64_t now, int wait)
{
	const uint64_t ms = 1000000;
	uint64_t next = own->gate.begin_at > now ? own->gate.begin_at : own->gate.end_at;

	if (next <= now || next - now > (uint64_t)wait * ms)
		return wait;
	return (int)((next - now + ms - 1) / ms);
}
