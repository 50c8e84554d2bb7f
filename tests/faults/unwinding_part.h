/* What the libraries of unwinding.cc offer. */
#ifndef ESC_TESTS_FAULTS_UNWINDING_PART_H
#define ESC_TESTS_FAULTS_UNWINDING_PART_H

#ifdef __cplusplus
extern "C" {
#endif

/* Calls back through frames of C and C++ of this library. */
int part_call(int (*back)(int), int depth);
/* Raises an exception that is not C++'s, `depth` frames deep. */
void part_raise(int depth);
/* How many of these were deleted. */
long part_deleted(void);

#ifdef __cplusplus
}
#endif

#endif
