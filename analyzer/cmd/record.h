/* `esc record`, in parts: also `esc run` starts programs with it. */
#ifndef CMD_RECORD_H
#define CMD_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct esc_header;

enum { RECORD_PATTERNS = 2000 }; /* bytes of `child` or `exclude` at most */

/* CPU time, in seconds; zeroes where it is not known. */
struct record_usage {
	double own;
	double children; /* of those that it waited for, and those that these did */
};

struct record {
	/* what is wanted; zero-initialised: auto mode, esc.PROG.PID.esc */
	char **argv;        /* the program and its arguments, NULL ended */
	const char *output; /* a pattern, a directory, or NULL */
	uint64_t sample;    /* mean bytes between samples; 0: none are drawn */
	const char *budget; /* of auto mode, per cent; NULL: the shim's default */
	bool full;          /* record everything */
	uint64_t ring;      /* bytes of a flight recorder's trace; 0: it grows */
	uint64_t depth;     /* most frames of a stack; 0: the shim's default */
	uint64_t cost;      /* one event in that many is timed; 0: default */
	bool force;         /* replace a trace that is there */
	bool taken;         /* the trace's name is another file's */
	bool strict;        /* do not run what cannot be profiled */
	bool follow;        /* trace what the program's children exec, too */
	bool exact;         /* mark return addresses */
	bool check;         /* compare stacks with libunwind's */
	bool hide_command;  /* no arguments in the trace */
	bool pack;          /* pack the trace in the end */
	bool quiet;         /* no line that says where the trace is */
	char *child;        /* patterns of programs, '/' between them; owned; NULL: all */
	char *exclude;      /* the same: of these none */
	uint64_t after;     /* hundredths of a second until it records */
	uint64_t duration;  /* the same, from then on; 0: to the end */
	int pause;          /* signal that pauses and resumes; 0: none */

	/* what is found on the way; owned, see record_release */
	char *program;    /* what exec will run, found in PATH */
	char *exe;        /* the ELF file that is, or interprets, the program */
	char *trace;      /* absolute path; NULL: none is made */
	char *lib;        /* libesc.so */
	char *lib_any;    /* by $LIB: also for 32-bit children, see record_find_any; or NULL */
	bool usual;       /* exe's loader is the system's, which knows lib_any */
	char *keeper;     /* esc-keeper for traces of children; NULL: not found */
	int trace_fd;     /* -1: none */
	uint64_t session; /* in all traces of this run */
	pid_t pid;        /* of the program, once it was started */
	int wait_status;  /* of the program, once it ended */
	struct record_usage usage; /* the same */
	bool running;              /* processes of it still run */
};

/* What a trace holds, from its header and the heads of its segments. */
struct record_summary {
	uint64_t allocations;
	uint64_t frees;
	uint64_t dropped;
	uint64_t checked; /* captures compared with libunwind's */
	uint64_t differed;
	uint64_t ring;        /* bytes of a flight recorder; 0: it is none */
	uint64_t missing;     /* definitions that had no room */
	uint32_t processes;   /* that were seen to call malloc or free */
	double lost_from;     /* seconds after the start: of the first of `dropped` */
	double lost_until;    /* of the last; 0: not known */
	const char *lost_why; /* static text */
	uint32_t flags;       /* enum esc_flag */
	uint32_t unmarked;    /* enum esc_unmarked */
	bool emptied;         /* it has no header any more: somebody cut or overwrote it */
	char allocator[256];
	char runtime[64];
};

/*
 * Runs the program. Returns CMD_OK if it ran, its status in wait_status; else
 * what esc should exit with, said on stderr.
 */
int record_run(struct record *record);
/* Exit status for what became of the program; does not return if a signal
 * ended it, but dies of the same. */
int record_exit(const struct record *record);
void record_release(struct record *record);

/* --- record_find.c --- */

/* Fills program; 0, or CMD_NOT_FOUND, CMD_NOT_EXECUTABLE with err set. */
int record_find_program(struct record *record, struct err *err);
/* Fills lib, lib_any and keeper: 0, or -1 with err set. */
int record_find_lib(struct record *record, struct err *err);

/* --- record_check.c --- */

/*
 * Why `program` cannot be profiled, with what to do, or NULL: a text for the
 * user, which the caller frees. Fills exe and usual.
 */
char *record_check(struct record *record);
/* Whether a library of that name is a sanitizer's runtime. */
bool record_check_is_sanitizer(const char *library);

/* --- record_trace.c --- */

/* A number that no other run has: 48 bits, not 0. */
uint64_t record_trace_session(void);
/* Makes the trace of process `pid`, fills trace and trace_fd: 0, or -1. */
int record_trace_create(struct record *record, pid_t pid, struct err *err);
/* Closes and removes it again. */
void record_trace_drop(struct record *record);
/* Reads what it holds: 0, or -1 with err set. */
int record_trace_summary(const char *path, struct record_summary *summary, struct err *err);

/*
 * The trace of the program's last image: where it replaced itself by another
 * (exec), that has a trace of its own beside the first. The caller frees it.
 */
char *record_trace_last(const struct record *record);
/* Waits, at most 2 s, until the trace is closed. */
void record_trace_settle(const char *path);

/* --- record_start.c --- */

struct record_child {
	pid_t pid;
	pid_t keeper; /* 0: none */
	bool again;   /* it is the second: the first was killed */
	int gone;     /* closed when the program has ended: the keeper's sign */
	int go;       /* closed when it may start */
	int failed;   /* its end says why exec failed */
};

/* Forks the program; it waits for record_start_go. 0, or -1 with err set. */
int record_start_fork(struct record *record, struct record_child *child, struct err *err);
/* Starts the keeper of the trace: 0, or -1 with err set. */
int record_start_keeper(const struct record *record, struct record_child *child, struct err *err);
/* Lets it exec: 0, or the errno with which that failed. */
int record_start_go(const struct record *record, struct record_child *child);
/* Forgets a program that shall not run after all. */
void record_start_cancel(struct record_child *child);
/* Waits until it ended; fills pid and wait_status: 0, or -1 with err set where nobody can
 * tell how. */
int record_start_wait(struct record *record, struct record_child *child, struct err *err);
/* Waits for the keeper, unless processes still run: fills running. */
void record_start_finish(struct record *record, struct record_child *child);

/* --- record_pause.c --- */

/* The number of the signal of that name (USR1, SIGUSR1, 10); 0: there is none, or it is
 * one that has its meaning for a launcher. */
int record_pause_number(const char *name);
/* Sets when the trace that is made begins and ends. */
void record_pause_times(const struct record *record, struct esc_header *header);
/* Pauses all of the run, or resumes it; says so, and if it cannot. keeper: see
 * record_child. */
void record_pause_toggle(const struct record *record, pid_t keeper);

/* --- record_signals.c: state of the process, for one program at a time --- */

/*
 * From now on what is sent to us is the program's, whose process was forked before:
 * every signal is blocked here.
 */
void record_signals_take(const struct record *record, pid_t program);
/* The trace is there, and kept: from now on the signal record->pause is ours. */
void record_signals_pause(const struct record *record, pid_t keeper);
/* Waits for its end and hands signals on, stops while it is stopped. Its wait status, or
 * -1 with errno where nobody can tell; fills usage. */
int record_signals_wait(struct record_usage *usage);
/* Signals are ours again. Without record_signals_take: nothing. */
void record_signals_release(void);

/* --- record_children.c --- */

/* Fills usage by /proc, of a process that has ended and was not waited for yet; what
 * cannot be read leaves it as it is. */
void record_children_look(pid_t pid, struct record_usage *usage);
/* Without --follow-fork: says so where most was done by programs that are not traced. */
void record_children_say(const struct record *record, const struct record_summary *summary);

#endif
