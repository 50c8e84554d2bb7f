/* For the target programs: hides a pointer, or a value, from the optimiser. */
#ifndef TARGET_H
#define TARGET_H

#define NOINLINE __attribute__((noinline))
#define INLINE inline __attribute__((always_inline))
#define TOUCH(p) __asm__ volatile("" : : "r"(p) : "memory")
/* Gives the value back, as if it could be any other. */
#define HIDE(v)                              \
	__extension__({                      \
		__typeof__(v) hidden_ = (v); \
		__asm__("" : "+r"(hidden_)); \
		hidden_;                     \
	})
/* Keeps a call from becoming a jump. */
#define BEHIND() __asm__ volatile("" : : : "memory")

/* In the build that finds the truth (truth.c), longjmp and stacks are told of. */
#ifdef TRUTH
#ifdef __cplusplus
extern "C" {
#endif
unsigned int truth_depth(void);
void truth_cut(unsigned int depth);
void truth_region(void *base, unsigned long size);
#ifdef __cplusplus
}
#endif
#define TRUTH_REGION(base, size) truth_region(base, size)
#define SETJMP(buffer)                                        \
	__extension__({                                       \
		volatile unsigned int depth_ = truth_depth(); \
		int jumped_ = setjmp(buffer);                 \
		if (jumped_ != 0)                             \
			truth_cut(depth_);                    \
		jumped_;                                      \
	})
#else
#define TRUTH_REGION(base, size) ((void)0)
#define SETJMP(buffer) setjmp(buffer)
#endif

#endif
