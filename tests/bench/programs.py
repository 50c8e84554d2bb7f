"""The programs that are measured: a table. A program that is not installed says so."""
import collections
import json
import os
import shutil
import subprocess
import time

import inputs

# Environment of all: what a user's differs in must not matter.
PLAIN = {"LC_ALL": "C", "TZ": "UTC", "GIT_CONFIG_GLOBAL": "/dev/null",
         "GIT_CONFIG_NOSYSTEM": "1", "GIT_PAGER": "cat"}


class Program:
    """key: its name here; title: what it does; package: who has it; command(place) ->
    list, made of what place.input(maker) and place.tool(name) return; env; group:
    the table that it stands in; slow: also run under the profilers for small inputs;
    often: a short one, of which many runs make one; under: patterns of the profilers
    that it is for;
    threads, depth, stacks: of a storm."""
    group, env, slow, often, under = "program", {}, True, 1, ("*",)

    def __init__(self, key, title, package, command, **more):
        self.key, self.title, self.package, self.command = key, title, package, command
        for name, value in more.items():
            setattr(self, name, value)

    def drive(self, _place, _folder):
        """Does to a running server what is to be measured; operations a second."""

    driven = False  # it is a server: there is something to drive

    def throughput(self, _folder):
        """Operations a second that the run in folder tells of itself, or None."""


class Storm(Program):
    group, pairs = "storm", 2000000

    def __init__(self, depth, stacks, threads, **more):
        super().__init__(f"storm-d{depth}-{stacks}-t{threads}",
                         f"{threads} threads allocate and free, depth {depth}, {stacks} stacks",
                         None, self._command, depth=depth, stacks=stacks, threads=threads,
                         slow=threads == 1 and depth == 30, **more)

    def _command(self, place):
        return [place.tool("storm"), str(self.depth), self.stacks, str(self.threads),
                str(int(self.pairs * place.scale))]

    def throughput(self, folder):
        with open(os.path.join(folder, "stdout"), encoding="ascii", errors="replace") as file:
            # heaptrack talks there too.
            figures = json.loads(next(line for line in file if line.startswith('{"pairs"')))
        return 2 * figures["pairs"] / figures["seconds"]


class Redis(Program):
    driven = True

    def __init__(self):
        super().__init__("redis", "a server takes a stream of mixed commands", "redis-server",
                         self._command)

    def _command(self, place):
        return [installed("redis-server", "redis-server"), "--port", "0", "--unixsocket", "socket",
                "--save", "", "--appendonly", "no", "--daemonize", "no"]

    def drive(self, place, folder):
        def client(*words, **more):
            subprocess.run([installed("redis-cli", "redis-tools"), "-s", "socket", *words],
                           cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                           check=False, **more)
        if not place.appears(os.path.join(folder, "socket")):
            return None
        with open(place.input(inputs.redis_commands), "rb") as commands:
            began = time.monotonic()
            client("--pipe", stdin=commands)
            took = time.monotonic() - began
        client("shutdown", "nosave")
        return inputs.redis_count(place.scale) / took


class Absent(Exception):
    """What a program or profiler needs is not here; says what has it."""


def installed(name, package):
    path = shutil.which(name)
    if path is None:
        raise Absent(f"no {name} (package {package})")
    return path


def _cc1plus(place):
    compiler = installed("g++", "g++")
    path = subprocess.check_output([compiler, "-print-prog-name=cc1plus"], text=True).strip()
    return [path, "-quiet", "-O1", "-fpreprocessed", place.input(inputs.cxx), "-o", "/dev/null"]


def _python(place, make=inputs.python):
    # The system's: another could be a script that starts it.
    path = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else \
        installed("python3", "python3")
    return [path, "-s", "-B", place.input(make)]


def _git(place):
    return [installed("git", "git"), "-C", place.input(inputs.git), "log", "-p", "--stat", "--all"]


TABLE = [
    Program("true", "nothing: what starting and ending cost", None,
            lambda place: ["/bin/true"], group="start", slow=False, often=5),
    Program("sqlite3", "in memory: inserts, an index, two queries", "sqlite3",
            lambda place: [installed("sqlite3", "sqlite3"), ":memory:",
                           ".read " + place.input(inputs.sql)]),
    Program("python3", "json.dumps and json.loads, PYTHONMALLOC=malloc", "python3", _python,
            env={"PYTHONMALLOC": "malloc"}),
    Program("python3-long", "the same for seconds", "python3",
            lambda place: _python(place, inputs.python_long), env={"PYTHONMALLOC": "malloc"},
            slow=False, group="long", under=("native", "sampled*", "auto*")),
    Program("cc1plus", "gcc compiles C++ with -O1", "g++", _cc1plus),
    Program("clang", "clang compiles the same with -O1", "clang",
            lambda place: [installed("clang", "clang"), "-O1", "-S", "-w", "-x", "c++-cpp-output",
                           place.input(inputs.cxx_clang), "-o", "/dev/null"]),
    Program("jq", "groups and sorts an array of objects", "jq",
            lambda place: [installed("jq", "jq"), "-s",
                           "group_by(.owner.name) | map({n: .[0].owner.name, c: length, "
                           "t: (map(.tags[]) | unique)}) | sort_by(.c)",
                           place.input(inputs.json_lines)]),
    Program("git", "git log -p --stat of a generated history", "git", _git),
    Program("perl", "splits, joins, matches, hashes", "perl",
            lambda place: [installed("perl", "perl"), place.input(inputs.perl)]),
    Program("wordcount", "C++: std::string, unordered_map, sort", None,
            lambda place: [place.tool("wordcount"), place.input(inputs.words)]),
    Redis(),
]
TABLE += [Storm(depth, stacks, threads) for depth in (10, 30, 100)
          for stacks in ("same", "varying") for threads in (1, 2)]
TABLE += [Storm(10, stacks, 1, pairs=8000000) for stacks in ("hot", "churn")]
TABLE += [Storm(30, stacks, threads) for stacks in ("same", "varying") for threads in (8, 64)]
BY_KEY = collections.OrderedDict((program.key, program) for program in TABLE)
