"""callgrind.py ESC KIND...: exports KIND.db, has callgrind_annotate read it, and compares
with what the database's stacks come to by the rules of callgrind."""
import collections
import json
import re
import sqlite3
import subprocess
import sys

EVENTS = ["Blocks", "Bytes", "StackableBlocks", "StackableBytes", "Cost"]
ENDS = {1: "[truncated]", 2: "[no unwind information]"}
ROOT = "???:(all stacks)"
FIGURE = r"\s*([\d,]+)(?: \(\s*[\d.]+%\))?"


def need(is_so, *what):
    if not is_so:
        sys.exit("FAIL: " + " ".join(map(str, what)))


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, timeout=300)


def shown(text):
    """What a terminal may be given: by the law of esc-db(5), told once more."""
    unsafe = re.compile("[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u180b-\u180f\u200b-"
                        "\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\ufff0-\uffff"
                        "\U000e0000-\U000e0fff]")
    text = unsafe.sub(lambda m: "\\x%02x" % ord(m[0]) if ord(m[0]) < 128
                      else "\\u{%x}" % ord(m[0]), text)
    text = re.sub("^ | $", r"\\x20", text)
    return text or "???"


def stacks(db):
    """Of each path the names of its stack, outermost first, its blocks, bytes, cost, and 1."""
    nodes = {row[0]: row[1:] for row in db.execute(
        "SELECT k.id, k.parent, k.state, f.file, f.function FROM stack k"
        " JOIN frame f ON f.id = k.frame")}
    for stack, *values in db.execute("SELECT stack, blocks, bytes, cost, 1 FROM path"):
        names = []
        while stack:
            stack, state, file, function = nodes[stack]
            names.append(shown(file) + ":" + shown(function))
        if state in ENDS:
            names.append("???:" + ENDS[state])
        yield [ROOT] + names[::-1], values


def expected(db):
    whole, self, calls = (collections.defaultdict(lambda: [0.0] * 4) for _ in range(3))
    for names, values in stacks(db):
        seen = set()
        for caller, name in zip([None] + names, names):
            for e in range(4) if name not in seen else ():
                whole[name][e] += values[e]
                calls[caller, name][e] += values[e]
            seen.add(name)
        for e in range(4):
            self[names[-1]][e] += values[e]
    return whole, self, calls


def figures(line):
    return [int(number.replace(",", "")) for number in re.findall(FIGURE, line)]


def annotate(name, *options):
    done = run("callgrind_annotate", "--auto=no", "--threshold=100", *options, name)
    need(not done.stderr, name, done.stderr)
    return done.stdout.decode("utf-8")


def functions(text):
    """Of each function its five figures."""
    found = {}
    for line in text.split("file:function\n")[1].split("\n"):
        match = re.fullmatch("(" + FIGURE * 5 + r")\s+(?:\*  )?(.*?)(?: \[.*\])?", line)
        if match:
            found[match[7]] = figures(match[1])
    return found


def edges(text):
    found, callers = {}, []
    for line in text.split("file:function\n")[1].split("\n"):
        match = re.fullmatch("(" + FIGURE * 5 + r")\s+([<*>]) +(.*?)(?: \(([\d,]+)x\))?(?: \[.*\])?",
                             line)
        if match and match[7] == "<":
            callers.append((match[8], figures(match[1])))
        if match and match[7] == "*":
            for caller, values in callers:
                found[caller, match[8]] = values
            callers = []
    return found


def same(what, got, want):
    """Whole numbers are exact; others are rounded path by path."""
    for key, (*values, paths) in want.items():
        if sum(values) < 1 and key not in got:
            continue
        need(key in got, what, "lacks", key)
        told = got[key][0], got[key][1], got[key][4]
        need(all(abs(a - b) <= (0 if b == int(b) else paths)
                 for a, b in zip(told, values)), what, key, told, values)


def check(esc, kind):
    data = run(esc, "export", "--format=callgrind", kind + ".db").stdout
    with open(kind + ".callgrind", "wb") as file:
        file.write(data)
    db = sqlite3.connect("file:%s.db?mode=ro" % kind, uri=True)
    text = data.decode("utf-8")
    need(re.search("(?m)^events: " + " ".join(EVENTS) + "$", text), kind, "events")
    summary = [int(n) for n in re.search("(?m)^summary: (.*)$", text)[1].split()]
    report = json.loads(run(esc, "report", "--format=json", "--top=100000",
                            kind + ".db").stdout)["sites"]
    for at, (metric, of) in enumerate([
            ("blocks", lambda s: s["blocks"]["estimated"]),
            ("bytes", lambda s: s["bytes"]["estimated"]),
            ("stackable-blocks", lambda s: s["saved"]["blocks"]),
            ("stackable-bytes", lambda s: s["saved"]["bytes"]),
            ("cost", lambda s: s["cost_ns"]["total"])]):
        folded = run(esc, "export", "--format=folded", "--metric=" + metric, kind + ".db").stdout
        lines = folded.decode("utf-8").splitlines()
        total = sum(int(line.rsplit(" ", 1)[1]) for line in lines)
        need(abs(summary[at] - total) <= len(lines), kind, metric, summary[at], total)
        total = sum(map(of, report))
        need(abs(summary[at] - total) <= len(report), kind,
             metric, summary[at], total)
    whole, self, calls = expected(db)
    if kind in ("empty", "nothing"):
        need(not whole and summary == [0] * 5, kind, summary)
        return
    got = functions(annotate(kind + ".callgrind", "--inclusive=yes"))
    need(got[ROOT] == summary, kind, "root", got[ROOT], summary)
    same(kind + " inclusive", got, whole)
    same(kind + " self", functions(annotate(kind + ".callgrind")), self)
    calls = {key: values for key, values in calls.items() if key[0]}
    same(kind + " calls", edges(annotate(kind + ".callgrind", "--inclusive=yes", "--tree=both")),
         calls)
    print("ok:", kind, len(whole), "functions,", len(calls), "calls")


for name in sys.argv[2:]:
    check(sys.argv[1], name)
