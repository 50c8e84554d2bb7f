#!/usr/bin/env python3
"""Side by side: what esc, heaptrack, DHAT and clang say of the pattern programs.

truth.py           prints the table; "?" where a tool is not installed
truth.py --check   1 if docs/truth-table.md has another column of esc's
truth.py --update  writes the table there

A program begins with comments: its pattern, and the truth. Lines marked HERE allocate.
"""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
DOC = os.path.join(TOP, "docs", "truth-table.md")
ESC = os.path.join(os.environ.get("top_builddir", "."), "esc")
ORDER = ["a", "b", "c", "d", "e", "g", "g2", "h", "i", "size"]
BEGIN, END = "<!-- truth.py writes this table -->", "<!-- to here -->"
HEAD = ["pattern", "truth", "esc", "heaptrack: temporary", "DHAT: short-lived",
        "clang: HeapToStack"]


def run(*argv, **more):
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, **more)


def head(path, key):
    with open(path, encoding="utf-8") as source:
        return re.search(rf"/\* {key}: (.*) \*/", source.read()).group(1)


def marks(path):
    """Line -> what the marked block is called."""
    with open(path, encoding="utf-8") as source:
        found = {n: re.search(r"HERE ?(\w*)", line).group(1)
                 for n, line in enumerate(source, 1) if "HERE" in line}
    assert found, path
    return found


def each(names, said):
    """What was said of each block, by name where there is more than one."""
    if len(names) == 1:
        return said[next(iter(names))]
    return ", ".join(f"{names[line]}: {said[line]}" for line in names)


def esc(path, program, work):
    """With return marks and without they must be the same."""
    exact, said = (ask_esc(path, program, work, mode) for mode in (["--exact"], []))
    assert exact == said, f"{path}: {exact} with marks, {said} without"
    return said


def ask_esc(path, program, work, mode):
    trace = os.path.join(work, "trace.esc")
    run(ESC, "record", "-q", "-f", "-o", trace, *mode, program)
    sites = json.loads(run(ESC, "report", "--format=json", trace).stdout)["sites"]
    said = {}
    for line in marks(path):
        site, = [s for s in sites if s["line"] == line and os.path.basename(s["file"]) ==
                 os.path.basename(path)]
        said[line] = f"`{site['verdict']}`"
        if site["verdict"] == "caller":
            said[line] += f", {site['owner']['distance']} up"
        if site["verdict"] == "mixed":
            fates = site["fates"]
            share = 100 * fates["local"] / site["blocks"]["observed"]
            said[line] += f", {share:.4g} %"
    return each(marks(path), said)


def heaptrack(program, work):
    if not shutil.which("heaptrack") or not shutil.which("heaptrack_print"):
        return "?"
    out = os.path.join(work, "heaptrack")
    run("heaptrack", "-o", out, program)
    trace, = glob.glob(out + "*")
    said = run("heaptrack_print", "-f", trace).stdout
    os.unlink(trace)
    calls = int(re.search(r"calls to allocation functions: (\d+)", said).group(1))
    temporary = int(re.search(r"temporary memory allocations: (\d+)", said).group(1))
    return f"{100 * temporary / calls:.4g} %"


def dhat(path, program, work):
    if not shutil.which("valgrind"):
        return "?"
    out = os.path.join(work, "dhat.json")
    run("valgrind", "--tool=dhat", "--dhat-out-file=" + out, program)
    with open(out, encoding="utf-8") as file:
        data = json.load(file)
    said = {}
    for line in marks(path):
        place = f"({os.path.basename(path)}:{line})"
        sites = [p for p in data["pps"]
                 if any(place in data["ftbl"][frame] for frame in p["fs"][:2])]
        blocks = sum(p["tbk"] for p in sites)
        mean = sum(p["tl"] for p in sites) / blocks
        said[line] = "yes" if mean <= data["tuth"] else "no"
    return each(marks(path), said)


def clang(path, work):
    """HeapToStack has a remark in its source, but clang 14 prints none: look at what
    is left of the call."""
    compiler = shutil.which("clang-14") or shutil.which("clang")
    if not compiler:
        return "?"
    out = os.path.join(work, "clang.ll")
    run(compiler, "-O2", "-g", "-S", "-emit-llvm", "-iquote", TOP, "-mllvm",
        "-attributor-enable=all", "-o", out, path)
    with open(out, encoding="utf-8") as file:
        text = file.read()
    lines = dict(re.findall(r"^(!\d+) = !DILocation\(line: (\d+),", text, re.M))
    calls = re.findall(r"call [^\n]*@malloc\([^\n]*!dbg (!\d+)", text)
    left = {int(lines[call]) for call in calls}
    return each(marks(path), {line: "no" if line in left else "yes" for line in marks(path)})


def row(name, work):
    path = os.path.join(HERE, name + ".c")
    program = os.path.join(work, name)
    run(*os.environ.get("CC", "gcc").split(), "-g", "-O1", "-w", "-iquote", TOP, "-o", program, path)
    return [head(path, "pattern"), head(path, "truth"), esc(path, program, work),
            heaptrack(program, work), dhat(path, program, work), clang(path, work)]


def column(text, wanted):
    """The patterns of a table, each with what stands in that column."""
    rows = [[cell.strip() for cell in line.split("|")[1:-1]]
            for line in text.splitlines() if line.startswith("|")]
    return [(cells[0], cells[HEAD.index(wanted)]) for cells in rows[2:]]


def main():
    known = {os.path.basename(path)[:-2] for path in glob.glob(os.path.join(HERE, "*.c"))}
    assert known == set(ORDER), known ^ set(ORDER)
    with tempfile.TemporaryDirectory() as work:
        rows = [row(name, work) for name in ORDER]
    text = "\n".join("| " + " | ".join(cells) + " |"
                     for cells in [HEAD, ["---"] * len(HEAD)] + rows)
    print(text)
    if len(sys.argv) == 1:
        return 0
    with open(DOC, encoding="utf-8") as doc:
        old = doc.read()
    before, rest = old.split(BEGIN)
    table, after = rest.split(END)
    if sys.argv[1] == "--update":
        with open(DOC, "w", encoding="utf-8") as doc:
            doc.write(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}")
    elif column(table, "esc") != column(text, "esc"):
        print(f"{DOC} has another column: run truth.py --update", file=sys.stderr)
        return 1
    return 0


sys.exit(main())
