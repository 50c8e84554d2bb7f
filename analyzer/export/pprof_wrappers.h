/* Which functions pprof is to leave out at the inner end of stacks, so that a site is what
 * it takes for the function that allocates. */
#ifndef EXPORT_PPROF_WRAPPERS_H
#define EXPORT_PPROF_WRAPPERS_H

struct stack_paths;

/* A regular expression of RE2 for Profile.drop_frames, which drops a frame and all inside of
 * it: the names of wrappers, but of those alone that no frame of another kind is ever inside
 * of, and not more than pprof is sure to take. NULL: there are none. The caller frees it. */
char *pprof_wrappers(const struct stack_paths *paths);

#endif
