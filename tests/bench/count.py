#!/usr/bin/env python3
"""Instructions of libesc.so an event, in full mode, by the file of the shim that they come
from: callgrind counts, so that the figures are the same every time. Inputs are those that the
bench has for slow profilers; starting (the loader, the constructor) is in them.

    count.py [--build=BUILD] [--programs=KEY,...] [--mode=full]"""
import argparse
import collections
import os
import re
import subprocess
import sys

import measure
import profilers
import programs

SCALE = 0.05
PROGRAMS = "sqlite3,python3,perl,wordcount,jq,git,cc1plus,clang"


def by_file(path, library):
    """The instructions of each source file, of code in that library: `ob=` says in what
    object the lines behind it are, `fl=`, `fi=` and `fe=` from what file; (n) stands for a
    name that was given before. The line behind `calls=` is what the callee cost."""
    names, sums = {"ob": {}, "fl": {}}, collections.Counter()
    inside, file, skip = False, "", False
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            found = re.match(r"(c?ob|cfi|cfl|fl|fi|fe)=(?:(\(\d+\)) ?)?(.*)", line)
            if found:
                kind, number, name = found.groups()
                known = names["ob" if kind.endswith("ob") else "fl"]
                name = known.setdefault(number, name) if number else name
                if kind == "ob":
                    inside = name.endswith(library)
                elif kind in ("fl", "fi", "fe"):
                    file = name
            elif line.startswith("calls="):
                skip = True
            elif line[0] in "0123456789+-*":
                if inside and not skip:
                    sums[os.path.basename(file)] += int(line.split()[1])
                skip = False
    return sums


def counted(place, program, profiler):
    """(events, instructions by file) of a run."""
    command = program.command(place)
    events = sum(measure.events_of(place, program, command))
    folder = place.fresh()
    valgrind = programs.installed("valgrind", "valgrind")
    env = dict(place.environment(), **program.env, **profiler.env(place))
    with open(os.path.join(folder, "said"), "wb") as said:
        subprocess.run([valgrind, "--tool=callgrind", "--trace-children=yes",
                        "--callgrind-out-file=" + os.path.join(folder, "callgrind.%p"), *command],
                       cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                       check=True)
    sums = collections.Counter()
    for name in os.listdir(folder):
        if name.startswith("callgrind."):
            sums += by_file(os.path.join(folder, name), "libesc.so")
    return events, sums


def part(file):
    """ring.h and ring.c are one; what is small is not told apart."""
    stem = file.partition(".")[0]
    return stem if stem in ("walk", "memo", "stacks", "ring", "cfi", "rules") else "rest"


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=".", help="the build whose libesc.so is counted (here)")
    parser.add_argument("--programs", default=PROGRAMS)
    parser.add_argument("--mode", default="full", help="a key of bench.py --list")
    options = parser.parse_args()
    place = measure.Place(options.build, os.path.join(options.build, "bench", "count"), SCALE)
    parts = ("walk", "memo", "stacks", "rules", "cfi", "ring", "rest")
    print("| program | events |", " | ".join(parts), "| all |")
    print("|---" * (len(parts) + 3) + "|")
    for key in options.programs.split(","):
        try:
            events, sums = counted(place, programs.BY_KEY[key], profilers.BY_KEY[options.mode])
        except programs.Absent as why:
            print(f"| {key} | {why} |", flush=True)
            continue
        each = collections.Counter()
        for file, count in sums.items():
            each[part(file)] += count
        print(f"| {key} | {events} |", " | ".join(f"{each[name] / events:.0f}" for name in parts),
              f"| {sum(sums.values()) / events:.0f} |", flush=True)


sys.exit(main())
