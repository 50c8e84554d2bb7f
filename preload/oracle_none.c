#include "preload/oracle.h"

const bool oracle_there = false;

void
oracle_check(struct thread *thread, const struct arch_frame *frame, const struct walk *walk)
{
	(void)thread;
	(void)frame;
	(void)walk;
}

void
oracle_capture(struct thread *thread, int level, const struct arch_frame *frame, struct walk *walk)
{
	walk_capture(thread, level, frame, walk);
}
