/*
 * What the process of a module does: it gets the module as its job, takes its rights away
 * and answers questions about its files until nobody asks any more. The two ends of
 * symbol_wire.h meet here and in symbol_child.c.
 */
#ifndef SYMBOL_SYMBOL_SERVE_H
#define SYMBOL_SYMBOL_SERVE_H

#include <stddef.h>
#include <stdint.h>

struct bytes;
struct symbol_module;

/* Adds the job of a module; root: where debug files lie, or NULL. */
void symbol_serve_add_job(struct bytes *job, const struct symbol_module *module, const char *root);
/* A symbol_nursery_work. Returns when the other end is closed, or is not understood. */
void symbol_serve(int fd, const uint8_t *job, size_t size);

#endif
