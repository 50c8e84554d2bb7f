/*
 * Names for places in modules. Alone knows elfutils and the demangler. A file
 * is used only if its build-id is the module's (a module without one: by path).
 *
 * Files are read by processes of their own, one a module (symbol_child.h). Where one
 * fails, its module has failed: what is asked of it from then on is not known.
 *
 * A place resolves to one or more logical frames, innermost (inlined deepest)
 * first; the last is the physical function itself. The same place always gives
 * the same answer.
 */
#ifndef SYMBOL_SYMBOL_H
#define SYMBOL_SYMBOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct flow;
struct symbol; /* the resolver */

/* What the trace says of a module; strings are copied. */
struct symbol_module {
	const char *path; /* "" : unknown */
	const uint8_t *build_id;
	size_t build_id_len;
};

struct symbol_frame {
	const char *function; /* plain (verdicts.md), demangled and qualified, without
	                         arguments, template arguments, [abi:], clone suffixes,
	                         Rust hashes; MODULE+0xSTART of a function
	                         without a name, MODULE+0xOFFSET of a place of which
	                         nothing is known, "[anon exec]" where no module is */
	const char *symbol;   /* linkage name as it stands in the file, or function */
	const char *file;     /* "" unknown; absolute where DWARF allows it */
	uint32_t line;        /* 0 unknown. Frame 0: the line of the place itself;
	                         frame i > 0: where frame i-1 was inlined (call line) */
	uint32_t column;      /* 0 unknown */
	uint64_t instance;    /* identity of the inlined instance in its module (DIE
	                         offset, or function start for the last frame); equal
	                         for two places exactly when both lie in the same instance */
	uint64_t entry;       /* of an inlined instance: address of its first instruction; 0
	                         not known */
	bool inlined;         /* false for the last */
};

struct symbol_place {
	const struct symbol_frame *frames; /* owned by the resolver, live as long as it */
	size_t count;                      /* >= 1 */
	uint64_t function; /* identity of the physical function in its module: start of
	                         the FDE or symbol that holds it, a .cold part mapped to
	                         its parent; 0 when not known */
	bool startup;      /* it is start-up, thread-start or exit code (_start,
	                         __libc_start_main..., start_thread, clone, exit
	                         handlers) of libc, ld.so or Rust's runtime, known by
	                         name or, in a stripped libc, by its unwind entry */
	bool once;         /* such code that enters what it calls here once only: main's
	                      caller, a thread's; not a loop over constructors or handlers */
	bool lacking;      /* what it should be known by is in a split unit (.dwo, .dwp) that
	                      is not there: without inlined frames */
};

/* How well a module's file could be read; for reports. */
enum symbol_state {
	SYMBOL_UNUSED,   /* nothing was asked of it */
	SYMBOL_DWARF,    /* functions, lines, inlined frames */
	SYMBOL_SYMTAB,   /* function names only */
	SYMBOL_PARTIAL,  /* or less: there is more, which cannot be read */
	SYMBOL_MISSING,  /* no such file */
	SYMBOL_MISMATCH, /* the file has another build-id */
	SYMBOL_UNREADABLE,
	SYMBOL_FAILED, /* the process that reads it did: symbol_module_failure */
	SYMBOL_SPLIT,  /* as SYMBOL_DWARF, but of some places that were asked for a split
	                  unit is not there: lines, and no inlined frames */
};

/* Forks: while there is one thread, and before there is much memory. */
struct symbol *symbol_new(void);
void symbol_free(struct symbol *symbol);

/* Where separate debug files lie: "/usr/lib/debug" unless this is called before
 * the first symbol_resolve. NULL: only the modules' own files are read, and no
 * server is asked. root is copied. */
void symbol_set_debug_root(struct symbol *symbol, const char *root);

/*
 * What is found out of modules with a build-id is kept in files of directory, which is
 * made when it is needed, and taken from there instead, where the same files are read by
 * the same program. All answers are the same with and without it. Unless this is
 * called before the first symbol_resolve, or with NULL: nothing is kept. directory is
 * copied.
 */
void symbol_set_cache(struct symbol *symbol, const char *directory);

/* What came from there. */
struct symbol_cached {
	uint64_t modules; /* of which something was there */
	uint64_t found;   /* answers */
	uint64_t added;   /* those that were not */
	uint64_t written; /* modules whose files were */
};

/* Writes what is new. A file that cannot be written is left out. */
void symbol_save_cache(struct symbol *symbol, struct symbol_cached *cached);

/* Makes a module known; returns its handle, from 0 in order of the calls. Opens
 * nothing yet. Two with the same path and build-id share the work. */
uint32_t symbol_add_module(struct symbol *symbol, const struct symbol_module *module);

/*
 * Resolves offset (a virtual address of the file: return address minus load
 * bias) in module. is_return: look up offset - 1. Never fails: an unknown place is
 * one frame MODULE+0xOFFSET with function identity 0, whose module's state says why; "??"
 * if the module has no name, "[anon exec]" if it has no build-id either: none was there.
 * The result is cached and stays valid.
 */
const struct symbol_place *symbol_resolve(
    struct symbol *symbol, uint32_t module, uint64_t offset, bool is_return);

/*
 * Tail calls. A function whose last act is a call may leave by a jump: its frame is
 * then gone while what it called runs. Such frames are put back where only one
 * chain of jumps leads from the function that was called to the one that runs.
 */

/* What runs: the function that holds a place, or a hook of one of the names. */
struct symbol_callee {
	const char *const *names; /* NULL ended; or NULL */
	uint32_t module;
	uint64_t offset;
	bool is_return;
};

/* Modules that were loaded together, in their order: where functions that a module
 * wants from others are looked for. */
struct symbol_scope {
	const uint32_t *modules; /* handles */
	size_t count;
	/* Handle + 1 of another one that the call was seen to lead to, 0: none was. Several
	 * may have a function of that name, and who was loaded first is not known. */
	uint32_t seen;
};

enum symbol_chain_kind {
	SYMBOL_CHAIN_NONE,    /* the call is of that function itself */
	SYMBOL_CHAIN_ONE,     /* only one chain is possible */
	SYMBOL_CHAIN_MANY,    /* several are */
	SYMBOL_CHAIN_UNKNOWN, /* calls that cannot be followed: through a pointer, or
	                         of functions whose jumps are not known */
};

enum { SYMBOL_CHAIN_MAX = 16 };

struct symbol_chain {
	enum symbol_chain_kind kind;
	bool indirect; /* the call itself goes through a pointer */
	/* The functions that were left by a jump, outermost first; their place is the
	 * jump, or only the function where that is not one. Of MANY and UNKNOWN those
	 * that all chains begin with. Owned by the resolver. */
	const struct symbol_place *places[SYMBOL_CHAIN_MAX];
	uint32_t modules[SYMBOL_CHAIN_MAX]; /* handles; UINT32_MAX: not known */
	uint64_t jumps[SYMBOL_CHAIN_MAX];   /* address of the jump in it, 0: not known */
	size_t count;
};

/* Finds the chain between the call that returns to offset in module and what runs.
 * Not cached. Always fills *chain. */
void symbol_tail_chain(struct symbol *symbol, uint32_t module, uint64_t offset,
    const struct symbol_callee *callee, const struct symbol_scope *scope,
    struct symbol_chain *chain);

enum symbol_state symbol_module_state(const struct symbol *symbol, uint32_t module);
/* Why it failed, in a few words; NULL if it did not. */
const char *symbol_module_failure(const struct symbol *symbol, uint32_t module);

/* What kept the process that reads a module's files. */
enum symbol_guard {
	SYMBOL_GUARD_NONE,    /* there was none: nothing was read */
	SYMBOL_GUARD_LIMITS,  /* of memory, time and the like alone: no seccomp here */
	SYMBOL_GUARD_SECCOMP, /* and no system calls but a few */
};

enum symbol_guard symbol_module_guard(const struct symbol *symbol, uint32_t module);
/* A separate debug file that was there and was not used, or should have been there: why in
 * a few words, its path behind them; NULL if none. */
const char *symbol_module_refused(const struct symbol *symbol, uint32_t module);
/* Path of the separate debug file that was used, or NULL. */
const char *symbol_module_debug(const struct symbol *symbol, uint32_t module);

/*
 * The control-flow graph of the function that starts at entry, as flow_build() makes
 * it: made once, however often and by whom it is asked for. NULL if the module's code
 * cannot be had. Owned by the resolver, lives as long as it.
 */
struct flow *symbol_flow(struct symbol *symbol, uint32_t module, uint64_t entry);

/* As flow_source.callee: the name of what is called at address, or by the pointer there;
 * NULL if the code cannot be had. Lives as long as the resolver. */
const char *symbol_callee_name(struct symbol *symbol, uint32_t module, uint64_t address, bool slot);

enum symbol_code_state {
	SYMBOL_CODE_UNUSED,     /* nothing was asked of it */
	SYMBOL_CODE_READ,       /* it can be had */
	SYMBOL_CODE_MISSING,    /* no such file */
	SYMBOL_CODE_MISMATCH,   /* the file has another build-id */
	SYMBOL_CODE_UNREADABLE, /* damaged, or without code */
	SYMBOL_CODE_MACHINE,    /* of another processor */
	SYMBOL_CODE_NONE,       /* this build has no disassembler */
	SYMBOL_CODE_FAILED,     /* as SYMBOL_FAILED */
};

enum symbol_code_state symbol_code_state(const struct symbol *symbol, uint32_t module);
/* One word for it: "read", "missing" ... */
const char *symbol_code_word(enum symbol_code_state state);

#endif
