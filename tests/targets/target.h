/* For the target programs: hides a pointer, or a value, from the optimiser. */
#ifndef TARGET_H
#define TARGET_H

#define NOINLINE __attribute__((noinline))
#define TOUCH(p) __asm__ volatile("" : : "r"(p) : "memory")
/* Keeps a call from becoming a jump. */
#define BEHIND() __asm__ volatile("" : : : "memory")

#endif
