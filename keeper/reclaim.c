#include "keeper/reclaim.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct reclaim {
	uint8_t *trace; /* mapped */
	uint64_t end;   /* of the segments */
	uint32_t slot;  /* bytes of each */
	uint32_t *seen; /* how often each was used, when its pid was looked at */
	uint32_t *pids; /* of open segments, sorted, each once */
	size_t count;
	uint8_t *gone;   /* whether it is nobody's */
	bool told_alive; /* who lives can be told */
};

uint64_t
reclaim_end(
    const struct esc_header *header, const struct esc_segment *segment, const uint8_t *payload)
{
	static const uint8_t times[] = { 1, 2, 4, 8 }, addresses[] = { 0, 2, 3, 7 };
	static const uint8_t stacks[] = { 0, 1, 2, 4 }, sizes[] = { 0, 1, 2, 8 };
	uint64_t end = segment->base;
	uint32_t at = 0;

	while (at + 2 <= segment->used) {
		uint64_t time = 0;
		uint16_t control;
		uint32_t kept, length;

		memcpy(&control, payload + at, 2);
		length = times[control >> ESC_CONTROL_TIME_SHIFT & 3];
		if (at + 2 + length > segment->used)
			break;
		memcpy(&time, payload + at + 2, length);
		end += time << header->time_shift;
		at += 2 + length + addresses[control >> ESC_CONTROL_ADDRESS_SHIFT & 3] +
		    stacks[control >> ESC_CONTROL_STACK_SHIFT & 3] +
		    sizes[control >> ESC_CONTROL_SIZE_SHIFT & 3];
		at += (control & ESC_CONTROL_COST) != 0 ? 2 : 0;
		kept = at;
		at += (control & ESC_CONTROL_KEPT) != 0 ? 2 : 0;
		if ((control & ESC_CONTROL_KEPT) != 0 && at <= segment->used &&
		    (payload[kept + 1] & ESC_KEPT_PROVED >> 8) != 0)
			at += 2;
		at += (control & ESC_CONTROL_REGION) != 0 ? 2 : 0;
	}
	return end;
}

/* --- Who wrote --- */

static struct esc_segment *
reclaim_at(const struct reclaim *self, uint64_t at)
{
	return (struct esc_segment *)(void *)(self->trace + at);
}

/* The pid of who has it, open or about to be; 0: nobody, or it is not known. */
static uint32_t
reclaim_pid(const struct esc_segment *segment)
{
	uint32_t state = __atomic_load_n(&segment->state, __ATOMIC_ACQUIRE);
	uint64_t pid;

	if ((state & ((1U << ESC_SLOT_PID) - 1)) == ESC_SLOT_TAKEN)
		return state >> ESC_SLOT_PID;
	if (state != ESC_SLOT_OPEN)
		return 0;
	pid = __atomic_load_n(&segment->end, __ATOMIC_ACQUIRE);
	/* Else its writer has just left it. */
	return __atomic_load_n(&segment->state, __ATOMIC_ACQUIRE) == state ? (uint32_t)pid : 0;
}

static uint32_t *
reclaim_seen(const struct reclaim *self, uint64_t at)
{
	return &self->seen[(at - ESC_HEADER_SIZE) / self->slot];
}

static int
reclaim_compare(const void *left, const void *right)
{
	const uint32_t *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

static void
reclaim_look(struct reclaim *self)
{
	size_t i, all = 0;
	uint64_t at;

	for (at = ESC_HEADER_SIZE; at < self->end; at += self->slot) {
		*reclaim_seen(self, at) =
		    __atomic_load_n(&reclaim_at(self, at)->generation, __ATOMIC_ACQUIRE);
		self->pids[all] = reclaim_pid(reclaim_at(self, at));
		all += self->pids[all] != 0;
	}
	qsort(self->pids, all, sizeof(*self->pids), reclaim_compare);
	for (i = 0; i < all; i++)
		if (self->count == 0 || self->pids[self->count - 1] != self->pids[i])
			self->pids[self->count++] = self->pids[i];
}

/* Its index in pids; SIZE_MAX: it is not there. */
static size_t
reclaim_find(const struct reclaim *self, uint32_t pid)
{
	const uint32_t *found =
	    bsearch(&pid, self->pids, self->count, sizeof(*self->pids), reclaim_compare);

	return found != NULL ? (size_t)(found - self->pids) : SIZE_MAX;
}

/* --- Who lives --- */

/* The number that a process has for itself, the last of its NSpid; 0: unknown. */
static uint32_t
reclaim_own_pid(const char *process)
{
	char path[300], line[256];
	unsigned long pid = 0;
	FILE *in;

	(void)snprintf(path, sizeof(path), "/proc/%s/status", process);
	in = fopen(path, "re");
	if (in == NULL)
		return errno == ENOENT || errno == ESRCH ? UINT32_MAX : 0;
	while (fgets(line, sizeof(line), in) != NULL)
		if (strncmp(line, "NSpid:", 6) == 0) {
			char *last = strrchr(line, '\t');

			pid = last != NULL ? strtoul(last, NULL, 10) : 0;
		}
	(void)fclose(in);
	return (uint32_t)pid;
}

/*
 * A process in a pid namespace of its own has recorded the number that it has there.
 * Whoever has one of those numbers, wherever, may be the one.
 */
static void
reclaim_spare(struct reclaim *self)
{
	DIR *all = opendir("/proc");
	const struct dirent *entry;
	uint32_t pid;
	size_t at;

	while (all != NULL && (entry = readdir(all)) != NULL) {
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		pid = reclaim_own_pid(entry->d_name);
		if (pid == 0) {
			self->told_alive = false;
			break;
		}
		self->told_alive |= pid == (uint32_t)getpid();
		at = reclaim_find(self, pid);
		if (at != SIZE_MAX)
			self->gone[at] = 0;
	}
	if (all != NULL)
		(void)closedir(all);
}

/* Whether there is anybody to reclaim from. */
static bool
reclaim_judge(struct reclaim *self)
{
	bool any = false;
	size_t i;

	for (i = 0; i < self->count; i++)
		if (kill((pid_t)self->pids[i], 0) != 0 && errno == ESRCH) {
			self->gone[i] = 1;
			any = true;
		}
	if (any)
		reclaim_spare(self);
	return any && self->told_alive;
}

/* What the slot has; nothing, if it was not begun when its process ended. */
static uint64_t
reclaim_last(const struct reclaim *self, const struct esc_segment *segment)
{
	if (segment->magic != ESC_SEGMENT_MAGIC || segment->kind != ESC_SEGMENT_EVENTS ||
	    segment->used > self->slot - sizeof(*segment))
		return 0;
	return reclaim_end((const void *)self->trace, segment, (const uint8_t *)(segment + 1));
}

/* Who has taken one since it was looked at, may have the number of one that is gone. */
static unsigned
reclaim_retire(struct reclaim *self)
{
	struct esc_segment *segment;
	unsigned count = 0;
	uint64_t at;
	size_t found;
	uint32_t pid;

	for (at = ESC_HEADER_SIZE; at < self->end; at += self->slot) {
		segment = reclaim_at(self, at);
		pid = reclaim_pid(segment);
		found = pid != 0 ? reclaim_find(self, pid) : SIZE_MAX;
		if (found == SIZE_MAX || !self->gone[found] ||
		    __atomic_load_n(&segment->generation, __ATOMIC_ACQUIRE) !=
			*reclaim_seen(self, at))
			continue;
		segment->end = reclaim_last(self, segment);
		__atomic_store_n(&segment->state, ESC_SLOT_RETIRED, __ATOMIC_RELEASE);
		count++;
	}
	return count;
}

unsigned
reclaim_segments(uint8_t *trace, uint64_t size)
{
	const struct esc_header *header = (const struct esc_header *)(const void *)trace;
	struct reclaim self = { .trace = trace, .slot = header->ring_slot };
	unsigned count = 0;
	size_t slots;

	if (header->processes < 2 || self.slot < ESC_SEGMENT_MIN || self.slot > ESC_SEGMENT_MAX ||
	    self.slot % ESC_PAGE != 0)
		return 0;
	slots = (size_t)((size - ESC_HEADER_SIZE) / self.slot);
	self.end = ESC_HEADER_SIZE + slots * self.slot;
	self.pids = calloc(slots + 1, sizeof(*self.pids));
	self.gone = calloc(slots + 1, 1);
	self.seen = calloc(slots + 1, sizeof(*self.seen));
	if (self.pids != NULL && self.gone != NULL && self.seen != NULL) {
		reclaim_look(&self);
		if (reclaim_judge(&self))
			count = reclaim_retire(&self);
	}
	free(self.pids);
	free(self.gone);
	free(self.seen);
	return count;
}
