/* What `esc doctor` finds: of the machine, and of a program before it is run. */
#ifndef CMD_DOCTOR_H
#define CMD_DOCTOR_H

#include <stddef.h>

enum doctor_level { DOCTOR_OK, DOCTOR_WARNING, DOCTOR_PROBLEM };

struct doctor_finding {
	enum doctor_level level;
	const char *what; /* static: what was looked at */
	char *text;
	char *advice; /* what to do; NULL: nothing */
};

/* Zero-initialised: nothing yet. */
struct doctor {
	struct doctor_finding *list;
	size_t count, cap;
};

/* Takes text and advice, which may be NULL, over. */
void doctor_add(
    struct doctor *doctor, enum doctor_level level, const char *what, char *text, char *advice);
/* The worst that was found. */
enum doctor_level doctor_worst(const struct doctor *doctor);
void doctor_release(struct doctor *doctor);

/* --- doctor_machine.c --- */

/* Kernel, C library, our own files, limits, the current directory. */
void doctor_machine(struct doctor *doctor);

/* --- doctor_program.c --- */

/* argv: the program, by its name one of PATH. */
void doctor_program(struct doctor *doctor, char **argv);

/* --- doctor_libraries.c --- */

struct elf_file;

/* What the program at `path`, open as `file`, links, as far as it can be found without the
 * loader: whose malloc it is, sanitizers, what is not there. */
void doctor_libraries(struct doctor *doctor, const char *path, const struct elf_file *file);

/* --- doctor_names.c --- */

/* Where its functions and lines will come from, and how to get what is missing. */
void doctor_names(struct doctor *doctor, const char *path, const struct elf_file *file);

#endif
