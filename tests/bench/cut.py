#!/usr/bin/env python3
"""How often a program dies whose trace is made shorter while it is recorded.

    cut.py BUILD [INTERVAL_MS [RUNS]]

In each run a program fills 16 MiB of trace, then allocates every so many
milliseconds, and somebody cuts its trace to 64 KiB at a random moment: that needs
root, since nobody else may write to it. `chrt -f 10` before it stands for a machine
without other work. Prints the runs, and how many of them were ended by SIGBUS.
"""
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PROGRAM = r"""
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(int argc, char **argv)
{
	struct timespec step = { .tv_nsec = atol(argv[argc - 1]) * 1000000 };

	for (int i = 0; i < 1200000; i++)
		free(malloc(16 + i % 64 * 8));
	puts("full");
	fflush(stdout);
	for (long ms = 0; ms < 400; ms += step.tv_nsec / 1000000) {
		free(malloc(100));
		nanosleep(&step, NULL);
	}
	return 0;
}
"""
KEPT = 65536


def run(build, folder, interval):
    """Whether the program died of it."""
    trace = os.path.join(folder, "t.esc")
    program = subprocess.Popen(
        [os.path.join(build, "esc"), "record", "-q", "-f", "--full", "-o", trace,
         os.path.join(folder, "program"), str(interval)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    program.stdout.readline()
    time.sleep(random.uniform(0, 0.2))
    os.truncate(trace, KEPT)
    return program.wait() == -signal.SIGBUS


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__.strip())
    build = os.path.abspath(sys.argv[1])
    interval = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 100
    folder = tempfile.mkdtemp()
    try:
        with open(os.path.join(folder, "program.c"), "w", encoding="ascii") as source:
            source.write(PROGRAM)
        subprocess.run([os.environ.get("CC", "cc"), "-O1", "-fno-builtin", "-o", "program",
                        "program.c"], cwd=folder, check=True)
        died = sum(run(build, folder, interval) for _ in range(runs))
    finally:
        shutil.rmtree(folder)
    print(f"an allocation every {interval} ms: {died} of {runs} runs died")


main()
