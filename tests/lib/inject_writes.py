#!/usr/bin/env python3
"""Writes of esc's commands that fail, one at a time, by strace's fault injection.

After each run either all is as without the fault, or the command has said in one line
what failed, with exit status 1 or 2, and there is no file under the name of its result,
nor anything else that was not there before.

    inject_writes.py DIRECTORY

DIRECTORY holds trace.esc; ESC names esc. INJECT=full tries every error everywhere.
"""
import collections
import multiprocessing
import os
import re
import shutil
import subprocess
import sys

import inject

CALLS = ["write", "writev", "pwrite64", "pwritev", "fsync", "fdatasync", "rename", "renameat",
         "renameat2", "link", "linkat", "ftruncate", "fallocate", "fchmod"]
COMMANDS = {
    "analyze": (["analyze", "trace.esc"], "trace.esc.db"),
    "pack": (["pack", "trace.esc"], "trace.esc.zst"),
    "flamegraph": (["flamegraph", "-o", "graph.svg", "trace.esc"], "graph.svg"),
    "report": (["report", "trace.esc"], None),
    "query": (["query", "trace.esc", "SELECT allocations, frees FROM run"], None),
}
# A database of its own is kept beside a trace that is read, as a convenience.
BESIDE = {"trace.esc.db"}
MOST = 12  # occurrences of a call, unless INJECT=full


def begin(where, trace):
    shutil.rmtree(where, ignore_errors=True)
    os.mkdir(where)
    os.link(trace, os.path.join(where, "trace.esc"))


def run(where, command, *options):
    """Exit status, output, lines on stderr of esc under strace."""
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": where,
           "XDG_CACHE_HOME": os.path.join(where, "cache")}
    done = subprocess.run(["strace", "-qq", "-o", "log", *options, os.environ["ESC"], *command],
                          cwd=where, env=env, stdin=subprocess.DEVNULL, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=inject.HANG)
    return done.returncode, done.stdout, done.stderr.decode(errors="replace").splitlines()


def result_of(where, name, output):
    """What the command has made, in a form that is the same in each directory."""
    return bytes_of(where, name, output).replace(where.encode(), b"HERE")


def bytes_of(where, name, output):
    if name is None:
        return output
    if name.endswith(".db"):
        made = subprocess.run([os.environ["ESC"], "report", "--format=json", name], cwd=where,
                              check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env={"PATH": os.environ["PATH"], "HOME": where})
        return made.stdout
    with open(os.path.join(where, name), "rb") as file:
        return file.read()


def try_one(case):
    """A word, and what is wrong."""
    title, call, when, error, wanted, trace = case
    command, name = COMMANDS[title]
    where = f"{os.path.dirname(trace)}/writes.{os.getpid()}"
    begin(where, trace)
    status, output, said = run(where, command, "-e", f"trace={call}", "-e",
                               f"inject={call}:{error}:when={when}")
    files = set(os.listdir(where)) - {"log", "trace.esc", "cache"} - BESIDE
    if name in BESIDE and os.path.exists(os.path.join(where, name)):
        files.add(name)
    with open(os.path.join(where, "log"), encoding="utf-8", errors="replace") as log:
        hit = re.search(r"\) += .*\(INJECTED\)", log.read()) is not None
    text = f"status {status}, said {said}, files {sorted(files)}"
    if status == 0:
        if files - {name} or (name is not None and name not in files):
            return case, "FAILED", text
        if result_of(where, name, output) != wanted:
            return case, "FAILED", "not the same result; " + text
        return case, "done" if hit else "not reached", ""
    if status not in (1, 2) or len(said) != 1 or not said[0].startswith("esc: ") or files:
        return case, "FAILED", text
    return case, "refused", ""


def cases(title, trace):
    command, name = COMMANDS[title]
    where = os.path.join(os.path.dirname(trace), "writes")
    begin(where, trace)
    status, output, _ = run(where, command, "-e", "trace=" + ",".join(CALLS))
    if status != 0:
        sys.exit(f"FAIL: esc {command}: status {status}")
    wanted = result_of(where, name, output)
    counts = collections.Counter()
    with open(os.path.join(where, "log"), encoding="utf-8", errors="replace") as log:
        for line in log:
            call = re.match(r"(\w+)\((\d+)?", line)
            if call:
                counts[call.group(1)] += 1
                # What is said on stderr is not the result.
                if call.group(1) == "write" and call.group(2) == "2":
                    counts["write"] -= 1
    errors = [f"error={error}" for error in ("ENOSPC", "EIO", "EPERM", "EDQUOT", "EINTR")]
    for call, number in counts.items():
        for when in range(1, number + 1):
            if not inject.FULL and number > MOST and when % (number // MOST + 1) != 1:
                continue
            chosen = errors if inject.FULL else [errors[when % len(errors)]]
            # Interrupted is what they say only before anything happened: write, and open.
            for error in chosen:
                if error != "error=EINTR" or call in ("write", "pwrite64", "ftruncate"):
                    yield title, call, when, error, wanted, trace


def main():
    trace = os.path.join(sys.argv[1], "trace.esc")
    everything = [case for title in COMMANDS for case in cases(title, trace)]
    with multiprocessing.Pool(int(os.environ.get("INJECT_JOBS", "2"))) as pool:
        results = pool.map(try_one, everything, chunksize=2)
    rows = collections.defaultdict(collections.Counter)
    for case, result, _ in results:
        rows[case[:2]][result] += 1
    print(f"{'command':12}{'call':12}{'runs':>6}  results")
    for (title, call), row in sorted(rows.items()):
        print(f"{title:12}{call:12}{sum(row.values()):6}  " +
              ", ".join(f"{number} {result}" for result, number in sorted(row.items())))
    failed = [f"FAIL: {case[0]}:{case[1]}:{case[2]}:{case[3]}: {why}"
              for case, result, why in results if result == "FAILED"]
    print("\n".join(failed + [f"{len(results)} runs, {len(failed)} failed"]))
    sys.exit(1 if failed or not results else 0)


if __name__ == "__main__":
    main()
