/* Names by patterns, as a shell's: * ? [a-z] [!a-z] and \\ for the character behind it. */
#ifndef PRELOAD_GLOB_H
#define PRELOAD_GLOB_H

#include <stdbool.h>

/* Whether one of the patterns, '/' between them, is all of name. Time grows with the product
 * of the lengths at most. An open [ stands for itself. */
bool glob_any(const char *patterns, const char *name);

#endif
