#!/usr/bin/env python3
"""Random programs of which truth.c knows every block's owner: none may be proved to
be nearer than it is. Programs of small functions that allocate, free, hand over, loop,
recurse and throw, by globals, parameters and what they return.

Usage: random_trees.py [FIRST COUNT]; RANDOM_KEEP=DIRECTORY keeps programs that fail.
"""
import collections
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile

import matrix

HEAD = """#include <stdlib.h>
#include "target.h"
#define QUIET __attribute__((noinline, no_instrument_function))
#define USE(p) __asm__ volatile("" : : "r"(p), "i"(__LINE__) : "memory")
static char *G[8];
static unsigned int seed = %d;
static int fuel = 700;
static QUIET unsigned int rnd(void) { seed = seed * 1103515245u + 12345u; return seed >> 16; }
"""
FLAGS = ["-O0", "-O1", "-O2", "-O3", "-Os", "-O2 -fno-inline", "-O2 -fno-omit-frame-pointer",
         "-O2 -fcf-protection=full", "-O2 -fno-plt", "-O3 -funroll-loops", "-O2 -flto",
         "-O2 -fstack-protector-all", "-O2 -fno-jump-tables", "-O2 -fno-pie -no-pie"]
GCC_FLAGS = ["-O2 -mindirect-branch=thunk", "-O2 -flto -flto-partition=max", "-O2 -fsplit-stack",
             "-O2 -fnon-call-exceptions", "-O3 -ftracer -fsplit-paths -fpeel-loops"]
CLANG_FLAGS = ["-O1 -fbasic-block-sections=all", "-O2 -fbasic-block-sections=all",
               "-O2 -mretpoline", "-Os -mllvm -enable-machine-outliner"]
FAR = 99  # of start-up code


class Program:
    """The text of one; a block has a size, and a line, of its own place."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.kind = self.random.choice(["c", "cc"])
        self.count = self.random.randint(3, 9)
        self.attributes = [self.random.choice(
            ["NOINLINE", "NOINLINE", "INLINE", "", "", "__attribute__((cold))"])
                           for _ in range(self.count)]
        self.recursive = [self.chance(.15) and a != "INLINE" for a in self.attributes]
        self.table = self.chance(.3)  # calls through pointers
        self.lines, self.size, self.labels = [], 16, 0

    def chance(self, rate):
        return self.random.random() < rate

    def pick(self, *choices):
        return self.random.choice(choices)

    def put(self, depth, *lines):
        self.lines += ["\t" * depth + line for line in lines]

    def slot(self):
        return self.pick("a", "b", "(*q)", "(*r)", f"G[{self.random.randrange(8)}]", "G[k]")

    def reference(self):
        return self.pick("&a", "&b", "q", "r", f"&G[{self.random.randrange(8)}]")

    def allocation(self):
        self.size += 1
        return "(char *)" + self.pick(*4 * [f"malloc({self.size})"], f"calloc(1, {self.size})",
                                      f"aligned_alloc(64, {self.size})")

    def replace(self, depth):
        slot = self.slot()
        if self.chance(.5):
            self.put(depth, f"k = {self.pick('rnd()', 'n')} & 7; free({slot}); {slot} = NULL;",
                     f"t = {self.allocation()};", f"USE(t); {slot} = t;")
        else:
            self.put(depth, "k = rnd() & 7;", f"t = {self.allocation()};",
                     f"USE(t); free({slot}); {slot} = t;")

    def fresh(self, index, depth):
        self.put(depth, f"u = {self.allocation()};", "USE(u);")
        if self.chance(.4):
            self.call(index, depth)
        self.put(depth, "free(u); u = NULL;")

    def release(self, depth):
        slot = self.slot()
        self.put(depth, f"k = rnd() & 7; t = {slot}; {slot} = NULL; free(t);")

    def move(self, depth):
        source, slot = self.pick("a", "b", "(*q)"), self.slot()
        self.put(depth, f"k = rnd() & 7; t = {source}; {source} = NULL;",
                 f"free({slot}); {slot} = t;")

    def grow(self, depth):
        slot = self.slot()
        self.size += 1
        self.put(depth, f"k = rnd() & 7; t = {slot}; {slot} = NULL;",
                 f"t = (char *)realloc(t, {self.size}); USE(t); {slot} = t;")

    def callee(self, index):
        """What is called, and whether that may come back here."""
        if self.table and self.chance(.3):
            return "table[rnd() & 3]", True
        if index + 1 < self.count and self.chance(.9):
            return f"f{self.random.randrange(index + 1, self.count)}", False
        again = [i for i in range(self.count) if self.recursive[i]]
        return (f"f{self.random.choice(again)}", True) if again else (None, False)

    def call(self, index, depth):
        name, deeper = self.callee(index)
        if name is None:
            return
        test, n = ("if (n > 0 && n < 100) ", "n - 1") if deeper else ("", "n")
        self.put(depth, f"{test}{{ t = {name}({self.reference()}, {self.reference()}, {n});",
                 self.pick("free(a); a = t; }", "free(t); }"))

    def loop(self, index, depth, nest):
        count = self.pick("2", "3", "(rnd() & 3)", "n")
        self.put(depth, self.pick(
            f"for (unsigned int i{nest} = 0; i{nest} < {count}; i{nest}++) {{",
            "while (rnd() & 1) {", "while ((rnd() & 3) && fuel > 0) {"))
        self.block(index, depth + 1, nest + 1)
        self.put(depth, "}")

    def branch(self, index, depth, nest):
        self.put(depth, f"if ({self.pick('rnd() & 1', 'n & 1', '!(rnd() & 3)', 'a')}) {{")
        self.block(index, depth + 1, nest + 1)
        if self.chance(.5):
            self.put(depth, "} else {")
            self.block(index, depth + 1, nest + 1)
        self.put(depth, "}")

    def select(self, index, depth, nest):
        self.put(depth, "switch (rnd() % 5) {")
        for case in range(4):
            self.put(depth, f"case {case}:")
            self.block(index, depth + 1, nest + 2)
            self.put(depth + 1, "break;" if self.chance(.8) else "/* fall through */")
        self.put(depth, "default: break;", "}")

    def again(self, index, depth, nest):
        self.labels += 1
        label = f"again{self.labels}"
        self.put(depth, f"{label}:")
        self.block(index, depth, nest + 1)
        self.put(depth, f"if (!(rnd() & 3)) goto {label};")

    def throw(self, index, depth, nest):
        self.put(depth, "try {")
        self.block(index, depth + 1, nest + 1)
        self.put(depth + 1, "if (rnd() & 1) throw 1;")
        self.put(depth, "} catch (int) {")
        self.block(index, depth + 1, nest + 1)
        self.put(depth, "}")

    def statement(self, index, depth, nest):
        kinds = [self.replace] * 28 + [self.release] * 7 + [self.move] * 6 + [self.grow] * 3
        inner = [self.fresh] * 5 + [self.call] * 20
        nested = [self.loop] * 10 + [self.branch] * 12 + [self.select] * 3
        nested += [self.again] * 2 * (nest == 0) + [self.throw] * 3 * (self.kind == "cc")
        kind = self.random.choice(kinds + inner + nested * (nest < 3))
        if kind in kinds:
            kind(depth)
        elif kind in inner:
            kind(index, depth)
        else:
            kind(index, depth, nest)

    def block(self, index, depth, nest):
        for _ in range(self.random.randint(1, 3 if nest else 6)):
            self.statement(index, depth, nest)

    def function(self, index):
        self.put(0, f"static {self.attributes[index]} char *",
                 f"f{index}(char **q, char **r, unsigned int n)", "{")
        self.put(1, "char *a = NULL, *b = NULL, *t = NULL, *u = NULL;",
                 "unsigned int k = n & 7;", "USE(u); USE(k); USE(q); USE(r);",
                 "if (--fuel < 0) goto out;")
        self.block(index, 1, 0)
        if self.kind == "cc" and self.chance(.2):
            self.put(1, "if (!(rnd() & 7)) { free(a); free(b); throw 2; }")
        self.put(0, "out:")
        if self.chance(.2):
            self.put(1, "free(G[0]); G[0] = b; b = NULL;")
        self.put(1, *self.pick(["free(b);", "return a;"], ["free(a); free(b);", "return NULL;"],
                               ["free(a); free(b);", f"return {self.allocation()};"]))
        self.put(0, "}")

    def main(self):
        self.put(0, "int", "main(void)", "{")
        self.put(1, "char *a = NULL, *b = NULL, *t;")
        for _ in range(self.random.randint(1, 3)):
            call = f"t = f{self.random.randrange(3)}(&a, &b, rnd() % 6); free(t);"
            if self.kind == "cc":
                call = f"try {{ {call} }} catch (int) {{ USE(a); }}"
            self.put(1, f"for (int i = 0; i < {self.pick(1, 5, 20, 40)}; i++) {{ {call} }}",
                     "fuel = 700;")
        self.put(1, "free(a); free(b);", "for (int i = 0; i < 8; i++) free(G[i]);", "return 0;")
        self.put(0, "}")

    def text(self):
        self.put(0, *(HEAD % self.random.randrange(1 << 30)).splitlines())
        self.put(0, *(f"static char *f{i}(char **q, char **r, unsigned int n);"
                      for i in range(self.count)))
        if self.table:
            names = ", ".join(f"f{self.random.randrange(self.count)}" for _ in range(4))
            self.put(0, "static char *(*volatile table[4])(char **, char **, unsigned int) =",
                     f"\t{{ {names} }};")
        for i in reversed(range(self.count)):
            self.function(i)
        self.main()
        return "\n".join(self.lines) + "\n"


class Site:
    def __init__(self):
        self.blocks = 0
        self.near = collections.Counter()  # by distance

    def within(self, distance):
        return sum(count for at, count in self.near.items() if at <= distance)


def run(*command, **more):
    return subprocess.run(command, check=True, timeout=300, stdout=subprocess.DEVNULL, **more)


def true_sites(source, kind, directory):
    """(function, line) -> Site, as the instrumented program tells."""
    program = collections.namedtuple("Wrappers", "wrappers")([])
    binary, out = os.path.join(directory, "truth"), os.path.join(directory, "truth.out")
    run(matrix.GCC[kind], "-g", "-w", "-O0", "-DTRUTH", "-finstrument-functions",
        "-finstrument-functions-exclude-file-list=/usr/", f"-I{matrix.HERE}", source,
        os.path.join(directory, "truth.o"), "-o", binary)
    run(binary, env=dict(os.environ, TRUTH_OUT=out))
    with open(out, encoding="utf-8") as lines:
        truth = matrix.Truth(program, binary, lines.read().splitlines())
    sites = collections.defaultdict(Site)
    for fate, _, common, _, _, frames, returns in truth.lines:
        frames = frames.split(",")
        name, line = truth.names[frames[-1]][0][0], 0
        for address in reversed(returns.split(",")):
            for function, number in reversed(truth.names[f"{int(address, 16) - 1:x}"]):
                line = number if function == name else line
        site = sites[name, line]
        site.blocks += 1
        if fate == "owned":
            far = int(common) == 0
            site.near[FAR if far else max(len(frames) - int(common), 0)] += 1
    return sites


def proved_sites(binary, trace, options):
    """(function, line) -> Site, with what esc has proved."""
    for old in (trace, trace + ".db"):
        if os.path.exists(old):
            os.unlink(old)
    run(matrix.ESC, "record", "-q", "--full", *options, "-o", trace, binary)
    run(matrix.ESC, "analyze", "-q", "-o", trace + ".db", trace)
    with sqlite3.connect(trace + ".db") as database:
        sites = collections.defaultdict(Site)
        for function, line, observed in database.execute(
                "select function, line, observed from site join frame on frame.id = frame"):
            sites[function, line].blocks += observed
        for function, line, distance, startup, proved in database.execute(
                "select frame.function, frame.line, distance, own.startup, owner.proved"
                " from owner join site on site.id = owner.site"
                " join frame on frame.id = site.frame"
                " join frame own on own.id = owner.frame"):
            sites[function, line].near[FAR if startup else distance] += proved
    database.close()
    return sites


def compare(truth, said):
    """What is proved to be nearer than it is. A line may be another one for a compiler
    that put calls together: only those with as many blocks can be compared."""
    compared = 0
    for key in sorted(set(truth) & set(said)):
        if truth[key].blocks != said[key].blocks:
            continue
        compared += sum(said[key].near.values())
        for distance in sorted(said[key].near):
            if said[key].within(distance) > truth[key].within(distance):
                return compared, f"{key[0]}:{key[1]}: proved {dict(said[key].near)}, " \
                    f"are {dict(truth[key].near)}"
    return compared, None


def check(seed, directory):
    """How many blocks were compared, and what is wrong."""
    program, count, wrong = Program(seed), 0, []
    source = os.path.join(directory, f"random{seed}.{program.kind}")
    with open(source, "w", encoding="utf-8") as out:
        out.write(program.text())
    truth = true_sites(source, program.kind, directory)
    compilers = [matrix.GCC[program.kind], matrix.CLANG[program.kind]]
    draw = random.Random(seed)
    for compiler, own in zip(compilers, (GCC_FLAGS, CLANG_FLAGS)):
        flags = draw.choice(FLAGS + own)
        binary = os.path.join(directory, f"random{seed}")
        run(compiler, "-g", "-w", *flags.split(), f"-I{matrix.HERE}", source, "-o", binary)
        for options in ([], ["--exact"]):
            said = proved_sites(binary, os.path.join(directory, "random.esc"), options)
            compared, what = compare(truth, said)
            count += compared
            if what:
                wrong.append(f"{os.path.basename(source)}: {compiler} {flags} "
                             f"{' '.join(options)}: {what}")
        os.unlink(binary)
    if wrong and os.environ.get("RANDOM_KEEP"):
        shutil.copy(source, os.environ["RANDOM_KEEP"])
    return count, wrong


def main():
    first, count = (int(word) for word in (sys.argv[1:] or ["1", "12"]))
    blocks, failed = 0, False
    with tempfile.TemporaryDirectory() as directory:
        run("gcc", "-g", "-O1", "-c", "-o", os.path.join(directory, "truth.o"),
            os.path.join(matrix.HERE, "truth.c"))
        for seed in range(first, first + count):
            compared, wrong = check(seed, directory)
            blocks += compared
            failed = failed or bool(wrong)
            for line in wrong:
                print(line, flush=True)
    print(f"{count} programs, {blocks} proved blocks compared")
    sys.exit(failed or blocks == 0)


if __name__ == "__main__":
    main()
