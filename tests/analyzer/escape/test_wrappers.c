#include "analyzer/escape/wrappers.h"

#include <string.h>

#include "analyzer/util/err.h"
#include "tests/lib/check.h"

struct one {
	const char *name;
	const char *symbol; /* NULL: the name */
	const char *module;
};

static const struct one built_in[] = {
	{ "malloc", NULL, "/lib/libc.so.6" },
	{ "malloc", NULL, "" },
	{ "fopen", NULL, "/lib/x86_64-linux-gnu/libc.so.6" },
	{ "_dl_map_object", NULL, "/lib64/ld-linux-x86-64.so.2" },
	{ "operator new[]", "_Znam", "" },
	{ "Pool::operator new", "_ZN4PoolnwEm", "/bin/app" },
	{ "std::vector::push_back", "_ZNSt6vectorIiSaIiEE9push_backERKi", "/bin/app" },
	{ "std::__1::vector::push_back", "_ZNSt3__16vectorIiE9push_backEv", "/bin/app" },
	{ "__gnu_cxx::new_allocator::allocate", NULL, "/bin/app" },
	{ "anything", NULL, "/x/libstdc++.so.6" },
	{ "anything", NULL, "/usr/lib/llvm-14/lib/libc++.so.1" },
	{ "alloc::raw_vec::finish_grow", "_ZN5alloc7raw_vec11finish_grow17h0123456789abcdefE", "" },
	{ "<alloc::vec::Vec<T> as core::clone::Clone>::clone",
	    "_ZN60_$LT$alloc..vec..Vec$LT$T$GT$17h0123456789abcdefE.llvm.99", "/bin/app" },
	{ "core::ptr::drop_in_place", "_RNvNtCs_4core3ptr13drop_in_place", "/bin/app" },
	{ "hashbrown::raw::RawTable::reserve_rehash", "_RNvNtCs_9hashbrown", "/bin/app" },
	{ "__rust_alloc", NULL, "" },
	{ "__rustc::__rdl_alloc", "_RNvCsdBezzDwma51_7___rustc11___rdl_alloc", "/bin/app" },
	{ "<str>::repeat", "_RNvMs_NtCs_5alloc3stre6repeat", "/bin/app" },
	{ "<[u8]>::to_vec", "_RNvMNtCs_5alloc5sliceSh6to_vec", "/bin/app" },
	{ "g_malloc", NULL, "/usr/lib/libglib-2.0.so.0.7200.4" },
	{ "g_strdup_printf", NULL, "/usr/lib/libglib-2.0.so.0" },
	{ "g_hash_table_insert", NULL, "/usr/lib/libglib-2.0.so.0" },
	{ "g_object_new", NULL, "/usr/lib/libgobject-2.0.so.0" },
	{ "QArrayData::allocate", NULL, "/usr/lib/libQt5Core.so.5" },
	{ "libQt5Core.so.5+0x13cab0", NULL, "/usr/lib/libQt5Core.so.5" },
	{ "QString::fromUtf8", NULL, "/usr/lib/libQt6Core.so.6.4.2" },
	{ "QVector::append", NULL, "/bin/app" },
	{ "boost::container::vector::push_back", NULL, "/bin/app" },
	{ "absl::container_internal::Allocate", NULL, "/bin/app" },
	{ "folly::fbstring_core::initLarge", NULL, "/bin/app" },
	{ "xstrdup", NULL, "/bin/app" },
	{ "PyMem_RawMalloc", NULL, "/usr/bin/python3.10" },
	{ "Perl_safesysmalloc", NULL, "/usr/bin/perl" },
	{ "sqlite3DbMallocRawNN", NULL, "/opt/browser/libbrowser.so" },
	{ "zmalloc_usable", NULL, "/usr/bin/redis-server" },
	{ "Glib::ustring::ustring", NULL, "/usr/lib/libglibmm-2.4.so.1" },
	{ "Glib::RefPtr::RefPtr", NULL, "/bin/app" },
	{ "sigc::internal::typed_slot_rep::dup", NULL, "/bin/app" },
	{ "CRYPTO_memdup", NULL, "/usr/bin/node" },
	{ "xmlStrndup", NULL, "/usr/lib/libxml2.so.2" },
	{ "av_malloc_array", NULL, "/usr/lib/libavutil.so.57" },
	/* by --wrapper */
	{ "my_fast_alloc", NULL, "/bin/app" },
};

static const struct one own[] = {
	{ "main", NULL, "/libstdc++.so/app" },
	{ "main", NULL, "/home/me/libc.so.6/app" },
	{ "mallocate", NULL, "/bin/app" },
	{ "do_malloc", NULL, "/bin/app" },
	{ "my_malloc_stats", NULL, "/bin/app" },
	{ "app::malloc", NULL, "/bin/app" },
	{ "fopen", NULL, "/bin/app" },
	{ "g_malloc", NULL, "/bin/app" },
	{ "g_list_append", NULL, "/usr/lib/libmine.so" },
	{ "g_main_context_iterate", NULL, "/usr/lib/libglib-2.0.so.0" },
	{ "libQt5Core.so.5+0x120", NULL, "/bin/app" },
	{ "app+0x120", NULL, "/bin/app" },
	{ "QListView::paint", NULL, "/bin/app" },
	{ "QMainWindow::show", NULL, "/usr/lib/libQt5Core.so.5" },
	{ "mystd::vector", NULL, "/bin/app" },
	{ "foo::std::vector::push_back", NULL, "/bin/app" },
	{ "foo::boost::make", NULL, "/bin/app" },
	{ "boost_pool_get", NULL, "/bin/app" },
	{ "foo::operator new_thing", NULL, "/bin/app" },
	{ "foo::operator newer", NULL, "/bin/app" },
	/* C++ namespaces of these names are the user's */
	{ "core::Widget::make", "_ZN4core6Widget4makeEv", "/bin/app" },
	{ "alloc::grab", "_ZN5alloc4grabEm", "/bin/app" },
	{ "alloc::grab", "alloc::grab", "/bin/app" },
	{ "<alloc::vec::Vec<u8> as app::Shape>::area", "_RNvXs_3appNtB5_5Shape4area", "/bin/app" },
	{ "PyMem_Malloc", NULL, "/bin/app" },
	{ "zmalloc", NULL, "/bin/app" },
	{ "Perl_safesysmalloc", NULL, "/bin/app" },
	{ "Glib::Object::Object", NULL, "/usr/lib/libglibmm-2.4.so.1" },
	{ "Glib::ustring_of", NULL, "/bin/app" },
	{ "CRYPTO_THREAD_lock_new", NULL, "/usr/lib/libcrypto.so.3" },
	{ "xmlBufCreateSize", NULL, "/usr/lib/libxml2.so.2" },
	{ "av_dict_set", NULL, "/usr/lib/libavutil.so.57" },
	/* by --no-wrapper */
	{ "std::sort", NULL, "/bin/app" },
};

static bool
matches(const struct wrappers *wrappers, const struct one *one)
{
	const struct wrappers_function function = {
		one->name,
		one->symbol != NULL ? one->symbol : one->name,
		one->module,
	};

	return wrappers_match(wrappers, &function);
}

static void
test_found(struct wrappers *wrappers)
{
	const struct one found = { "safe_alloc", NULL, "/bin/app" };
	const struct one elsewhere = { "safe_alloc", NULL, "/bin/other" };

	CHECK(!matches(wrappers, &found));
	wrappers_add_found(wrappers, "safe_alloc", "/bin/app");
	wrappers_add_found(wrappers, "std::sort", "/bin/app");
	CHECK(matches(wrappers, &found));
	CHECK(!matches(wrappers, &elsewhere));
	CHECK(!matches(wrappers, &(struct one){ "std::sort", NULL, "/bin/app" }));
	CHECK(!wrappers_may_be(wrappers, "std::sort"));
	CHECK(wrappers_may_be(wrappers, "safe_alloc"));
	CHECK_EQ(wrappers_found_count(wrappers), 2);
	CHECK_STR(wrappers_found_name(wrappers, 0), "safe_alloc");
}

int
main(void)
{
	static const char *const more[] = { "^my_.*alloc$" };
	static const char *const fewer[] = { "^std::sort$" };
	static const char *const bad[] = { "(" };
	struct err err;
	struct wrappers *wrappers = wrappers_new(more, 1, fewer, 1, &err);
	size_t i;

	for (i = 0; i < sizeof(built_in) / sizeof(*built_in); i++)
		if (!matches(wrappers, &built_in[i])) {
			printf("%s in %s\n", built_in[i].name, built_in[i].module);
			CHECK(!"should be a wrapper");
		}
	for (i = 0; i < sizeof(own) / sizeof(*own); i++)
		if (matches(wrappers, &own[i])) {
			printf("%s in %s\n", own[i].name, own[i].module);
			CHECK(!"is the user's own");
		}
	test_found(wrappers);
	wrappers_free(wrappers);
	CHECK(wrappers_new(bad, 1, NULL, 0, &err) == NULL);
	CHECK(strstr(err.text, "\"(\"") != NULL);
	return check_done();
}
