#include "analyzer/escape/containers.h"

#include <stddef.h>
#include <string.h>

#include "analyzer/escape/wrappers.h"

struct containers_rule {
	const char *prefix; /* of the plain name, inline namespaces left out */
	const char *name;
};

/* The first that fits; what is inside of others (an _Rb_tree is map's and set's)
 * is asked only where no frame around it tells more. */
static const struct containers_rule containers_rules[] = {
	/* C++ */
	{ "std::basic_stringbuf::", "std::stringstream" },
	{ "std::basic_stringstream::", "std::stringstream" },
	{ "std::basic_ostringstream::", "std::stringstream" },
	{ "std::basic_istringstream::", "std::stringstream" },
	{ "std::basic_streambuf::", "std::stringstream" },
	{ "std::basic_filebuf::", "std::fstream" },
	{ "std::basic_string::", "std::string" },
	{ "std::vector::", "std::vector" },
	{ "std::_Vector_base::", "std::vector" },
	{ "std::deque::", "std::deque" },
	{ "std::_Deque_base::", "std::deque" },
	{ "std::list::", "std::list" },
	{ "std::_List_base::", "std::list" },
	{ "std::forward_list::", "std::list" },
	{ "std::map::", "std::map" },
	{ "std::multimap::", "std::map" },
	{ "std::set::", "std::set" },
	{ "std::multiset::", "std::set" },
	{ "std::_Rb_tree::", "std::map" },
	{ "std::__tree::", "std::map" },
	{ "std::unordered_map::", "std::unordered_map" },
	{ "std::unordered_multimap::", "std::unordered_map" },
	{ "std::unordered_set::", "std::unordered_set" },
	{ "std::unordered_multiset::", "std::unordered_set" },
	{ "std::_Hashtable::", "std::unordered_map" },
	{ "std::__detail::_Map_base::", "std::unordered_map" },
	{ "std::__detail::_Hashtable_alloc::", "std::unordered_map" },
	{ "std::__hash_table::", "std::unordered_map" },
	{ "std::make_unique", "std::unique_ptr" },
	{ "std::make_shared", "std::shared_ptr" },
	{ "std::allocate_shared", "std::shared_ptr" },
	{ "std::shared_ptr::", "std::shared_ptr" },
	{ "std::__shared_ptr::", "std::shared_ptr" },
	{ "std::__shared_count::", "std::shared_ptr" },
	{ "std::__allocation_guard::", "std::shared_ptr" },
	{ "std::function::", "std::function" },
	{ "std::_Function_base::", "std::function" },
	{ "std::__function::", "std::function" },
	{ "std::any::", "std::any" },
	{ "std::thread::", "std::thread" },
	{ "std::promise::", "std::future" },
	{ "std::async", "std::future" },
	{ "std::packaged_task::", "std::future" },
	{ "__cxa_allocate_exception", "exception" },
	/* Rust */
	{ "alloc::string::", "String" },
	{ "alloc::fmt::format", "String" },
	{ "alloc::str::", "String" },
	{ "alloc::vec::", "Vec" },
	{ "alloc::raw_vec::", "Vec" },
	{ "alloc::slice::", "Vec" },
	{ "alloc::boxed::", "Box" },
	{ "alloc::alloc::exchange_malloc", "Box" },
	{ "alloc::rc::", "Rc" },
	{ "alloc::sync::", "Arc" },
	{ "alloc::collections::btree::", "BTreeMap" },
	{ "alloc::collections::vec_deque::", "VecDeque" },
	{ "std::collections::hash::", "HashMap" },
	{ "hashbrown::", "HashMap" },
};

/* Functions of the C library that hand out memory for the caller's own use. */
static const char *const containers_allocators[] = { "malloc", "calloc", "realloc", "reallocarray",
	"free", "aligned_alloc", "memalign", "posix_memalign", "valloc", "pvalloc", "strdup",
	"strndup", "wcsdup", "asprintf", "vasprintf", "asprintf_chk", "vasprintf_chk",
	"asprintf_internal", "vasprintf_internal", "getline", "getdelim", "realpath",
	"realpath_chk", "getcwd", "get_current_dir_name", "canonicalize_file_name", NULL };

const char *
containers_public(const char *name)
{
	static const char *const prefixes[] = { "__GI_", "_IO_new_", "_IO_", "__new_", "___", "__",
		NULL };
	size_t i, len;

	for (i = 0; prefixes[i] != NULL; i++) {
		len = strlen(prefixes[i]);
		if (strncmp(name, prefixes[i], len) == 0 && name[len] >= 'a' && name[len] <= 'z')
			return name + len;
	}
	return name;
}

static const char *
containers_find_c(const char *name)
{
	size_t i;

	name = containers_public(name);
	for (i = 0; containers_allocators[i] != NULL; i++)
		if (strcmp(name, containers_allocators[i]) == 0)
			return NULL;
	return CONTAINERS_LIBRARY;
}

/* Behind "std::": the names of the library's versions are left out. */
static const char *
containers_skip(const char *name)
{
	static const char *const inner[] = { "__cxx11::", "__1::", "__ndk1::", "__debug::", NULL };
	size_t i, len;

	for (i = 0; inner[i] != NULL; i++) {
		len = strlen(inner[i]);
		if (strncmp(name, inner[i], len) == 0)
			return name + len;
	}
	return name;
}

static bool
containers_begins(const char *name, const char *prefix)
{
	size_t len = strlen(prefix);

	if (strncmp(name, "std::", 5) == 0 && strncmp(prefix, "std::", 5) == 0) {
		name = containers_skip(name + 5);
		prefix += 5;
		len -= 5;
	}
	return strncmp(name, prefix, len) == 0;
}

const char *
containers_find(const struct wrappers_function *function)
{
	const char *name = wrappers_space(function->name);
	size_t i;

	if (wrappers_is_c_library(function->module))
		return containers_find_c(name);
	for (i = 0; i < sizeof(containers_rules) / sizeof(*containers_rules); i++)
		if (containers_begins(name, containers_rules[i].prefix))
			return containers_rules[i].name;
	return NULL;
}

bool
containers_is_coroutine(const char *symbol)
{
	/* gcc's two, clang's three; behind them there may be more (".cold") */
	static const char *const parts[] = { ".actor", ".resume", ".destroy", ".cleanup", NULL };
	const char *at;
	size_t i;

	for (i = 0; parts[i] != NULL; i++) {
		at = strstr(symbol, parts[i]);
		if (at != NULL && (at[strlen(parts[i])] == '\0' || at[strlen(parts[i])] == '.'))
			return true;
	}
	return false;
}

bool
containers_is_handle(const char *name)
{
	return strncmp(name, "std::", 5) == 0 &&
	    (strstr(name, "coroutine_handle::destroy") != NULL ||
		strstr(name, "coroutine_handle::resume") != NULL);
}
