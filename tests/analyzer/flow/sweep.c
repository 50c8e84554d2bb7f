/* Builds the graph of every function of a file and prints what became of them:
 * sweep FILE [SECONDS]. With ESC_SWEEP=open it names those where control is lost. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analyzer/flow/flow.h"
#include "analyzer/symbol/symbol_code.h"
#include "analyzer/symbol/symbol_elf.h"

struct totals {
	size_t functions;
	size_t fragments;
	size_t frameless; /* parts that make their frame themselves */
	size_t orphans;   /* fragments whose function is not found by their code */
	size_t misnamed;
	size_t unknown;
	size_t open;
	size_t undecodable;
	size_t astray;
	size_t unclear;
	size_t jumps;
	size_t unresolved;
	size_t sites;
	size_t instructions;
	size_t never; /* sites that cannot be reached from themselves */
	double slowest;
	uint64_t slowest_at;
};

static double
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void
ask(struct flow *flow, struct totals *totals)
{
	const uint64_t *sites;
	size_t count;
	size_t i;

	sites = flow_sites(flow, &count);
	for (i = 0; i < count && i < 64; i++)
		totals->never += flow_reaches(flow, sites[i], sites[i]) == FLOW_NO;
}

/* A part's function, found by its code, must be what its name says, if it has one. */
static void
look_at_part(struct symbol_code *code, struct symbol_table *table, const struct symbol_fde *fde,
    struct totals *totals)
{
	const struct symbol_name *name = symbol_elf_name(table, fde->start);
	uint64_t found = symbol_code_parent(code, fde);
	const struct symbol_name *parent = name != NULL ? symbol_elf_parent(table, name) : NULL;

	totals->orphans += found == 0;
	if (getenv("ESC_SWEEP") != NULL && !fde->inner && found != 0)
		printf("frameless part 0x%" PRIx64 " is of 0x%" PRIx64 "\n", fde->start, found);
	if (found == 0 || parent == NULL || parent->start == found)
		return;
	totals->misnamed++;
	printf("part 0x%" PRIx64 " is of 0x%" PRIx64 ", not 0x%" PRIx64 "\n", fde->start,
	    parent->start, found);
}

static void
look(struct symbol_code *code, struct symbol_table *table, const struct symbol_fde *fde,
    struct totals *totals)
{
	const struct flow_source *source = symbol_code_source(code);
	struct flow_part part;
	struct flow_shape shape;
	double start = now();
	struct flow *flow;

	if (source->part(source->data, fde->start, &part) && part.fragment) {
		totals->fragments++;
		look_at_part(code, table, fde, totals);
		return;
	}
	if (symbol_code_parent(code, fde) != 0) {
		totals->frameless++;
		look_at_part(code, table, fde, totals);
	}
	flow = flow_build(source, fde->start);
	flow_describe(flow, &shape);
	totals->functions++;
	totals->unknown += shape.blocks == 0;
	totals->open += flow_is_open(flow);
	totals->undecodable += shape.undecodable;
	totals->astray += shape.astray;
	totals->unclear += shape.unclear;
	totals->jumps += shape.jumps;
	totals->unresolved += shape.unresolved;
	totals->sites += shape.calls;
	totals->instructions += shape.instructions;
	if (getenv("ESC_SWEEP") != NULL && flow_is_open(flow))
		printf("open 0x%" PRIx64 " jumps %zu unresolved %zu%s%s%s\n", fde->start,
		    shape.jumps, shape.unresolved, shape.undecodable ? " undecodable" : "",
		    shape.astray ? " astray" : "", shape.unclear ? " unclear" : "");
	if (now() - start > totals->slowest) {
		totals->slowest = now() - start;
		totals->slowest_at = fde->start;
	}
	ask(flow, totals);
	flow_free(flow);
}

int
main(int argc, char **argv)
{
	double limit = argc > 2 ? strtod(argv[2], NULL) : 60;
	struct symbol_table table = { 0 };
	struct totals totals = { 0 };
	struct symbol_elf file;
	struct symbol_code *code;
	double start;
	double spent;
	size_t i;

	if (argc < 2 || symbol_elf_open(&file, argv[1]) != SYMBOL_ELF_OK) {
		fprintf(stderr, "usage: sweep FILE [SECONDS]\n");
		return 2;
	}
	symbol_elf_load_code(&table, &file);
	symbol_elf_load_names(&table, &file, false);
	if (table.name_count == 0)
		symbol_elf_load_names(&table, &file, true);
	code = symbol_code_new(&file, &table);
	if (code == NULL)
		return 1;
	start = now();
	for (i = 0; i < table.fde_count && now() - start < limit; i++)
		look(code, &table, &table.fdes[i], &totals);
	spent = now() - start;
	printf("%zu functions (%zu of %zu entries, %zu fragments, %zu without a "
	       "function) in %.2f s: %.0f functions/s\n",
	    totals.functions, i, table.fde_count, totals.fragments, totals.orphans, spent,
	    (double)totals.functions / (spent > 0 ? spent : 1));
	printf("open %zu (undecodable %zu, astray %zu, unclear %zu), unknown %zu\n", totals.open,
	    totals.undecodable, totals.astray, totals.unclear, totals.unknown);
	printf("computed jumps %zu, not resolved %zu; parts without a frame %zu\n", totals.jumps,
	    totals.unresolved, totals.frameless);
	printf("instructions %zu, sites %zu, in no loop %zu of those asked\n", totals.instructions,
	    totals.sites, totals.never);
	printf("slowest 0x%" PRIx64 " %.3f s\n", totals.slowest_at, totals.slowest);
	symbol_code_free(code);
	symbol_elf_release(&table);
	symbol_elf_close(&file);
	return totals.misnamed > 0;
}
