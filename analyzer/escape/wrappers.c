#include "analyzer/escape/wrappers.h"

#include <ctype.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/util/err.h"
#include "analyzer/util/xalloc.h"

/*
 * THE RULES. A function is a wrapper if its plain name is one of `names` and its
 * module one of `modules`, both NULL ended lists; one that is NULL leaves it open.
 *
 * A name with a star stands for all that begin so, and begins where a name begins:
 * "std::*" is no member of foo::std. A question mark stands for the functions of a
 * stripped library that have no name, its helpers for the most part. A module is
 * the beginning of its file's name.
 * What is compiled into any program (templates, Rust's library, names that the
 * language or long use reserves) has no module; what lives in a library has, so
 * that a program's own g_malloc is its own.
 */
struct wrappers_rule {
	const char *const *modules;
	const char *const *names;
	bool rust; /* only what rustc compiled: C++ may have a namespace core */
};

#define LIST(...)                 \
	(const char *const[])     \
	{                         \
		__VA_ARGS__, NULL \
	}

static const char *const wrappers_c_library[] = { "libc.so.", "libc-2.", "ld-linux", "ld-2.",
	"libdl.so.", "libpthread.so.", NULL };

static const struct wrappers_rule wrappers_rules[] = {
	/* esc itself */
	{ LIST("libesc.so", "libesc-unwind.so"), NULL, false },
	{ NULL, LIST("esc_pool_allocate", "esc_pool_free", "esc_pool_reset"), false },
	/* C: the language reserves the names, wherever they are defined */
	{ NULL,
	    LIST("malloc", "calloc", "realloc", "reallocarray", "free", "free_sized",
		"free_aligned_sized", "cfree", "aligned_alloc", "memalign", "posix_memalign",
		"valloc", "pvalloc", "strdup", "strndup", "wcsdup", "asprintf", "vasprintf",
		"getline", "getdelim", "__libc_malloc", "__libc_calloc", "__libc_realloc",
		"__libc_free", "__libc_memalign", "__libc_reallocarray", "__strdup", "__strndup",
		"__asprintf", "__vasprintf", "__getline", "__getdelim"),
	    false },
	/* glibc, with all that it allocates for who calls it: fopen, opendir, qsort ... */
	{ wrappers_c_library, NULL, false },
	/* C++: the library, the templates in the program, the compilers' run-time */
	{ LIST("libstdc++.so", "libc++.so", "libc++abi.so", "libsupc++", "libgcc_s.so"), NULL,
	    false },
	{ NULL,
	    LIST("std::*", "__gnu_cxx::*", "__cxxabiv1::*", "__cxa_*", "operator new",
		"operator new[]", "operator delete", "operator delete[]"),
	    false },
	/* Rust */
	{ LIST("libstd-", "liballoc-"), NULL, false },
	{ NULL,
	    LIST("alloc::*", "core::*", "std::*", "hashbrown::*", "__rustc::*",
		/* methods of str and slices, without a trait, are alloc's and core's */
		"str>::*", "[*"),
	    true },
	{ NULL,
	    LIST("__rust_alloc", "__rust_alloc_zeroed", "__rust_realloc", "__rust_dealloc",
		"__rdl_alloc", "__rdl_alloc_zeroed", "__rdl_realloc", "__rdl_dealloc", "__rg_alloc",
		"__rg_alloc_zeroed", "__rg_realloc", "__rg_dealloc"),
	    false },
	/* GLib: allocation, strings, containers; objects */
	{ LIST("libglib-2.0.so"),
	    LIST("?", "g_malloc*", "g_realloc*", "g_vasprintf", "g_try_*", "g_free*", "g_aligned_*",
		"g_clear_*", "g_memdup*", "g_slice_*", "g_strdup*", "g_strndup", "g_strn*",
		"g_strfreev", "g_strconcat", "g_strjoin*", "g_strsplit*", "g_strescape",
		"g_strcompress", "g_utf8_str*", "g_utf8_casefold", "g_utf8_normalize", "g_build_*",
		"g_path_get_*", "g_list_*", "g_slist_*", "g_array_*", "g_byte_array_*",
		"g_ptr_array_*", "g_hash_table_*", "g_string_*", "g_queue_*", "g_tree_*",
		"g_sequence_*", "g_node_*", "g_bytes_*", "g_variant_*", "g_rc_box_*",
		"g_atomic_rc_box_*", "g_ref_string_*", "g_allocator_*", "g_datalist_*", "g_quark_*",
		"g_intern_*"),
	    false },
	{ LIST("libgobject-2.0.so"),
	    LIST("?", "g_type_create_instance", "g_type_free_instance", "g_object_*", "g_value_*",
		"g_boxed_*", "g_closure_*", "g_cclosure_*", "g_signal_connect*", "g_param_spec_*"),
	    false },
	/* GLib's C++, glibmm: what it has of strings, values, pointers; sigc++'s slots */
	{ NULL,
	    LIST("Glib::ustring::*", "Glib::operator+", "Glib::operator<<", "Glib::operator>>",
		"Glib::RefPtr::*", "Glib::Value::*", "Glib::ValueBase*", "Glib::Variant::*",
		"Glib::VariantBase::*", "Glib::build_filename", "Glib::ConstructParams::*",
		"sigc::*"),
	    false },
	/* Qt: its values, which are inline for a part, and its templates */
	{ LIST("libQt5Core.so", "libQt6Core.so"),
	    LIST("?", "qMalloc*", "qFree*", "qRealloc*", "qstr*", "QUtf8::*", "QObject::QObject",
		"QObject::connect*", "QObjectPrivate::*", "QtSharedPointer::*"),
	    false },
	{ NULL,
	    LIST("QArrayData::*", "QByteArray::*", "QString::*", "QStringList::*",
		"QStringBuilder::*", "QListData::*", "QHashData::*", "QMapDataBase::*",
		"QMapNodeBase::*", "QVariant::*", "QBitArray::*", "QRegExp::*",
		"QRegularExpression*", "QUrl::*", "QDateTime::*", "QFileInfo::*", "QDir::*",
		"QLocale::*", "QJsonObject::*", "QJsonArray::*", "QJsonValue::*",
		"QJsonDocument::*", "QTextCodec::*", "QList::*", "QVector::*", "QLinkedList::*",
		"QHash::*", "QMultiHash::*", "QMap::*", "QMultiMap::*", "QMapData::*",
		"QMapNode::*", "QHashNode::*", "QSet::*", "QStack::*", "QQueue::*",
		"QVarLengthArray::*", "QTypedArrayData::*", "QArrayDataPointer::*",
		"QArrayDataOps::*", "QGenericArrayOps::*", "QPodArrayOps::*", "QMovableArrayOps::*",
		"QScopedPointer*", "QSharedPointer::*", "QWeakPointer::*",
		"QExplicitlySharedDataPointer::*", "QSharedDataPointer::*", "QtPrivate::*",
		"QtSharedPointer::*", "QHashPrivate::*", "QConcatenable::*"),
	    false },
	/* C++ libraries that are templates for the most part */
	{ NULL, LIST("boost::*", "absl::*", "folly::*"), false },
	{ LIST("libboost_", "libabsl_", "libfolly"), NULL, false },
	/* GNU: the names of gnulib's xalloc, which many programs have taken over */
	{ NULL,
	    LIST("xmalloc", "xzalloc", "xcalloc", "xnmalloc", "xrealloc", "xnrealloc",
		"xreallocarray", "x2realloc", "x2nrealloc", "xcharalloc", "xmemdup", "xmemdup0",
		"xstrdup", "xstrndup", "xasprintf", "xvasprintf", "xfree"),
	    false },
	/* CPython */
	{ LIST("python", "libpython", "pypy", "libpypy"),
	    LIST("PyMem_*", "_PyMem_*", "PyObject_Malloc", "PyObject_Calloc", "PyObject_Realloc",
		"PyObject_Free", "PyObject_GC_Del", "_PyObject_GC_New*", "_PyObject_GC_Resize",
		"_PyObject_New*", "PyType_GenericAlloc", "_PyObject_Malloc", "_PyObject_Free"),
	    false },
	/* Perl */
	{ LIST("perl", "libperl.so"), LIST("Perl_safesys*", "Perl_savepv*", "Perl_savesharedpv*"),
	    false },
	/* SQLite, which is as often compiled in */
	{ NULL,
	    LIST("sqlite3_malloc", "sqlite3_malloc64", "sqlite3_realloc", "sqlite3_realloc64",
		"sqlite3_free", "sqlite3Malloc", "sqlite3MallocZero", "sqlite3Realloc",
		"sqlite3MemMalloc", "sqlite3MemRealloc", "sqlite3MemFree", "sqlite3DbMalloc*",
		"sqlite3DbRealloc*", "sqlite3DbFree*", "sqlite3DbStrDup", "sqlite3DbStrNDup",
		"sqlite3DbSpanDup"),
	    false },
	/* OpenSSL and libxml2, which are compiled in as well; FFmpeg */
	{ NULL,
	    LIST("CRYPTO_malloc", "CRYPTO_zalloc", "CRYPTO_realloc", "CRYPTO_clear_realloc",
		"CRYPTO_free", "CRYPTO_clear_free", "CRYPTO_strdup", "CRYPTO_strndup",
		"CRYPTO_memdup", "CRYPTO_secure_malloc", "CRYPTO_secure_zalloc",
		"CRYPTO_secure_free", "CRYPTO_secure_clear_free", "xmlStrdup", "xmlStrndup",
		"xmlCharStrdup", "xmlCharStrndup", "xmlMemMalloc", "xmlMemRealloc", "xmlMemFree",
		"xmlMemoryStrdup", "av_malloc", "av_mallocz", "av_malloc_array", "av_mallocz_array",
		"av_calloc", "av_realloc", "av_realloc_f", "av_reallocp", "av_realloc_array",
		"av_reallocp_array", "av_fast_realloc", "av_fast_malloc", "av_fast_mallocz",
		"av_free", "av_freep", "av_strdup", "av_strndup", "av_memdup", "av_asprintf"),
	    false },
	/* Redis and its forks */
	{ LIST("redis-", "valkey-", "keydb-"),
	    LIST("zmalloc*", "zcalloc*", "zrealloc*", "zfree*", "ztrymalloc*", "ztrycalloc*",
		"ztryrealloc*", "zstrdup"),
	    false },
};

/* A function that the program itself defines, found by what it does. */
struct wrappers_found {
	char *function;
	char *module;
};

struct wrappers {
	regex_t *more;
	regex_t *fewer;
	size_t more_count;
	size_t fewer_count;
	struct wrappers_found *found;
	size_t found_count;
	size_t found_cap;
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
	for (i = 0; i < wrappers->found_count; i++) {
		free(wrappers->found[i].function);
		free(wrappers->found[i].module);
	}
	free(wrappers->found);
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

const char *
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

/* Of rustc: v0, or the old one, which is C++'s with a hash "17h..." as last name;
 * LLVM may have put ".llvm.123" behind. */
static bool
wrappers_is_rust(const char *symbol)
{
	const char *llvm = strstr(symbol, ".llvm.");
	size_t len = llvm != NULL ? (size_t)(llvm - symbol) : strlen(symbol);
	size_t i;

	if (strncmp(symbol, "_R", 2) == 0)
		return true;
	if (strncmp(symbol, "_ZN", 3) != 0 || len < 23 || symbol[len - 1] != 'E' ||
	    strncmp(symbol + len - 20, "17h", 3) != 0)
		return false;
	for (i = len - 17; i < len - 1; i++)
		if (!isxdigit((unsigned char)symbol[i]))
			return false;
	return true;
}

/* One of a list; a star at the end of an entry: it begins so. */
static bool
wrappers_listed(const char *const *list, const char *name)
{
	size_t len;

	for (; *list != NULL; list++) {
		if (**list != *name && **list != '*')
			continue;
		len = strlen(*list);
		if ((*list)[len - 1] == '*' ? strncmp(name, *list, len - 1) == 0
					    : strcmp(name, *list) == 0)
			return true;
	}
	return false;
}

/* "libx.so.1+0x1230", as the resolver calls a function of that file. */
static bool
wrappers_is_nameless(const char *name, const char *base)
{
	size_t len = strlen(base);

	return len > 0 && strncmp(name, base, len) == 0 && strncmp(name + len, "+0x", 3) == 0;
}

static bool
wrappers_begins(const char *const *list, const char *name)
{
	for (; *list != NULL; list++)
		if (**list == *name && strncmp(name, *list, strlen(*list)) == 0)
			return true;
	return false;
}

/* A class's own operator new or delete allocates for its caller, too. */
static bool
wrappers_is_operator(const char *function)
{
	const char *at = function, *next;

	while ((next = strstr(at, "::operator ")) != NULL)
		at = next + 2;
	return at != function &&
	    (strcmp(at, "operator new") == 0 || strcmp(at, "operator new[]") == 0 ||
		strcmp(at, "operator delete") == 0 || strcmp(at, "operator delete[]") == 0);
}

static const char *
wrappers_base(const char *module)
{
	const char *slash = strrchr(module, '/');

	return slash != NULL ? slash + 1 : module;
}

bool
wrappers_is_c_library(const char *module)
{
	return wrappers_begins(wrappers_c_library, wrappers_base(module));
}

bool
wrappers_is_loader(const char *module)
{
	static const char *const names[] = { "ld-linux", "ld-2.", NULL };

	return wrappers_begins(names, wrappers_base(module));
}

static bool
wrappers_built_in(const struct wrappers_function *function)
{
	const char *base = wrappers_base(function->module);
	bool rust = wrappers_is_rust(function->symbol);
	const char *name = rust ? wrappers_space(function->name) : function->name;
	const struct wrappers_rule *rule;
	size_t i;

	if (wrappers_is_nameless(name, base))
		name = "?";
	for (i = 0; i < sizeof(wrappers_rules) / sizeof(*wrappers_rules); i++) {
		rule = &wrappers_rules[i];
		if ((!rule->rust || rust) &&
		    (rule->modules == NULL || wrappers_begins(rule->modules, base)) &&
		    (rule->names == NULL || wrappers_listed(rule->names, name)))
			return true;
	}
	return wrappers_is_operator(function->name);
}

bool
wrappers_match(const struct wrappers *wrappers, const struct wrappers_function *function)
{
	size_t i;

	if (wrappers_search(wrappers->fewer, wrappers->fewer_count, function->name))
		return false;
	for (i = 0; i < wrappers->found_count; i++)
		if (strcmp(wrappers->found[i].function, function->name) == 0 &&
		    strcmp(wrappers->found[i].module, function->module) == 0)
			return true;
	return wrappers_built_in(function) ||
	    wrappers_search(wrappers->more, wrappers->more_count, function->name);
}

bool
wrappers_may_be(const struct wrappers *wrappers, const char *name)
{
	return !wrappers_search(wrappers->fewer, wrappers->fewer_count, name);
}

void
wrappers_add_found(struct wrappers *wrappers, const char *name, const char *module)
{
	wrappers->found = xgrow(wrappers->found, &wrappers->found_cap, wrappers->found_count + 1,
	    sizeof(*wrappers->found));
	wrappers->found[wrappers->found_count++] =
	    (struct wrappers_found){ xstrdup(name), xstrdup(module) };
}

size_t
wrappers_found_count(const struct wrappers *wrappers)
{
	return wrappers->found_count;
}

const char *
wrappers_found_name(const struct wrappers *wrappers, size_t at)
{
	return wrappers->found[at].function;
}
