#include "analyzer/symbol/symbol_code.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <dwarf.h>

#include "analyzer/symbol/arena.h"
#include "analyzer/symbol/cursor.h"
#include "analyzer/symbol/symbol_parts.h"
#include "analyzer/symbol/symbol_text.h"
#include "analyzer/util/map.h"
#include "analyzer/util/xalloc.h"

enum {
	SECTIONS_MAX = 4096,
	RELOCATIONS_MAX = 16 * 1024 * 1024,
	PADS_MAX = 1024 * 1024, /* of one function */
	GAP_MAX = 64 * 1024,
	SCAN = 4096,      /* bytes that are looked through at a time */
	STUB = 16,        /* bytes, of the longest that is read */
	PADS_SIZE = 4096, /* of most exception tables */
};

/* A section that is loaded and has bytes in the file. */
struct section {
	uint64_t offset;
	uint64_t start;
	uint64_t end;
	bool code;
	bool constant; /* written by the loader alone */
	bool stubs;    /* a PLT */
};

/* What the loader writes to place. */
struct relocation {
	uint64_t place;
	uint64_t value;   /* an address of this file, 0: another file's */
	const char *name; /* of the symbol, or NULL */
};

struct stub {
	uint64_t address;
	uint64_t place; /* of the pointer that it jumps by */
};

struct pads {
	struct flow_pad *list;
	size_t count;
	bool unclear;
};

struct symbol_code {
	const struct symbol_elf *file;
	struct symbol_text text;
	struct symbol_table *table;
	struct flow_source source;
	struct section *sections;
	size_t section_count;
	size_t section_cap;
	struct relocation *relocations; /* by place */
	size_t relocation_count;
	size_t relocation_cap;
	struct stub *stubs; /* by address */
	size_t stub_count;
	size_t stub_cap;
	uint64_t *labels; /* addresses of code in data, ascending */
	size_t label_count;
	size_t label_cap;
	struct map returns; /* source.returns */
	struct map pads;    /* address of the exception table -> struct pads * */
	struct symbol_parts parts;
	struct arena arena;
};

static const struct section *
find_section(const struct symbol_code *code, uint64_t address)
{
	size_t i;

	for (i = 0; i < code->section_count; i++) {
		const struct section *section = &code->sections[i];

		if (address >= section->start && address < section->end)
			return section;
	}
	return NULL;
}

/* size bytes of the section at address; NULL if it has not so many. */
static const uint8_t *
bytes_of(struct symbol_code *code, const struct section *section, uint64_t address, uint64_t size)
{
	if (address < section->start || address > section->end || size > section->end - address)
		return NULL;
	return symbol_text_bytes(&code->text, section->offset + (address - section->start), size);
}

/* ---- what is in the file ---- */

static bool
starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

static void
add_section(struct symbol_code *code, const GElf_Shdr *header, const char *name)
{
	struct section *section;

	if (header->sh_size == 0 || header->sh_size > code->text.size ||
	    header->sh_offset > code->text.size - header->sh_size ||
	    header->sh_size > UINT64_MAX - header->sh_addr || code->section_count >= SECTIONS_MAX)
		return;
	code->sections = xgrow(
	    code->sections, &code->section_cap, code->section_count + 1, sizeof(*code->sections));
	section = &code->sections[code->section_count++];
	section->offset = header->sh_offset;
	section->start = header->sh_addr;
	section->end = header->sh_addr + header->sh_size;
	section->code = (header->sh_flags & SHF_EXECINSTR) != 0;
	section->constant =
	    (header->sh_flags & SHF_WRITE) == 0 || starts_with(name, ".data.rel.ro");
	section->stubs =
	    strcmp(name, ".plt") == 0 || starts_with(name, ".plt.") || strcmp(name, ".iplt") == 0;
}

static void
load_sections(struct symbol_code *code)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	size_t names;

	if (elf_getshdrstrndx(code->file->elf, &names) != 0)
		return;
	while ((section = elf_nextscn(code->file->elf, section)) != NULL) {
		const char *name;

		if (gelf_getshdr(section, &header) == NULL || (header.sh_flags & SHF_ALLOC) == 0 ||
		    (header.sh_flags & SHF_COMPRESSED) != 0 || header.sh_type == SHT_NOBITS)
			continue;
		name = elf_strptr(code->file->elf, names, header.sh_name);
		add_section(code, &header, name != NULL ? name : "");
	}
}

/* ---- relocations ---- */

static void
add_relocation(struct symbol_code *code, uint64_t place, uint64_t value, const char *name)
{
	struct relocation *added;

	if (code->relocation_count >= RELOCATIONS_MAX)
		return;
	code->relocations = xgrow(code->relocations, &code->relocation_cap,
	    code->relocation_count + 1, sizeof(*code->relocations));
	added = &code->relocations[code->relocation_count++];
	added->place = place;
	added->value = value;
	added->name = name;
}

static void
load_relocation(struct symbol_code *code, const GElf_Rela *rela, Elf_Data *symbols, size_t strings)
{
	const char *name = NULL;
	GElf_Sym symbol;

	switch (GELF_R_TYPE(rela->r_info)) {
	case R_X86_64_RELATIVE:
	case R_X86_64_IRELATIVE:
		add_relocation(code, rela->r_offset, (uint64_t)rela->r_addend,
		    GELF_R_TYPE(rela->r_info) == R_X86_64_IRELATIVE ? "" : NULL);
		break;
	case R_X86_64_JUMP_SLOT:
	case R_X86_64_GLOB_DAT:
	case R_X86_64_64:
		if (symbols == NULL || GELF_R_SYM(rela->r_info) > INT32_MAX ||
		    gelf_getsym(symbols, (int)GELF_R_SYM(rela->r_info), &symbol) == NULL)
			break;
		name = elf_strptr(code->file->elf, strings, symbol.st_name);
		add_relocation(code, rela->r_offset,
		    symbol.st_shndx != SHN_UNDEF ? symbol.st_value + (uint64_t)rela->r_addend : 0,
		    name != NULL ? name : "");
		break;
	default: break;
	}
}

static void
load_rela(struct symbol_code *code, Elf_Scn *section, const GElf_Shdr *header)
{
	Elf_Data *data = elf_getdata(section, NULL);
	Elf_Scn *linked =
	    header->sh_link != 0 ? elf_getscn(code->file->elf, header->sh_link) : NULL;
	Elf_Data *symbols = NULL;
	GElf_Shdr table = { 0 };
	GElf_Rela rela;
	int i;

	if (linked != NULL && gelf_getshdr(linked, &table) != NULL &&
	    (table.sh_type == SHT_DYNSYM || table.sh_type == SHT_SYMTAB))
		symbols = elf_getdata(linked, NULL);
	for (i = 0; data != NULL && i < RELOCATIONS_MAX && gelf_getrela(data, i, &rela) != NULL;
	     i++)
		load_relocation(code, &rela, symbols, table.sh_link);
}

static uint64_t
word_at(struct symbol_code *code, uint64_t address)
{
	const struct section *section = find_section(code, address);
	const uint8_t *bytes =
	    section != NULL ? bytes_of(code, section, address, sizeof(uint64_t)) : NULL;
	uint64_t word = 0;

	if (bytes != NULL)
		memcpy(&word, bytes, sizeof(word));
	return word;
}

/* Packed relative relocations: an address, then bits for the 63 words behind it. */
static void
load_relr(struct symbol_code *code, Elf_Scn *section)
{
	Elf_Data *data = elf_rawdata(section, NULL);
	uint64_t where = 0;
	uint64_t entry;
	size_t at;
	unsigned int bit;

	for (at = 0; data != NULL && data->d_buf != NULL && at + 8 <= data->d_size; at += 8) {
		memcpy(&entry, (const uint8_t *)data->d_buf + at, sizeof(entry));
		if ((entry & 1) == 0) {
			add_relocation(code, entry, word_at(code, entry), NULL);
			where = entry + 8;
			continue;
		}
		for (bit = 0; bit < 63; bit++) {
			if ((entry >> (bit + 1) & 1) != 0)
				add_relocation(code, where + bit * UINT64_C(8),
				    word_at(code, where + bit * UINT64_C(8)), NULL);
		}
		where += UINT64_C(63) * 8;
	}
}

static int
compare_relocations(const void *left, const void *right)
{
	const struct relocation *a = left;
	const struct relocation *b = right;

	return a->place < b->place ? -1 : a->place > b->place;
}

static void
load_relocations(struct symbol_code *code)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(code->file->elf, section)) != NULL) {
		if (gelf_getshdr(section, &header) == NULL || (header.sh_flags & SHF_ALLOC) == 0)
			continue;
		if (header.sh_type == SHT_RELA)
			load_rela(code, section, &header);
		else if (header.sh_type == SHT_RELR)
			load_relr(code, section);
	}
	if (code->relocation_count > 0)
		qsort(code->relocations, code->relocation_count, sizeof(*code->relocations),
		    compare_relocations);
}

static const struct relocation *
find_relocation(const struct symbol_code *code, uint64_t place)
{
	struct relocation key = { .place = place };

	if (code->relocation_count == 0)
		return NULL;
	return bsearch(
	    &key, code->relocations, code->relocation_count, sizeof(key), compare_relocations);
}

/* ---- labels ---- */

static bool
is_code(const struct symbol_code *code, uint64_t address)
{
	const struct section *section = find_section(code, address);

	return section != NULL && section->code;
}

static void
add_label(struct symbol_code *code, uint64_t address)
{
	if (!is_code(code, address))
		return;
	code->labels =
	    xgrow(code->labels, &code->label_cap, code->label_count + 1, sizeof(*code->labels));
	code->labels[code->label_count++] = address;
}

static int
compare_addresses(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left;
	uint64_t b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

/* The numbers in a section that are addresses of code. */
static void
scan_labels(struct symbol_code *code, const struct section *section)
{
	uint64_t at = (section->start + 7) & ~UINT64_C(7);
	const uint8_t *bytes;
	uint64_t word;
	uint64_t size;
	uint64_t i;

	for (; at < section->end && section->end - at >= 8; at += size) {
		size = (section->end - at < SCAN ? section->end - at : SCAN) & ~UINT64_C(7);
		bytes = bytes_of(code, section, at, size);
		for (i = 0; bytes != NULL && i < size; i += 8) {
			memcpy(&word, bytes + i, sizeof(word));
			add_label(code, word);
		}
		symbol_text_forget(&code->text);
	}
}

/* Without relocation every number in data that is an address of code may be one. */
static void
load_labels(struct symbol_code *code)
{
	size_t i;

	for (i = 0; i < code->relocation_count; i++) {
		if (code->relocations[i].name == NULL)
			add_label(code, code->relocations[i].value);
	}
	for (i = 0; i < code->section_count && code->source.fixed; i++) {
		if (!code->sections[i].code)
			scan_labels(code, &code->sections[i]);
	}
	if (code->label_count > 0)
		qsort(code->labels, code->label_count, sizeof(*code->labels), compare_addresses);
}

static size_t
labels_up_to(const struct symbol_code *code, uint64_t address)
{
	size_t low = 0;
	size_t high = code->label_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (code->labels[middle] < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static size_t
source_labels(void *data, uint64_t start, uint64_t end, const uint64_t **labels)
{
	const struct symbol_code *code = data;
	size_t low = labels_up_to(code, start);
	size_t high = labels_up_to(code, end);

	*labels = high > low ? &code->labels[low] : NULL;
	return high > low ? high - low : 0;
}

/* ---- stubs and names ---- */

/* "endbr64; bnd jmp *place(%rip)", with or without what comes before jmp. */
static bool
read_stub(struct symbol_code *code, const struct section *section, uint64_t at, uint64_t *place)
{
	uint64_t left = STUB;
	const uint8_t *bytes;
	uint64_t skip = 0;
	int32_t away;

	if (left > section->end - at)
		left = section->end - at;
	bytes = bytes_of(code, section, at, left);
	if (bytes == NULL)
		return false;
	if (left >= 4 && memcmp(bytes, "\xf3\x0f\x1e\xfa", 4) == 0)
		skip = 4;
	if (left > skip && bytes[skip] == 0xf2)
		skip++;
	if (left < skip + 6 || bytes[skip] != 0xff || bytes[skip + 1] != 0x25)
		return false;
	memcpy(&away, bytes + skip + 2, sizeof(away));
	*place = at + skip + 6 + (uint64_t)(int64_t)away;
	return true;
}

static void
load_stubs(struct symbol_code *code)
{
	uint64_t place;
	uint64_t at;
	size_t i;

	for (i = 0; i < code->section_count; i++) {
		const struct section *section = &code->sections[i];

		for (at = section->start; section->stubs && at < section->end; at += 8) {
			struct stub *stub;

			if (!read_stub(code, section, at, &place))
				continue;
			code->stubs = xgrow(code->stubs, &code->stub_cap, code->stub_count + 1,
			    sizeof(*code->stubs));
			stub = &code->stubs[code->stub_count++];
			stub->address = at;
			stub->place = place;
		}
	}
	if (code->stub_count > 0)
		qsort(code->stubs, code->stub_count, sizeof(*code->stubs), compare_addresses);
}

/* Names keep no version: "memcpy@@GLIBC_2.14". */
static const char *
without_version(struct symbol_code *code, const char *name)
{
	const char *at = strchr(name, '@');

	return at == NULL ? name : arena_copy(&code->arena, name, (size_t)(at - name));
}

static const char *
name_at(struct symbol_code *code, uint64_t address)
{
	const struct symbol_name *name = symbol_elf_name(code->table, address);

	if (name == NULL || name->start != address)
		return NULL;
	return without_version(code, name->name);
}

static const char *
name_of_slot(struct symbol_code *code, uint64_t place)
{
	const struct relocation *relocation = find_relocation(code, place);
	const char *name = NULL;

	if (relocation == NULL)
		return NULL;
	if (relocation->name != NULL && relocation->name[0] != '\0')
		return relocation->name;
	if (relocation->value != 0)
		name = name_at(code, relocation->value);
	return name != NULL ? name : relocation->name;
}

static const char *
source_callee(void *data, uint64_t address, bool slot)
{
	struct symbol_code *code = data;
	const struct section *section = find_section(code, address);
	const struct stub *stub = NULL;
	const char *name;

	if (slot)
		return name_of_slot(code, address);
	if (section == NULL || !section->stubs)
		return section != NULL && section->code ? name_at(code, address) : NULL;
	if (code->stub_count > 0)
		stub = bsearch(
		    &address, code->stubs, code->stub_count, sizeof(*stub), compare_addresses);
	if (stub == NULL)
		return FLOW_STRANGE;
	name = name_of_slot(code, stub->place);
	return name != NULL ? name : "";
}

/* ---- memory ---- */

static bool
source_read(void *data, uint64_t address, void *buffer, size_t size)
{
	struct symbol_code *code = data;
	const struct section *section = find_section(code, address);
	const struct relocation *relocation;
	const uint8_t *bytes;

	if (section == NULL || !section->constant)
		return false;
	bytes = bytes_of(code, section, address, size);
	if (bytes == NULL)
		return false;
	memcpy(buffer, bytes, size);
	if (size != sizeof(uint64_t))
		return true;
	relocation = find_relocation(code, address);
	if (relocation != NULL)
		memcpy(buffer, &relocation->value, size);
	return true;
}

/* ---- exception tables ---- */

static void
add_pad(struct pads *pads, size_t *cap, uint64_t start, uint64_t size, uint64_t landing)
{
	struct flow_pad *pad;

	pads->list = xgrow(pads->list, cap, pads->count + 1, sizeof(*pads->list));
	pad = &pads->list[pads->count++];
	pad->start = start;
	pad->end = start + size;
	pad->landing = landing;
}

/* The call sites of an exception table; false if it makes no sense. */
static bool
read_pads(struct pads *pads, struct cursor *cursor, const struct symbol_fde *fde)
{
	uint64_t before = fde->start;
	uint64_t base = before;
	size_t cap = 0;
	uint8_t encoding = (uint8_t)cursor_fixed(cursor, 1);
	uint64_t size;

	if (encoding != DW_EH_PE_omit)
		base = cursor_encoded(cursor, encoding, true);
	encoding = (uint8_t)cursor_fixed(cursor, 1);
	if (encoding != DW_EH_PE_omit)
		cursor_leb(cursor);
	encoding = (uint8_t)cursor_fixed(cursor, 1);
	size = cursor_leb(cursor);
	if (cursor->bad || size > (uint64_t)(cursor->end - cursor->at))
		return false;
	cursor->end = cursor->at + size;
	while (cursor->at < cursor->end && pads->count < PADS_MAX) {
		uint64_t start = cursor_encoded(cursor, encoding, false);
		uint64_t length = cursor_encoded(cursor, encoding, false);
		uint64_t landing = cursor_encoded(cursor, encoding, false);

		cursor_leb(cursor);
		if (cursor->bad || start > fde->end - fde->start ||
		    length > fde->end - fde->start - start || fde->start + start < before)
			return false;
		before = fde->start + start + length;
		if (landing != 0 && length != 0)
			add_pad(pads, &cap, fde->start + start, length, base + landing);
	}
	return pads->count < PADS_MAX;
}

/* Reads the table from its first size bytes; false if it makes no sense, or is longer. */
static bool
try_pads(struct symbol_code *code, const struct section *section, const struct symbol_fde *fde,
    uint64_t size, struct pads *pads)
{
	const uint8_t *bytes = bytes_of(code, section, fde->lsda, size);
	struct cursor cursor = { .wide = true };

	if (bytes == NULL)
		return false;
	cursor.base = bytes;
	cursor.address = fde->lsda;
	cursor.at = bytes;
	cursor.end = bytes + size;
	free(pads->list);
	*pads = (struct pads){ .unclear = false };
	pads->unclear = !read_pads(pads, &cursor, fde);
	return !pads->unclear;
}

static struct pads *
load_pads(struct symbol_code *code, const struct symbol_fde *fde)
{
	const struct section *section = find_section(code, fde->lsda);
	struct pads *pads = xcalloc(1, sizeof(*pads));
	uint64_t left = section != NULL ? section->end - fde->lsda : 0;

	pads->unclear = true;
	/* the rest of the section is the others' */
	if (left > PADS_SIZE && try_pads(code, section, fde, PADS_SIZE, pads))
		return pads;
	if (left > 0)
		try_pads(code, section, fde, left, pads);
	return pads;
}

static const struct pads *
find_pads(struct symbol_code *code, const struct symbol_fde *fde)
{
	struct map_key key = { .hi = fde->lsda, .lo = fde->start };
	bool isnew;
	uint64_t *value = map_insert(&code->pads, key, &isnew);

	if (isnew)
		*value = (uintptr_t)load_pads(code, fde);
	return (const struct pads *)(uintptr_t)*value;
}

/* ---- pieces ---- */

/* True if the symbol table says that a part of another function begins here. */
static bool
is_cold(struct symbol_code *code, uint64_t address)
{
	const struct symbol_name *name = symbol_elf_name(code->table, address);

	return name != NULL && symbol_elf_parent(code->table, name) != NULL;
}

/* Code that nothing describes: what lies between two entries of the unwind table. */
static bool
find_gap(const struct symbol_code *code, const struct section *section, uint64_t address,
    struct flow_part *part)
{
	const struct symbol_fde *fdes = code->table->fdes;
	size_t low = 0;
	size_t high = code->table->fde_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (fdes[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	part->start = section->start;
	part->end = section->end;
	if (low > 0 && fdes[low - 1].end > part->start)
		part->start = fdes[low - 1].end;
	if (low < code->table->fde_count && fdes[low].start < part->end)
		part->end = fdes[low].start;
	part->fragment = true;
	return part->start <= address && address < part->end && part->end - part->start <= GAP_MAX;
}

static bool
source_part(void *data, uint64_t address, struct flow_part *part)
{
	struct symbol_code *code = data;
	const struct section *section = find_section(code, address);
	const struct symbol_fde *fde = symbol_elf_fde(code->table, address);
	const struct symbol_name *name;
	const struct pads *pads;

	memset(part, 0, sizeof(*part));
	if (section == NULL || !section->code || section->stubs)
		return false;
	if (fde != NULL) {
		part->start = fde->start;
		part->end = fde->end;
		part->fragment = fde->inner || is_cold(code, fde->start);
		part->pads_unclear = fde->lsda_unclear;
	} else if ((name = symbol_elf_name(code->table, address)) != NULL && name->size > 0) {
		part->start = name->start;
		part->end = name->start + name->size;
	} else if (!find_gap(code, section, address, part)) {
		return false;
	}
	if (part->start < section->start || part->end > section->end || part->end <= part->start)
		return false;
	part->bytes = bytes_of(code, section, part->start, part->end - part->start);
	if (part->bytes == NULL)
		return false;
	if (fde != NULL && fde->lsda != 0) {
		pads = find_pads(code, fde);
		part->pads = pads->list;
		part->pad_count = pads->count;
		part->pads_unclear = part->pads_unclear || pads->unclear;
	}
	return true;
}

static void
source_forget(void *data)
{
	struct symbol_code *code = data;

	symbol_text_forget(&code->text);
}

struct symbol_code *
symbol_code_new(const struct symbol_elf *file, struct symbol_table *table)
{
	struct symbol_code *code = xcalloc(1, sizeof(*code));
	struct stat status;
	GElf_Ehdr header;
	size_t i;
	bool any = false;

	code->file = file;
	code->text.fd = file->fd;
	if (fstat(file->fd, &status) == 0)
		code->text.size = (uint64_t)status.st_size;
	code->table = table;
	code->source.data = code;
	code->source.fixed = gelf_getehdr(file->elf, &header) != NULL && header.e_type == ET_EXEC;
	code->source.returns = &code->returns;
	code->source.part = source_part;
	code->source.callee = source_callee;
	code->source.read = source_read;
	code->source.forget = source_forget;
	code->source.labels = source_labels;
	load_sections(code);
	for (i = 0; i < code->section_count; i++)
		any = any || code->sections[i].code;
	if (!any) {
		symbol_code_free(code);
		return NULL;
	}
	load_relocations(code);
	load_labels(code);
	load_stubs(code);
	return code;
}

void
symbol_code_free(struct symbol_code *code)
{
	struct map_key key;
	uint64_t value;
	size_t at = 0;

	if (code == NULL)
		return;
	while (map_next(&code->pads, &at, &key, &value)) {
		struct pads *pads = (struct pads *)(uintptr_t)value;

		free(pads->list);
		free(pads);
	}
	map_release(&code->pads);
	map_release(&code->returns);
	free(code->sections);
	free(code->relocations);
	free(code->stubs);
	free(code->labels);
	symbol_text_release(&code->text);
	symbol_parts_release(&code->parts);
	arena_release(&code->arena);
	free(code);
}

const struct flow_source *
symbol_code_source(const struct symbol_code *code)
{
	return &code->source;
}

uint64_t
symbol_code_parent(struct symbol_code *code, const struct symbol_fde *fde)
{
	return symbol_parts_function(&code->parts, code->table, &code->source, fde);
}
