/* What the writers of a run's tables share. Each returns 0, or -1 with err set. */
#ifndef INGEST_WRITE_H
#define INGEST_WRITE_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct escape;
struct escape_site;
struct ingest_run;
struct sum;
struct sums;

/* Mean cost of a call, for the sites where none was timed. */
struct write_means {
	double allocate;
	double free;
};

/* Within what SQLite's integers hold. */
int64_t write_clamp(double value);
int64_t write_int(uint64_t value);
/* The database's number of a site of this run. */
int64_t write_site_id(const struct ingest_run *run, uint32_t site);
/* The database's number of a process of this run, from its number in the trace. */
int64_t write_process_id(const struct ingest_run *run, uint32_t process);
struct write_means write_means(const struct escape *escape);
/* ns that all blocks of a site took, estimated from the timed calls. */
double write_cost_allocate(const struct escape_site *site, const struct write_means *means);
double write_cost_free(const struct escape_site *site, const struct write_means *means);

/* --- write_sites.c --- */

/* Sites and their histograms. */
int write_sites(struct ingest_run *run, const struct write_means *means, const struct sums *owners,
    struct err *err);

/* --- write_processes.c --- */

/* Which processes allocated at which site. */
int write_site_processes(struct ingest_run *run, struct err *err);

/* --- write_paths.c --- */

int write_paths(struct ingest_run *run, const struct write_means *means, struct err *err);
int write_free_paths(struct ingest_run *run, struct err *err);
/* By site, frame, distance and fate; the caller frees the list. */
struct sums write_collect_owners(const struct ingest_run *run);
/* Of the sums whose column a is key: the owner (b, at distance c) of most blocks, or
 * of most that escaped, whatever line of it they went through. NULL: none. */
const struct sum *write_main_owner(
    const struct ingest_run *run, const struct sums *owners, int64_t key, bool escaped);
int write_owners(struct ingest_run *run, const struct sums *owners, struct err *err);

/* --- write_phases.c --- */

/* The database's number of a phase of this run; 0: none. */
int64_t write_phase_id(const struct ingest_run *run, uint32_t phase);
int write_phases(struct ingest_run *run, struct err *err);

/* --- write_cells.c --- */

int write_path_cells(struct ingest_run *run, struct err *err);

/* --- write_contexts.c --- */

int write_contexts(struct ingest_run *run, struct err *err);

#endif
