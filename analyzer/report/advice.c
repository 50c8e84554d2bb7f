#include "analyzer/report/advice.h"

#include <string.h>

#include "analyzer/format/rows.h"
#include "analyzer/report/idioms.h"
#include "analyzer/util/show.h"
#include "analyzer/util/strbuf.h"
#include "analyzer/util/term.h"

static const struct advice table[] = {
	{ "stack", ADVICE_SAVE, "make each a local variable" },
	{ "buffer", ADVICE_SAVE, "a local buffer, the heap beyond it" },
	{ "caller", ADVICE_SAVE, "return by value, or let the caller pass storage" },
	{ "reuse", ADVICE_PART, "allocate once in the owner and reuse it" },
	{ "mixed", ADVICE_PART, "on the stack, copied where a path escapes" },
	{ "large", ADVICE_PART, "do not escape, but too large for the stack" },
	{ "heap", ADVICE_KEEP, "escape to the heap, as they should" },
	{ "thread", ADVICE_KEEP, "escape to another thread" },
	{ "live", ADVICE_KEEP, "never freed while observed" },
	{ "unknown", ADVICE_OPEN, "not decided" },
};

const struct advice *
advice_at(size_t at)
{
	return at < sizeof(table) / sizeof(*table) ? &table[at] : NULL;
}

const struct advice *
advice_find(const char *verdict)
{
	size_t at = 0;

	while (advice_at(at + 1) && strcmp(table[at].verdict, verdict) != 0)
		at++;
	return &table[at];
}

bool
advice_is_among(const char *list, const char *verdict)
{
	size_t wanted = strlen(verdict);

	while (*list) {
		size_t len = strcspn(list, ",");

		if (len == wanted && strncmp(list, verdict, len) == 0)
			return true;
		list += len;
		list += strspn(list, ",");
	}
	return false;
}

static void
add_name(struct strbuf *buf, const char *name, const char *other)
{
	const char *text = *name ? name : other;

	term_escape(buf, text, strlen(text));
}

static void
add_owner(struct strbuf *buf, const struct rows *sites, size_t row)
{
	add_name(buf, rows_text(sites, row, "owner.function"), "its owner");
}

static bool
verdict_is(const struct rows *sites, size_t row, const char *verdict)
{
	return strcmp(rows_text(sites, row, "verdict"), verdict) == 0;
}

/* {"stack cut":40,"lost record":2} as `stack cut: 40, lost record: 2` */
static void
add_why(struct strbuf *buf, const char *json)
{
	struct strbuf plain = { 0 };

	strbuf_adds(&plain, "");
	for (; *json; json++) {
		if (strchr("{}\"\n", *json))
			continue;
		strbuf_add(&plain, json, 1);
		if (*json == ':' || *json == ',')
			strbuf_adds(&plain, " ");
	}
	term_escape(buf, plain.text, plain.len);
	strbuf_release(&plain);
}

static void
add_escape(struct strbuf *buf, const struct rows *sites, size_t row)
{
	int64_t distance = rows_int(sites, row, "owner.distance");

	if (!*rows_text(sites, row, "owner.function")) {
		strbuf_adds(buf, "escapes");
		return;
	}
	strbuf_adds(buf, "escapes to ");
	add_owner(buf, sites, row);
	strbuf_addf(buf, " (%lld up)", (long long)distance);
}

void
advice_add_fate(struct strbuf *buf, const struct rows *sites, size_t row)
{
	if (verdict_is(sites, row, "stack") || verdict_is(sites, row, "buffer")) {
		strbuf_adds(buf, "does not escape ");
		add_name(buf, rows_text(sites, row, "function"), "??");
	} else if (verdict_is(sites, row, "caller") || verdict_is(sites, row, "heap")) {
		add_escape(buf, sites, row);
	} else if (verdict_is(sites, row, "reuse") || verdict_is(sites, row, "large")) {
		strbuf_adds(buf, "does not escape ");
		add_owner(buf, sites, row);
		strbuf_adds(buf, ", but is too large for the stack");
	} else if (verdict_is(sites, row, "mixed")) {
		strbuf_adds(buf, "mostly does not escape");
	} else if (verdict_is(sites, row, "thread")) {
		strbuf_adds(buf, "escapes to another thread");
	} else if (verdict_is(sites, row, "live")) {
		strbuf_adds(buf, "is never freed while observed");
	} else {
		strbuf_adds(buf, "is not decided");
	}
}

/* The outermost caller that tells; "" start-up code. */
static const char *
context_caller(const struct rows *contexts, size_t at)
{
	const struct cell *stack = rows_at(contexts, at, "stack");

	return stack->count > 1 ? stack->list[stack->count - 1] : "";
}

/* "stack when called from parse_line (98%)": of contexts[at]; before it stood `first`. */
static void
add_context(struct strbuf *buf, const struct rows *contexts, size_t at, size_t first, double blocks)
{
	const char *caller = context_caller(contexts, at);
	char share[SHOW_SIZE];

	strbuf_addf(
	    buf, "%s when called from ", advice_find(rows_text(contexts, at, "verdict"))->verdict);
	if (at != first && strcmp(caller, context_caller(contexts, first)) == 0)
		strbuf_adds(buf, "elsewhere in it");
	else
		add_name(buf, caller, "start-up code");
	strbuf_addf(
	    buf, " (%s)", show_share(share, rows_real(contexts, at, "blocks.estimated"), blocks));
}

/* The heaviest caller, and the heaviest other one with another verdict; false: none. */
static bool
add_contexts(struct strbuf *buf, const char *before, const struct rows *sites, size_t row)
{
	const struct rows *contexts = rows_at(sites, row, "contexts")->rows;
	double blocks = rows_real(sites, row, "blocks.estimated");

	for (size_t i = 1; contexts && i < contexts->count; i++) {
		if (strcmp(rows_text(contexts, 0, "verdict"), rows_text(contexts, i, "verdict")) ==
		    0)
			continue;
		strbuf_adds(buf, before);
		add_context(buf, contexts, 0, 0, blocks);
		strbuf_adds(buf, ", ");
		add_context(buf, contexts, i, 0, blocks);
		return true;
	}
	return false;
}

/* "64 bytes", of what one block may want; with a verb "64 bytes cover", "1 byte covers". */
static void
add_capacity(struct strbuf *buf, const struct rows *sites, size_t row, const char *verb)
{
	int64_t capacity = rows_int(sites, row, "capacity");

	strbuf_addf(buf, "%lld byte%s", (long long)capacity, show_s((double)capacity));
	if (verb)
		strbuf_addf(buf, " %s%s", verb, capacity == 1 ? "s" : "");
}

/* Adds text with {owner}, {bytes} and {bytes cover} filled in. */
static void
add_filled(struct strbuf *buf, const char *text, const struct rows *sites, size_t row)
{
	static const char owner[] = "{owner}", bytes[] = "{bytes}", cover[] = "{bytes cover}";

	while (*text) {
		if (strncmp(text, owner, sizeof(owner) - 1) == 0) {
			add_owner(buf, sites, row);
			text += sizeof(owner) - 1;
		} else if (strncmp(text, bytes, sizeof(bytes) - 1) == 0) {
			add_capacity(buf, sites, row, NULL);
			text += sizeof(bytes) - 1;
		} else if (strncmp(text, cover, sizeof(cover) - 1) == 0) {
			add_capacity(buf, sites, row, "cover");
			text += sizeof(cover) - 1;
		} else {
			strbuf_add(buf, text++, 1);
		}
	}
}

double
advice_blocks_a_call(const struct rows *sites, size_t row)
{
	double calls = rows_real(sites, row, "activations");
	double blocks = rows_real(sites, row, "fates.local") + rows_real(sites, row, "fates.up");
	double observed = rows_real(sites, row, "blocks.observed");

	if (calls <= 0 || rows_real(sites, row, "blocks.estimated") > observed * 1.01)
		return 0;
	return blocks / calls;
}

static void
add_rate(struct strbuf *buf, const struct rows *sites, size_t row)
{
	double rate = advice_blocks_a_call(sites, row);
	char number[SHOW_SIZE];

	if (rate < 1.5)
		return;
	strbuf_addf(buf, "%s blocks a call of ", show_count(number, rate));
	add_owner(buf, sites, row);
	strbuf_adds(buf, "; ");
}

/* The trace does not say how much. */
static const char *
alignment(const struct rows *sites, size_t row)
{
	return strstr(rows_text(sites, row, "allocator"), "align") ? ", aligned alike (alignas)"
								   : "";
}

static void
add_buffer(struct strbuf *buf, const struct rows *sites, size_t row)
{
	double waste = rows_real(sites, row, "waste");

	strbuf_adds(buf, "a local buffer of ");
	add_capacity(buf, sites, row, NULL);
	if (*alignment(sites, row))
		strbuf_addf(buf, "%s,", alignment(sites, row));
	strbuf_adds(buf, " covers 99 % (heap beyond");
	if (waste >= 1)
		strbuf_addf(buf, "; %.0f byte%s of it unused on average", waste, show_s(waste));
	strbuf_adds(buf, "), or reserve once");
	if (advice_blocks_a_call(sites, row) >= 1.5)
		strbuf_adds(buf, ", one for all if they follow each other, else an arena");
}

static void
add_caller(struct strbuf *buf, const struct rows *sites, size_t row)
{
	int64_t largest = rows_int(sites, row, "size.max");
	double local = rows_real(sites, row, "fates.local"), up = rows_real(sites, row, "fates.up");
	char share[SHOW_SIZE];

	if (local >= 9 * up) {
		strbuf_addf(buf, "%s do not escape: keep it on the stack%s, and copy what goes to ",
		    show_share(share, local, local + up), alignment(sites, row));
		add_owner(buf, sites, row);
		return;
	}
	strbuf_adds(buf, "return it by value, or let ");
	add_owner(buf, sites, row);
	strbuf_addf(buf, " pass the storage%s", alignment(sites, row));
	if (advice_blocks_a_call(sites, row) >= 1.5)
		strbuf_adds(buf, ", one for all if they follow each other, else an arena");
	else if (rows_int(sites, row, "size.min") != largest) {
		strbuf_adds(buf, ": ");
		add_capacity(buf, sites, row, "cover");
		strbuf_adds(buf, " 99 %");
	}
}

/* What stays in a container its owner does away with; a pointer may be anywhere. */
static void
add_condition(struct strbuf *buf, const struct rows *sites, size_t row)
{
	if (rows_real(sites, row, "evidence.inferred") > rows_real(sites, row, "evidence.proved"))
		strbuf_adds(buf, ", if no call leaves it to the next");
}

static void
add_reuse(struct strbuf *buf, const struct rows *sites, size_t row)
{
	strbuf_adds(buf, "allocate once in ");
	add_owner(buf, sites, row);
	strbuf_adds(buf, " and reuse it, if they follow each other, else an arena");
	add_condition(buf, sites, row);
}

static void
add_remedy(struct strbuf *buf, const struct rows *sites, size_t row)
{
	const char *idiom =
	    idioms_find(rows_text(sites, row, "container"), rows_text(sites, row, "verdict"));

	if (verdict_is(sites, row, "caller") || verdict_is(sites, row, "reuse"))
		add_rate(buf, sites, row);
	if (idiom) {
		add_filled(buf, idiom, sites, row);
	} else if (verdict_is(sites, row, "stack")) {
		strbuf_addf(buf, "make it a local variable%s", alignment(sites, row));
		if (advice_blocks_a_call(sites, row) >= 1.5)
			strbuf_adds(buf, ", one for all if they follow each other, else an array");
		add_condition(buf, sites, row);
	} else if (verdict_is(sites, row, "buffer")) {
		add_buffer(buf, sites, row);
		add_condition(buf, sites, row);
	} else if (verdict_is(sites, row, "caller")) {
		add_caller(buf, sites, row);
	} else if (verdict_is(sites, row, "reuse")) {
		add_reuse(buf, sites, row);
	} else if (verdict_is(sites, row, "mixed")) {
		strbuf_addf(buf,
		    "keep it on the stack%s, copy to the heap on the "
		    "path that escapes",
		    alignment(sites, row));
	} else if (verdict_is(sites, row, "unknown")) {
		add_why(buf, rows_text(sites, row, "unknown_why"));
	} else if (verdict_is(sites, row, "heap")) {
		strbuf_adds(buf, "the heap is right for it");
	} else if (verdict_is(sites, row, "large")) {
		strbuf_adds(buf, "the heap is right for its size");
	} else {
		strbuf_adds(buf, "nothing to change here");
	}
}

bool
advice_shows_counter(const char *verdict)
{
	return advice_is_among("mixed,heap,thread,live,unknown", verdict);
}

void
advice_add_remedy(struct strbuf *buf, const struct rows *sites, size_t row)
{
	size_t used;

	/* where nothing is to be done about all of it, callers say what is about some */
	if (advice_find(rows_text(sites, row, "verdict"))->class == ADVICE_KEEP &&
	    add_contexts(buf, "", sites, row))
		return;
	used = buf->len;
	add_remedy(buf, sites, row);
	/* what is not decided has nothing else to say where no reason is known */
	add_contexts(buf, buf->len > used ? "; " : "", sites, row);
}
