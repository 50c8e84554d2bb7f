"""firefox.py ESC READER KIND...: exports KIND.db, has Firefox's profiler (READER: its
command line) read it, and compares with what SQL says of the database."""
import collections
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time

ENDS = {1: "[truncated]", 2: "[no unwind information]"}


def need(is_so, *what):
    if not is_so:
        sys.exit("FAIL: " + " ".join(map(str, what)))


class Profile:
    """A profile that the reader has loaded, in a process of its own."""

    def __init__(self, reader, kind):
        self.command = ["node", reader]
        self.environment = dict(os.environ, PROFILER_CLI_SESSION_DIR=os.path.abspath("s." + kind))
        os.mkdir("s." + kind)
        self.pid = 0
        done = self.run("load", kind + ".json")
        if done.returncode != 0:
            # it waits for half a second; the process may be there later
            started = re.search(rb"running as pid (\d+)", done.stdout + done.stderr)
            need(started, kind, done)
            self.pid = int(started[1])
            end = time.monotonic() + 200
            while self.run("thread", "list", "--json").returncode != 0:
                need(time.monotonic() < end and os.path.exists("/proc/%d" % self.pid), kind,
                     "is not loaded:", done)
                time.sleep(0.2)

    def __enter__(self):
        return self

    def run(self, *arguments):
        return subprocess.run([*self.command, *arguments], env=self.environment, timeout=300,
                              capture_output=True)

    def ask(self, *arguments):
        done = self.run(*arguments, "--json")
        need(done.returncode == 0, arguments, done)
        return json.loads(done.stdout)

    def __exit__(self, *what):
        done = self.run("stop")
        if done.returncode != 0 and self.pid:
            os.kill(self.pid, signal.SIGTERM)


def shown(text):
    unsafe = re.compile("[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u180b-\u180f\u200b-"
                        "\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\ufff0-\uffff"
                        "\U000e0000-\U000e0fff]")
    return unsafe.sub(lambda m: "\\x%02x" % ord(m[0]) if ord(m[0]) < 128
                      else "\\u{%x}" % ord(m[0]), text) or "??"


def frames_of(db):
    """Of a stack(id) its functions, outermost first, a list of (library, name)."""
    nodes = {row[0]: row[1:] for row in db.execute(
        "SELECT k.id, k.parent, k.state, m.path, f.function FROM stack k"
        " JOIN frame f ON f.id = k.frame JOIN module m ON m.id = f.module")}

    def frames(stack):
        names, state = [], 0
        while stack:
            stack, state, module, function = nodes[stack]
            names.append((shown(module.rsplit("/", 1)[-1]), shown(function)))
        if state in ENDS:
            names.append((None, ENDS[state]))
        return names[::-1]
    return frames


def by_function(rows, frames):
    """(stack, value): own and whole by function."""
    own, whole = collections.Counter(), collections.Counter()
    for stack, value in rows:
        names = frames(stack)
        own[names[-1]] += value
        for name in set(names):
            whole[name] += value
    return own, whole


def check_thread(what, profile, handle, strategy, rows, frames, slack):
    own, whole = by_function(rows, frames)
    told = profile.ask("thread", "functions", "--thread", handle, *strategy)
    got = collections.defaultdict(lambda: [0.0, 0.0])
    for function in told["functions"]:
        library = function["nameWithLibrary"].split("!", 1)[0] \
            if function["nameWithLibrary"] != function["name"] else None
        library = None if library == "??" else library
        got[library, function["name"]][0] += function["selfSamples"]
        got[library, function["name"]][1] += function["totalSamples"]
    same_names = len(told["functions"]) > len(got)
    for name, value in whole.items():
        need(name in got or value < 1, what, "lacks", name)
        # functions of one name and library in two files are two: their whole may be counted twice
        need(abs(got[name][0] - own[name]) <= slack and
             (same_names or abs(got[name][1] - value) <= slack), what, name, got[name],
             own[name], value)
    need(set(got) <= set(whole), what, "has", set(got) - set(whole))
    need(abs(sum(f["selfSamples"] for f in told["functions"]) - sum(own.values())) <= 1, what,
         "in all")


def check(esc, reader, kind):
    data = subprocess.run([esc, "export", "--format=firefox", kind + ".db"], check=True,
                          capture_output=True, timeout=300).stdout
    need(re.fullmatch(b"[ -~\n]*", data), kind, "is not ASCII")
    with open(kind + ".json", "wb") as file:
        file.write(data)
    db = sqlite3.connect("file:%s.db?mode=ro" % kind, uri=True)
    text = json.loads(data)
    total = json.loads(subprocess.run(
        [esc, "report", "--format=json", "--top=100000", kind + ".db"], check=True,
        capture_output=True, timeout=300).stdout)["sites"]
    frames = frames_of(db)
    with Profile(reader, kind) as profile:
        told = profile.ask("thread", "list")["threads"]
        threads = {thread["tid"]: thread["threadHandle"] for thread in told}
        need(len(threads) == len(told) or kind == "merged", kind, "numbers of threads")
        metrics = {"[blocks allocated]": "p.blocks", "[bytes that are live at the end]":
                   "p.live_bytes"}
        for thread in told:
            if thread["name"] in metrics:
                rows = db.execute("SELECT stack, %s FROM path p" % metrics[thread["name"]])
                check_thread(kind + thread["name"], profile, thread["threadHandle"], [],
                             [row for row in rows if row[1] > 0], frames, 0.5)
        cells = collections.defaultdict(list)
        for tid, stack, size in db.execute(
                "SELECT coalesce(t.tid, 0), c.stack, c.bytes FROM path_cell c"
                " LEFT JOIN thread t ON t.id = c.thread"):
            cells[tid].append((stack, size))
        for tid, rows in cells.items():
            if kind != "merged":
                check_thread("%s thread %d" % (kind, tid), profile, threads[tid],
                             ["--strategy", "native-allocations"], rows, frames, len(rows) / 2)
        need(len([tid for tid in threads if tid >= 0]) == len(cells) or kind == "merged", kind,
             threads, set(cells))
        blocks = [t["threadHandle"] for t in told if t["name"] == "[blocks allocated]"]
        verdicts = profile.ask("thread", "samples", "--thread", blocks[0])["categoryBreakdown"]
        want = collections.Counter()
        for site in total:
            want[site["verdict"]] += site["blocks"]["estimated"]
        got = {c["name"]: c["samples"] for c in verdicts["categories"]} if verdicts else {}
        need(got == {verdict: blocks for verdict, blocks in want.items() if blocks}, kind, got,
             want)
    got = sum(sum(t["nativeAllocations"]["weight"]) for t in text["threads"]
              if "nativeAllocations" in t)
    want = sum(site["bytes"]["estimated"] for site in total)
    need(abs(got - want) <= len(cells) + 1, kind, "bytes", got, want)
    got = sum(sum(t["samples"]["weight"]) for t in text["threads"] if "nativeAllocations" in t)
    want = sum(site["cost_ns"]["total"] for site in total)
    need(abs(got * 1e6 - want) <= want * 1e-6 + len(total), kind, "time", got, want)
    runs = dict(db.execute("SELECT run, max(live_bytes) FROM timeline GROUP BY run"))
    need(len(text["counters"]) == len(runs), kind, "counters")
    for counter, most in zip(text["counters"], (runs[run] for run in sorted(runs))):
        live, sums = 0, []
        for step in counter["samples"]["count"]:
            live += step
            sums.append(live)
        need(max(sums) == round(most) and min(sums) >= 0, kind, "live", max(sums), most)
    print("ok:", kind, len(cells), "threads")


for name in sys.argv[3:]:
    check(sys.argv[1], sys.argv[2], name)
