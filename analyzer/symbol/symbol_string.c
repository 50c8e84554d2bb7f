#include "analyzer/symbol/symbol_string.h"

#include <stdbool.h>
#include <string.h>

#include <gelf.h>

/* Of what libdw has read: nothing else is loaded because of the question. */
static bool
is_debug(Elf *elf, size_t names, const GElf_Shdr *header)
{
	const char *name;

	if (header->sh_type == SHT_NOBITS || (header->sh_flags & SHF_ALLOC) != 0)
		return false;
	name = elf_strptr(elf, names, header->sh_name);
	return name != NULL &&
	    (strncmp(name, ".debug_", 7) == 0 || strncmp(name, ".zdebug_", 8) == 0);
}

/* How many bytes there are from text to its section's end; 0: it is in none of data. */
static size_t
left_in(const Elf_Data *data, const char *text)
{
	const char *start = data != NULL ? data->d_buf : NULL;

	if (start == NULL || text < start || (size_t)(text - start) >= data->d_size)
		return 0;
	return data->d_size - (size_t)(text - start);
}

static bool
ends_in(Dwarf *dwarf, const char *text)
{
	Elf *elf = dwarf != NULL ? dwarf_getelf(dwarf) : NULL;
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	size_t names;
	size_t left;

	if (elf == NULL || elf_getshdrstrndx(elf, &names) != 0)
		return false;
	while ((section = elf_nextscn(elf, section)) != NULL) {
		if (gelf_getshdr(section, &header) == NULL || !is_debug(elf, names, &header))
			continue;
		/* libdw reads one or the other, by its version */
		left = left_in(elf_rawdata(section, NULL), text);
		if (left == 0)
			left = left_in(elf_getdata(section, NULL), text);
		if (left > 0)
			return memchr(text, '\0', left) != NULL;
	}
	return false;
}

const char *
symbol_string_of(Dwarf_Attribute *attribute)
{
	const char *text = dwarf_formstring(attribute);
	Dwarf *dwarf;

	if (text == NULL)
		return NULL;
	dwarf = dwarf_cu_getdwarf(attribute->cu);
	if (ends_in(dwarf, text) || ends_in(dwarf_getalt(dwarf), text))
		return text;
	return NULL;
}
