/* The tables of a 64-bit ELF file, read with pread; nothing that it says is believed. For the
 * programs and libraries that the user is about to run: modules of a trace are read
 * elsewhere (analyzer/symbol). */
#ifndef CMD_ELF_FILE_H
#define CMD_ELF_FILE_H

#include <elf.h>
#include <stdbool.h>
#include <stdint.h>

struct elf_file {
	int fd; /* the caller's */
	Elf64_Ehdr head;
	Elf64_Phdr *segments; /* head.e_phnum; NULL: none that can be read */
	Elf64_Shdr *sections; /* head.e_shnum; NULL: none that can be read */
	char *names;          /* of sections */
	uint64_t names_size;
};

/* What stands at `offset`, one byte more for a NUL; NULL: not all there, or larger than
 * 256 MiB. The caller frees it. */
void *elf_file_load(int fd, uint64_t offset, uint64_t size);
/* The text at a place of a table of strings that elf_file_load read; "": outside of it. */
const char *elf_file_text(const char *strings, uint64_t size, uint64_t at);

/* Reads its tables; -1: it is no 64-bit ELF file. Release it in any case. */
int elf_file_read(struct elf_file *file, int fd);
void elf_file_release(struct elf_file *file);

/* The first section of that name, and of that type; NULL: none. */
const Elf64_Shdr *elf_file_section(const struct elf_file *file, const char *name);
const Elf64_Shdr *elf_file_first(const struct elf_file *file, Elf64_Word type);
bool elf_file_has_segment(const struct elf_file *file, Elf64_Word type);
/* What a section holds, with a NUL behind it; NULL: nothing that can be read. The caller
 * frees it. */
void *elf_file_contents(const struct elf_file *file, const Elf64_Shdr *section);

/* The table of strings of a table of symbols or dynamic entries, and its size; NULL: none.
 * The caller frees it. */
char *elf_file_strings(const struct elf_file *file, const Elf64_Shdr *section, uint64_t *size);
/* Whether its dynamic symbols define that one. */
bool elf_file_defines(const struct elf_file *file, const char *name);

#endif
