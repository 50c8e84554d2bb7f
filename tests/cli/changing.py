#!/usr/bin/python3
"""Files that change while they are read: esc ends soon, by no signal, in little memory, and
what it answers is what the file was, or it says in one line which file it could not read.

changing.py DIR ESC CHANGER [RUNS]: makes traces and a database in DIR. Then each command
reads each of them while it changes: once at a read that is known (CHANGER, a library that is
preloaded, changes it before that read), over all kinds of change; then RUNS times by another
process at any moment, and as often while the trace is still recorded.
"""
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time

directory, esc, changer = (os.path.abspath(path) for path in sys.argv[1:4])
runs = int(sys.argv[4]) if len(sys.argv) > 4 else 60
os.chdir(directory)
os.environ.update(XDG_CACHE_HOME=directory + "/cache", TZ="UTC")
random.seed(1)
LONG_AGO = 10 ** 18
# In the file itself, which is then not what it was; and its name, which is another's.
WITHIN = ["empty", "half", "less", "grow", "zero", "noise", "header"]
NAME = ["unlink", "replace", "fifo", "directory"]
KINDS = WITHIN + NAME
TRACE = [["info"], ["report"], ["dump"], ["analyze", "-qfo", "out.db"], ["pack", "-qfo", "out.zst"]]
BASE = [["info"], ["report", "--format=json"], ["query", "SELECTED"], ["export", "--format=folded"],
        ["export", "--anonymise", "--format=database", "-fo", "copy.db"], ["lint"]]
SELECTED = "SELECT * FROM site s JOIN stack t ON t.id = s.stack JOIN frame f ON f.id = t.frame"
problems = []
tried = silent = told = 0


def make():
    with open("app.c", "w", encoding="ascii") as file:
        file.write("""#include <stdlib.h>
#include <unistd.h>
static void *keep[500];
__attribute__((noipa)) static void *make(size_t size) { return malloc(size); }
__attribute__((noipa)) static void local(int i) { free(make(10 + i)); }
int main(int argc, char **argv) {
	for (int i = 0; i < 6000; i++) { local(i % 300); free(keep[i % 500]); keep[i % 500] = make(i); }
	if (argc > 1) usleep(atoi(argv[1]));
	return 0;
}
""")
    subprocess.run(os.environ.get("CC", "cc").split() + ["-g", "-O1", "-o", "app", "app.c"], check=True)
    for name, options in ("raw", []), ("ring", ["--ring=2M"]):
        subprocess.run([esc, "record", "-q", "--full", *options, "-o", f"{name}.esc", "./app"], check=True)
    subprocess.run([esc, "pack", "-qo", "packed.esc", "raw.esc"], check=True)
    with open("raw.esc", "rb") as file:
        data = bytearray(file.read())
    data[24] &= 0xfe  # its flags: it was not closed
    with open("open.esc", "wb") as file:
        file.write(data)
    subprocess.run([esc, "analyze", "-qo", "base.db", "raw.esc"], check=True)
    subprocess.run([esc, "report", "--format=json", "raw.esc"], check=True, stdout=subprocess.DEVNULL)
    os.rename("raw.esc.db", "beside.db")
    os.mkdir("kept")
    for name in "raw.esc", "ring.esc", "packed.esc", "open.esc", "base.db":
        os.rename(name, "kept/" + name)
    os.rename("beside.db", "kept/raw.esc.db")
    shutil.copy("app", "kept/app")


def restore(name):
    """The file as it was, and long not written to."""
    try:
        os.unlink(name)
    except IsADirectoryError:
        os.rmdir(name)
    except FileNotFoundError:
        pass
    shutil.copy("kept/" + name, name)
    os.chmod(name, 0o700)
    os.utime(name, ns=(LONG_AGO, LONG_AGO))


def problem(what, text):
    problems.append((what, text))
    print("FAIL:", what, text)


def run(what, command, size, **environment):
    """Runs esc; checks what holds of any run. (status, output, stderr)"""
    global tried
    tried += 1
    with open("out", "w+b") as out, open("err", "w+b") as err:
        child = subprocess.Popen([esc, *command], stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                 env={**os.environ, **environment})
        watch = threading.Timer(120, child.kill)
        watch.start()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        watch.cancel()
        out.seek(0)
        err.seek(0)
        output, words = out.read(), err.read().decode("utf-8", "replace")
    if child.returncode not in (0, 1):
        problem(what, f"exit {child.returncode}: {words[:200]}")
    lines = words.splitlines()
    if any(not line.startswith("esc: ") for line in lines):
        problem(what, f"says {words[:300]}")
    if child.returncode == 1 and not lines:
        problem(what, "failed, and did not say why")
    if child.returncode == 1 and lines and not re.search(r"\.(esc|db)|byte \d", lines[-1]):
        problem(what, f"failed, and names neither file nor byte: {lines[-1]}")
    if usage.ru_maxrss * 1024 > (64 << 20) + 16 * size:
        problem(what, f"{usage.ru_maxrss >> 10} MiB for a file of {size}")
    return child.returncode, output, words


def arguments(command, name):
    words = [SELECTED if word == "SELECTED" else word for word in command]
    if command[0] == "query":
        return ["query", "--format=json", name, SELECTED]
    return [*words, name]


def clean():
    for name in "raw.esc.db", "packed.esc.db", "ring.esc.db", "open.esc.db", "out.db", "out.zst", "copy.db":
        if os.path.isdir(name):
            os.rmdir(name)
        elif os.path.lexists(name):
            os.unlink(name)


def at_reads(name, command, points, target=None):
    """Every kind of change of `target` (the file itself), before some of the reads of it."""
    global silent, told
    target = target or name
    size = os.path.getsize("kept/" + target) + (1 << 20)
    preload = {"LD_PRELOAD": changer, "CHANGE_FILE": os.path.join(directory, target),
               "CHANGE_COUNT": os.path.join(directory, "count"),
               "CHANGE_WITH": os.path.join(directory, "kept/other")}

    def prepare():
        clean()
        restore(name)
        if target != name:
            restore(target)
            now = time.time_ns()
            os.utime(target, ns=(now, now))

    prepare()
    with open("count", "wb"):
        pass
    usual = run((name, command), arguments(command, name), size, CHANGE_AT="0", **preload)
    reads = os.path.getsize("count")
    if reads == 0 or usual[0] != 0:
        problem((name, command), f"{reads} reads, {usual}")
        return
    for kind in KINDS:
        for point in sorted(set(random.randint(1, reads) for _ in range(points)) | {1, reads}):
            what = (name, target, *command[:1], kind, f"{point}/{reads}")
            prepare()
            shutil.copy("kept/" + random.choice(["base.db", "packed.esc", "ring.esc"]), "kept/other")
            status, output, words = run(what, arguments(command, name), size,
                                        CHANGE_AT=str(point), CHANGE_KIND=kind, **preload)
            if status == 0 and kind in WITHIN and not words:
                silent += 1
                if output != usual[1]:
                    problem(what, "answered something else, and said nothing of it")
            told += status == 1


def flipped(command, changes):
    """What is answered of open.esc, some of its bits turned over."""
    clean()
    restore("open.esc")
    with open("open.esc", "r+b") as file:
        for at, mask in changes:
            file.seek(at)
            byte = file.read(1)[0] ^ mask
            file.seek(at)
            file.write(bytes([byte]))
    return run(("open.esc", command, changes), arguments(command, "open.esc"), os.path.getsize("open.esc"))


def innocent(command):
    """Two bits, far apart, of a trace without sums: with any of them turned over there is
    nothing wrong with it, and the answer is another."""
    chance = random.Random(3)
    usual = flipped(command, [])
    found = []
    for _ in range(400): # some three are enough
        change = (chance.randrange(os.path.getsize("open.esc")), 1 << chance.randrange(8))
        status, output, words = flipped(command, [change])
        if status == 0 and output != usual[1] and words == usual[2]:
            found.append(change)
            pair = [min(found), max(found)]
            if pair[1][0] - pair[0][0] > os.path.getsize("open.esc") // 4:
                return pair, usual[1], flipped(command, pair)[1]
    return [], None, None


def mixed(command):
    """What no sum and no rule of the format tells: half of an answer is of what the file was,
    half of what it is."""
    global told
    bits, before, after = innocent(command)
    if not bits:
        problem(command, "no bits change what it answers")
        return
    preload = {"LD_PRELOAD": changer, "CHANGE_FILE": os.path.join(directory, "open.esc"),
               "CHANGE_COUNT": os.path.join(directory, "count"), "CHANGE_KIND": "bits",
               "CHANGE_WITH": " ".join(f"{at} {mask}" for at, mask in bits)}
    with open("count", "wb"):
        pass
    point, reads = 0, 1
    while point <= reads:
        clean()
        restore("open.esc")
        what = ("open.esc", *command[:1], bits, f"{point}/{reads}")
        status, output, _ = run(what, arguments(command, "open.esc"), 1 << 20, CHANGE_AT=str(point), **preload)
        if point == 0:
            reads = os.path.getsize("count")
        if status == 0 and output not in (before, after):
            problem(what, "answered of two files in one, and said nothing of it")
        told += status == 1
        point += 1


def mutate(name, stop):
    """Another process that does not stop."""
    chance = random.Random(2)
    size = os.path.getsize("kept/" + name)
    with open("kept/" + name, "rb") as file:
        data = file.read()
    while os.getppid() == stop:
        kind = chance.choice(["cut", "grow", "noise", "zero", "replace", "whole"])
        try:
            if kind in ("replace", "whole"):
                with open(name + ".new", "wb") as file:
                    file.write(data if kind == "whole" else data[:chance.randrange(size)])
                os.rename(name + ".new", name)
                continue
            with open(name, "r+b") as file:
                if kind == "cut":
                    file.truncate(chance.randrange(size))
                elif kind == "grow":
                    file.truncate(size + chance.randrange(1 << 20))
                else:
                    file.seek(chance.randrange(size))
                    file.write(bytes(8192) if kind == "zero" else chance.randbytes(8192))
        except OSError:
            pass
        time.sleep(chance.random() / 200)


def at_any_moment(name, commands, count, target=None):
    """`target`: what changes, if it is not the file itself."""
    target = target or name
    restore(name)
    restore(target)
    size = os.path.getsize("kept/" + name) + os.path.getsize("kept/" + target) + (1 << 20)
    us = os.getpid()
    child = os.fork()
    if child == 0:
        mutate(target, us)
        os._exit(0)
    try:
        for number in range(count):
            clean()
            command = commands[number % len(commands)]
            run((name, command[0], "at any moment"), arguments(command, name), size)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def while_closed(count):
    """A trace that ends while it is read."""
    for number in range(count):
        for name in "live.esc", "live.esc.db":
            if os.path.lexists(name):
                os.unlink(name)
        record = subprocess.Popen([esc, "record", "-q", "--full", "-o", "live.esc", "./app",
                                   str(random.randrange(60000))])
        while not os.path.exists("live.esc"):
            time.sleep(0.001)
        ended = False
        while not ended:
            ended = record.poll() is not None
            command = TRACE[number % 3]
            status, _, words = run(("live.esc", command[0], number), arguments(command, "live.esc"), 64 << 20)
            # it is there for a moment before anything is in it
            if status == 1 and not re.search("never started|never closed|n(ot|either) a trace|changed while|"
                                             "still written", words):
                problem("live", words)
        if status != 0:
            problem("closed", words)


def main():
    make()
    points = int(os.environ.get("POINTS", "1"))
    for name in "raw.esc", "packed.esc", "ring.esc", "open.esc":
        for command in TRACE:
            if not (command[0] == "pack" and name == "packed.esc"):
                at_reads(name, command, points)
    for command in BASE:
        at_reads("base.db", command, points)
    at_reads("raw.esc", ["report"], points, "raw.esc.db")
    mixed(["dump"])
    mixed(["report", "--format=json"])
    print(f"{tried} runs: {told} refused, {silent} as if nothing were")
    for name in "raw.esc", "packed.esc", "ring.esc":
        at_any_moment(name, TRACE[:4], runs // 4)
    at_any_moment("base.db", BASE, runs // 4)
    at_any_moment("raw.esc", [["analyze", "--no-symbol-cache", "-qfo", "out.db"]], runs // 4, "app")
    restore("app")
    while_closed(max(3, runs // 12))
    print(f"{tried} runs")
    return 1 if problems or tried < 200 or told < 100 else 0


resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
sys.exit(main())
