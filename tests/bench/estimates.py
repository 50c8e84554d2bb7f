#!/usr/bin/env python3
"""How far the estimates of sampled traces are from what a full trace counts: of real
programs, over many runs, each of other samples. Several esc may be named, which then analyze
the same traces.

    estimates.py [--build=BUILD] [--esc=ESC,...] [--runs=40] [--scale=1] [--programs=KEY,...]
                 [--modes=--budget=2,--sample=64K,...] [--top=10]

For each program and mode, of blocks and of bytes: the sum over all sites as a part of what was
counted (the mean of the runs, the least and the most); of the sites with most in truth the
bias (in parentheses what chance makes of it), the root of the mean square of the errors, both
as a part of the sites' truth, and how many of 100 intervals of 95 % hold the truth; the same
error of all other sites, taken together; of all sites, by how many of their blocks a run records on
average (up to 0.1, 1, 10, 100, more), how many of 100 intervals do that are shown, since a block
was recorded, and in parentheses how many there were. Wrappers are those that the full trace finds:
a sample may not, and then means another site.

Then, in a line "head", of the share that need not be on the heap, in per cent of all: the truth, the
mean of the runs and the least and the most; what of all was not decided, on average; the root of the
mean square of the errors, and the same where the truth is that of the verdicts which the run itself
found: what is left is chance."""
import argparse
import collections
import json
import math
import os
import re
import sqlite3
import subprocess

import measure
import programs

PROGRAMS = "sqlite3,python3,perl,wordcount,jq,git,cc1plus"
SITES = """SELECT f.function, f.file, f.line, f.column, m.path, total(s.estimated),
    total(s.estimated_low), total(s.estimated_high), total(s.bytes), total(s.bytes_low),
    total(s.bytes_high), sum(s.observed) FROM site s JOIN frame f ON f.id = s.frame
    JOIN module m ON m.id = f.module GROUP BY 1, 2, 3, 4, 5"""


def sites_of(esc, trace, env, wrappers=()):
    """{site: ((blocks, low, high), (bytes, low, high), recorded)}, (blocks, bytes) counted,
    the wrappers that were found, and what need not be on the heap (head_of)."""
    path = trace + ".db"
    words = [f"--wrapper=^{re.escape(name)}$" for name in wrappers]
    subprocess.run([*esc.split(), "analyze", "-q", "-f", *words, "-o", path, trace], check=True,
                   env=env)
    with sqlite3.connect(path) as database:
        rows = {row[:5]: (row[5:8], row[8:11], row[11]) for row in database.execute(SITES)}
        counted = database.execute("SELECT allocations, bytes FROM run").fetchone()
        found, = database.execute("SELECT found_wrappers FROM run").fetchone()
    database.close()
    head = head_of(esc, path, env)
    os.unlink(path)
    return rows, counted, json.loads(found), head


def head_of(esc, path, env):
    """Of blocks and of bytes (share, undecided), and the share of each site."""
    done = subprocess.run([*esc.split(), "report", "--format=json", path], check=True, env=env,
                          stdout=subprocess.PIPE)
    sites = json.loads(done.stdout)["sites"]
    head = []
    for which in ("blocks", "bytes"):
        whole = sum(site[which]["estimated"] for site in sites) or 1
        head.append((sum(site["saved"][which] for site in sites) / whole,
                     sum(site[which]["estimated"] - site["saved"][which] for site in sites
                         if site["verdict"] == "unknown") / whole))
    return head, {tuple(site[key] for key in ("function", "file", "line", "column", "module")):
                  site["share"] for site in sites}


class Errors:
    """Of one esc, program and mode; of blocks or of bytes."""

    def __init__(self, which, truth, most):
        self.which, self.truth = which, truth
        ranked = sorted(truth, key=lambda site: -truth[site][which][0])
        self.top, self.rest = ranked[:most], ranked[most:]
        self.sums, self.held, self.count, self.runs = [], 0, 0, 0
        self.errors = collections.defaultdict(list)
        self.shown = collections.defaultdict(list)  # (recorded, the interval holds the truth)

    def add(self, found, counted):
        which = self.which
        self.runs += 1
        for site in found.keys() & self.truth.keys():
            self.shown[site].append((found[site][2], self.holds(site, found[site][which])))
        self.sums.append(sum(row[which][0] for row in found.values()) / counted[which])
        for site in self.top:
            interval = found.get(site, ((0, 0, 0),) * 2)[which]
            self.errors[site].append(interval[0] - self.truth[site][which][0])
            self.held += self.holds(site, interval)
            self.count += 1
        self.errors[None].append(math.sqrt(sum(
            (found.get(site, ((0,), (0,)))[which][0] - self.truth[site][which][0]) ** 2
            for site in self.rest)))

    def holds(self, site, interval):
        true = self.truth[site][self.which][0]
        return interval[1] - 1e-6 * true <= true <= interval[2] + 1e-6 * true

    def held_by_class(self):
        classes = [[] for _ in range(5)]
        for cases in self.shown.values():
            mean = sum(recorded for recorded, _ in cases) / self.runs
            classes[sum(mean > most for most in (0.1, 1, 10, 100))] += [held for _, held in cases]
        return " ".join(f"{100 * sum(held) / len(held):.0f} ({len(held)})" if held else "-"
                        for held in classes)

    def line(self):
        whole = sum(self.truth[site][self.which][0] for site in self.top)
        rest = sum(self.truth[site][self.which][0] for site in self.rest) or 1
        bias = sum(abs(sum(self.errors[site])) for site in self.top) / self.runs
        noise = sum(math.sqrt(sum(e * e for e in self.errors[site]))
                    for site in self.top) / self.runs
        error = sum(math.sqrt(sum(e * e for e in self.errors[site]) / self.runs)
                    for site in self.top)
        other = math.sqrt(sum(e * e for e in self.errors[None]) / self.runs)
        return (f"{sum(self.sums) / self.runs:.3f} ({min(self.sums):.2f} to {max(self.sums):.2f})"
                f" | {100 * bias / whole:.1f} ({100 * noise / whole:.1f})"
                f" | {100 * error / whole:.1f} | {100 * self.held / self.count:.0f} | {100 * other / rest:.1f}"
                f" | {self.held_by_class()}")


class Heads:
    """Of one esc, program and mode; of blocks or of bytes: what need not be on the heap."""

    def __init__(self, which, sites, head):
        self.which, self.sites, self.head = which, sites, head
        self.whole = sum(row[which][0] for row in sites.values()) or 1
        self.runs = []  # (share, undecided, the truth by the run's own verdicts)

    def add(self, head):
        shares, by_site = head
        own = sum(row[self.which][0] * by_site.get(site, self.head[1].get(site, 0))
                  for site, row in self.sites.items()) / self.whole
        self.runs.append((*shares[self.which], own))

    def line(self):
        truth = self.head[0][self.which][0]
        shares, undecided, own = zip(*self.runs)

        def mean(values):
            return sum(values) / len(values)

        def error(truths):
            return math.sqrt(mean([(share - one) ** 2 for share, one in zip(shares, truths)]))

        return (f"{100 * truth:.1f} | {100 * mean(shares):.1f} ({100 * min(shares):.1f} to"
                f" {100 * max(shares):.1f}) | {100 * mean(undecided):.1f}"
                f" | {100 * error([truth] * len(shares)):.1f} | {100 * error(own):.2f}")


def record(place, program, mode, seed, trace):
    options = "" if seed is None else f"seed={seed}"
    env = dict(place.environment(), **program.env, ESC_OPTIONS=options, PYTHONHASHSEED="0")
    with open(os.devnull, "wb") as null:
        subprocess.run([os.path.join(place.build, "esc"), "record", "-q", "-f", mode, "-o", trace,
                        *program.command(place)], cwd=place.folder, env=env, check=True,
                       stdin=null, stdout=null, stderr=null)


def measured(place, program, mode, options):
    trace = os.path.join(place.folder, "estimates.esc")
    env = place.environment()
    record(place, program, "--full", None, trace)
    escs = options.esc.split(",") if options.esc else [os.path.join(place.build, "esc")]
    truth, _, wrappers, head = sites_of(escs[0], trace, env)
    tables = {esc: [Errors(which, truth, options.top) for which in (0, 1)] for esc in escs}
    heads = {esc: [Heads(which, truth, head) for which in (0, 1)] for esc in escs}
    for seed in range(options.runs):
        record(place, program, mode, seed + 1, trace)
        for esc in escs:
            found, counted, _, sampled = sites_of(esc, trace, env, wrappers)
            for one in heads[esc]:
                one.add(sampled)
            for errors in tables[esc]:
                errors.add(found, counted)
    for which, name in enumerate(("blocks", "bytes")):
        for esc in escs:
            print(f"| {program.key} | {mode} | {name} | {os.path.basename(esc)} |"
                  f" {tables[esc][which].line()} |", flush=True)
            print(f"| {program.key} | {mode} | head, {name} | {os.path.basename(esc)} |"
                  f" {heads[esc][which].line()} |", flush=True)


def each(doc, folder, measure_one, **defaults):
    """Has options of the command line, of doc, and calls measure_one(place, program, mode, options)
    for each program and mode; defaults are of options beside those that are always there."""
    parser = argparse.ArgumentParser(description=doc,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=".")
    parser.add_argument("--esc")
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--programs", default=PROGRAMS)
    for name, value in defaults.items():
        parser.add_argument(f"--{name}", type=type(value), default=value)
    options = parser.parse_args()
    place = measure.Place(options.build, os.path.join(options.build, "bench", folder),
                          options.scale)
    os.makedirs(place.folder, exist_ok=True)
    for key in options.programs.split(","):
        try:
            for mode in options.modes.split(","):
                measure_one(place, programs.BY_KEY[key], mode, options)
        except programs.Absent as why:
            measure.note(f"{key}: {why}")


if __name__ == "__main__":
    each(__doc__, "estimates", measured, runs=40, modes="--budget=2", top=10)
