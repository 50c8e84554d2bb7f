/*
 * An oracle for the graphs: runs a program instruction by instruction and holds
 * what it does against what they say.
 *
 *     stepper STEPS PROGRAM [ARG...]
 *
 * Within one activation, of two consecutive calls the second must be one that
 * flow_reaches_without(all calls of the function) does not deny; every call must be
 * a site; what dominates it must have come back before; at a return, what always
 * comes back before an exit must have done so. Exit 1: something was wrong.
 */
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "analyzer/flow/flow.h"
#include "analyzer/flow/insn.h"
#include "analyzer/symbol/symbol.h"
#include "analyzer/util/map.h"
#include "analyzer/util/xalloc.h"

enum { DEPTH = 4096, MODULES = 256, SITES = 256, SHOWN = 20 };

struct mapping {
	uint64_t start;
	uint64_t end;
	uint64_t bias;
	uint32_t handle;
};

/* A function that was seen; its questions are asked once. */
struct function {
	struct flow *flow;
	uint64_t start; /* in its file */
	uint32_t handle;
	const uint64_t *sites;
	size_t count;
	uint8_t *steps;      /* [from][to]: 0 not asked, else 1 + answer */
	uint8_t *dominators; /* [call][site] the same */
	uint8_t *always;     /* [site] */
};

struct activation {
	uint64_t slot;
	uint64_t returns_to;
	struct function *function;
	uint64_t site; /* of the call before, 0 none */
	bool whole;    /* seen from its entry on */
	uint8_t back[SITES / 8];
};

struct counts {
	uint64_t steps;
	uint64_t calls;
	uint64_t pairs;
	uint64_t open;
	uint64_t unknown;
	uint64_t dominated;
	uint64_t exits;
	uint64_t wrong;
};

static pid_t child;
static struct symbol *symbols;
static struct mapping mappings[MODULES];
static size_t mapping_count;
static struct map functions;
static struct activation stack[DEPTH];
static size_t depth;
static struct counts counts;

static bool
read_memory(uint64_t address, void *buffer, size_t size)
{
	struct iovec local = { buffer, size };
	struct iovec remote = { (void *)(uintptr_t)address, size };

	return process_vm_readv(child, &local, 1, &remote, 1, 0) == (ssize_t)size;
}

/* ---- modules and functions ---- */

static void
add_mapping(uint64_t start, uint64_t end, const char *path)
{
	struct symbol_module module = { .path = path };
	Elf64_Ehdr header;
	struct mapping *mapping;

	if (mapping_count >= MODULES || !read_memory(start, &header, sizeof(header)) ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
		return;
	mapping = &mappings[mapping_count++];
	mapping->start = start;
	mapping->end = end;
	mapping->bias = header.e_type == ET_EXEC ? 0 : start;
	mapping->handle = symbol_add_module(symbols, &module);
}

/* Reads the program's mappings again: files, each from its first byte on. */
static void
read_mappings(void)
{
	char name[64];
	char line[4600];
	char path[4400];
	FILE *file;

	snprintf(name, sizeof(name), "/proc/%d/maps", (int)child);
	file = fopen(name, "r");
	mapping_count = 0;
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		uint64_t start;
		uint64_t end;
		uint64_t offset;

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64 " %*s %*s %4399s", &start,
			&end, &offset, path) != 4 ||
		    path[0] != '/')
			continue;
		if (offset == 0)
			add_mapping(start, end, path);
		else if (mapping_count > 0)
			mappings[mapping_count - 1].end = end;
	}
	if (file != NULL)
		fclose(file);
}

static const struct mapping *
find_mapping(uint64_t address)
{
	int tries;
	size_t i;

	for (tries = 0; tries < 2; tries++) {
		for (i = 0; i < mapping_count; i++) {
			if (address >= mappings[i].start && address < mappings[i].end)
				return &mappings[i];
		}
		if (tries == 0)
			read_mappings();
	}
	return NULL;
}

static struct function *
make_function(uint32_t handle, uint64_t start)
{
	struct function *function = xcalloc(1, sizeof(*function));
	size_t count;

	function->handle = handle;
	function->start = start;
	function->flow = symbol_flow(symbols, handle, start);
	function->sites = flow_sites(function->flow, &function->count);
	count = function->count <= SITES ? function->count : 0;
	function->steps = xcalloc(count * count + 1, 1);
	function->dominators = xcalloc(count * count + 1, 1);
	function->always = xcalloc(count + 1, 1);
	return function;
}

/* The function with the instruction at address, or before a return address. */
static struct function *
find_function(uint64_t address, bool is_return)
{
	const struct mapping *mapping = find_mapping(address);
	const struct symbol_place *place;
	struct map_key key;
	uint64_t *value;
	bool fresh;

	if (mapping == NULL)
		return NULL;
	place = symbol_resolve(symbols, mapping->handle, address - mapping->bias, is_return);
	if (place->function == 0 || symbol_code_state(symbols, mapping->handle) != SYMBOL_CODE_READ)
		return NULL;
	key.hi = mapping->handle;
	key.lo = place->function;
	value = map_insert(&functions, key, &fresh);
	if (fresh)
		*value = (uintptr_t)make_function(mapping->handle, place->function);
	return (struct function *)(uintptr_t)*value;
}

static size_t
site_index(const struct function *function, uint64_t site)
{
	size_t low = 0;
	size_t high = function->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (function->sites[middle] < site)
			low = middle + 1;
		else
			high = middle;
	}
	return low < function->count && function->sites[low] == site ? low : SIZE_MAX;
}

/* ---- what is checked ---- */

static void
wrong(const struct function *function, const char *what, uint64_t a, uint64_t b)
{
	const struct symbol_place *place =
	    symbol_resolve(symbols, function->handle, function->start, false);

	if (counts.wrong++ < SHOWN)
		printf("%s: 0x%" PRIx64 " 0x%" PRIx64 " in %s (0x%" PRIx64 ")\n", what, a, b,
		    place->frames[place->count - 1].function, function->start);
}

static void
check_step(struct function *function, uint64_t a, uint64_t b)
{
	size_t from = site_index(function, a);
	size_t to = site_index(function, b);
	uint8_t *answer;

	counts.pairs++;
	if (from == SIZE_MAX || to == SIZE_MAX || function->count > SITES) {
		if (flow_reaches(function->flow, a, b) == FLOW_NO)
			wrong(function, "not reached", a, b);
		return;
	}
	answer = &function->steps[from * function->count + to];
	if (*answer == 0)
		*answer = (uint8_t)(1 +
		    flow_reaches_without(function->flow, a, b, function->sites, function->count));
	if (*answer == 1 + FLOW_NO)
		wrong(function, "not reached", a, b);
}

static void
check_dominators(const struct activation *activation, uint64_t site)
{
	struct function *function = activation->function;
	size_t to = site_index(function, site);
	size_t i;

	if (to == SIZE_MAX || function->count > SITES)
		return;
	for (i = 0; i < function->count; i++) {
		uint8_t *answer = &function->dominators[to * function->count + i];

		if (*answer == 0)
			*answer =
			    (uint8_t)(1 + flow_dominates(function->flow, function->sites[i], site));
		if (*answer != 1 + FLOW_YES)
			continue;
		counts.dominated++;
		if ((activation->back[i / 8] >> (i % 8) & 1) == 0)
			wrong(function, "does not dominate", function->sites[i], site);
	}
}

static void
check_exit(const struct activation *activation)
{
	struct function *function = activation->function;
	size_t i;

	if (function == NULL || !activation->whole || function->count > SITES)
		return;
	counts.exits++;
	for (i = 0; i < function->count; i++) {
		uint8_t *answer = &function->always[i];

		if (*answer == 0)
			*answer = (uint8_t)(1 + flow_always(function->flow, function->sites[i]));
		if (*answer == 1 + FLOW_YES && (activation->back[i / 8] >> (i % 8) & 1) == 0)
			wrong(function, "not always", function->sites[i], 0);
	}
}

/* The innermost activation runs another function now. */
static void
begin(struct activation *activation, struct function *function, bool whole)
{
	activation->function = function;
	activation->site = 0;
	activation->whole = whole;
	memset(activation->back, 0, sizeof(activation->back));
}

/* The activation calls something: the call returns to address. */
static void
note_call(struct activation *activation, uint64_t address)
{
	struct function *function = find_function(address, true);
	uint64_t site;

	counts.calls++;
	if (function == NULL)
		return;
	if (activation->function != function)
		begin(activation, function, false);
	site = address - find_mapping(address)->bias;
	counts.open += flow_is_open(function->flow);
	if (!flow_has_site(function->flow, site)) {
		counts.unknown++;
		if (!flow_is_open(function->flow) && function->count > 0)
			wrong(function, "no site", site, 0);
	}
	if (activation->site != 0)
		check_step(function, activation->site, site);
	if (activation->whole)
		check_dominators(activation, site);
	activation->site = site;
}

/* ---- the run ---- */

static void
push(uint64_t slot, uint64_t returns_to, uint64_t target)
{
	if (depth == DEPTH) {
		memmove(stack, stack + 1, (DEPTH - 1) * sizeof(stack[0]));
		depth--;
	}
	stack[depth].slot = slot;
	stack[depth].returns_to = returns_to;
	begin(&stack[depth], find_function(target, false), true);
	depth++;
}

/* The stack pointer rose to rsp. The call that came back is noted, if it did: an
 * exception arrives at its landing pad by a return instruction too. */
static void
pop(uint64_t rsp, uint64_t rip, bool is_return)
{
	bool returned = false;

	while (depth > 0 && stack[depth - 1].slot < rsp) {
		returned = is_return && stack[depth - 1].slot + 8 == rsp &&
		    stack[depth - 1].returns_to == rip;
		if (returned)
			check_exit(&stack[depth - 1]);
		depth--;
	}
	if (returned && depth > 0 && stack[depth - 1].function != NULL &&
	    stack[depth - 1].function->count <= SITES) {
		struct activation *activation = &stack[depth - 1];
		const struct mapping *mapping = find_mapping(rip);
		size_t at = mapping != NULL ? site_index(activation->function, rip - mapping->bias)
					    : SIZE_MAX;

		if (at != SIZE_MAX)
			activation->back[at / 8] |= (uint8_t)(1U << (at % 8));
	}
}

/* A jump out of one function to the start of another, or of itself from there. */
static void
note_jump(uint64_t from, uint64_t to)
{
	struct function *left = find_function(from, false);
	struct function *entered = find_function(to, false);

	if (depth == 0 || left == entered)
		return;
	/* longjmp: the activation goes on */
	if (entered != NULL && stack[depth - 1].function == entered &&
	    to - find_mapping(to)->bias != entered->start)
		return;
	if (left != NULL && stack[depth - 1].function == left)
		check_exit(&stack[depth - 1]);
	begin(&stack[depth - 1], entered,
	    entered != NULL && to - find_mapping(to)->bias == entered->start);
}

static void
note_step(const struct user_regs_struct *before, const struct user_regs_struct *after)
{
	uint8_t bytes[16];
	struct insn insn;
	size_t size = sizeof(bytes);

	while (size > 0 && !read_memory(before->rip, bytes, size))
		size--;
	insn_decode(&insn, bytes, size, before->rip, false);
	if (insn.kind == INSN_CALL && after->rsp == before->rsp - 8) {
		if (depth > 0)
			note_call(&stack[depth - 1], before->rip + insn.length);
		push(after->rsp, before->rip + insn.length, after->rip);
		return;
	}
	if (depth > 0 && after->rsp > stack[depth - 1].slot)
		pop(after->rsp, after->rip, insn.kind == INSN_RETURN);
	if (insn.kind == INSN_JUMP || insn.kind == INSN_BRANCH)
		note_jump(before->rip, after->rip);
}

static bool
wait_step(struct user_regs_struct *regs)
{
	int status;

	if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
		return false;
	return ptrace(PTRACE_GETREGS, child, NULL, regs) == 0;
}

/* Lets the loader run: on to the program's own first instruction. */
static bool
skip_loader(struct user_regs_struct *regs)
{
	Elf64_auxv_t entry = { 0 };
	char name[64];
	FILE *file;
	long word;

	snprintf(name, sizeof(name), "/proc/%d/auxv", (int)child);
	file = fopen(name, "r");
	while (
	    file != NULL && fread(&entry, sizeof(entry), 1, file) == 1 && entry.a_type != AT_ENTRY)
		;
	if (file == NULL || fclose(file) != 0 || entry.a_type != AT_ENTRY)
		return false;
	errno = 0;
	word = ptrace(PTRACE_PEEKTEXT, child, (void *)(uintptr_t)entry.a_un.a_val, NULL);
	if (errno != 0 ||
	    ptrace(PTRACE_POKETEXT, child, (void *)(uintptr_t)entry.a_un.a_val,
		(void *)((word & ~0xffL) | 0xcc)) != 0 ||
	    ptrace(PTRACE_CONT, child, NULL, NULL) != 0 || !wait_step(regs) ||
	    ptrace(PTRACE_POKETEXT, child, (void *)(uintptr_t)entry.a_un.a_val, (void *)word) != 0)
		return false;
	regs->rip = entry.a_un.a_val;
	return ptrace(PTRACE_SETREGS, child, NULL, regs) == 0;
}

static void
run(uint64_t limit)
{
	struct user_regs_struct before;
	struct user_regs_struct after;

	if (!wait_step(&before) || (getenv("ESC_STEP_LOADER") == NULL && !skip_loader(&before)))
		return;
	while (counts.steps < limit) {
		if (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) != 0 || !wait_step(&after))
			return;
		counts.steps++;
		note_step(&before, &after);
		before = after;
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

int
main(int argc, char **argv)
{
	int status;

	if (argc < 3)
		return 2;
	child = fork();
	if (child == 0) {
		personality(ADDR_NO_RANDOMIZE);
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
			_exit(77);
		execvp(argv[2], argv + 2);
		_exit(99);
	}
	symbols = symbol_new();
	symbol_set_debug_root(symbols, NULL);
	run(strtoull(argv[1], NULL, 10));
	if (counts.steps == 0) {
		if (waitpid(child, &status, WNOHANG) < 0 && errno == ECHILD)
			printf("skip: ptrace is refused here\n");
		return 77;
	}
	printf("%" PRIu64 " steps, %" PRIu64 " calls (%" PRIu64 " in open functions, %" PRIu64
	       " at unknown sites), %" PRIu64 " pairs, %" PRIu64 " dominators, %" PRIu64
	       " exits: %" PRIu64 " wrong\n",
	    counts.steps, counts.calls, counts.open, counts.unknown, counts.pairs, counts.dominated,
	    counts.exits, counts.wrong);
	return counts.wrong != 0 || counts.pairs == 0;
}
