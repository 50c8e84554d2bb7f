/* What --suppressions did, said. */
#ifndef CMD_SUPPRESSION_NOTES_H
#define CMD_SUPPRESSION_NOTES_H

#include <stddef.h>

struct suppressions;

/* A line for how many sites were suppressed, one for each line of the file that did nothing;
 * without a file (NULL): nothing. */
void suppression_notes(
    const char *file, const struct suppressions *suppressions, size_t suppressed);

#endif
