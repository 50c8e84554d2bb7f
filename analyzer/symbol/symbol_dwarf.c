#include "analyzer/symbol/symbol_dwarf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <dwarf.h>

#include "analyzer/symbol/arena.h"
#include "analyzer/symbol/demangle.h"
#include "analyzer/symbol/symbol_debug.h"
#include "analyzer/symbol/symbol_guard.h"
#include "analyzer/symbol/symbol_package.h"
#include "analyzer/symbol/symbol_string.h"
#include "analyzer/util/map.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/xalloc.h"

enum {
	DEPTH_MAX = 256,             /* of the tree of DIEs */
	RANGES_MAX = 100000,         /* of one DIE */
	DIES_MAX = 50 * 1000 * 1000, /* of one unit */
	UNITS_MAX = 4 * 1000 * 1000,
	ORIGINS_MAX = 16,   /* references from a copy to its original */
	CANDIDATES_MAX = 8, /* units or functions that claim one address */
	NO_SCOPE = -1,
	SPLIT_SHIFT = 40, /* offsets of split units overlap: number them apart */
};

/* identities of inlined calls differ from those of functions */
static const uint64_t INLINED_BIT = UINT64_C(1) << 63;

/* Ranges of things, sorted by start; `reach` allows to search backwards. */
struct span {
	uint64_t start;
	uint64_t end;
	uint64_t reach; /* highest end of this and all before */
	size_t owner;
};

struct spans {
	struct span *list;
	size_t count;
	size_t cap;
};

/* A namespace, class or function that things are declared in. */
struct scope {
	Dwarf_Die die;
	ptrdiff_t parent; /* index, or NO_SCOPE */
};

/* Where a function DIE stands. */
struct placed {
	const void *at; /* address of the DIE */
	ptrdiff_t scope;
};

/* What is known of one unit's tree. */
struct tree {
	struct scope *scopes;
	size_t scope_count;
	size_t scope_cap;
	struct placed *placed; /* by at */
	size_t placed_count;
	size_t placed_cap;
	Dwarf_Die *functions; /* those with code */
	size_t function_count;
	size_t function_cap;
	struct spans spans;      /* of functions */
	bool has_scopes_in_name; /* C has none */
	bool rust;
};

struct unit {
	Dwarf_CU *cu;
	Dwarf_Die die;  /* compile or skeleton unit: ranges, lines */
	Dwarf_Die tree; /* its functions: the split unit if there is one */
	bool opened;    /* tree is known */
	bool split;
	bool lacking; /* it should be, but there is no file */
};

struct name {
	const char *function;
	const char *symbol;
};

struct symbol_dwarf {
	Dwarf *dwarf;
	struct symbol_elf shared; /* dwz */
	Dwarf *shared_dwarf;
	struct symbol_package *package; /* or NULL */
	const struct symbol_table *code;
	const char *path; /* of the file, its owner's */
	struct arena *arena;
	struct unit *units;
	size_t unit_count;
	size_t unit_cap;
	struct spans spans; /* of units */
	struct map trees;   /* Dwarf_CU * -> struct tree * */
	struct map names;   /* address of a DIE -> struct name * */
	struct map files;   /* text of libdw -> absolute text */
	bool split;         /* there are skeletons of units */
};

static struct map_key
pointer_key(const void *pointer)
{
	struct map_key key = { .hi = 0, .lo = (uintptr_t)pointer };

	return key;
}

/* ---- spans ---- */

static void
spans_add(struct spans *spans, uint64_t start, uint64_t end, size_t owner)
{
	struct span *span;

	spans->list = xgrow(spans->list, &spans->cap, spans->count + 1, sizeof(*spans->list));
	span = &spans->list[spans->count++];
	span->start = start;
	span->end = end;
	span->owner = owner;
}

static int
compare_spans(const void *left, const void *right)
{
	const struct span *a = left;
	const struct span *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	/* the inner one comes later, and is found first */
	if (a->end != b->end)
		return a->end > b->end ? -1 : 1;
	return a->owner < b->owner ? -1 : a->owner > b->owner;
}

static void
spans_sort(struct spans *spans)
{
	uint64_t reach = 0;
	size_t i;

	if (spans->count > 0)
		qsort(spans->list, spans->count, sizeof(*spans->list), compare_spans);
	for (i = 0; i < spans->count; i++) {
		if (spans->list[i].end > reach)
			reach = spans->list[i].end;
		spans->list[i].reach = reach;
	}
}

/* Owners of up to max spans that hold addr, innermost first. */
static size_t
spans_find(const struct spans *spans, uint64_t addr, size_t *owners, size_t max)
{
	size_t low = 0;
	size_t high = spans->count;
	size_t found = 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (spans->list[middle].start <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	while (low > 0 && found < max && spans->list[low - 1].reach > addr) {
		low--;
		if (spans->list[low].end > addr)
			owners[found++] = spans->list[low].owner;
	}
	return found;
}

/* Adds the ranges of die that lie in code (the linker zeroes those it dropped). */
static size_t
add_ranges(const struct symbol_dwarf *dwarf, Dwarf_Die *die, struct spans *spans, size_t owner)
{
	Dwarf_Addr base = 0;
	Dwarf_Addr start;
	Dwarf_Addr end;
	ptrdiff_t at = 0;
	size_t tries;
	size_t added = 0;

	for (tries = 0; tries < RANGES_MAX; tries++) {
		at = dwarf_ranges(die, at, &base, &start, &end);
		if (at <= 0)
			break;
		if (start == 0 || end <= start || !symbol_elf_is_code(dwarf->code, start))
			continue;
		spans_add(spans, start, end, owner);
		added++;
	}
	return added;
}

/* ---- trees of units ---- */

bool
symbol_dwarf_sibling(Dwarf_Die *die)
{
	Dwarf_Die next;

	if (dwarf_siblingof(die, &next) != 0)
		return false;
	/* a reference backwards would never end */
	if (next.cu != die->cu || (const char *)next.addr <= (const char *)die->addr)
		return false;
	*die = next;
	return true;
}

bool
symbol_dwarf_child(Dwarf_Die *die, Dwarf_Die *child)
{
	return dwarf_child(die, child) == 0 && child->cu == die->cu &&
	    (const char *)child->addr > (const char *)die->addr;
}

bool
symbol_dwarf_is_behind(const Dwarf_Die *die, const void **last)
{
	bool behind = (const char *)die->addr > (const char *)*last;

	*last = die->addr;
	return behind;
}

static bool
is_container(int tag)
{
	switch (tag) {
	case DW_TAG_namespace:
	case DW_TAG_module:
	case DW_TAG_class_type:
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
	case DW_TAG_enumeration_type:
	case DW_TAG_interface_type:
	case DW_TAG_subprogram: return true;
	default: return false;
	}
}

static void
add_function(struct symbol_dwarf *dwarf, struct tree *tree, Dwarf_Die *die, ptrdiff_t scope)
{
	struct placed *placed;

	tree->placed =
	    xgrow(tree->placed, &tree->placed_cap, tree->placed_count + 1, sizeof(*tree->placed));
	placed = &tree->placed[tree->placed_count++];
	placed->at = die->addr;
	placed->scope = scope;
	if (add_ranges(dwarf, die, &tree->spans, tree->function_count) == 0)
		return;
	tree->functions = xgrow(tree->functions, &tree->function_cap, tree->function_count + 1,
	    sizeof(*tree->functions));
	tree->functions[tree->function_count++] = *die;
}

static ptrdiff_t
add_scope(struct tree *tree, const Dwarf_Die *die, ptrdiff_t parent)
{
	struct scope *scope;

	tree->scopes =
	    xgrow(tree->scopes, &tree->scope_cap, tree->scope_count + 1, sizeof(*tree->scopes));
	scope = &tree->scopes[tree->scope_count];
	scope->die = *die;
	scope->parent = parent;
	return (ptrdiff_t)tree->scope_count++;
}

static void
walk_tree(struct symbol_dwarf *dwarf, struct tree *tree, Dwarf_Die *root)
{
	struct {
		Dwarf_Die die;
		ptrdiff_t scope;
	} stack[DEPTH_MAX];
	const void *last = root->addr;
	size_t depth = 0;
	size_t seen = 0;
	bool more;

	stack[0].scope = NO_SCOPE;
	more = symbol_dwarf_child(root, &stack[0].die);
	while (more && seen++ < DIES_MAX && symbol_dwarf_is_behind(&stack[depth].die, &last)) {
		Dwarf_Die *die = &stack[depth].die;
		ptrdiff_t scope = stack[depth].scope;
		int tag = dwarf_tag(die);

		if (tag == DW_TAG_subprogram)
			add_function(dwarf, tree, die, scope);
		if ((is_container(tag) || tag == DW_TAG_lexical_block) && depth + 1 < DEPTH_MAX &&
		    symbol_dwarf_child(die, &stack[depth + 1].die)) {
			stack[depth + 1].scope =
			    is_container(tag) ? add_scope(tree, die, scope) : scope;
			depth++;
			continue;
		}
		while (!(more = symbol_dwarf_sibling(&stack[depth].die)) && depth > 0)
			depth--;
	}
}

static int
compare_placed(const void *left, const void *right)
{
	const struct placed *a = left;
	const struct placed *b = right;

	return (uintptr_t)a->at < (uintptr_t)b->at ? -1 : (uintptr_t)a->at > (uintptr_t)b->at;
}

static void
set_language(struct tree *tree, Dwarf_Die *unit)
{
	int language = dwarf_srclang(unit);

	tree->rust = language == DW_LANG_Rust;
	switch (language) {
	case DW_LANG_C:
	case DW_LANG_C89:
	case DW_LANG_C99:
	case DW_LANG_C11:
	case DW_LANG_Mips_Assembler: break;
	default: tree->has_scopes_in_name = true; break;
	}
}

/* The tree of the unit that die belongs to; made when it is first asked for. */
static struct tree *
tree_of(struct symbol_dwarf *dwarf, Dwarf_Die *die)
{
	struct tree *tree;
	uint64_t *value;
	Dwarf_Die root;
	bool fresh;

	value = map_insert(&dwarf->trees, pointer_key(die->cu), &fresh);
	if (!fresh)
		return (struct tree *)(uintptr_t)*value;
	tree = xcalloc(1, sizeof(*tree));
	*value = (uintptr_t)tree;
	if (dwarf_diecu(die, &root, NULL, NULL) == NULL)
		return tree;
	set_language(tree, &root);
	walk_tree(dwarf, tree, &root);
	spans_sort(&tree->spans);
	if (tree->placed_count > 0)
		qsort(tree->placed, tree->placed_count, sizeof(*tree->placed), compare_placed);
	return tree;
}

static void
tree_free(struct tree *tree)
{
	free(tree->scopes);
	free(tree->placed);
	free(tree->functions);
	free(tree->spans.list);
	free(tree);
}

/* ---- names ---- */

static const char *
die_text(Dwarf_Die *die, unsigned int attribute)
{
	Dwarf_Attribute memory;

	return symbol_string_of(dwarf_attr_integrate(die, attribute, &memory));
}

void
symbol_dwarf_origin(const Dwarf_Die *die, Dwarf_Die *origin)
{
	Dwarf_Attribute attribute;
	Dwarf_Die next;
	size_t i;

	*origin = *die;
	for (i = 0; i < ORIGINS_MAX; i++) {
		if (dwarf_attr(origin, DW_AT_abstract_origin, &attribute) == NULL &&
		    dwarf_attr(origin, DW_AT_specification, &attribute) == NULL)
			return;
		if (dwarf_formref_die(&attribute, &next) == NULL)
			return;
		*origin = next;
	}
}

static ptrdiff_t
scope_of(const struct tree *tree, const Dwarf_Die *die)
{
	struct placed key = { .at = die->addr };
	const struct placed *found;

	if (tree->placed_count == 0)
		return NO_SCOPE;
	found = bsearch(&key, tree->placed, tree->placed_count, sizeof(key), compare_placed);
	return found != NULL ? found->scope : NO_SCOPE;
}

static void
add_part(struct strbuf *out, const char *name, bool rust)
{
	if (demangle_is_lambda(name, strlen(name))) {
		strbuf_clear(out);
		return;
	}
	if (out->len > 0)
		strbuf_adds(out, "::");
	demangle_strip(name, strnlen(name, DEMANGLE_INPUT_MAX), rust, out);
}

/* Members that only a lambda's class has without having a name itself. */
static bool
is_lambda_member(const char *name)
{
	return strncmp(name, "operator()", 10) == 0 || strcmp(name, "_FUN") == 0 ||
	    strcmp(name, "__invoke") == 0;
}

static void
add_scope_name(struct strbuf *out, Dwarf_Die *die, bool rust, bool lambda)
{
	const char *name = die_text(die, DW_AT_name);

	if (name != NULL)
		add_part(out, name, rust);
	else if (dwarf_tag(die) == DW_TAG_namespace)
		add_part(out, "(anonymous namespace)", rust);
	else if (lambda)
		strbuf_clear(out);
}

/* A name without linkage name: through the scopes of its declaration. */
static void
qualify(struct symbol_dwarf *dwarf, Dwarf_Die *die, const char *name, struct strbuf *out)
{
	struct tree *tree;
	ptrdiff_t chain[DEPTH_MAX];
	ptrdiff_t scope;
	size_t depth = 0;
	Dwarf_Die origin;

	symbol_dwarf_origin(die, &origin);
	tree = tree_of(dwarf, &origin);
	if (tree->has_scopes_in_name) {
		scope = scope_of(tree, &origin);
		for (; scope != NO_SCOPE && depth < DEPTH_MAX; depth++) {
			chain[depth] = scope;
			scope = tree->scopes[scope].parent;
		}
	}
	for (; depth > 0; depth--)
		add_scope_name(out, &tree->scopes[chain[depth - 1]].die, tree->rust,
		    depth == 1 && is_lambda_member(name));
	if (tree->has_scopes_in_name)
		add_part(out, name, tree->rust);
	else
		strbuf_add(out, name, demangle_base_length(name));
}

static struct name *
make_name(struct symbol_dwarf *dwarf, Dwarf_Die *die)
{
	struct name *made = arena_alloc(dwarf->arena, sizeof(*made));
	const char *linkage = die_text(die, DW_AT_linkage_name);
	const char *name = die_text(die, DW_AT_name);
	struct strbuf text = { 0 };

	if (linkage == NULL)
		linkage = die_text(die, DW_AT_MIPS_linkage_name);
	if (linkage != NULL && (demangle_is_mangled(linkage) || name == NULL))
		demangle_plain(linkage, &text);
	/* C, a name that the compiler left out, or one that cannot be read */
	if (name != NULL && (text.len == 0 || demangle_is_mangled(text.text))) {
		strbuf_clear(&text);
		qualify(dwarf, die, name, &text);
	}
	made->function = text.len > 0 ? arena_copy(dwarf->arena, text.text, text.len) : "??";
	made->symbol = linkage != NULL ? linkage : made->function;
	strbuf_release(&text);
	return made;
}

static const struct name *
name_of(struct symbol_dwarf *dwarf, Dwarf_Die *die)
{
	uint64_t *value;
	struct name *made;

	value = map_find(&dwarf->names, pointer_key(die->addr));
	if (value != NULL)
		return (const struct name *)(uintptr_t)*value;
	made = make_name(dwarf, die);
	*map_insert(&dwarf->names, pointer_key(die->addr), NULL) = (uintptr_t)made;
	return made;
}

/* ---- files and lines ---- */

/* Joins and drops "./" and double slashes; ".." stays, it may cross a link. */
static char *
tidy_path(struct arena *arena, const char *directory, const char *file)
{
	struct strbuf text = { 0 };
	char *tidy;

	if (file[0] != '/' && directory != NULL && directory[0] == '/')
		strbuf_addf(&text, "%s/", directory);
	while (*file != '\0') {
		size_t part = strcspn(file, "/");
		bool same = part == 1 && file[0] == '.';

		if (!same)
			strbuf_add(&text, file, part);
		file += part;
		if (*file == '/' && !same && (text.len == 0 || text.text[text.len - 1] != '/'))
			strbuf_adds(&text, "/");
		file += strspn(file, "/");
	}
	tidy = arena_copy(arena, text.len > 0 ? text.text : "", text.len);
	strbuf_release(&text);
	return tidy;
}

static const char *
file_text(struct symbol_dwarf *dwarf, const struct unit *unit, const char *file)
{
	Dwarf_Die die = unit->die;
	uint64_t *value;
	bool fresh;

	/* "???" is what libdw says of a bad index */
	if (file == NULL || file[0] == '\0' || strcmp(file, "???") == 0)
		return "";
	value = map_insert(&dwarf->files, pointer_key(file), &fresh);
	if (fresh)
		*value = (uintptr_t)tidy_path(dwarf->arena, die_text(&die, DW_AT_comp_dir), file);
	return (const char *)(uintptr_t)*value;
}

static uint32_t
small(uint64_t value)
{
	return value <= INT32_MAX ? (uint32_t)value : 0;
}

static void
set_line(struct symbol_dwarf *dwarf, struct unit *unit, uint64_t addr, struct symbol_frame *frame)
{
	Dwarf_Line *line = dwarf_getsrc_die(&unit->die, addr);
	int number = 0;
	int column = 0;

	if (line == NULL)
		return;
	if (dwarf_lineno(line, &number) != 0 || number <= 0)
		return;
	if (dwarf_linecol(line, &column) != 0 || column < 0)
		column = 0;
	frame->file = file_text(dwarf, unit, dwarf_linesrc(line, NULL, NULL));
	frame->line = (uint32_t)number;
	frame->column = (uint32_t)column;
}

static uint64_t
number_of(Dwarf_Die *die, unsigned int attribute)
{
	Dwarf_Attribute memory;
	Dwarf_Word value;

	if (dwarf_formudata(dwarf_attr(die, attribute, &memory), &value) != 0)
		return 0;
	return value;
}

/* Where an inlined call stands in its caller. */
static void
set_call(struct symbol_dwarf *dwarf, struct unit *unit, Dwarf_Die *call, struct symbol_frame *frame)
{
	Dwarf_Files *files;
	Dwarf_Attribute memory;
	size_t count;
	uint64_t file = number_of(call, DW_AT_call_file);
	Dwarf_Die root;

	frame->line = small(number_of(call, DW_AT_call_line));
	frame->column = small(number_of(call, DW_AT_call_column));
	if (dwarf_attr(call, DW_AT_call_file, &memory) == NULL ||
	    dwarf_diecu(call, &root, NULL, NULL) == NULL ||
	    dwarf_getsrcfiles(&root, &files, &count) != 0 || file >= count)
		return;
	frame->file = file_text(dwarf, unit, dwarf_filesrc(files, (size_t)file, NULL, NULL));
}

/* ---- inlined calls ---- */

static bool
is_block(int tag)
{
	return tag == DW_TAG_lexical_block || tag == DW_TAG_try_block || tag == DW_TAG_catch_block;
}

static bool
has_code(Dwarf_Die *die)
{
	return dwarf_hasattr(die, DW_AT_low_pc) || dwarf_hasattr(die, DW_AT_ranges);
}

/*
 * The child of parent, an inlined call or a block, that holds addr. Blocks
 * without code of their own are looked through.
 */
static bool
find_child(Dwarf_Die *parent, uint64_t addr, Dwarf_Die *found)
{
	Dwarf_Die stack[32];
	size_t depth = 0;
	size_t seen = 0;
	const void *last = parent->addr;
	bool more = symbol_dwarf_child(parent, &stack[0]);

	while (more && seen++ < DIES_MAX && symbol_dwarf_is_behind(&stack[depth], &last)) {
		Dwarf_Die *die = &stack[depth];
		int tag = dwarf_tag(die);

		if ((tag == DW_TAG_inlined_subroutine || is_block(tag)) &&
		    dwarf_haspc(die, addr) > 0) {
			*found = *die;
			return true;
		}
		if (is_block(tag) && !has_code(die) && depth + 1 < 32 &&
		    symbol_dwarf_child(die, &stack[depth + 1])) {
			depth++;
			continue;
		}
		while (!(more = symbol_dwarf_sibling(&stack[depth])) && depth > 0)
			depth--;
	}
	return false;
}

/*
 * gcc may split a function and inline its parts each for themselves: the second
 * is then "called" from where the function is declared, or where the first is.
 */
static bool
is_split_part(Dwarf_Die *outer, Dwarf_Die *inner)
{
	Dwarf_Die origin;
	Dwarf_Die other;
	uint64_t line = number_of(inner, DW_AT_call_line);
	uint64_t column = number_of(inner, DW_AT_call_column);

	symbol_dwarf_origin(outer, &origin);
	symbol_dwarf_origin(inner, &other);
	if (origin.addr != other.addr)
		return false;
	if (line == number_of(&origin, DW_AT_decl_line) &&
	    column == number_of(&origin, DW_AT_decl_column))
		return true;
	return line == number_of(outer, DW_AT_call_line) &&
	    column == number_of(outer, DW_AT_call_column) &&
	    number_of(outer, DW_AT_call_file) == number_of(inner, DW_AT_call_file);
}

/* The function and the inlined calls that hold addr, outermost first. */
static size_t
find_chain(const Dwarf_Die *function, uint64_t addr, Dwarf_Die *chain, size_t max)
{
	Dwarf_Die at = *function;
	size_t count = 1;
	size_t depth;

	chain[0] = *function;
	for (depth = 0; depth < DEPTH_MAX && count < max; depth++) {
		Dwarf_Die child;

		if (!find_child(&at, addr, &child))
			break;
		at = child;
		if (dwarf_tag(&child) != DW_TAG_inlined_subroutine)
			continue;
		if (is_split_part(&chain[count - 1], &child))
			continue;
		chain[count++] = child;
	}
	return count;
}

/* Where an inlined call is entered. Of one that is in pieces clang does not say it:
 * then where the first piece begins, as the standard has it. */
static uint64_t
entry_of(Dwarf_Die *die)
{
	Dwarf_Addr base, start, end;

	if (dwarf_entrypc(die, &start) == 0)
		return start;
	return dwarf_ranges(die, 0, &base, &start, &end) > 0 ? start : 0;
}

static void
set_frames(struct symbol_dwarf *dwarf, struct unit *unit, uint64_t addr, const Dwarf_Die *function,
    struct symbol_dwarf_answer *answer)
{
	Dwarf_Die chain[SYMBOL_DWARF_FRAMES];
	size_t ordinal = (size_t)(unit - dwarf->units) + 1;
	size_t count;
	size_t i;

	count = find_chain(function, addr, chain, SYMBOL_DWARF_FRAMES);
	for (i = 0; i < count; i++) {
		struct symbol_frame *frame = &answer->frames[i];
		Dwarf_Die *die = &chain[count - 1 - i];
		const struct name *name = name_of(dwarf, die);

		frame->function = name->function;
		frame->symbol = name->symbol;
		frame->inlined = i + 1 < count;
		frame->entry = frame->inlined ? entry_of(die) : 0;
		if (i > 0) {
			frame->file = "";
			set_call(dwarf, unit, &chain[count - i], frame);
		}
		frame->instance = !frame->inlined ? 0
						  : INLINED_BIT | dwarf_dieoffset(die) |
			(unit->split ? (uint64_t)ordinal << SPLIT_SHIFT : 0);
	}
	answer->count = count;
}

/* Where the main part of a function begins: its entry, or its first range. */
static uint64_t
low_of(Dwarf_Die *function)
{
	Dwarf_Addr base;
	Dwarf_Addr start;
	Dwarf_Addr end;

	if (dwarf_entrypc(function, &start) == 0 && start != 0)
		return start;
	if (dwarf_ranges(function, 0, &base, &start, &end) > 0)
		return start;
	return 0;
}

/* ---- units ---- */

/* Opening a file that a skeleton names must not block: libdw looks at nothing. */
static bool
split_file_is_sane(Dwarf_Die *skeleton, const char *beside)
{
	const char *name = die_text(skeleton, DW_AT_dwo_name);
	const char *directory = die_text(skeleton, DW_AT_comp_dir);
	const char *slash = strrchr(beside, '/');
	char *paths[2];
	bool sane = true;
	size_t i;
	int fd;

	if (name == NULL)
		name = die_text(skeleton, DW_AT_GNU_dwo_name);
	if (name == NULL)
		return false;
	paths[0] = name[0] == '/' || slash == NULL
	    ? xstrdup(name)
	    : xasprintf("%.*s/%s", (int)(slash - beside), beside, name);
	paths[1] = name[0] == '/' || directory == NULL ? xstrdup(name)
						       : xasprintf("%s/%s", directory, name);
	for (i = 0; i < 2; i++) {
		fd = sane ? symbol_guard_open(paths[i]) : -1;
		sane = sane && (fd != -1 || errno == ENOENT || errno == ENOTDIR);
		if (fd != -1)
			close(fd);
		free(paths[i]);
	}
	return sane;
}

/* The text of an attribute, in the library's memory, if it stands in a table of
 * strings. */
static char *
table_text(Dwarf_Die *die, unsigned int attribute)
{
	Dwarf_Attribute memory;

	if (dwarf_attr(die, attribute, &memory) == NULL ||
	    dwarf_whatform(&memory) == DW_FORM_string)
		return NULL;
	return (char *)(uintptr_t)symbol_string_of(&memory);
}

/*
 * Where the library looks for the split unit is what the skeleton says: it is told
 * of the descriptor fd instead, for so long. False if the names are too short.
 */
static bool
open_descriptor(struct unit *unit, int fd, Dwarf_Die *split)
{
	char *name = table_text(&unit->die, DW_AT_dwo_name);
	char *directory = table_text(&unit->die, DW_AT_comp_dir);
	char path[32];
	char saved[2][32];
	char *base;

	if (name == NULL)
		name = table_text(&unit->die, DW_AT_GNU_dwo_name);
	snprintf(path, sizeof(path), "/dev/fd/%d", fd);
	base = strrchr(path, '/') + 1;
	if (name == NULL)
		return false;
	if (strlen(name) >= strlen(path)) {
		directory = NULL;
		base = path;
	} else if (directory == NULL || strlen(name) < strlen(base) ||
	    strlen(directory) < strlen("/dev/fd")) {
		return false;
	}
	memcpy(saved[0], name, strlen(base) + 1);
	memcpy(name, base, strlen(base) + 1);
	if (directory != NULL) {
		memcpy(saved[1], directory, sizeof("/dev/fd"));
		memcpy(directory, "/dev/fd", sizeof("/dev/fd"));
	}
	memset(split, 0, sizeof(*split));
	if (dwarf_cu_info(unit->cu, NULL, NULL, NULL, split, NULL, NULL, NULL) != 0)
		split->addr = NULL;
	memcpy(name, saved[0], strlen(base) + 1);
	if (directory != NULL)
		memcpy(directory, saved[1], sizeof("/dev/fd"));
	return split->addr != NULL;
}

static bool
open_packed(const struct symbol_dwarf *dwarf, struct unit *unit, uint64_t id, Dwarf_Die *split)
{
	int fd = dwarf->package != NULL ? symbol_package_unit(dwarf->package, id) : -1;
	bool found;

	if (fd == -1)
		return false;
	found = open_descriptor(unit, fd, split);
	close(fd);
	return found;
}

static void
open_unit(const struct symbol_dwarf *dwarf, struct unit *unit)
{
	Dwarf_Die split;
	uint64_t id;
	uint8_t type;

	if (unit->opened)
		return;
	unit->opened = true;
	unit->tree = unit->die;
	if (dwarf_cu_info(unit->cu, NULL, &type, NULL, NULL, &id, NULL, NULL) != 0 ||
	    type != DW_UT_skeleton)
		return;
	unit->lacking = true;
	if (!open_packed(dwarf, unit, id, &split)) {
		if (!split_file_is_sane(&unit->die, dwarf->path))
			return;
		memset(&split, 0, sizeof(split));
		if (dwarf_cu_info(unit->cu, NULL, NULL, NULL, &split, NULL, NULL, NULL) != 0 ||
		    split.addr == NULL)
			return;
	}
	unit->tree = split;
	unit->split = true;
	unit->lacking = false;
}

static void
add_unit(struct symbol_dwarf *dwarf, Dwarf_CU *cu, const Dwarf_Die *die)
{
	struct unit *unit;
	size_t i;

	dwarf->units =
	    xgrow(dwarf->units, &dwarf->unit_cap, dwarf->unit_count + 1, sizeof(*dwarf->units));
	unit = &dwarf->units[dwarf->unit_count];
	memset(unit, 0, sizeof(*unit));
	unit->cu = cu;
	unit->die = *die;
	if (add_ranges(dwarf, &unit->die, &dwarf->spans, dwarf->unit_count) == 0 &&
	    dwarf_tag(&unit->die) == DW_TAG_compile_unit) {
		/* no ranges of its own: take its functions' */
		const struct tree *tree = tree_of(dwarf, &unit->die);

		for (i = 0; i < tree->spans.count; i++)
			spans_add(&dwarf->spans, tree->spans.list[i].start, tree->spans.list[i].end,
			    dwarf->unit_count);
	}
	dwarf->unit_count++;
}

static void
index_units(struct symbol_dwarf *dwarf)
{
	Dwarf_CU *cu = NULL;
	Dwarf_CU *next;
	Dwarf_Half version;
	Dwarf_Die die;
	uint8_t type;
	size_t seen;

	for (seen = 0; seen < UNITS_MAX; seen++) {
		if (dwarf_get_units(dwarf->dwarf, cu, &next, &version, &type, &die, NULL) != 0)
			break;
		cu = next;
		dwarf->split = dwarf->split || type == DW_UT_skeleton;
		if (die.addr != NULL && (type == DW_UT_compile || type == DW_UT_skeleton))
			add_unit(dwarf, cu, &die);
	}
	spans_sort(&dwarf->spans);
}

/* The file of dwz: ours, since the one that libdw would open is not checked. */
static bool
open_shared(struct symbol_dwarf *dwarf, const struct symbol_elf *file, const char *root)
{
	GElf_Shdr header;

	if (symbol_elf_section(file, ".gnu_debugaltlink", &header) == NULL)
		return true;
	if (!symbol_debug_find_shared(&dwarf->shared, file, root, NULL))
		return false;
	symbol_elf_unpack(&dwarf->shared);
	dwarf->shared_dwarf = dwarf_begin_elf(dwarf->shared.elf, DWARF_C_READ, NULL);
	if (dwarf->shared_dwarf == NULL)
		return false;
	dwarf_setalt(dwarf->dwarf, dwarf->shared_dwarf);
	return true;
}

struct symbol_dwarf *
symbol_dwarf_new(
    struct symbol_elf *file, const struct symbol_table *code, const char *root, struct arena *arena)
{
	struct symbol_dwarf *dwarf;

	if (!symbol_elf_has_dwarf(file))
		return NULL;
	dwarf = xcalloc(1, sizeof(*dwarf));
	dwarf->code = code;
	dwarf->arena = arena;
	dwarf->path = file->path;
	dwarf->package = symbol_package_open(file->path);
	symbol_elf_unpack(file);
	dwarf->dwarf = dwarf_begin_elf(file->elf, DWARF_C_READ, NULL);
	if (dwarf->dwarf != NULL && open_shared(dwarf, file, root))
		index_units(dwarf);
	if (dwarf->unit_count > 0)
		return dwarf;
	symbol_dwarf_free(dwarf);
	return NULL;
}

void
symbol_dwarf_free(struct symbol_dwarf *dwarf)
{
	struct map_key key;
	uint64_t value;
	size_t at = 0;

	if (dwarf == NULL)
		return;
	while (map_next(&dwarf->trees, &at, &key, &value))
		tree_free((struct tree *)(uintptr_t)value);
	map_release(&dwarf->trees);
	map_release(&dwarf->names);
	map_release(&dwarf->files);
	free(dwarf->spans.list);
	free(dwarf->units);
	if (dwarf->dwarf != NULL)
		dwarf_end(dwarf->dwarf);
	if (dwarf->shared_dwarf != NULL)
		dwarf_end(dwarf->shared_dwarf);
	symbol_elf_close(&dwarf->shared);
	symbol_package_free(dwarf->package);
	free(dwarf);
}

bool
symbol_dwarf_is_split(const struct symbol_dwarf *dwarf)
{
	return dwarf->split;
}

/* True if unit has a function that holds addr; answer is then filled. */
static bool
find_in_unit(struct symbol_dwarf *dwarf, struct unit *unit, uint64_t addr,
    struct symbol_dwarf_answer *answer)
{
	struct tree *tree;
	size_t owner;

	tree = tree_of(dwarf, &unit->tree);
	if (spans_find(&tree->spans, addr, &owner, 1) == 0)
		return false;
	set_frames(dwarf, unit, addr, &tree->functions[owner], answer);
	answer->low = low_of(&tree->functions[owner]);
	return true;
}

void
symbol_dwarf_find(struct symbol_dwarf *dwarf, uint64_t addr, struct symbol_dwarf_answer *answer)
{
	size_t owners[CANDIDATES_MAX];
	size_t count;
	size_t i;

	memset(&answer->frames[0], 0, sizeof(answer->frames[0]));
	answer->frames[0].file = "";
	answer->count = 0;
	answer->low = 0;
	answer->lacking = false;
	count = spans_find(&dwarf->spans, addr, owners, CANDIDATES_MAX);
	for (i = 0; i < count && answer->count == 0; i++) {
		struct unit *unit = &dwarf->units[owners[i]];

		open_unit(dwarf, unit);
		set_line(dwarf, unit, addr, &answer->frames[0]);
		answer->lacking = unit->lacking;
		if (find_in_unit(dwarf, unit, addr, answer))
			return;
	}
}

/* The unit and the DIE of the function that holds addr. */
static struct unit *
find_function(struct symbol_dwarf *dwarf, uint64_t addr, Dwarf_Die *function)
{
	size_t owners[CANDIDATES_MAX];
	size_t count = spans_find(&dwarf->spans, addr, owners, CANDIDATES_MAX);
	size_t i;

	for (i = 0; i < count; i++) {
		struct unit *unit = &dwarf->units[owners[i]];
		struct tree *tree;
		size_t owner;

		open_unit(dwarf, unit);
		tree = tree_of(dwarf, &unit->tree);
		if (spans_find(&tree->spans, addr, &owner, 1) == 0)
			continue;
		*function = tree->functions[owner];
		return unit;
	}
	return NULL;
}

bool
symbol_dwarf_function(struct symbol_dwarf *dwarf, uint64_t addr, Dwarf_Die *function)
{
	return find_function(dwarf, addr, function) != NULL;
}

/* Functions of the tree that are copies of origin; *low is where the last begins. */
static size_t
count_copies(struct tree *tree, const Dwarf_Die *origin, uint64_t *low)
{
	Dwarf_Die other;
	size_t found = 0;
	size_t i;

	for (i = 0; i < tree->function_count; i++) {
		symbol_dwarf_origin(&tree->functions[i], &other);
		if (other.addr != origin->addr)
			continue;
		*low = low_of(&tree->functions[i]);
		found++;
	}
	return found;
}

uint64_t
symbol_dwarf_copy(struct symbol_dwarf *dwarf, Dwarf_Die *origin, Dwarf_Die *beside)
{
	struct tree *first = tree_of(dwarf, origin);
	struct tree *second = tree_of(dwarf, beside);
	uint64_t low = 0;
	size_t found = count_copies(first, origin, &low);

	if (second != first)
		found += count_copies(second, origin, &low);
	return found == 1 ? low : 0;
}

/* Not dwarf_decl_file, for which DWARF 5's first file is none. */
static const char *
declared_file(struct symbol_dwarf *dwarf, const struct unit *unit, Dwarf_Die *function)
{
	Dwarf_Attribute memory;
	Dwarf_Word number;
	Dwarf_Files *files;
	Dwarf_Die root;
	size_t count;

	if (dwarf_formudata(dwarf_attr_integrate(function, DW_AT_decl_file, &memory), &number) !=
		0 ||
	    dwarf_cu_die(memory.cu, &root, NULL, NULL, NULL, NULL, NULL, NULL) == NULL ||
	    dwarf_getsrcfiles(&root, &files, &count) != 0 || number >= count)
		return "";
	return file_text(dwarf, unit, dwarf_filesrc(files, number, NULL, NULL));
}

void
symbol_dwarf_declared(struct symbol_dwarf *dwarf, uint64_t addr, struct symbol_frame *frame)
{
	Dwarf_Die function;
	const struct unit *unit = find_function(dwarf, addr, &function);
	int line = 0;
	int column = 0;

	if (unit == NULL || dwarf_decl_line(&function, &line) != 0 || line <= 0)
		return;
	if (dwarf_decl_column(&function, &column) != 0 || column < 0)
		column = 0;
	frame->file = declared_file(dwarf, unit, &function);
	frame->line = frame->file[0] != '\0' ? (uint32_t)line : 0;
	frame->column = frame->file[0] != '\0' ? (uint32_t)column : 0;
}
