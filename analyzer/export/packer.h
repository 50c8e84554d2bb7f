/* Packs what is added with gzip, as it comes. */
#ifndef EXPORT_PACKER_H
#define EXPORT_PACKER_H

#include <stddef.h>
#include <stdio.h>

struct err;
struct packer;

/* NULL and err set: there is no memory. Its errors of out are for the caller's ferror(). */
struct packer *packer_new(FILE *out, struct err *err);
void packer_add(struct packer *packer, const void *bytes, size_t len);
/* The end of it, unless it is to be thrown away; takes NULL. */
void packer_finish(struct packer *packer);

#endif
