#include "config.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/cmd/doctor.h"
#include "analyzer/cmd/elf_file.h"
#include "analyzer/cmd/record.h"
#include "analyzer/util/err.h"
#include "analyzer/util/xalloc.h"

static bool
doctor_starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* The last part of a path. */
static const char *
doctor_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void
doctor_frames(struct doctor *doctor, const struct elf_file *file)
{
	/* a function has 24 bytes of it or more, and is seldom longer than a page */
	enum { SPARSE = 256 };
	const Elf64_Shdr *frames = elf_file_section(file, ".eh_frame");
	const Elf64_Shdr *text = elf_file_section(file, ".text");

	if (!file->sections)
		return;
	if (frames && text && text->sh_size / SPARSE > frames->sh_size)
		doctor_add(doctor, DOCTOR_WARNING, "frames",
		    xstrdup("its .eh_frame covers hardly any of its functions: stacks end in them"),
		    xstrdup("compile with -fasynchronous-unwind-tables"));
	else if (frames && frames->sh_size > sizeof(uint32_t) &&
	    elf_file_has_segment(file, PT_GNU_EH_FRAME))
		doctor_add(doctor, DOCTOR_OK, "frames", xstrdup("it has .eh_frame"), NULL);
	else
		doctor_add(doctor, DOCTOR_WARNING, "frames",
		    xasprintf("it has no .eh_frame%s: stacks end in its functions",
			frames ? "_hdr, by which that is found" : ""),
		    xstrdup("compile with -fasynchronous-unwind-tables, link with "
			    "--eh-frame-hdr"));
}

/* What allocates by means that are not malloc. */
static void
doctor_runtime(struct doctor *doctor, const char *path, const struct elf_file *file)
{
	const char *base = doctor_base(path);
	const char *pools = getenv("PYTHONMALLOC");

	if (elf_file_section(file, ".gopclntab") || elf_file_section(file, ".note.go.buildid"))
		doctor_add(doctor, DOCTOR_WARNING, "runtime",
		    xstrdup("Go: its own heap is not malloc's, only what its C code allocates is "
			    "seen"),
		    xstrdup("for the rest: go build -gcflags=-m, and Go's own heap profile"));
	if (doctor_starts(base, "python") && (!pools || strcmp(pools, "malloc") != 0))
		doctor_add(doctor, DOCTOR_WARNING, "runtime",
		    xstrdup("Python keeps blocks of up to 512 bytes in pools of its own"),
		    xstrdup("set PYTHONMALLOC=malloc for the run"));
	if (doctor_starts(base, "java") || doctor_starts(base, "node"))
		doctor_add(doctor, DOCTOR_WARNING, "runtime",
		    xstrdup("compiles at run time and collects garbage: only what its native "
			    "code allocates is seen, and stacks end in compiled code"),
		    NULL);
}

/* The ELF file that will run. */
static void
doctor_elf(struct doctor *doctor, const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct elf_file file = { .fd = -1 };

	if (fd < 0) {
		doctor_add(doctor, DOCTOR_WARNING, "program",
		    xasprintf("%s cannot be read: %m", path),
		    xstrdup("names of its functions and its machine code will be missing"));
		return;
	}
	if (elf_file_read(&file, fd) == 0) {
		doctor_runtime(doctor, path, &file);
		doctor_libraries(doctor, path, &file);
		doctor_frames(doctor, &file);
		doctor_names(doctor, path, &file);
	}
	elf_file_release(&file);
	close(fd);
}

/* What esc record refuses, by the same check; behind a ; stands what to do. */
static void
doctor_refused(struct doctor *doctor, char *why)
{
	char *advice = strstr(why, "; ");

	if (advice)
		*advice = '\0';
	doctor_add(doctor, DOCTOR_PROBLEM, "preload", why, advice ? xstrdup(advice + 2) : NULL);
}

void
doctor_program(struct doctor *doctor, char **argv)
{
	struct record record = { .argv = argv, .trace_fd = -1 };
	struct err err = { "" };
	char *why, *real;

	if (record_find_program(&record, &err) != 0) {
		doctor_add(doctor, DOCTOR_PROBLEM, "program", xstrdup(err.text),
		    xstrdup("name a program as a shell would run it"));
		record_release(&record);
		return;
	}
	why = record_check(&record);
	real = realpath(record.program, NULL);
	if (real && strcmp(real, record.exe) != 0)
		doctor_add(doctor, DOCTOR_OK, "program",
		    xasprintf("%s is a script: %s runs, and is what is looked at", record.program,
			record.exe),
		    NULL);
	else
		doctor_add(doctor, DOCTOR_OK, "program", xstrdup(record.exe), NULL);
	free(real);
	if (why)
		doctor_refused(doctor, why);
	else
		doctor_add(
		    doctor, DOCTOR_OK, "preload", xstrdup("its loader takes libesc.so"), NULL);
	doctor_elf(doctor, record.exe);
	record_release(&record);
}
