#include "analyzer/symbol/symbol_package.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "analyzer/util/xalloc.h"

enum {
	COLUMNS_MAX = 8, /* kinds of sections */
	KINDS = 9,       /* numbers of kinds end below */
	KIND_INFO = 1,   /* in both versions, as the next */
	KIND_STR_OFFSETS = 6,
	UNITS_MAX = 1 << 22,
	STRINGS_KEPT = 1 << 20, /* bytes of strings that are not worth a choice */
	UNIT_MAX = 256 << 20,   /* bytes of one unit */
	SECTIONS_MAX = COLUMNS_MAX + 3,
};

/* Some bytes of a section, or of our own. */
struct piece {
	const char *name;
	const uint8_t *bytes;
	size_t size;
};

struct symbol_package {
	struct symbol_elf file;
	uint16_t machine;
	uint32_t version; /* 2: GNU's for DWARF 4, or 5 */
	uint32_t columns;
	uint32_t units;
	uint32_t slots;
	const uint8_t *ids;     /* 8 bytes a slot */
	const uint8_t *rows;    /* 4 bytes a slot */
	const uint8_t *kinds;   /* 4 bytes a column */
	const uint8_t *offsets; /* 4 bytes a unit and column */
	const uint8_t *sizes;
	struct piece sections[KINDS]; /* by kind */
	struct piece strings;
};

static const char *const names_gnu[KINDS] = { NULL, ".debug_info.dwo", NULL, ".debug_abbrev.dwo",
	".debug_line.dwo", NULL, ".debug_str_offsets.dwo", NULL, NULL };
static const char *const names_5[KINDS] = { NULL, ".debug_info.dwo", NULL, ".debug_abbrev.dwo",
	".debug_line.dwo", NULL, ".debug_str_offsets.dwo", NULL, ".debug_rnglists.dwo" };

static uint32_t
read_word(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static bool
find_section(const struct symbol_elf *file, const char *name, struct piece *piece)
{
	GElf_Shdr header;
	Elf_Scn *section = symbol_elf_section(file, name, &header);
	Elf_Data *data;

	if (section == NULL || header.sh_type == SHT_NOBITS ||
	    ((header.sh_flags & SHF_COMPRESSED) != 0 && elf_compress(section, 0, 0) < 0))
		return false;
	data = (header.sh_flags & SHF_COMPRESSED) != 0 ? elf_getdata(section, NULL)
						       : elf_rawdata(section, NULL);
	if (data == NULL || data->d_buf == NULL)
		return false;
	*piece = (struct piece){ name, data->d_buf, data->d_size };
	return true;
}

/* The table that says what of each section belongs to a unit. */
static bool
load_index(struct symbol_package *package)
{
	struct piece index;
	size_t need;

	if (!find_section(&package->file, ".debug_cu_index", &index) || index.size < 16)
		return false;
	/* DWARF 5 has two bytes of version and two of padding */
	package->version = read_word(index.bytes);
	package->columns = read_word(index.bytes + 4);
	package->units = read_word(index.bytes + 8);
	package->slots = read_word(index.bytes + 12);
	if ((package->version != 2 && package->version != 5) || package->columns == 0 ||
	    package->columns > COLUMNS_MAX || package->units > UNITS_MAX ||
	    package->slots > 2 * UNITS_MAX || (package->slots & (package->slots - 1)) != 0)
		return false;
	need = 16 + (size_t)package->slots * 12 +
	    (size_t)package->columns * 4 * (1 + 2 * (size_t)package->units);
	if (package->slots == 0 || index.size < need)
		return false;
	package->ids = index.bytes + 16;
	package->rows = package->ids + (size_t)package->slots * 8;
	package->kinds = package->rows + (size_t)package->slots * 4;
	package->offsets = package->kinds + (size_t)package->columns * 4;
	package->sizes = package->offsets + (size_t)package->columns * package->units * 4;
	return true;
}

static struct symbol_package *
open_path(const char *path)
{
	struct symbol_package *package = xcalloc(1, sizeof(*package));
	const char *const *names;
	const char *ident;
	GElf_Ehdr header;
	uint32_t i;

	if (symbol_elf_open(&package->file, path) != SYMBOL_ELF_OK) {
		free(package);
		return NULL;
	}
	ident = elf_getident(package->file.elf, NULL);
	/* what is unpacked is written in this form */
	if (ident == NULL || ident[EI_CLASS] != ELFCLASS64 || ident[EI_DATA] != ELFDATA2LSB ||
	    gelf_getehdr(package->file.elf, &header) == NULL || !load_index(package))
		goto fail;
	package->machine = header.e_machine;
	names = package->version == 5 ? names_5 : names_gnu;
	for (i = 0; i < KINDS; i++) {
		if (names[i] != NULL)
			find_section(&package->file, names[i], &package->sections[i]);
	}
	find_section(&package->file, ".debug_str.dwo", &package->strings);
	if (package->sections[KIND_INFO].bytes != NULL && package->strings.size > 0 &&
	    package->strings.bytes[package->strings.size - 1] == 0)
		return package;
fail:
	symbol_package_free(package);
	return NULL;
}

struct symbol_package *
symbol_package_open(const char *path)
{
	static const char suffix[] = ".debug";
	struct symbol_package *package;
	size_t len = strlen(path);
	char *name = xasprintf("%s.dwp", path);

	package = open_path(name);
	free(name);
	if (package != NULL || len < sizeof(suffix) ||
	    strcmp(path + len - (sizeof(suffix) - 1), suffix) != 0)
		return package;
	name = xasprintf("%.*s.dwp", (int)(len - (sizeof(suffix) - 1)), path);
	package = open_path(name);
	free(name);
	return package;
}

void
symbol_package_free(struct symbol_package *package)
{
	if (package == NULL)
		return;
	symbol_elf_close(&package->file);
	free(package);
}

/* ---- one unit ---- */

/* Its row, from 1; 0 if it is not there. */
static uint32_t
find_row(const struct symbol_package *package, uint64_t id)
{
	uint32_t mask = package->slots - 1;
	uint32_t at = (uint32_t)id & mask;
	uint32_t step = ((uint32_t)(id >> 32) & mask) | 1;
	uint32_t tries;
	uint32_t row;
	uint64_t found;

	for (tries = 0; tries < package->slots; tries++, at = (at + step) & mask) {
		row = read_word(package->rows + (size_t)at * 4);
		if (row == 0)
			return 0;
		memcpy(&found, package->ids + (size_t)at * 8, sizeof(found));
		if (found == id)
			return row <= package->units ? row : 0;
	}
	return 0;
}

/* The unit's part of each section. */
static size_t
find_pieces(const struct symbol_package *package, uint32_t row, struct piece *pieces)
{
	size_t count = 0;
	uint32_t i;

	for (i = 0; i < package->columns; i++) {
		size_t at = ((size_t)(row - 1) * package->columns + i) * 4;
		uint32_t kind = read_word(package->kinds + (size_t)i * 4);
		uint32_t offset = read_word(package->offsets + at);
		uint32_t size = read_word(package->sizes + at);
		const struct piece *section;

		if (kind >= KINDS || package->sections[kind].bytes == NULL || size == 0)
			continue;
		section = &package->sections[kind];
		if (offset > section->size || size > section->size - offset || size > UNIT_MAX)
			return 0;
		pieces[count++] = (struct piece){ section->name, section->bytes + offset, size };
	}
	return count;
}

/*
 * A package has the strings of all its units; of many, only this unit's are taken.
 * *offsets is replaced by one for the new strings. Both are then to be freed.
 */
static bool
choose_strings(const struct symbol_package *package, struct piece *offsets, struct piece *strings)
{
	size_t head = package->version == 5 ? 8 : 0;
	uint8_t *table = xmalloc(offsets->size + 1);
	uint8_t *text = NULL;
	size_t cap = 0;
	size_t used = 0;
	size_t at;

	memcpy(table, offsets->bytes, offsets->size);
	for (at = head; at + 4 <= offsets->size && used < UNIT_MAX; at += 4) {
		uint32_t from = read_word(table + at);
		uint32_t to = (uint32_t)used;
		size_t len;

		if (from >= package->strings.size)
			break;
		len = strlen((const char *)package->strings.bytes + from) + 1;
		text = xgrow(text, &cap, used + len, 1);
		memcpy(text + used, package->strings.bytes + from, len);
		memcpy(table + at, &to, sizeof(to));
		used += len;
	}
	offsets->bytes = table;
	*strings = (struct piece){ package->strings.name, text, used };
	return used > 0;
}

static bool
write_all(int fd, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;
	ssize_t done;

	for (; size > 0; size -= (size_t)done, at += done) {
		done = write(fd, at, size);
		if (done <= 0)
			return false;
	}
	return true;
}

/* An object file of these sections: their bytes, their names, their headers. */
static bool
write_object(int fd, uint16_t machine, const struct piece *pieces, size_t count)
{
	Elf64_Ehdr head = { .e_type = ET_REL,
		.e_machine = machine,
		.e_version = EV_CURRENT,
		.e_ehsize = sizeof(head),
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = (Elf64_Half)(count + 2),
		.e_shstrndx = (Elf64_Half)(count + 1) };
	Elf64_Shdr headers[SECTIONS_MAX + 2] = { 0 };
	char names[SECTIONS_MAX * 32] = "";
	size_t name = 1;
	size_t at = sizeof(head);
	size_t i;
	bool good;

	memcpy(head.e_ident, ELFMAG, SELFMAG);
	head.e_ident[EI_CLASS] = ELFCLASS64;
	head.e_ident[EI_DATA] = ELFDATA2LSB;
	head.e_ident[EI_VERSION] = EV_CURRENT;
	for (i = 0; i <= count; i++) {
		const char *own = i < count ? pieces[i].name : ".shstrtab";

		headers[i + 1] = (Elf64_Shdr){ .sh_name = (Elf64_Word)name,
			.sh_type = i < count ? SHT_PROGBITS : SHT_STRTAB,
			.sh_offset = at,
			.sh_size = i < count ? pieces[i].size : 0,
			.sh_addralign = 1 };
		memcpy(names + name, own, strlen(own) + 1);
		name += strlen(own) + 1;
		at += headers[i + 1].sh_size;
	}
	headers[count + 1].sh_size = name;
	head.e_shoff = at + name;
	good = write_all(fd, &head, sizeof(head));
	for (i = 0; i < count && good; i++)
		good = write_all(fd, pieces[i].bytes, pieces[i].size);
	return good && write_all(fd, names, name) &&
	    write_all(fd, headers, (count + 2) * sizeof(*headers));
}

int
symbol_package_unit(const struct symbol_package *package, uint64_t id)
{
	struct piece pieces[SECTIONS_MAX];
	struct piece *offsets = NULL;
	struct piece *strings;
	uint32_t row = find_row(package, id);
	size_t count = row != 0 ? find_pieces(package, row, pieces) : 0;
	bool good = true;
	size_t i;
	int fd;

	if (count == 0)
		return -1;
	fd = memfd_create("esc-dwo", MFD_CLOEXEC);
	if (fd == -1)
		return -1;
	for (i = 0; i < count; i++) {
		if (pieces[i].name == package->sections[KIND_STR_OFFSETS].name)
			offsets = &pieces[i];
	}
	strings = &pieces[count++];
	*strings = package->strings;
	if (package->strings.size <= STRINGS_KEPT)
		offsets = NULL;
	if (offsets != NULL)
		good = choose_strings(package, offsets, strings);
	good = good && write_object(fd, package->machine, pieces, count);
	if (offsets != NULL) {
		free((void *)(uintptr_t)offsets->bytes);
		free((void *)(uintptr_t)strings->bytes);
	}
	if (good)
		return fd;
	close(fd);
	return -1;
}
