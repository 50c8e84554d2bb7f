/*
 * The personality of the marks' frames. An unwinder finds the handler of an
 * exception a second time by the stack pointer: a mark in between has the same
 * one, and is taken for it. (Where the mark was set after the first search, by a
 * destructor, nothing in its description could make another one.) Then the unwinder
 * is made to go on as if the function that the mark returns to had resumed there.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stddef.h>
#include <string.h>
#include <unwind.h>

#include "preload/marks.h"

#pragma weak _dl_find_object /* see aside.h */

struct marks_unwinder {
	const struct link_map *map;
	_Unwind_Ptr (*get_ip)(struct _Unwind_Context *);
	void (*set_ip)(struct _Unwind_Context *, _Unwind_Ptr);
	void (*set_register)(struct _Unwind_Context *, int, _Unwind_Word);
	void (*resume)(struct _Unwind_Exception *);
};

/* Read by marks.S. */
__thread void (*marks_resume)(struct _Unwind_Exception *)
    __attribute__((tls_model("initial-exec")));

static uint32_t
marks_hash(const char *name)
{
	uint32_t hash = 5381;

	for (; *name != 0; name++)
		hash = hash * 33 + (uint8_t)*name;
	return hash;
}

/* A dynamic symbol that the object defines, NULL: it does not. The loader's own
 * look-up takes locks, and allocates to say that there is none. */
static void *
marks_symbol(const struct link_map *map, const char *name)
{
	const ElfW(Sym) *symbols = NULL;
	const char *strings = NULL;
	const uint32_t *table = NULL;
	uint32_t hash = marks_hash(name), at;

	for (const ElfW(Dyn) *entry = map->l_ld; entry->d_tag != DT_NULL; entry++) {
		if (entry->d_tag == DT_SYMTAB)
			symbols = (const void *)entry->d_un.d_ptr;
		else if (entry->d_tag == DT_STRTAB)
			strings = (const void *)entry->d_un.d_ptr;
		else if (entry->d_tag == DT_GNU_HASH)
			table = (const void *)entry->d_un.d_ptr;
	}
	if (symbols == NULL || strings == NULL || table == NULL || table[0] == 0)
		return NULL;
	/* buckets, first symbol, words of the filter, its shift; filter; buckets; hashes */
	at = table[4 + 2 * table[2] + hash % table[0]];
	for (; at >= table[1]; at++) {
		uint32_t found = table[4 + 2 * table[2] + table[0] + at - table[1]];

		if ((found | 1) == (hash | 1) && symbols[at].st_shndx != SHN_UNDEF &&
		    strcmp(strings + symbols[at].st_name, name) == 0)
			return (void *)(map->l_addr + symbols[at].st_value);
		if ((found & 1) != 0)
			break;
	}
	return NULL;
}

static bool
marks_symbols(struct marks_unwinder *unwinder, const struct link_map *map)
{
	*(void **)&unwinder->get_ip = marks_symbol(map, "_Unwind_GetIP");
	*(void **)&unwinder->set_ip = marks_symbol(map, "_Unwind_SetIP");
	*(void **)&unwinder->set_register = marks_symbol(map, "_Unwind_SetGR");
	*(void **)&unwinder->resume = marks_symbol(map, "_Unwind_Resume");
	unwinder->map = map;
	return unwinder->get_ip != NULL && unwinder->set_ip != NULL &&
	    unwinder->set_register != NULL && unwinder->resume != NULL;
}

static _Unwind_Reason_Code
marks_stepped(struct _Unwind_Context *context, void *unused)
{
	(void)context;
	(void)unused;
	return _URC_END_OF_STACK;
}

static bool
marks_libgcc(const struct link_map *map)
{
	const char *base = map->l_name;

	for (const char *at = base; *at != 0; at++)
		if (*at == '/')
			base = at + 1;
	return strlen(base) > 9 && memcmp(base, "libgcc_s.", 9) == 0;
}

/*
 * Those that the unwinder at caller, which is unwinding, has beside itself. Of one
 * that is linked into its module nothing is seen; libgcc's copies understand each
 * other, once they have seen a stack.
 */
static bool
marks_unwinder(struct marks_unwinder *unwinder, void *caller)
{
	_Unwind_Reason_Code (*walk)(_Unwind_Trace_Fn, void *);
	struct dl_find_object object;
	const struct link_map *map;

	if (_dl_find_object(caller, &object) != 0)
		return false;
	map = object.dlfo_link_map;
	if (marks_symbols(unwinder, map))
		return true;
	while (map->l_prev != NULL)
		map = map->l_prev;
	while (map != NULL && !marks_libgcc(map))
		map = map->l_next;
	if (map == NULL || !marks_symbols(unwinder, map))
		return false;
	*(void **)&walk = marks_symbol(map, "_Unwind_Backtrace");
	if (walk != NULL)
		walk(marks_stepped, NULL);
	return true;
}

/* Whether the text is among the names that the object's symbols and the like have. */
static bool
marks_named(const struct link_map *map, const char *name)
{
	const char *at = NULL, *end;
	size_t size = 0;

	for (const ElfW(Dyn) *entry = map->l_ld; entry->d_tag != DT_NULL; entry++)
		if (entry->d_tag == DT_STRTAB)
			at = (const void *)entry->d_un.d_ptr;
		else if (entry->d_tag == DT_STRSZ)
			size = entry->d_un.d_val;
	for (end = at + size; at < end; at += strlen(at) + 1)
		if (strcmp(at, name) == 0)
			return true;
	return false;
}

bool
marks_unwinds(const struct link_map *map)
{
	struct marks_unwinder unwinder;

	return marks_named(map, "_Unwind_Resume") ||
	    (!marks_named(map, "dl_iterate_phdr") && !marks_named(map, "_dl_find_object")) ||
	    marks_symbols(&unwinder, map);
}

/* Called by marks.S's description of the cells. */
_Unwind_Reason_Code marks_unwound(int version, _Unwind_Action actions,
    _Unwind_Exception_Class class, struct _Unwind_Exception *exception,
    struct _Unwind_Context *context);

_Unwind_Reason_Code
marks_unwound(int version, _Unwind_Action actions, _Unwind_Exception_Class class,
    struct _Unwind_Exception *exception, struct _Unwind_Context *context)
{
	struct marks_unwinder unwinder;
	uint64_t pc;

	(void)version;
	(void)class;
	if ((actions & _UA_HANDLER_FRAME) == 0)
		return _URC_CONTINUE_UNWIND;
	if (!marks_unwinder(&unwinder, __builtin_return_address(0)))
		return _URC_CONTINUE_UNWIND;
	pc = unwinder.get_ip(context);
	if (marks_resolve(&pc) == 0)
		return _URC_CONTINUE_UNWIND;
	marks_resume = unwinder.resume;
	unwinder.set_register(context, __builtin_eh_return_data_regno(0), (_Unwind_Word)exception);
	unwinder.set_register(context, __builtin_eh_return_data_regno(1), pc);
	unwinder.set_ip(context, (_Unwind_Ptr)arch_marks_resume);
	return _URC_INSTALL_CONTEXT;
}
