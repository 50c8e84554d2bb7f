#!/usr/bin/env python3
"""System calls that fail, one at a time, by strace's fault injection.

A *party* is a process of ours beside or inside of a program: the shim's constructor,
what it forks, the keeper, the launcher, a command of esc. It is run once under
strace, which says what calls of ours it makes (their call stacks tell them from the
program's), then once for each call, occurrence and fault. After each run the program
must have done what it does natively, nothing may hang, die of a signal or stay
behind, and what was recorded must be counted exactly, or be said to be missing.

    inject.py DIRECTORY PARTY...

DIRECTORY holds what inject.test builds. INJECT=full tries every fault everywhere,
else each occurrence has one, in turn. INJECT_ONLY=PARTY:CALL:WHEN:FAULT is one run,
whose directory is kept.
"""
import collections
import ctypes
import dataclasses
import glob
import json
import multiprocessing
import os
import re
import shutil
import signal
import subprocess
import sys
import time

ERRORS = ["EINTR", "ENOSPC", "EIO", "EMFILE", "ENOMEM", "EAGAIN", "EPERM"]
HANG = 180  # seconds: only a hang takes that long
SPENT = 1000  # calls before those that count
FULL = os.environ.get("INJECT") == "full"
ONLY = os.environ.get("INJECT_ONLY")
# They cannot fail; `close` can, but has then closed, while strace leaves it open.
NEVER = {"exit_group", "exit", "rt_sigreturn", "restart_syscall", "close", "getpid", "getuid",
         "getgid", "geteuid", "getegid", "set_tid_address", "brk"}
SLOW = ("fallocate", "pwrite64", "ftruncate", "flock")
COMPLETE, STARTED = 1, 2


@dataclasses.dataclass
class Call:
    """One system call of one process, in the order in which it makes them."""
    name: str
    index: int  # among those of that name, from 1
    text: str
    frames: list
    image: int  # how often the process had exec'd before


@dataclasses.dataclass
class Case:
    party: object
    call: str
    when: int
    fault: str

    def __str__(self):
        return f"{self.party.name}:{self.call}:{self.when}:{self.fault}"


class Failed(Exception):
    """What is wrong with a run."""


# --- What there is ---

class Place:
    """The directory that inject.test made, and what is in it."""

    def __init__(self, directory):
        self.dir = directory
        self.esc = os.environ["ESC"]
        self.shim = os.environ["ESC_SHIM"]
        self.keeper = os.environ["ESC_KEEPER"]
        self.numbers = {}
        with open(self.path("numbers"), encoding="ascii") as lines:
            for line in lines:
                name, number = line.split()
                self.numbers[name] = int(number)
        self.env = {"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": directory,
                    "XDG_CACHE_HOME": self.path("cache")}

    def path(self, name):
        return os.path.join(self.dir, name)

    def program(self, kind, rounds):
        return [self.path("injected"), kind, str(rounds)]

    def preloaded(self, program):
        return ["/usr/bin/env", f"LD_PRELOAD={self.shim}",
                f"ESC_OPTIONS=mode=full:keeper={self.keeper}", *program]

    def number(self, call):
        return self.numbers[call]


# --- The parties ---

class Party:
    """Base: how it is started, which of the calls are ours, what must be."""
    name = ""
    follow = True  # strace its children, too
    program = None  # arguments of injected
    launched = False  # by esc record, which may refuse with a line
    spends = False  # its first process is spend, whose own calls are hit in vain

    def __init__(self, place):
        self.place = place

    def env(self, _case):
        return self.place.env

    def command(self, strace, _case):
        raise NotImplementedError

    def calls(self, processes):
        """(call, when) of ours among those of all processes."""
        raise NotImplementedError

    def strace(self, *options):
        return ["strace", "-qq", *(["-f"] if self.follow else []), *options]

    def spend(self, case):
        number = self.place.number(case.call) if case else 0
        return [self.place.path("spend"), str(number), str(SPENT if case else 0)]


def is_started(frame):
    return "libesc.so(start_" in frame


class Shim(Party):
    """The constructor, in a program of threads and children that is preloaded by hand."""
    name = "shim"
    follow = False
    program = ("all", 300)

    def command(self, strace, _case):
        # env is not preloaded, and its calls come first: strace starts behind it.
        program = self.place.program(*self.program)
        preload = [f"-ELD_PRELOAD={self.place.shim}",
                   f"-EESC_OPTIONS=mode=full:keeper={self.place.keeper}"]
        return [*strace, *preload, *program]

    def calls(self, processes):
        return [(call.name, call.index) for call in processes[0]
                if any(map(is_started, call.frames))]


class Image(Party):
    """The constructor, in a program that esc record started: the trace is there."""
    name = "image"
    program = ("alone", 300)
    launched = True

    def env(self, case):
        number = self.place.number(case.call) if case else 0
        return {**self.place.env, "LD_PRELOAD": self.place.path("spend.so"),
                "SPEND": f"{number} {SPENT if case else 0}"}

    def command(self, strace, _case):
        # What of the launcher is preloaded, too, does nothing there.
        return [*strace, self.place.esc, "record", "-q", "--full", "-o", "trace.esc",
                *self.place.program(*self.program)]

    def calls(self, processes):
        return [(call.name, call.index + SPENT) for calls in processes for call in calls
                if any(map(is_started, call.frames))]


class Keeper(Party):
    """What the constructor forks: the keeper, before and after its exec."""
    name = "keeper"
    program = ("alone", 300000)
    spends = True
    # Before main all is the C library's; a keeper that does not begin is tried by execve.

    def command(self, strace, case):
        return [*strace, *self.spend(case),
                *self.place.preloaded(self.place.program(*self.program))]

    def calls(self, processes):
        return [(call.name, call.index) for calls in processes[1:] for call in calls
                if call.image == 0 or any("esc-keeper(main" in frame for frame in call.frames)]


class Launcher(Party):
    """esc record itself."""
    name = "launcher"
    follow = False
    program = ("all", 300)
    launched = True

    def command(self, strace, _case):
        return [*strace, self.place.esc, "record", "-q", "--full", "-o", "trace.esc",
                *self.place.program(*self.program)]

    def calls(self, processes):
        return [(call.name, call.index) for call in processes[0]
                if any("/esc(" in frame for frame in call.frames)]


class Forked(Party):
    """What esc record forks: its keeper, and the program before its exec."""
    name = "forked"
    program = ("alone", 300000)
    launched = True
    spends = True

    def command(self, strace, case):
        return [*strace, *self.spend(case), self.place.esc, "record", "-q", "--full", "-o",
                "trace.esc", *self.place.program(*self.program)]

    def calls(self, processes):
        ours, theirs = [], set()
        for calls in processes[1:]:
            for call in calls:
                if call.image == 0:
                    ours.append((call.name, call.index))
                elif not any(map(is_started, call.frames)):
                    # The program's own, which has the same numbers.
                    theirs.add(call.name)
        before = {(call.name, call.index) for calls in processes[1:] for call in calls
                  if call.image == 0 and any("start_child" in frame or "record_start_fork" in frame
                                             for frame in call.frames)}
        return [point for point in ours if point in before or point[0] not in theirs]


PARTIES = {party.name: party for party in (Shim, Image, Keeper, Launcher, Forked)}


# --- What they call ---

def read_log(path):
    """The calls of one process, from a log of strace -k."""
    calls, image = [], 0
    counts = collections.Counter()
    with open(path, encoding="utf-8", errors="replace") as log:
        for line in log:
            if line.startswith(" > "):
                if calls:
                    calls[-1].frames.append(line[3:].strip())
                continue
            begun = re.match(r"(\w+)\(", line)
            if begun is None:
                continue
            name = begun.group(1)
            counts[name] += 1
            calls.append(Call(name, counts[name], line.strip(), [], image))
            if name == "execve" and line.rstrip().endswith("= 0"):
                image += 1
    return calls


def record(party):
    """All calls of a run without a fault, by process, the first one first."""
    base = party.place.path(f"record.{party.name}")
    shutil.rmtree(base, ignore_errors=True)
    os.mkdir(base)
    log = os.path.join(base, "log")
    options = ["-k", *(["-ff"] if party.follow else []), "-o", log]
    strace = ["strace", "-qq", *options]
    with open(os.path.join(base, "out"), "wb") as out:
        subprocess.run(party.command(strace, None), cwd=base, env=party.env(None), stdout=out,
                       stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False,
                       timeout=HANG)
    logs = [read_log(path) for path in (glob.glob(log + ".*") if party.follow else [log])]
    # The first one begins with its exec, the others with what their parent made them do.
    logs.sort(key=lambda calls: calls[0].name != "execve" if calls else True)
    return logs


def faults(party, call, turn):
    """What is tried at an occurrence; `turn` is that of the call."""
    every = [f"error={error}" for error in ERRORS]
    if call in ("read", "pread64", "write", "pwrite64"):
        every.append("retval=0")
    if party.name == "launcher":
        every.append("signal=SIGTERM")
    chosen = every if FULL else [every[turn % len(every)]]
    return chosen


def cases(party):
    points = []
    for point in party.calls(record(party)):
        # strace makes up a name for what it could not ask a dying process for.
        if point[0] not in NEVER and point[0] in party.place.numbers and point not in points:
            points.append(point)
    if not points:
        sys.exit(f"FAIL: {party.name}: no call of ours was seen")
    seen = collections.Counter()
    chosen = []
    for call, when in points:
        seen[call] += 1
        # A keeper calls as often as time passes.
        if seen[call] > (40 if FULL else 16):
            continue
        turn = seen[call] - 1 + sum(map(ord, call))
        chosen += [Case(party, call, when, fault) for fault in faults(party, call, turn)]
        # As on a disk that has much to do: the program must not wait for it.
        if party.name == "keeper" and seen[call] == 1 and (FULL or call in SLOW):
            chosen.append(Case(party, call, when, "delay_enter=2s"))
    return chosen


# --- One run ---

def become_reaper():
    """Orphans of a run come to us: none may stay, and how each ended is seen."""
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def children():
    path = f"/proc/self/task/{os.getpid()}/children"
    with open(path, encoding="ascii") as list_of:
        return [int(pid) for pid in list_of.read().split()]


def reap(limit):
    """Waits for all orphans; those that were killed, and whether some stayed."""
    killed = []
    end = time.monotonic() + limit
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return killed, []
        if pid != 0:
            # The launcher kills its witness.
            if os.WIFSIGNALED(status) and os.WTERMSIG(status) != signal.SIGKILL:
                killed.append(f"process {pid} died of signal {os.WTERMSIG(status)}")
        elif time.monotonic() > end:
            left = [describe(pid) for pid in children()]
            for pid in children():
                os.kill(pid, signal.SIGKILL)
            for _ in left:
                os.waitpid(-1, 0)
            return killed, left
        else:
            time.sleep(0.002)


def describe(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as line:
            return f"{pid} ({line.read().replace(bytes(1), b' ').decode(errors='replace')})"
    except OSError:
        return str(pid)


def run(case, where):
    """Runs it; its status, as wait gives it. The log is left in `where`."""
    party = case.party
    strace = party.strace("-o", "log", *(["--seccomp-bpf"] if party.follow else []),
                          "-e", f"trace={case.call}",
                          "-e", f"inject={case.call}:{case.fault}:when={case.when}")
    with open(os.path.join(where, "out"), "wb") as out, \
            open(os.path.join(where, "err"), "wb") as err:
        child = subprocess.Popen(party.command(strace, case), cwd=where, env=party.env(case),
                                 stdout=out, stderr=err, stdin=subprocess.DEVNULL,
                                 start_new_session=True)
        try:
            status = child.wait(HANG)
        except subprocess.TimeoutExpired:
            hung = [describe(int(pid)) for pid in os.listdir("/proc") if pid.isdigit()]
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            reap(1)
            raise Failed("hangs: " + "; ".join(
                line for line in hung if where in line or "injected" in line)) from None
    killed, left = reap(HANG)
    if killed or left:
        raise Failed("; ".join(killed + [f"{one} is left" for one in left]))
    return status


def read(where, name):
    with open(os.path.join(where, name), "rb") as data:
        return data.read()


def check_words(_case, where):
    """What of esc is on stderr: one line at most, no other."""
    lines = read(where, "err").decode(errors="replace").splitlines()
    if len(lines) > 1 or any(not line.startswith("esc: ") for line in lines):
        raise Failed(f"stderr: {lines}")
    return " / ".join(lines)


def count(place, trace, where):
    """What an independent reader (tracecount) finds in a trace."""
    done = subprocess.run([place.path("tracecount"), trace], cwd=where, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text = done.stdout.decode(errors="replace")
    if done.returncode != 0:
        raise Failed(f"trace: {text.strip()[:300]}")
    return {name: int(value) for name, value in
            (line.split() for line in text.splitlines())}


def check_info(place, trace, counts, where):
    """esc agrees with that reader, and says what is not whole."""
    done = subprocess.run([place.esc, "info", "--format=json", trace], cwd=where, check=False,
                          env=place.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=HANG)
    if done.returncode != 0:
        raise Failed(f"esc info: {done.stderr.decode(errors='replace').strip()}")
    found = json.loads(done.stdout)["run"]
    for name, value in (("allocations", counts["allocations"]), ("frees", counts["frees"]),
                        ("lost", counts["dropped"]),
                        ("complete", counts["flags"] & COMPLETE != 0)):
        if found[name] != value:
            raise Failed(f"esc info: {name} is {found[name]}, not {value}")


def check_trace(case, where, words):
    """Exact counts, or a line that says that there is no trace. A word for the matrix."""
    place = case.party.place
    traces = [path for path in glob.glob(os.path.join(where, "*.esc"))]
    if not traces:
        if not words:
            raise Failed("no trace, and nobody said so")
        return "unprofiled"
    if len(traces) > 1:
        raise Failed(f"traces: {traces}")
    counts = count(place, traces[0], where)
    if counts["flags"] & STARTED == 0:
        raise Failed(f"a trace that never started is left; said was: {words}")
    want = WANTED[case.party.program]
    for name in ("allocations", "frees", "bytes"):
        if counts[name] != want[name]:
            raise Failed(f"{name}: {counts[name]}, not {want[name]}")
    check_info(place, traces[0], counts, where)
    if counts["dropped"] != 0:
        return "dropped"
    if counts["flags"] & COMPLETE == 0:
        return "not closed"
    return "recorded"


def was_hit(case, log):
    """Whether it came to the call: strace marks what it did."""
    lines = log.decode(errors="replace").splitlines()
    if case.party.spends:
        first = lines[0].split()[0]
        lines = [line for line in lines if line.split()[0] != first]
    return any("(INJECTED)" in line or "(DELAYED)" in line or "--- SIGTERM" in line
               for line in lines)


def check_signal(case, where, status, words):
    """The launcher was sent SIGTERM: it dies of that before it has a program, and hands
    it on after."""
    output = read(where, "out")
    if output not in (b"", NATIVE[case.party.program][1]) or status not in (7, -signal.SIGTERM):
        raise Failed(f"status {status}, output {output}, said: {words}")
    if output == b"" and os.path.exists(os.path.join(where, "trace.esc")):
        raise Failed(f"a trace of nothing is left; said was: {words}")
    return "recorded" if status == 7 else "ended"


def check(case, where):
    """One run and all that must be; a word for the matrix."""
    party = case.party
    status = run(case, where)
    log = read(where, "log")
    words = check_words(case, where)
    native = NATIVE[party.program]
    seen = (status, read(where, "out"))
    if case.fault.startswith("signal="):
        result = check_signal(case, where, status, words)
    elif re.search(rb"killed by SIG(?!KILL)", log):
        raise Failed("a process was killed")
    elif seen == native:
        result = check_trace(case, where, words)
    elif seen == (125, native[1]) and "how it ended is not known" in words:
        result = check_trace(case, where, words)
    elif party.launched and status in (125, 126, 127) and seen[1] == b"" and words and \
            not glob.glob(os.path.join(where, "*.esc")):
        result = "refused"
    else:
        raise Failed(f"status {status}, output {seen[1]}, said: {words}")
    return result if was_hit(case, log) else "not reached"


def try_case(case):
    where = case.party.place.path(f"run.{os.getpid()}")
    shutil.rmtree(where, ignore_errors=True)
    os.mkdir(where)
    try:
        result, why = check(case, where), ""
    except Failed as failed:
        result, why = "FAILED", str(failed)
    words = read(where, "err").decode(errors="replace").strip() \
        if os.path.exists(os.path.join(where, "err")) else ""
    if ONLY:
        print(f"{where}: {result} {why}")
    else:
        shutil.rmtree(where)
    return str(case), result, why, words


# --- All of it ---

NATIVE = {}
WANTED = {}


def measure(place, program):
    """The native run, with a shim behind it that only counts."""
    where = place.path("native")
    shutil.rmtree(where, ignore_errors=True)
    os.mkdir(where)
    done = subprocess.run(place.program(*program), stdout=subprocess.PIPE, env=place.env,
                          check=False, timeout=HANG)
    NATIVE[program] = (done.returncode, done.stdout)
    if done.returncode != 7 or not done.stdout:
        sys.exit(f"FAIL: native status {done.returncode}")
    counted = os.path.join(where, "count.file")
    with open(counted, "wb") as file:
        file.truncate(1 << 20)
    # Behind ours: the C library's own blocks are then as large as they will be.
    env = {**place.env, "COUNT_FILE": counted, "ESC_OPTIONS": f"keeper={place.keeper}",
           "LD_PRELOAD": f"{place.shim} {place.path('count.so')}"}
    subprocess.run(place.program(*program), check=False, stdout=subprocess.DEVNULL, env=env,
                   cwd=where, timeout=HANG)
    reap(HANG)
    with open(counted, "rb") as file:
        words = memoryview(file.read()).cast("Q")
    slots = range(1, words[0] + 1)
    WANTED[program] = {name: sum(words[slot * 8 + i] for slot in slots)
                       for i, name in enumerate(("allocations", "frees", "bytes"))}


def matrix(results):
    """Party × call: what was tried, and what came of it."""
    rows = collections.defaultdict(collections.Counter)
    tried = collections.defaultdict(set)
    for text, result, _, _ in results:
        party, call, when, _ = text.split(":")
        rows[party, call][result] += 1
        tried[party, call].add(when)
    print(f"{'party':10}{'call':16}{'times':>6}{'runs':>6}  results")
    for (party, call), row in sorted(rows.items()):
        said = ", ".join(f"{number} {result}" for result, number in sorted(row.items()))
        print(f"{party:10}{call:16}{len(tried[party, call]):6}{sum(row.values()):6}  {said}")


def main():
    become_reaper()
    place = Place(sys.argv[1])
    parties = [PARTIES[name](place) for name in sys.argv[2:]]
    for party in parties:
        if party.program not in NATIVE:
            measure(place, party.program)
    everything = []
    for party in parties:
        everything += cases(party)
    if ONLY:
        everything = [case for case in everything if str(case) == ONLY] or \
            [Case(party, *ONLY.split(":")[1:]) for party in parties
             if party.name == ONLY.split(":", maxsplit=1)[0]]
    jobs = int(os.environ.get("INJECT_JOBS", "2"))
    began = time.monotonic()
    with multiprocessing.Pool(jobs, become_reaper) as pool:
        results = pool.map(try_case, everything, chunksize=4)
    failed = [result for result in results if result[1] == "FAILED"]
    if os.environ.get("INJECT_WORDS"):
        for text, result, why, words in results:
            print(f"{text}\t{result}\t{words}\t{why}")
    matrix(results)
    for text, _, why, words in failed:
        print(f"FAIL: {text}: {why} [{words}]")
    print(f"{len(results)} runs in {time.monotonic() - began:.0f} s, {len(failed)} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
