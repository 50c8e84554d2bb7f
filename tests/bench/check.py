#!/usr/bin/env python3
"""check.py JSON MARKDOWN: recomputes what the bench says from the raw runs of its
own JSON, by formulas that are written anew here, and looks for it in the tables."""
import json
import sys

failed = 0


def check(what, is_so):
    global failed
    if not is_so:
        failed += 1
        print("FAIL:", what)


def near(a, b):
    return abs(a - b) <= 1e-9 + 1e-6 * abs(b)


def middle(values):
    values = sorted(values)
    half = len(values) // 2
    return values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2


def check_row(name, row, base, events, runs):
    cpu = [run["user"] + run["sys"] for run in row["runs"]]
    check(f"{name}: {len(cpu)} runs", len(cpu) == runs)
    check(f"{name}: CPU", near(row["cpu"]["median"], middle(cpu)) and
          row["cpu"]["min"] == min(cpu) and row["cpu"]["max"] == max(cpu))
    for run in row["runs"]:
        check(f"{name}: the tree costs what its root does, and more",
              run["user"] + run["sys"] >= run["own_user"] + run["own_sys"] - 2e-3)
        check(f"{name}: it ended well, in time",
              run["status"] == 0 and not run["timeout"] and 0 < run["wall"] <= run["wall_all"])
    if row["base"] is None:
        check(f"{name}: no base", "ratio" not in row)
        return
    base_cpu = [run["user"] + run["sys"] for run in base["runs"]]
    check(f"{name}: ns/event",
          near(row["ns_per_event"], (middle(cpu) - middle(base_cpu)) / events * 1e9))
    check(f"{name}: ratio",
          near(row["ratio"]["median"], middle([a / b for a, b in zip(cpu, base_cpu)])))


def check_trace(name, row, events):
    size = middle([run["trace_bytes"] for run in row["runs"]])
    check(f"{name}: B/event", size > 0 and near(row["bytes_per_event"], size / events))
    if "analysis" not in row:
        return
    # Two that count, and know nothing of each other.
    check(f"{name}: esc counts {row['counted']} events, the shim that only counts {events}",
          row["counted"] == events)


with open(sys.argv[1], encoding="utf-8") as file:
    result = json.load(file)
with open(sys.argv[2], encoding="utf-8") as file:
    tables = file.read()
check("nothing is missing", result["absent"] == {})
check("programs", [one["program"] for one in result["programs"]] ==
      ["sqlite3", "storm-d10-same-t2"])
for one in result["programs"]:
    events = one["allocations"] + one["frees"]
    check(one["program"] + ": events", events == one["events"] > 1000)
    rows = {row["profiler"]: row for row in one["rows"]}
    check(one["program"] + ": profilers", list(rows) == ["native", "forward", "full"])
    for key, row in rows.items():
        name = f"{one['program']}, {key}"
        check_row(name, row, rows.get(row["base"]), events, 2)
        check(name + ": stands in the table", "| %.3f (%.3f to %.3f) |" % tuple(
            row["cpu"][which] for which in ("median", "min", "max")) in tables)
    check(one["program"] + ": analyzed or not",
          ("analysis" in rows["full"]) == (one["group"] == "program"))
    check_trace(one["program"] + ", full", rows["full"], events)
    if one["group"] == "storm":
        check("the pairs that were asked for", 0 <= events - 2 * 4000 <= 100)
        check("throughput", all(run["throughput"] > 0 for run in rows["native"]["runs"]))
sys.exit(1 if failed else 0)
