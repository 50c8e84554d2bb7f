#!/usr/bin/env python3
"""How often a program dies whose trace is made shorter while it is recorded.

    cut.py BUILD [INTERVAL_MS [RUNS]]

In each run a program fills 16 MiB of trace, then allocates every so many
milliseconds, and somebody cuts its trace to 64 KiB at a random moment: that needs
root, since nobody else may write to it. `chrt -f 10` before it stands for a machine
without other work. Prints the runs, how many of them were ended by SIGBUS, what the cut
itself took (the length is gone from its begin on), and how much later the file was as long
again; the median of each.
"""
import os
import random
import shutil
import signal
import statistics
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
    """Whether the program died of it, what the cut took, when the length was back: ms."""
    trace = os.path.join(folder, "t.esc")
    program = subprocess.Popen(
        [os.path.join(build, "esc"), "record", "-q", "-f", "--full", "-o", trace,
         os.path.join(folder, "program"), str(interval)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    program.stdout.readline()
    time.sleep(random.uniform(0, 0.2))
    size = os.stat(trace).st_size
    began = time.monotonic()
    os.truncate(trace, KEPT)
    ended = time.monotonic()
    while os.stat(trace).st_size < size and time.monotonic() < ended + 1:
        pass
    back = time.monotonic()
    return program.wait() == -signal.SIGBUS, (ended - began) * 1000, (back - ended) * 1000


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
        seen = [run(build, folder, interval) for _ in range(runs)]
    finally:
        shutil.rmtree(folder)
    died, took, back = (list(column) for column in zip(*seen))
    print(f"an allocation every {interval} ms: {sum(died)} of {runs} runs died; the cut took "
          f"{statistics.median(took):.1f} ms, the length was back {statistics.median(back):.1f} "
          "ms later")


main()
