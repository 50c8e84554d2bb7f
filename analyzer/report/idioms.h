/* What to do about a container's blocks, in the container's own words. */
#ifndef REPORT_IDIOMS_H
#define REPORT_IDIOMS_H

/* For site.container and a verdict: a text with {owner} and {capacity} to be filled
 * in, or NULL: there is nothing better than the general advice. Static. */
const char *idioms_find(const char *container, const char *verdict);

#endif
