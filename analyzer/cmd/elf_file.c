#include "analyzer/cmd/elf_file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "analyzer/util/files.h"
#include "analyzer/util/xalloc.h"

enum { ELF_TABLE_MAX = 1 << 28 };

void *
elf_file_load(int fd, uint64_t offset, uint64_t size)
{
	struct stat status;
	char *block;

	if (size > ELF_TABLE_MAX || fstat(fd, &status) != 0 || offset > (uint64_t)status.st_size ||
	    size > (uint64_t)status.st_size - offset)
		return NULL;
	block = xcalloc(1, (size_t)size + 1);
	if (files_read(fd, offset, block, (size_t)size) != size) {
		free(block);
		return NULL;
	}
	return block;
}

const char *
elf_file_text(const char *strings, uint64_t size, uint64_t at)
{
	return at < size ? strings + at : "";
}

int
elf_file_read(struct elf_file *file, int fd)
{
	const Elf64_Ehdr *head = &file->head;

	*file = (struct elf_file){ .fd = fd };
	if (files_read(fd, 0, &file->head, sizeof(file->head)) != sizeof(file->head) ||
	    memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 || head->e_ident[EI_CLASS] != ELFCLASS64)
		return -1;
	if (head->e_phentsize == sizeof(*file->segments))
		file->segments = elf_file_load(
		    fd, head->e_phoff, (uint64_t)head->e_phnum * sizeof(*file->segments));
	if (head->e_shentsize == sizeof(*file->sections))
		file->sections = elf_file_load(
		    fd, head->e_shoff, (uint64_t)head->e_shnum * sizeof(*file->sections));
	if (file->sections && head->e_shstrndx < head->e_shnum) {
		const Elf64_Shdr *names = &file->sections[head->e_shstrndx];

		file->names = elf_file_load(fd, names->sh_offset, names->sh_size);
		file->names_size = names->sh_size;
	}
	return 0;
}

void
elf_file_release(struct elf_file *file)
{
	free(file->segments);
	free(file->sections);
	free(file->names);
	*file = (struct elf_file){ .fd = -1 };
}

const Elf64_Shdr *
elf_file_section(const struct elf_file *file, const char *name)
{
	for (unsigned i = 0; file->sections && file->names && i < file->head.e_shnum; i++) {
		const Elf64_Shdr *section = &file->sections[i];

		if (strcmp(elf_file_text(file->names, file->names_size, section->sh_name), name) ==
		    0)
			return section;
	}
	return NULL;
}

const Elf64_Shdr *
elf_file_first(const struct elf_file *file, Elf64_Word type)
{
	for (unsigned i = 0; file->sections && i < file->head.e_shnum; i++)
		if (file->sections[i].sh_type == type)
			return &file->sections[i];
	return NULL;
}

bool
elf_file_has_segment(const struct elf_file *file, Elf64_Word type)
{
	for (unsigned i = 0; file->segments && i < file->head.e_phnum; i++)
		if (file->segments[i].p_type == type)
			return true;
	return false;
}

void *
elf_file_contents(const struct elf_file *file, const Elf64_Shdr *section)
{
	if (!section || section->sh_type == SHT_NOBITS)
		return NULL;
	return elf_file_load(file->fd, section->sh_offset, section->sh_size);
}

char *
elf_file_strings(const struct elf_file *file, const Elf64_Shdr *section, uint64_t *size)
{
	const Elf64_Shdr *linked;

	if (!section || section->sh_link >= file->head.e_shnum)
		return NULL;
	linked = &file->sections[section->sh_link];
	*size = linked->sh_size;
	return elf_file_contents(file, linked);
}

bool
elf_file_defines(const struct elf_file *file, const char *name)
{
	const Elf64_Shdr *table = elf_file_first(file, SHT_DYNSYM);
	Elf64_Sym *symbols = elf_file_contents(file, table);
	uint64_t size = 0;
	char *strings = elf_file_strings(file, table, &size);
	bool is_there = false;

	for (uint64_t i = 0; symbols && strings && i < table->sh_size / sizeof(*symbols); i++)
		if (symbols[i].st_shndx != SHN_UNDEF &&
		    strcmp(elf_file_text(strings, size, symbols[i].st_name), name) == 0)
			is_there = true;
	free(symbols);
	free(strings);
	return is_there;
}
