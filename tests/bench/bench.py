#!/usr/bin/env python3
"""What esc costs, beside other profilers: CPU time of all processes, wall time, peak
memory, bytes of the trace, time of the analysis, of programs that run natively and
under each profiler in turn. Prints tables in Markdown; the raw figures are JSON.

    bench.py [full|smoke|tiny] [--runs=N] [--programs=KEY,...] [--profilers=KEY,...]
    bench.py --against=OTHER_BUILD --programs=cc1plus --profilers=native,full

full is what docs/performance.md has; smoke takes a minute or two; tiny proves that
the bench works, and its figures say nothing."""
import argparse
import fnmatch
import json
import os
import shlex
import sys
import time

import figures
import machine
import measure
import profilers
import programs
import report

SMOKE = ("native", "forward", "full", "sampled", "auto", "heaptrack-preload", "heaptrack",
         "jemalloc-sampled", "tcmalloc-sampled", "heapprofile", "dhat")
PRESETS = {  # scale of the inputs, of those for slow profilers, runs, programs, profilers
    "full": (1, 0.05, 5, ("*",), ("*",)),
    "smoke": (0.1, 0.005, 1, ("[!cs]*", "cc1plus", "sqlite3", "storm-d30-*-t[12]"), SMOKE),
    "tiny": (0.002, 0.002, 2, ("sqlite3", "storm-d10-same-t2"), ("native", "forward", "full")),
}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("preset", nargs="?", default="full", choices=PRESETS)
    parser.add_argument("--build", default=os.environ.get("top_builddir", "."),
                        help="the build whose esc is measured (here)")
    parser.add_argument("--folder", help="of inputs, tools and runs (BUILD/bench)")
    parser.add_argument("--runs", type=int, help="of each pair")
    parser.add_argument("--programs", help="keys or patterns; see --list")
    parser.add_argument("--profilers", help="keys or patterns; see --list")
    parser.add_argument("--against", metavar="BUILD",
                        help="measure another build, or a libesc.so, in the same modes")
    parser.add_argument("--no-study", action="store_true",
                        help="do not analyze, pack or compress traces")
    parser.add_argument("--json", metavar="FILE", help="raw figures (bench.json in the folder)")
    parser.add_argument("--from", dest="source", metavar="FILE",
                        help="print the tables of an earlier run")
    parser.add_argument("--update", action="append", default=[], metavar="FILE",
                        help="put the tables between the marks of a Markdown file")
    parser.add_argument("--list", action="store_true", help="what there is to choose from")
    return parser.parse_args()


def matches(key, patterns):
    return any(fnmatch.fnmatch(key, pattern) for pattern in patterns)


def chosen(table, patterns, what):
    """What matches, in the order of the table, with what it is held against."""
    for pattern in patterns:
        if not fnmatch.filter(table, pattern):
            sys.exit(f"bench: no {what} is called {pattern} (--list)")
    keys = {key for pattern in patterns for key in fnmatch.filter(table, pattern)}
    keys |= {table[key].base for key in keys if getattr(table[key], "base", None)}
    return [value for key, value in table.items() if key in keys]


def measured(place, subjects, tools, options, runs, slow_scale):
    """Every program with the inputs of this scale; where a profiler is too slow for
    these, smaller ones, with a native run of their own. An interrupt ends it early."""
    absent, results = {}, []
    studied = not options.no_study

    def one(subject):
        fit = [tool for tool in tools if matches(subject.key, tool.only) and
               matches(tool.key, subject.under)]
        slow = [tool for tool in fit if tool.small]
        quick = [tool for tool in fit if not tool.small]
        yield measure.program(place, subject, quick, runs * subject.often, absent, studied)
        if slow and subject.slow:
            bases = {tool.base for tool in slow}
            slow = [tool for tool in fit if tool.key in bases] + slow
            yield measure.program(place.scaled(slow_scale), subject, slow, max(1, runs // 3),
                                  absent, studied)
    for subject in subjects:
        began = time.monotonic()
        try:
            results += one(subject)
        except KeyboardInterrupt:
            measure.note(f"{subject.key} and what follows: interrupted")
            break
        measure.note(f"{subject.key}: {time.monotonic() - began:.0f} s")
    return results, {key: why for key, why in absent.items() if why}


def run(options):
    scale, slow_scale, runs, subjects, tools = PRESETS[options.preset]
    split = lambda text, default: text.split(",") if text else default
    table = dict(profilers.BY_KEY)
    if options.against:
        for other in profilers.esc_modes(os.path.abspath(options.against), "@other"):
            table[other.key] = other
    wanted = split(options.profilers, tools)
    if options.against:
        wanted = [*wanted, *(key + "@other" for key in wanted if key + "@other" in table)]
    subjects = chosen(programs.BY_KEY, split(options.programs, subjects), "program")
    tools = chosen(table, wanted, "profiler")
    place = measure.Place(options.build, options.folder, scale)
    about = machine.describe()
    if about["load"] > 0.3:
        measure.note(f"the machine is busy (load {about['load']:.1f}): expect noise")
    results, absent = measured(place, subjects, tools, options, options.runs or runs, slow_scale)
    command = [word for word in sys.argv[1:] if not word.startswith(
        ("--build", "--folder", "--json", "--update", "--against"))]
    return {"version": 1, "command": " ".join(["tests/bench/bench.py", *map(shlex.quote, command)]),
            "when": time.strftime("%Y-%m-%d", time.gmtime()), "machine": about,
            "absent": {key: {"title": table[key].title, "why": why}
                       for key, why in absent.items()},
            "programs": figures.summed(results)}


def main():
    options = arguments()
    options.folder = options.folder or os.path.join(options.build, "bench")
    if options.list:
        for title, table in (("programs", programs.BY_KEY), ("profilers", profilers.BY_KEY)):
            print(title)
            for key, value in table.items():
                print(f"  {key:22} {value.title}")
        return
    if options.source:
        with open(options.source, encoding="utf-8") as file:
            result = json.load(file)
    else:
        result = run(options)
        path = options.json or os.path.join(options.folder, "bench.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(result, file, indent=1)
            file.write("\n")
    print(report.markdown(result))
    for path in options.update:
        report.update(path, result)


main()
