#include "analyzer/report/idioms.h"

#include <stddef.h>
#include <string.h>

struct idiom {
	const char *container;
	const char *local;  /* stack, buffer */
	const char *caller; /* caller */
	const char *reuse;  /* reuse */
};

static const struct idiom idioms[] = {
	{ "std::string",
	    "longer than a std::string holds in itself: a local array of {bytes} covers "
	    "99 % (std::pmr::string on it), or std::string_view where it is only read",
	    "let {owner} pass a std::string to append to, or reserve() once",
	    "keep one std::string in {owner}, clear() it and fill it again" },
	{ "std::stringstream",
	    "format into a local array (std::to_chars, snprintf): {bytes cover} 99 %",
	    "let {owner} pass the stream or a string to append to",
	    "keep one stream in {owner} and reset it with str(\"\")" },
	{ "std::vector",
	    "reserve() once, or a std::array or small vector on the stack: {bytes cover} "
	    "99 %",
	    "let {owner} pass a vector to fill, so that it is allocated once; reserve() it",
	    "keep one vector in {owner}, clear() it and fill it again" },
	{ "std::deque", "a std::vector with reserve(), or an array on the stack",
	    "let {owner} pass the container to fill", "keep one in {owner} and clear() it" },
	{ "std::list",
	    "a node for each element: a std::vector, or std::pmr::list on a local buffer",
	    "a node for each element: a std::vector that {owner} passes", NULL },
	{ "std::map",
	    "a node for each element: a sorted array, or std::pmr::map on a local buffer "
	    "(monotonic_buffer_resource)",
	    "a node for each element: a sorted vector, or a memory resource that {owner} passes",
	    NULL },
	{ "std::set",
	    "a node for each element: a sorted array, or std::pmr::set on a local buffer "
	    "(monotonic_buffer_resource)",
	    "a node for each element: a sorted vector, or a memory resource that {owner} passes",
	    NULL },
	{ "std::unordered_map",
	    "a node for each element and a table: a sorted array for few, or std::pmr on a local "
	    "buffer",
	    "let {owner} pass the map, so that it is built once; reserve() it",
	    "keep one map in {owner} and clear() it" },
	{ "std::unordered_set",
	    "a node for each element and a table: a sorted array for few, or std::pmr on a local "
	    "buffer",
	    "let {owner} pass the set, so that it is built once; reserve() it",
	    "keep one set in {owner} and clear() it" },
	{ "std::unique_ptr", "make the object a local variable (std::optional if it may be absent)",
	    "return the object by value instead of a std::unique_ptr",
	    "keep one object in {owner} and assign to it" },
	{ "std::shared_ptr", "nobody shares it: make the object a local variable",
	    "nobody outside {owner} shares it: return it by value, or a std::unique_ptr", NULL },
	{ "std::function",
	    "the captures are larger than a std::function holds in itself: capture one reference, "
	    "or take the callable as a template parameter",
	    "the captures are larger than a std::function holds in itself: capture one reference, "
	    "or let {owner} keep the callable",
	    NULL },
	{ "std::any", "the value is larger than a std::any holds in itself: std::variant holds any",
	    NULL, NULL },
	{ "String",
	    "a byte array of {bytes} on the stack covers 99 % (ArrayString, SmallString), or "
	    "String::with_capacity",
	    "let {owner} pass a &mut String to write into",
	    "keep one String in {owner}, clear() it and fill it again" },
	{ "Vec",
	    "an array on the stack: {bytes cover} 99 % (ArrayVec, SmallVec), or "
	    "Vec::with_capacity",
	    "let {owner} pass a &mut Vec to fill", "keep one Vec in {owner} and clear() it" },
	{ "VecDeque", "an array on the stack (ArrayDeque), or VecDeque::with_capacity",
	    "let {owner} pass a &mut VecDeque to fill", "keep one in {owner} and clear() it" },
	{ "Box", "the value needs no Box: make it a local variable",
	    "return the value instead of a Box", "keep one value in {owner} and assign to it" },
	{ "Rc", "nobody shares it: a local value and references do",
	    "nobody outside {owner} shares it: return the value", NULL },
	{ "Arc", "nobody shares it: a local value and references do",
	    "nobody outside {owner} shares it: return the value", NULL },
	{ "HashMap", "a sorted array for few entries, or HashMap::with_capacity",
	    "let {owner} pass a &mut HashMap to fill", "keep one map in {owner} and clear() it" },
	{ "BTreeMap", "a sorted array for few entries", "let {owner} pass a &mut BTreeMap to fill",
	    NULL },
	{ "library", "the library allocates it: call this less often",
	    "the library allocates it: call this less often",
	    "the library allocates it: call it once in {owner} and keep what it gives" },
};

/* What throws, or begins a coroutine, does not place the block itself: whatever the verdict. */
static const char *const placed[][2] = {
	{ "exception",
	    "an exception is always on the heap: return what is expected (std::optional, "
	    "std::expected), and throw what is not" },
	{ "coroutine",
	    "the state of a coroutine: where it begins and ends in {owner} and is inlined there, a "
	    "compiler can leave the allocation out (clang does); else its promise may have an "
	    "operator new" },
};

static const char *
idioms_placed(const char *container, const char *verdict)
{
	static const char *const verdicts[] = { "stack", "buffer", "caller", "reuse", "mixed" };

	for (size_t i = 0; i < sizeof(placed) / sizeof(*placed); i++)
		for (size_t j = 0; j < sizeof(verdicts) / sizeof(*verdicts); j++)
			if (strcmp(placed[i][0], container) == 0 &&
			    strcmp(verdicts[j], verdict) == 0)
				return placed[i][1];
	return NULL;
}

const char *
idioms_find(const char *container, const char *verdict)
{
	const char *text = idioms_placed(container, verdict);

	if (text)
		return text;
	for (size_t i = 0; i < sizeof(idioms) / sizeof(*idioms); i++) {
		if (strcmp(idioms[i].container, container) != 0)
			continue;
		if (strcmp(verdict, "stack") == 0 || strcmp(verdict, "buffer") == 0)
			return idioms[i].local;
		if (strcmp(verdict, "caller") == 0)
			return idioms[i].caller;
		return strcmp(verdict, "reuse") == 0 ? idioms[i].reuse : NULL;
	}
	return NULL;
}
