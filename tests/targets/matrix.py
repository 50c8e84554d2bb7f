#!/usr/bin/env python3
"""Builds the target programs with every compiler and level, records them in every
mode, and holds what esc says against what their first lines state; what they state
is itself held against the truth, which an instrumented build finds (truth.c).
README.md has the words, and the deviations that are known.

Environment: TARGETS, TARGETS_CONFIGS, TARGETS_MODES: globs of those that are wanted;
TARGETS_TRUTH=1 prints the truth.
"""
import collections
import concurrent.futures
import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ESC = os.path.join(os.environ.get("top_builddir", "."), "esc")
LIMIT = 4096
INTERVAL = 400
FATES = ("local", "up", "thread", "live", "censored", "unknown")
UNDECIDED = ("unknown", "live", "thread")  # have no owner worth stating

GCC = {"c": "gcc", "cc": "g++"}
CLANG = {"c": "clang", "cc": "clang++"}
CONFIGS = [(f"{family}-O{level}{suffix}", compilers, [f"-O{level}"] + flags)
           for family, compilers in (("gcc", GCC), ("clang", CLANG))
           for level, suffix, flags in
           [(n, "", []) for n in range(4)] + [(2, "-flto", ["-flto"])]]
CONFIGS += [(f"rustc-O{level}", {"rs": "rustc"}, ["-C", f"opt-level={level}"])
            for level in (0, 2)]
CONFIGS += [("rustc-O3", {"rs": "rustc"}, ["-C", "opt-level=3", "-C", "lto"])]
SAMPLED = ("gcc-O0", "gcc-O2", "clang-O0", "clang-O2", "rustc-O2")  # enough for these modes
MODES = {
    "full": ["--full"],
    "exact": ["--full", "--exact"],
    "sampled": [f"--sample={INTERVAL}"],
    "sampled-exact": [f"--sample={INTERVAL}", "--exact"],
    "auto": ["--budget=100"],  # which nothing uses up: it must be as full
}
SEEDED = dict(os.environ, ESC_OPTIONS="seed=7")  # else what a sample shows is another each time


class Site:
    """One site: what it is called, its verdict, owner, and fates."""

    def __init__(self, name, verdicts, owner, distance, fates):
        self.name, self.verdicts = name, verdicts
        self.owner, self.distance, self.fates = owner, distance, fates
        self.observed = sum(fates.values())
        self.owners = 1  # how many different ones its blocks have
        self.inferred = 0
        self.escape_upper = 0.0

    def owned(self):
        if self.verdicts[0] in UNDECIDED or self.owner is None:
            return ""
        return f" {self.owner}+{self.distance}"

    def text(self, counts=True):
        fates = "".join(f" {f}={n}" if counts else f" {f}" for f, n in self.fates.items() if n)
        return "|".join(self.verdicts) + self.owned() + fates + \
            (" inferred" if self.inferred else "")

    __str__ = text


class Program:
    """A source and what its leading comments say."""

    def __init__(self, path):
        self.path, self.name = path, os.path.basename(path)
        self.kind = self.name.rsplit(".", 1)[1]
        self.sites, self.flags, self.wrappers, self.ignored = {}, [], [], []
        self.truth, self.modes, self.configs = True, ["*"], ["*"]
        with open(path, encoding="utf-8") as source:
            for line in source:
                found = re.match(r"(?:/\*| \*|//) (\w+): (.*?)(?: \*/)?$", line.rstrip())
                if found:
                    self.directive(*found.groups())
                elif not re.match(r"/\*| \*|//", line):
                    break
        if not self.sites:
            sys.exit(f"{self.name}: expects nothing")

    def directive(self, word, text):
        if word == "expect":
            for part in text.split(";"):
                self.expect(part.split())
        elif word == "flags":
            self.flags = text.split()
        elif word == "wrappers":
            self.wrappers = text.split()
        elif word == "ignored":
            self.ignored = text.split()
        elif word == "configurations":
            self.configs = text.split()
        elif word == "modes":
            self.modes = text.split()
        elif word == "truth":
            self.truth = False  # the text says why there is none

    def expect(self, words):
        name, verdicts, owner, distance, fates = words[0], words[1].split("|"), None, None, {}
        for word in words[2:]:
            if "=" in word:
                fate, count = word.split("=")
                assert fate in FATES, f"{self.name}: {word}"
                fates[fate] = int(count)
            elif word == "-":
                owner, distance = "-", "far"
            else:
                owner, distance = word.rsplit("+", 1)
                distance = int(distance)
        assert name not in self.sites, f"{self.name}: {name} twice"
        self.sites[name] = Site(name, verdicts, owner, distance, fates)

    def flags_of(self, compiler):
        """Those that it knows: with some only clang compiles, and gcc links."""
        return [flag for flag in self.flags
                if compiler in CLANG.values() or not flag.startswith("-fbasic-block-")]

    def compile(self, compiler, options, target):
        if self.kind == "rs":
            commands = [[compiler, "-g", *options, "-o", target, self.path]]
        elif compiler in CLANG.values() and "-flto" not in options:
            # Of two steps it starts itself anew for the first, which takes as long as both:
            # its objects are linked as its own gcc's are.
            command = ["-g", *options, *self.flags_of(compiler)]
            linker = GCC[self.kind]
            commands = [[compiler, *command, "-c", "-o", target + ".o", self.path],
                        [linker, "-g", *options, *self.flags_of(linker), "-o", target, target + ".o"]]
        else:
            commands = [[compiler, "-g", *options, *self.flags_of(compiler), "-o", target,
                         self.path]]
        for command in commands:
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                sys.exit(f"{shlex.join(command)}\n{done.stderr}")
        if len(commands) > 1:
            os.unlink(target + ".o")


def plain(name):
    """A demangled name without arguments and template arguments, as reports have it."""
    if "{lambda" in name:
        return "operator()"
    name = re.sub(r"\[abi:\w+\]|\s*\[clone [^\]]*\]", "", name)
    out, angle = "", 0
    for i, c in enumerate(name):
        if c == "<" and not out.endswith("operator"):
            angle += 1
        elif c == ">" and angle:
            angle -= 1
        elif angle == 0:
            if c == "(" and not out.endswith("operator") and name[i:i + 11] != "(anonymous ":
                break
            out += c
    return out.split(" ")[-1] if not out.startswith("operator") else out


def verdict(fates, far, sizes, realloced, activations):
    """The table of esc-verdicts(7), written down a second time."""
    total = sum(n for fate, n in fates.items() if fate != "censored")
    rest = total - fates["live"]
    small = max(sizes) <= LIMIT
    near = fates["local"] + fates["up"] == total and not far
    rules = (
        ("live", total == 0),
        ("unknown", fates["unknown"] * 20 > total),
        ("live", fates["live"] * 2 >= total),
        ("thread", fates["thread"] * 2 >= rest),
        ("stack", fates["local"] == total and small and len(sizes) == 1 and not realloced),
        ("buffer", fates["local"] == total and small),
        ("caller", near and small),
        ("reuse", near and total >= 2 * activations),
        ("large", near),
        ("mixed", fates["local"] * 10 >= total * 9 and small),
        ("heap", True))
    return next(word for word, holds in rules if holds)


def numbered(groups):
    """{(function, line): x} to {name: x}: the name is function, function#2 … by line."""
    names, seen = {}, collections.Counter()
    for function, line in sorted(groups):
        seen[function] += 1
        names[function if seen[function] == 1 else f"{function}#{seen[function]}"] = \
            groups[function, line]
    return names


class Truth:
    """Reads what truth.c wrote about one run of an instrumented program."""

    def __init__(self, program, binary, lines):
        self.program, self.lines = program, [line.split() for line in lines]
        places = set()
        for words in self.lines:
            places.update(words[5].split(","))
            places.update(f"{int(a, 16) - 1:x}" for a in words[6].split(",") if a)
        places = sorted(places)
        out = subprocess.run(["addr2line", "-afiCe", binary], text=True, check=True,
                             input="\n".join(places), stdout=subprocess.PIPE).stdout
        self.names, chain = {}, None
        for line in out.splitlines():
            if line.startswith("0x"):
                chain = self.names[line[2:].lstrip("0")] = []
            elif not chain or len(chain[-1]) == 2:
                chain.append((plain(line),))
            else:
                chain[-1] += (int((re.findall(r":(\d+)", line) or ["0"])[-1]),)

    def sites(self):
        groups = collections.defaultdict(list)
        for words in self.lines:
            frames = [self.names[a][0][0] for a in words[5].split(",")]
            site = len(frames) - 1
            while site > 0 and frames[site] in self.program.wrappers:
                site -= 1
            line = 0
            for address in reversed(words[6].split(",")):
                for name, number in reversed(self.names[f"{int(address, 16) - 1:x}"]):
                    line = number if name == frames[site] else line
            groups[frames[site], line].append((words, frames, site))
        return {name: self.site(name, blocks) for name, blocks in numbered(groups).items()}

    def site(self, name, blocks):
        fates, owners, escaped = collections.Counter(), collections.Counter(), collections.Counter()
        sizes, activations, far, realloced = set(), set(), False, False
        for (fate, size, common, moved, owner, *_), frames, site in blocks:
            distance = site - int(common) + 1
            skip = sum(f in self.program.wrappers for f in frames[max(int(common), 0):site])
            if fate == "owned":
                fate = "local" if distance <= 0 else "up"
                place = ("-", "far") if int(common) == 0 else \
                    (frames[int(common) - 1], max(distance - skip, 0)) if fate == "up" else \
                    (frames[site], 0)
                owners[place] += 1
                if fate == "up":
                    escaped[place] += 1
                    far = far or place[1] == "far" or place[1] > 3
                activations.add(owner)
            fates[fate] += 1
            if fate != "censored":
                sizes.add(int(size))
            realloced = realloced or moved == "1"
        count = len(owners)
        word = verdict(fates, far, sizes or {0}, realloced, len(activations))
        if word in ("caller", "heap", "mixed") and escaped:
            owners = escaped
        owner, distance = owners.most_common(1)[0][0] if owners else (None, None)
        site = Site(name, [word], owner, distance, {f: fates[f] for f in FATES if fates[f]})
        site.owners = count
        return site


def reported(path, binary, prefix):
    """The sites of the program itself in a report."""
    groups = {}
    with open(path, encoding="utf-8") as report:
        for entry in json.load(report)["sites"]:
            if entry["module"] != binary or not entry["function"].startswith(prefix):
                continue
            if entry["allocator"] == "pthread_create":
                continue  # glibc's descriptor of the thread, charged to who starts it
            owner = entry.get("owner") or {}
            site = Site(entry["function"], [entry["verdict"]], owner.get("function"),
                        owner.get("distance"),
                        {f: entry["fates"][f] for f in FATES if entry["fates"][f]})
            site.inferred = entry["evidence"]["inferred"]
            site.proved = entry["evidence"]["proved"]
            site.escape_upper = entry["escape_rate_upper"]
            site.size = entry["size"]["max"]
            groups.setdefault((entry["function"], entry["line"]), []).append(site)
    # Two of a line are two columns: the heavier one counts.
    return numbered({key: max(sites, key=lambda s: s.observed) for key, sites in groups.items()})


def same_owner(want, got):
    if want.owner is None or want.verdicts[0] in UNDECIDED:
        return True
    if want.distance == "far":  # what runs outside main has no name of ours
        return got.distance in (None, "far") or got.distance > 3 or got.verdicts[0] == "heap"
    if got.owner is None and "up" not in want.fates:
        return True  # what escaped is live or another thread's
    return want.owner == got.owner and want.distance == got.distance


def listed_as(mode):
    """Of which mode deviations are listed: auto is full, where all is recorded."""
    return "full" if mode == "auto" else mode


def compare(want, got, mode):
    """None where they agree, else what esc says, as a deviation is listed."""
    said = got.text(not mode.startswith("sampled"))
    if mode.startswith("sampled"):
        # the last event that is recorded can stand before the end
        known = {*want.fates, "censored"} if "live" in want.fates else want.fates
        strange = [f for f in got.fates if want.fates and f not in known]
        pure = len(want.fates) <= 1 and want.owners <= 1
        if got.observed < 10:
            return None  # too few; what is false shows in false_local
        right = got.verdicts[0] in want.verdicts or (not pure and not strange)
        if strange == ["unknown"] and got.fates["unknown"] * 20 <= got.observed:
            return None  # a gap here and there, which is said
        return None if right and not strange and (not pure or same_owner(want, got)) else said
    if got.verdicts[0] not in want.verdicts or not same_owner(want, got):
        return said
    if want.fates and want.fates != got.fates:
        return said
    if mode == "exact" and got.inferred:
        return said
    return None


def false_local(want, got, mode):
    """Called stack or buffer, though a block escapes that the run has shown."""
    if got is None or got.verdicts[0] not in ("stack", "buffer"):
        return False
    if any(v in ("stack", "buffer") for v in want.verdicts):
        return False
    total = sum(want.fates.values()) or 1
    escaped = total - want.fates.get("local", 0) - want.fates.get("censored", 0)
    return not (mode.startswith("sampled") and escaped / total <= got.escape_upper)


class Deviation:
    """A row of the table of README.md."""

    def __init__(self, cells):
        self.program, self.where, self.site, self.says, self.why = cells
        self.where = self.where.replace("`", "").split()
        self.says = self.says.strip("`")
        self.hits = set()
        self.chance = self.why.startswith(("by chance", "with some compilers"))

    def matches(self, program, place):
        return self.program == program and \
            any(fnmatch.fnmatchcase(place, glob) for glob in self.where)


def deviations():
    rows = []
    with open(os.path.join(HERE, "README.md"), encoding="utf-8") as page:
        for line in page:
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if len(cells) == 5 and re.match(r"[\w-]+\.(c|cc|rs)$", cells[0]):
                rows.append(Deviation(cells))
    return rows


class Matrix:
    def __init__(self, directory):
        self.directory, self.rows = directory, deviations()
        self.cells, self.errors, self.common = {}, [], collections.defaultdict(list)
        self.checked, self.listed, self.proved, self.inferred = 0, 0, 0, 0
        wanted = os.environ.get("TARGETS", "*").split()
        self.programs = [p for p in (
            Program(os.path.join(HERE, name)) for name in sorted(os.listdir(HERE))
            if re.search(r"\.(c|cc|rs)$", name) and name != "truth.c" and
            any(fnmatch.fnmatch(name, glob) for glob in wanted))]
        if not shutil.which("ld.lld"):
            self.programs = [p for p in self.programs if "-fuse-ld=lld" not in p.flags]
        self.configs = [c for c in CONFIGS if any(
            fnmatch.fnmatch(c[0], g) for g in os.environ.get("TARGETS_CONFIGS", "*").split()) and
            shutil.which(next(iter(c[1].values())))]
        help_text = subprocess.run([ESC, "record", "--help"], capture_output=True,
                                   text=True).stdout
        self.modes = [m for m in MODES if any(
            fnmatch.fnmatch(m, g) for g in os.environ.get("TARGETS_MODES", "*").split()) and
            ("exact" not in m or "--exact" in help_text)]

    def check_truth(self, program):
        if not program.truth or program.kind not in GCC or not shutil.which("g++"):
            return
        binary = os.path.join(self.directory, program.name + ".truth")
        runtime = os.path.join(self.directory, "truth.o")
        program_flags = ["-O0", "-DTRUTH", "-finstrument-functions", "-fno-lto",
                         "-finstrument-functions-exclude-file-list=/usr/", runtime]
        program.compile(GCC[program.kind], program_flags, binary)
        env = dict(os.environ, TRUTH_OUT=binary + ".out")
        subprocess.run([binary], env=env, check=True, stdout=subprocess.DEVNULL)
        with open(binary + ".out", encoding="utf-8") as out:
            truth = Truth(program, binary, out.read().splitlines()).sites()
        if os.environ.get("TARGETS_TRUTH"):
            print(program.name, *(f"{name} {truth[name]}" for name in sorted(truth)), sep="\n\t")
        for name in sorted((set(truth) | set(program.sites)) - set(program.ignored)):
            want, real = program.sites.get(name), truth.get(name)
            if want is not None and real is not None:
                want.owners = real.owners
            if want is None or real is None:
                self.errors.append(f"{program.name}: truth: {name} {real or 'is no site'}, " +
                                   ("which it states" if want else "which it does not state"))
            elif real.verdicts[0] not in want.verdicts or not same_owner(want, real) or \
                    (want.fates and want.fates != real.fates):
                self.errors.append(f"{program.name}: states {name} {want}, truth: {real}")

    def run(self, program, config, mode, binary):
        trace = f"{binary}.{mode}.esc"
        place = f"{config}/{mode}"
        for command in ([ESC, "record", "-q", "-f", "-o", trace, *MODES[mode], binary],
                        [ESC, "report", "--format=json", trace]):
            with open(binary + ".json", "w", encoding="utf-8") as out:
                done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, text=True,
                                      timeout=600, env=SEEDED)
            if done.returncode:
                self.say(program, place, "-", f"esc {command[1]} failed",
                         done.stderr.strip().replace(self.directory, ""))
                self.cells[program.name, config, mode] = "!"
                return
        # What is not of its crate is Rust's own start-up code.
        prefix = program.name[:-3] + "::" if program.kind == "rs" else ""
        got = reported(binary + ".json", binary, prefix)
        for file in os.listdir(self.directory):
            if file.startswith(os.path.basename(trace)):
                os.unlink(os.path.join(self.directory, file))
        cell = "."
        for name in sorted((set(got) | set(program.sites)) - set(program.ignored)):
            problem = self.judge(program, place, name, program.sites.get(name), got.get(name), mode)
            cell = problem if cell == "." or problem in "F!X" else cell
        self.cells[program.name, config, mode] = cell

    def judge(self, program, place, name, want, site, mode):
        self.checked += 1
        false = want is not None and false_local(want, site, mode)
        if site is not None:
            self.proved += site.proved
            self.inferred += site.inferred
        if want is None:
            said = f"extra {site.text(not mode.startswith('sampled'))}"
        elif site is None:
            said = None if mode.startswith("sampled") and \
                sum(want.fates.values()) < 20 * INTERVAL / 16 else "missing"
        else:
            said = compare(want, site, mode)
        if said is None and not false:
            return "."
        said = said or site.text(not mode.startswith("sampled"))
        if false and not site.inferred:
            self.say(program, place, name, said, f"FALSE: is {want}")
            return "F"
        listed = f"{place.split('/')[0]}/{listed_as(mode)}"
        for row in self.rows:
            if row.matches(program.name, listed) and fnmatch.fnmatchcase(name, row.site) and \
                    fnmatch.fnmatchcase(said, row.says):
                row.hits.add(listed)
                self.listed += 1
                return "d"
        self.say(program, place, name, said, f"is {want}" if want else "is not stated")
        return "X"

    def say(self, program, place, name, said, why):
        """Keeps an error of one configuration; failures() puts the same ones together."""
        config, mode = place.split("/")
        self.common[program.name, mode, name, said, why].append(config)

    def failures(self):
        """One line each; where a deviation is not listed, a row as README.md has it."""
        lines = list(self.errors)
        for (name, mode, site, said, why), found in self.common.items():
            mine = [c[0] for c in self.configs if self.cells.get((name, c[0], mode))]
            globs = []
            for family in sorted({c.split("-")[0] for c in mine}):
                members = {c for c in mine if c.startswith(family + "-")}
                globs += [f"{family}-*"] if members <= set(found) else sorted(members & set(found))
            globs = ["*"] if set(mine) <= set(found) else globs
            where = " ".join(f"{g}/{mode}" for g in globs)
            lines.append(f"| {name} | {where} | {site} | `{said}` | {why} |")
        return sorted(lines)

    def check(self, program):
        self.check_truth(program)
        for config, compilers, options in self.configs:
            if program.kind not in compilers or \
                    not any(fnmatch.fnmatch(config, g) for g in program.configs):
                continue
            binary = os.path.join(self.directory, f"{program.name}.{config}")
            program.compile(compilers[program.kind], options, binary)
            for mode in self.modes:
                if any(fnmatch.fnmatch(mode, g) for g in program.modes) and \
                        (mode in ("full", "exact") or config in SAMPLED):
                    self.run(program, config, mode, binary)
            for row in self.rows:
                self.stale(row, program, config)
            os.unlink(binary)

    def stale(self, row, program, config):
        for mode in self.modes:
            place = f"{config}/{listed_as(mode)}"
            if row.matches(program.name, place) and place not in row.hits and \
                    not row.chance and (program.name, config, mode) in self.cells:
                self.say(program, place, row.site, row.says, "no longer is: take it off README.md")

    def show(self):
        configs = [c[0] for c in self.configs]
        wide = max(len(p.name) for p in self.programs)
        print("Of each configuration, in the modes", ", ".join(self.modes) + ": . as stated,",
              "d a listed deviation, X another, F a false stack or buffer, ! failed")
        for i, config in enumerate(configs):
            print(" " * (wide + 1) + "| " * i + config)
        for program in self.programs:
            cells = ["".join(self.cells.get((program.name, c, m), " ") for m in self.modes)
                     for c in configs]
            print(f"{program.name:{wide}} " + " ".join(cells))
        count = collections.Counter(self.cells.values())
        print(f"{len(self.programs)} programs, {len(self.cells)} runs, {self.checked} sites: "
              f"{count['.']} runs as stated, {count['d']} deviate as listed "
              f"({self.listed} sites), {count['X']} otherwise, {count['F']} false; "
              f"{self.proved} blocks proved, {self.inferred} inferred")


def main():
    with tempfile.TemporaryDirectory() as directory:
        matrix = Matrix(directory)
        if not matrix.programs or not matrix.configs or not matrix.modes:
            sys.exit("nothing to check")
        subprocess.run(["gcc", "-g", "-O1", "-c", "-o", os.path.join(directory, "truth.o"),
                        os.path.join(HERE, "truth.c")], check=True)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(matrix.check, matrix.programs))
        matrix.show()
        for mode in MODES:
            if mode not in matrix.modes:
                print(f"not run: {mode}")
        failures = matrix.failures()
        print(*failures, sep="\n", end="\n" if failures else "")
        sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
