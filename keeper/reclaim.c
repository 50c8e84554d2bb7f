#include "keeper/reclaim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RECLAIM_PROCESSES = 1 << 16 }; /* higher numbers are left alone */

struct reclaim {
	int fd;
	const struct esc_header *header;
	uint8_t *slot;   /* room for one */
	uint32_t *pids;  /* by number of the process; 0: unknown */
	uint8_t *open;   /* it has open segments */
	uint8_t *gone;   /* its pid is nobody's */
	uint32_t limit;  /* numbers are below that */
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

static void
reclaim_define(struct reclaim *self, const struct esc_segment *segment)
{
	struct esc_def_process def;
	uint32_t used = segment->used, at = 0;

	if (used > segment->size - sizeof(*segment))
		used = segment->size - (uint32_t)sizeof(*segment);
	while (at + sizeof(def) <= used) {
		memcpy(&def, self->slot + sizeof(*segment) + at, sizeof(def));
		if (def.def.type == ESC_DEF_PROCESS && def.def.id < self->limit)
			self->pids[def.def.id] = def.pid;
		at += def.def.slots > 1 && def.def.type != ESC_DEF_NONE
		    ? (uint32_t)def.def.slots * ESC_SLOT
		    : ESC_SLOT;
	}
}

/* Reads the head of the segment at `at`; false: there is none. */
static bool
reclaim_read(const struct reclaim *self, uint64_t at, struct esc_segment *segment)
{
	if (pread(self->fd, segment, sizeof(*segment), (off_t)at) != (ssize_t)sizeof(*segment))
		return false;
	return segment->magic == ESC_SEGMENT_MAGIC && segment->size == self->header->ring_slot;
}

/* And all of it. */
static bool
reclaim_read_all(const struct reclaim *self, uint64_t at)
{
	return pread(self->fd, self->slot, self->header->ring_slot, (off_t)at) ==
	    (ssize_t)self->header->ring_slot;
}

static bool
reclaim_is_open(const struct reclaim *self, const struct esc_segment *segment)
{
	return segment->kind == ESC_SEGMENT_EVENTS && segment->state == ESC_SLOT_OPEN &&
	    segment->process < self->limit && segment->used <= segment->size - sizeof(*segment);
}

static void
reclaim_look(struct reclaim *self)
{
	uint64_t at = ESC_HEADER_SIZE;
	struct esc_segment segment;

	for (; at + self->header->ring_slot <= self->header->ring_size;
	     at += self->header->ring_slot) {
		if (!reclaim_read(self, at, &segment))
			continue;
		if (segment.kind == ESC_SEGMENT_DEFS && reclaim_read_all(self, at))
			reclaim_define(self, &segment);
		else if (reclaim_is_open(self, &segment))
			self->open[segment.process] = 1;
	}
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
	uint32_t pid, i;

	while (all != NULL && (entry = readdir(all)) != NULL) {
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		pid = reclaim_own_pid(entry->d_name);
		if (pid == 0) {
			self->told_alive = false;
			break;
		}
		self->told_alive |= pid == (uint32_t)getpid();
		for (i = 1; i < self->limit; i++)
			if (self->pids[i] == pid)
				self->gone[i] = 0;
	}
	if (all != NULL)
		(void)closedir(all);
}

/* Whether there is anybody to reclaim from. */
static bool
reclaim_judge(struct reclaim *self)
{
	bool any = false;
	uint32_t i;

	for (i = 1; i < self->limit; i++)
		if (self->open[i] && self->pids[i] != 0 && kill((pid_t)self->pids[i], 0) != 0 &&
		    errno == ESRCH) {
			self->gone[i] = 1;
			any = true;
		}
	if (any)
		reclaim_spare(self);
	return any && self->told_alive;
}

static unsigned
reclaim_retire(struct reclaim *self)
{
	const uint32_t retired = ESC_SLOT_RETIRED;
	uint64_t at = ESC_HEADER_SIZE, end;
	struct esc_segment segment;
	unsigned count = 0;

	for (; at + self->header->ring_slot <= self->header->ring_size;
	     at += self->header->ring_slot) {
		if (!reclaim_read(self, at, &segment) || !reclaim_is_open(self, &segment) ||
		    !self->gone[segment.process] || !reclaim_read_all(self, at))
			continue;
		end = reclaim_end(self->header, &segment, self->slot + sizeof(segment));
		if (pwrite(self->fd, &end, sizeof(end),
			(off_t)(at + offsetof(struct esc_segment, end))) == sizeof(end) &&
		    pwrite(self->fd, &retired, sizeof(retired),
			(off_t)(at + offsetof(struct esc_segment, state))) == sizeof(retired))
			count++;
	}
	return count;
}

unsigned
reclaim_segments(int fd, const struct esc_header *header)
{
	struct reclaim self = { .fd = fd, .header = header };
	uint32_t processes = __atomic_load_n(&header->processes, __ATOMIC_ACQUIRE);
	unsigned count = 0;

	if (processes < 2 || header->ring_slot < ESC_SEGMENT_MIN ||
	    header->ring_slot > ESC_SEGMENT_MAX)
		return 0;
	self.limit = processes < RECLAIM_PROCESSES ? processes + 1 : RECLAIM_PROCESSES;
	self.slot = malloc(header->ring_slot);
	self.pids = calloc(self.limit, sizeof(*self.pids));
	self.open = calloc(self.limit, 2);
	if (self.slot != NULL && self.pids != NULL && self.open != NULL) {
		self.gone = self.open + self.limit;
		reclaim_look(&self);
		if (reclaim_judge(&self))
			count = reclaim_retire(&self);
	}
	free(self.slot);
	free(self.pids);
	free(self.open);
	return count;
}
