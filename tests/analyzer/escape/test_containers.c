#include "analyzer/escape/containers.h"

#include "analyzer/escape/wrappers.h"
#include "tests/lib/check.h"

static const char *
find(const char *name, const char *module)
{
	const char *container = containers_find(&(struct wrappers_function){ name, name, module });

	return container != NULL ? container : "";
}

int
main(void)
{
	CHECK_STR(find("std::vector::push_back", "/bin/app"), "std::vector");
	CHECK_STR(find("std::__1::vector::__vallocate", "/bin/app"), "std::vector");
	CHECK_STR(
	    find("std::__cxx11::basic_string::_M_create", "/x/libstdc++.so.6"), "std::string");
	CHECK_STR(find("std::__cxx11::basic_stringbuf::overflow", "/bin/app"), "std::stringstream");
	CHECK_STR(find("std::_Rb_tree::_M_get_node", "/bin/app"), "std::map");
	CHECK_STR(find("std::__1::__hash_table::rehash", "/bin/app"), "std::unordered_map");
	CHECK_STR(find("std::make_unique", "/bin/app"), "std::unique_ptr");
	CHECK_STR(find("std::__shared_count::__shared_count", "/bin/app"), "std::shared_ptr");
	CHECK_STR(
	    find("std::_Function_base::_Base_manager::_M_create", "/bin/app"), "std::function");
	CHECK_STR(find("std::allocator_traits::allocate", "/bin/app"), "");
	CHECK_STR(find("my::vector::push_back", "/bin/app"), "");
	CHECK_STR(find("operator new", "/x/libstdc++.so.6"), "");
	CHECK_STR(find("alloc::raw_vec::finish_grow", "/bin/app"), "Vec");
	CHECK_STR(find("<alloc::boxed::Box<T>>::new", "/bin/app"), "Box");
	CHECK_STR(find("<alloc::string::String as core::clone::Clone>::clone", "/bin/app"), "");
	CHECK_STR(find("std::collections::hash::map::HashMap::insert", "/bin/app"), "HashMap");
	/* the C library's own, and what it hands out */
	CHECK_STR(find("_IO_new_fopen", "/lib/libc.so.6"), "library");
	CHECK_STR(find("__opendir", "/lib/libc.so.6"), "library");
	CHECK_STR(find("_dl_map_object", "/lib64/ld-linux-x86-64.so.2"), "library");
	CHECK_STR(find("__strdup", "/lib/libc.so.6"), "");
	CHECK_STR(find("_IO_getdelim", "/lib/libc.so.6"), "");
	CHECK_STR(find("fopen", "/bin/app"), "");
	CHECK_STR(containers_public("_IO_new_fopen"), "fopen");
	CHECK_STR(containers_public("__GI___opendir"), "__GI___opendir");
	CHECK_STR(containers_public("__strdup"), "strdup");
	CHECK_STR(containers_public("malloc"), "malloc");
	CHECK_STR(containers_public("__"), "__");
	CHECK(containers_is_coroutine("_Z7numbersPZL7numbersiE18_ZL7numbersi.Frame.actor"));
	CHECK(containers_is_coroutine("_Z7numbersPZL7numbersiE18_ZL7numbersi.Frame.destroy.cold"));
	CHECK(containers_is_coroutine("_Z7numbersi.resume"));
	CHECK(containers_is_coroutine("_Z7numbersi.cleanup"));
	CHECK(!containers_is_coroutine("_ZL7numbersi"));
	CHECK(!containers_is_coroutine("numbers.constprop.0"));
	CHECK(!containers_is_coroutine("numbers.actors"));
	CHECK(!containers_is_coroutine(""));
	CHECK(containers_is_handle("std::__n4861::coroutine_handle::destroy"));
	CHECK(containers_is_handle("std::coroutine_handle::resume"));
	CHECK(!containers_is_handle("std::coroutine_handle::from_promise"));
	CHECK(!containers_is_handle("my::coroutine_handle::destroy"));
	return check_done();
}
