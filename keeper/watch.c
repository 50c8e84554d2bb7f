#include "keeper/watch.h"

#include <errno.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

int
watch_open(int fd)
{
	int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	char path[32];

	if (watch < 0)
		return -1;
	/* The file itself, which may have another name by now, or none. */
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (inotify_add_watch(watch, path, IN_MODIFY) >= 0)
		return watch;
	(void)close(watch);
	return -1;
}

bool
watch_changed(int *watch)
{
	struct inotify_event events[16]; /* none has a name; equal ones are one */
	bool changed = false;
	ssize_t got;

	if (*watch < 0)
		return false;
	while ((got = read(*watch, events, sizeof(events))) > 0)
		changed = true;
	if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
		(void)close(*watch);
		*watch = -1;
		changed = true;
	}
	return changed;
}
