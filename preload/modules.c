#define _GNU_SOURCE
#include "preload/modules.h"

#include <elf.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>

#include "preload/marks.h"
#include "preload/ring.h"
#include "preload/rules.h"
#include "preload/sample.h"
#include "preload/sys.h"

enum { MODULES_GONE = 64 }; /* unloads that are remembered for modules_gone */

struct modules_range {
	uint64_t start, end;
};

struct module *modules_table;
uint64_t modules_filter[MODULES_FILTER / 64];
uint32_t modules_epoch;

static uint32_t modules_count = 1; /* index 0: none */
static const char *modules_exe, *modules_directory;
static uint64_t modules_vdso;
static struct modules_range modules_ranges[MODULES_GONE];

bool
modules_start(const char *exe, const char *directory, uint64_t vdso)
{
	modules_exe = exe;
	modules_directory = directory;
	modules_vdso = vdso;
	modules_table = sys_mmap(MODULES_MAX * sizeof(*modules_table), PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
	return modules_table != NULL;
}

/* The GNU build-id, of up to 32 bytes, among the notes from at to end: its length, or
 * `length` where there is none; *go: there is one of Go's. */
static uint8_t
modules_notes(uint64_t at, uint64_t end, uint8_t *id, uint8_t length, bool *go)
{
	while (at + sizeof(ElfW(Nhdr)) <= end) {
		const ElfW(Nhdr) *note = (const void *)at;
		uint64_t name = at + sizeof(*note);
		uint64_t text = name + ((note->n_namesz + 3ULL) & ~3ULL);

		at = text + ((note->n_descsz + 3ULL) & ~3ULL);
		if (at > end)
			break;
		if (note->n_namesz != 4)
			continue;
		if (note->n_type == NT_GNU_BUILD_ID && note->n_descsz <= 32 &&
		    memcmp((const void *)name, "GNU", 4) == 0) {
			memcpy(id, (const void *)text, note->n_descsz);
			length = (uint8_t)note->n_descsz;
		} else if (memcmp((const void *)name, "Go\0", 4) == 0) {
			*go = true;
		}
	}
	return length;
}

/* The GNU build-id note, out of the mapped file; *go: it has one of Go's. */
static uint8_t
modules_build_id(const struct module *module, uint8_t *id, bool *go)
{
	const ElfW(Ehdr) *elf = (const void *)module->start;
	const ElfW(Phdr) * segments;
	uint8_t length = 0;

	if (memcmp(elf->e_ident, ELFMAG, SELFMAG) != 0 ||
	    elf->e_phoff + elf->e_phnum * sizeof(*segments) > module->end - module->start)
		return 0;
	segments = (const void *)(module->start + elf->e_phoff);
	for (unsigned int i = 0; i < elf->e_phnum; i++) {
		uint64_t at = module->bias + segments[i].p_vaddr;
		uint64_t end = at + segments[i].p_memsz;

		if (segments[i].p_type == PT_NOTE && at >= module->start && end <= module->end &&
		    end >= at)
			length = modules_notes(at, end, id, length, go);
	}
	return length;
}

/*
 * Bytes of the directory to put before a path, the slash between included. A
 * program that has changed it since gets a name whose build-id will not match.
 * SIZE_MAX: it is no file's name, or the directory is unknown.
 */
static size_t
modules_relative(const char *path)
{
	size_t at = 0;

	if (path[0] == '/')
		return 0;
	while (path[at] != 0 && path[at] != '/')
		at++;
	if (path[at] == 0 || modules_directory[0] != '/')
		return SIZE_MAX;
	return strlen(modules_directory) + 1;
}

/* Writes len bytes: the directory's name, its slash included in `before`, then path. */
static void
modules_put(char *to, const char *path, size_t before, size_t len)
{
	if (before > 0) {
		memcpy(to, modules_directory, before - 1);
		to[before - 1] = '/';
	}
	memcpy(to + before, path, len - before);
}

static uint32_t
modules_write(const struct module *module)
{
	struct {
		struct esc_def_module module;
		char path[4096];
	} * record;
	const char *path = module->map->l_name;
	const bool is_vdso = modules_vdso != 0 && module->bias == modules_vdso;
	size_t before, len;
	uint32_t slots, id;
	bool go = false;

	if (path[0] == 0)
		path = modules_exe;
	if (is_vdso)
		path = "[vdso]"; /* as /proc/PID/maps has it */
	before = is_vdso ? 0 : modules_relative(path);
	len = before + strlen(path);
	if (before == SIZE_MAX || len > sizeof(record->path) ||
	    len + sizeof(record->module) + ESC_SLOT > ring_longest())
		before = len = 0;
	slots = (uint32_t)((sizeof(record->module) + len + ESC_SLOT - 1) / ESC_SLOT);
	record = ring_define(slots);
	if (record == NULL) {
		/* Nobody knows what it is. */
		if (marks.on)
			marks_stop(ESC_UNMARKED_MEMORY, NULL);
		return 0;
	}
	id = __atomic_add_fetch(&ring.header->modules, 1, __ATOMIC_RELAXED);
	record->module.def.id = id;
	record->module.process = ring_process();
	record->module.path_len = (uint16_t)len;
	record->module.bias = module->bias;
	record->module.start = module->start;
	record->module.end = module->end;
	record->module.loaded = ring_ticks();
	record->module.build_id_len = modules_build_id(module, record->module.build_id, &go);
	marks_module(path, go);
	modules_put(record->path, path, before, len);
	ring_defined(&record->module.def, ESC_DEF_MODULE);
	return id;
}

static uint32_t
modules_add(const struct link_map *map, uint64_t start, uint64_t end)
{
	uint32_t index = __atomic_fetch_add(&modules_count, 1, __ATOMIC_RELAXED);
	uint32_t hash = modules_hash(map);
	struct module *module;

	if (index >= MODULES_MAX) {
		__atomic_store_n(&modules_count, MODULES_MAX, __ATOMIC_RELAXED);
		return 0;
	}
	module = &modules_table[index];
	module->start = start;
	module->end = end;
	module->bias = map->l_addr;
	module->map = map;
	module->id = modules_write(module);
	__atomic_or_fetch(&modules_filter[hash / 64], 1ULL << (hash % 64), __ATOMIC_RELEASE);
	sample_watch(map);
	return index;
}

uint32_t
modules_find(const struct link_map *map, uint64_t start, uint64_t end)
{
	uint32_t count = __atomic_load_n(&modules_count, __ATOMIC_ACQUIRE);

	if (count > MODULES_MAX)
		count = MODULES_MAX;
	/* Newest first: a dead one may have had the same place. */
	for (uint32_t i = count; i-- > 1;) {
		const struct module *module = &modules_table[i];

		if (module->map == map && module->start == start && !module->dead)
			return i;
	}
	return modules_add(map, start, end);
}

void
modules_unload(const void *block)
{
	uint32_t count = __atomic_load_n(&modules_count, __ATOMIC_ACQUIRE);

	if (count > MODULES_MAX)
		count = MODULES_MAX;
	for (uint32_t i = 1; i < count; i++) {
		struct module *module = &modules_table[i];
		uint32_t epoch;

		if ((const void *)module->map != block || module->dead)
			continue;
		module->dead = 1;
		rules_forget(module->start, module->end);
		marks_forget(module->start, module->end);
		/* The loader's lock is held here: one at a time. */
		epoch = modules_epoch;
		modules_ranges[epoch % MODULES_GONE] =
		    (struct modules_range){ module->start, module->end };
		__atomic_store_n(&modules_epoch, epoch + 1, __ATOMIC_RELEASE);
	}
}

bool
modules_gone(uint32_t epoch, uint64_t pc, bool *all)
{
	uint32_t now = __atomic_load_n(&modules_epoch, __ATOMIC_ACQUIRE);

	*all = now - epoch >= MODULES_GONE;
	if (*all)
		return true;
	for (; epoch != now; epoch++) {
		const struct modules_range *range = &modules_ranges[epoch % MODULES_GONE];

		if (pc >= range->start && pc < range->end)
			return true;
	}
	return false;
}

bool
modules_unwinds(uint32_t index)
{
	struct module *module = &modules_table[index];

	if (module->unwinds == 0)
		module->unwinds = module->map != NULL && marks_unwinds(module->map) ? 1 : 2;
	return module->unwinds == 1;
}
