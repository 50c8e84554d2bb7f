/*
 * ELF files, which may be damaged or hostile: opening them, their build-id, the
 * functions that their unwind tables and symbol tables hold. Read by pread, never
 * mapped: a file that shrinks meanwhile is an error, not a signal.
 */
#ifndef SYMBOL_SYMBOL_ELF_H
#define SYMBOL_SYMBOL_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gelf.h>

struct symbol_elf {
	Elf *elf; /* NULL: not open */
	int fd;
	uint64_t size;   /* bytes, when it was opened */
	char *path;      /* owned */
	void **unpacked; /* contents of sections, owned */
	size_t unpacked_count;
};

enum symbol_elf_result {
	SYMBOL_ELF_OK,
	SYMBOL_ELF_MISSING,
	SYMBOL_ELF_UNREADABLE, /* not a regular file, not an ELF program */
};

/* A function as .eh_frame has it. */
struct symbol_fde {
	uint64_t start;
	uint64_t end;
	uint64_t lsda;  /* address of its exception table, 0: none */
	bool outermost; /* says itself that nothing called it */
	bool inner;     /* has a frame from the start: is a part of a function */
	bool lsda_unclear;
};

struct symbol_name {
	uint64_t start;
	uint64_t size;    /* 0: unknown */
	const char *name; /* in the file's string table */
	uint32_t source;  /* local: ordinal of its STT_FILE; else 0 */
	uint8_t rank;     /* of the names of one address the lowest is shown */
};

struct symbol_range {
	uint64_t start;
	uint64_t end;
};

/* The functions of one module, from one file or two. Zero-initialised: none. */
struct symbol_table {
	struct symbol_fde *fdes; /* by start */
	size_t fde_count;
	size_t fde_cap;
	struct symbol_name *names; /* by start, rank */
	size_t name_count;
	size_t name_cap;
	size_t *by_name;           /* indexes of names, by name; made when first needed */
	struct symbol_range *code; /* executable segments */
	size_t code_count;
	size_t code_cap;
	uint64_t entry;   /* of the program, 0 none */
	uint16_t machine; /* EM_ */
	bool names_lost;  /* there are some, but they cannot be read */
};

/* Opens path. On failure file is empty. */
enum symbol_elf_result symbol_elf_open(struct symbol_elf *file, const char *path);
/* Takes over fd, whose name for people is path; closes it on failure. */
enum symbol_elf_result symbol_elf_adopt(struct symbol_elf *file, int fd, const char *path);
void symbol_elf_close(struct symbol_elf *file);

/* The build-id, inside the file's memory; false if it has none. */
bool symbol_elf_build_id(const struct symbol_elf *file, const uint8_t **id, size_t *len);
/* First section of that name, or NULL. */
Elf_Scn *symbol_elf_section(const struct symbol_elf *file, const char *name, GElf_Shdr *header);
/* True if the file has debug information that can be read. */
bool symbol_elf_has_dwarf(const struct symbol_elf *file);
/* Unpacks what libdw cannot, before it reads the file. */
void symbol_elf_unpack(struct symbol_elf *file);
bool symbol_elf_has_symtab(const struct symbol_elf *file);

/* Fills fdes, code, entry and machine from the file. */
void symbol_elf_load_code(struct symbol_table *table, const struct symbol_elf *file);
/* Fills names from .symtab, or from .dynsym if dynamic. Names stay in the file,
 * which must stay open. */
void symbol_elf_load_names(struct symbol_table *table, const struct symbol_elf *file, bool dynamic);
void symbol_elf_release(struct symbol_table *table);

/* True if addr lies in an executable segment (or none is known). */
bool symbol_elf_is_code(const struct symbol_table *table, uint64_t addr);
const struct symbol_fde *symbol_elf_fde(const struct symbol_table *table, uint64_t addr);
/* The symbol that holds addr, or NULL. */
const struct symbol_name *symbol_elf_name(const struct symbol_table *table, uint64_t addr);
/* The function of exactly that name that other sources can call, or NULL. */
const struct symbol_name *symbol_elf_named(struct symbol_table *table, const char *name);
/* For "f.cold" the symbol f, of the same source if that is known; else NULL. */
const struct symbol_name *symbol_elf_parent(
    struct symbol_table *table, const struct symbol_name *cold);

#endif
