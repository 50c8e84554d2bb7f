#!/usr/bin/env python3
"""The patterns that Go programmers are taught, each as a Go program and its twin in C
or C++: what Go's compiler says of the marked line of the one, and esc of the other.

twins.py           prints the table; 1 if a twin differs without saying why
twins.py --check   and 1 if docs/patterns.md has another one
twins.py --update  writes it into docs/patterns.md

A twin begins with comments: what pattern it is; `differs:` why the two answers do;
`libs:` what it is linked with. The line marked HERE allocates.
"""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
DOC = os.path.join(TOP, "docs", "patterns.md")
ESC = os.path.join(os.environ.get("top_builddir", "."), "esc")
ORDER = ["local", "value", "returned", "member", "member_local", "closure", "closure_local",
         "global", "reads", "stores", "thread", "variadic", "large", "runtime", "grown"]
COMPILERS = {".c": ("CC", "gcc"), ".cc": ("CXX", "g++")}
STACK = ("stack", "buffer")  # need not be on the heap, says esc
BEGIN, END = "<!-- twins.py writes this table -->", "<!-- to here -->"


def head(path):
    """The comments that a file begins with."""
    with open(path, encoding="utf-8") as source:
        comments = re.match(r"(?:/\*.*?\*/\s*)*", source.read(), re.S).group(0)
    return {key: re.sub(r"\s*\n \* ", " ", text)
            for key, text in re.findall(r"/\* (\w+): (.*?) \*/", comments, re.S)}


def marked(path):
    with open(path, encoding="utf-8") as source:
        lines = [n for n, line in enumerate(source, 1) if "HERE" in line]
    assert len(lines) == 1, f"{path}: {len(lines)} lines are marked"
    return lines[0]


def ask_go(path, work):
    """What -m says of the marked line, and whether that is the heap."""
    env = dict(os.environ, GO111MODULE="off", GOPROXY="off", GOFLAGS="", GOTOOLCHAIN="local",
               GOCACHE=os.path.join(work, "go"), HOME=work, CGO_ENABLED="0")
    done = subprocess.run(["go", "build", "-gcflags=-m", "-o", os.path.join(work, "a.out"),
                           os.path.basename(path)], cwd=HERE, env=env, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"{path}: {done.stdout}")
    said = re.findall(rf"^\./{re.escape(os.path.basename(path))}:{marked(path)}:\d+: "
                      r"(.*(?:to heap|not escape).*)$", done.stdout, re.M)
    heap = [text for text in said if "to heap" in text]
    if heap:
        return "; ".join(heap), "heap"
    return "; ".join(said) if said else "nothing", "stack"


def ask_esc(path, work):
    """The fate of what the marked line allocates, its verdict, and whether that is
    the heap: the same with return marks and without."""
    name, kind = os.path.splitext(os.path.basename(path))
    program, trace = os.path.join(work, name), os.path.join(work, name + ".esc")
    variable, compiler = COMPILERS[kind]
    subprocess.run(os.environ.get(variable, compiler).split() +
                   ["-g", "-O1", "-w", "-iquote", TOP, "-o", program, path] +
                   head(path).get("libs", "").split(), check=True)
    site = exact = None
    for mode in (["--exact"], []):
        exact = site
        subprocess.run([ESC, "record", "-q", "-f", "-o", trace] + mode + [program], check=True,
                       stdout=subprocess.DEVNULL)
        report = json.loads(subprocess.run([ESC, "report", "--format=json", trace], check=True,
                                           stdout=subprocess.PIPE).stdout)
        sites = [s for s in report["sites"]
                 if s["line"] == marked(path) and os.path.basename(s["file"]) == name + kind]
        assert len(sites) <= 1, f"{path}: {len(sites)} sites in the marked line"
        site = sites[0] if sites else None
    if not site:
        return "no allocation", "", "stack"
    verdict, owner = site["verdict"], site["owner"]
    assert (exact["verdict"], exact["owner"]) == (verdict, owner), f"{path}: {exact} {site}"
    said = {"stack": "does not escape", "buffer": "does not escape",
            "large": "does not escape, too large", "reuse": "does not escape, too large",
            "thread": "escapes to another thread", "live": "is never freed",
            "unknown": "is not decided"}.get(verdict)
    if not said:
        said = f"escapes to {owner['function']} ({owner['distance']} up)"
    text = f"`{verdict}`"
    if site["evidence"]["inferred"] > 0:
        text += ", presumed (proved with `--exact`)"
        assert exact["evidence"]["inferred"] == 0, f"{path}: {exact}"
    return said, text, "stack" if verdict in STACK else "heap"


def row(name, work):
    go = os.path.join(HERE, name + ".go")
    twin, = [path for path in glob.glob(os.path.join(HERE, name + ".c*"))]
    about = head(twin)
    go_said, go_class = ask_go(go, work)
    said, verdict, esc_class = ask_esc(twin, work)
    if (go_said == "nothing") != (verdict == ""):
        print(f"{twin}: one of the two says nothing: {go_said} / {said}", file=sys.stderr)
        return None
    same = go_class == esc_class
    if same == ("differs" in about):
        print(f"{twin}: says {'that they differ' if same else 'nothing'}, and the answers "
              f"{'agree' if same else 'differ'}: {go_said} / {said} {verdict}", file=sys.stderr)
        return None
    go_said = "; ".join(f"`{part}`" if part != "nothing" else "nothing: no allocation"
                        for part in go_said.split("; "))
    return (f"| {about['pattern']} | {go_said} | {said}{' ' if verdict else ''}{verdict} "
            f"| {'yes' if same else 'no: ' + about['differs']} |")


def table():
    known = {os.path.basename(path)[:-3] for path in glob.glob(os.path.join(HERE, "*.go"))}
    assert known == set(ORDER), f"not in the list, or gone: {known ^ set(ORDER)}"
    with tempfile.TemporaryDirectory() as work:
        rows = [row(name, work) for name in ORDER]
    if None in rows:
        sys.exit(1)
    return "\n".join(["| pattern | `go build -gcflags=-m` | esc | agree |",
                      "|---|---|---|---|"] + rows)


def main():
    text = table()
    print(text)
    if len(sys.argv) == 1:
        return 0
    with open(DOC, encoding="utf-8") as doc:
        old = doc.read()
    before, rest = old.split(BEGIN)
    new = f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.split(END)[1]}"
    if sys.argv[1] == "--update":
        with open(DOC, "w", encoding="utf-8") as doc:
            doc.write(new)
        return 0
    if new != old:
        print(f"{DOC} has another table: run twins.py --update", file=sys.stderr)
        return 1
    return 0


sys.exit(main())
