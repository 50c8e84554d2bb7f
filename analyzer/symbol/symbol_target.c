#include "analyzer/symbol/symbol_target.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyzer/flow/flow.h"
#include "analyzer/util/xalloc.h"

enum {
	SLOTS_MAX = 4 * 1024 * 1024,
	CALL_MAX = 8, /* bytes of the longest indirect call */
	JUMP_MAX = 6,
	STUB_MAX = 16,
	THUNK_MAX = 48, /* bytes of one, as far as they tell */
};

/* Copies the bytes of the file's code at addr, at most most; returns how many of them
 * its section has. */
static size_t
read_code(const struct symbol_elf *file, uint64_t addr, uint8_t *to, size_t most)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	ssize_t got;

	while (file->elf != NULL && (section = elf_nextscn(file->elf, section)) != NULL) {
		uint64_t at;

		if (gelf_getshdr(section, &header) == NULL || header.sh_type != SHT_PROGBITS ||
		    (header.sh_flags & SHF_EXECINSTR) == 0 || addr < header.sh_addr ||
		    addr - header.sh_addr >= header.sh_size)
			continue;
		at = addr - header.sh_addr;
		if (header.sh_offset > (uint64_t)INT64_MAX - at)
			return 0;
		if (most > header.sh_size - at)
			most = (size_t)(header.sh_size - at);
		got = pread(file->fd, to, most, (off_t)(header.sh_offset + at));
		return got > 0 ? (size_t)got : 0;
	}
	return 0;
}

/* ---- slots ---- */

static int
compare_slots(const void *left, const void *right)
{
	const struct symbol_slot *a = left;
	const struct symbol_slot *b = right;

	return a->address < b->address ? -1 : a->address > b->address;
}

static void
add_slot(struct symbol_slots *slots, uint64_t address, const char *name)
{
	if (name == NULL || name[0] == '\0' || slots->count >= SLOTS_MAX)
		return;
	slots->list = xgrow(slots->list, &slots->cap, slots->count + 1, sizeof(*slots->list));
	slots->list[slots->count++] = (struct symbol_slot){ address, name };
}

/* The functions that one section of relocations wants from elsewhere. */
static void
load_relocations(struct symbol_slots *slots, Elf *elf, Elf_Scn *section, const GElf_Shdr *header)
{
	Elf_Scn *symbols = elf_getscn(elf, header->sh_link);
	size_t size = gelf_fsize(elf, ELF_T_RELA, 1, EV_CURRENT);
	Elf_Data *data = elf_getdata(section, NULL);
	Elf_Data *names = symbols != NULL ? elf_getdata(symbols, NULL) : NULL;
	GElf_Shdr strings;
	GElf_Rela entry;
	GElf_Sym symbol;
	size_t i;

	if (data == NULL || names == NULL || size == 0 || gelf_getshdr(symbols, &strings) == NULL)
		return;
	for (i = 0; i < data->d_size / size && i < INT32_MAX; i++) {
		if (gelf_getrela(data, (int)i, &entry) == NULL)
			break;
		if (GELF_R_TYPE(entry.r_info) != R_X86_64_JUMP_SLOT &&
		    GELF_R_TYPE(entry.r_info) != R_X86_64_GLOB_DAT)
			continue;
		if (gelf_getsym(names, (int)GELF_R_SYM(entry.r_info), &symbol) != NULL)
			add_slot(slots, entry.r_offset,
			    elf_strptr(elf, strings.sh_link, symbol.st_name));
	}
}

static const char *
slot_name(const struct symbol_code_view *view, uint64_t address)
{
	struct symbol_slots *slots = view->slots;
	struct symbol_slot key = { .address = address };
	const struct symbol_slot *found;
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	if (!slots->loaded) {
		slots->loaded = true;
		while ((section = elf_nextscn(view->file->elf, section)) != NULL) {
			if (gelf_getshdr(section, &header) != NULL && header.sh_type == SHT_RELA &&
			    (header.sh_flags & SHF_ALLOC) != 0)
				load_relocations(slots, view->file->elf, section, &header);
		}
		if (slots->count > 0)
			qsort(slots->list, slots->count, sizeof(*slots->list), compare_slots);
	}
	if (slots->count == 0)
		return NULL;
	found = bsearch(&key, slots->list, slots->count, sizeof(key), compare_slots);
	return found != NULL ? found->name : NULL;
}

void
symbol_target_release(struct symbol_slots *slots)
{
	free(slots->list);
	memset(slots, 0, sizeof(*slots));
}

/* ---- instructions ---- */

static int64_t
read_signed(const uint8_t *at)
{
	int32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

struct symbol_target
symbol_target_slot(const struct symbol_code_view *view, uint64_t slot)
{
	struct symbol_target target = { .kind = SYMBOL_TARGET_INDIRECT };

	target.name = slot_name(view, slot);
	if (target.name != NULL)
		target.kind = SYMBOL_TARGET_NAME;
	return target;
}

/* Where bytes jump that a linker may have written as a stub. */
static bool
read_stub(const struct symbol_code_view *view, uint64_t addr, struct symbol_target *target)
{
	static const uint8_t landing[4] = { 0xf3, 0x0f, 0x1e, 0xfa }; /* endbr64 */
	uint8_t bytes[STUB_MAX];
	size_t at = 0;

	if (read_code(view->file, addr, bytes, sizeof(bytes)) < STUB_MAX)
		return false;
	if (memcmp(bytes, landing, sizeof(landing)) == 0)
		at = sizeof(landing);
	if (bytes[at] == 0xf2)
		at++;
	if (bytes[at] != 0xff || bytes[at + 1] != 0x25)
		return false;
	*target = symbol_target_slot(view, addr + at + 6 + (uint64_t)read_signed(bytes + at + 2));
	return true;
}

/* What is called there calls what a register says. */
static bool
is_thunk(const struct symbol_code_view *view, uint64_t addr, const struct symbol_name *name)
{
	uint8_t bytes[THUNK_MAX];

	if (name != NULL && name->start == addr)
		return flow_is_thunk(name->name, NULL, 0);
	return flow_is_thunk(NULL, bytes, read_code(view->file, addr, bytes, sizeof(bytes)));
}

struct symbol_target
symbol_target_place(const struct symbol_code_view *view, uint64_t addr)
{
	struct symbol_target target = { .kind = SYMBOL_TARGET_UNREAD };
	const struct symbol_name *name;

	if (!symbol_elf_is_code(view->table, addr))
		return target;
	/* a function may itself begin with such a jump: it has a name, stubs have none */
	name = symbol_elf_name(view->table, addr);
	if ((name == NULL || name->start != addr) && read_stub(view, addr, &target))
		return target;
	if (is_thunk(view, addr, name))
		return (struct symbol_target){ .kind = SYMBOL_TARGET_INDIRECT };
	return (struct symbol_target){ .kind = SYMBOL_TARGET_ADDRESS, .address = addr };
}

/* A direct call's target must be something's beginning: its bytes could be a part
 * of an indirect call. */
static bool
begins_something(const struct symbol_code_view *view, const struct symbol_target *target)
{
	const struct symbol_fde *fde;
	const struct symbol_name *name;

	if (target->kind != SYMBOL_TARGET_ADDRESS)
		return target->kind != SYMBOL_TARGET_UNREAD;
	fde = symbol_elf_fde(view->table, target->address);
	if (fde != NULL && fde->start == target->address)
		return true;
	name = symbol_elf_name(view->table, target->address);
	return name != NULL && name->start == target->address;
}

/* True if the size bytes are an indirect call: FF /2 with its operand. */
static bool
is_indirect_call(const uint8_t *bytes, size_t size)
{
	size_t at = 0;
	uint8_t mode;
	size_t length;

	if (bytes[at] == 0x3e && at + 2 < size) /* not tracked */
		at++;
	if ((bytes[at] & 0xf0) == 0x40 && at + 2 < size)
		at++;
	if (at + 2 > size || bytes[at] != 0xff || (bytes[at + 1] >> 3 & 7) != 2)
		return false;
	mode = bytes[at + 1] >> 6;
	length = at + 2;
	if (mode != 3 && (bytes[at + 1] & 7) == 4)
		length++;
	if (mode == 1)
		length++;
	else if (mode == 2 || (mode == 0 && (bytes[at + 1] & 7) == 5) ||
	    (mode == 0 && (bytes[at + 1] & 7) == 4 && at + 2 < size && (bytes[at + 2] & 7) == 5))
		length += 4;
	return length == size;
}

struct symbol_target
symbol_target_call(const struct symbol_code_view *view, uint64_t after)
{
	struct symbol_target target = { .kind = SYMBOL_TARGET_UNREAD };
	uint8_t bytes[CALL_MAX];
	size_t length;

	if (view->table->machine != EM_X86_64 || after < CALL_MAX)
		return target;
	if (read_code(view->file, after - CALL_MAX, bytes, sizeof(bytes)) < CALL_MAX)
		return target;
	if (bytes[CALL_MAX - 5] == 0xe8) {
		target =
		    symbol_target_place(view, after + (uint64_t)read_signed(bytes + CALL_MAX - 4));
		if (begins_something(view, &target))
			return target;
	}
	if (bytes[CALL_MAX - 6] == 0xff && bytes[CALL_MAX - 5] == 0x15)
		return symbol_target_slot(
		    view, after + (uint64_t)read_signed(bytes + CALL_MAX - 4));
	target.kind = SYMBOL_TARGET_UNREAD;
	for (length = 2; length <= CALL_MAX; length++) {
		if (is_indirect_call(bytes + CALL_MAX - length, length))
			target.kind = SYMBOL_TARGET_INDIRECT;
	}
	return target;
}

/* The jump of exactly size bytes, of those that compilers use to leave a function. */
static struct symbol_target
read_jump(const struct symbol_code_view *view, const uint8_t *bytes, uint64_t pc, size_t size)
{
	struct symbol_target target = { .kind = SYMBOL_TARGET_UNREAD };
	uint64_t after = pc + size;

	if (size == 5 && bytes[0] == 0xe9)
		return symbol_target_place(view, after + (uint64_t)read_signed(bytes + 1));
	if (size == 6 && bytes[0] == 0x0f && (bytes[1] & 0xf0) == 0x80)
		return symbol_target_place(view, after + (uint64_t)read_signed(bytes + 2));
	if (size == 2 && (bytes[0] == 0xeb || (bytes[0] & 0xf0) == 0x70))
		return symbol_target_place(view, after + (uint64_t)(int64_t)(int8_t)bytes[1]);
	if (size == 6 && bytes[0] == 0xff && bytes[1] == 0x25)
		return symbol_target_slot(view, after + (uint64_t)read_signed(bytes + 2));
	return target;
}

struct symbol_target
symbol_target_jump(const struct symbol_code_view *view, uint64_t pc, uint64_t after)
{
	static const size_t sizes[] = { 5, 6, 2 };
	struct symbol_target target = { .kind = SYMBOL_TARGET_UNREAD };
	uint8_t bytes[JUMP_MAX];
	size_t i;

	if (view->table->machine != EM_X86_64)
		return target;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t start = pc != 0 ? pc : after - sizes[i];

		if (read_code(view->file, start, bytes, sizes[i]) < sizes[i])
			continue;
		target = read_jump(view, bytes, start, sizes[i]);
		if (begins_something(view, &target))
			return target;
	}
	return (struct symbol_target){ .kind = SYMBOL_TARGET_UNREAD };
}
