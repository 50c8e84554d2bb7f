#!/usr/bin/env python3
"""What esc costs: CPU time (user + system, of the program alone) of real programs
natively, under a forwarding shim, under esc full and sampled, both without and
with return marks, and under heaptrack's preload library writing its raw trace to
a file. Interleaved, medians with minimum and maximum.

    bench.py BUILD_DIR [RUNS]

ns per event is the CPU time added over the native run, by the number of events
(allocations and non-null frees) that esc counted."""
import glob
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

build = os.path.abspath(sys.argv[1])
runs = int(sys.argv[2]) if len(sys.argv) > 2 else 7
source = os.path.dirname(os.path.abspath(__file__))
work = tempfile.mkdtemp(prefix="esc-bench-")
os.chdir(work)


def sh(*command):
    return subprocess.check_output(command, text=True).strip()


SQL = """
CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, price REAL);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120000)
  INSERT INTO item SELECT i, 'name' || (i * 7919 % 10007), i * 1.5 FROM n;
CREATE INDEX item_name ON item (name);
SELECT count(*), sum(price) FROM item WHERE name LIKE 'name1%';
SELECT name, count(*) AS c FROM item GROUP BY name ORDER BY c DESC, name LIMIT 5;
"""
PY = """
import json
for k in range(4):
    json.loads(json.dumps([{str(i): [i, i * 2]} for i in range(30000)]))
"""
CC = """
#include <algorithm>
#include <iostream>
#include <map>
#include <regex>
#include <string>
#include <vector>
int main() {
    std::map<std::string, std::vector<int>> m;
    std::regex r("k([0-9]+)");
    for (int i = 0; i < 1000; i++) m["k" + std::to_string(i % 37)].push_back(i);
    for (auto &p : m) std::cout << std::regex_match(p.first, r) << p.second.size();
}
"""
for name, text in (("in.sql", SQL), ("in.py", PY), ("in.cc", CC)):
    with open(name, "w") as f:
        f.write(text)
cc1plus = sh("g++", "-print-prog-name=cc1plus")
subprocess.check_call(["g++", "-E", "in.cc", "-o", "in.ii"])
python = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
programs = {
    "sqlite3": (["sqlite3", ":memory:", ".read in.sql"], {}),
    "python3": ([python, "in.py"], {"PYTHONMALLOC": "malloc"}),
    "cc1plus": ([cc1plus, "-quiet", "-O1", "-fpreprocessed", "in.ii", "-o", "out.s"], {}),
}
subprocess.check_call(["gcc", "-O2", "-fPIC", "-shared", "-fno-builtin",
                       os.path.join(source, "forward.c"), "-o", "forward.so"])
shim = os.path.join(build, ".libs/libesc.so")
keeper = os.path.join(build, "esc-keeper")
heaptrack = glob.glob("/usr/lib/heaptrack/libheaptrack_preload.so") + \
    glob.glob("/usr/lib/*/heaptrack/libheaptrack_preload.so")
modes = {
    "native": {},
    "forwarding": {"LD_PRELOAD": os.path.join(work, "forward.so")},
    "esc full": {"LD_PRELOAD": shim, "ESC_OPTIONS": "keeper=" + keeper},
    "esc full --exact": {"LD_PRELOAD": shim, "ESC_OPTIONS": "marks=16:keeper=" + keeper},
    "esc sampled": {"LD_PRELOAD": shim,
                    "ESC_OPTIONS": "mode=sampled:keeper=" + keeper},
    "esc sampled --exact": {"LD_PRELOAD": shim,
                            "ESC_OPTIONS": "mode=sampled:marks=16:keeper=" + keeper},
}
if heaptrack:
    modes["heaptrack preload"] = {"LD_PRELOAD": heaptrack[0],
                                  "DUMP_HEAPTRACK_OUTPUT": "heaptrack.raw"}


def run(command, extra):
    env = dict(os.environ)
    env.update(extra)
    process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit("%s %s: wait status %d" % (command, extra, status))
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def settled():
    """The keeper has closed the trace."""
    for _ in range(200):
        traces = glob.glob("esc.*.esc")
        if traces and not subprocess.run(["pgrep", "-x", "esc-keeper"],
                                         stdout=subprocess.DEVNULL).returncode == 0:
            return traces
        time.sleep(0.01)
    return glob.glob("esc.*.esc")


print("CPU time over native, median of %d interleaved runs (min-max)\n" % runs)
print("| program | mode | CPU s | ratio | ns/event | B/event | peak MB |")
print("|---|---|---|---|---|---|---|")
ingest = []
for name, (command, extra) in programs.items():
    times = {mode: [] for mode in modes}
    peaks = {mode: [] for mode in modes}
    events = size = 0
    for turn in range(runs):
        for mode, env in modes.items():
            cpu, peak = run(command, dict(extra, **env))
            times[mode].append(cpu)
            peaks[mode].append(peak)
            if mode.startswith("esc"):
                traces = settled()
                if mode == "esc full" and turn == 0:
                    trace = max(traces, key=os.path.getsize)
                    size = os.path.getsize(trace)
                    began = time.monotonic()
                    subprocess.check_call([build + "/esc", "analyze", trace, "-o", "t.db"],
                                          stderr=subprocess.DEVNULL)
                    took = time.monotonic() - began
                    allocations, frees = json.loads(sh(
                        build + "/esc", "query", "--format=json", "t.db",
                        "SELECT allocations, frees FROM run"))[0].values()
                    events = allocations + frees
                    ingest.append((name, events, took))
                    os.unlink("t.db")
                for trace in traces:
                    os.unlink(trace)
    native = statistics.median(times["native"])
    for mode in modes:
        t = sorted(times[mode])
        middle = statistics.median(t)
        # Paired: each run against the native one of its turn.
        ratio = statistics.median(a / b for a, b in zip(times[mode], times["native"]))
        print("| %s | %s | %.3f (%.3f-%.3f) | %.2f | %s | %s | %.0f |" % (
            name, mode, middle, t[0], t[-1], ratio,
            "%.0f" % ((middle - native) * 1e9 / events) if mode != "native" else "",
            "%.1f" % (size / events) if mode == "esc full" else "",
            statistics.median(peaks[mode]) / 1024))
print("\n| analysis | events | s | M events/s |\n|---|---|---|---|")
for name, events, took in ingest:
    print("| %s | %d | %.2f | %.1f |" % (name, events, took, events / took / 1e6))
shutil.rmtree(work)
