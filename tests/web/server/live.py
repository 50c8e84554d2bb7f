"""esc serve of a trace that is still written: what it tells grows, and settles.

live.py ESC PROGRAM BURST: PROGRAM allocates until SIGUSR1, BURST at first and then waits for it.
"""
import gzip
import json
import os
import signal
import subprocess
import sys
import time

import attack
from attack import Server, check

esc = sys.argv[1]
program, burst = map(os.path.abspath, sys.argv[2:4])
LONG = 200  # against hangs alone


def record(trace, what=program):
    child = subprocess.Popen([esc, "record", "-q", "--full", "-o", trace, "--", what])
    # it is there for a moment before it is one
    until(lambda: os.path.exists(trace) and told(trace).get("run", {}).get("allocations", 0) > 1000,
          "a trace")
    return child


def end(child):
    """It ends by itself; esc record hands the signal on."""
    child.send_signal(signal.SIGUSR1)
    child.wait(LONG)


def until(true, what):
    begun = time.monotonic()
    while not true():
        if time.monotonic() - begun > LONG:
            check(False, "waited in vain: " + what)
            return False
        time.sleep(0.1)
    return True


def state(server):
    return json.loads(server.ask("/api/state").body)


def info(server, run=1):
    return json.loads(server.ask("/api/info?run=%d" % run).body)


def told(trace):
    said = subprocess.run([esc, "info", "--format=json", trace], capture_output=True, timeout=LONG)
    return json.loads(said.stdout or "{}")


def settled(server, what):
    """What it says in the end is what esc info says of the same trace."""
    until(lambda: not state(server)["running"], what)
    last = state(server)
    check("error" not in last and last["runs"][0]["file"] == what, "%s: %s" % (what, last))
    return info(server)


def test_growth():
    child = record("grows.esc")
    server = Server(esc, "grows.esc")
    first = state(server)
    check(first["running"] is True and first["revision"] == 1, "first: %s" % first)
    seen = [info(server)["run"]["allocations"]]
    check(info(server)["run"]["running"] is True, "it is not said to run")
    last = first
    while last["running"]:
        if not until(lambda: state(server)["revision"] > last["revision"] or
                     not state(server)["running"], "a pass"):
            break
        now = state(server)
        if now["revision"] > last["revision"]:
            run = info(server)["run"]
            seen.append(run["allocations"])
            sites = json.loads(gzip.decompress(server.ask("/api/sites",
                                                          Accept_Encoding="gzip").body))
            check(sites["run"]["allocations"] >= run["allocations"], "documents of two moments")
        last = now
        if len(seen) == 3:
            end(child)
    end(child)
    check(len(seen) >= 3 and seen == sorted(seen) and seen[-1] > seen[0], "it grew: %s" % seen)
    final = settled(server, "grows.esc")
    whole = told("grows.esc")
    check(final["run"] == whole["run"] and final["verdicts"] == whole["verdicts"] and
          final["run"]["running"] is False and final["run"]["complete"] is True,
          "in the end: %s" % final["run"])
    # what was replaced is closed when nobody reads it any more
    held = [os.readlink(os.path.join(of, each)) for of in ["/proc/%d/fd" % server.process.pid]
            for each in os.listdir(of)]
    # (a database is open twice: for us, and for SQLite)
    check(sum(each.endswith("/db (deleted)") for each in held) == 2, "databases: %s" % held)
    print("live: allocations seen", seen)
    server.stop()


def test_both():
    """Two that are still written: each grows, and settles when it has ended."""
    traces = ["one.esc", "other.esc"]
    children = [record(trace) for trace in traces]
    server = Server(esc, traces[1], traces[0]) # it puts the first one last
    first = [info(server, run)["run"]["allocations"] for run in (1, 2)]
    for run in (1, 2):
        until(lambda run=run: info(server, run)["run"]["allocations"] > first[run - 1],
              "growth of run %d" % run)
    for child in children:
        end(child)
    until(lambda: not state(server)["running"], "the end of both")
    last = state(server)
    check("error" not in last and [run["file"] for run in last["runs"]] == traces, "both: %s" % last)
    for run, trace in enumerate(traces, 1):
        got, whole = info(server, run), told(trace)
        check(got["run"] == whole["run"] and got["verdicts"] == whole["verdicts"] and
              got["run"]["running"] is False, "run %d in the end: %s" % (run, got["run"]))
    server.stop()


def test_share():
    """Each analysis is waited for five times what it took of all processors.

    That others use the machine makes its share of one smaller, never larger."""
    child = record("burst.esc", burst)
    until(lambda: told("burst.esc")["run"]["allocations"] >= 3000000, "all of it")
    server = Server(esc, "burst.esc")
    begun = time.monotonic()
    until(lambda: state(server)["revision"] >= 3, "two passes")
    passed = time.monotonic() - begun
    with open("/proc/%d/stat" % server.process.pid, encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    took = sum(map(int, fields[13:15])) / os.sysconf("SC_CLK_TCK") # of children
    print("live: two analyses took %.2f s of %.2f s" % (took, passed))
    check(took > 0.2 and took * 4 < passed, "a fifth of a processor: %.2f s of %.2f s" % (took, passed))
    end(child)
    settled(server, "burst.esc")
    server.stop()


def test_packed():
    """It ends, and is packed before the last pass."""
    child = record("packs.esc")
    server = Server(esc, "packs.esc")
    end(child)
    done = subprocess.run([esc, "pack", "packs.esc"], capture_output=True, timeout=LONG)
    check(done.returncode == 0, "pack: %s" % done)
    if os.path.exists("packs.esc"):
        os.unlink("packs.esc")
    final = settled(server, "packs.esc")
    check(final["run"]["complete"] is True and final["run"]["running"] is False, "packed")
    server.stop()


def test_gone():
    """It is taken away: what was read stays, and that is said."""
    child = record("goes.esc")
    server = Server(esc, "goes.esc")
    before = info(server)
    os.rename("goes.esc", "elsewhere")
    until(lambda: "error" in state(server), "an error")
    last = state(server)
    check("goes.esc" in last.get("error", "") and last["revision"] == 1 and
          not last["running"], "gone: %s" % last)
    check(info(server) == before, "what was read stays")
    child.send_signal(signal.SIGTERM)
    child.wait(LONG)
    server.stop(signal.SIGTERM)


def test_left(where):
    """It ends in the middle of an analysis, and nothing is left."""
    child = record("ends.esc")
    server = Server(esc, "ends.esc")
    time.sleep(2.1)
    server.stop(signal.SIGTERM)
    child.send_signal(signal.SIGTERM)
    child.wait(LONG)
    check(os.listdir(where) == [], "left behind: %s" % os.listdir(where))


def main():
    where = os.path.abspath("runtime")
    os.mkdir(where, 0o700)
    os.environ["XDG_RUNTIME_DIR"] = where
    for test in (test_growth, test_both, test_share, test_packed, test_gone):
        test()
    test_left(where)
    print("%d failed" % attack.failed)
    sys.exit(1 if attack.failed else 0)


main()
