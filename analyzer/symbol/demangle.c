#include "analyzer/symbol/demangle.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <libiberty/demangle.h>

#include "analyzer/util/strbuf.h"

enum {
	WALK_MAX = 4096, /* components of one name */
	OPTIONS = DMGL_PARAMS | DMGL_ANSI,
};

/* What GCC and LLVM add to the name of a copy of a function. */
static const char *const clone_suffixes[] = {
	"constprop",
	"isra",
	"part",
	"cold",
	"llvm",
	"lto_priv",
	"localalias",
	"clone",
	"ipa",
	"simdclone",
	"resolver",
	"default",
	"warm",
	"content",
	"__uniq",
	"specialized",
	"argprom",
	"outlined",
	"sched",
};

/* Longest first where one begins another. */
static const char *const operators[] = {
	"<=>",
	"<<=",
	">>=",
	"->*",
	"<<",
	">>",
	"<=",
	">=",
	"->",
	"()",
	"[]",
	"==",
	"!=",
	"&&",
	"||",
	"++",
	"--",
	"+=",
	"-=",
	"*=",
	"/=",
	"%=",
	"^=",
	"&=",
	"|=",
	"<",
	">",
	"+",
	"-",
	"*",
	"/",
	"%",
	"^",
	"&",
	"|",
	"~",
	"!",
	"=",
	",",
};

struct sink {
	struct strbuf *out;
	jmp_buf full;
};

static bool
is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

static bool
is_digits(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (!isdigit((unsigned char)text[i]))
			return false;
	}
	return len > 0;
}

static bool
is_clone_word(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < sizeof(clone_suffixes) / sizeof(clone_suffixes[0]); i++) {
		if (strlen(clone_suffixes[i]) == len && memcmp(clone_suffixes[i], text, len) == 0)
			return true;
	}
	return is_digits(text, len);
}

size_t
demangle_base_length(const char *name)
{
	size_t len = strcspn(name, "@");
	size_t dot;

	if (len == 0)
		len = strlen(name);
	for (;;) {
		dot = len;
		while (dot > 0 && name[dot - 1] != '.')
			dot--;
		if (dot <= 1 || !is_clone_word(name + dot, len - dot))
			return len;
		len = dot - 1;
	}
}

bool
demangle_is_mangled(const char *linkage)
{
	return strncmp(linkage, "_Z", 2) == 0 || strncmp(linkage, "_R", 2) == 0 ||
	    strncmp(linkage, "___Z", 4) == 0;
}

bool
demangle_is_lambda(const char *name, size_t len)
{
	static const char *const starts[] = { "<lambda", "{lambda", "'lambda", "(lambda" };
	size_t i;

	for (i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		if (len >= 7 && memcmp(name, starts[i], 7) == 0)
			return true;
	}
	return len > 2 && name[0] == '$' && name[1] == '_' && is_digits(name + 2, len - 2);
}

/* Length of the "operator..." token at name, 0 if there is none of symbols. */
static size_t
operator_length(const char *name, size_t len)
{
	size_t at = 8;
	size_t i;

	if (len <= 8 || memcmp(name, "operator", 8) != 0)
		return 0;
	for (i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		size_t n = strlen(operators[i]);

		if (len - at >= n && memcmp(name + at, operators[i], n) == 0)
			return at + n;
	}
	return 0;
}

/* The '>' that ends the '<' at name, or len; a "->" is none. */
static size_t
angle_end(const char *name, size_t len)
{
	size_t depth = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		if (name[i] == '<') {
			depth++;
		} else if (name[i] == '>' && (i == 0 || name[i - 1] != '-')) {
			if (--depth == 0)
				return i;
		}
	}
	return len;
}

static bool
ends_with(const struct strbuf *out, const char *tail)
{
	size_t n = strlen(tail);

	return out->len >= n && memcmp(out->text + out->len - n, tail, n) == 0;
}

static void
cut_tail(struct strbuf *out, size_t n)
{
	out->len -= n;
	out->text[out->len] = '\0';
}

/* Rust's `<T as Trait>` and `<impl T for U>` are names, not arguments. */
static bool
angle_is_kept(const char *name, size_t len, size_t start, const struct strbuf *out)
{
	if (len > 6 && memcmp(name, "<impl ", 6) == 0)
		return true;
	if (out->len == start)
		return true;
	return !is_word(out->text[out->len - 1]) && !ends_with(out, "::");
}

/* Takes back what the name has before arguments that are left out. */
static void
cut_before_angle(struct strbuf *out, size_t start, bool rust)
{
	if (rust && ends_with(out, "::"))
		cut_tail(out, 2);
	while (out->len > start && ends_with(out, " "))
		cut_tail(out, 1);
}

void
demangle_strip(const char *name, size_t len, bool rust, struct strbuf *out)
{
	size_t start = out->len;
	size_t i = 0;
	size_t n;

	while (i < len) {
		bool word = out->len > start && is_word(out->text[out->len - 1]);

		n = rust || word ? 0 : operator_length(name + i, len - i);
		if (n > 0) {
			strbuf_add(out, name + i, n);
			i += n;
		} else if (name[i] == '<' &&
		    !(rust && angle_is_kept(name + i, len - i, start, out))) {
			cut_before_angle(out, start, rust);
			i += angle_end(name + i, len - i) + 1;
		} else {
			strbuf_add(out, name + i, 1);
			i++;
		}
	}
}

static void
take(const char *text, size_t len, void *data)
{
	struct sink *sink = data;

	/* the printer expands back-references without end: leave it */
	if (sink->out->len + len > DEMANGLE_OUTPUT_MAX)
		longjmp(sink->full, 1);
	strbuf_add(sink->out, text, len);
}

/* Demangled text of one component, "" if it cannot be printed. */
static void
print_component(struct demangle_component *part, struct strbuf *out)
{
	struct sink sink = { .out = out };

	if (setjmp(sink.full) != 0 || !cplus_demangle_print_callback(OPTIONS, part, take, &sink))
		strbuf_clear(out);
}

static void
add_separator(struct strbuf *out, size_t start)
{
	if (out->len > start)
		strbuf_adds(out, "::");
}

/* One source component; a lambda makes its surroundings unimportant. */
static void
add_component(const char *text, size_t len, size_t start, struct strbuf *out)
{
	if (demangle_is_lambda(text, len)) {
		if (out->len > start)
			cut_tail(out, out->len - start);
		return;
	}
	add_separator(out, start);
	demangle_strip(text, len, false, out);
}

/* Class name of a constructor or destructor: the last word of its component. */
static void
add_class_name(struct demangle_component *part, bool destructor, size_t start, struct strbuf *out)
{
	struct strbuf text = { 0 };
	struct strbuf plain = { 0 };
	const char *last;
	const char *next;

	print_component(part, &text);
	demangle_strip(text.len > 0 ? text.text : "", text.len, false, &plain);
	last = plain.len > 0 ? plain.text : "";
	while ((next = strstr(last, "::")) != NULL)
		last = next + 2;
	add_separator(out, start);
	if (destructor)
		strbuf_adds(out, "~");
	strbuf_add(out, last, strcspn(last, "[")); /* a tag: [abi:cxx11] */
	strbuf_release(&text);
	strbuf_release(&plain);
}

static void
add_printed(struct demangle_component *part, size_t start, struct strbuf *out)
{
	struct strbuf text = { 0 };

	print_component(part, &text);
	if (text.len == 0)
		strbuf_adds(&text, "operator");
	add_component(text.text, text.len, start, out);
	strbuf_release(&text);
}

/*
 * The next component inside one that only decorates a name, NULL for a leaf. The
 * right side of a pair is put on the stack.
 */
static struct demangle_component *
step_into(struct demangle_component *part)
{
	/* the enumeration is libiberty's: the rest are leaves or types */
	switch ((int)part->type) {
	case DEMANGLE_COMPONENT_TYPED_NAME:
	case DEMANGLE_COMPONENT_TEMPLATE:
	case DEMANGLE_COMPONENT_TAGGED_NAME:
	case DEMANGLE_COMPONENT_CLONE:
	case DEMANGLE_COMPONENT_RESTRICT_THIS:
	case DEMANGLE_COMPONENT_VOLATILE_THIS:
	case DEMANGLE_COMPONENT_CONST_THIS:
	case DEMANGLE_COMPONENT_REFERENCE_THIS:
	case DEMANGLE_COMPONENT_RVALUE_REFERENCE_THIS:
	case DEMANGLE_COMPONENT_TRANSACTION_SAFE:
	case DEMANGLE_COMPONENT_NOEXCEPT:
	case DEMANGLE_COMPONENT_THROW_SPEC:
	case DEMANGLE_COMPONENT_THUNK:
	case DEMANGLE_COMPONENT_VIRTUAL_THUNK:
	case DEMANGLE_COMPONENT_COVARIANT_THUNK:
	case DEMANGLE_COMPONENT_TRANSACTION_CLONE:
	case DEMANGLE_COMPONENT_NONTRANSACTION_CLONE: return part->u.s_binary.left;
	case DEMANGLE_COMPONENT_DEFAULT_ARG: return part->u.s_unary_num.sub;
	default: return NULL;
	}
}

static void
add_leaf(struct demangle_component *part, size_t start, struct strbuf *out)
{
	switch ((int)part->type) {
	case DEMANGLE_COMPONENT_NAME:
		add_component(part->u.s_name.s, (size_t)part->u.s_name.len, start, out);
		break;
	case DEMANGLE_COMPONENT_CTOR: add_class_name(part->u.s_ctor.name, false, start, out); break;
	case DEMANGLE_COMPONENT_DTOR: add_class_name(part->u.s_dtor.name, true, start, out); break;
	case DEMANGLE_COMPONENT_LAMBDA: add_component("{lambda", 7, start, out); break;
	default: add_printed(part, start, out); break;
	}
}

static bool
walk(struct demangle_component *root, struct strbuf *out)
{
	struct demangle_component *stack[64];
	struct demangle_component *next;
	size_t start = out->len;
	size_t depth = 0;
	size_t steps = 0;

	stack[depth++] = root;
	while (depth > 0) {
		struct demangle_component *part = stack[--depth];

		if (part == NULL || ++steps > WALK_MAX)
			return false;
		if (part->type == DEMANGLE_COMPONENT_QUAL_NAME ||
		    part->type == DEMANGLE_COMPONENT_LOCAL_NAME) {
			if (depth + 2 > sizeof(stack) / sizeof(stack[0]))
				return false;
			stack[depth++] = part->u.s_binary.right;
			stack[depth++] = part->u.s_binary.left;
			continue;
		}
		next = step_into(part);
		if (next != NULL)
			stack[depth++] = next;
		else
			add_leaf(part, start, out);
		if (out->len - start > DEMANGLE_OUTPUT_MAX)
			return false;
	}
	return out->len > start;
}

static bool
plain_cxx(const char *linkage, struct strbuf *out)
{
	struct demangle_component *root;
	size_t start = out->len;
	void *memory = NULL;
	bool ok;

	root = cplus_demangle_v3_components(linkage, OPTIONS, &memory);
	if (root == NULL)
		return false;
	ok = walk(root, out);
	free(memory);
	if (!ok && out->len > start)
		cut_tail(out, out->len - start);
	return ok;
}

/* v0 numbers its closures, the older mangling does not: {closure#0}. */
static void
add_rust(const struct strbuf *text, struct strbuf *out)
{
	const char *at = text->text;
	const char *mark;

	while ((mark = strstr(at, "{closure#")) != NULL) {
		strbuf_add(out, at, (size_t)(mark - at));
		strbuf_adds(out, "{{closure}}");
		at = mark + strcspn(mark, "}");
		if (*at == '}')
			at++;
	}
	strbuf_adds(out, at);
}

static bool
plain_rust(const char *linkage, struct strbuf *out)
{
	struct strbuf text = { 0 };
	struct strbuf plain = { 0 };
	struct sink sink = { .out = &text };
	bool ok;

	ok = setjmp(sink.full) == 0 && rust_demangle_callback(linkage, OPTIONS, take, &sink) != 0 &&
	    text.len > 0;
	if (ok) {
		demangle_strip(text.text, text.len, true, &plain);
		ok = plain.len > 0;
	}
	if (ok)
		add_rust(&plain, out);
	strbuf_release(&text);
	strbuf_release(&plain);
	return ok;
}

/* A name that the demangler does not understand still begins with itself:
 * _Z3fooI..., _ZSt4swapI... */
static bool
plain_start(const char *linkage, struct strbuf *out)
{
	const char *at = linkage + 2;
	bool standard = strncmp(at, "St", 2) == 0;
	unsigned long len;
	char *end;

	if (strncmp(linkage, "_Z", 2) != 0)
		return false;
	if (standard)
		at += 2;
	else if (*at == 'L')
		at++;
	if (!isdigit((unsigned char)*at))
		return false;
	len = strtoul(at, &end, 10);
	if (len == 0 || len > strlen(end))
		return false;
	if (standard)
		strbuf_adds(out, "std::");
	strbuf_add(out, end, len);
	return true;
}

/* What belongs to the name itself: an older Rust name has dots inside and ends
 * with its hash, 17h0123456789abcdefE; others end before the first dot. */
static size_t
mangled_length(const char *linkage)
{
	const char *at = linkage;

	while ((at = strstr(at, "17h")) != NULL) {
		at += 3;
		if (strspn(at, "0123456789abcdef") == 16 && at[16] == 'E')
			return (size_t)(at + 17 - linkage);
	}
	return strcspn(linkage, ".@");
}

void
demangle_plain(const char *linkage, struct strbuf *out)
{
	size_t len = strnlen(linkage, DEMANGLE_INPUT_MAX + 1);
	char *base;
	bool done = false;

	if (len > DEMANGLE_INPUT_MAX) {
		strbuf_adds(out, linkage);
		return;
	}
	if (demangle_is_mangled(linkage)) {
		base = strndup(linkage, mangled_length(linkage));
		if (base != NULL)
			done =
			    plain_rust(base, out) || plain_cxx(base, out) || plain_start(base, out);
		free(base);
	}
	if (!done)
		strbuf_add(out, linkage, demangle_base_length(linkage));
}
