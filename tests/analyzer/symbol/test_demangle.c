/* Plain names from linkage names. */
#include "analyzer/symbol/demangle.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/symbol/symbol.h"
#include "analyzer/util/strbuf.h"
#include "tests/lib/check.h"

static const struct {
	const char *linkage;
	const char *plain;
} names[] = {
	/* C and what compilers add to it */
	{ "main", "main" },
	{ "make_point", "make_point" },
	{ "make_point.constprop.0", "make_point" },
	{ "make_point.isra.0", "make_point" },
	{ "make_point.part.0", "make_point" },
	{ "make_point.cold", "make_point" },
	{ "make_point.cold.1", "make_point" },
	{ "make_point.constprop.0.isra.0", "make_point" },
	{ "make_point.part.0.cold", "make_point" },
	{ "make_point.llvm.1234567890123", "make_point" },
	{ "make_point.lto_priv.0", "make_point" },
	{ "make_point.lto_priv.12.cold", "make_point" },
	{ "make_point.localalias", "make_point" },
	{ "inner.0", "inner" },
	{ "inner.2345", "inner" },
	{ "memcpy@@GLIBC_2.14", "memcpy" },
	{ "memcpy@GLIBC_2.2.5", "memcpy" },
	{ "main.main", "main.main" }, /* Go's dots are its own */
	{ "runtime.mallocgc", "runtime.mallocgc" },
	{ "_start", "_start" },
	{ ".text", ".text" },
	{ "", "" },
	/* C++ */
	{ "_Z3foov", "foo" },
	{ "_Z3fooi", "foo" },
	{ "_Z3fooPFivE", "foo" },
	{ "_Z3fooi.constprop.0", "foo" },
	{ "_Z3fooi.cold", "foo" },
	{ "_ZL3fooi", "foo" },
	{ "_Z3fooB5cxx11v", "foo" },
	{ "_ZN3foo3barB3abcEv", "foo::bar" },
	{ "_Z3mapIiEPT_S1_", "map" },
	{ "_Z3mapIiEPT_S1_.part.0", "map" },
	{ "_ZN3app5PointC1Ei", "app::Point::Point" },
	{ "_ZN3app5PointC2Ei", "app::Point::Point" },
	{ "_ZN3app5PointC4Ei", "app::Point::Point" },
	{ "_ZN3app5PointD0Ev", "app::Point::~Point" },
	{ "_ZN3app5PointD2Ev", "app::Point::~Point" },
	{ "_ZNK3app5Point3getEv", "app::Point::get" },
	{ "_ZNKR3app5Point3getEv", "app::Point::get" },
	{ "_ZNSt6vectorIiSaIiEE9push_backEOi", "std::vector::push_back" },
	{ "_ZNSt6vectorIiSaIiEED2Ev", "std::vector::~vector" },
	{ "_ZNSt6vectorISt4pairIiiESaIS1_EE7reserveEm", "std::vector::reserve" },
	{ "_ZNSsC1EPKcRKSaIcE", "std::basic_string::basic_string" },
	{ "_ZNSsD1Ev", "std::basic_string::~basic_string" },
	{ "_ZNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE9_M_createERmm",
	    "std::__cxx11::basic_string::_M_create" },
	{ "_ZNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEC2EPKc",
	    "std::__cxx11::basic_string::basic_string" },
	{ "_ZN12_GLOBAL__N_13fooEv", "(anonymous namespace)::foo" },
	{ "_ZN3app12_GLOBAL__N_14anonEi", "app::(anonymous namespace)::anon" },
	{ "_ZZ3fooiEN5Local3runEv", "foo::Local::run" },
	{ "_ZThn8_N1A1fEv", "A::f" },
	{ "_ZTv0_n24_N1A1fEv", "A::f" },
	/* operators */
	{ "_ZN1AltERKS_", "A::operator<" },
	{ "_ZN1AgtERKS_", "A::operator>" },
	{ "_ZN1AlsEi", "A::operator<<" },
	{ "_ZN1ArsEi", "A::operator>>" },
	{ "_ZN1AlSEi", "A::operator<<=" },
	{ "_ZN1AleERKS_", "A::operator<=" },
	{ "_ZN1AssERKS_", "A::operator<=>" },
	{ "_ZN1AptEv", "A::operator->" },
	{ "_ZN1ApmEv", "A::operator->*" },
	{ "_ZN1AclEi", "A::operator()" },
	{ "_ZN1AixEi", "A::operator[]" },
	{ "_ZN1AaSERKS_", "A::operator=" },
	{ "_ZN1AcvbEv", "A::operator bool" },
	{ "_ZN1AcviEv", "A::operator int" },
	{ "_ZN1AcvPKcEv", "A::operator char const*" },
	{ "_ZN1AcvSt6vectorIiSaIiEEEv", "A::operator std::vector" },
	{ "_ZltIiEbRK1AIT_ES4_", "operator<" },
	{ "_ZStlsISt11char_traitsIcEERSt13basic_ostreamIcT_ES5_PKc", "std::operator<<" },
	{ "_Znwm", "operator new" },
	{ "_Znam", "operator new[]" },
	{ "_ZdlPvm", "operator delete" },
	{ "_ZdaPv", "operator delete[]" },
	{ "_Zli2_xy", "operator\"\" _x" },
	/* lambdas */
	{ "_ZZ4mainENKUlvE_clEv", "operator()" },
	{ "_ZZ4mainENKUliE0_clEi", "operator()" },
	{ "_ZZ4mainENK3$_0clEv", "operator()" },
	{ "_ZZN3app3runEvENKUlT_E_clIiEEDaS0_", "operator()" },
	{ "_ZZZ4mainENKUlvE_clEvENKUlvE_clEv", "operator()" },
	{ "_ZZ4mainENUlvE_4_FUNEv", "_FUN" },
	/* what the demangler does not know */
	{ "_ZSt14__relocate_a_1IiiENSt9enable_ifIXsr3std24__is_bitwise_relocatableIT_"
	  "EE5valueEPS1_E4typeES2_S2_S2_RSaIT0_E",
	    "std::__relocate_a_1" },
	{ "_Z", "_Z" },
	{ "_Z99999x", "_Z99999x" },
	{ "_ZN", "_ZN" },
	/* Rust, both manglings */
	{ "_ZN3app4main17h05af221e174051e9E", "app::main" },
	{ "_ZN3app4main17h05af221e174051e9E.llvm.12345", "app::main" },
	{ "_ZN3app4main28_$u7b$$u7b$closure$u7d$$u7d$17h05af221e174051e9E",
	    "app::main::{{closure}}" },
	{ "_ZN4core3ptr24drop_in_place$LT$i32$GT$17h05af221e174051e9E",
	    "core::ptr::drop_in_place" },
	{ "_ZN49_$LT$app..Boxed$u20$as$u20$core..clone..Clone$GT$5clone17h05af221e174051e9E",
	    "<app::Boxed as core::clone::Clone>::clone" },
	{ "_ZN54_$LT$app..V$LT$T$GT$$u20$as$u20$core..clone..Clone$GT$5clone"
	  "17h05af221e174051e9E",
	    "<app::V as core::clone::Clone>::clone" },
	{ "_RNvCs1234_7mycrate3foo", "mycrate::foo" },
	{ "_RNvCs1234_7mycrate3foo.llvm.99", "mycrate::foo" },
	{ "_RINvCs1234_7mycrate3foohE", "mycrate::foo" },
	{ "_RNCNvCs1234_7mycrate3foo0B3_", "mycrate::foo::{{closure}}" },
	{ "_RNvXCs1234_7mycrateNtB2_1TNtB2_1U3foo", "<mycrate::T as mycrate::U>::foo" },
};

static void
check_names(void)
{
	struct strbuf out = { 0 };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		strbuf_clear(&out);
		demangle_plain(names[i].linkage, &out);
		CHECK_STR(out.text, names[i].plain);
	}
	strbuf_release(&out);
}

static void
check_die_names(void)
{
	static const struct {
		const char *name;
		const char *plain;
	} parts[] = {
		{ "mid<int>", "mid" },
		{ "vector<std::pair<int, int>, std::allocator<int> >", "vector" },
		{ "operator<", "operator<" },
		{ "operator< <int>", "operator<" },
		{ "operator<< <char>", "operator<<" },
		{ "operator<=><int>", "operator<=>" },
		{ "operator->", "operator->" },
		{ "operator()<int>", "operator()" },
		{ "operator std::vector<int>", "operator std::vector" },
		{ "my_operator<int>", "my_operator" },
		{ "f<(a<b)", "f" },
	};
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct strbuf out = { 0 };

		demangle_strip(parts[i].name, strlen(parts[i].name), false, &out);
		CHECK_STR(out.text, parts[i].plain);
		strbuf_release(&out);
	}
	CHECK(demangle_is_lambda("<lambda(int)>", 13));
	CHECK(demangle_is_lambda("$_12", 4));
	CHECK(!demangle_is_lambda("$_", 2));
	CHECK(!demangle_is_lambda("lambda", 6));
}

/* Nothing here may crash, hang or eat the machine. */
static void
check_hostile(void)
{
	static const char bomb[] = "_Z3fooSt4pairIS_IS_IiiES0_ES_IS0_S0_EES_IS_IS1_S1_ES_IS1_S1_EE";
	struct strbuf out = { 0 };
	size_t len = DEMANGLE_INPUT_MAX + 100;
	char *text = malloc(len + 1);
	size_t i;

	CHECK(text != NULL);
	if (text == NULL)
		return;
	for (i = 0; i < 8; i++) {
		memset(text, "PNKRIXEZ"[i], len);
		memcpy(text, "_Z1f", 4);
		text[len] = '\0';
		demangle_plain(text, &out);
		text[DEMANGLE_INPUT_MAX - 1] = '\0';
		demangle_plain(text, &out);
		text[DEMANGLE_INPUT_MAX - 1] = 'x';
		strbuf_clear(&out);
	}
	demangle_plain(bomb, &out);
	CHECK(out.len <= DEMANGLE_OUTPUT_MAX);
	strbuf_release(&out);
	free(text);
}

/* Every start of every name, and every name with one byte changed. */
static void
check_mutations(void)
{
	size_t i;
	size_t at;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t len = strlen(names[i].linkage);

		for (at = 0; at < len; at++) {
			struct strbuf out = { 0 };
			char *copy = strdup(names[i].linkage);

			if (copy == NULL)
				return;
			copy[at] = (char)('0' + (at * 7 + i) % 75);
			demangle_plain(copy, &out);
			copy[at] = '\0';
			demangle_plain(copy, &out);
			free(copy);
			strbuf_release(&out);
		}
	}
}

int
main(void)
{
	check_names();
	check_die_names();
	check_hostile();
	check_mutations();
	return check_done();
}
