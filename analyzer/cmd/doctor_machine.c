#include "config.h"

#include <gnu/libc-version.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "analyzer/cmd/doctor.h"
#include "analyzer/cmd/record.h"
#include "analyzer/util/err.h"
#include "analyzer/util/files.h"
#include "analyzer/util/show.h"
#include "analyzer/util/xalloc.h"

#define DOCTOR_GLIBC "2.35" /* has _dl_find_object */

/* What a trace should have at least, and the part of a file system that is left to others. */
enum { DOCTOR_ROOM = 64 << 20, DOCTOR_KEPT = 32 };

static void
doctor_versions(struct doctor *doctor)
{
	struct utsname name;
	const char *glibc = gnu_get_libc_version();
	bool is_old;

	if (uname(&name) == 0)
		doctor_add(doctor, DOCTOR_OK, "kernel",
		    xasprintf("%s %s, %s", name.sysname, name.release, name.machine), NULL);
	is_old = strverscmp(glibc, DOCTOR_GLIBC) < 0;
	doctor_add(doctor, is_old ? DOCTOR_PROBLEM : DOCTOR_OK, "glibc", xstrdup(glibc),
	    is_old ? xstrdup("esc needs " DOCTOR_GLIBC " or newer") : NULL);
}

static void
doctor_files(struct doctor *doctor)
{
	struct record record = { .trace_fd = -1 };
	struct err err = { "" };

	if (record_find_lib(&record, &err) == 0)
		doctor_add(doctor, DOCTOR_OK, "libesc.so", xstrdup(record.lib), NULL);
	else
		doctor_add(doctor, DOCTOR_PROBLEM, "libesc.so", xstrdup(err.text),
		    xstrdup("install esc, or name the file in ESC_LIB"));
	if (record.keeper)
		doctor_add(doctor, DOCTOR_OK, "esc-keeper", xstrdup(record.keeper), NULL);
	else
		doctor_add(doctor, DOCTOR_WARNING, "esc-keeper",
		    xstrdup("not found: traces of children get room by themselves, and are not "
			    "closed"),
		    xstrdup("install esc as a whole"));
	record_release(&record);
}

static void
doctor_preload(struct doctor *doctor)
{
	const char *preload = getenv("LD_PRELOAD");

	if (!preload || *preload == '\0')
		doctor_add(doctor, DOCTOR_OK, "LD_PRELOAD", xstrdup("not set"), NULL);
	else
		doctor_add(doctor, DOCTOR_WARNING, "LD_PRELOAD", xstrdup(preload),
		    xstrdup("libesc.so is put before these; unset it if one of them replaces "
			    "malloc"));
}

static void
doctor_limit(struct doctor *doctor, int resource, const char *what, const char *effect)
{
	struct rlimit limit;
	char text[SHOW_SIZE];

	if (getrlimit((__rlimit_resource_t)resource, &limit) != 0)
		return;
	if (limit.rlim_cur == RLIM_INFINITY)
		doctor_add(doctor, DOCTOR_OK, what, xstrdup("no limit"), NULL);
	else
		doctor_add(doctor, DOCTOR_WARNING, what,
		    xasprintf("%s: %s", show_bytes(text, (double)limit.rlim_cur), effect),
		    xstrdup("raise it with ulimit before the run"));
}

/* The current directory, where esc record puts a trace unless it is told otherwise. */
static void
doctor_room(struct doctor *doctor)
{
	struct statvfs status;
	char free_text[SHOW_SIZE], used_text[SHOW_SIZE];
	char path[] = "./.esc-doctor.XXXXXX";
	double room, kept;
	int fd;

	fd = files_create(path);
	if (fd < 0) {
		doctor_add(doctor, DOCTOR_PROBLEM, "directory",
		    xasprintf("no trace can be made in the current one: %m"),
		    xstrdup("esc record -o DIR"));
		return;
	}
	close(fd);
	unlink(path);
	if (statvfs(".", &status) != 0)
		return;
	kept = (double)status.f_blocks / DOCTOR_KEPT * (double)status.f_frsize;
	room = (double)status.f_bavail * (double)status.f_frsize - kept;
	room = room > 0 ? room : 0;
	doctor_add(doctor,
	    room >= DOCTOR_ROOM ? DOCTOR_OK
		: room > 0      ? DOCTOR_WARNING
				: DOCTOR_PROBLEM,
	    "room",
	    xasprintf("%s for traces here (a 32nd of the file system, %s, is left to others)",
		show_bytes(free_text, room), show_bytes(used_text, kept)),
	    room >= DOCTOR_ROOM ? NULL : xstrdup("free some, esc record -o DIR, or --ring=SIZE"));
}

/* Whether return addresses are checked by the processor here, so that none can be marked. */
static void
doctor_shadow(struct doctor *doctor)
{
	static const char key[] = "x86_Thread_features:";
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];
	bool is_on = false;

	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, key, strlen(key)) == 0 && strstr(line, "shstk"))
			is_on = true;
	if (file)
		fclose(file);
	doctor_add(doctor, is_on ? DOCTOR_WARNING : DOCTOR_OK, "shadow stack",
	    xstrdup(is_on ? "on: --exact cannot mark return addresses" : "off"),
	    is_on ? xstrdup("run without --exact, or without the shadow stack (GLIBC_TUNABLES)")
		  : NULL);
}

void
doctor_machine(struct doctor *doctor)
{
	doctor_versions(doctor);
	doctor_files(doctor);
	doctor_room(doctor);
	doctor_limit(doctor, RLIMIT_FSIZE, "file size limit", "a trace ends there");
	doctor_limit(doctor, RLIMIT_AS, "address space limit",
	    "a trace is mapped, and takes of it what it is long");
	doctor_preload(doctor);
	doctor_shadow(doctor);
	doctor_add(doctor, DOCTOR_OK, "perf_event", xstrdup("esc does not use it"), NULL);
}
