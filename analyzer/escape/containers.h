/*
 * What a block is a part of, as its stack shows: a std::vector, a Box, a stream
 * that a library opened. Told by the frames between the site and the allocator.
 */
#ifndef ESCAPE_CONTAINERS_H
#define ESCAPE_CONTAINERS_H

#include <stdbool.h>

struct wrappers_function;

/* The library's own: what its function (fopen) made is not the caller's to place. */
#define CONTAINERS_LIBRARY "library"

/* Of one frame: "std::vector", "Vec", CONTAINERS_LIBRARY; NULL if it tells nothing.
 * Of several frames the outermost that tells something is right. Static. */
const char *containers_find(const struct wrappers_function *function);

/* What the blocks are that a coroutine's state is in. */
#define CONTAINERS_COROUTINE "coroutine"

/* The code that a compiler made of a coroutine, by its name in the file: what runs when it is
 * resumed or destroyed, and frees its state. Not what is called to begin it. */
bool containers_is_coroutine(const char *symbol);
/* A function of std::coroutine_handle that calls such code; by its plain name. */
bool containers_is_handle(const char *name);

/* The name of a function of the C library as people call it, which may be inside
 * name: "_IO_new_fopen" is fopen. Name itself where nothing is to be left out. */
const char *containers_public(const char *name);

#endif
