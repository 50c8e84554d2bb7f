#include "analyzer/escape/wrappers.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/util/err.h"
#include "analyzer/util/xalloc.h"

/* Sorted, for bsearch. */
static const char *const wrapper_names[] = {
	"Perl_safesyscalloc",
	"Perl_safesysfree",
	"Perl_safesysmalloc",
	"Perl_safesysrealloc",
	"Perl_savepv",
	"Perl_savepvn",
	"PyMem_Calloc",
	"PyMem_Free",
	"PyMem_Malloc",
	"PyMem_RawCalloc",
	"PyMem_RawFree",
	"PyMem_RawMalloc",
	"PyMem_RawRealloc",
	"PyMem_Realloc",
	"PyObject_Calloc",
	"PyObject_Free",
	"PyObject_GC_Del",
	"PyObject_Malloc",
	"PyObject_Realloc",
	"PyType_GenericAlloc",
	"_PyMem_RawMalloc",
	"_PyMem_RawStrdup",
	"_PyMem_RawWcsdup",
	"_PyMem_Strdup",
	"_PyObject_GC_New",
	"_PyObject_GC_NewVar",
	"_PyObject_GC_Resize",
	"_PyObject_New",
	"_PyObject_NewVar",
	"__asprintf",
	"__getdelim",
	"__getline",
	"__libc_calloc",
	"__libc_free",
	"__libc_malloc",
	"__libc_memalign",
	"__libc_realloc",
	"__libc_reallocarray",
	"__rdl_alloc",
	"__rdl_alloc_zeroed",
	"__rdl_dealloc",
	"__rdl_realloc",
	"__rg_alloc",
	"__rg_alloc_zeroed",
	"__rg_dealloc",
	"__rg_realloc",
	"__rust_alloc",
	"__rust_alloc_zeroed",
	"__rust_dealloc",
	"__rust_realloc",
	"__strdup",
	"__strndup",
	"__vasprintf",
	"aligned_alloc",
	"asprintf",
	"calloc",
	"cfree",
	"free",
	"free_aligned_sized",
	"free_sized",
	"g_aligned_alloc",
	"g_aligned_alloc0",
	"g_aligned_free",
	"g_clear_pointer",
	"g_free",
	"g_free_sized",
	"g_malloc",
	"g_malloc0",
	"g_malloc0_n",
	"g_malloc_n",
	"g_memdup",
	"g_memdup2",
	"g_realloc",
	"g_realloc_n",
	"g_slice_alloc",
	"g_slice_alloc0",
	"g_slice_copy",
	"g_slice_free1",
	"g_slice_free_chain_with_offset",
	"g_strconcat",
	"g_strdup",
	"g_strdup_printf",
	"g_strdup_vprintf",
	"g_strndup",
	"g_try_malloc",
	"g_try_malloc0",
	"g_try_malloc0_n",
	"g_try_malloc_n",
	"g_try_realloc",
	"g_try_realloc_n",
	"getdelim",
	"getline",
	"malloc",
	"memalign",
	"operator delete",
	"operator delete[]",
	"operator new",
	"operator new[]",
	"posix_memalign",
	"pvalloc",
	"realloc",
	"reallocarray",
	"sqlite3DbFree",
	"sqlite3DbFreeNN",
	"sqlite3DbMallocRaw",
	"sqlite3DbMallocRawNN",
	"sqlite3DbMallocZero",
	"sqlite3DbRealloc",
	"sqlite3DbReallocOrFree",
	"sqlite3DbStrDup",
	"sqlite3DbStrNDup",
	"sqlite3Malloc",
	"sqlite3MallocZero",
	"sqlite3MemFree",
	"sqlite3MemMalloc",
	"sqlite3MemRealloc",
	"sqlite3Realloc",
	"sqlite3_free",
	"sqlite3_malloc",
	"sqlite3_malloc64",
	"sqlite3_realloc",
	"sqlite3_realloc64",
	"strdup",
	"strndup",
	"valloc",
	"vasprintf",
	"wcsdup",
	"x2nrealloc",
	"x2realloc",
	"xasprintf",
	"xcalloc",
	"xcharalloc",
	"xfree",
	"xmalloc",
	"xmemdup",
	"xmemdup0",
	"xnmalloc",
	"xnrealloc",
	"xrealloc",
	"xreallocarray",
	"xstrdup",
	"xstrndup",
	"xvasprintf",
	"xzalloc",
	"zcalloc",
	"zfree",
	"zmalloc",
	"zrealloc",
	"ztrymalloc",
};

/* C++'s and Rust's own libraries. */
static const char *const wrapper_spaces[] = {
	"std::",
	"__gnu_cxx::",
	"__cxxabiv1::",
	"__cxxabi",
	"alloc::",
	"core::",
	"hashbrown::",
};

/* By the beginning of the file's name. */
static const char *const wrapper_modules[] = {
	"libesc.so",
	"libesc-unwind.so",
	"libstdc++.so",
	"libc++.so",
	"libc++abi.so",
};

struct wrappers {
	regex_t *more;
	regex_t *fewer;
	size_t more_count;
	size_t fewer_count;
};

static int
wrappers_compile(regex_t *list, size_t *count, const char *pattern, struct err *err)
{
	char why[256];
	int code = regcomp(&list[*count], pattern, REG_EXTENDED | REG_NOSUB);

	if (code != 0) {
		regerror(code, &list[*count], why, sizeof(why));
		return err_set(err, "pattern \"%s\": %s", pattern, why);
	}
	++*count;
	return 0;
}

struct wrappers *
wrappers_new(const char *const *more, size_t more_count, const char *const *fewer,
    size_t fewer_count, struct err *err)
{
	struct wrappers *wrappers = xcalloc(1, sizeof(*wrappers));
	size_t i;

	wrappers->more = xcalloc(more_count + 1, sizeof(regex_t));
	wrappers->fewer = xcalloc(fewer_count + 1, sizeof(regex_t));
	for (i = 0; i < more_count; i++)
		if (wrappers_compile(wrappers->more, &wrappers->more_count, more[i], err) != 0)
			goto fail;
	for (i = 0; i < fewer_count; i++)
		if (wrappers_compile(wrappers->fewer, &wrappers->fewer_count, fewer[i], err) != 0)
			goto fail;
	return wrappers;
fail:
	wrappers_free(wrappers);
	return NULL;
}

void
wrappers_free(struct wrappers *wrappers)
{
	size_t i;

	if (wrappers == NULL)
		return;
	for (i = 0; i < wrappers->more_count; i++)
		regfree(&wrappers->more[i]);
	for (i = 0; i < wrappers->fewer_count; i++)
		regfree(&wrappers->fewer[i]);
	free(wrappers->more);
	free(wrappers->fewer);
	free(wrappers);
}

static bool
wrappers_search(const regex_t *list, size_t count, const char *text)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (regexec(&list[i], text, 0, NULL, 0) == 0)
			return true;
	return false;
}

static int
wrappers_compare(const void *key, const void *entry)
{
	return strcmp(key, *(const char *const *)entry);
}

static bool
wrappers_begins(const char *text, const char *const *list, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strncmp(text, list[i], strlen(list[i])) == 0)
			return true;
	return false;
}

/*
 * Rust writes a trait's method "<type as trait>::method", another one
 * "<type>::method": the trait decides, or the type. A user's own trait for a
 * library's type is the user's.
 */
static const char *
wrappers_space(const char *function)
{
	const char *trait;

	if (*function != '<')
		return function;
	while (*function == '<' || *function == '&')
		function++;
	for (trait = function; (trait = strstr(trait, " as ")) != NULL;)
		function = trait += 4;
	return function;
}

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

bool
wrappers_match(const struct wrappers *wrappers, const char *function, const char *module)
{
	const char *base = strrchr(module, '/');

	if (wrappers_search(wrappers->fewer, wrappers->fewer_count, function))
		return false;
	if (bsearch(function, wrapper_names, COUNT(wrapper_names), sizeof(wrapper_names[0]),
		wrappers_compare) != NULL ||
	    wrappers_begins(wrappers_space(function), wrapper_spaces, COUNT(wrapper_spaces)) ||
	    wrappers_begins(
		base != NULL ? base + 1 : module, wrapper_modules, COUNT(wrapper_modules)))
		return true;
	return wrappers_search(wrappers->more, wrappers->more_count, function);
}
