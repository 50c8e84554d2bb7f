/* What a finding is known by from one version of the program to the next. */
#ifndef LINT_IDENTITY_H
#define LINT_IDENTITY_H

struct findings;
struct paths;

/* Fills identity, text and their copies, which do not depend on the order. */
void identity_find(struct findings *findings, const struct paths *paths);

#endif
