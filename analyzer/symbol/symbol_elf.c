#include "analyzer/symbol/symbol_elf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <dwarf.h>
#include <elfutils/libdw.h>

#include "analyzer/symbol/cursor.h"
#include "analyzer/symbol/symbol_guard.h"
#include "analyzer/symbol/symbol_zstd.h"
#include "analyzer/util/xalloc.h"

enum {
	FUNCTIONS_MAX = 16 * 1024 * 1024, /* of one table */
	NOTES_MAX = 1 << 20,              /* bytes of a segment of notes */
	SEARCH_BACK = 64,                 /* symbols that may start between one and its inside */
	/* deflate cannot do better; a section that claims more is a bomb */
	COMPRESSION_MAX = 1032,
	PACKED_ZSTD = 2, /* ELFCOMPRESS_ZSTD, which old headers do not have */
};

enum symbol_elf_result
symbol_elf_open(struct symbol_elf *file, const char *path)
{
	int fd;

	memset(file, 0, sizeof(*file));
	file->fd = -1;
	fd = symbol_guard_open(path);
	if (fd == -1)
		return errno == ENOENT || errno == ENOTDIR ? SYMBOL_ELF_MISSING
							   : SYMBOL_ELF_UNREADABLE;
	return symbol_elf_adopt(file, fd, path);
}

/* What a packed section says of itself; false if it is none. gelf_getchdr would read all of
 * it, and of a debug file mostly nothing is asked: the answers are kept. */
static bool
packed_head(const struct symbol_elf *file, const GElf_Shdr *header, GElf_Chdr *packed)
{
	size_t len = gelf_fsize(file->elf, ELF_T_CHDR, 1, EV_CURRENT);
	const Elf_Data *data;

	if ((header->sh_flags & SHF_ALLOC) != 0 || header->sh_type == SHT_NULL ||
	    header->sh_type == SHT_NOBITS || len == 0 || header->sh_size < len ||
	    header->sh_offset > file->size || header->sh_size > file->size - header->sh_offset)
		return false;
	data = elf_getdata_rawchunk(file->elf, (int64_t)header->sh_offset, len, ELF_T_CHDR);
	if (data == NULL || data->d_buf == NULL || data->d_size < len)
		return false;
	if (gelf_getclass(file->elf) == ELFCLASS32) {
		packed->ch_type = ((const Elf32_Chdr *)data->d_buf)->ch_type;
		packed->ch_size = ((const Elf32_Chdr *)data->d_buf)->ch_size;
	} else {
		packed->ch_type = ((const Elf64_Chdr *)data->d_buf)->ch_type;
		packed->ch_size = ((const Elf64_Chdr *)data->d_buf)->ch_size;
	}
	return true;
}

/* No section may claim to unpack to more than it can. */
static bool
sections_are_sane(const struct symbol_elf *file)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	GElf_Chdr packed;

	while ((section = elf_nextscn(file->elf, section)) != NULL) {
		if (gelf_getshdr(section, &header) == NULL)
			return false;
		if ((header.sh_flags & SHF_COMPRESSED) == 0)
			continue;
		if (!packed_head(file, &header, &packed) ||
		    packed.ch_size / COMPRESSION_MAX > header.sh_size)
			return false;
	}
	return true;
}

/* Puts the unpacked bytes in the place of the packed ones, as libdw reads them. */
static void
unpack_section(struct symbol_elf *file, Elf_Scn *section, GElf_Shdr *header, GElf_Chdr *packed)
{
	size_t skip = gelf_fsize(file->elf, ELF_T_CHDR, 1, EV_CURRENT);
	/* libdw reads one or the other, by its version */
	Elf_Data *data = elf_rawdata(section, NULL);
	Elf_Data *other = elf_getdata(section, NULL);
	size_t size = packed->ch_size;
	void *bytes;

	if (data == NULL || other == NULL || data->d_buf == NULL || data->d_size <= skip ||
	    skip == 0 || size == 0)
		return;
	bytes = malloc(size);
	if (bytes == NULL ||
	    !symbol_zstd_unpack(
		bytes, size, (const uint8_t *)data->d_buf + skip, data->d_size - skip)) {
		free(bytes);
		return;
	}
	file->unpacked =
	    xreallocarray(file->unpacked, file->unpacked_count + 1, sizeof(*file->unpacked));
	file->unpacked[file->unpacked_count++] = bytes;
	data->d_buf = other->d_buf = bytes;
	data->d_size = other->d_size = size;
	header->sh_flags &= ~(GElf_Xword)SHF_COMPRESSED;
	header->sh_size = size;
	gelf_update_shdr(section, header);
}

void
symbol_elf_unpack(struct symbol_elf *file)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	GElf_Chdr packed;

	if (!symbol_zstd_available())
		return;
	while ((section = elf_nextscn(file->elf, section)) != NULL) {
		if (gelf_getshdr(section, &header) != NULL &&
		    (header.sh_flags & SHF_COMPRESSED) != 0 &&
		    gelf_getchdr(section, &packed) != NULL && packed.ch_type == PACKED_ZSTD)
			unpack_section(file, section, &header, &packed);
	}
}

enum symbol_elf_result
symbol_elf_adopt(struct symbol_elf *file, int fd, const char *path)
{
	struct stat status;
	GElf_Ehdr header;

	memset(file, 0, sizeof(*file));
	file->fd = fd;
	file->path = xstrdup(path);
	elf_version(EV_CURRENT);
	if (fstat(fd, &status) == -1 || !S_ISREG(status.st_mode))
		goto fail;
	file->size = (uint64_t)status.st_size;
	file->elf = elf_begin(fd, ELF_C_READ, NULL);
	if (file->elf == NULL || elf_kind(file->elf) != ELF_K_ELF ||
	    gelf_getehdr(file->elf, &header) == NULL ||
	    (header.e_type != ET_EXEC && header.e_type != ET_DYN &&
		header.e_type != ET_REL) || /* dwz's files are those */
	    !sections_are_sane(file))
		goto fail;
	return SYMBOL_ELF_OK;
fail:
	symbol_elf_close(file);
	return SYMBOL_ELF_UNREADABLE;
}

void
symbol_elf_close(struct symbol_elf *file)
{
	size_t i;

	if (file->elf != NULL)
		elf_end(file->elf);
	for (i = 0; i < file->unpacked_count; i++)
		free(file->unpacked[i]);
	free(file->unpacked);
	if (file->path != NULL)
		close(file->fd);
	free(file->path);
	memset(file, 0, sizeof(*file));
	file->fd = -1;
}

/* Looks through the notes of one block of data for a GNU build-id. */
static bool
find_note(Elf_Data *data, const uint8_t **id, size_t *len)
{
	GElf_Nhdr note;
	size_t at = 0;
	size_t name;
	size_t desc;
	size_t next;

	while (at < data->d_size && (next = gelf_getnote(data, at, &note, &name, &desc)) > at) {
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
		    memcmp((const char *)data->d_buf + name, "GNU", 4) == 0 && note.n_descsz > 0) {
			*id = (const uint8_t *)data->d_buf + desc;
			*len = note.n_descsz;
			return true;
		}
		at = next;
	}
	return false;
}

static bool
find_in_sections(const struct symbol_elf *file, const uint8_t **id, size_t *len)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(file->elf, section)) != NULL) {
		Elf_Data *data;

		if (gelf_getshdr(section, &header) == NULL || header.sh_type != SHT_NOTE)
			continue;
		data = elf_getdata(section, NULL);
		if (data != NULL && data->d_buf != NULL && find_note(data, id, len))
			return true;
	}
	return false;
}

static bool
find_in_segments(const struct symbol_elf *file, const uint8_t **id, size_t *len)
{
	GElf_Phdr segment;
	size_t count = 0;
	size_t i;

	if (elf_getphdrnum(file->elf, &count) != 0)
		return false;
	for (i = 0; i < count && i < UINT16_MAX; i++) {
		Elf_Data *data;

		if (gelf_getphdr(file->elf, (int)i, &segment) == NULL ||
		    segment.p_type != PT_NOTE || segment.p_filesz > NOTES_MAX)
			continue;
		data = elf_getdata_rawchunk(file->elf, (int64_t)segment.p_offset, segment.p_filesz,
		    segment.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
		if (data != NULL && data->d_buf != NULL && find_note(data, id, len))
			return true;
	}
	return false;
}

bool
symbol_elf_build_id(const struct symbol_elf *file, const uint8_t **id, size_t *len)
{
	/* without section headers the segments still have it */
	return find_in_sections(file, id, len) || find_in_segments(file, id, len);
}

Elf_Scn *
symbol_elf_section(const struct symbol_elf *file, const char *name, GElf_Shdr *header)
{
	Elf_Scn *section = NULL;
	size_t strings;

	if (elf_getshdrstrndx(file->elf, &strings) != 0)
		return NULL;
	while ((section = elf_nextscn(file->elf, section)) != NULL) {
		const char *text;

		if (gelf_getshdr(section, header) == NULL)
			continue;
		text = elf_strptr(file->elf, strings, header->sh_name);
		if (text != NULL && strcmp(text, name) == 0)
			return section;
	}
	return NULL;
}

bool
symbol_elf_has_dwarf(const struct symbol_elf *file)
{
	GElf_Shdr header;
	GElf_Chdr packed;
	Elf_Scn *section;

	section = symbol_elf_section(file, ".debug_info", &header);
	if (section == NULL)
		section = symbol_elf_section(file, ".zdebug_info", &header);
	if (section == NULL || header.sh_type == SHT_NOBITS || header.sh_size == 0)
		return false;
	/* zstd: the library that reads DWARF for us does not know it */
	return (header.sh_flags & SHF_COMPRESSED) == 0 ||
	    (packed_head(file, &header, &packed) &&
		(packed.ch_type == ELFCOMPRESS_ZLIB ||
		    (packed.ch_type == PACKED_ZSTD && symbol_zstd_available())));
}

bool
symbol_elf_has_symtab(const struct symbol_elf *file)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(file->elf, section)) != NULL) {
		if (gelf_getshdr(section, &header) != NULL && header.sh_type == SHT_SYMTAB)
			return true;
	}
	return false;
}

/* How the FDEs of a CIE are encoded. */
struct encodings {
	uint8_t address; /* DW_EH_PE_omit: not understood */
	uint8_t lsda;    /* DW_EH_PE_omit: they have none */
	bool sized;      /* augmentation data has its length in front */
	bool outermost;  /* nothing called what they stand for */
};

/* Whether the return address is undefined before any FDE says otherwise: so gas writes
 * _start of crt1.o, which in a stripped program is told by this alone. */
static bool
read_outermost(const Dwarf_CIE *cie, const struct cursor *section)
{
	struct cursor cursor = *section;

	cursor.at = cie->initial_instructions;
	cursor.end = cie->initial_instructions_end;
	cursor.bad = false;
	while (cursor.at < cursor.end && !cursor.bad) {
		uint8_t op = (uint8_t)cursor_fixed(&cursor, 1);

		if (op == DW_CFA_nop)
			continue;
		if (op == DW_CFA_undefined && cursor_leb(&cursor) == cie->return_address_register)
			return !cursor.bad;
		if (op == DW_CFA_def_cfa)
			cursor_leb(&cursor);
		else if (op != DW_CFA_undefined && (op & 0xc0) != DW_CFA_offset)
			return false;
		if (op != DW_CFA_undefined)
			cursor_leb(&cursor);
	}
	return false;
}

/* The encodings in a CIE's augmentation, which the letters name. */
static void
read_encodings(struct encodings *encodings, const Dwarf_CIE *cie, const struct cursor *section)
{
	struct cursor cursor = *section;
	const char *letter = cie->augmentation;

	encodings->address = DW_EH_PE_absptr;
	encodings->lsda = DW_EH_PE_omit;
	encodings->sized = false;
	encodings->outermost = read_outermost(cie, section);
	if (letter == NULL || *letter != 'z' || cie->augmentation_data == NULL)
		return;
	encodings->sized = true;
	cursor.at = cie->augmentation_data;
	cursor.end = cie->augmentation_data + cie->augmentation_data_size;
	cursor.bad = false;
	for (letter++; *letter != '\0' && !cursor.bad; letter++) {
		switch (*letter) {
		case 'R': encodings->address = (uint8_t)cursor_fixed(&cursor, 1); break;
		case 'L': encodings->lsda = (uint8_t)cursor_fixed(&cursor, 1); break;
		case 'P': cursor_encoded(&cursor, (uint8_t)cursor_fixed(&cursor, 1), false); break;
		case 'S':
		case 'B': break;
		default: cursor.bad = true; break;
		}
	}
	if (cursor.bad)
		encodings->address = DW_EH_PE_omit;
}

/*
 * What the first instructions, before control moves on, say: that the return
 * address is undefined; or that a frame is there already, so that no function
 * begins here.
 */
static void
read_start(struct symbol_fde *entry, struct cursor *cursor, uint64_t return_register)
{
	while (cursor->at < cursor->end && !cursor->bad) {
		uint8_t op = (uint8_t)cursor_fixed(cursor, 1);

		if (op == DW_CFA_nop)
			continue;
		if (op == DW_CFA_undefined) {
			if (cursor_leb(cursor) == return_register)
				entry->outermost = true;
			continue;
		}
		entry->inner = op == DW_CFA_def_cfa_offset || op == DW_CFA_def_cfa ||
		    op == DW_CFA_def_cfa_register || (op & 0xc0) == DW_CFA_offset;
		/* a frame of its return address alone is what a function begins with */
		if (op == DW_CFA_def_cfa_offset && cursor_leb(cursor) == 8)
			entry->inner = false;
		return;
	}
}

static void
read_lsda(struct symbol_fde *entry, struct cursor *cursor, uint8_t encoding)
{
	struct cursor raw = *cursor;

	/* 0 is none, whatever it is relative to */
	if (cursor_encoded(&raw, encoding & 0x0f, false) != 0)
		entry->lsda = cursor_encoded(cursor, encoding, true);
	entry->lsda_unclear = raw.bad || cursor->bad;
}

static void
add_fde(struct symbol_table *table, const Dwarf_FDE *fde, const struct encodings *encodings,
    uint64_t return_register, const struct cursor *section)
{
	struct cursor cursor = *section;
	struct symbol_fde entry = { 0 };
	uint64_t size;

	cursor.at = fde->start;
	cursor.end = fde->end;
	cursor.bad = false;
	entry.start = cursor_encoded(&cursor, encodings->address, true);
	size = cursor_encoded(&cursor, encodings->address & 0x0f, false);
	if (cursor.bad || size == 0 || entry.start == 0 || size > UINT64_MAX - entry.start ||
	    table->fde_count >= FUNCTIONS_MAX)
		return;
	entry.end = entry.start + size;
	if (encodings->sized) {
		uint64_t length = cursor_leb(&cursor);
		struct cursor lsda = cursor;

		if (cursor.bad || length > (uint64_t)(cursor.end - cursor.at))
			return;
		lsda.end = cursor.at + length;
		cursor.at += length;
		if (encodings->lsda != DW_EH_PE_omit && length > 0)
			read_lsda(&entry, &lsda, encodings->lsda);
	}
	entry.outermost = encodings->outermost;
	read_start(&entry, &cursor, return_register);
	table->fdes =
	    xgrow(table->fdes, &table->fde_cap, table->fde_count + 1, sizeof(*table->fdes));
	table->fdes[table->fde_count++] = entry;
}

static int
compare_fdes(const void *left, const void *right)
{
	const struct symbol_fde *a = left;
	const struct symbol_fde *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return a->end < b->end ? -1 : a->end > b->end;
}

/* All FDEs of an .eh_frame; stops at the first entry that makes no sense. */
static void
load_fdes(struct symbol_table *table, const unsigned char *ident, Elf_Data *data,
    const struct cursor *section)
{
	Dwarf_CFI_Entry entry;
	Dwarf_CFI_Entry cie;
	Dwarf_Off cie_at = (Dwarf_Off)-1;
	Dwarf_Off at = 0;
	Dwarf_Off next;
	Dwarf_Off ignored;
	struct encodings encodings = { .address = DW_EH_PE_omit };

	while (dwarf_next_cfi(ident, data, true, at, &next, &entry) == 0 && next > at) {
		at = next;
		if (dwarf_cfi_cie_p(&entry))
			continue;
		if (entry.fde.CIE_pointer != cie_at) {
			cie_at = entry.fde.CIE_pointer;
			encodings.address = DW_EH_PE_omit;
			if (dwarf_next_cfi(ident, data, true, cie_at, &ignored, &cie) == 0 &&
			    dwarf_cfi_cie_p(&cie))
				read_encodings(&encodings, &cie.cie, section);
		}
		if (encodings.address != DW_EH_PE_omit)
			add_fde(table, &entry.fde, &encodings, cie.cie.return_address_register,
			    section);
	}
	if (table->fde_count > 0)
		qsort(table->fdes, table->fde_count, sizeof(*table->fdes), compare_fdes);
}

static void
load_segments(struct symbol_table *table, Elf *elf)
{
	GElf_Phdr segment;
	size_t count = 0;
	size_t i;

	if (elf_getphdrnum(elf, &count) != 0)
		return;
	for (i = 0; i < count && i < UINT16_MAX; i++) {
		struct symbol_range *range;

		if (gelf_getphdr(elf, (int)i, &segment) == NULL || segment.p_type != PT_LOAD ||
		    (segment.p_flags & PF_X) == 0 || segment.p_memsz > UINT64_MAX - segment.p_vaddr)
			continue;
		table->code = xgrow(
		    table->code, &table->code_cap, table->code_count + 1, sizeof(*table->code));
		range = &table->code[table->code_count++];
		range->start = segment.p_vaddr;
		range->end = segment.p_vaddr + segment.p_memsz;
	}
}

void
symbol_elf_load_code(struct symbol_table *table, const struct symbol_elf *file)
{
	const char *ident = elf_getident(file->elf, NULL);
	struct cursor section = { 0 };
	GElf_Shdr header;
	GElf_Ehdr program;
	Elf_Scn *found;
	Elf_Data *data;

	if (ident == NULL || gelf_getehdr(file->elf, &program) == NULL)
		return;
	table->entry = program.e_entry;
	table->machine = program.e_machine;
	load_segments(table, file->elf);
	found = symbol_elf_section(file, ".eh_frame", &header);
	if (found == NULL || header.sh_type == SHT_NOBITS)
		return;
	data = elf_rawdata(found, NULL);
	if (data == NULL || data->d_buf == NULL || data->d_size == 0)
		return;
	section.base = data->d_buf;
	section.at = section.base;
	section.end = section.base + data->d_size;
	section.address = header.sh_addr;
	section.big = ident[EI_DATA] == ELFDATA2MSB;
	section.wide = ident[EI_CLASS] == ELFCLASS64;
	load_fdes(table, (const unsigned char *)ident, data, &section);
}

/* What a reader expects to see: the global plain name before its aliases. */
static uint8_t
name_rank(const GElf_Sym *symbol, const char *name)
{
	unsigned int rank;

	switch (GELF_ST_BIND(symbol->st_info)) {
	case STB_GLOBAL: rank = 0; break;
	case STB_WEAK: rank = 1; break;
	default: rank = 2; break;
	}
	if (strncmp(name, "__GI_", 5) == 0)
		rank += 8;
	else if (name[0] == '_' && strncmp(name, "_Z", 2) != 0 && strncmp(name, "_R", 2) != 0)
		rank += 4;
	if (GELF_ST_TYPE(symbol->st_info) == STT_NOTYPE)
		rank += 16;
	return (uint8_t)rank;
}

static bool
is_function(const struct symbol_table *table, const GElf_Sym *symbol)
{
	int type = GELF_ST_TYPE(symbol->st_info);

	if (symbol->st_shndx == SHN_UNDEF || symbol->st_value == 0)
		return false;
	if (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE)
		return false;
	return symbol_elf_is_code(table, symbol->st_value);
}

static void
add_name(struct symbol_table *table, const GElf_Sym *symbol, const char *name, uint32_t source)
{
	struct symbol_name *entry;

	/* ARM's and RISC-V's mapping symbols are no functions */
	if (name[0] == '$' && GELF_ST_TYPE(symbol->st_info) == STT_NOTYPE)
		return;
	if (name[0] == '\0' || table->name_count >= FUNCTIONS_MAX)
		return;
	table->names =
	    xgrow(table->names, &table->name_cap, table->name_count + 1, sizeof(*table->names));
	entry = &table->names[table->name_count++];
	entry->start = symbol->st_value;
	entry->size = symbol->st_size;
	entry->name = name;
	entry->source = GELF_ST_BIND(symbol->st_info) == STB_LOCAL ? source : 0;
	entry->rank = name_rank(symbol, name);
}

static int
compare_names(const void *left, const void *right)
{
	const struct symbol_name *a = left;
	const struct symbol_name *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if (strlen(a->name) != strlen(b->name))
		return strlen(a->name) < strlen(b->name) ? -1 : 1;
	return strcmp(a->name, b->name);
}

static void
load_section(struct symbol_table *table, Elf *elf, Elf_Data *data, size_t strings)
{
	size_t size = gelf_fsize(elf, ELF_T_SYM, 1, EV_CURRENT);
	size_t count = size > 0 ? data->d_size / size : 0;
	uint32_t source = 0;
	GElf_Sym symbol;
	size_t i;

	for (i = 0; i < count && i < INT32_MAX; i++) {
		const char *name;

		if (gelf_getsym(data, (int)i, &symbol) == NULL)
			break;
		if (GELF_ST_TYPE(symbol.st_info) == STT_FILE)
			source++;
		if (!is_function(table, &symbol))
			continue;
		name = elf_strptr(elf, strings, symbol.st_name);
		if (name != NULL)
			add_name(table, &symbol, name, source);
	}
}

void
symbol_elf_load_names(struct symbol_table *table, const struct symbol_elf *file, bool dynamic)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	Elf_Data *data;

	while ((section = elf_nextscn(file->elf, section)) != NULL) {
		if (gelf_getshdr(section, &header) == NULL ||
		    header.sh_type != (dynamic ? SHT_DYNSYM : SHT_SYMTAB))
			continue;
		data = elf_getdata(section, NULL);
		if (data != NULL && data->d_buf != NULL)
			load_section(table, file->elf, data, header.sh_link);
		else
			table->names_lost |= header.sh_size > 0;
		break;
	}
	if (table->name_count > 0)
		qsort(table->names, table->name_count, sizeof(*table->names), compare_names);
}

void
symbol_elf_release(struct symbol_table *table)
{
	free(table->fdes);
	free(table->names);
	free(table->by_name);
	free(table->code);
	memset(table, 0, sizeof(*table));
}

bool
symbol_elf_is_code(const struct symbol_table *table, uint64_t addr)
{
	size_t i;

	for (i = 0; i < table->code_count; i++) {
		if (addr >= table->code[i].start && addr < table->code[i].end)
			return true;
	}
	return table->code_count == 0;
}

/* Number of FDEs that start at or before addr. */
static size_t
fdes_up_to(const struct symbol_table *table, uint64_t addr)
{
	size_t low = 0;
	size_t high = table->fde_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->fdes[middle].start <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct symbol_fde *
symbol_elf_fde(const struct symbol_table *table, uint64_t addr)
{
	size_t at = fdes_up_to(table, addr);
	size_t tries;

	for (tries = 0; at > 0 && tries < SEARCH_BACK; tries++) {
		at--;
		if (addr < table->fdes[at].end)
			return &table->fdes[at];
	}
	return NULL;
}

static size_t
names_up_to(const struct symbol_table *table, uint64_t addr)
{
	size_t low = 0;
	size_t high = table->name_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->names[middle].start <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* A symbol without a size reaches to the next one, but not out of its FDE. */
static bool
name_holds(const struct symbol_table *table, size_t at, uint64_t addr)
{
	const struct symbol_name *name = &table->names[at];
	const struct symbol_fde *fde;
	size_t next;

	if (name->size > 0)
		return addr - name->start < name->size;
	for (next = at + 1; next < table->name_count; next++) {
		if (table->names[next].start > addr)
			break;
		if (table->names[next].start != name->start)
			return false;
	}
	fde = symbol_elf_fde(table, name->start);
	return fde == NULL || addr < fde->end;
}

const struct symbol_name *
symbol_elf_name(const struct symbol_table *table, uint64_t addr)
{
	size_t at = names_up_to(table, addr);
	const struct symbol_name *best = NULL;
	size_t tries;

	for (tries = 0; at > 0 && tries < SEARCH_BACK; tries++) {
		at--;
		if (best != NULL && table->names[at].start != best->start)
			break;
		/* the first of an address ranks best: go on to it */
		if (name_holds(table, at, addr))
			best = &table->names[at];
	}
	return best;
}

static int
compare_by_name(const void *left, const void *right, void *data)
{
	const struct symbol_name *names = data;
	const struct symbol_name *a = &names[*(const size_t *)left];
	const struct symbol_name *b = &names[*(const size_t *)right];
	int order = strcmp(a->name, b->name);

	if (order != 0)
		return order;
	return a->source < b->source ? -1 : a->source > b->source;
}

static void
index_by_name(struct symbol_table *table)
{
	size_t i;

	if (table->by_name != NULL)
		return;
	table->by_name = xcalloc(table->name_count + 1, sizeof(*table->by_name));
	for (i = 0; i < table->name_count; i++)
		table->by_name[i] = i;
	if (table->name_count > 0)
		qsort_r(table->by_name, table->name_count, sizeof(*table->by_name), compare_by_name,
		    table->names);
}

const struct symbol_name *
symbol_elf_named(struct symbol_table *table, const char *name)
{
	size_t low = 0;
	size_t high = table->name_count;

	index_by_name(table);
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(table->names[table->by_name[middle]].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	/* those of no source come first */
	if (low < table->name_count) {
		const struct symbol_name *found = &table->names[table->by_name[low]];

		if (found->source == 0 && strcmp(found->name, name) == 0)
			return found;
	}
	return NULL;
}

static bool
ends_with(const char *name, size_t len, const char *end)
{
	size_t size = strlen(end);

	return len > size && memcmp(name + len - size, end, size) == 0;
}

/* Length of a name up to what makes it that of a part of a function, 0 if it is none:
 * ".cold", ".cold.N", and with each block in a section of its own ".__part.N", ".eh". */
static size_t
cold_base(const char *name)
{
	size_t len = strlen(name);
	size_t end = len;
	bool numbered;

	while (end > 0 && name[end - 1] >= '0' && name[end - 1] <= '9')
		end--;
	numbered = end < len && end > 0 && name[end - 1] == '.';
	if (numbered)
		len = end - 1;
	if (ends_with(name, len, ".cold"))
		return len - strlen(".cold");
	if (numbered && ends_with(name, len, ".__part"))
		return len - strlen(".__part");
	if (!numbered && ends_with(name, len, ".eh"))
		return len - strlen(".eh");
	return 0;
}

const struct symbol_name *
symbol_elf_parent(struct symbol_table *table, const struct symbol_name *cold)
{
	size_t base = cold_base(cold->name);
	const struct symbol_name *found = NULL;
	size_t low = 0;
	size_t high = table->name_count;

	if (base == 0)
		return NULL;
	index_by_name(table);
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strncmp(table->names[table->by_name[middle]].name, cold->name, base) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < table->name_count; low++) {
		const struct symbol_name *name = &table->names[table->by_name[low]];

		if (strncmp(name->name, cold->name, base) != 0 || name->name[base] != '\0')
			break;
		/* a part of a static function lies in the same source, that of a
		 * global one has its name alone */
		if (name->source == cold->source)
			return name;
		if (name->source == 0)
			found = name;
	}
	return found;
}
