"""Runs the programs under the profilers in turn, and keeps what each run cost."""
import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
import time

import inputs
from programs import PLAIN, Absent

HERE = os.path.dirname(os.path.abspath(__file__))
LIMIT = 300  # seconds that one run may take
TOOLS = {"runner": ("runner.c", ["-O2"]),
         "storm": ("storm.c", ["-O2", "-pthread"]),
         "wordcount": ("wordcount.cc", ["-O2"]),
         "forward.so": ("forward.c", ["-O2", "-fPIC", "-shared", "-fno-builtin"]),
         "count.so": ("forward.c", ["-O2", "-fPIC", "-shared", "-fno-builtin", "-DCOUNT"])}


class Place:
    """Where a bench works: the build whose esc is measured, a folder for inputs, tools
    and runs, and the scale of the inputs."""

    def __init__(self, build, folder, scale):
        self.build, self.scale = os.path.abspath(build), scale
        self.folder = os.path.abspath(folder)

    def scaled(self, scale):
        return Place(self.build, self.folder, scale)

    def tool(self, name):
        """A program of this folder, compiled when its source is newer."""
        source, flags = os.path.join(HERE, TOOLS[name][0]), TOOLS[name][1]
        path = os.path.join(self.folder, name)
        if not os.path.exists(path) or os.path.getmtime(path) < os.path.getmtime(source):
            compiler = os.environ.get("CXX", "g++") if source.endswith(".cc") else \
                os.environ.get("CC", "gcc")
            os.makedirs(self.folder, exist_ok=True)
            subprocess.check_call([*compiler.split(), *flags, source, "-o", path])
        return path

    def input(self, make):
        """The input that a function of inputs.py makes; another version of it, anew."""
        with open(inputs.__file__, "rb") as source:
            version = hashlib.sha256(source.read()).hexdigest()[:12]
        folder = os.path.join(self.folder, f"inputs-{version}-{self.scale}")
        os.makedirs(folder, exist_ok=True)
        return make(folder, self.scale)

    def fresh(self):
        """An empty folder to run in."""
        folder = os.path.join(self.folder, "run")
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        return folder

    @staticmethod
    def appears(path):
        for _ in range(2000):
            if os.path.exists(path):
                return True
            time.sleep(0.01)
        return False

    def environment(self):
        keep = {"PATH": os.environ.get("PATH", os.defpath), "HOME": self.folder}
        return dict(keep, **PLAIN)

    def run(self, folder, command, env, drive=None):
        """The figures of one run, see runner.c; its output goes into folder."""
        figures = os.path.join(folder, "figures")
        with open(os.path.join(folder, "stdout"), "wb") as out, \
                open(os.path.join(folder, "stderr"), "wb") as err, \
                subprocess.Popen([self.tool("runner"), figures, str(LIMIT),
                                  *(f"{name}={value}" for name, value in env.items()),
                                  "--", *command],
                                 cwd=folder, env=self.environment(), stdin=subprocess.DEVNULL,
                                 stdout=out, stderr=err) as process:
            rate = drive(self, folder) if drive is not None else None
        if process.returncode != 0:
            raise OSError(f"runner: {process.returncode}")
        with open(figures, encoding="ascii") as file:
            run = json.load(file)
        os.unlink(figures)
        if rate is not None:
            run["throughput"] = rate
        return run


def note(text):
    print(text, file=sys.stderr, flush=True)


def failure(run):
    if run["timeout"]:
        return f"took more than {LIMIT} s"
    if run["greedy"]:
        return "took more than 4 GiB"
    return f"exit status {run['status']}" if run["status"] != 0 else None


def events_of(place, program, command):
    """(allocations, frees of a block), by a shim that only counts."""
    folder = place.fresh()
    counts = os.path.join(folder, "counts")
    with open(counts, "wb") as file:
        file.write(bytes(16))
    run = place.run(folder, command, dict(program.env, LD_PRELOAD=place.tool("count.so"),
                                          BENCH_COUNT=counts),
                    program.drive if program.driven else None)
    if failure(run):
        raise Absent(f"{failure(run)} of {command[0].rpartition('/')[2]}")
    with open(counts, "rb") as file:
        return struct.unpack("QQ", file.read(16))


def one(place, program, profiler, command):
    """One run, and what it left: (figures, folder)."""
    folder = place.fresh()
    # The program's own environment is the profiler's as well, but LD_PRELOAD is one.
    run = place.run(folder, profiler.command(place, command),
                    dict(program.env, **profiler.env(place)),
                    program.drive if program.driven else None)
    if not failure(run) and not program.driven:
        rate = program.throughput(folder)
        if rate is not None:
            run["throughput"] = rate
    left = profiler.left(folder)
    if left:
        run["trace_bytes"] = sum(map(os.path.getsize, left))
    return run, folder


def zstd_bytes(path):
    """What zstd -3 makes of a file, or None."""
    if shutil.which("zstd") is None:
        return None
    with subprocess.Popen(["zstd", "-3", "-q", "-c", path], stdout=subprocess.PIPE) as process:
        total = 0
        while chunk := process.stdout.read(1 << 20):
            total += len(chunk)
    return total


def packed_bytes(place, profiler, trace, folder):
    out = os.path.join(folder, "packed")
    command = profiler.pack(place, trace, out) if profiler.packed else None
    if command is None or subprocess.run(command, stdout=subprocess.DEVNULL,
                                         stderr=subprocess.DEVNULL, check=False).returncode != 0:
        return None
    return os.path.getsize(out)


def study(place, profiler, folder):
    """What is to be known once of what a run left: sizes, and what reading it costs,
    the first time and again (with what the reader may remember of the binaries)."""
    left = profiler.left(folder)
    facts = {}
    if not left or not profiler.read:
        return facts
    facts["zstd_bytes"] = zstd_bytes(left[0])
    facts["packed_bytes"] = packed_bytes(place, profiler, left[0], folder)
    out = os.path.join(folder, "analysis.out")
    command = profiler.analysis(place, left[0], out)
    if command is None:
        return facts
    cache = {"XDG_CACHE_HOME": os.path.join(folder, "cache")}
    facts["analysis"] = place.run(folder, command, cache)
    if not failure(facts["analysis"]):
        facts["counted"] = profiler.counted(place, out)
        facts["analysis_again"] = place.run(folder, command, cache)
    return facts


def rows_for(place, program, profilers, absent):
    """The rows of a program: a profiler that is not to be had is told once."""
    rows = []
    for profiler in profilers:
        if profiler.key not in absent:
            try:
                profiler.check(place)
                absent[profiler.key] = None
            except Absent as why:
                absent[profiler.key] = str(why)
        if absent[profiler.key] is None:
            rows.append({"profiler": profiler.key, "title": profiler.title,
                         "base": profiler.base, "runs": []})
    return rows


def program(place, subject, profilers, runs, absent, studied):
    """What one program costs under the profilers: one JSON object."""
    result = {"program": subject.key, "title": subject.title, "group": subject.group,
              "scale": place.scale, "rows": []}
    for name in ("depth", "stacks", "threads"):
        if hasattr(subject, name):
            result[name] = getattr(subject, name)
    try:
        command = subject.command(place)
        result["allocations"], result["frees"] = events_of(place, subject, command)
    except Absent as why:
        result["absent"] = str(why)
        return result
    result["rows"] = rows_for(place, subject, profilers, absent)
    by_key = {profiler.key: profiler for profiler in profilers}
    for turn in range(runs):
        for row in result["rows"]:
            if "failed" in row:
                continue
            profiler = by_key[row["profiler"]]
            run, folder = one(place, subject, profiler, command)
            if failure(run):
                row["failed"] = failure(run)
                note(f"{subject.key}, {profiler.key}: {row['failed']}; "
                     f"see {folder}/stderr of a run with these alone")
                continue
            row["runs"].append(run)
            if turn == 0 and studied and subject.group == "program":
                row.update(study(place, profiler, folder))
    return result
