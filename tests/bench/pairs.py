#!/usr/bin/env python3
"""What esc diff and esc check say of two runs of the same program, where nothing changed: what
they tell is a false alarm.

    pairs.py [--build=BUILD] [--esc=ESC,...] [--pairs=20] [--scale=1] [--programs=KEY,...]
             [--modes=--budget=2,--sample=64K,...]

For each program and mode: the pairs of which esc diff tells of a change at all, and the sites
of a pair of each state (the mean); the pairs of which esc check, with the first run as its
baseline, fails, and of how many findings."""
import collections
import json
import os
import subprocess

import estimates

STATES = ("new", "gone", "worse", "better", "same")


def told(esc, traces, env):
    """(sites by state, findings of check) of a pair."""
    def run(*words, allowed=(0,)):
        done = subprocess.run([*esc.split(), *words], env=env, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if done.returncode not in allowed:
            raise OSError(f"esc {words[0]}: {done.returncode}")
        return done.stdout
    # each esc its own databases
    databases = [trace + ".db" for trace in traces]
    for trace, database in zip(traces, databases):
        run("analyze", "-q", "-f", "-o", database, trace)
    changes = json.loads(run("diff", "--format=json", *databases))["changes"]
    baseline = traces[0] + ".baseline"
    run("check", "-f", "--write-baseline=" + baseline, databases[0])
    out = run("check", "--baseline=" + baseline, databases[1], allowed=(0, 1))
    return (collections.Counter(change["state"] for change in changes),
            sum(b": warning: " in line for line in out.splitlines()))


def measured(place, program, mode, options):
    traces = [os.path.join(place.folder, f"pair-{i}.esc") for i in (0, 1)]
    env = place.environment()
    escs = options.esc.split(",") if options.esc else [os.path.join(place.build, "esc")]
    sums = {esc: collections.Counter() for esc in escs}
    estimates.record(place, program, mode, 1, traces[0])
    for pair in range(options.pairs):
        estimates.record(place, program, mode, pair + 2, traces[1])
        for esc in escs:
            states, findings = told(esc, traces, env)
            sums[esc].update(states, findings=findings, failed=findings > 0,
                             changed=any(states[state] for state in STATES[:-1]))
        traces.reverse()
    for esc in escs:
        means = " | ".join(f"{sums[esc][state] / options.pairs:.1f}" for state in STATES)
        print(f"| {program.key} | {mode} | {os.path.basename(esc) if len(escs) > 1 else ''} |"
              f" {sums[esc]['changed']} | {means} | {sums[esc]['failed']} |"
              f" {sums[esc]['findings']} |", flush=True)


if __name__ == "__main__":
    estimates.each(__doc__, "pairs", measured, pairs=20, modes="--budget=2,--sample=64K")
